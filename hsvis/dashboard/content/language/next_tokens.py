"""The next tokens of steps as the page's scripts and files have them."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from hsvis.models.protocol import perplexity
from hsvis.run.language.next_tokens import Expected

TOLD = 5  # of the most probable ones in a tooltip


def told_of(expected: Expected, row: int) -> dict[str, Any]:
    """What a tooltip says of a state: what came next, None where it is not known, and what was expected."""
    one = expected.of(np.array([row]))
    came = one.next_words[0] if one.next.ranks[0] > 0 else None
    known = {"rank": int(one.next.ranks[0]), "probability": float(one.next.probabilities[0])}
    return {
        "came": None if came is None else {"token": came, **known},
        "top": list(zip(one.top_words[0][:TOLD], one.ep[0].tolist(), strict=False)),
    }


def next_columns(expected: Expected) -> dict[str, Iterable[object]]:
    """Columns of T cells: what came next, its rank, probability and surprisal in bits, and the top k."""
    words = expected.top_words
    columns = came_columns(expected)
    for place in range(expected.ep.shape[1]):
        columns[f"top {place + 1}"] = [row[place] for row in words]
        columns[f"EP of top {place + 1}"] = _numbers(expected.ep[:, place], np.ones(len(expected), bool))
    return columns


def came_columns(expected: Expected) -> dict[str, Iterable[object]]:
    """The first four of `next_columns`: what came next."""
    found = expected.next
    known = found.ranks > 0
    return {
        "next token": expected.next_words,
        "rank": [rank if rank > 0 else "" for rank in found.ranks.tolist()],
        "probability": _numbers(found.probabilities, known),
        "surprisal": _numbers(found.surprisals, known),
    }


def counts_of(expected: Expected) -> tuple[object, ...]:
    """Of a sequence: how many next tokens are known, how many were the first choice, and the perplexity."""
    ranks, found = expected.next.ranks, perplexity(expected.next.surprisals)
    return int((ranks > 0).sum()), int((ranks == 1).sum()), "" if found is None else f"{found:.6g}"


def next_names(expected: Expected) -> list[str]:
    """The names of `next_columns`."""
    return list(next_columns(expected.of(slice(0, 0))))


def next_records(expected: Expected) -> dict[str, list[Any]]:
    """The same for JSON: the top k of a step are a list of pairs; null for what is not known."""
    found = expected.next
    known = (found.ranks > 0).tolist()
    words = zip(expected.next_words, known, strict=True)
    of_known = {"rank": found.ranks, "probability": found.probabilities, "surprisal": found.surprisals}
    top = zip(expected.top_words, expected.ep, strict=True)
    return {
        "next_token": [word if there else None for word, there in words],
        **{
            name: [_value(one) if there else None for one, there in zip(values, known, strict=True)]
            for name, values in of_known.items()
        },
        "top": [
            [[word, _value(share)] for word, share in zip(row, shares, strict=True)] for row, shares in top
        ],
    }


def _numbers(values: np.ndarray, known: np.ndarray) -> list[str]:
    """(T,) float32 as the shortest texts that read back as the same; nothing for what is not known."""
    return [str(one) if there else "" for one, there in zip(values, known.tolist(), strict=True)]


def _value(one: Any) -> int | float:
    return int(one) if isinstance(one, np.integer) else float(str(one))
