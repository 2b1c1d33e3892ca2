"""What reads the texts, or series, of someone's own model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hsvis.corpus.series import Series
from hsvis.models.protocol import Encoded
from hsvis.models.user.reading.padding import OwnPadding
from hsvis.remarks import Remark

Encode = Callable[[Any], Encoded]  # of a text, or of a series


@dataclass(frozen=True)
class Encoder:
    """A function that reads texts or series, and what is known of it.

    Attributes:
        read: the function.
        kind: what it makes of a text, for people.
        size: ids are below this; None where only the function knows.
        unknown, padding: the ids of these, None where there are none.
        pieces: how many words or characters a text has before those that the vocabulary lacks are passed
            over; None where none ever are.
        can_shift: whether `tokens.offset` would add to its ids, and does not yet.
        entries: entry -> id; None where only the function knows.
        before: special tokens that it puts before each text; after: the id of the one that it puts last.
        pads: the padding that it gives by itself, which is taken off; None where it gives none.
    """

    read: Encode
    kind: str
    size: int | None = None
    unknown: int | None = None
    padding: int | None = None
    pieces: Callable[[str], int] | None = None
    pads: OwnPadding | None = None
    remarks: tuple[Remark, ...] = ()
    can_shift: bool = False
    entries: Mapping[str, int] | None = None
    before: int = 0
    after: int | None = None

    def __call__(self, text: str | Series) -> Encoded:
        """Raises ModelError: a user's function raised, or returned something else."""
        return self.read(text)
