"""The parts that the page is put together of: figures in their frames, buttons, selects."""

from dash import dcc, html
from dash.development.base_component import Component

from hsvis.figures.style.theme import LIGHT, empty

SMALL_FIGURE = {"displayModeBar": False, "displaylogo": False, "doubleClick": False, "showTips": False}


def figure(title: str, figure: str) -> Component:
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
            html.Div(
                [html.H3(title, **{"data-title-of": figure}), export(figure, title)], className="figure-head"
            ),
            frame(figure, graph),
        ],
    )


def frame(figure: str, graph: Component) -> Component:
    """A figure with a layer above it, in which the browser shows what the pointer is on."""
    layer = html.Div(className="overlay", **{"data-overlay": figure, "aria-hidden": "true"})
    return html.Div([graph, layer], className="figure-frame", **{"data-frame": figure})


def export(figure: str, title: str) -> Component:
    label = {"aria-label": f"Export: {title}", "data-export": figure, "aria-haspopup": "menu"}
    return html.Button("⤓", className="quiet export", type="button", title="Export", **label)


def button(text: str, identity: str, title: str) -> Component:
    return html.Button(text, id=identity, className="button", type="button", title=title)


def tool(mode: str, text: str, title: str) -> Component:
    pressed = {"data-mode": mode, "aria-pressed": "true" if mode == "pan" else "false"}
    return html.Button(text, className="tool", type="button", title=title, **pressed)


def select(label: str, identity: str, options: list[dict[str, str]], value: str) -> Component:
    menu = dcc.Dropdown(id=identity, options=options, value=value, clearable=False, searchable=False)
    return html.Div(className=f"choice {identity}", children=[html.Label(label, htmlFor=identity), menu])
