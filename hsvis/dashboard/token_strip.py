"""The token strip: a sequence as text, each token on the colour of the EP after it.

The browser makes the elements (assets/strip.js): thousands of Dash components would take it seconds.
"""

import re
from collections.abc import Sequence as SequenceOf

from hsvis.store import Sequence

_GAP = re.compile(r"\s*")

Part = tuple[str, str, str]  # kind, text, and the colour of a token, or why a text was not read


def token_strip(sequence: Sequence, colours: SequenceOf[str]) -> list[Part]:
    """The text of a sequence in reading order: what was read token by token, and what lies between.

    All of it is text, never markup: a token `<br />` shows as these six characters.

    Args:
        sequence: T tokens with the text that they were taken from.
        colours: T colours `#rrggbb`, one a token.

    Returns:
        Parts of the kinds "token", "unknown" (a token that is not in the vocabulary), "unread" (in grey)
        and "gap" (white space); the tokens are those of the steps, in their order.
    """
    text, end = sequence.text, sequence.end
    parts: list[Part] = [*_unread(text[: sequence.start], "cut off before the first step")]
    reached = sequence.start
    for step, token in enumerate(sequence.tokens):
        found = text.find(token, reached, end) if token else -1
        gap = text[reached:found] if found >= 0 else " "
        if found >= 0:
            reached = found + len(token)
        if _GAP.fullmatch(gap):
            parts.extend([("gap", gap, "")] if gap else [])
        else:
            parts.extend(_unread(gap, "not read by the model"))
        parts.append(("token" if sequence.known[step] else "unknown", token, colours[step]))
    parts.extend(_unread(text[reached:end], "not read by the model"))
    parts.extend(_unread(text[end:], "cut off after the last step"))
    return parts


def _unread(text: str, reason: str) -> list[Part]:
    """`text` in grey, with its surrounding white space left outside."""
    body = text.strip()
    if not body:
        return [("gap", text, "")] if text else []
    before, after = text[: text.index(body)], text[text.index(body) + len(body) :]
    parts = [("gap", before, ""), ("unread", body, reason), ("gap", after, "")]
    return [part for part in parts if part[1]]
