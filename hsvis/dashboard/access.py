"""Who asks, and what they may do: the one place that routes, callbacks and the page ask about it."""

from dataclasses import dataclass

import flask
from werkzeug.exceptions import Forbidden


@dataclass(frozen=True)
class Access:
    """What the people of a server may do; whether runs may be built is said by `Builds.allowed`.

    Attributes:
        save: notes and named filters may be written, not just read.
    """

    save: bool = True

    def check_save(self) -> None:
        """Raises Forbidden."""
        if not self.save:
            raise Forbidden(
                "Saving is switched off on this server. Whoever runs it can allow it with --allow-save."
            )


def current_user() -> str:
    """Who the request comes from; "" where nobody has to say who they are."""
    return str(flask.g.get("user", ""))
