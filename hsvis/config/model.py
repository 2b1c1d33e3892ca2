"""The settings of the model: of the built-in one, and of your own."""

import json
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator

from hsvis.config.answers import AnswerKind, word
from hsvis.config.base import PositiveInt, Settings
from hsvis.config.dataset import LARGEST_SEED

Device = Annotated[str | None, Field(pattern=r"^(cpu|mps|cuda(:\d+)?)$")]
WHERE = (  # of `model.device`, for both kinds of model
    "Where it computes: `cpu`, `cuda`, `cuda:1` or `mps`; null = the CPU, and your own model where the "
    "factory put it."
)
Fraction = Annotated[float, Field(ge=0, lt=1)]


class ModelSettings(Settings):
    cell: Literal["lstm", "gru", "rnn"] = Field("lstm", description="The recurrent cell.")
    embedding: PositiveInt = Field(32, description="Size of the word vectors.")
    hidden: PositiveInt = Field(100, description="Hidden units of each recurrent layer.")
    layers: PositiveInt = Field(1, description="Recurrent layers on top of each other.")
    output: Literal["sigmoid", "softmax"] | None = Field(
        None, description="The head; null = sigmoid for two classes, softmax for more."
    )
    dropout: Fraction = Field(0.5, description="Dropout on word vectors, between layers and before the head.")
    word_dropout: Fraction = Field(0.1, description="Share of training words that are read as unknown.")
    early_loss: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="Weight of the loss after a random step in the second half of each training text."
    )
    epochs: PositiveInt = Field(5, description="Passes over the training split; the best one is kept.")
    batch_size: PositiveInt = Field(64, description="Sequences in one training step.")
    learning_rate: Annotated[float, Field(gt=0, le=1000)] = Field(
        5e-3, description="Peak of the one-cycle learning rate (Adam)."
    )
    averaging: Fraction = Field(
        0.998, description="Decay per step of the running mean of the weights, which is what is kept."
    )
    seed: int = Field(
        99, ge=0, le=LARGEST_SEED, description="Seed of weights, dropout, order and the held-out tenth."
    )
    device: Device = Field(None, description=WHERE)
    answers: AnswerKind | None = Field(
        None,
        description="What it learns to answer: `classes` once a sequence, or the `next token` after each; "
        "null = classes, unless `dataset.label` is null. Beside `states_from`: what its files answer, "
        "`classes`, `independent` ones or a `number`.",
    )

    @field_validator("answers", mode="before")
    @classmethod
    def as_known(cls, given: Any) -> Any:
        return word(given)

    @property
    def answer_kind(self) -> AnswerKind:
        """What is answered, as far as it is said here."""
        return self.answers or "classes"


UNUSED = ModelSettings.model_validate({}).model_dump()  # how a manifest holds a model that is not there
LATER = {"device": None, "answers": None}  # settings that came later: manifests of earlier versions lack them


class UserModelSettings(Settings):
    factory: str = Field(
        pattern=r"^[\w.]+:[\w.]+$",
        description="`package.module:callable` that makes your own torch module, in place of all above.",
    )
    kwargs: dict[str, Any] = Field({}, description="Arguments of the factory.")
    checkpoint: str | None = Field(
        None, description="Its weights: safetensors, or a torch file of `model.state_dict()`."
    )
    tokenizer: str | None = Field(
        None,
        description="How it reads texts: a vocabulary (.txt, .json), a tokenizer.json, or "
        "`package.module:function`; null = the module's own `encode`.",
    )
    recurrent: list[str] | None = Field(
        None, min_length=1, description="Paths of the recurrent modules to show; null = all."
    )
    answers: list[AnswerKind | Literal["each step"]] | None = Field(
        None,
        min_length=1,
        description="What it answers: `classes`, of which one is right; `independent` ones, each with a "
        "probability of its own; a `number`; or the `next token`, of its vocabulary; once a sequence, or "
        "`each step`; null = classes, and when is found out.",
    )
    head: str | None = Field(
        None, description="Path of the module that reads a hidden state; null = it is looked for."
    )
    forward: str | None = Field(
        None,
        pattern=r"^[\w.]+:[\w.]+$",
        description="`package.module:function` that calls it, (module, inputs, lengths) -> answer, where a "
        "plain call does not do; `hsvis check --template` writes one.",
    )
    states: str | None = Field(
        None,
        pattern=r"^[\w.]+:[\w.]+$",
        description="`package.module:function` that gives its states, (module, inputs) -> {name: (B, T, H)}, "
        "where no layer of it does.",
    )
    device: Device = Field(None, description=WHERE)

    @field_validator("answers", mode="before")
    @classmethod
    def one_or_several(cls, given: Any) -> Any:
        """`each step`, or a list."""
        every = [given] if isinstance(given, str) else given
        return list(map(word, every)) if isinstance(every, list) else every

    @field_validator("answers")
    @classmethod
    def one_kind(cls, given: list[str] | None) -> list[str] | None:
        kinds = [one for one in dict.fromkeys(given or []) if one != "each step"]
        if len(kinds) > 1:
            raise ValueError(
                f"names {' and '.join(f'`{one}`' for one in kinds)}, and a model answers one of these: "
                "`classes` that exclude each other, `independent` ones, a `number`, or the `next token`"
            )
        return given

    @property
    def answer_kind(self) -> AnswerKind:
        """What it answers, whether once a sequence or at each step."""
        return next((one for one in self.answers or [] if one != "each step"), "classes")

    @field_validator("kwargs")
    @classmethod
    def plain_values(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(kwargs, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(f"only text, numbers, lists and mappings: {error}. Quote it") from error
        return kwargs


def _kind_of_model(value: Any) -> str:
    own = "factory" in value if isinstance(value, dict) else isinstance(value, UserModelSettings)
    return "own" if own else "built-in"


AnyModel = Annotated[
    Annotated[ModelSettings, Tag("built-in")] | Annotated[UserModelSettings, Tag("own")],
    Discriminator(_kind_of_model),
]
