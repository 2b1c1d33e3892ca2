"""Choosing what is shown: run, layer, projection, theme."""

from dash import ClientsideFunction, Dash, Input, Output, State

from hsvis.dashboard import ids
from hsvis.dashboard.runs import Runs
from hsvis.store import StateStore

Options = list[dict[str, str]]


def run_options(runs: Runs) -> Options:
    return [{"label": store.name, "value": store.name} for store in runs]


def layer_options(store: StateStore) -> Options:
    return [{"label": layer, "value": layer} for layer in store.layers]


def projection_options(store: StateStore, layer: str) -> Options:
    return [{"label": one.label, "value": one.name} for one in store.projections(layer)]


def choices(runs: Runs, run: str, layer: str, projection: str) -> tuple[Options, str, Options, str]:
    """Options and value of layer and projection after a choice; what still exists stays chosen."""
    view = runs.resolve({"run": run, "layer": layer, "projection": projection})
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
        prevent_initial_call=True,
    )
    def _(run: str, layer: str, projection: str) -> tuple[Options, str, Options, str]:
        return choices(runs, run, layer, projection)

    app.clientside_callback(
        ClientsideFunction("hsvis", "view"),
        Output(ids.VIEW, "data"),
        Input(ids.RUN_SELECT, "value"),
        Input(ids.LAYER_SELECT, "value"),
        Input(ids.PROJECTION_SELECT, "value"),
        Input(ids.PALETTE_SELECT, "value"),
        Input(ids.THEME_TOGGLE, "n_clicks"),
        Input(ids.SYSTEM_THEME, "data"),
    )
