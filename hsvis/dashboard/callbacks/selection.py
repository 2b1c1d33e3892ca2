"""What is selected: one store, one writer, and what follows it in the browser."""

from dash import ClientsideFunction, Dash, Input, Output, State

from hsvis.dashboard.page import ids


def register(app: Dash) -> None:
    app.clientside_callback(
        ClientsideFunction("hsvis", "select"),
        Output(ids.SELECTION, "data"),
        Input(ids.SEQUENCE_TABLE, "cellClicked"),
        Input(ids.PICK, "data"),
        Input(ids.RUN_SELECT, "value"),
        State(ids.SELECTION, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("hsvis", "markRow"),
        Output(ids.SEQUENCE_TABLE, "selectedRows"),
        Output(ids.PAGE, "className"),
        Input(ids.SELECTION, "data"),
    )
