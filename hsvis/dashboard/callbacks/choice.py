"""Choosing what is shown: run, layer, projection, theme."""

from dash import ClientsideFunction, Dash, Input, Output, State

from hsvis.catalogue.runs import Runs, edition_in
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.menus import Options, class_options, layer_options, projection_options


def choices(
    runs: Runs, run: str, layer: str, projection: str, edition: str | None = None
) -> tuple[Options, str, Options, str]:
    """Options and value of layer and projection after a choice; what still exists stays chosen."""
    view = runs.resolve({"run": run, "edition": edition, "layer": layer, "projection": projection})
    return (
        layer_options(view.store),
        view.layer,
        projection_options(view.store, view.layer),
        view.projection.name,
    )


def register(app: Dash, runs: Runs) -> None:
    @app.callback(
        Output(ids.LAYER_SELECT, "options"),
        Output(ids.LAYER_SELECT, "value"),
        Output(ids.PROJECTION_SELECT, "options"),
        Output(ids.PROJECTION_SELECT, "value"),
        Input(ids.RUN_SELECT, "value"),
        Input(ids.LAYER_SELECT, "value"),
        State(ids.PROJECTION_SELECT, "value"),
        State(ids.EDITIONS, "data"),
        prevent_initial_call=True,
    )
    def _(run: str, layer: str, projection: str, editions: object) -> tuple[Options, str, Options, str]:
        return choices(runs, run, layer, projection, edition_in(editions, run))

    @app.callback(
        Output(ids.CLASS_SELECT, "options"),
        Output(ids.CLASS_SELECT, "value"),
        Output(ids.CLASS_CHOICE, "hidden"),
        Input(ids.RUN_SELECT, "value"),
        State(ids.EDITIONS, "data"),
        prevent_initial_call=True,
    )
    def _(run: str, editions: object) -> tuple[Options, str, bool]:
        store = runs.resolve({"run": run, "edition": edition_in(editions, run)}).store
        return class_options(store), "0", store.shown_class is None

    app.clientside_callback(
        ClientsideFunction("hsvis", "view"),
        Output(ids.VIEW, "data"),
        Input(ids.RUN_SELECT, "value"),
        Input(ids.LAYER_SELECT, "value"),
        Input(ids.PROJECTION_SELECT, "value"),
        Input(ids.PALETTE_SELECT, "value"),
        Input(ids.THEME_TOGGLE, "n_clicks"),
        Input(ids.SYSTEM_THEME, "data"),
        Input(ids.TYPE_SCALE, "data"),
        Input(ids.CLASS_SELECT, "value"),
        State(ids.EDITIONS, "data"),
    )
