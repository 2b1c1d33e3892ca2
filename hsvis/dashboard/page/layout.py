"""The page: a header and three areas.  Nothing here depends on what is shown, but for the first choice."""

from dash import dcc, html
from dash.development.base_component import Component

from hsvis.catalogue.jobs import Builds
from hsvis.catalogue.runs import Runs
from hsvis.dashboard.content.clouds import Clouds
from hsvis.dashboard.page import ids, note_panel
from hsvis.dashboard.page.facts import (
    confused_list,
    dataset_info,
    legend,
    nothing_selected,
    page_style,
    projection_info,
)
from hsvis.dashboard.page.group_panel import group_panel
from hsvis.dashboard.page.header import header
from hsvis.dashboard.page.options import OPTIONS
from hsvis.dashboard.page.panels import keys, neighbours, rebuilt, run_dialog
from hsvis.dashboard.page.parts import button, export, figure, frame, tool
from hsvis.dashboard.page.sequence_table import sequence_table, table_facts
from hsvis.dashboard.page.settings import settings
from hsvis.figures.board import projection_figure
from hsvis.figures.view import View
from hsvis.web.access import Access

PROJECTION_FIGURE = {
    "displaylogo": False,
    "displayModeBar": False,
    "scrollZoom": True,
    "doubleClick": False,  # assets/views/cloud.mjs resets to the whole cloud
    "showTips": False,
}


def page(
    runs: Runs, clouds: Clouds, builds: Builds, access: Access, noting: Access | None = None
) -> Component:
    """Everything inside the body, opened at the first run.

    Args:
        noting: what people may do with notes and saved filters; None = there are none.
    """
    editions = runs.editions()  # first: what is put in from now on is not on this page
    run, edition = next(iter(editions.items()))
    view = runs.resolve({"run": run, "edition": edition})
    return html.Div(
        id=ids.PAGE,
        className="page",
        style=page_style(view),
        children=[
            header(runs, view, builds, access, noting),
            html.Main(
                [_left(view, noting), _centre(view, clouds), _right(runs, view, noting)], className="areas"
            ),
            keys(noting),
            run_dialog(),
            rebuilt(),
            html.Div(id=ids.NOTICE, className="notice", role="status"),
            *(
                dcc.Store(id=store)
                for store in (
                    *ids.STORES,
                    ids.PICK,
                    ids.TOKENS,
                    ids.FILTER_CHANGE,
                    ids.SYSTEM_THEME,
                    ids.TYPE_SCALE,
                    ids.GONE,
                )
            ),
            dcc.Store(id=ids.TABLE, data=table_facts(runs, view)),
            dcc.Store(id=ids.EDITIONS, data=editions),
            dcc.Store(id=ids.DEFAULTS, data={option.id: option.default for option in OPTIONS}),
        ],
    )


def _left(view: View, noting: Access | None) -> Component:
    overview = html.Section(
        className="card overview",
        children=[
            html.Div(dataset_info(view.store), id=ids.DATASET_INFO, className="dataset-info"),
            group_panel(view),
            html.Div(
                className="pair",
                children=[
                    figure("Classes", ids.CLASS_OVERVIEW),
                    figure("Actual × predicted", ids.CONFUSION_MATRIX),
                ],
            ),
            html.Div(confused_list(view.store), id=ids.CONFUSED, className="confused"),
        ],
    )
    about = html.Div(nothing_selected(), id=ids.SEQUENCE_INFO, className="sequence-info")
    details = html.Section(
        id=ids.DETAILS,
        className="card details",
        children=[
            html.Div([about, *([note_panel.note_mark()] if noting else [])], className="about"),
            html.Div(
                id=ids.TOKEN_STRIP,
                className="token-strip",
                dir="auto",
                role="region",
                tabIndex="0",
                **{"aria-label": "The sequence as text"},
            ),
            figure("Expected prediction", ids.EP_HEATMAP),
            figure("Distance to the state before", ids.DISTANCES),
            figure("Confidence", ids.CONFIDENCE),
            figure("Unit activity", ids.UNIT_ACTIVITY),
        ],
    )
    return html.Div(className="area left", children=[overview, details])


