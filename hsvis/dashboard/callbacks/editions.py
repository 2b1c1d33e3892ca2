"""Pages that show an edition of a run that the server no longer keeps."""

import time

from dash import set_props

from hsvis.dashboard.page import ids
from hsvis.errors import GoneError


def tell_gone(error: Exception) -> None:
    """What a callback meets when the page shows an edition that is no longer kept: the page is told, and
    keeps what it has.

    Raises: any other error, as it is.
    """
    if not isinstance(error, GoneError):
        raise error
    set_props(ids.GONE, {"data": {"text": str(error), "at": time.time()}})
