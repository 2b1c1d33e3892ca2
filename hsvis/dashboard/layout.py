"""The page: a header and three areas.  Nothing here depends on what is shown, but for the first choice."""

from dash import dcc, html
from dash.development.base_component import Component

from hsvis.access import Access, current_user
from hsvis.dashboard import ids, note_panel
from hsvis.dashboard.builds import Builds
from hsvis.dashboard.callbacks.choice import layer_options, projection_options, run_options
from hsvis.dashboard.callbacks.overview import dataset_info, legend, page_style, projection_info
from hsvis.dashboard.callbacks.projection import projection_figure
from hsvis.dashboard.callbacks.sequence import nothing_selected
from hsvis.dashboard.clouds import Clouds
from hsvis.dashboard.options import OPTIONS
from hsvis.dashboard.runs import Runs, View
from hsvis.dashboard.sequence_table import described, sequence_table
from hsvis.dashboard.settings import settings
from hsvis.figures.theme import LIGHT, empty

SMALL_FIGURE = {"displayModeBar": False, "displaylogo": False, "doubleClick": False, "showTips": False}
KEYS = (
    (("↑", "↓"), "previous, next sequence of the table, as it is sorted and filtered"),
    (("←", "→"), "previous, next step of the selected sequence"),
    (("Home", "End"), "first, last step"),
    (("n", "r"), "next, random misclassified sequence"),
    (("s",), "states similar to the pinned step"),
    (("m",), "notes"),
    (("/",), "search the texts"),
    (("Esc",), "let go of the sequence and the step"),
    (("0",), "show all states"),
    (("?",), "this list"),
)
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
            _header(runs, view, builds, access, noting),
            html.Main(
                [_left(view, noting), _centre(view, clouds), _right(runs, view, noting)], className="areas"
            ),
            _keys(noting),
            _runs(),
            _rebuilt(),
            html.Div(id=ids.NOTICE, className="notice", role="status"),
            *(
                dcc.Store(id=store)
                for store in (
                    *ids.STORES,
                    ids.PICK,
                    ids.TOKENS,
                    ids.FILTER_CHANGE,
                    ids.SYSTEM_THEME,
                    ids.GONE,
                )
            ),
            dcc.Store(id=ids.TABLE, data=described(runs, view)),
            dcc.Store(id=ids.EDITIONS, data=editions),
            dcc.Store(id=ids.DEFAULTS, data={option.id: option.default for option in OPTIONS}),
        ],
    )


def _header(runs: Runs, view: View, builds: Builds, access: Access, noting: Access | None) -> Component:
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
            _select("Run", ids.RUN_SELECT, run_options(runs, builds.offers), view.store.name),
            _select("Layer", ids.LAYER_SELECT, layer_options(view.store), view.layer),
            _select(
                "Projection",
                ids.PROJECTION_SELECT,
                projection_options(view.store, view.layer),
                view.projection.name,
            ),
            html.Button(
                "Runs…",
                id=ids.SHOW_RUNS,
                className="button",
                type="button",
                title="Build a run, compute a projection",
                **{
                    "aria-haspopup": "dialog",
                    "data-busy": "true" if builds.is_busy else "false",
                    "data-allowed": "true" if builds.allowed else "false",
                },
            ),
            html.Div(className="stretch"),
            html.Button(
                "Similar states",
                id=ids.SHOW_NEIGHBOURS,
                className="button",
                type="button",
                title="States similar to the pinned step ( s )",
                **{"aria-controls": ids.NEIGHBOURS, "aria-expanded": "false"},
            ),
            *([note_panel.notes_button()] if noting else []),
            _button("Copy link", ids.COPY_LINK, "Copy the address of exactly this view"),
            _button("?", ids.SHOW_KEYS, "Keyboard: ?"),
            toggle,
            *_user(access),
        ],
    )


def _user(access: Access) -> list[Component]:
    """Who is logged in, and the way out; nothing to be seen where nobody has to say who they are."""
    name, way_out = current_user(), _button("Log out", ids.LOG_OUT, "End this session")
    way_out.hidden = access.users is None
    return [html.Span(name, className="user", title=f"You are {name}", hidden=not name), way_out]


def _select(label: str, select: str, options: list[dict[str, str]], value: str) -> Component:
    menu = dcc.Dropdown(id=select, options=options, value=value, clearable=False, searchable=False)
    return html.Div(className=f"choice {select}", children=[html.Label(label, htmlFor=select), menu])


def _left(view: View, noting: Access | None) -> Component:
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
    return html.Div(
        className=f"figure-box {figure}-box",
        children=[
            html.Div([html.H3(title), _export(figure, title)], className="figure-head"),
            _frame(figure, graph),
        ],
    )


