"""How often the model is right in each group of a kept column: folds out beneath the facts of the run."""

import json

from dash import dcc, html
from dash.development.base_component import Component

from hsvis.dashboard.content.groups import MISSING_TEST, Group, groups_of
from hsvis.dashboard.page import ids
from hsvis.dashboard.page.parts import export
from hsvis.dashboard.page.settings import colour_columns
from hsvis.dashboard.page.wording import percent
from hsvis.figures.view import View
from hsvis.run.columns import Column, column_named
from hsvis.run.store import StateStore

MOST = 40  # groups that are listed


def group_panel(view: View) -> Component:
    """Hidden of a run that keeps no column; assets/views/classes/groups.mjs filters by what is clicked."""
    columns = view.store.columns
    menu = dcc.Dropdown(
        id=ids.GROUP_COLUMN,
        className="small-select",
        options=colour_columns(view),
        value=columns[0].name if columns else None,
        clearable=False,
        searchable=False,
    )
    return html.Details(
        [
            html.Summary("By group"),
            html.Div(
                [html.Label("Column", htmlFor=ids.GROUP_COLUMN), menu, export(ids.GROUPS, "Groups")],
                className="group-choice",
            ),
            html.Div(group_list(view.store, columns[0].name if columns else None), id=ids.GROUPS),
        ],
        id=ids.GROUP_PANEL,
        className="group-panel",
        hidden=not columns or view.store.numbers is not None,  # it is about right and wrong
    )


def group_list(store: StateStore, name: object) -> list[Component]:
    """A line for each group of a column: sequences, share answered right, its interval, share of errors."""
    column = column_named(store.columns, name) if isinstance(name, str) else None
    if column is None:
        return []
    groups = groups_of(store, column)
    n_errors = sum(one.counts.wrong for one in groups)
    last = groups[-1:] if groups and groups[-1].test == MISSING_TEST else []
    listed = groups if len(groups) <= MOST else [*groups[: MOST - 1], *last]
    head = html.Div(
        [
            html.Span(""),
            html.Span("n", title="Sequences"),
            html.Span("correct", title="Share of those with a label that are answered right"),
            html.Span(
                "95 %", title="Interval of that share (Wilson); none of steps, which depend on each other"
            ),
            html.Span("errors", title="Share of all errors of the run"),
        ],
        className="group-head",
    )
    lines = [head, *(_line(one, column, n_errors) for one in listed)]
    if len(listed) < len(groups):
        more = f"{len(groups) - len(listed):,} more groups, with fewer sequences: filter the table by them"
        lines.append(html.P(more))
    return lines


def _line(group: Group, column: Column, n_errors: int) -> Component:
    counts = group.counts
    right = None if counts.error_rate is None else 1 - counts.error_rate
    interval = "–"
    if counts.interval is not None:
        low, high = (100 * (1 - end) for end in reversed(counts.interval))
        interval = f"{low:.0f}–{high:.0f}"
    errors = percent(counts.wrong / n_errors, 0) if n_errors else "–"
    told = (
        f"{column.name}: {group.label}. {counts.sequences:,} sequences, {counts.wrong:,} of {counts.known:,} "
        "labels misclassified. A click keeps them; another lets them go."
    )
    return html.Button(
        [
            html.Span(group.label, dir="auto"),
            html.Span(f"{counts.sequences:,}"),
            html.Span(percent(right)),
            html.Span(interval),
            html.Span(errors),
        ],
        type="button",
        title=told,
        **{
            "data-column": column.name,
            "data-test": json.dumps(group.test),
            "aria-pressed": "false",
        },
    )
