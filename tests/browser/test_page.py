"""The page as a whole: it opens, fits, keeps to itself, and follows the theme."""

import json
from typing import Any

import numpy as np
import pytest
from pages import Open, Opened, Served, query, rows_shown
from playwright.sync_api import expect

from hsvis.dashboard.page import ids
from hsvis.figures.style.theme import DARK, LIGHT


def test_demo_opens_with_both_overview_figures(opened: Opened, served: Served) -> None:
    store = served.stores["demo"]
    assert opened.page.title() == "hsvis"
    bars = [trace for trace in opened.traces(ids.CLASS_OVERVIEW) if trace["type"] == "bar"]
    totals = np.bincount(store.labels, minlength=store.n_classes).tolist()
    assert any(trace["x"] == totals for trace in bars)
    cells = opened.traces(ids.CONFUSION_MATRIX)[0]["text"]
    assert sum(int(cell or 0) for row in cells for cell in row) == store.n_sequences
    facts = opened.page.inner_text("#dataset-info")
    assert f"{store.n_sequences} sequences" in facts
    assert "whole test split" in facts
    assert opened.page.inner_text("#table-count") == str(store.n_sequences)
    assert "Select a sequence in the table or click a state" in opened.page.inner_text("#sequence-info")


def test_nothing_is_asked_of_another_server(opened: Opened, served: Served) -> None:
    opened.row(1)
    opened.page.wait_for_selector("#token-strip [data-step]")
    opened.page.hover(".ag-header-cell[col-id=class]")
    opened.page.click(".ag-header-cell[col-id=class] .ag-header-cell-filter-button")
    opened.page.wait_for_selector(".ag-filter")
    opened.page.wait_for_load_state("networkidle")
    elsewhere = [
        address for address in opened.requests if not address.startswith((served.address, "blob:", "data:"))
    ]
    assert elsewhere == []


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1440, 900), (1920, 1080), (3840, 2160)])
def test_page_fits_the_window(open_page: Open, width: int, height: int) -> None:
    opened = open_page(width, height)
    opened.row(2)
    opened.page.wait_for_selector("#token-strip [data-step]")
    scroll = opened.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert scroll == [width, height]
    boxes = {name: opened.page.locator(f"#{name}").bounding_box() for name in ids.FIGURES}
    assert all(box is not None and box["width"] > 120 and box["height"] > 40 for box in boxes.values())
    largest = max(boxes, key=lambda name: boxes[name]["width"] * boxes[name]["height"])
    assert largest == ids.PROJECTION
    assert boxes[ids.PROJECTION]["width"] > 0.38 * width
    if height >= 900:  # nothing to scroll in the left area either
        left = opened.page.evaluate(
            "(() => { const one = document.querySelector('.left'); "
            "return one.scrollHeight - one.clientHeight; })()"
        )
        assert left <= 0


def test_views_do_not_overlap(opened: Opened) -> None:
    opened.row(2)
    opened.page.wait_for_selector("#token-strip [data-step]")
    names = [
        *ids.FIGURES,
        ids.TOKEN_STRIP,
        ids.SEQUENCE_TABLE,
        ids.DATASET_INFO,
        ids.SEQUENCE_INFO,
        ids.LEGEND,
    ]
    boxes = [(name, opened.page.locator(f"#{name}").bounding_box()) for name in names]
    for at, (one, a) in enumerate(boxes):
        for other, b in boxes[at + 1 :]:
            assert a is not None
            assert b is not None
            wide = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
            high = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
            assert wide <= 0.5 or high <= 0.5, f"{one} and {other} overlap"


