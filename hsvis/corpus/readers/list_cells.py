"""Texts that are lists of tokens: `['good', 'film']` as a text, or a column of lists."""

import ast
import json
import re
from collections.abc import Sequence
from typing import Any

from hsvis.remarks import Remark

_LIST = re.compile(r"\s*\[.*\]\s*", re.DOTALL)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
TRIED = 100  # texts by which a column is seen to be of lists


def joined(texts: Sequence[Any], column: str, source: str) -> tuple[list[Any], list[Remark]]:
    """Texts with spaces between their tokens, where they are lists of these; else as they are."""
    given = [one for one in texts if one is not None and one != ""]
    if not given:
        return list(texts), []
    if all(isinstance(one, list) for one in given):
        if not all(isinstance(token, str | int) for one in given for token in one):
            return list(texts), []
        read = [" ".join(map(str, one)) if isinstance(one, list) else one for one in texts]
        what = "lists of tokens"
    else:
        if not all(isinstance(one, str) and _LIST.fullmatch(one) for one in given[:TRIED]):
            return list(texts), []
        lists = [_parsed(one) if one else [] for one in texts]
        if any(one is None for one in lists):
            return list(texts), []
        read = [" ".join(map(str, one or [])) for one in lists]
        what = f"lists written as text, such as `{given[0][:40]}…`"
    said = (
        f"{source}: `{column}` holds {what}; the tokens are joined by spaces (`tokens.split: "
        "whitespace` keeps "
        "them as they are)."
    )
    return read, [Remark("token-lists", said)]


def _parsed(text: str) -> list[str | int] | None:
    """The tokens of a written list; None where it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        if re.search(r"['\"]\s+['\"]", text) and "," not in _QUOTED.sub("", text):
            return [a or b for a, b in _QUOTED.findall(text)]  # as numpy writes it
        try:
            found = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            inner = text.strip()[1:-1].split()
            return list(inner) if all(one.isdecimal() for one in inner) else None
    if not isinstance(found, list) or not all(isinstance(one, str | int) for one in found):
        return None
    return found
