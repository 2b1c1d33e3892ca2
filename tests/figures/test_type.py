"""Type in figures grows with the page's, and so do the margins that hold it."""

import json
from dataclasses import replace

import pytest
from figure_example import Example

from hsvis.catalogue.runs import Runs
from hsvis.figures.board import run_figures
from hsvis.figures.style.theme import DARK, LIGHT, Theme, empty
from hsvis.run.store import StateStore


def sizes(value: object, path: str = "") -> dict[str, float]:
    """Sizes of type by where they stand."""
    if isinstance(value, dict):
        found = {}
        for key, inner in value.items():
            is_type = key == "size" and path.rpartition(".")[2] in ("font", "tickfont", "textfont")
            found |= {path: inner} if is_type else sizes(inner, f"{path}.{key}")
        return found
    if isinstance(value, list):
        return {
            where: size for k, one in enumerate(value) for where, size in sizes(one, f"{path}[{k}]").items()
        }
    return {}


@pytest.mark.parametrize("n_classes", [2, 5, 13])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_all_type_and_margins_of_all_figures_have_the_scale_of_the_theme(
    n_classes: int, theme: Theme
) -> None:
    looks = [theme, replace(theme, type_scale=1.5)]
    figures = [{**Example(30, n_classes, look).all(), "empty": empty("Nothing.", look)} for look in looks]
    for name, ordinary in figures[0].items():
        plain, larger = (json.loads(one.to_json()) for one in (ordinary, figures[1][name]))
        small, large = sizes(plain), sizes(larger)
        assert small.keys() == large.keys()
        assert small
        for where, size in small.items():
            assert large[where] == pytest.approx(1.5 * size), f"{name} {where}"
        for side in "lrtb":
            wide = 1.5 * plain["layout"]["margin"][side]
            assert larger["layout"]["margin"][side] == pytest.approx(wide, abs=0.51), name


@pytest.mark.parametrize(
    ("asked", "scale"),
    [({"scale": 1.15}, 1.15), ({}, 1), ({"scale": "2"}, 1), ({"scale": True}, 1), ({"scale": 1e9}, 3)]
    + [({"scale": value}, 1) for value in (float("nan"), None, [2], float("inf"))],
)
def test_a_view_has_the_scale_that_the_page_asks_for_within_reason(
    demo_store: StateStore, asked: dict[str, object], scale: float
) -> None:
    view = Runs([demo_store]).resolve(asked)
    assert view.theme.type_scale == scale
    assert run_figures(view).confusion_matrix.layout.font.size == pytest.approx(11 * scale, abs=0.06)
