"""How the page writes counts, shares and classes."""

from collections.abc import Iterable

from dash import html
from dash.development.base_component import Component

NO_BREAK = "\N{NO-BREAK SPACE}"


def percent(share: float | None, digits: int = 1) -> str:
    """0.8512 as "85.1 %"; a dash where there is nothing to say."""
    return "–" if share is None else f"{100 * share:.{digits}f}{NO_BREAK}%"


def count(number: int, noun: str) -> str:
    """5432 and "state" as "5,432 states"."""
    ending = "" if number == 1 else "es" if noun.endswith("s") else "s"
    return f"{number:,}{NO_BREAK}{noun}{ending}"


def listed(names: Iterable[str]) -> str:
    """Names of classes in a line; a dash for none."""
    return ", ".join(names) or "–"


def class_name(index: int, name: str) -> Component:
    """The name of a class behind a dot in its colour; index -1 for sequences without a label."""
    colour = f"var(--class-{index})" if index >= 0 else "var(--class-unknown)"
    return html.Span(name, className="class-name", style={"--class": colour})
