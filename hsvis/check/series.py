"""What a set of series is like: how many sequences, how many steps, and between which numbers."""

from dataclasses import asdict, dataclass

import numpy as np

from hsvis.corpus.corpus import Corpus, Split
from hsvis.models.subject import Fact
from hsvis.remarks import listed


@dataclass(frozen=True)
class Extent:
    """The sequences of a split that have a step.

    Attributes:
        steps: fewest, median and most of a sequence.
        low, high: the range of all values.
    """

    sequences: int
    steps: tuple[int, float, int]
    features: int
    low: float
    high: float


def extents(corpus: Corpus) -> dict[str, Extent]:
    """By name of the split; of texts nothing."""
    found = {"train": extent(corpus.train), "test": extent(corpus.test)}
    return {name: one for name, one in found.items() if one is not None}


def extent(split: Split) -> Extent | None:
    """Of a split; None of texts, or where no sequence has a step."""
    held = [one.values for one in split.series or () if len(one)]
    if not held:
        return None
    steps = [len(one) for one in held]
    low, high = min(float(one.min()) for one in held), max(float(one.max()) for one in held)
    return Extent(len(held), (min(steps), float(np.median(steps)), max(steps)), held[0].shape[1], low, high)


def series_facts(corpus: Corpus) -> list[Fact]:
    """A line for each split."""
    facts: list[Fact] = []
    for name, one in extents(corpus).items():
        fewest, median, most = one.steps
        steps = f"{most:,}" if fewest == most else f"{fewest:,} to {most:,} (median {median:,.6g})"
        named = corpus.features or ()
        is_named = tuple(named) != tuple(map(str, range(len(named))))
        features = f"{one.features:,} feature{'' if one.features == 1 else 's'}"
        features += f" ({listed(named)})" if is_named else ""
        split = {"train": "training", "test": "test"}[name]
        facts.append(
            (
                "series",
                f"{split}: {one.sequences:,} sequences of {steps} steps; {features}, from {one.low:.4g} to "
                f"{one.high:.4g}",
            )
        )
    return facts


def series_data(corpus: Corpus) -> dict[str, object] | None:
    """The same for scripts."""
    return {name: asdict(one) for name, one in extents(corpus).items()} or None
