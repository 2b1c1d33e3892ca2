"""What the page says of a run of several independent classes, of which it shows one at a time."""

from dash import html
from dash.development.base_component import Component

from hsvis.analysis.independent import count_classes
from hsvis.corpus.targets.judging import THRESHOLD, chosen
from hsvis.dashboard.page.wording import count, listed, percent
from hsvis.run.store import StateStore

MOST_CLASSES = 500  # that are listed


def class_list(store: StateStore) -> list[Component]:
    """A line for each class: how many sequences have it, how many are answered with it, and how many of these
    rightly.  Each is a button that shows its class: assets/views/classes/overview.mjs.

    Args:
        store: of the class that is shown.
    """
    whole = store.whole
    assert whole.targets is not None
    counts = count_classes(whole.targets, chosen(whole.last_ep))
    head = html.Div(
        [
            html.Span(""),
            html.Span("labelled", title="Sequences that have the class"),
            html.Span("answered", title=f"Sequences whose EP of the class ends at {THRESHOLD} or more"),
            html.Span("precision", title="Share of those answered with the class that have it"),
            html.Span("recall", title="Share of those that have the class that are answered with it"),
        ],
        className="class-head",
    )
    lines = [
        html.Button(
            [
                html.Span(name, dir="auto"),
                html.Span(f"{one.labelled:,}"),
                html.Span(f"{one.answered:,}"),
                html.Span(percent(one.precision, 0)),
                html.Span(percent(one.recall, 0)),
            ],
            type="button",
            title=f"Shows {name}: its curve, its colours, its errors",
            **{"data-class": str(k), "aria-pressed": str(k == store.shown_class).lower()},
        )
        for k, (name, one) in enumerate(zip(whole.classes, counts, strict=True))
    ]
    more = f"{count(len(lines) - MOST_CLASSES, 'more class')}" if len(lines) > MOST_CLASSES else ""
    shown = [html.Li(one) for one in lines[:MOST_CLASSES]]
    return [head, html.Ol(shown), *([html.P(more)] if more else [])]


def exact_facts(store: StateStore) -> tuple[str, str]:
    """How many sequences are answered right in all classes, of those with labels: a share, and a note."""
    verdicts = store.whole.verdicts
    n_known = int(verdicts.n_known.sum())
    note = f"shown: {int(verdicts.n_right.sum()):,} of {n_known:,}" if n_known else "shown: no labels"
    return percent(verdicts.accuracy), note


def answered_facts(store: StateStore, index: int) -> tuple[str, str, str, str]:
    """Labels and answers of a sequence as lists, what the verdict on all of them is, and how it looks."""
    whole = store.whole
    assert whole.targets is not None
    target, said = whole.targets[index], chosen(whole.last_ep[index])
    names = whole.classes
    answered = listed(names[k] for k in said.nonzero()[0].tolist())
    if target[0] < 0:
        return "no labels", answered, "Not labelled", "unlabelled"
    labels = listed(names[k] for k in (target > 0).nonzero()[0].tolist())
    n_wrong = int((said != (target > 0)).sum())
    if not n_wrong:
        return labels, answered, "Correct in all classes", "correct"
    return labels, answered, f"Wrong in {n_wrong:,} of {count(len(names), 'class')}", "wrong"