def _frame(figure: str, graph: Component) -> Component:
    """A figure with a layer above it, in which the browser shows what the pointer is on."""
    layer = html.Div(className="overlay", **{"data-overlay": figure, "aria-hidden": "true"})
    return html.Div([graph, layer], className="figure-frame", **{"data-frame": figure})


def _export(figure: str, title: str) -> Component:
    label = {"aria-label": f"Export: {title}", "data-export": figure, "aria-haspopup": "menu"}
    return html.Button("⤓", className="quiet export", type="button", title="Export", **label)


def _button(text: str, identity: str, title: str) -> Component:
    return html.Button(text, id=identity, className="button", type="button", title=title)


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
            html.Div(
                className="tools",
                role="toolbar",
                children=[
                    _tool("pan", "Pan", "Drag to pan, scroll to zoom"),
                    _tool("select", "Box", "Drag a box: keeps the sequences with states inside"),
                    _tool("lasso", "Lasso", "Draw around states: keeps the sequences with states inside"),
                    html.Button(
                        "Whole", id=ids.WHOLE, className="tool", type="button", title="Show all states"
                    ),
                    _export(ids.PROJECTION, "Hidden states"),
                ],
            ),
        ],
    )
    hint = "Click a state to select its sequence · scroll to zoom · drag to pan · double click: all · ?: keys"
    return html.Section(
        className="area centre card",
        children=[head, _frame(ids.PROJECTION, graph), html.Div(hint, className="hint")],
    )


def _tool(mode: str, text: str, title: str) -> Component:
    pressed = {"data-mode": mode, "aria-pressed": "true" if mode == "pan" else "false"}
    return html.Button(text, className="tool", type="button", title=title, **pressed)


def _right(runs: Runs, view: View, noting: Access | None) -> Component:
    table = html.Section(
        className="card table-card",
        children=[
            html.Div(
                className="card-head",
                children=[
                    html.H2("Sequences"),
                    *([note_panel.saved_filters_button(save=noting.save)] if noting else []),
                    html.Div(id=ids.TABLE_COUNT, className="count"),
                    _export(ids.SEQUENCE_TABLE, "Sequences"),
                ],
            ),
            _search(),
            html.Div(id=ids.CHIPS, className="chips", **{"aria-label": "Active filters"}),
            html.Div(sequence_table(runs, view.store), id=ids.TABLE_BOX, className="table-box"),
        ],
    )
    notes = [note_panel.note_panel(save=noting.save)] if noting else []
    return html.Div([table, settings(view), *notes, _neighbours()], className="area right")


def _neighbours() -> Component:
    """Closed until it is asked for: assets/panels/neighbours.mjs asks for the states nearest to a step."""
    close = html.Button(
        "Close", id=ids.CLOSE_NEIGHBOURS, className="quiet", type="button", title="Close ( Esc )"
    )
    return html.Section(
        [
            html.Div([html.H2("Similar states"), close], className="card-head"),
            html.Div(id=ids.NEIGHBOURS_OF, className="neighbours-of", role="status"),
            html.Ol(id=ids.NEIGHBOUR_LIST, className="neighbour-list"),
        ],
        id=ids.NEIGHBOURS,
        className="card neighbours",
        hidden=True,
        **{"aria-label": "Similar states"},
    )


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
            _button("Next ✗", ids.NEXT_WRONG, "Select the next misclassified sequence of the table ( n )"),
            _button(
                "Random ✗", ids.RANDOM_WRONG, "Select a random misclassified sequence of the table ( r )"
            ),
        ],
    )


def _keys(noting: Access | None) -> Component:
    there = [(keys, does) for keys, does in KEYS if noting or keys != ("m",)]
    rows = [html.Div([html.Dt([html.Kbd(key) for key in keys]), html.Dd(does)]) for keys, does in there]
    close = html.Button("Close", id=ids.CLOSE_KEYS, className="button", type="button")
    return html.Dialog([html.H2("Keyboard"), html.Dl(rows), close], id=ids.KEYS)


def _rebuilt() -> Component:
    """Hidden until assets/panels/rebuilt.mjs has something to say."""
    show = html.Button("Show the new one", id=ids.SHOW_REBUILT, className="button", type="button")
    later = html.Button("Later", id=ids.HIDE_REBUILT, className="button", type="button")
    return html.Div(
        [html.Span(id=ids.REBUILT_TEXT, role="status"), show, later],
        id=ids.REBUILT,
        className="rebuilt",
        hidden=True,
    )


def _runs() -> Component:
    """Empty until it is opened: assets/panels/runs.mjs asks the server what there is."""
    close = html.Button("Close", id=ids.CLOSE_RUNS, className="button", type="button")
    return html.Dialog(
        [html.H2("Runs and projections"), html.Ul(id=ids.RUN_LIST), html.Div(id=ids.NEW_PROJECTION), close],
        id=ids.RUNS,
        **{"aria-label": "Runs and projections"},
    )
