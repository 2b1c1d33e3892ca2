"""Files that a person saves: pictures of the figures, tables, and a figure for a paper that stands alone."""

import csv
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from pages import Opened, Save, Served, at_address, query, show_run, spot
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from hsvis.analysis.confusion import confusion_counts
from hsvis.dashboard.page import ids
from hsvis.figures.style.theme import LIGHT, palette
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore

INDEX = 7
SIZES = {  # of a publication, in CSS pixels
    ids.PROJECTION: (900, 900),
    ids.CLASS_OVERVIEW: (520, 320),
    ids.CONFUSION_MATRIX: (460, 400),
    ids.EP_HEATMAP: (900, 240),
    ids.DISTANCES: (900, 240),
    ids.CONFIDENCE: (900, 280),
    ids.UNIT_ACTIVITY: (900, 420),
}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def store(served: Served) -> StateStore:
    return served.stores["demo"]


def table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV file."""
    header, *rows = csv.reader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True)
    return header, rows


def numbers(rows: list[list[str]], first: int, last: int | None = None) -> np.ndarray:
    """Some columns as float32, NaN for an empty cell."""
    return np.array([[cell or "nan" for cell in row[first:last]] for row in rows]).astype(np.float32)


def drawing(path: Path) -> tuple[ElementTree.Element, str]:
    """The root of an SVG file and the text that is in it."""
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    assert root.tag == f"{SVG}svg"
    assert not list(root.iter(f"{SVG}script"))
    assert "<script" not in path.read_text(encoding="utf-8").lower()
    return root, "\n".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))


def test_each_figure_as_png_and_svg_in_the_size_of_print(
    opened: Opened, save: Save, store: StateStore
) -> None:
    opened.row(INDEX)
    opened.shows(INDEX)
    for view, (width, height) in SIZES.items():
        path = save(opened, view, "PNG")
        assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        with Image.open(path) as image:
            assert image.size == (3 * width, 3 * height)
            colours = image.convert("RGB").resize((width, height)).getcolors(width * height)
        assert colours is not None
        assert len(colours) > 20, view
        ground = max(colours)
        assert ground[0] < 0.99 * width * height, view  # that much is drawn
        assert (255, 255, 255) in [colour for _, colour in colours], view  # on the light theme's paper
        whose = f"-sequence-{INDEX}" if view not in (ids.CLASS_OVERVIEW, ids.CONFUSION_MATRIX) else ""
        assert path.name == f"demo-rnn.0{whose}-{view}.png"

        root, text = drawing(save(opened, view, "SVG"))
        assert (root.get("width"), root.get("height")) == (str(width), str(height))
        assert len([*root.iter(f"{SVG}path"), *root.iter(f"{SVG}image")]) >= 5, view
        if view in (ids.PROJECTION, ids.CLASS_OVERVIEW, ids.CONFUSION_MATRIX, ids.EP_HEATMAP):
            assert all(name in text for name in store.classes), view
        if view not in (ids.PROJECTION, ids.CLASS_OVERVIEW, ids.CONFUSION_MATRIX):
            assert f"sequence {INDEX}" in text
            assert (
                "step" in text.splitlines()
            )  # each picture names its axis, on the page only the lowest does


def test_projection_is_drawn_sharp_with_trajectory_words_and_legend(
    opened: Opened, save: Save, served: Served, store: StateStore
) -> None:
    changes = [np.abs(np.diff(store.sequence(one).ep, axis=0)).max() for one in range(store.n_sequences)]
    index = int(np.argmax(changes))
    sequence = store.sequence(index)
    at_address(opened, f"{served.address}?sequence={index}")
    opened.page.locator(f"#{ids.CHANGE_WORDS} label", has_text="after").click()
    opened.page.wait_for_selector(".overlay .words text")
    words = opened.page.locator(".overlay .words text").all_text_contents()
    assert set(words) <= set(sequence.tokens)
    asked = len(opened.asked("/cloud/"))
    root, text = drawing(save(opened, ids.PROJECTION, "SVG"))

    (address,) = opened.asked("/cloud/")[asked:]
    cloud = query(address)
    assert int(cloud["w"]) == 2700
    assert 2500 < int(cloud["h"]) < 2700
    image = next(root.iter(f"{SVG}image")).get("{http://www.w3.org/1999/xlink}href") or ""
    assert image.startswith("data:image/png;base64,")

    bins = np.rint(sequence.ep[:-1, 1] * 16) / 16
    colours = set(palette(2, LIGHT).ep_hexes(np.column_stack([1 - bins, bins])))
    lines = [one.get("style") or "" for one in root.iter(f"{SVG}path") if one.get("class") == "js-line"]
    strokes = {hexa(found) for line in lines for found in re.findall(r"stroke: (rgb\([^)]*\))", line)}
    assert len(colours) > 3
    assert strokes - {LIGHT.surface} == colours  # which sets the trajectory off from the cloud
    steps = [
        one.get("style") or ""
        for one in root.iter(f"{SVG}path")
        if "plotly-customdata" in one.get("class", "")
    ]
    fills = [hexa(one.partition("fill: ")[2].partition(")")[0]) for one in steps]
    assert fills == palette(2, LIGHT).ep_hexes(sequence.ep)
    assert all(name in text for name in (*store.classes, *words))
    assert "start (grey) and end (black)" in text


def hexa(colour: str) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


def test_export_keeps_zoom_and_filter(opened: Opened, save: Save, store: StateStore) -> None:
    x, y = store.projections(store.layers[0])[0].xy[200].tolist()
    opened.page.mouse.click(*spot(opened, ids.CLASS_OVERVIEW, 3, 1 - 0.27))
    expect(opened.page.locator("#chips .chip")).to_have_count(1)
    opened.page.mouse.move(*spot(opened, ids.PROJECTION, x, y))
    before = opened.figure(ids.PROJECTION, "[...gd._fullLayout.xaxis.range]")
    width = before[1] - before[0]
    while width >= 0.65 * (
        before[1] - before[0]
    ):  # one turn after the other: a busy browser joins them into one
        opened.page.mouse.wheel(0, -400)
        opened.wait_until(
            "() => { const gd = document.querySelector('#projection .js-plotly-plot');"
            "        const [left, right] = gd._fullLayout.xaxis.range;"
            f"       return right - left < {0.99 * width}; }}"
        )
        left, right = opened.figure(ids.PROJECTION, "[...gd._fullLayout.xaxis.range]")
        width = right - left
    opened.settle()
    left, right, low, high = opened.figure(
        ids.PROJECTION, "[...gd._fullLayout.xaxis.range, ...gd._fullLayout.yaxis.range]"
    )
    asked = len(opened.asked("/cloud/"))
    save(opened, ids.PROJECTION, "PNG")
    cloud = query(opened.asked("/cloud/")[asked])
    assert json.loads(cloud["filter"]) == {"actual": 1}
    x0, x1, y0, y1 = (float(cloud[name]) for name in ("x0", "x1", "y0", "y1"))
    assert x0 <= left + 1e-9
    assert right - 1e-9 <= x1
    assert y0 <= low + 1e-9
    assert high - 1e-9 <= y1
    assert (x0 + x1, y0 + y1) == pytest.approx((left + right, low + high))
    assert x1 - x0 < before[1] - before[0]
    page = opened.figure(ids.PROJECTION, "gd._fullLayout.xaxis._length / gd._fullLayout.yaxis._length")
    stretched = (right - left) / (high - low) / page
    assert (x1 - x0) / (y1 - y0) / (int(cloud["w"]) / int(cloud["h"])) == pytest.approx(stretched, rel=1e-3)


def test_data_of_each_figure_as_csv(opened: Opened, save: Save, store: StateStore) -> None:
    opened.row(INDEX)
    opened.shows(INDEX)
    sequence, layer, classes = store.sequence(INDEX), store.layers[0], list(store.classes)
    counts = confusion_counts(store.labels, store.predicted, store.n_classes).tolist()

    def of_steps(view: str) -> tuple[list[str], list[list[str]]]:
        header, rows = table(save(opened, view, "Data as CSV"))
        assert header[:2] == ["step", "token"]
        assert [row[:2] for row in rows] == [[str(k), one] for k, one in enumerate(sequence.tokens)]
        return header, rows

    _, rows = table(save(opened, ids.CLASS_OVERVIEW, "Data as CSV"))
    parts = {(actual, predicted): int(count) for actual, predicted, count in rows}
    assert parts == {
        (classes[a], classes[p]): count
        for a, row in enumerate(counts[: len(classes)])
        for p, count in enumerate(row)
        if count
    }
    header, rows = table(save(opened, ids.CONFUSION_MATRIX, "Data as CSV"))
    assert header[1:] == classes
    assert [[row[0], *map(int, row[1:])] for row in rows] == [
        [name, *row] for name, row in zip(classes, counts, strict=False)
    ]
    header, rows = table(save(opened, ids.PROJECTION, "Data as CSV"))
    assert len(rows) == store.n_states
    at = header.index("x")
    np.testing.assert_array_equal(numbers(rows, at, at + 2), store.projections(layer)[0].xy)
    np.testing.assert_array_equal(numbers(rows, header.index(f"EP {classes[0]}")), store.ep)

    header, rows = of_steps(ids.EP_HEATMAP)
    assert header[2:] == [f"EP {name}" for name in classes]
    np.testing.assert_array_equal(numbers(rows, 2), sequence.ep)
    _, rows = of_steps(ids.DISTANCES)
    distance = store.distances(layer)[sequence.rows]
    largest = store.largest_distance(layer)
    np.testing.assert_array_equal(numbers(rows, 2, 3)[:, 0], distance)
    np.testing.assert_allclose(numbers(rows, 3)[:, 0], distance / largest, rtol=1e-6)
    _, rows = of_steps(ids.CONFIDENCE)
    winners = sequence.ep.argmax(axis=1)
    assert [row[2] for row in rows] == [classes[k] for k in winners]
    np.testing.assert_array_equal(numbers(rows, 3, 4)[:, 0], sequence.ep.max(axis=1))
    changed = [False, *(winners[1:] != winners[:-1])]
    assert [row[4] for row in rows] == ["yes" if one else "no" for one in changed]
    _, rows = of_steps(ids.UNIT_ACTIVITY)
    np.testing.assert_array_equal(numbers(rows, 2), store.states(INDEX, layer))


def test_table_as_csv_as_it_is_filtered_and_sorted(opened: Opened, save: Save, store: StateStore) -> None:
    opened.page.mouse.click(*spot(opened, ids.CONFUSION_MATRIX, 0, 0))
    expect(opened.page.locator("#chips .chip-count")).to_be_visible()
    for way in ("ascending", "descending"):
        opened.page.click(".ag-header-cell[col-id=length] .ag-header-cell-text")
        expect(opened.page.locator(".ag-header-cell[col-id=length]")).to_have_attribute("aria-sort", way)
    opened.page.click("[data-export=sequence-table]")
    assert opened.page.get_by_role("menuitem").all_text_contents() == ["Table as CSV"]  # nothing is selected
    opened.page.keyboard.press("Escape")
    header, rows = table(save(opened, ids.SEQUENCE_TABLE, "Table as CSV"))

    kept = np.flatnonzero((store.labels == 0) & (store.predicted == 0))
    wanted = kept[np.argsort(-store.lengths[kept], kind="stable")]
    assert [int(row[0]) for row in rows] == wanted.tolist()
    for row, index in zip(rows, wanted.tolist(), strict=True):
        one = dict(zip(header, row, strict=True))
        sequence = store.sequence(index)
        assert one["text"] == sequence.text
        assert (one["class"], one["classification"], one["correct"]) == (*2 * store.classes[:1], "yes")
        assert int(one["length"]) == len(sequence.tokens)
        assert np.float32(one["confidence"]) == np.float32(sequence.confidence)


def test_selected_sequence_as_csv_and_json(opened: Opened, save: Save, served: Served) -> None:
    show_run(opened, "odd")
    store, index = served.stores["odd"], 2  # an anchor, breaks, and a class named like markup
    sequence, layer = store.sequence(index), store.layers[0]
    opened.row(index)
    opened.shows(index)
    header, rows = table(save(opened, ids.SEQUENCE_TABLE, "Selected sequence as CSV"))
    columns = {name: [row[k] for row in rows] for k, name in enumerate(header)}
    assert columns["token"] == sequence.tokens
    assert columns["known"] == ["yes" if one else "no" for one in sequence.known]
    for k, name in enumerate(store.classes):
        np.testing.assert_array_equal(np.float32(columns[f"EP {name}"]), sequence.ep[:, k])

    path = save(opened, ids.SEQUENCE_TABLE, "Selected sequence as JSON")
    record = json.loads(path.read_text(encoding="utf-8"))
    assert (record["run"], record["sequence"], record["text"]) == ("odd", index, sequence.text)
    assert record["classes"] == list(store.classes)
    assert (record["label"], record["predicted"]) == ("<i>shine</i>", store.classes[sequence.predicted])
    assert np.float32(record["confidence"]) == np.float32(sequence.confidence)
    steps = record["steps"]
    assert [one["token"] for one in steps] == sequence.tokens
    np.testing.assert_array_equal(np.float32([one["ep"] for one in steps]), sequence.ep)
    xy = store.projections(layer)[0].xy[sequence.rows]
    np.testing.assert_array_equal(np.float32([[one["x"], one["y"]] for one in steps]), xy)
    assert steps[0]["distance"] is None
    distance = store.distances(layer)[sequence.rows]
    np.testing.assert_array_equal(np.float32([one["distance"] for one in steps[1:]]), distance[1:])


@pytest.mark.parametrize(("run", "indices"), [("demo", [INDEX]), ("odd", [0, 4])], ids=["demo", "odd"])
def test_figure_for_a_paper_stands_alone(
    opened: Opened, save: Save, offline: BrowserContext, served: Served, run: str, indices: list[int]
) -> None:
    if run != "demo":
        show_run(opened, run)
    store = served.stores[run]
    page = offline.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for index in indices:
        sequence = store.sequence(index)
        opened.row(index)
        opened.shows(index)
        expect(opened.page.locator("#token-strip [data-step]")).to_have_text(sequence.tokens)
        opened.page.hover("#token-strip [data-step='1']")  # a focus is nothing for a paper
        path = save(opened, ids.PROJECTION, "Figure for a paper (HTML)")
        assert path.name == f"{run}-rnn.0-sequence-{index}-figure.html"
        source = path.read_text(encoding="utf-8")
        assert "<script" not in source.lower()
        references = re.findall(r"""(?:src|href|action)\s*=\s*["']([^"']*)|url\(([^)]*)\)|@import""", source)
        assert len(references) > 5
        assert {(one or other).replace("&quot;", "").strip("'")[:1] for one, other in references} <= {
            "#",
            "d",
        }
        page.goto(path.as_uri())
        stands_alone(page, store, sequence)
    assert said == []
    assert {address.partition(":")[0] for address in asked} <= {"file", "data"}


def stands_alone(page: Page, store: StateStore, sequence: Sequence) -> None:
    """Whether the file shows text, colours and drawings of the sequence."""
    tokens = page.locator(".token-strip [data-step]")
    assert tokens.all_text_contents() == sequence.tokens
    assert page.evaluate("document.querySelector('.token-strip').textContent") == sequence.text
    assert page.locator(".focus").count() == 0
    line = "(all) => all.map((one) => getComputedStyle(one).borderBottomColor)"
    expected = palette(store.n_classes, LIGHT).ep_hexes(sequence.ep)
    assert [hexa(one) for one in tokens.evaluate_all(line)] == expected
    info = page.inner_text(".sequence-info")
    assert f"Sequence {sequence.index}" in info
    assert store.classes[sequence.label] in info
    assert page.locator(".token-strip :not(span), .sequence-info :is(i, b, a, script)").count() == 0
    direction = page.evaluate("getComputedStyle(document.querySelector('.token-strip')).direction")
    assert direction == ("rtl" if sequence.text.startswith("م") else "ltr")
    svgs = page.locator("svg.main-svg:first-child")
    boxes = svgs.evaluate_all("(all) => all.map((one) => one.getBoundingClientRect().height)")
    assert len(boxes) == 3
    assert min(boxes) > 100
    assert page.locator("svg image").count() >= 2  # the cloud and the EPs
    loaded = page.locator("svg image").evaluate_all(
        "(all) => Promise.all(all.map((one) => "
        "{ const image = new Image(); image.src = one.href.baseVal; return image.decode(); }))"
    )
    assert len(loaded) >= 2
    text = page.locator("svg").first.evaluate("(one) => one.closest('figure').textContent")
    assert all(name in text for name in store.classes)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_menu_works_by_keyboard(opened: Opened, save: Save) -> None:
    opened.row(INDEX)
    opened.shows(INDEX)
    menu, keyboard = opened.page.get_by_role("menu"), opened.page.keyboard
    button = opened.page.locator("[data-export=distances]")

    def at() -> str:
        return opened.page.evaluate("document.activeElement.textContent")

    button.focus()
    keyboard.press("Enter")
    expect(menu).to_be_visible()
    assert at() == "PNG"
    keyboard.press("ArrowDown")
    assert at() == "SVG"
    keyboard.press("ArrowUp")
    keyboard.press("ArrowUp")
    assert at() == "Data as CSV"
    keyboard.press("ArrowDown")
    assert at() == "PNG"
    keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(button).to_be_focused()
    assert opened.selected() == INDEX
    assert opened.page.locator("#token-strip .focus").count() == 0

    keyboard.press("Enter")
    expect(menu).to_be_visible()
    keyboard.press("ArrowDown")
    with opened.page.expect_download() as download:
        keyboard.press("Enter")
    assert download.value.suggested_filename == f"demo-rnn.0-sequence-{INDEX}-distances.svg"
    expect(menu).to_have_count(0)
    expect(button).to_be_focused()
    button.click()
    expect(menu).to_be_visible()
    opened.page.mouse.click(3, 3)
    expect(menu).to_have_count(0)
    assert opened.selected() == INDEX
