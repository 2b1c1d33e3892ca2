"""Who asks, and what they may do: the one place that routes, callbacks and the page ask about it."""

import hmac
from dataclasses import dataclass, field
from wsgiref.types import WSGIEnvironment

import flask
from werkzeug.exceptions import Forbidden

from hsvis.web.addresses import LOOPBACK, Network, is_address, is_within
from hsvis.web.users import Users

PROXY_SECRET = "X-Hsvis-Proxy"  # the header
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Access:
    """Who gets in, and what they may do; whether runs may be built is said by `Builds.allowed`.

    Without `users` and `header` everybody gets in.

    Attributes:
        save: notes and named filters may be written, not just read.
        users: who may log in.
        secret: signs the sessions of those who logged in; needed with `users`.
        header: in which a proxy that knows the people names who asks.
        proxies: where proxies may be; from elsewhere their headers count for nothing.
        proxy_secret: what a proxy has to send in PROXY_SECRET, so that no other program there is believed;
            nothing where this is empty.
        hosts: names that the server may be asked by, beside addresses, so that the page of another site,
            whose name leads to this machine, can't reach what others can't; any where this is empty.
    """

    save: bool = True
    users: Users | None = None
    secret: bytes = field(default=b"", repr=False)
    header: str = ""
    proxies: tuple[Network, ...] = LOOPBACK
    proxy_secret: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether nobody has to say who they are."""
        return self.users is None and not self.header

    def is_proxy(self, environ: WSGIEnvironment) -> bool:
        """Whether a request comes from a proxy that may say where it comes from, and from whom."""
        peer = connection(environ).get("REMOTE_ADDR") or ""
        told = environ.get(f"HTTP_{PROXY_SECRET.upper().replace('-', '_')}", "")
        is_known = hmac.compare_digest(told.encode("latin-1"), self.proxy_secret.encode())
        return is_within(peer, self.proxies) and (is_known or not self.proxy_secret)

    def is_host(self, name: str) -> bool:
        """Whether the server may be asked by this name; no page can make an address lead elsewhere."""
        return not self.hosts or name in self.hosts or is_address(name)

    def check_save(self) -> None:
        """Raises Forbidden."""
        if not self.save:
            raise Forbidden(
                "Saving is switched off on this server. Whoever runs it can allow it with --allow-save."
            )


def connection(environ: WSGIEnvironment) -> WSGIEnvironment:
    """What the connection itself tells, of a request that proxies have told more of."""
    found: WSGIEnvironment = environ.get("werkzeug.proxy_fix.orig", environ)
    return found


def current_user() -> str:
    """Who the request comes from; "" where nobody has to say who they are."""
    return str(flask.g.get("user", "")) if flask.has_request_context() else ""
