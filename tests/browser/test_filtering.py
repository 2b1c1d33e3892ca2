"""What is filtered: by class, by answer, by words and by regions, in the table and in the cloud."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pages import Opened, Served, chips, query, show_run, spot
from playwright.sync_api import expect

from hsvis.dashboard.page import ids
from hsvis.figures import raster
from hsvis.figures.window import Window, bounds, draw_order, in_order
from hsvis.run.store import StateStore

Corner = tuple[float, float]  # pixels of the page


@pytest.fixture
def store(served: Served) -> StateStore:
    return served.stores["demo"]


def keeps(opened: Opened, wanted: list[int]) -> None:
    """Waits until the table shows exactly these sequences, and checks how many it says they are."""
    opened.wait_until(
        "() => { const rows = []; dash_ag_grid.getApi('sequence-table').forEachNodeAfterFilterAndSort("
        f"(node) => rows.push(Number(node.id))); return JSON.stringify(rows) === '{json.dumps(wanted)}'"
        ".replaceAll(' ', ''); }"
    )
    rows = opened.page.locator("#sequence-table .ag-center-cols-container .ag-row")
    drawn = rows.evaluate_all("(all) => all.map((one) => Number(one.getAttribute('row-id')))")
    assert drawn == wanted[: len(drawn)]
    assert len(drawn) >= min(len(wanted), 5)
    total = int(opened.page.evaluate("dash_ag_grid.getApi('sequence-table').getGridOption('rowData').length"))
    expect(opened.page.locator("#table-count")).to_have_text(
        str(total) if len(wanted) == total else f"{len(wanted)} of {total}"
    )


def asks_for(opened: Opened, wanted: dict[str, Any]) -> None:
    """The image and the pick grid that are on the page were asked for with this filter."""
    opened.settle()
    for kind in ("/cloud/", "/pick/"):
        assert json.loads(query(opened.asked(kind)[-1]).get("filter", "{}")) == wanted


def click_part(opened: Opened, actual: int, predicted: int | None) -> None:
    """Clicks a part of a bar; `predicted` None: the whole bar of an actual class."""
    name = "actual" if predicted is None else "predicted"
    bars = next(trace for trace in opened.traces(ids.CLASS_OVERVIEW) if trace["name"] == name)
    at = next(k for k, data in enumerate(bars["customdata"]) if data[:2] == [actual, predicted])
    start = bars["base"][at] if bars["base"] else 0
    opened.page.mouse.click(*spot(opened, ids.CLASS_OVERVIEW, start + bars["x"][at] / 2, bars["y"][at]))


def click_cell(opened: Opened, actual: int, predicted: int) -> None:
    opened.page.mouse.click(*spot(opened, ids.CONFUSION_MATRIX, predicted, actual))


def opacity_at(opened: Opened, x: float, y: float) -> float:
    """How opaque the image of the cloud is at a point of the projection, 0 to 1."""
    script = """async ([x, y]) => {
        const shown = document.querySelector("#projection .js-plotly-plot")._fullLayout.images[0];
        const image = new Image();
        image.src = shown.source;
        await image.decode();
        const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
        canvas.drawImage(image, 0, 0);
        const left = Math.floor(((x - shown.x) / shown.sizex) * image.width);
        const top = Math.floor(((shown.y - y) / shown.sizey) * image.height);
        return canvas.getImageData(left, top, 1, 1).data[3] / 255;
    }"""
    return opened.page.evaluate(script, [x, y])


def alone(store: StateStore, wanted: Callable[[int], bool]) -> tuple[int, Corner]:
    """A sequence and the place of that of its states which has the most room around it."""
    xy = store.projections(store.layers[0])[0].xy.astype(float)
    x0, x1, y0, y1 = bounds(xy)
    scaled = xy / [x1 - x0, y1 - y0]
    rows = [row for row in range(store.n_states) if wanted(store.locate(row)[0])]
    room = [np.partition(np.hypot(*(scaled - scaled[row]).T), 1)[1] for row in rows]
    best = rows[int(np.argmax(room))]
    return store.locate(best)[0], (float(xy[best, 0]), float(xy[best, 1]))


class Drawing:
    """The states of the projection as they lie on the page, and which of them are in a region."""

    def __init__(self, opened: Opened, store: StateStore) -> None:
        self.opened, self.store = opened, store
        self.xy = store.projections(store.layers[0])[0].xy.astype(float)  # (N, 2)
        x0, x1, y0, y1 = bounds(self.xy)
        self.left, self.bottom = spot(opened, ids.PROJECTION, x0, y0)
        self.right, self.top = spot(opened, ids.PROJECTION, x1, y1)
        across = self.left + (self.xy[:, 0] - x0) / (x1 - x0) * (self.right - self.left)
        down = self.bottom + (self.xy[:, 1] - y0) / (y1 - y0) * (self.top - self.bottom)
        self.pixels = np.column_stack([across, down])  # (N, 2), of the page
        self.view = Window(
            x0, x1, y0, y1, round(self.right - self.left), round(self.bottom - self.top)
        )  # fmt: skip

    def sequences(self, inside: np.ndarray) -> list[int]:
        return sorted({self.store.locate(int(row))[0] for row in np.flatnonzero(inside)})

    def in_box(self, x: float, y: float, half: float) -> np.ndarray:
        return (np.abs(self.pixels - [x, y]) < half).all(axis=1)

    def covered(self) -> set[int]:
        """Rows of the states of which no pixel is to be seen."""
        grid = raster.pick_grid(in_order(self.xy.astype(np.float32), draw_order(len(self.xy))), self.view)
        return set(range(len(self.xy))) - set((np.unique(grid[grid > 0]) - 1).tolist())

    def clear_box(self, good: Callable[[np.ndarray], bool]) -> tuple[float, float, float, list[int]]:
        """Middle, half a side and sequences of a box no border of which is near a state."""
        for half in (9, 12, 15, 20, 26, 34):
            for x, y in self.pixels:
                if min(x - self.left, self.right - x, y - self.top, self.bottom - y) < half + 4:
                    continue
                middle = (round(x), round(y))
                inside = self.in_box(*middle, half)
                same = (self.in_box(*middle, half - 1.5) == self.in_box(*middle, half + 1.5)).all()
                if same and good(inside):
                    return (*middle, half, self.sequences(inside))
        raise AssertionError("no such box")

    def box(self, x: float, y: float, half: float) -> None:
        """Drags a box with the mouse."""
        mouse = self.opened.page.mouse
        self.opened.page.click("[data-mode=select]")
        mouse.move(x - half, y - half)
        mouse.down()
        mouse.move(x + half, y + half, steps=5)
        mouse.up()

    def lasso(self, corners: list[Corner]) -> None:
        """Draws around states with the mouse."""
        mouse = self.opened.page.mouse
        self.opened.page.click("[data-mode=lasso]")
        mouse.move(*corners[0])
        mouse.down()
        for corner in corners[1:]:
            mouse.move(*corner, steps=6)
        mouse.up()


def test_part_of_a_bar_and_cell_of_the_matrix_keep_their_sequences(opened: Opened, store: StateStore) -> None:
    everything = list(range(store.n_sequences))
    of_class = np.flatnonzero(store.labels == 0).tolist()
    wrong = np.flatnonzero((store.labels == 0) & (store.predicted == 1)).tolist()
    assert 0 < len(wrong) < len(of_class) < len(everything)
    negative, positive = store.classes

    click_part(opened, 0, 1)
    keeps(opened, wrong)
    assert chips(opened) == [f"class {negative}", f"classified {positive}", "clear all"]
    assert opened.page.inner_text(".chip-count") == f"{len(wrong)} sequences"
    asks_for(opened, {"actual": 0, "predicted": 1})

    click_cell(opened, 0, 1)  # the same sequences: lets go of them
    keeps(opened, everything)
    assert chips(opened) == []
    asks_for(opened, {})

    click_cell(opened, 0, 1)
    keeps(opened, wrong)
    opened.page.click(f"#chips .chip:has-text('classified {positive}')")
    keeps(opened, of_class)
    assert chips(opened) == [f"class {negative}"]
    asks_for(opened, {"actual": 0})

    click_part(opened, 1, None)  # the whole bar of the other class
    keeps(opened, np.flatnonzero(store.labels == 1).tolist())
    click_cell(opened, 1, 0)
    keeps(opened, np.flatnonzero((store.labels == 1) & (store.predicted == 0)).tolist())
    opened.page.click("#chips .chip.clear")
    keeps(opened, everything)
    assert chips(opened) == []


def test_states_of_other_sequences_step_back_and_answer_no_more(opened: Opened, store: StateStore) -> None:
    kept, of_kept = alone(store, lambda index: store.labels[index] == 1)
    _, of_other = alone(store, lambda index: store.labels[index] == 0)
    before = [opacity_at(opened, *of_kept), opacity_at(opened, *of_other)]
    assert min(before) > 0.5
    opened.page.mouse.move(*spot(opened, ids.PROJECTION, *of_other))
    opened.page.wait_for_selector("#tooltip:visible")

    click_part(opened, 1, None)
    keeps(opened, np.flatnonzero(store.labels == 1).tolist())
    asks_for(opened, {"actual": 1})
    assert opacity_at(opened, *of_kept) == before[0]
    assert 0 < opacity_at(opened, *of_other) < 0.5 * before[1]

    tooltip = opened.page.locator("#tooltip")
    opened.page.mouse.move(*spot(opened, ids.PROJECTION, *of_kept))
    expect(tooltip).to_be_visible()
    opened.page.mouse.move(*spot(opened, ids.PROJECTION, *of_other))
    expect(tooltip).to_be_hidden()
    opened.page.mouse.click(*spot(opened, ids.PROJECTION, *of_other))
    opened.page.mouse.click(*spot(opened, ids.PROJECTION, *of_kept))
    opened.page.wait_for_selector("#token-strip [data-step]")
    assert opened.selected() == kept  # by the second click; the first one chose nothing
    assert chips(opened) == [f"class {store.classes[1]}"]


def test_search_looks_at_whole_texts(opened: Opened, store: StateStore) -> None:
    texts = [store.sequence(index).text for index in range(store.n_sequences)]
    late = {word for text in texts for word in text.split()[20:] if word.isalpha() and len(word) > 5}
    word = min(sorted(late), key=lambda one: abs(sum(one in text for text in texts) - 4))
    wanted = [index for index, text in enumerate(texts) if word.casefold() in text.casefold()]
    beyond = [i for i in wanted if word not in " ".join(texts[i].split()[:12])]
    assert beyond
    assert len(wanted) < len(texts)

    opened.page.fill("#search", f" {word.upper()} ")
    keeps(opened, wanted)
    assert chips(opened) == [f"“{word.upper()}”"]
    asks_for(opened, {"search": word.upper()})
    opened.page.fill("#search", "no text has these words")
    keeps(opened, [])
    expect(opened.page.locator("#sequence-table .ag-overlay")).to_contain_text(
        "No sequence matches the filters"
    )
    assert opened.page.inner_text(".chip-count") == "0 sequences"
    opened.page.click("#chips .chip")  # its ×
    keeps(opened, list(range(len(texts))))
    assert opened.page.input_value("#search") == ""
    expect(opened.page.locator("#sequence-table .ag-overlay")).to_be_hidden()


def test_search_takes_every_character_literally(opened: Opened, served: Served) -> None:
    show_run(opened, "odd")
    store = served.stores["odd"]
    texts = [store.sequence(index).text for index in range(store.n_sequences)]
    parts = [
        "<b>bold",
        "{{x}} and 100% of &amp;",
        "بالعالم",
        "😀",
        'alert("x")',
        "w" * 200,
        ".*",
        "[a-z]",
        "&",
    ]
    for part in parts:
        opened.page.fill("#search", part)
        keeps(opened, [index for index, text in enumerate(texts) if part in text])
        expect(opened.page.locator("#chips .chip > :first-child")).to_have_text(f"“{part}”")
    assert opened.page.locator("#chips :is(b, i, script)").count() == 0


def test_box_keeps_sequences_with_a_state_inside_even_a_covered_one(
    opened: Opened, store: StateStore
) -> None:
    drawing = Drawing(opened, store)
    covered = drawing.covered()

    def only_covered(inside: np.ndarray) -> bool:
        """Whether a sequence has states inside, but none that is to be seen."""
        seen = inside.copy()
        seen[list(covered)] = False
        return drawing.sequences(inside) != drawing.sequences(seen)

    x, y, half, wanted = drawing.clear_box(only_covered)
    drawing.box(x, y, half)
    keeps(opened, wanted)
    assert chips(opened) == ["region 1"]
    assert opened.page.inner_text(".chip-count").split()[0] == str(len(wanted))
    assert opened.page.locator("[data-mode=pan]").get_attribute("aria-pressed") == "true"
    opened.settle()
    outline = opened.page.evaluate(
        "(() => { const one = document.querySelector('.overlay .regions polygon');"
        " const { left, right, top, bottom } = one.getBoundingClientRect();"
        " return [(left + right) / 2, (top + bottom) / 2, one.getBBox().width, one.getBBox().height]; })()"
    )
    assert outline == pytest.approx([x, y, 2 * half, 2 * half], abs=1.5)
    assert opened.selected() is None


def test_lasso_and_box_keep_what_has_states_in_both(opened: Opened, store: StateStore) -> None:
    drawing = Drawing(opened, store)
    x, y = (drawing.left + drawing.right) / 2, (drawing.top + drawing.bottom) / 2
    wide, high = (drawing.right - drawing.left) / 5, (drawing.bottom - drawing.top) / 5
    star = [(x, y - high), (x + wide, y + high), (x - wide, y), (x + wide, y), (x - wide, y + high)]
    drawing.lasso(star)
    expect(opened.page.locator("#chips .chip")).to_have_count(1)
    opened.settle()
    (region,) = json.loads(query(opened.asked("/cloud/")[-1])["filter"])["regions"]
    drawn = np.array(region)  # what the mouse drew, as it goes to the server
    x0, x1, y0, y1 = bounds(drawing.xy)
    across = drawing.left + (drawn[:, 0] - x0) / (x1 - x0) * (drawing.right - drawing.left)
    down = drawing.bottom + (drawn[:, 1] - y0) / (y1 - y0) * (drawing.top - drawing.bottom)
    for corner in star:
        assert np.hypot(across - corner[0], down - corner[1]).min() < 3
    in_lasso = even_odd(drawn, drawing.xy)
    kept = drawing.sequences(in_lasso)
    assert 0 < len(kept) < store.n_sequences
    keeps(opened, kept)

    def overlaps(inside: np.ndarray) -> bool:
        """Whether lasso and box have sequences in common, and each has some of its own."""
        found = set(drawing.sequences(inside))
        return bool(found & set(kept) and found - set(kept) and set(kept) - found)

    box = drawing.clear_box(overlaps)
    drawing.box(*box[:3])
    keeps(opened, sorted(set(kept) & set(box[3])))
    assert chips(opened) == ["region 1", "region 2", "clear all"]
    assert opened.page.locator(".overlay .regions polygon").count() == 2
    opened.page.click("#chips .chip:has-text('region 1')")
    keeps(opened, box[3])
    assert opened.page.locator(".overlay .regions polygon").count() == 1


def even_odd(polygon: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Which points a ray from the left meets an odd number of edges before: (N,) bool."""
    inside = np.zeros(len(xy), dtype=bool)
    for (ax, ay), (bx, by) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        crosses = (ay > xy[:, 1]) != (by > xy[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (xy[:, 0] < (bx - ax) * (xy[:, 1] - ay) / (by - ay) + ax)
    return inside


def test_region_ends_with_its_projection_and_a_filter_with_its_run(
    opened: Opened, served: Served, store: StateStore
) -> None:
    texts = [store.sequence(index).text.casefold() for index in range(store.n_sequences)]
    kept = [index for index, text in enumerate(texts) if "film" in text and store.labels[index] == 0]
    drawing = Drawing(opened, store)
    box = drawing.clear_box(lambda inside: 0 < len(set(drawing.sequences(inside)) & set(kept)) < len(kept))
    opened.page.fill("#search", "film")
    click_part(opened, 0, None)
    keeps(opened, kept)
    drawing.box(*box[:3])
    keeps(opened, sorted(set(kept) & set(box[3])))

    opened.choose("projection-select", store.projections(store.layers[0])[1].label)
    keeps(opened, kept)
    assert chips(opened) == [f"class {store.classes[0]}", "“film”", "clear all"]
    assert opened.page.locator(".overlay .regions polygon").count() == 0
    asks_for(opened, {"actual": 0, "search": "film"})

    show_run(opened, "odd")
    keeps(opened, list(range(served.stores["odd"].n_sequences)))
    assert chips(opened) == []
    assert opened.page.input_value("#search") == ""
    asks_for(opened, {})


def test_filter_and_filter_of_a_column_act_together(opened: Opened, store: StateStore) -> None:
    click_part(opened, 0, None)
    keeps(opened, np.flatnonzero(store.labels == 0).tolist())
    opened.page.hover(".ag-header-cell[col-id=length]")
    opened.page.click(".ag-header-cell[col-id=length] .ag-header-cell-filter-button")
    opened.page.fill(".ag-filter input[type=number] >> visible=true", "40")
    keeps(opened, np.flatnonzero((store.labels == 0) & (store.lengths == 40)).tolist())
    opened.page.keyboard.press("Escape")
    assert chips(opened) == [f"class {store.classes[0]}", "columns: length", "clear all"]
    opened.page.click("#chips .chip:first-of-type")
    keeps(opened, np.flatnonzero(store.lengths == 40).tolist())
    opened.page.click("#chips .chip")
    keeps(opened, list(range(store.n_sequences)))


def test_words_and_next_misclassified_keep_to_the_filter(opened: Opened, store: StateStore) -> None:
    wrong = np.flatnonzero(store.labels != store.predicted).tolist()
    text = store.sequence(wrong[-1]).text
    part = text[len(text) // 2 :][:30].strip()
    texts = [store.sequence(index).text.casefold() for index in range(store.n_sequences)]
    wanted = [index for index, one in enumerate(texts) if part.casefold() in one]
    assert wanted == [wrong[-1]] != wrong
    opened.page.locator("#flip-words label", has_text="after").click()
    opened.page.wait_for_selector(".overlay .words text")
    opened.page.fill("#search", part)
    keeps(opened, wanted)
    opened.wait_until(
        "() => [...document.querySelectorAll('.overlay .words text')].every("
        f"(one) => one.dataset.sequence === '{wanted[0]}')"
    )
    assert json.loads(query(opened.asked("/words/")[-1])["filter"]) == {"search": part}
    opened.page.click("#next-wrong")
    opened.shows(wanted[0])
    opened.page.click("#next-wrong")
    expect(opened.page.locator("#notice")).to_contain_text("No other misclassified sequence")
    assert opened.selected() == wanted[0]
