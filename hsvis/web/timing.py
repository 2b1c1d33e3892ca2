"""How long each request took in the server, told in its answer: browsers show it beside the request."""

import time

import flask
from dash import Dash


def register(app: Dash) -> None:
    @app.server.before_request
    def _() -> None:
        flask.g.began = time.perf_counter()

    @app.server.after_request
    def _(answer: flask.Response) -> flask.Response:
        took = time.perf_counter() - flask.g.get("began", time.perf_counter())
        answer.headers["Server-Timing"] = f"app;dur={1000 * took:.1f}"
        return answer
