"""The sequence table of the chosen run."""

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from hsvis.dashboard import ids
from hsvis.dashboard.runs import Runs
from hsvis.dashboard.sequence_table import described, sequence_table
from hsvis.dashboard.table_rows import table_rows


def table_of(runs: Runs, run: str | None, model: str | None) -> tuple[Any, Any, dict[str, Any]]:
    """The grid, its rows, and what scripts have to know, for another run; what can stay is not sent.

    Args:
        model: the row model of the grid on the page: it can't change, so another one needs another grid.
    """
    store = runs.resolve({"run": run}).store
    if runs.is_paged(store) or model == "infinite":
        return sequence_table(runs, store), no_update, described(runs, store)
    return no_update, table_rows(store), described(runs, store)


def register(app: Dash, runs: Runs) -> None:
    @app.callback(
        Output(ids.TABLE_BOX, "children"),
        Output(ids.SEQUENCE_TABLE, "rowData"),
        Output(ids.TABLE, "data"),
        Input(ids.RUN_SELECT, "value"),
        State(ids.SEQUENCE_TABLE, "rowModelType"),
        prevent_initial_call=True,  # the page comes with the table of its first run
    )
    def _(run: str | None, model: str | None) -> tuple[Any, Any, dict[str, Any]]:
        return table_of(runs, run, model)

    app.clientside_callback(ClientsideFunction("hsvis", "takeTable"), Input(ids.TABLE, "data"))
