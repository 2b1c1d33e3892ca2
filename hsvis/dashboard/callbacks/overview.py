"""What depends on the run and the view of it alone: facts, the two overview figures, legend and colours."""

from typing import Any

from dash import Dash, Input, Output

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
from hsvis.figures.board import run_figures


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
