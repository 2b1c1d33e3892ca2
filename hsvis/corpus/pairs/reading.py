"""The texts of a dataset, of one column or of two."""

from collections.abc import Callable

from hsvis.config import DatasetSettings
from hsvis.corpus.pairs.pair import BOUNDARY, Pair
from hsvis.remarks import Remark

Texts = tuple[list[str], list[Remark]]


def read_texts(column: Callable[[str], Texts], settings: DatasetSettings, source: str) -> Texts:
    """R texts, or pairs of texts, and what was decided.

    Args:
        column: gives the texts of a column, a missing one as the empty string.
        source: of the split, for messages.
    """
    names = settings.text_columns
    if len(names) == 1:
        return column(names[0])
    swapped = settings.fixed == names[1]
    shown = [names[1], names[0]] if swapped else names
    (first, said), (second, more) = map(column, shown)
    texts: list[str] = [Pair(a, b, swapped=swapped) for a, b in zip(first, second, strict=True)]
    lacking = {
        name: sum(not one.strip() and bool(other.strip()) for one, other in zip(own, others, strict=True))
        for name, own, others in ((shown[0], first, second), (shown[1], second, first))
    }
    empty = " and ".join(
        f"{count:,} row{'s have' if count > 1 else ' has'} no `{name}`"
        for name, count in lacking.items()
        if count
    )
    text = (
        f"{source}: each row is a pair of texts, shown as `{shown[0]} {BOUNDARY} {shown[1]}`"
        f"{f'; {empty}' if empty else ''}."
    )
    return texts, [*said, *more, Remark("pairs", text)]
