"""The board of a run: its seven figures from arrays alone, without a server or a page."""

import json
import shutil
import subprocess
import sys
from base64 import b64decode
from collections import Counter
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from figure_example import BOTH, trace
from PIL import Image
from scipy.spatial import cKDTree

from hsvis.analysis.units import decision_order
from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.figures.board import Board, board
from hsvis.figures.projection import N_WIDTHS, WIDTHS, TrajectoryStyle
from hsvis.figures.raster import FADED, OPACITY
from hsvis.figures.style.colour import rgb
from hsvis.figures.style.theme import LIGHT, Theme
from hsvis.figures.view import DisplayOptions, View
from hsvis.figures.window import LARGEST_RADIUS
from hsvis.run.folder import RunFolder
from hsvis.run.store import StateStore

SIZE = (160, 120)
WITHOUT = ("dash", "dash_ag_grid", "flask", "torch", "hsvis.dashboard", "hsvis.catalogue")
SCRIPT = f"""
import json, sys
sys.modules |= dict.fromkeys({WITHOUT!r})  # importing any of these is an error
from pathlib import Path
from hsvis.figures.board import board
from hsvis.figures.style.theme import theme
from hsvis.figures.view import View
from hsvis.figures.window import LARGEST_RADIUS
from hsvis.run.folder import RunFolder
from hsvis.run.store import StateStore
store = StateStore.open(RunFolder(Path(sys.argv[1])))
layer = store.layers[0]
view = View(store, layer, store.projections(layer)[0], theme("light"))
boards = [board(view, index, size={SIZE}) for index in (None, 3)]
print(json.dumps([{{name: one.to_json() for name, one in each.figures().items()}} for each in boards]))
"""


@pytest.fixture(scope="module")
def digits(session_cache: Path) -> StateStore:
    """A small run of series: images of digits, read row by row."""
    small = ["dataset.limit=20", "model.epochs=1", "projections=[{method: pca}]"]
    return build(load_config("digits", small))


def a_view(store: StateStore, look: Theme = LIGHT) -> View:
    layer = store.layers[-1]
    return View(store, layer, store.projections(layer)[-1], look)


def picture(shown: Board) -> np.ndarray:
    """The image of the cloud in the projection: (height, width, 4) uint8."""
    (image,) = shown.projection.layout.images
    kind, content = image.source.split(",")
    assert kind == "data:image/png;base64"
    decoded = Image.open(BytesIO(b64decode(content)))
    assert (decoded.format, decoded.mode) == ("PNG", "RGBA")
    return np.asarray(decoded)


def places_in_image(view: View, shown: Board, size: tuple[int, int]) -> np.ndarray:
    """Where each state lies in the image: (N, 2), pixels from the left and from the top."""
    (image,) = shown.projection.layout.images
    return (view.projection.xy - [image.x, image.y]) / [image.sizex, -image.sizey] * size


def check_steps(view: View, index: int, shown: Board) -> None:
    """The numbers of the views of one sequence are those of the run."""
    store, sequence = view.store, view.store.sequence(index)
    first = sum(store.lengths[:index].tolist())
    rows = slice(first, first + store.lengths[index])
    heat = [np.asarray(one.z)[0] for one in shown.ep_heatmap.data]
    np.testing.assert_allclose(heat[: store.n_classes], store.ep[rows].T, atol=1e-6)
    distances = store.distances(view.layer)
    expected = distances[rows][1:] / np.nanmax(distances)
    np.testing.assert_allclose(trace(shown.distances, "distance").y, expected, atol=1e-6)
    lines = {one.name: one.y for one in shown.confidence.data}
    name = f"EP of {store.classes[1]}" if store.n_classes == 2 else next(n for n in lines if n[:2] == "EP")
    k = store.classes.index(name.removeprefix("EP of "))
    np.testing.assert_allclose(lines[name], store.ep[rows, k], atol=1e-6)
    units = trace(shown.unit_activity, "units")
    states = store.states(index, view.layer)
    np.testing.assert_allclose(units.z, states.T[list(units.customdata)], atol=1e-6)
    steps = trace(shown.projection, "steps")
    np.testing.assert_array_equal(np.column_stack([steps.x, steps.y]), view.projection.xy[rows])
    assert shown.projection.layout.meta["sequence"] == index
    assert len(steps.x) == len(sequence.tokens)


