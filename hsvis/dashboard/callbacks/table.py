"""The sequence table of the chosen run."""

from typing import Any

from dash import Dash, Input, Output, State, no_update

from hsvis.catalogue.runs import Runs, edition_in
from hsvis.dashboard.content.table_rows import table_rows
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.sequence_table import sequence_table, table_columns, table_facts

# facts that decide the columns, and those of most runs
TOLD_BY: tuple[tuple[str, Any], ...] = (("columns", []), ("unit", "sequence"), ("answers", "classes"))


def table_of(
    runs: Runs, run: str, model: str | None, edition: str | None = None
) -> tuple[Any, Any, dict[str, Any]]:
    """The grid, its rows, and what scripts have to know, for another run; what can stay is not sent.

    Args:
        model: the row model of the grid on the page: it can't change, so another one needs another grid.
    """
    view = runs.resolve({"run": run, "edition": edition})
    if runs.is_paged(view.store) or model == "infinite":
        return sequence_table(runs, view.store), no_update, table_facts(runs, view)
    return no_update, table_rows(view.store), table_facts(runs, view)


def column_change(given: object, table: Any, facts: dict[str, Any], runs: Runs) -> Any:
    """The columns of the grid on the page, where the run that is shown has others than the one before.

    Args:
        given: what scripts knew of the table before.
        table: the grid that takes its place, if one does.
    """
    before = given if isinstance(given, dict) else {}
    same = all(before.get(name, default) == facts[name] for name, default in TOLD_BY)
    if table is not no_update or same:
        return no_update
    return table_columns(runs.store(facts["run"], facts["edition"]))


def register(app: Dash, runs: Runs) -> None:
    @app.callback(
        Output(ids.TABLE_BOX, "children"),
        Output(ids.SEQUENCE_TABLE, "columnDefs"),
        Output(ids.SEQUENCE_TABLE, "rowData"),
        Output(ids.TABLE, "data"),
        Input(ids.RUN_SELECT, "value"),
        State(ids.SEQUENCE_TABLE, "rowModelType"),
        State(ids.EDITIONS, "data"),
        State(ids.TABLE, "data"),
        prevent_initial_call=True,  # the page comes with the table of its first run
    )
    def _(
        run: str, model: str | None, editions: object, before: object
    ) -> tuple[Any, Any, Any, dict[str, Any]]:
        table, rows, facts = table_of(runs, run, model, edition_in(editions, run))
        return table, column_change(before, table, facts, runs), rows, facts