@pytest.mark.parametrize(("scheme", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_page_follows_the_system(open_page: Open, scheme: str, theme: Any) -> None:
    opened = open_page(theme=scheme)
    assert opened.page.evaluate("document.documentElement.dataset.theme") == scheme
    background = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = (int(theme.background[at : at + 2], 16) for at in (1, 3, 5))
    assert background == f"rgb({red}, {green}, {blue})"
    assert opened.figure(ids.CLASS_OVERVIEW, "gd._fullLayout.font.color") == theme.muted
    assert {query(address)["theme"] for address in opened.asked("/cloud/")} == {scheme}
    assert opened.errors == []


def test_toggle_turns_everything_and_is_remembered(opened: Opened) -> None:
    opened.row(3)
    opened.page.wait_for_selector("#token-strip [data-step]")
    colour = opened.page.evaluate("document.querySelector('[data-step]').style.getPropertyValue('--ep')")
    opened.page.click("#theme-toggle")
    opened.wait_until(
        "() => document.querySelector('#projection .js-plotly-plot').layout.meta.theme === 'dark'"
    )
    opened.settle()
    assert query(opened.asked("/cloud/")[-1])["theme"] == "dark"
    for name in ids.FIGURES:
        assert opened.figure(name, "gd._fullLayout.font.color") == DARK.muted, name
    turned = opened.page.evaluate("document.querySelector('[data-step]').style.getPropertyValue('--ep')")
    assert turned != colour
    assert opened.selected() == 3
    opened.page.reload()
    opened.page.wait_for_selector("#sequence-table .ag-row")
    opened.settle()
    assert opened.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert opened.figure(ids.CLASS_OVERVIEW, "gd._fullLayout.font.color") == DARK.muted


def test_another_run_replaces_everything(opened: Opened, served: Served) -> None:
    opened.row(3)
    opened.page.wait_for_selector("#token-strip [data-step]")
    opened.choose("run-select", "odd")
    opened.wait_until("() => document.querySelector('#projection .js-plotly-plot').layout.meta.run === 'odd'")
    opened.settle()
    store = served.stores["odd"]
    assert opened.selected() is None
    assert opened.page.locator(".ag-row-selected").count() == 0
    assert f"{store.n_sequences} sequences" in opened.page.inner_text("#dataset-info")
    assert opened.page.inner_text("#legend").split() == list(store.classes)
    assert opened.page.inner_text("#projection-select").startswith("PCA")
    x, y = store.projections(store.layers[0])[0].xy.T
    x0, x1 = opened.figure(ids.PROJECTION, "gd._fullLayout.xaxis.range")
    y0, y1 = opened.figure(ids.PROJECTION, "gd._fullLayout.yaxis.range")
    assert x0 < x.min() < x.max() < x1
    assert y0 < y.min() < y.max() < y1
    assert opened.image_is_shown("odd")


def test_odd_texts_show_as_what_they_are(opened: Opened, served: Served) -> None:
    opened.choose("run-select", "odd")
    opened.wait_until("() => document.querySelector('#projection .js-plotly-plot').layout.meta.run === 'odd'")
    store = served.stores["odd"]
    for index in range(store.n_sequences // 3):  # the texts come three times
        opened.row(index)
        opened.shows(index)
        text = json.dumps(store.sequence(index).text)  # some have as many tokens as the one before
        opened.wait_until(f"() => document.getElementById('token-strip').textContent === {text}")
    assert opened.page.locator("#token-strip :not(span)").count() == 0
    assert opened.page.locator("#sequence-table i, #sequence-table b").count() == 0
    assert "<i>shine</i>" in opened.page.inner_text("#legend")


def test_a_click_on_the_name_of_any_column_sorts_the_table(opened: Opened, served: Served) -> None:
    store = served.stores["demo"]
    for column in ("sequence", "class", "classification", "correct", "words", "confidence"):
        head = opened.page.locator(f"#sequence-table .ag-header-cell[col-id={column}]")
        head.locator(".ag-header-cell-text").click()
        expect(head).to_have_attribute("aria-sort", "ascending")
    opened.page.click("#sequence-table .ag-header-cell[col-id=correct] .ag-header-cell-text")
    wrong = np.flatnonzero(store.labels != store.predicted).tolist()
    assert sorted(rows_shown(opened)[: len(wrong)]) == wrong  # misclassified first


def test_what_was_decided_about_a_run_is_told_when_asked(opened: Opened, served: Served) -> None:
    opened.choose("run-select", "odd")
    opened.wait_until("() => document.querySelector('#projection .js-plotly-plot').layout.meta.run === 'odd'")
    manifest = served.stores["odd"].manifest
    told = [*manifest.warnings, *manifest.decisions]
    assert told
    about = opened.page.locator("#about-run")
    expect(about.locator("summary")).to_contain_text("About this run")
    expect(about.locator("li").first).to_be_hidden()
    about.locator("summary").click()
    assert about.locator("li").all_inner_texts() == [" ".join(one.text.split()) for one in told]
    expect(about.locator("li").last).to_be_visible()
    assert about.locator("li.warning").count() == len(manifest.warnings)
    box, view = about.bounding_box(), opened.page.viewport_size
    assert box is not None
    assert view is not None
    assert box["x"] + box["width"] <= view["width"]
