"""What scripts are told of: each change of a store that they follow (assets/core/stores.mjs)."""

from dash import ClientsideFunction, Dash, Input

from hsvis.dashboard.page import ids

TOLD = (ids.SELECTION, ids.FILTER, ids.VIEW, ids.OPTIONS, ids.TOKENS, ids.TABLE, ids.GONE)


def register(app: Dash) -> None:
    """Has the scripts told of each of `TOLD`."""
    for store in TOLD:
        app.clientside_callback(ClientsideFunction("hsvis", "stored"), Input(store, "data"))
