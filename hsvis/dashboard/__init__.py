"""The dashboard: runs in, a Dash app out."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hsvis.dashboard.app import create_app as create_app
    from hsvis.serve.wsgi import create_server as create_server

OFFERED = {
    "create_app": "hsvis.dashboard.app",
    "create_server": "hsvis.serve.wsgi",
}  # where other people import


def __getattr__(name: str) -> Any:
    """What is offered here, from its module: loaded when it is asked for."""
    if name in OFFERED:
        return getattr(import_module(OFFERED[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
