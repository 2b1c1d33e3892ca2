"""The few short sequences by which a model is found out."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.user.sides import cut_sides, first_part, is_pair

Encode = Callable[[Any], Encoded]
PLAIN = ("the film is not good and the plot was bad", "A B C d e f 0 1 2 3 4 5 6 7 8 9 . , /")
PROBES = (3, 5)  # sequences × steps of the calls by which a module is found out


def probe_of(
    texts: Sequence[Any], encode: Encode, most: int = PROBES[1], steps: int = PROBES[1]
) -> list[Encoded]:
    """PROBES[0] sequences of `steps`, `most` at the most, cut or repeated from the longest of those given.

    Raises:
        ModelError: nothing given holds a token.
    """
    read = (one for one in map(encode, texts) if len(one) and one.boundary not in (0, len(one)))
    encoded = sorted(read, key=len, reverse=True)
    if not encoded:
        raise ModelError(
            f"`model.tokenizer`: none of the {len(texts)} texts to try the model with holds a token. Check "
            "`model.tokenizer` and `dataset.text`."
        )
    count, steps = PROBES[0], min(steps, most)
    found = []
    for k in range(count):
        one = encoded[k % len(encoded)]
        at = (np.arange(steps) + k) % len(one) if not is_pair(one) else cut_sides(one, k, steps)
        boundary = None if one.boundary is None else first_part(steps)
        tokens = [one.tokens[i] for i in at]
        found.append(Encoded(tokens, one.inputs[at], one.known[at], one.start, one.end, boundary))
    return found


def readable(encode: Encode) -> list[str]:
    """Those of PLAIN that hold a token for an encoder.  Raises ModelError if none does."""
    found = []
    for text in PLAIN:
        with suppress(ModelError):
            found += [text] if len(encode(text)) else []
    if not found:
        raise ModelError(
            "`encode` makes no token of plain English or digits. Give `probe`, a few texts (or series) as "
            "the model reads them."
        )
    return found
