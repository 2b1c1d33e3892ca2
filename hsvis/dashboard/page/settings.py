"""The panel of the display options."""

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from hsvis.dashboard.page import ids
from hsvis.dashboard.page.facts import palette_note
from hsvis.dashboard.page.options import BY_ID, Option
from hsvis.figures.style.theme import PALETTES
from hsvis.figures.view import View


def settings(view: View) -> Component:
    """Folds away; the rows are those of `options.OPTIONS`, and the palette."""
    sections = [
        _section(
            "Words at steps",
            [
                _row(ids.JUMP_WORDS, ids.DISTANCE_THRESHOLD),
                _row(ids.CHANGE_WORDS, ids.CHANGE_THRESHOLD),
                _row(ids.CHANGE_CLASS),
                _row(ids.FLIP_WORDS),
            ],
            view,
        ),
        _section(
            "States",
            [
                _row(ids.STATE_COLOUR, ids.COLOUR_COLUMN),
                _row(ids.STATE_DRAWING),
                _row(ids.FADE),
                _row(ids.MARKS),
                _row(ids.STATE_SIZE),
            ],
            view,
        ),
        _section(
            "Trajectory",
            [_row(ids.TRAJECTORY_COLOUR), _row(ids.TRAJECTORY_WIDTH), _row(ids.LINE_WIDTH)],
            view,
        ),
        _section("Views", [_row(ids.UNIT_ORDER), _row(ids.MATRIX_NUMBERS)], view),
    ]
    palette = html.Div(
        className="setting",
        children=[
            html.Label("Palette", htmlFor=ids.PALETTE_SELECT, title="Colours of the classes"),
            dcc.RadioItems(
                id=ids.PALETTE_SELECT,
                className="choices",
                options=_pairs(PALETTES),
                value=PALETTES[0][0],
                inline=True,
            ),
        ],
    )
    note = html.P(palette_note(view), id=ids.PALETTE_NOTE, className="setting-note")
    sections[-1].children += [palette, note]
    reset = html.Button("Reset all", id=ids.RESET_OPTIONS, className="quiet", type="button")
    return html.Details(
        id=ids.SETTINGS,
        className="card settings",
        open=True,
        children=[
            html.Summary(html.H2("Settings")),
            html.Div([*sections, reset], className="setting-sections"),
        ],
    )


def change_classes(view: View) -> list[dict[str, str]]:
    """The choices of the class whose confidence has to change."""
    # one of two EPs changes as much as the other; what comes next is no class
    is_one = view.store.whole is not view.store or view.store.expected is not None
    names = [{"label": name, "value": str(k)} for k, name in enumerate(view.store.classes) if not is_one]
    return [{"label": "any class", "value": "any"}, *names]


def state_colours(view: View) -> list[dict[str, str]]:
    """What can colour the states of a run: a column only where it keeps some."""
    pairs = _pairs(BY_ID[ids.STATE_COLOUR].choices)
    if view.store.expected is not None:
        named = {"ep": "rank of the next token", "correct": "first choice"}
        pairs = [one | {"label": named.get(one["value"], one["label"])} for one in pairs]
        pairs = [one for one in pairs if one["value"] != "class"]
    if view.store.numbers is not None:
        names = {"ep": "answer", "class": "label", "correct": "error"}
        pairs = [one | {"label": names.get(one["value"], one["label"])} for one in pairs]
    return pairs if view.store.columns else [one for one in pairs if one["value"] != "column"]


def colour_columns(view: View) -> list[dict[str, str]]:
    """The kept columns that can colour the states."""
    return [{"label": one.name, "value": one.name} for one in view.store.columns]


def _row(*options: str) -> tuple[str, ...]:
    return options


def _section(title: str, rows: list[tuple[str, ...]], view: View) -> Component:
    lines = []
    for row in rows:
        first = BY_ID[row[0]]
        controls = [_control(BY_ID[option], view) for option in row]
        label = html.Label(first.label, htmlFor=first.id, title=first.help)
        lines.append(html.Div([label, *controls], className=f"setting row-{first.id}"))
    return html.Section([html.H3(title), *lines])


def _control(option: Option, view: View) -> Component:
    if option.reach is not None:
        return _slider(option)
    if option.id == ids.CHANGE_CLASS:
        return dcc.Dropdown(
            id=option.id,
            className="small-select",
            options=change_classes(view),
            value=option.default,
            clearable=False,
            searchable=False,
        )
    if option.id == ids.COLOUR_COLUMN:  # shown where it counts: assets/panels/settings.mjs
        names = [one["label"] for one in colour_columns(view)]
        menu = dcc.Dropdown(
            id=option.id,
            className="small-select",
            options=colour_columns(view),
            value=option.default,
            placeholder=next(iter(names), ""),
            clearable=False,
            searchable=False,
        )
        return html.Div(menu, className="column-choice", hidden=True)
    more: dict[str, Any] = {"options": _pairs(option.choices), "value": option.default, "inline": True}
    if option.id == ids.STATE_COLOUR:
        more["options"] = state_colours(view)
    kind = dcc.Checklist if isinstance(option.default, list) else dcc.RadioItems
    return kind(id=option.id, className="choices", **more)


def _slider(option: Option) -> Component:
    low, high, step = option.reach or (0, 1, 0.01)
    slider = dcc.Slider(
        id=option.id,
        min=low,
        max=high,
        step=step,
        value=option.default,
        marks=None,
        updatemode="drag",
        allow_direct_input=False,
    )
    value = html.Span(f"{option.default:.2f}", className="number", **{"data-value-of": option.id})
    return html.Div([slider, value], className="slider", title=option.help, **{"aria-label": option.label})


def _pairs(choices: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"value": value, "label": label} for value, label in choices]