def check_counts(view: View, shown: Board) -> None:
    """The numbers of the two overview figures are those of the run."""
    store = view.store
    counts = Counter(zip(store.labels.tolist(), store.predicted.tolist(), strict=True))
    cells = [cell for row in trace(shown.confusion_matrix, "counts").customdata for cell in row]
    assert {(actual, predicted): n for actual, predicted, n, _ in cells if n} == counts
    assert sum(trace(shown.class_overview, "actual").x) == store.n_sequences
    parts = trace(shown.class_overview, "predicted").customdata
    assert {(actual, predicted): n for actual, predicted, n in parts} == counts


def test_a_board_is_rendered_without_dash_flask_or_torch(demo_store: StateStore) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(demo_store.folder.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    layer = demo_store.layers[0]
    view = View(demo_store, layer, demo_store.projections(layer)[0], LIGHT)
    for index, rendered in zip((None, 3), json.loads(ran.stdout), strict=True):
        here = {name: one.to_json() for name, one in board(view, index, size=SIZE).figures().items()}
        assert rendered == here
        assert len(rendered) == 7


@BOTH
def test_a_board_of_a_selected_sequence_has_its_numbers(demo_store: StateStore, look: Theme) -> None:
    view = a_view(demo_store, look)
    shown = board(view, 5, DisplayOptions(threshold=0.35), size=SIZE)
    check_counts(view, shown)
    check_steps(view, 5, shown)
    assert [shape.y0 for shape in shown.distances.layout.shapes] == [0.35]
    assert trace(shown.class_overview, "actual").marker.color == view.palette.hexes
    assert trace(shown.unit_activity, "units").colorscale[1] == (0.5, look.surface)
    assert shown.projection.layout.meta["theme"] == look.name
    assert shown.projection.layout.images[0].opacity < 0.5  # the trajectory stands out
    assert shown.unreadable == ""


@BOTH
def test_a_board_without_a_sequence_shows_the_run_and_its_cloud(demo_store: StateStore, look: Theme) -> None:
    view = a_view(demo_store, look)
    shown = board(view, size=SIZE)
    check_counts(view, shown)
    for name in ("ep-heatmap", "distances", "confidence", "unit-activity"):
        assert shown.figures()[name].data == ()
    assert all(len(one.x) == 0 for one in shown.projection.data)
    assert shown.projection.layout.meta["sequence"] is None
    assert shown.projection.layout.images[0].opacity == 1


def test_a_board_of_series_has_its_numbers(digits: StateStore) -> None:
    view = a_view(digits)
    assert digits.series is not None
    shown = board(view, 7, size=SIZE)
    check_counts(view, shown)
    check_steps(view, 7, shown)
    assert picture(shown).any()


@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_the_image_shows_each_state_at_its_place(demo_store: StateStore, ratio: float) -> None:
    view = a_view(demo_store)
    shown = board(view, size=SIZE, ratio=ratio)
    image = picture(shown)
    width, height = (int(side * ratio) for side in SIZE)
    assert image.shape == (height, width, 4)
    at = places_in_image(view, shown, (width, height))
    column, line = np.floor(at).astype(int).T
    assert (image[line, column, 3] > 0).all()
    middles = np.argwhere(image[..., 3] > 0)[:, ::-1] + 0.5  # x, y of all pixels that show something
    assert cKDTree(at).query(middles)[0].max() < (LARGEST_RADIUS + 1) * ratio
    (place,) = shown.projection.layout.images
    assert (place.x, place.x + place.sizex) == pytest.approx(shown.projection.layout.xaxis.range)
    assert (place.y - place.sizey, place.y) == pytest.approx(shown.projection.layout.yaxis.range)
    assert (place.xref, place.yref, place.layer, place.sizing) == ("x", "y", "below", "stretch")


def test_the_image_follows_the_display_options(demo_store: StateStore) -> None:
    view = a_view(demo_store)
    plain = picture(board(view, size=SIZE))
    by_class = picture(board(view, options=DisplayOptions(state_colour="class"), size=SIZE))
    seen = {tuple(colour) for colour in by_class[by_class[..., 3] > 0][:, :3].tolist()}
    assert seen == {tuple(colour) for colour in rgb(view.palette.hexes).astype(int).tolist()}
    faded = picture(board(view, options=DisplayOptions(fade=("correct", "wrong")), size=SIZE))
    assert (faded[..., 3] > 0).sum() == (plain[..., 3] > 0).sum()
    assert faded[..., 3].max() <= np.ceil(FADED * max(OPACITY))
    small = DisplayOptions(trajectory=TrajectoryStyle(size=0.25))
    assert (picture(board(view, options=small, size=SIZE))[..., 3] > 0).sum() < (plain[..., 3] > 0).sum()
    ink = rgb([LIGHT.ink])[0]
    marked = picture(board(view, options=DisplayOptions(marks=("end",)), size=SIZE))
    assert not (plain == [*ink, 255]).all(axis=2).any()
    assert (marked == [*ink, 255]).all(axis=2).any()


def test_units_and_trajectory_are_drawn_as_the_options_say(demo_store: StateStore) -> None:
    view = a_view(demo_store)
    style = TrajectoryStyle(colour="time", thickness="distance", width=2.0)
    shown = board(view, 2, DisplayOptions(units_by="decision", trajectory=style), size=SIZE)
    lines = [one.line for one in shown.projection.data if one.name.startswith("segments")]
    assert lines[-1].color == LIGHT.ink  # the last in time
    assert len({line.width for line in lines}) == N_WIDTHS
    assert max(line.width for line in lines) == pytest.approx(2.0 * 2.0 * max(WIDTHS))
    states = demo_store.states(2, view.layer)
    order = decision_order(states, demo_store.sequence(2).ep)
    assert list(trace(shown.unit_activity, "units").customdata) == order.tolist()


def test_states_that_can_not_be_read_leave_the_other_figures(demo_store: StateStore, tmp_path: Path) -> None:
    copied = tmp_path / "demo"
    shutil.copytree(demo_store.folder.path, copied)
    view = a_view(StateStore.open(RunFolder(copied)))
    for part in copied.glob("states/*/*.parquet"):
        part.write_bytes(part.read_bytes()[:100])
    shown = board(view, 0, size=SIZE)
    assert shown.unit_activity.data == ()
    assert "can't be read" in shown.unit_activity.layout.annotations[0].text
    assert "Build the run again" in shown.unreadable
    assert all(len(shown.figures()[name].data) for name in ("ep-heatmap", "distances", "confidence"))


def test_what_is_not_there_is_named(demo_store: StateStore) -> None:
    with pytest.raises(IndexError, match="no sequence 10000"):
        board(a_view(demo_store), 10_000)
    for given, named in (
        ({"threshold": 1.5}, "0 to 1"),
        ({"threshold": float("nan")}, "0 to 1"),
        ({"units_by": "name"}, "'similarity' or 'decision'"),
        ({"state_colour": "time"}, "'ep' or 'class' or 'correct'"),
        ({"fade": ("all",)}, "'correct' or 'wrong'"),
        ({"marks": ("middle",)}, "'start' or 'end'"),
    ):
        with pytest.raises(ValueError, match=named):
            DisplayOptions(**given)  # type: ignore[arg-type]
