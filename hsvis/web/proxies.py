"""Being served behind proxies: under which path, and whom to believe where a request came from."""

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

import flask
from dash import Dash
from werkzeug.middleware.proxy_fix import ProxyFix

from hsvis.errors import ServerError
from hsvis.web.access import Access

_SEGMENT = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*")
MOST_PROXIES = 10


def normal_prefix(given: str) -> str:
    """The path under which an app is served: "hsvis" and "/hsvis" are "/hsvis/", nothing is "/".

    Raises:
        ServerError: it can't be part of an address.
    """
    segments = [one for one in given.strip().split("/") if one]
    for one in segments:
        if not _SEGMENT.fullmatch(one):
            raise ServerError(
                f"--prefix {given}: {one!r} can't be part of a path. "
                "Take letters, digits, and . _ ~ - after the first, such as /hsvis/ or /team/hsvis/."
            )
    return "".join(f"/{one}" for one in segments) + "/"


def check_trusted(proxies: int) -> None:
    """Raises ServerError if that is no number of proxies."""
    if not 0 <= proxies <= MOST_PROXIES:
        raise ServerError(f"--trust-proxy {proxies}: give the number of proxies, 0 to {MOST_PROXIES}.")


def register(app: Dash, trusted: int, access: Access) -> None:
    """Leads from / to the app's own prefix, and believes so many proxies what they say of a request.

    Anyone can send X-Forwarded-For: only the entries that the trusted ones added are read.  The prefix is the
    server's own and never taken from a header.

    Args:
        access: knows the last of them.

    Raises:
        ServerError: `trusted` is no number of proxies.
    """
    check_trusted(trusted)
    prefix = app.config.routes_pathname_prefix
    if prefix != "/":  # relative, as the server may not know by which name and port it is reached
        for rule in ("/", prefix.removesuffix("/")):
            app.server.add_url_rule(
                rule, endpoint=f"hsvis:to prefix from {rule}", view_func=lambda: flask.redirect(prefix)
            )
    if trusted:
        direct = app.server.wsgi_app
        fixed = ProxyFix(direct, x_for=trusted, x_proto=trusted, x_host=trusted)

        def believed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            """Whoever comes past the proxies is not believed."""
            return (fixed if access.is_proxy(environ) else direct)(environ, start_response)

        app.server.wsgi_app = believed
