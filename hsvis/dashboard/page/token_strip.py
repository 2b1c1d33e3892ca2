"""The token strip: a sequence as text or as numbers, each step on the colour of the EP after it.

The browser makes the elements (assets/views/strip.mjs): thousands of Dash components would take it seconds.
"""

import re
from collections.abc import Sequence as SequenceOf

import numpy as np

from hsvis.corpus.pairs.pair import BETWEEN
from hsvis.figures.view import View
from hsvis.run.facts import SeriesFacts
from hsvis.run.records import Sequence
from hsvis.run.winners import answered, gap_reason, winners

_GAP = re.compile(r"\s*")
MOST_CELLS = 64  # values of a step that are drawn; of more, means of neighbours

# kind; text; colour, reason, or a list of why there is no EP; values of a series; class of a mistake
Part = tuple[str | list[int] | list[str], ...]
NO_STEPS = ("gap", "unread", "boundary")  # kinds of what lies between the steps


def sequence_strip(view: View, sequence: Sequence | None) -> list[Part]:
    """The parts of the strip of a sequence, of a text or of a series; none when nothing is selected."""
    if sequence is None:
        return []
    known = answered(sequence.ep).tolist()
    colours = [hue if has else "" for hue, has in zip(view.palette.ep_hexes(sequence.ep), known, strict=True)]
    if view.store.series is None or sequence.values is None:
        parts = token_strip(sequence, colours)
    else:
        parts = series_strip(sequence, sequence.values, colours, view.store.series)
    if sequence.expected is not None:  # a mistake is told by its colour: most steps are some
        return parts
    if sequence.labels is not None:
        parts = _with_mistakes(parts, sequence, view.store.classes)
    return parts if all(known) else _with_gaps(parts, gap_reason(view.store.manifest))


def _with_gaps(parts: list[Part], why: str) -> list[Part]:
    """The same; a step without an EP has in place of its colour why that is, as a list of one text."""
    return [(*part[:2], [why], *part[3:]) if _lacks_ep(part) else part for part in parts]


def _lacks_ep(part: Part) -> bool:
    return part[0] not in NO_STEPS and part[2] == ""


def _with_mistakes(parts: list[Part], sequence: Sequence, classes: SequenceOf[str]) -> list[Part]:
    """The same; the parts of steps that were answered wrong have the name of their class at the end."""
    assert sequence.labels is not None
    labels, won = sequence.labels.tolist(), winners(sequence.ep).tolist()
    found: list[Part] = []
    step = 0
    for part in parts:
        if part[0] in NO_STEPS:
            found.append(part)
            continue
        is_wrong = labels[step] >= 0 and won[step] >= 0 and labels[step] != won[step]
        found.append((*part, classes[labels[step]]) if is_wrong else part)
        step += 1
    return found


def token_strip(sequence: Sequence, colours: SequenceOf[str]) -> list[Part]:
    """The text of a sequence in reading order: what was read token by token, and what lies between.

    All of it is text, never markup: a token `<br />` shows as these six characters.

    Args:
        sequence: T tokens with the text that they were taken from.
        colours: T colours `#rrggbb`, one a token; "" where it has no EP.

    Returns:
        Parts of the kinds "token", "unknown" (a token that is not in the vocabulary), "unread" (in grey),
        "boundary" (between two texts) and "gap" (white space), with their text and the colour of a token, or
        why a text was not read; the tokens are those of the steps, in their order.
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
        elif sequence.boundary is not None and step == sequence.boundary and BETWEEN in gap:
            before, after = gap.split(BETWEEN, 1)
            parts.extend(_unread(before, "not read by the model"))
            parts.append(("boundary", BETWEEN, "the second text begins"))
            parts.extend(_unread(after, "not read by the model"))
        else:
            parts.extend(_unread(gap, "not read by the model"))
        parts.append(("token" if sequence.known[step] else "unknown", token, colours[step]))
    parts.extend(_unread(text[reached:end], "not read by the model"))
    parts.extend(_unread(text[end:], "cut off after the last step"))
    return parts


def series_strip(
    sequence: Sequence, values: np.ndarray, colours: SequenceOf[str], series: SeriesFacts
) -> list[Part]:
    """The steps of a series in their order.

    Args:
        values: (T, F) float32, what the model read.
        colours: T colours `#rrggbb`, one a step.
        series: `low` and `high` of each feature in the run, and how to draw it, as in the store.

    Returns:
        Parts of the kind "rows", "columns" or "lines", with label, colour, and the values as shares of 255.
    """
    cells = shares(values, series).tolist()
    return [(series.draw, label, colours[step], cells[step]) for step, label in enumerate(sequence.tokens)]


def shares(values: np.ndarray, series: SeriesFacts, most: int = MOST_CELLS) -> np.ndarray:
    """Values (T, F) between the lowest and the highest of the run, as (T, at most `most`) uint8.

    An image has one scale for all its features, lines have one each.
    """
    low, high = np.array(series.low, np.float64), np.array(series.high, np.float64)
    if series.draw != "lines":
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
    span = np.where(high > low, high - low, 1.0)
    scaled = np.clip((values - low) / span, 0, 1)
    if scaled.shape[1] > most:
        scaled = np.stack([part.mean(1) for part in np.array_split(scaled, most, axis=1)], 1)
    return np.round(255 * scaled).astype(np.uint8)


def _unread(text: str, reason: str) -> list[Part]:
    """`text` in grey, with its surrounding white space left outside."""
    body = text.strip()
    if not body:
        return [("gap", text, "")] if text else []
    before, after = text[: text.index(body)], text[text.index(body) + len(body) :]
    parts = [("gap", before, ""), ("unread", body, reason), ("gap", after, "")]
    return [part for part in parts if part[1]]
