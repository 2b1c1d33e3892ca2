"""The first classes can be told apart by all eyes, and what is said of a palette holds."""

import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from coloraide.everything import ColorAll as Color

from hsvis.figures.style.apart import FLOORS, differences, told_apart
from hsvis.figures.style.colour import contrast, linear, rgb
from hsvis.figures.style.theme import DARK, LIGHT, PALETTES, Palette, Theme, ep_strength, palette
from hsvis.figures.style.vision import LEAST_CERTAIN, LEAST_HALF_CERTAIN, SIGHTS, ciede2000, to_lab

BOTH = pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)
NAMES = [name for name, _ in PALETTES]


def eps(n_classes: int, strength: float) -> np.ndarray:
    """An EP for each class, of which it is sure by so much."""
    return strength * np.eye(n_classes) + (1 - strength) / n_classes


def least(colours: Palette, n_classes: int, strength: float) -> float:
    """The least difference between the first classes, and to grey, in all sights, by another library."""
    ep = eps(len(colours.hexes), strength)
    np.testing.assert_allclose(ep_strength(ep), strength)
    mixed = [*colours.ep_hexes(ep)[:n_classes], colours.neutral]
    found = []
    for sight in SIGHTS:
        light = np.clip(linear(rgb(mixed)) @ np.array(SIGHTS[sight]).T, 0, 1)
        eyes = [Color("srgb-linear", one) for one in light]
        found += [one.delta_e(other, method="2000") for one, other in itertools.combinations(eyes, 2)]
    return min(found)


@BOTH
@pytest.mark.parametrize("n_classes", [2, 3, 5, 8, 12, 40])
def test_the_first_eight_classes_can_be_told_apart_by_all(look: Theme, n_classes: int) -> None:
    colours = palette(n_classes, look)
    first = min(n_classes, 8)
    assert least(colours, first, 1.0) >= 12
    assert least(colours, first, 0.5) >= 9
    assert told_apart(colours) >= first


@BOTH
def test_a_certain_class_is_not_taken_for_another_half_certain_one(look: Theme) -> None:
    colours = palette(8, look)
    certain, halves = (rgb(colours.ep_hexes(eps(8, strength))) for strength in (1.0, 0.5))
    for sight in SIGHTS:
        found = ciede2000(to_lab(certain, sight)[:, None], to_lab(halves, sight)[None])
        assert found.min() >= 9  # of itself, half certain, too


@BOTH
@pytest.mark.parametrize("name", NAMES)
def test_as_many_classes_are_told_apart_as_is_said(look: Theme, name: str) -> None:
    colours = palette(16, look, name)
    told = told_apart(colours)
    floors = {1.0: LEAST_CERTAIN, 0.5: LEAST_HALF_CERTAIN}
    assert dict(FLOORS) == floors
    assert all(least(colours, told, strength) >= floor for strength, floor in floors.items())
    assert any(least(colours, told + 1, strength) < floor for strength, floor in floors.items())
    for n_classes in range(1, 16):
        assert told_apart(palette(n_classes, look, name)) == min(n_classes, told)


def test_the_docs_say_how_many_classes_are_told_apart() -> None:
    page = (Path(__file__).parents[2] / "docs" / "dashboard.md").read_text(encoding="utf-8")
    said = re.findall(r"^\| \*(.+)\* \| (\d+) \| (\d+) \|$", page, re.MULTILINE)
    assert said == [
        (label, *(str(told_apart(palette(24, look, name))) for look in (LIGHT, DARK)))
        for name, label in PALETTES
    ]


def test_colours_that_are_alike_are_not_told_apart() -> None:
    grey = LIGHT.neutral
    assert told_apart(Palette(("#d95f02", "#d96002"), grey)) == 1
    assert told_apart(Palette(("#d95f02", grey), grey)) == 1
    assert told_apart(Palette((grey, "#d95f02"), grey)) == 0
    assert told_apart(Palette(("#1f77b4", "#2ca02c", "#d62728", "#9467bd"), grey)) == 2  # to deuteranopes
    found = differences(Palette(("#d95f02", "#2166ac"), grey), 0.0, "normal")
    assert found.shape == (3, 3)
    assert found[~np.eye(3, dtype=bool)].max() < 1e-9  # undecided, all are grey


@BOTH
@pytest.mark.parametrize("n_classes", [8, 40, 60])
def test_no_class_is_near_the_grey_of_undecided_or_the_surface(look: Theme, n_classes: int) -> None:
    colours = palette(n_classes, look)
    for sight, (strength, floor) in itertools.product(SIGHTS, FLOORS):
        assert differences(colours, strength, sight)[-1, :-1].min() >= floor
    assert min(contrast(one, look.surface) for one in colours.hexes) >= 3  # WCAG 1.4.11


@BOTH
@pytest.mark.parametrize(("sight", "least"), [("normal", 9), ("deuteranopia", 3), ("protanopia", 3)])
def test_forty_classes_are_as_far_apart_as_the_docs_say(look: Theme, sight: str, least: float) -> None:
    found = differences(palette(40, look), 1.0, sight)[:-1, :-1]
    assert found[~np.eye(40, dtype=bool)].min() >= least


@BOTH
def test_none_of_the_first_five_classes_looks_grey_to_any_eyes(look: Theme) -> None:
    colours = rgb(palette(5, look).hexes)
    for sight in SIGHTS:
        _, a, b = to_lab(colours, sight).T
        assert np.hypot(a, b).min() > 15


@BOTH
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_classes", [2, 10, 40])
def test_generated_classes_of_all_palettes_are_far_from_the_grey(
    look: Theme, name: str, n_classes: int
) -> None:
    own = {"okabe-ito": 7, "tableau": 9, "hsvis": 8}[name]
    more = Palette(palette(own + n_classes, look, name).hexes[own:], look.neutral)
    for sight, (strength, floor) in itertools.product(SIGHTS, FLOORS):
        assert differences(more, strength, sight)[-1, :-1].min() >= floor


@BOTH
@pytest.mark.parametrize("name", NAMES)
def test_the_more_certain_the_farther_from_grey(look: Theme, name: str) -> None:
    colours = palette(10, look, name)
    grey = rgb([look.neutral])
    for sight in SIGHTS:
        to_grey = np.array(
            [
                ciede2000(to_lab(rgb(colours.ep_hexes(eps(10, strength))), sight), to_lab(grey, sight))
                for strength in np.linspace(0, 1, 21)
            ]
        )  # (21, 10)
        assert to_grey[0].max() < 1e-9
        assert np.diff(to_grey, axis=0).min() > -0.1  # what a colour-blind eye can't see of a step may round


@BOTH
def test_both_ends_of_two_classes_differ_in_greyscale(look: Theme) -> None:
    one, other = (float(to_lab(rgb([colour]), "normal")[0, 0]) for colour in palette(2, look).hexes)
    assert abs(one - other) >= 18  # of L*, 0 to 100


@BOTH
def test_right_wrong_and_no_label_can_be_told_apart_by_all(look: Theme) -> None:
    answers = (look.right, look.wrong, look.neutral)
    for sight, (one, other) in itertools.product(SIGHTS, itertools.combinations(answers, 2)):
        assert ciede2000(to_lab(rgb([one]), sight), to_lab(rgb([other]), sight))[0] >= LEAST_CERTAIN
    assert contrast(look.right, look.surface) >= 3
    assert contrast(look.wrong, look.surface) >= 3
