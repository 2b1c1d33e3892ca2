"""What the page's scripts ask for besides callbacks: images of the cloud, pick grids, single states."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import flask
from dash import Dash
from werkzeug.exceptions import BadRequest

from hsvis import __version__
from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content.clouds import Clouds, Turn
from hsvis.dashboard.content.filters import Filter, Filters
from hsvis.dashboard.content.language.next_tokens import told_of
from hsvis.dashboard.content.number_tables import told_truth
from hsvis.dashboard.routes import answers, parameters
from hsvis.figures import cells
from hsvis.figures.cloud import Emphasis, Look, emphasis
from hsvis.figures.view import DRAWINGS, FADES, MARKS, STATE_COLOURS, View, colour_of
from hsvis.figures.window import Window
from hsvis.run.columns import cells_of
from hsvis.run.summary import text_names
from hsvis.run.winners import best_of
from hsvis.web.capacity import Capacity, departure

LARGEST_SIDE = 4096  # device pixels
PIXELS = 2**24  # drawn at once, of images of each of two kinds: some 40 bytes a pixel are needed meanwhile
LARGE = 2**22  # pixels: no screen's plot has more; larger ones, as for a picture to keep, wait for each other
SMALL_WAITING, SMALL_PATIENCE = 8, 5.0  # images in line that are not large, and seconds that they wait
PIXEL_RATIOS = (0.5, 4.0)
SIZES = (0.25, 4.0)  # of the dots, 1 is that by how many are in sight


@dataclass(frozen=True)
class Picture:
    """An image of a cloud, or its pick grid, as it is asked for."""

    view: View
    window: Window
    colour: str
    drawing: str
    marks: tuple[str, ...]
    fade: tuple[str, ...]
    filter: Filter

    @property
    def shape(self) -> tuple[object, ...]:
        """All that decides the pick grid."""
        return (__version__, *self.view.content, self.window, self.fade, self.filter)

    @property
    def paint(self) -> tuple[object, ...]:
        """What decides the image besides."""
        return (self.view.theme.name, self.view.palette_name, self.colour, self.drawing, self.marks)


def register(app: Dash, runs: Runs, clouds: Clouds, filters: Filters) -> None:
    """Adds the routes to the app's server, under the app's own path prefix."""
    small = Capacity(PIXELS, "images", patience=SMALL_PATIENCE, most_waiting=SMALL_WAITING)
    large = Capacity(PIXELS, "large images")

    def draw_in_turn(
        draw: Callable[[Clouds, Picture, Emphasis, Turn], flask.Response], picture: Picture
    ) -> flask.Response:
        pixels, has_gone = picture.window.width * picture.window.height, departure()
        turns = large if pixels > LARGE else small
        return draw(clouds, picture, _emphasis(filters, picture), lambda: turns.hold(pixels, has_gone))

    def cloud_image(run: str, layer: str, projection: str) -> flask.Response:
        picture = _read_picture(runs, run, layer, projection)
        content = ("image", *picture.shape, *picture.paint)
        return _answer_kept(content, lambda: draw_in_turn(_image, picture))

    def pick_grid(run: str, layer: str, projection: str) -> flask.Response:
        picture = _read_picture(runs, run, layer, projection)
        with_cells = flask.request.args.get("cells") == "1"
        content = ("grid and starts", *picture.shape, with_cells)
        return _answer_kept(content, lambda: draw_in_turn(partial(_grid, with_cells=with_cells), picture))

    def state(run: str, row: str) -> flask.Response:
        return flask.jsonify(_state(runs, run, row))

    answers.add_route(app, "cloud/<run>/<layer>/<projection>.png", cloud_image)
    answers.add_route(app, "pick/<run>/<layer>/<projection>.bin", pick_grid)
    answers.add_route(app, "state/<run>/<row>", state)


def _read_picture(runs: Runs, run: str, layer: str, projection: str) -> Picture:
    """Raises: NotFound if there is no such cloud; BadRequest if an argument makes no sense."""
    view = parameters.view_of(runs, run, layer, projection)
    ratio, size = _factor("ratio", PIXEL_RATIOS), _factor("size", SIZES)
    x0, x1, y0, y1 = parameters.window()
    width, height = (_side(name) for name in ("w", "h"))
    return Picture(
        view=view,
        window=Window(x0, x1, y0, y1, width, height, ratio=ratio, size=size),
        colour=_colour(view),
        drawing=parameters.choice("draw", (*DRAWINGS, "class")),
        marks=_choices("marks", MARKS),
        fade=_choices("fade", FADES),
        filter=parameters.filter_argument(view.store),
    )


def _colour(view: View) -> str:
    """Raises BadRequest, also of a column that the run does not keep."""
    try:
        return colour_of(
            view.store, parameters.choice("colour", STATE_COLOURS), flask.request.args.get("column")
        )
    except ValueError as error:
        raise BadRequest(str(error)) from None


def _factor(name: str, limits: tuple[float, float]) -> float:
    """A number between the limits, 1 if none is given."""
    return min(max(parameters.number(name, default=1.0), limits[0]), limits[1])


def _choices(name: str, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Any of the allowed values, separated by commas, in the order of `allowed`.  Raises BadRequest."""
    given = [one for one in flask.request.args.get(name, "").split(",") if one]
    for one in given:
        if one not in allowed:
            raise BadRequest(f"{name}={one!r} is none of {', '.join(allowed)}; separate several by a comma.")
    return tuple(one for one in allowed if one in given)


