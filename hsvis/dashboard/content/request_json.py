"""JSON that a request brings as text, and how a message shows a value of it."""

import json
import reprlib
from collections.abc import Collection
from typing import Any


def json_object(text: str, keys: Collection[str], noun: str = "keys") -> dict[str, Any]:
    """A JSON object with no other keys than these.

    Raises:
        ValueError: it is malformed; the message is a sentence that says what is allowed.
    """
    allowed = ", ".join(keys)
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):  # the latter: thousands of brackets
        raise ValueError(f"{short(text)} is not JSON.") from None
    if not isinstance(read, dict):
        raise ValueError(f"{short(read)} is not a JSON object with some of the keys {allowed}.")
    for key in read:
        if key not in keys:
            raise ValueError(f"{short(key)} is none of the {noun} {allowed}.")
    return read


def short(value: Any) -> str:
    """How a message shows a value: one line, cut where it is long."""
    return reprlib.repr(value)
