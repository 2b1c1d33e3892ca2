"""The token strip: a sequence as text, each token on the colour of the EP after it."""

import re
from collections.abc import Sequence as SequenceOf

from dash import html
from dash.development.base_component import Component

from hsvis.store import Sequence

_GAP = re.compile(r"\s*")


def token_strip(sequence: Sequence, colours: SequenceOf[str]) -> list[Component | str]:
    """The text of a sequence in reading order: read tokens coloured, everything else in grey.

    All of it is text, never markup: a token `<br />` shows as these six characters.

    Args:
        sequence: T tokens with the text that they were taken from.
        colours: T colours `#rrggbb`, one a token.

    Returns:
        Children for an element: one `span` with `data-step` a token, and what lies between them.
    """
    text, end = sequence.text, sequence.end
    parts: list[Component | str] = [*_unread(text[: sequence.start], "cut off before the first step")]
    reached = sequence.start
    for step, token in enumerate(sequence.tokens):
        found = text.find(token, reached, end) if token else -1
        gap = text[reached:found] if found >= 0 else " "
        if found >= 0:
            reached = found + len(token)
        if _GAP.fullmatch(gap):
            parts.extend([gap] if gap else [])
        else:
            parts.extend(_unread(gap, "not read by the model"))
        parts.append(_token(step, token, colours[step], known=bool(sequence.known[step])))
    parts.extend(_unread(text[reached:end], "not read by the model"))
    parts.extend(_unread(text[end:], "cut off after the last step"))
    return parts


def _token(step: int, token: str, colour: str, *, known: bool) -> Component:
    look = {"--ep": colour}
    marks = {"data-step": str(step)}
    if known:
        return html.Span(token, className="token", style=look, **marks)
    return html.Span(token, className="token unknown", style=look, title="not in the vocabulary", **marks)


def _unread(text: str, reason: str) -> list[Component | str]:
    """`text` in grey, with its surrounding white space left outside the grey span."""
    body = text.strip()
    if not body:
        return [text] if text else []
    before, after = text[: text.index(body)], text[text.index(body) + len(body) :]
    grey = html.Span(body, className="unread", title=reason)
    return [part for part in (before, grey, after) if part]
