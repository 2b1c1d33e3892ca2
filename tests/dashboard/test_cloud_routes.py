"""Images of the cloud, pick grids and single states, asked for as the page's scripts do."""

import gzip
import io
import json
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from hsvis.catalogue.runs import Runs
from hsvis.dashboard import create_app
from hsvis.dashboard.content.clouds import Clouds
from hsvis.dashboard.routes.clouds import LARGEST_SIDE
from hsvis.figures import cells
from hsvis.figures.cloud import Look
from hsvis.figures.style.theme import palette, theme
from hsvis.figures.window import Window, bounds, dot_radius
from hsvis.run.store import StateStore

SIZE = {"w": 240, "h": 180}


@pytest.fixture(scope="module")
def client(demo_store: StateStore) -> FlaskClient:
    return create_app([demo_store]).server.test_client()


@pytest.fixture(scope="module")
def whole(demo_store: StateStore) -> dict[str, float]:
    """The range that holds the whole cloud."""
    layer = demo_store.layers[0]
    return dict(zip(("x0", "x1", "y0", "y1"), bounds(demo_store.projections(layer)[0].xy), strict=True))


def ask(
    client: FlaskClient,
    store: StateStore,
    kind: str,
    query: dict[str, Any],
    headers: dict[str, str] | None = None,
) -> TestResponse:
    layer = store.layers[0]
    name = store.projections(layer)[0].name
    ending = {"cloud": "png", "pick": "bin"}[kind]
    return client.get(f"/{kind}/{store.name}/{layer}/{name}.{ending}", query_string=query, headers=headers)


def numbers_of(answer: TestResponse) -> np.ndarray:
    content = answer.data
    if answer.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    return np.frombuffer(content, "<u4")


def grid_of(answer: TestResponse, width: int, height: int) -> np.ndarray:
    return numbers_of(answer)[: width * height].reshape(height, width)


def starts_of(answer: TestResponse, width: int, height: int) -> np.ndarray:
    """(K, 2): sequences, and the rows of their first states, that come after the grid."""
    return numbers_of(answer)[width * height :].reshape(-1, 2).cumsum(axis=0)


