"""What depends on the run and the view of it alone: facts, the two overview figures, legend and colours."""

from typing import Any

from dash import Dash, Input, Output, no_update

from hsvis.catalogue.runs import Runs
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.facts import (
    confused_list,
    dataset_info,
    legend,
    page_style,
    palette_note,
    projection_info,
)
from hsvis.dashboard.page.group_panel import group_list
from hsvis.dashboard.page.settings import colour_columns
from hsvis.figures.board import run_figures
from hsvis.figures.view import View


def register(app: Dash, runs: Runs) -> None:
    @app.callback(
        Output(ids.CLASS_OVERVIEW, "figure"),
        Output(ids.CONFUSION_MATRIX, "figure"),
        Output(ids.DATASET_INFO, "children"),
        Output(ids.CONFUSED, "children"),
        Output(ids.LEGEND, "children"),
        Output(ids.PROJECTION_INFO, "children"),
        Output(ids.PAGE, "style"),
        Output(ids.PALETTE_NOTE, "children"),
        Input(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    def _(asked: dict[str, Any] | None) -> tuple[Any, ...]:
        view = runs.resolve(asked)
        return (
            *run_figures(view),
            dataset_info(view.store),
            confused_list(view.store),
            legend(view),
            projection_info(view),
            page_style(view),
            palette_note(view),
        )

    @app.callback(
        Output(ids.GROUP_COLUMN, "options"),
        Output(ids.GROUP_COLUMN, "value"),
        Output(ids.GROUP_PANEL, "hidden"),
        Output(ids.GROUPS, "children"),
        Input(ids.VIEW, "data"),
        Input(ids.GROUP_COLUMN, "value"),
        prevent_initial_call=True,
    )
    def _(asked: dict[str, Any] | None, column: object) -> tuple[Any, ...]:
        return groups_shown(runs.resolve(asked), column)


def groups_shown(view: View, column: object) -> tuple[Any, ...]:
    """Choices and choice of the column, whether there is none, and the list of its groups.

    Args:
        column: that is chosen; of another run, its first takes the place of one that it does not have.
    """
    names = [one.name for one in view.store.columns]
    chosen = column if column in names else next(iter(names), None)
    value = no_update if chosen == column else chosen
    return (
        colour_columns(view),
        value,
        not names or view.store.numbers is not None,
        group_list(view.store, chosen),
    )
