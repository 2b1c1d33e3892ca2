"""What a manifest says of a language model."""

from pydantic import BaseModel, ConfigDict


class LanguageFacts(BaseModel):
    """The vocabulary that a model answers with, and how well it does.

    Attributes:
        entries: V, how many it has.
        top: of how many of them the probability is kept of each step.
        perplexity: exp of the mean negative log-likelihood of the next tokens of the test split, where they
            are known.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    entries: int
    top: int
    perplexity: float | None = None