def test_image_shows_each_state_in_the_colour_of_its_ep(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    answer = ask(client, demo_store, "cloud", {**whole, **SIZE, "theme": "dark"})
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    image = np.asarray(Image.open(io.BytesIO(answer.data)).convert("RGBA"))
    assert image.shape == (180, 240, 4)
    grid = grid_of(ask(client, demo_store, "pick", {**whole, **SIZE}), 240, 180)
    drawn = grid > 0
    assert drawn.any()
    assert (image[~drawn, 3] == 0).all()
    assert (image[drawn, 3] > 0).all()
    colours = palette(demo_store.n_classes, theme("dark")).ep_colours(demo_store.ep)
    solid = image[..., 3] == image[..., 3].max()  # where no edge is smoothed
    np.testing.assert_allclose(
        image[drawn & solid, :3].astype(int), colours[grid[drawn & solid] - 1].astype(int), atol=2
    )


def test_pick_grid_has_each_state_where_it_is(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    answer = ask(client, demo_store, "pick", {**whole, **SIZE})
    assert answer.headers["X-Grid-Size"] == "240x180"
    grid = grid_of(answer, 240, 180)
    lines, columns = np.nonzero(grid)
    x = whole["x0"] + (columns + 0.5) / 240 * (whole["x1"] - whole["x0"])
    y = whole["y1"] - (lines + 0.5) / 180 * (whole["y1"] - whole["y0"])  # row 0 on top
    xy = demo_store.projections(demo_store.layers[0])[0].xy[grid[lines, columns] - 1]
    radius = dot_radius(demo_store.n_states) + 1.5
    away = np.hypot(
        (xy[:, 0] - x) / (whole["x1"] - whole["x0"]) * 240, (xy[:, 1] - y) / (whole["y1"] - whole["y0"]) * 180
    )
    assert away.max() <= radius


def test_pick_grid_says_of_which_sequence_and_step_its_states_are_and_of_no_others(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    middle = {**whole, "x1": (whole["x0"] + whole["x1"]) / 2, "y1": (whole["y0"] + whole["y1"]) / 2}
    seen = []
    for window in (whole, middle, {"x0": 1e6, "x1": 2e6, "y0": 1e6, "y1": 2e6}):
        answer = ask(client, demo_store, "pick", {**window, **SIZE})
        rows = np.unique(grid_of(answer, 240, 180))
        rows = rows[rows > 0].astype(int) - 1
        starts = starts_of(answer, 240, 180).astype(int)
        at = np.searchsorted(starts[:, 1], rows, "right") - 1  # as the page does
        told = list(zip(starts[at, 0].tolist(), (rows - starts[at, 1]).tolist(), strict=True))
        assert told == [demo_store.locate(int(row)) for row in rows]
        assert len(np.unique(at)) == len(starts)  # none that is not drawn
        seen.append(len(starts))
    assert seen[0] > seen[1] > seen[2] == 0


def test_pick_grid_is_compressed_only_for_those_who_can_read_it(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    plain = ask(client, demo_store, "pick", {**whole, **SIZE}, {"Accept-Encoding": "identity"})
    packed = ask(client, demo_store, "pick", {**whole, **SIZE}, {"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < len(plain.data) == 4 * (240 * 180 + 2 * len(starts_of(plain, 240, 180)))
    np.testing.assert_array_equal(grid_of(plain, 240, 180), grid_of(packed, 240, 180))


def test_unchanged_image_is_not_sent_again(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    first = ask(client, demo_store, "cloud", {**whole, **SIZE})
    again = ask(client, demo_store, "cloud", {**whole, **SIZE}, {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    moved = {**whole, "x0": whole["x0"] - 1, **SIZE}
    for other in (moved, {**whole, **SIZE, "theme": "dark"}):
        answer = ask(client, demo_store, "cloud", other, {"If-None-Match": first.headers["ETag"]})
        assert answer.status_code == 200


@pytest.mark.parametrize("draw", ["auto", "dots", "density", "ep", "errors", "class"])
@pytest.mark.parametrize("colour", ["ep", "class", "correct"])
def test_an_image_says_how_it_is_drawn_and_one_that_is_kept_said_it(
    client: FlaskClient,
    demo_store: StateStore,
    whole: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
    draw: str,
    colour: str,
) -> None:
    monkeypatch.setattr(cells, "MANY", demo_store.n_states)
    query = {**whole, "w": 250, "h": 180, "draw": draw, "colour": colour}  # of no other test
    answer = ask(client, demo_store, "cloud", query)
    window = Window(*whole.values(), 250, 180)  # type: ignore[arg-type]
    look = Look(colour, drawing=draw)
    assert answer.headers["X-Drawn"] == Clouds().picture(Runs([demo_store]).resolve(None), window, look)[1]
    told = json.loads(answer.headers["X-Drawn"])
    auto = {"ep": "density", "class": "class", "correct": "errors"}[colour]
    asked = "class" if (draw, colour) == ("ep", "class") else draw
    assert (told["auto"], told["drawn"]) == (auto, auto if draw == "auto" else asked)
    of_dots = "answers" if colour == "correct" else "classes"
    assert told["tells"] == {"dots": of_dots, "ep": "classes", "class": "classes"}.get(told["drawn"], "scale")
    assert (told["scale"] is None) == (told["tells"] != "scale")
    again = ask(client, demo_store, "cloud", query, {"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers.get("X-Drawn", answer.headers["X-Drawn"]) == answer.headers["X-Drawn"]


@pytest.mark.parametrize("change", [{}, {"ratio": 2}, {"size": 0.25, "ratio": 0.5}])
def test_a_pick_grid_says_where_its_cells_are(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float], change: dict[str, float]
) -> None:
    query = {**whole, **SIZE, **change, "cells": 1}
    answer = ask(client, demo_store, "pick", query)
    mesh = cells.mesh(Window(*whole.values(), 240, 180, **change))  # type: ignore[arg-type]
    said = [float(one) for one in answer.headers["X-Cells"].split(",")]
    assert said == [mesh.width, mesh.height, mesh.x0, mesh.x1, mesh.y0, mesh.y1]
    numbers, plain = numbers_of(answer), numbers_of(ask(client, demo_store, "pick", query | {"cells": 0}))
    assert len(numbers) == 4 * mesh.width * mesh.height + len(plain)
    assert numbers[: mesh.width * mesh.height].sum() == demo_store.n_states
    again = ask(client, demo_store, "pick", query, {"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers.get("X-Cells", answer.headers["X-Cells"]) == answer.headers["X-Cells"]
    other = ask(client, demo_store, "pick", query | {"cells": 0}, {"If-None-Match": answer.headers["ETag"]})
    assert other.status_code == 200
    assert "X-Cells" not in other.headers


@pytest.mark.parametrize("kind", ["cloud", "pick"])
def test_a_range_beyond_all_numbers_is_drawn_by_cells_as_by_dots(
    client: FlaskClient, demo_store: StateStore, kind: str
) -> None:
    beyond = {"x0": -1e308, "x1": 1e308, "y0": 0, "y1": 1, **SIZE, "cells": 1}
    for draw in ("dots", "density", "ep", "errors"):
        assert ask(client, demo_store, kind, {**beyond, "draw": draw}).status_code == 200


def test_sizes_are_clamped(client: FlaskClient, demo_store: StateStore, whole: dict[str, float]) -> None:
    answer = ask(client, demo_store, "pick", {**whole, "w": 10**9, "h": 2})
    assert answer.headers["X-Grid-Size"] == f"{LARGEST_SIDE}x2"


OPTIONS = [
    {"palette": "okabe-ito"},
    {"colour": "class"},
    {"size": 2},
    {"fade": "correct"},
    {"fade": "wrong"},
    {"fade": "correct,wrong"},
    {"marks": "start"},
    {"marks": "end"},
    {"marks": "start,end"},
    {"filter": json.dumps({"predicted": 1})},
    {"filter": json.dumps({"actual": 0})},
    {"ratio": 2},
]


def test_each_option_has_an_image_of_its_own(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    answers = [ask(client, demo_store, "cloud", {**whole, **SIZE, **one}) for one in ({}, *OPTIONS)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["ETag"] for answer in answers}) == len(answers)


def test_what_only_colours_the_image_leaves_the_grid(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    first = ask(client, demo_store, "pick", {**whole, **SIZE}).headers["ETag"]
    known = {"If-None-Match": first}
    for one in OPTIONS:
        same = bool({"palette", "colour", "marks"} & set(one))
        answer = ask(client, demo_store, "pick", {**whole, **SIZE, **one}, known)
        assert answer.status_code == (304 if same else 200)


def test_the_grid_has_only_sequences_that_the_filter_keeps(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    query = {**whole, **SIZE, "filter": json.dumps({"predicted": 1}), "fade": "correct"}
    grid = grid_of(ask(client, demo_store, "pick", query), 240, 180)
    rows = np.unique(grid[grid > 0]) - 1
    predicted = {int(demo_store.predicted[demo_store.locate(int(row))[0]]) for row in rows}
    assert predicted == {1}
    image = np.asarray(Image.open(io.BytesIO(ask(client, demo_store, "cloud", query).data)))
    assert (image[..., 3] > 0).sum() > (grid > 0).sum()  # the others are faintly there


def test_dots_grow_with_their_size_within_limits(
    client: FlaskClient, demo_store: StateStore, whole: dict[str, float]
) -> None:
    def covered(size: float | str) -> int:
        return int(
            np.count_nonzero(
                grid_of(ask(client, demo_store, "pick", {**whole, **SIZE, "size": size}), 240, 180)
            )
        )

    assert covered(0) == covered(0.25) < covered(1) < covered(4) == covered(1e9)


def test_empty_options_are_none(client: FlaskClient, demo_store: StateStore, whole: dict[str, float]) -> None:
    plain = ask(client, demo_store, "cloud", {**whole, **SIZE})
    empty = {"fade": "", "marks": "", "filter": "", "size": 1, "colour": "ep", "palette": "hsvis"}
    assert (
        ask(client, demo_store, "cloud", {**whole, **SIZE, **empty}).headers["ETag"] == plain.headers["ETag"]
    )
    both = [
        ask(client, demo_store, "cloud", {**whole, **SIZE, "marks": marks}).headers["ETag"]
        for marks in ("end,start", "start,end,end")
    ]
    assert both[0] == both[1]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"palette": "rainbow"}, "palette='rainbow' is none of hsvis, okabe-ito, tableau"),
        ({"colour": "red"}, "colour='red' is none of ep, class"),
        ({"draw": "squares"}, "draw='squares' is none of auto, dots, density, ep, errors, class"),
        ({"size": "big"}, "size='big' is not a number"),
        ({"fade": "correct,all"}, "fade='all' is none of correct, wrong"),
        ({"marks": "middle\nend"}, "is none of start, end"),
        ({"filter": "{"}, "filter can't be read"),
        ({"filter": '{"predicted": 99}'}, "filter can't be read"),
        ({"x0": "east"}, "x0"),
        ({"x1": "nan"}, "x1"),
        ({"y1": "inf"}, "y1"),
        ({"x0": 5, "x1": 5}, "range is empty"),
        ({"y0": 7, "y1": -7}, "range is empty"),
        ({"w": 0}, "size"),
        ({"h": -3}, "size"),
        ({"w": None}, "w"),
        ({"theme": "<b>"}, "theme"),
        ({"ratio": "many"}, "ratio"),
        ({"x0": -1e300, "x1": 1e308}, None),
    ],
)
@pytest.mark.parametrize("kind", ["cloud", "pick"])
def test_nonsense_is_answered_in_a_line(
    client: FlaskClient,
    demo_store: StateStore,
    whole: dict[str, float],
    kind: str,
    change: dict[str, Any],
    named: str | None,
) -> None:
    answer = ask(client, demo_store, kind, {**whole, **SIZE, **change})
    if named is None:  # odd but not wrong: the cloud is a dot or nothing
        assert answer.status_code in (200, 400)
        return
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert named in answer.text
    assert answer.text.count("\n") == 1


@pytest.mark.parametrize(
    "path",
    [
        "cloud/{run}/{layer}/nothing.png",
        "cloud/{run}/rnn.9/{projection}.png",
        "cloud/other/{layer}/{projection}.png",
        "pick/other/{layer}/{projection}.bin",
        "pick/{run}/{layer}/..%2f..%2fetc.bin",
        "cloud/%3Cscript%3E/{layer}/{projection}.png",
        "state/other/0",
        "state/{run}/{beyond}",
    ],
)
def test_what_does_not_exist_is_not_found(client: FlaskClient, demo_store: StateStore, path: str) -> None:
    layer = demo_store.layers[0]
    address = path.format(
        run=demo_store.name,
        layer=layer,
        projection=demo_store.projections(layer)[0].name,
        beyond=demo_store.n_states,
    )
    answer = client.get("/" + address, query_string={"x0": 0, "x1": 1, "y0": 0, "y1": 1, **SIZE})
    assert answer.status_code == 404 or (answer.mimetype == "text/html" and "%2f" in path)
    assert b"<script>" not in answer.data or answer.mimetype == "text/plain"


def test_state_tells_its_sequence(client: FlaskClient, demo_store: StateStore) -> None:
    index = demo_store.n_sequences - 1
    sequence = demo_store.sequence(index)
    step = len(sequence.tokens) - 1
    told = client.get(f"/state/{demo_store.name}/{sequence.rows.start + step}").get_json()
    assert told == {
        "sequence": index,
        "step": step,
        "token": sequence.tokens[step],
        "predicted": sequence.predicted,
        "confidence": pytest.approx(sequence.confidence, abs=1e-5),
        "label": sequence.label,
    }


@pytest.mark.parametrize("row", ["-1", "1.5", "one", "٣", "9" * 30])
def test_a_row_is_a_number(client: FlaskClient, demo_store: StateStore, row: str) -> None:
    assert client.get(f"/state/{demo_store.name}/{row}").status_code == 400


def test_routes_lie_under_the_prefix(demo_store: StateStore) -> None:
    client = create_app([demo_store], prefix="/some/where/").server.test_client()
    assert client.get(f"/some/where/state/{demo_store.name}/0").status_code == 200
    assert client.get(f"/state/{demo_store.name}/0").status_code == 404
