"""Every id is on the page once, and what other people rely on has the name that it was given."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hsvis.catalogue.runs import Runs
from hsvis.dashboard import create_app
from hsvis.dashboard.page import ids
from hsvis.figures.board import board
from hsvis.notes import Notes
from hsvis.run.store import StateStore

FIXED = {
    "class-overview",
    "confusion-matrix",
    "projection",
    "ep-heatmap",
    "distances",
    "confidence",
    "unit-activity",
    "token-strip",
    "sequence-table",
    "run-select",
    "layer-select",
    "projection-select",
    "dataset-info",
    "sequence-info",
    "selection",
    "focus",
    "filter",
    "view",
}


def ids_of(component: Any) -> Iterator[str]:
    """Every id in a tree of components."""
    if isinstance(component, list | tuple):
        for one in component:
            yield from ids_of(one)
    elif hasattr(component, "to_plotly_json"):
        if getattr(component, "id", None):
            yield component.id
        yield from ids_of(getattr(component, "children", None))


def test_page_has_every_id_exactly_once(demo_store: StateStore, tmp_path: Path) -> None:
    named = {value for name, value in vars(ids).items() if name.isupper() and isinstance(value, str)}
    assert named >= FIXED
    app = create_app([demo_store], notes=Notes(tmp_path / "notes.sqlite"))
    assert Counter(ids_of(app.layout())) == Counter(dict.fromkeys(named, 1))


def test_seven_figures_are_graphs(demo_store: StateStore) -> None:
    page = create_app([demo_store]).layout()
    graphs = [one.id for one in page._traverse() if type(one).__name__ == "Graph"]
    assert sorted(graphs) == sorted(ids.FIGURES)
    assert len(graphs) == 7
    view = Runs([demo_store]).resolve(None)
    assert tuple(board(view, size=(8, 6)).figures()) == ids.FIGURES


def test_every_callback_names_ids_of_the_page(demo_store: StateStore) -> None:
    app = create_app([demo_store])
    there = set(ids_of(app.layout()))
    app._setup_server()
    wired = {
        dependency["id"]
        for callback in app._callback_list
        for dependency in (*callback["inputs"], *callback["state"])
    }
    written = {
        part.strip(".").rsplit(".", 1)[0]
        for callback in app._callback_list
        if not callback["no_output"]
        for part in callback["output"].split("...")
    }
    assert wired <= there
    assert written <= there


def test_each_store_has_at_most_one_writer(demo_store: StateStore) -> None:
    app = create_app([demo_store])
    app._setup_server()
    outputs = Counter(
        part.strip(".") for callback in app._callback_list for part in (callback["output"] or "").split("...")
    )
    assert [outputs[f"{store}.data"] for store in (ids.SELECTION, ids.VIEW)] == [1, 1]
    assert all(outputs[f"{store}.data"] <= 1 for store in ids.STORES)
