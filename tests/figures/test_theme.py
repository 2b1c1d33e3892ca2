"""Themes and palettes: known colours, colours that can be told apart, text that stays what it is."""

import itertools

import numpy as np
import pytest

from hsvis.figures.style.colour import contrast, linear, mix, oklab, rgb
from hsvis.figures.style.theme import DARK, LIGHT, PALETTES, ellipsis, empty, ep_codes, escape, palette, theme

# What each kind of colour blindness leaves of linear light (Machado et al., 2009, full severity).
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
BOTH = pytest.mark.parametrize("look", [LIGHT, DARK], ids=lambda look: look.name)


def nearest(colours, blindness):
    """The least distance between any two colours, in OKLab."""
    seen = oklab(np.clip(linear(rgb(colours)) @ BLINDNESS[blindness].T, 0, 1))
    return min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2))


def test_themes_are_found_by_name():
    assert theme("light") is LIGHT
    assert theme("dark") is DARK
    with pytest.raises(ValueError, match=r"'sepia'\. Choose 'light' or 'dark'"):
        theme("sepia")


@BOTH
def test_text_can_be_read_on_panel_and_page(look):
    for ground in (look.surface, look.background):
        assert contrast(look.ink, ground) > 12
        assert contrast(look.muted, ground) > 4.5


@BOTH
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_eight_classes_can_be_told_apart_in_the_rarest_blindness_too(look, blindness):
    """How far apart they are in the frequent ones, test_apart.py holds."""
    assert nearest([*palette(8, look).hexes, look.neutral], blindness) > 0.045


@BOTH
def test_fifty_classes_have_fifty_colours(look):
    hexes = palette(50, look).hexes
    assert len(set(hexes)) == 50
    assert hexes[:10] == palette(10, look).hexes
    assert nearest(hexes, "none") > 0.035


@BOTH
def test_certain_ep_has_the_class_colour_and_undecided_ep_the_neutral_grey(look):
    for n_classes in (2, 5, 50):
        colours = palette(n_classes, look)
        assert colours.ep_hexes(np.eye(n_classes)) == list(colours.hexes)
        assert colours.ep_hexes(np.full((1, n_classes), 1 / n_classes)) == [look.neutral]


def test_two_classes_are_the_ends_of_a_gradient_through_grey():
    colours = palette(2, LIGHT)
    ep = np.array([[0.75, 0.25], [0.25, 0.75]])
    expected = [mix(LIGHT.neutral, colour, 0.5) for colour in colours.hexes]
    assert colours.ep_hexes(ep) == expected


def test_ep_colours_of_many_and_of_no_states():
    colours = palette(3, DARK)
    ep = np.random.default_rng(0).dirichlet(np.ones(3), 1000).astype(np.float32)
    assert colours.ep_colours(ep).shape == (1000, 3)
    assert colours.ep_colours(ep).dtype == np.uint8
    assert colours.ep_colours(ep[:0]).shape == (0, 3)
    assert colours.ep_hexes(ep[:0]) == []


@BOTH
@pytest.mark.parametrize("name", [name for name, _ in PALETTES])
def test_each_palette_has_colours_for_any_number_of_classes(look, name):
    hexes = palette(50, look, name).hexes
    assert len(set(hexes)) == 50
    assert palette(2, look, name).hexes == hexes[:2]
    assert nearest([*hexes, look.neutral], "none") > 0.025
    if look is DARK:
        own = {"okabe-ito": 7, "tableau": 9}.get(name, 0)
        assert all(contrast(colour, look.surface) >= 3 for colour in hexes[:own])


def test_palettes_are_found_by_name_and_ours_is_the_default():
    assert palette(5, DARK) == palette(5, DARK, "hsvis")
    assert palette(2, LIGHT, "okabe-ito").hexes == ("#0072b2", "#d55e00")
    assert palette(3, LIGHT, "tableau").hexes == ("#1f77b4", "#ff7f0e", "#2ca02c")
    with pytest.raises(ValueError, match="no palette 'rainbow'. Choose hsvis, okabe-ito, tableau"):
        palette(2, LIGHT, "rainbow")


@BOTH
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_seven_classes_of_okabe_and_ito_can_be_told_apart(look, blindness):
    assert nearest(palette(7, look, "okabe-ito").hexes, blindness) > 0.05


def test_escaped_text_holds_no_markup():
    assert escape("<br /> & <b>") == "&lt;br /&gt; &amp; &lt;b&gt;"
    assert escape("&lt;") == "&amp;lt;"
    assert escape("naïve 🎬 %{x} 𝄞") == "naïve 🎬 %{x} 𝄞"


def test_ellipsis_keeps_what_fits():
    assert ellipsis("acquisition", 11) == "acquisition"
    assert ellipsis("acquisition", 6) == "acqui…"


@BOTH
def test_an_empty_figure_says_why(look):
    figure = empty("Select a <sequence>", look)
    assert figure.layout.annotations[0].text == "Select a &lt;sequence&gt;"
    assert len(figure.data) == 0
    assert not figure.layout.xaxis.visible


@pytest.mark.parametrize("n_classes", [2, 3, 10, 50])
def test_the_colour_of_an_ep_by_its_code_is_its_colour(n_classes: int) -> None:
    rng = np.random.default_rng(n_classes)
    mild = rng.dirichlet(np.ones(n_classes), 5000)
    sure = rng.dirichlet(np.full(n_classes, 0.03), 5000)
    edges = np.vstack([np.eye(n_classes), np.full((1, n_classes), 1 / n_classes)])
    ep = np.vstack([mild, sure, edges]).astype(np.float32)
    for look, name in itertools.product((LIGHT, DARK), ("hsvis", "tableau")):
        colours = palette(n_classes, look, name)
        by_code = colours.code_colours()[ep_codes(ep)].astype(int)
        assert np.abs(by_code - colours.ep_colours(ep)).max() <= 1


@BOTH
def test_right_and_wrong_can_be_told_apart_by_all(look) -> None:
    for blindness in BLINDNESS:
        assert nearest([look.right, look.wrong, look.neutral], blindness) > 0.07
