"""The display options: gathered in one store, and what they change without the server."""

from dash import ClientsideFunction, Dash, Input, Output, State

from hsvis.catalogue.runs import Runs, edition_in
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.options import OPTIONS
from hsvis.dashboard.page.settings import change_classes


def register(app: Dash, runs: Runs) -> None:
    app.clientside_callback(
        ClientsideFunction("hsvis", "options"),
        Output(ids.OPTIONS, "data"),
        *(Input(option.id, "value") for option in OPTIONS),
    )
    app.clientside_callback(
        ClientsideFunction("hsvis", "filter"),
        Output(ids.FILTER, "data"),
        Input(ids.FILTER_CHANGE, "data"),
        Input(ids.SEARCH, "value"),
        Input(ids.RUN_SELECT, "value"),
        State(ids.FILTER, "data"),
    )

    @app.callback(
        Output(ids.CHANGE_CLASS, "options"),
        Output(ids.CHANGE_CLASS, "value"),
        Input(ids.RUN_SELECT, "value"),
        State(ids.EDITIONS, "data"),
        prevent_initial_call=True,
    )
    def _(run: str, editions: object) -> tuple[list[dict[str, str]], str]:
        return change_classes(runs.resolve({"run": run, "edition": edition_in(editions, run)})), "any"
