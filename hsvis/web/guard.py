"""What stands before every request: from where it may come, and who must have said who they are."""

from urllib.parse import urlsplit

import flask
from dash import Dash
from werkzeug.wrappers import Response

from hsvis.errors import UsersError
from hsvis.web import login, public
from hsvis.web.access import Access, connection
from hsvis.web.users import NAME

SAFE = ("GET", "HEAD", "OPTIONS")
LARGEST_BODY = 2**20  # bytes; routes that take more say so


def register(app: Dash, access: Access) -> None:
    """Guards all routes of the app's server, those that are added later too."""
    server, prefix = app.server, app.config.routes_pathname_prefix
    server.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    assets = tuple(prefix + name for name in ("assets/", "_dash-component-suites/", "_favicon.ico"))
    anything = f"{prefix}<path:path>"  # Dash answers with its page to whatever is nothing else
    session_user = login.register(app, access) if access.users is not None else None

    @server.before_request
    def _() -> Response | None:
        request = flask.request
        # of a proxy, too: a page can send any header to its own name, but not another Host
        for given in (request.host, connection(request.environ).get("HTTP_HOST", "")):
            if given and not access.is_host(_host(given)):
                return _refuse(
                    f"Unknown host name {_host(given)[:80]!r}. "
                    "Whoever runs this server can allow that name with --allow-host.",
                    421,
                )
        if request.method not in SAFE and _is_foreign(request):
            return _refuse("Only this server's own pages may ask for this.", 403)
        flask.g.user = session_user() if session_user else _user(access)
        is_public = (
            request.endpoint == login.ENDPOINT
            or (request.path.startswith(assets) and str(request.url_rule) != anything)
            or public.needs_no_user()
        )
        if access.is_open or flask.g.user or is_public:
            return None
        if access.users is None:
            return _refuse(f"The proxy before this server did not say who you are ({access.header}).", 401)
        if request.method in SAFE and "text/html" in request.headers.get("Accept", ""):
            return flask.redirect(login.address(prefix, request.full_path.rstrip("?")))
        return _refuse("Your session has ended: log in again.", 401)

    @server.errorhandler(UsersError)
    def _(error: UsersError) -> Response:
        server.logger.error("%s", error)  # with the path, which is not for everybody
        return _refuse("The users file can't be read; see the server log.", 503)


def _refuse(text: str, status: int) -> Response:
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
    try:
        return origin is not None and urlsplit(origin).netloc != request.host
    except ValueError:  # as of http://[
        return True


def _user(access: Access) -> str:
    """Whom a proxy names; "" if that was not said, or can't be believed."""
    if access.header and access.is_proxy(flask.request.environ):
        name = flask.request.headers.get(access.header, "")
        return name if NAME.fullmatch(name) else ""
    return ""
