"""The settings of projections."""

from typing import Annotated, Literal

from pydantic import Field

from hsvis.config.base import Settings
from hsvis.config.dataset import LARGEST_SEED


class TsneSettings(Settings):
    method: Literal["tsne"] = Field(description="t-SNE, by openTSNE.")
    perplexity: Annotated[float, Field(gt=0)] = Field(
        30, description="About how many neighbours count as near."
    )
    seed: int = Field(9999, ge=0, le=LARGEST_SEED, description="Seed of the embedding.")
    max_fit: Annotated[int, Field(ge=100)] | None = Field(
        20_000,
        description="The most states that t-SNE is fitted to; of more, a sample is, and the rest is placed "
        "by its neighbours there; null = all.",
    )


class PcaSettings(Settings):
    method: Literal["pca"] = Field(description="The two principal components.")
    seed: int = Field(99, ge=0, le=LARGEST_SEED, description="Seed of the solver.")


ProjectionSettings = Annotated[TsneSettings | PcaSettings, Field(discriminator="method")]


def both_projections() -> list[TsneSettings | PcaSettings]:
    """What is made where a config names none."""
    return [TsneSettings(method="tsne"), PcaSettings(method="pca")]
