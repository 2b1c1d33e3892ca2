"""The page: a header and three areas.  Nothing here depends on what is shown, but for the first choice."""

from typing import Any

import dash_ag_grid
from dash import dcc, html
from dash.development.base_component import Component

from hsvis.dashboard import ids
from hsvis.dashboard.callbacks.choice import layer_options, projection_options, run_options
from hsvis.dashboard.callbacks.overview import dataset_info, legend, page_style, projection_info, table_rows
from hsvis.dashboard.callbacks.projection import projection_figure
from hsvis.dashboard.callbacks.sequence import nothing_selected
from hsvis.dashboard.clouds import Clouds
from hsvis.dashboard.runs import Runs, View
from hsvis.figures.theme import LIGHT, empty

SMALL_FIGURE = {"displayModeBar": False, "displaylogo": False}
NO_ROWS = "No sequence matches the filters"
PROJECTION_FIGURE = {
    "displaylogo": False,
    "displayModeBar": False,
    "scrollZoom": True,
    "doubleClick": False,  # assets/projection.js resets to the whole cloud
}


def page(runs: Runs, clouds: Clouds) -> Component:
    """Everything inside the body, opened at the first run."""
    view = runs.resolve(None)
    return html.Div(
        id=ids.PAGE,
        className="page",
        style=page_style(view),
        children=[
            _header(runs, view),
            html.Main(className="areas", children=[_left(view), _centre(view, clouds), _right(view)]),
            *(dcc.Store(id=store) for store in (*ids.STORES, ids.PICK, ids.SYSTEM_THEME)),
        ],
    )


def _header(runs: Runs, view: View) -> Component:
    toggle = html.Button(
        id=ids.THEME_TOGGLE,
        className="theme-toggle",
        type="button",
        title="Light or dark",
        **{"aria-label": "Switch between light and dark"},
    )
    return html.Header(
        className="bar",
        children=[
            html.H1("hsvis", title="Hidden states of recurrent networks"),
            _select("Run", ids.RUN_SELECT, run_options(runs), view.store.name),
            _select("Layer", ids.LAYER_SELECT, layer_options(view.store), view.layer),
            _select(
                "Projection",
                ids.PROJECTION_SELECT,
                projection_options(view.store, view.layer),
                view.projection.name,
            ),
            html.Div(className="stretch"),
            toggle,
        ],
    )


def _select(label: str, select: str, options: list[dict[str, str]], value: str) -> Component:
    menu = dcc.Dropdown(id=select, options=options, value=value, clearable=False, searchable=False)
    return html.Div(className=f"choice {select}", children=[html.Label(label, htmlFor=select), menu])


def _left(view: View) -> Component:
    overview = html.Section(
        className="card overview",
        children=[
            html.Div(dataset_info(view.store), id=ids.DATASET_INFO, className="dataset-info"),
            html.Div(
                className="pair",
                children=[
                    _figure("Sequences per class", ids.CLASS_OVERVIEW),
                    _figure("Actual × predicted", ids.CONFUSION_MATRIX),
                ],
            ),
        ],
    )
    details = html.Section(
        id=ids.DETAILS,
        className="card details",
        children=[
            html.Div(nothing_selected(), id=ids.SEQUENCE_INFO, className="sequence-info"),
            html.Div(
                id=ids.TOKEN_STRIP,
                className="token-strip",
                dir="auto",
                role="region",
                tabIndex="0",  # the arrow keys scroll a long text
                **{"aria-label": "The sequence as text"},
            ),
            _figure("Expected prediction", ids.EP_HEATMAP),
            _figure("Distance to the state before", ids.DISTANCES),
            _figure("Confidence", ids.CONFIDENCE),
            _figure("Unit activity", ids.UNIT_ACTIVITY),
        ],
    )
    return html.Div(className="area left", children=[overview, details])


def _figure(title: str, figure: str) -> Component:
    graph = dcc.Graph(
        id=figure,
        className="figure",
        figure=empty("", LIGHT),
        config=SMALL_FIGURE,
        responsive=True,
    )
    return html.Div(className=f"figure-box {figure}-box", children=[html.H3(title), graph])


def _centre(view: View, clouds: Clouds) -> Component:
    graph = dcc.Graph(
        id=ids.PROJECTION,
        className="figure",
        figure=projection_figure(view, clouds, None),
        config=PROJECTION_FIGURE,
        responsive=True,
    )
    head = html.Div(
        className="card-head",
        children=[
            html.H2("Hidden states"),
            html.Div(projection_info(view), id=ids.PROJECTION_INFO, className="projection-info"),
            html.Div(legend(view), id=ids.LEGEND, className="legend"),
        ],
    )
    hint = "Click a state to select its sequence · scroll to zoom · drag to pan · double click resets"
    return html.Section(
        className="area centre card",
        children=[head, graph, html.Div(hint, className="hint")],
    )


def _right(view: View) -> Component:
    table = html.Section(
        className="card table-card",
        children=[
            html.Div(
                className="card-head",
                children=[html.H2("Sequences"), html.Div(id=ids.TABLE_COUNT, className="count")],
            ),
            _table(view),
        ],
    )
    threshold = dcc.Slider(
        id=ids.DISTANCE_THRESHOLD,
        min=0,
        max=1,
        step=0.01,
        value=0.4,
        marks=None,
        updatemode="drag",
        allow_direct_input=False,
        persistence=True,
        persistence_type="local",
    )
    settings = html.Details(
        className="card settings",
        open=True,
        children=[
            html.Summary(html.H2("Settings")),
            html.Div(
                className="setting",
                children=[
                    html.Label("Jump threshold", htmlFor=ids.DISTANCE_THRESHOLD),
                    threshold,
                    html.Span(id=ids.DISTANCE_THRESHOLD_VALUE, className="number"),
                ],
            ),
        ],
    )
    return html.Div(className="area right", children=[table, settings])


def _table(view: View) -> Component:
    class_column: dict[str, Any] = {"cellRenderer": "ClassName", "width": 86}
    number: dict[str, Any] = {"type": "rightAligned", "filter": "agNumberColumnFilter"}
    columns: list[dict[str, Any]] = [
        {"field": "sequence", "headerName": "Id", "width": 50, **number},
        {"field": "class", "headerName": "Class", **class_column},
        {"field": "classification", "headerName": "Classified", **class_column},
        {
            "field": "correct",
            "headerName": "✓",
            "headerTooltip": "Correct",
            "width": 34,
            "cellRenderer": "Correct",
        },
        {"field": "words", "headerName": "First words", "minWidth": 120, "flex": 1, "tooltipField": "words"},
        {
            "field": "confidence",
            "headerName": "Confid.",
            "headerTooltip": "Confidence: EP of the classification after the last step",
            "width": 72,
            "valueFormatter": {"function": "percent(params.value)"},
            **number,
        },
        {"field": "length", "headerName": "Steps", "width": 58, **number},
    ]
    return dash_ag_grid.AgGrid(
        id=ids.SEQUENCE_TABLE,
        className="table",
        columnDefs=columns,
        defaultColDef={"resizable": True, "sortable": True, "filter": "agTextColumnFilter"},
        getRowId="params.data.sequence.toString()",
        rowData=table_rows(view.store),
        columnSize=None,
        dashGridOptions={
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": False},
            "animateRows": False,
            "headerHeight": 30,
            "rowHeight": 28,
            "suppressCellFocus": False,
            "ensureDomOrder": True,
            "localeText": {"noRowsToShow": NO_ROWS, "noMatchingRows": NO_ROWS},
        },
        style={"height": "100%"},
    )