def _emphasis(filters: Filters, picture: Picture) -> Emphasis:
    matches = None if picture.filter.is_empty else filters.mask(picture.view, picture.filter)
    return emphasis(picture.view.store, picture.fade, matches)


def _side(name: str) -> int:
    """A width or height in device pixels, at least 1 and at most LARGEST_SIDE."""
    value = parameters.number(name)
    if value < 1:
        raise BadRequest(f"{name}={value:g} is not a size: 1 to {LARGEST_SIDE} pixels.")
    return int(min(value, LARGEST_SIDE))


def _answer_kept(content: tuple[object, ...], respond: Callable[[], flask.Response]) -> flask.Response:
    """The browser keeps the answer but asks whether it is still right; that costs no drawing.

    Args:
        content: all that decides the answer; the same `repr` means the same answer.
    """
    tag = hashlib.sha256(repr(content).encode()).hexdigest()[:20]
    known = flask.request.if_none_match.contains(tag)
    response = flask.Response(status=304) if known else respond()
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Accept-Encoding")
    return response


def _image(clouds: Clouds, picture: Picture, emphasis: Emphasis, turn: Turn) -> flask.Response:
    look = Look(picture.colour, picture.marks, emphasis, picture.drawing)
    image, told = clouds.picture(picture.view, picture.window, look, turn)
    response = flask.Response(image, mimetype="image/png")
    response.headers["X-Drawn"] = told
    return response


def _grid(
    clouds: Clouds, picture: Picture, emphasis: Emphasis, turn: Turn, *, with_cells: bool
) -> flask.Response:
    content = clouds.grid_file(picture.view, picture.window, emphasis, turn, with_cells=with_cells)
    response = flask.Response(mimetype="application/octet-stream")
    if "gzip" in flask.request.accept_encodings:
        response.headers["Content-Encoding"] = "gzip"
    else:
        content = gzip.decompress(content)
    response.set_data(content)
    response.headers["X-Grid-Size"] = f"{picture.window.width}x{picture.window.height}"
    if with_cells:
        mesh = cells.mesh(picture.window)
        ends = (mesh.x0, mesh.x1, mesh.y0, mesh.y1)
        response.headers["X-Cells"] = ",".join(str(value) for value in (mesh.width, mesh.height, *ends))
    return response


def _state(runs: Runs, run: str, row: str) -> dict[str, object]:
    """Raises: NotFound if there is no such run, row or projection; BadRequest if `row` is no number."""
    store = parameters.store_of(runs, run)
    at = parameters.row_of(store, row)
    index, step = store.locate(at)
    predicted, confidence = best_of(store.ep[at])
    projection = parameters.projection_of(store, flask.request.args.get("layer", store.layers[0]))
    fitted = None if projection is None else projection.fitted
    one, texts = store.sequence(index), text_names(store.manifest)
    side = {} if one.boundary is None else {"side": texts[step >= one.boundary]}
    told: dict[str, object] = {
        "sequence": index,
        "step": step,
        "token": one.tokens[step],
        "predicted": predicted,
        "confidence": confidence,
        "label": store.verdicts.label_of(at),
        **({"kept": cells_of(store.columns, index)} if store.columns else {}),
        **({} if store.expected is None else told_of(store.expected, at)),
        **told_truth(store, index),
    }
    return told | side | ({} if fitted is None else {"fitted": bool(fitted[at])})
