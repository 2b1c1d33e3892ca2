"""The display options: gathered in one store, and what they change without the server."""

from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, no_update

from hsvis.catalogue.runs import Runs, edition_in
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.options import OPTIONS
from hsvis.dashboard.page.settings import change_classes, colour_columns, state_colours
from hsvis.figures.view import DEFAULTS, View


def colour_choices(view: View, colour: object, column: object) -> tuple[Any, ...]:
    """Of another run: what can colour its states, and what does; a column that it has too stays chosen.

    Returns:
        Choices and value of the colour; choices, value and placeholder of the column.
    """
    columns = colour_columns(view)
    names = [one["value"] for one in columns]
    is_left = colour == "column" and not columns
    is_there = column in names
    return (
        state_colours(view),
        DEFAULTS.state_colour if is_left else no_update,
        columns,
        no_update if is_there or not column else "",
        next(iter(names), ""),
    )


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

    @app.callback(
        Output(ids.STATE_COLOUR, "options"),
        Output(ids.STATE_COLOUR, "value"),
        Output(ids.COLOUR_COLUMN, "options"),
        Output(ids.COLOUR_COLUMN, "value"),
        Output(ids.COLOUR_COLUMN, "placeholder"),
        Input(ids.RUN_SELECT, "value"),
        State(ids.EDITIONS, "data"),
        State(ids.STATE_COLOUR, "value"),
        State(ids.COLOUR_COLUMN, "value"),
        prevent_initial_call=True,
    )
    def _(run: str, editions: object, colour: object, column: object) -> tuple[Any, ...]:
        view = runs.resolve({"run": run, "edition": edition_in(editions, run)})
        return colour_choices(view, colour, column)
