"""What the page's scripts ask for besides callbacks: images of the cloud, pick grids, single states."""

import gzip
import hashlib
from collections.abc import Callable

import flask
from dash import Dash
from werkzeug.exceptions import BadRequest, NotFound

from hsvis.dashboard import asked
from hsvis.dashboard.clouds import Clouds
from hsvis.dashboard.runs import Runs, View
from hsvis.figures import raster

LARGEST_SIDE = 4096  # device pixels
PIXEL_RATIOS = (0.5, 4.0)


def register(app: Dash, runs: Runs, clouds: Clouds) -> None:
    """Adds the routes to the app's server, under the app's own path prefix."""
    prefix = app.config.routes_pathname_prefix

    def route(rule: str, respond: Callable[..., flask.Response]) -> None:
        app.server.add_url_rule(
            prefix + rule, endpoint=f"hsvis:{rule}", view_func=asked.plain_errors(respond)
        )

    def cloud_image(run: str, layer: str, projection: str) -> flask.Response:
        view, window = _asked(runs, run, layer, projection)
        return _kept(b"image", view, window, lambda: _image(clouds, view, window))

    def pick_grid(run: str, layer: str, projection: str) -> flask.Response:
        view, window = _asked(runs, run, layer, projection)
        return _kept(b"grid", view, window, lambda: _grid(clouds, view, window))

    def state(run: str, row: str) -> flask.Response:
        return flask.jsonify(_state(runs, run, row))

    route("cloud/<run>/<layer>/<projection>.png", cloud_image)
    route("pick/<run>/<layer>/<projection>.bin", pick_grid)
    route("state/<run>/<row>", state)


def _asked(runs: Runs, run: str, layer: str, projection: str) -> tuple[View, raster.View]:
    """Raises: NotFound if there is no such cloud; BadRequest if the range or the size make no sense."""
    view = asked.view_of(runs, run, layer, projection)
    ratio = min(max(asked.number("ratio", default=1.0), PIXEL_RATIOS[0]), PIXEL_RATIOS[1])
    x0, x1, y0, y1 = asked.window()
    width, height = (_side(name) for name in ("w", "h"))
    radius = raster.dot_radius(view.store.n_states, ratio)
    return view, raster.View(x0, x1, y0, y1, width, height, radius)


def _side(name: str) -> int:
    """A width or height in device pixels, at least 1 and at most LARGEST_SIDE."""
    value = asked.number(name)
    if value < 1:
        raise BadRequest(f"{name}={value:g} is not a size: 1 to {LARGEST_SIDE} pixels.")
    return int(min(value, LARGEST_SIDE))


def _kept(
    kind: bytes, view: View, window: raster.View, respond: Callable[[], flask.Response]
) -> flask.Response:
    """The browser keeps the answer but asks whether it is still right; that costs no drawing."""
    content = repr((view.store.manifest, view.cloud, view.theme.name, window)).encode()
    tag = hashlib.sha256(kind + content).hexdigest()[:20]
    known = flask.request.if_none_match.contains(tag)
    response = flask.Response(status=304) if known else respond()
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Accept-Encoding")
    return response


def _image(clouds: Clouds, view: View, window: raster.View) -> flask.Response:
    return flask.Response(clouds.image(view, window), mimetype="image/png")


def _grid(clouds: Clouds, view: View, window: raster.View) -> flask.Response:
    """uint32, little endian, row by row from the top."""
    grid = clouds.grid(view, window)
    content = grid.astype("<u4", copy=False).tobytes()
    response = flask.Response(mimetype="application/octet-stream")
    if "gzip" in flask.request.accept_encodings:
        content = gzip.compress(content, compresslevel=1)
        response.headers["Content-Encoding"] = "gzip"
    response.set_data(content)
    response.headers["X-Grid-Size"] = f"{grid.shape[1]}x{grid.shape[0]}"
    return response


def _state(runs: Runs, run: str, row: str) -> dict[str, object]:
    """Raises: NotFound if there is no such run or row; BadRequest if `row` is no number."""
    store = asked.store_of(runs, run)
    if not row.isascii() or not row.isdigit() or len(row) > 18:
        raise BadRequest(f"{row!r} is not the row of a state: 0 to {store.n_states - 1}.")
    try:
        index, step = store.locate(int(row))
    except IndexError:
        raise NotFound(f"Run {run!r} has no state {row}: its rows are 0 to {store.n_states - 1}.") from None
    ep = store.ep[int(row)]
    return {
        "sequence": index,
        "step": step,
        "token": store.sequence(index).tokens[step],
        "predicted": int(ep.argmax()),
        "confidence": float(ep.max()),
        "label": int(store.labels[index]),
    }
