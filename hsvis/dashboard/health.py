"""What a supervisor asks: whether the server answers, and its figures for Prometheus."""

import time
from ipaddress import ip_address

import flask
from dash import Dash
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import Forbidden

from hsvis import __version__
from hsvis.dashboard import asked
from hsvis.dashboard.metrics import Metrics
from hsvis.dashboard.runs import Runs

HEALTH, METRICS = "hsvis:health", "hsvis:metrics"  # endpoints
READERS = ("loopback", "all")  # who may read the figures
FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def register(app: Dash, runs: Runs, metrics: Metrics, readers: str) -> None:
    """Adds the routes to the app's server, under the app's own path prefix.

    Args:
        readers: one of READERS.  The figures say what is asked, and how often:
            by default only programs on the same machine get them, and only directly, not through a proxy.
    """
    prefix, began = app.config.routes_pathname_prefix, time.monotonic()

    def health() -> flask.Response:
        told = {"status": "ok", "version": __version__, "runs": len(list(runs))}
        answer = flask.jsonify(told | {"uptime": round(time.monotonic() - began, 1)})
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def figures() -> flask.Response:
        if readers == "loopback" and not asked_from_here():
            raise Forbidden("The figures are told to programs of this machine only. See --metrics.")
        return flask.Response(metrics.text(), content_type=CONTENT_TYPE_LATEST)

    app.server.add_url_rule(prefix + "health", endpoint=HEALTH, view_func=health)
    app.server.add_url_rule(prefix + "metrics", endpoint=METRICS, view_func=asked.plain_errors(figures))


def needs_no_user() -> bool:
    """Whether the request may be answered to anyone: of health, or of figures from this machine itself."""
    endpoint = flask.request.endpoint
    return endpoint == HEALTH or (endpoint == METRICS and asked_from_here())


def asked_from_here() -> bool:
    """Whether the request comes from a program of this machine, and through no proxy."""
    if any(name in flask.request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(flask.request.remote_addr or "").is_loopback
    except ValueError:
        return False
