"""What a supervisor asks: whether the server answers, and its figures for Prometheus."""

import time

import flask
from dash import Dash
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import Forbidden

from hsvis import __version__
from hsvis.catalogue.jobs import Builds
from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content.metrics import Metrics
from hsvis.dashboard.routes import answers
from hsvis.web.public import HEALTH, METRICS, PATHS, is_from_this_machine

READERS = ("loopback", "all")  # who may read the figures


def register(app: Dash, runs: Runs, metrics: Metrics, readers: str, builds: Builds) -> None:
    """Adds the routes to the app's server, under the app's own path prefix.

    Args:
        builds: knows whether the folders are looked at.
        readers: one of READERS.  The figures say what is asked, and how often:
            by default only programs on the same machine get them, and only directly, not through a proxy.
    """
    began = time.monotonic()

    def health() -> flask.Response:
        watch = builds.watching()
        status = "ok" if watch in ("ok", "off") else "degraded"
        told = {"status": status, "version": __version__, "runs": len(list(runs)), "watch": watch}
        answer = flask.jsonify(told | {"uptime": round(time.monotonic() - began, 1)})
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def figures() -> flask.Response:
        if readers == "loopback" and not is_from_this_machine():
            raise Forbidden("The figures are told to programs of this machine only. See --metrics.")
        return flask.Response(metrics.text(), content_type=CONTENT_TYPE_LATEST)

    for path, respond, endpoint in zip(PATHS, (health, figures), (HEALTH, METRICS), strict=True):
        answers.add_route(app, path, respond, endpoint=endpoint)
