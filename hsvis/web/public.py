"""What is answered without log-in: health, and the figures for a program of this machine."""

from ipaddress import ip_address

import flask

HEALTH, METRICS = "hsvis:health", "hsvis:metrics"  # endpoints
PATHS = (
    "health",
    "metrics",
)  # under the prefix; a supervisor's questions, which are answered however busy all is
FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def needs_no_user() -> bool:
    """Whether the request may be answered to anyone: of health, or of figures from this machine itself."""
    endpoint = flask.request.endpoint
    return endpoint == HEALTH or (endpoint == METRICS and is_from_this_machine())


def is_from_this_machine() -> bool:
    """Whether the request comes from a program of this machine, and through no proxy."""
    if any(name in flask.request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(flask.request.remote_addr or "").is_loopback
    except ValueError:
        return False
