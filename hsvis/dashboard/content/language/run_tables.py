"""What stands behind the figures of a language model's run, as rows of a file."""

from hsvis.figures.language.missed import missed_counts
from hsvis.figures.language.ranks import rank_counts
from hsvis.run.language.next_tokens import Expected

Rows = tuple[list[str], list[tuple[object, ...]]]  # header and rows


def rank_rows(expected: Expected) -> Rows:
    """First and last rank of each bar, and its steps."""
    bounds, counts = rank_counts(expected)
    return ["from rank", "to rank", "steps"], [
        (*ends, count) for ends, count in zip(bounds, counts, strict=True)
    ]


def missed_rows(expected: Expected) -> Rows:
    """All tokens that were missed, those of most steps first."""
    chosen, wrong, came = missed_counts(expected)
    columns = (expected.words(chosen), wrong.tolist(), came.tolist())
    return ["token", "missed", "came"], list(zip(*columns, strict=True))
