"""What opens over the page when it is asked for: similar states, keys, runs, news of a rebuilt run."""

from dash import html
from dash.development.base_component import Component

from hsvis.dashboard.page import ids
from hsvis.web.access import Access

KEYS = (
    (("↑", "↓"), "previous, next sequence of the table, as it is sorted and filtered"),
    (("←", "→"), "previous, next step of the selected sequence"),
    (("Home", "End"), "first, last step"),
    (("n", "r"), "next, random misclassified sequence"),
    (("s",), "states similar to the pinned step"),
    (("m",), "notes"),
    (("/",), "search the texts"),
    (("Enter",), "in the table: select the row, sort by the head (Ctrl+Enter: its filter)"),
    (("Esc",), "let go of the sequence and the step"),
    (("0",), "show all states"),
    (("?",), "this list"),
)


def neighbours() -> Component:
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


def keys(noting: Access | None) -> Component:
    there = [(keys, does) for keys, does in KEYS if noting or keys != ("m",)]
    rows = [html.Div([html.Dt([html.Kbd(key) for key in keys]), html.Dd(does)]) for keys, does in there]
    close = html.Button("Close", id=ids.CLOSE_KEYS, className="button", type="button")
    return html.Dialog([html.H2("Keyboard"), html.Dl(rows), close], id=ids.KEYS)


def rebuilt() -> Component:
    """Hidden until assets/panels/rebuilt.mjs has something to say."""
    show = html.Button("Show the new one", id=ids.SHOW_REBUILT, className="button", type="button")
    later = html.Button("Later", id=ids.HIDE_REBUILT, className="button", type="button")
    return html.Div(
        [html.Span(id=ids.REBUILT_TEXT, role="status"), show, later],
        id=ids.REBUILT,
        className="rebuilt",
        hidden=True,
    )


def run_dialog() -> Component:
    """Empty until it is opened: assets/panels/runs.mjs asks the server what there is."""
    close = html.Button("Close", id=ids.CLOSE_RUNS, className="button", type="button")
    return html.Dialog(
        [html.H2("Runs and projections"), html.Ul(id=ids.RUN_LIST), html.Div(id=ids.NEW_PROJECTION), close],
        id=ids.RUNS,
        **{"aria-label": "Runs and projections"},
    )
