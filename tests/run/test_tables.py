"""The tables of a run hold what was read, whatever it is."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hsvis.models.protocol import Encoded
from hsvis.run import tables

TOKENS = st.lists(st.text(max_size=6), min_size=1, max_size=5)


@settings(deadline=None)
@given(st.lists(TOKENS, min_size=1, max_size=6))
def test_tokens_are_kept_as_they_are(read: list[list[str]]) -> None:
    table = _table(read)
    assert table["tokens"].to_pylist() == read
    table.validate(full=True)


def test_tokens_that_hold_the_character_between_tokens_are_kept() -> None:
    read = [["a\0b", "\0"], ["", "\0\0", "ü"], ["c"]]
    assert _table(read)["tokens"].to_pylist() == read


def test_half_a_character_becomes_a_replacement_character() -> None:
    read = [["good", "\ud83d"], ["🎬"]]
    assert _table(read)["tokens"].to_pylist() == [["good", "\ufffd"], ["🎬"]]


def _table(read: list[list[str]]) -> pa.Table:
    encoded = [Encoded(t, np.zeros(len(t), np.int64), np.ones(len(t), bool), 0, 1) for t in read]
    n = len(read)
    answers = np.full((n, 2), 0.5, np.float32)
    return tables.sequence_table(0, range(n), ["text"] * n, np.zeros(n, np.int16), encoded, answers)