def _centre(view: View, clouds: Clouds) -> Component:
    graph = dcc.Graph(
        id=ids.PROJECTION,
        className="figure",
        figure=projection_figure(view, clouds.bounds(view)),
        config=PROJECTION_FIGURE,
        responsive=True,
    )
    head = html.Div(
        className="card-head",
        children=[
            html.H2("Hidden states"),
            html.Div(projection_info(view), id=ids.PROJECTION_INFO, className="projection-info"),
            html.Div(
                [
                    html.Div(legend(view), id=ids.LEGEND, className="legend"),
                    html.Div(id=ids.SCALE, className="scale", role="status"),
                ],
                className="legends",
            ),
            html.Div(
                className="tools",
                role="toolbar",
                children=[
                    tool("pan", "Pan", "Drag to pan, scroll to zoom"),
                    tool("select", "Box", "Drag a box: keeps the sequences with states inside"),
                    tool("lasso", "Lasso", "Draw around states: keeps the sequences with states inside"),
                    html.Button(
                        "Whole", id=ids.WHOLE, className="tool", type="button", title="Show all states"
                    ),
                    html.Button(
                        "Cells",
                        id=ids.DRAW_CELLS,
                        className="tool",
                        type="button",
                        title="Cells of a few pixels in place of dots: how many states there are",
                        **{"aria-pressed": "false"},
                    ),
                    export(ids.PROJECTION, "Hidden states"),
                ],
            ),
        ],
    )
    hint = "Click a state to select its sequence · scroll to zoom · drag to pan · double click: all · ?: keys"
    return html.Section(
        className="area centre card",
        children=[head, frame(ids.PROJECTION, graph), html.Div(hint, className="hint")],
    )


def _right(runs: Runs, view: View, noting: Access | None) -> Component:
    table = html.Section(
        className="card table-card",
        children=[
            html.Div(
                className="card-head",
                children=[
                    html.H2("Sequences"),
                    *([note_panel.saved_filters_button(save=noting.save)] if noting else []),
                    html.Button(
                        [html.Span("Columns"), html.Span("⋯")],  # the latter where there is little room
                        id=ids.CHOOSE_COLUMNS,
                        className="quiet",
                        type="button",
                        title="Which columns of the dataset the table shows",
                        hidden=not view.store.columns,
                        **{
                            "aria-label": "Columns of the dataset",
                            "aria-haspopup": "dialog",
                            "aria-expanded": "false",
                        },
                    ),
                    html.Div(id=ids.TABLE_COUNT, className="count"),
                    export(ids.SEQUENCE_TABLE, "Sequences"),
                ],
            ),
            _search(),
            html.Div(id=ids.CHIPS, className="chips", **{"aria-label": "Active filters"}),
            html.Div(sequence_table(runs, view.store), id=ids.TABLE_BOX, className="table-box"),
        ],
    )
    notes = [note_panel.note_panel(save=noting.save)] if noting else []
    return html.Div([table, settings(view), *notes, neighbours()], className="area right")


def _search() -> Component:
    search = dcc.Input(
        id=ids.SEARCH,
        type="search",
        className="search",
        placeholder="Search the texts  ( / )",
        debounce=0.25,
        maxLength=200,
        autoComplete="off",
    )
    return html.Div(
        className="table-tools",
        children=[
            html.Label(
                search, className="search-box", title="Search the texts", **{"aria-label": "Search the texts"}
            ),
            button("Next ✗", ids.NEXT_WRONG, "Select the next misclassified sequence of the table ( n )"),
            button("Random ✗", ids.RANDOM_WRONG, "Select a random misclassified sequence of the table ( r )"),
        ],
    )
