"""What the page says of a run whose model answers a number."""

import numpy as np
from dash import html
from dash.development.base_component import Component

from hsvis.corpus.targets.judging import errors_of
from hsvis.dashboard.page.wording import count
from hsvis.run.store import StateStore

NAMES = {
    "mae": ("MAE", "Mean absolute error: how far answers are from labels on average"),
    "rmse": ("RMSE", "Root of the mean squared error"),
    "r2": (
        "R²",
        "Share of the variance of the labels that the answers explain; none of a label that never changes",
    ),
}


def number_facts(store: StateStore) -> list[tuple[str, str, str, str]]:
    """Errors in place of accuracies: of what is shown, and of the whole test split."""
    numbers = store.numbers
    assert numbers is not None
    known = ~np.isnan(numbers.truth)
    found = errors_of(numbers.answers[known], numbers.truth[known])
    n_known = int(known.sum())
    note = f"shown: {n_known:,} with a label" if n_known else "shown: no labels"
    return [
        ("shown-accuracy", written(found["mae"]), "MAE", note),
        ("test-accuracy", written(store.manifest.test_errors.get("mae")), "MAE", "whole test split"),
    ]


def error_list(store: StateStore) -> list[Component]:
    """All three measures, of what is shown and of the whole test split."""
    numbers = store.numbers
    assert numbers is not None
    known = ~np.isnan(numbers.truth)
    shown, split = errors_of(numbers.answers[known], numbers.truth[known]), store.manifest.test_errors
    rows = [
        html.Tr([html.Th(name, title=told), html.Td(written(shown[key])), html.Td(written(split.get(key)))])
        for key, (name, told) in NAMES.items()
    ]
    n_without = int((~known).sum())
    more = [html.P(f"{count(n_without, 'sequence')} without a label")] if n_without else []
    head = html.Tr([html.Th(""), html.Th("shown"), html.Th("test split")])
    return [html.Table([html.Thead(head), html.Tbody(rows)], className="errors"), *more]


def written(value: float | None) -> str:
    """A number as the page shows it; a dash for none."""
    return "–" if value is None or np.isnan(value) else f"{value:.4g}"


def answered_numbers(store: StateStore, index: int) -> tuple[str, str, str]:
    """Label, answer and error of a sequence."""
    numbers = store.numbers
    assert numbers is not None
    error = float(numbers.errors[index])
    signed = "–" if np.isnan(error) else f"{error:+.4g}"
    return written(float(numbers.truth[index])), written(float(numbers.answers[index])), signed
