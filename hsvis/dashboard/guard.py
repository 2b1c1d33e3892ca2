"""What stands before every request: from where it may come, and who must have said who they are."""

import ipaddress
from urllib.parse import urlsplit

import flask
from dash import Dash
from werkzeug.wrappers import Response

from hsvis.access import Access, Network
from hsvis.dashboard import health, login
from hsvis.users import NAME

SAFE = ("GET", "HEAD", "OPTIONS")
LARGEST_BODY = 2**20  # bytes; routes that take more say so


def register(app: Dash, access: Access) -> None:
    """Guards all routes of the app's server, those that are added later too."""
    server, prefix = app.server, app.config.routes_pathname_prefix
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    assets = tuple(prefix + name for name in ("assets/", "_dash-component-suites/", "_favicon.ico"))
    if access.users is not None:
        login.register(app, access)

    @server.before_request
    def _() -> Response | None:
        request = flask.request
        if access.hosts and _host(request.host) not in access.hosts:
            return _refused(
                f"This server is not asked for as {_host(request.host)[:80]!r}. "
                f"Whoever runs it can allow that name with --allow-host.",
                421,
            )
        if request.method not in SAFE and _is_foreign(request):
            return _refused("Only this server's own pages may ask for this.", 403)
        flask.g.user = _user(access)
        is_public = (
            request.endpoint == login.ENDPOINT or request.path.startswith(assets) or health.needs_no_user()
        )
        if access.is_open or flask.g.user or is_public:
            return None
        if access.users is None:
            return _refused(f"The proxy before this server did not say who you are ({access.header}).", 401)
        if request.method in SAFE and "text/html" in request.headers.get("Accept", ""):
            return flask.redirect(login.address(prefix, request.full_path.rstrip("?")))
        return _refused("Your session has ended: log in again.", 401)


def _refused(text: str, status: int) -> Response:
    return flask.Response(f"{text}\n", status=status, mimetype="text/plain")


def _host(given: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return (urlsplit(f"//{given}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_foreign(request: flask.Request) -> bool:
    """Whether a browser sends this for the page of another site."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host


def _user(access: Access) -> str:
    """Who asks; "" if that was not said, or can't be believed."""
    if access.users is not None:
        return login.session_user(access.users)
    if access.header and _is_from(access.proxies):
        name = flask.request.headers.get(access.header, "")
        return name if NAME.fullmatch(name) else ""
    return ""


def _is_from(networks: tuple[Network, ...]) -> bool:
    """Whether the connection itself, whatever its headers say, comes from one of these."""
    environ = flask.request.environ
    peer = environ.get("werkzeug.proxy_fix.orig", environ).get("REMOTE_ADDR") or ""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
