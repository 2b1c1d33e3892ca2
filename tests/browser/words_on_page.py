"""Words at states: those that a run calls for, and those that stand in the projection."""

from typing import Any

import pandas as pd
from pages import (
    Opened,
    area,
)

from hsvis.dashboard.page import ids
from hsvis.run.store import StateStore

# What is recomputed from the files of a run ----------------------------------------------------------------


def steps_of(store: StateStore) -> pd.DataFrame:
    """A row each state, by (sequence, step): token, x, y, and what happened since the step before.

    `share` is the distance as a share of the run's largest, `change` and `change 0`, `change 1`, … those of
    the EP of any and of each class, `flip` whether another class wins.
    """
    layer, where = store.layers[0], ["sequence", "step"]
    parts = sorted(store.folder.states(layer, 0).parent.glob("*.parquet"))
    distance = pd.concat([pd.read_parquet(part).set_index(where).distance for part in parts])
    steps = pd.read_parquet(store.folder.embedding(layer, store.projections(layer)[0].name)).set_index(where)
    texts = pd.read_parquet(store.folder.sequences).set_index("sequence").tokens
    steps["token"] = [token for tokens in texts for token in tokens]
    steps["share"] = distance / distance.max()
    ep = pd.DataFrame(pd.read_parquet(store.folder.predictions).set_index(where).ep.to_list(), steps.index)
    change = ep.groupby("sequence").diff().abs()
    for k in ep:
        steps[f"change {k}"] = change[k]
    steps["change"] = change.max(axis=1)
    winner = ep.idxmax(axis=1)
    steps["flip"] = winner.groupby("sequence").shift().pipe(lambda last: last.notna() & (last != winner))
    return steps


def words_at(happens: pd.Series, strength: pd.Series, *sides: str) -> dict[str, pd.Series]:
    """The states whose words belong to an event, by side, with the strength of the event."""
    found = strength.where(happens).astype(float)
    every = {"after": found.dropna(), "before": found.groupby("sequence").shift(-1).dropna()}
    return {side: every[side] for side in sides or every}


def of_sequence(expected: dict[str, pd.Series], index: int) -> dict[str, pd.Series]:
    return {side: strength[strength.index.isin([index], level=0)] for side, strength in expected.items()}


# What is on the page ---------------------------------------------------------------------------------------


def words(opened: Opened) -> list[dict[str, Any]]:
    """The words in the projection, with their boxes on the page: left, top, right, bottom."""
    return opened.page.evaluate(
        """() => [...document.querySelectorAll('[data-overlay="projection"] text.word')].map((word) => {
            const { left, top, right, bottom } = word.getBoundingClientRect();
            const { sequence, step, token } = word.dataset;
            const side = word.classList.contains("after") ? "after" : "before";
            const state = [Number(sequence), Number(step)];
            return { state, token, side, box: [left, top, right, bottom], fill: getComputedStyle(word).fill };
        })"""
    )


def on_page(opened: Opened, steps: pd.DataFrame) -> pd.DataFrame:
    """Where states are on the page: left, top; those outside of the visible range are left out."""
    left, top, width, height = area(opened, ids.PROJECTION)
    x0, x1, y0, y1 = opened.figure(
        ids.PROJECTION, "[...gd._fullLayout.xaxis.range, ...gd._fullLayout.yaxis.range]"
    )
    across, down = (steps.x - x0) / (x1 - x0), (y1 - steps.y) / (y1 - y0)
    places = pd.DataFrame({"left": left + across * width, "top": top + down * height})
    return places[across.between(0, 1) & down.between(0, 1)]


def assert_words(opened: Opened, steps: pd.DataFrame, expected: dict[str, pd.Series]) -> list[dict[str, Any]]:
    """The words are of these events, the strongest is there, and each can be read, beside its state."""
    places, shown = on_page(opened, steps), words(opened)
    strength = pd.concat({side: one[one.index.isin(places.index)] for side, one in expected.items()})
    assert shown
    assert {(word["side"], *word["state"]) for word in shown} <= set(strength.index)
    assert max(strength[(word["side"], *word["state"])] for word in shown) == strength.max()
    assert len({tuple(word["state"]) for word in shown}) == len(shown)
    frame_left, frame_top, width, height = area(opened, ids.PROJECTION)
    for at, word in enumerate(shown):
        state, (left, top, right, bottom) = tuple(word["state"]), word["box"]
        assert word["token"] == steps.token[state]
        beside = left > places.left[state] if word["side"] == "after" else right < places.left[state]
        at_edge = left < frame_left + 3 or right > frame_left + width - 3
        assert beside or (at_edge and not top < places.top[state] < bottom)
        assert abs((top + bottom) / 2 - places.top[state]) < 30
        assert frame_left <= left < right <= frame_left + width
        assert frame_top - 2 <= top < bottom <= frame_top + height + 2
        assert not any(overlap(word["box"], other["box"]) for other in shown[at + 1 :])
    fills = {side: {word["fill"] for word in shown if word["side"] == side} for side in ("after", "before")}
    assert all(len(fill) <= 1 for fill in fills.values())
    assert fills["after"] != fills["before"]
    return shown


def overlap(one: list[float], other: list[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def left_out(opened: Opened, steps: pd.DataFrame, expected: dict[str, pd.Series]) -> list[Any]:
    """States whose words are not shown though there is room beside them, whatever the width of letters."""
    shown, places = words(opened), on_page(opened, steps)
    taken = [word["box"] for word in shown]
    named = {tuple(word["state"]) for word in shown}
    left, top, width, height = area(opened, ids.PROJECTION)
    missing = []
    for side, strength in expected.items():
        for state in strength.index:
            reach = 16 + 13 * len(steps.token[state])
            x, y = places.loc[state]
            box = [x, y - 14, x + reach, y + 14] if side == "after" else [x - reach, y - 14, x, y + 14]
            inside = left <= box[0] and box[2] <= left + width and top <= box[1] and box[3] <= top + height
            if inside and state not in named and not any(overlap(box, other) for other in taken):
                missing.append((side, state))
    return missing


def wait_for_words(opened: Opened, condition: str) -> None:
    """Waits until the words are up to date and `condition` holds of `words`, their elements."""
    opened.wait_until(
        "() => { const words = [...document.querySelectorAll('[data-overlay=projection] text.word')];"
        f" return hsvis.words.isSettled() && {condition}; }}"
    )


BOTH_SIDES = "words.some((one) => one.matches('.after')) && words.some((one) => one.matches('.before'))"
