"""Who asks, and what they may do: the one place that routes, callbacks and the page ask about it."""

from dataclasses import dataclass, field

import flask
from werkzeug.exceptions import Forbidden

from hsvis.web.addresses import LOOPBACK, Network
from hsvis.web.users import Users

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
        hosts: names that the server may be asked by, so that no other site's page can reach a server that
            lets everybody of this machine in; any name where this is empty.
    """

    save: bool = True
    users: Users | None = None
    secret: bytes = field(default=b"", repr=False)
    header: str = ""
    proxies: tuple[Network, ...] = LOOPBACK
    hosts: tuple[str, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether nobody has to say who they are."""
        return self.users is None and not self.header

    def check_save(self) -> None:
        """Raises Forbidden."""
        if not self.save:
            raise Forbidden(
                "Saving is switched off on this server. Whoever runs it can allow it with --allow-save."
            )


def current_user() -> str:
    """Who the request comes from; "" where nobody has to say who they are."""
    return str(flask.g.get("user", "")) if flask.has_request_context() else ""
