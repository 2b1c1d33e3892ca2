"""What the page says in words of a language model's run, and of a sequence that it read."""

from dash import html
from dash.development.base_component import Component

from hsvis.dashboard.page.wording import count, percent
from hsvis.figures.language.top_tokens import shown_rows
from hsvis.figures.view import View
from hsvis.models.protocol import perplexity
from hsvis.run.language.next_tokens import Expected
from hsvis.run.records import Sequence
from hsvis.run.store import StateStore
from hsvis.run.verdicts import RIGHT


def number(value: float | None) -> str:
    """A perplexity, to four digits."""
    return "–" if value is None else f"{value:,.4g}" if value < 10_000 else f"{value:,.0f}"


def language_facts(store: StateStore, expected: Expected) -> list[tuple[str, str, str, str]]:
    """Name, value, unit and note of each of the run's facts."""
    known = int((expected.next.labels >= 0).sum())
    n_right = int((store.verdicts.each == RIGHT).sum())
    of_test = store.manifest.language.perplexity if store.manifest.language else None
    shares = f"{n_right:,} of {known:,} shown; test {percent(store.test_accuracy)}"
    return [
        ("sequences", f"{store.n_sequences:,}", "sequences", count(store.n_states, "state")),
        ("shown-accuracy", percent(store.verdicts.accuracy), "first choice", shares),
        (
            "test-accuracy", number(expected.perplexity), "perplexity",
            f"of {len(expected.vocabulary):,}; test {number(of_test)}",
        ),
    ]  # fmt: skip


def language_legend(view: View, expected: Expected) -> list[Component]:
    """What the colour of a step tells: the rank of what came next."""
    entries = len(expected.vocabulary)
    middle = round(entries**0.5)
    title = (
        "The colour of a step is the rank of the token that came next, on a logarithmic scale; grey is rank "
        f"{middle:,}, or a step after which none is known"
    )
    answers = [
        html.Span("first choice", className="answer right"),
        html.Span("missed", className="answer"),
        html.Span("no next token", className="answer unknown"),
    ]
    ends = (f"rank {entries:,}", "rank 1")
    low, high = (
        html.Span(end, className="class-name", style={"--class": f"var(--class-{k})"}, title=title)
        for k, end in enumerate(ends)
    )
    return [*answers, low, html.Span(className="gradient diverging", title=title), high]


def sequence_facts(sequence: Sequence, expected: Expected) -> tuple[str, list[Component]]:
    """How many steps of a sequence are right, in words, and its perplexity."""
    known = expected.next.labels >= 0
    n_known, n_right = int(known.sum()), int((expected.next.ranks == 1).sum())
    verdict = f"{n_right:,} of {count(n_known, 'next token')} right" if n_known else "No next token is known"
    found = perplexity(expected.next.surprisals)
    facts = [] if found is None else [html.Span(["perplexity ", html.Strong(number(found))])]
    return verdict, facts


def language_style(expected: Expected) -> dict[str, str]:
    """Rooms of the views that take the place of those of classes."""
    rows = str(shown_rows(expected.ep.shape[1], 1) + 2)
    return {"--n-classes": rows, "--most-rows": rows, "--matrix-rows": "9"}
