"""Differences of colours are those that others compute, and generated colours keep away from grey."""

import numpy as np
import pytest
from coloraide.everything import ColorAll as Color
from hypothesis import example, given
from hypothesis import strategies as st

from hsvis.figures.style.colour import linear, rgb
from hsvis.figures.style.vision import (
    LEAST_CERTAIN,
    LEAST_HALF_CERTAIN,
    SIGHTS,
    ciede2000,
    more_colours,
    to_lab,
)

# Sharma, Wu and Dalal, 2005, table 1: two colours in CIELAB, and their difference.
PUBLISHED = """
50 2.6772 -79.7751 50 0 -82.7485 2.0425
50 3.1571 -77.2803 50 0 -82.7485 2.8615
50 2.8361 -74.0200 50 0 -82.7485 3.4412
50 -1.3802 -84.2814 50 0 -82.7485 1.0000
50 -1.1848 -84.8006 50 0 -82.7485 1.0000
50 -0.9009 -85.5211 50 0 -82.7485 1.0000
50 0 0 50 -1 2 2.3669
50 -1 2 50 0 0 2.3669
50 2.4900 -0.0010 50 -2.4900 0.0009 7.1792
50 2.4900 -0.0010 50 -2.4900 0.0010 7.1792
50 2.4900 -0.0010 50 -2.4900 0.0011 7.2195
50 2.4900 -0.0010 50 -2.4900 0.0012 7.2195
50 -0.0010 2.4900 50 0.0009 -2.4900 4.8045
50 -0.0010 2.4900 50 0.0010 -2.4900 4.8045
50 -0.0010 2.4900 50 0.0011 -2.4900 4.7461
50 2.5 0 50 0 -2.5 4.3065
50 2.5 0 73 25 -18 27.1492
50 2.5 0 61 -5 29 22.8977
50 2.5 0 56 -27 -3 31.9030
50 2.5 0 58 24 15 19.4535
50 2.5 0 50 3.1736 0.5854 1.0000
50 2.5 0 50 3.2972 0 1.0000
50 2.5 0 50 1.8634 0.5757 1.0000
50 2.5 0 50 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""
CHANNELS = st.tuples(*[st.integers(0, 255)] * 3)


def test_differences_are_the_published_ones() -> None:
    rows = np.array([line.split() for line in PUBLISHED.split("\n") if line], dtype=np.float64)
    assert len(rows) == 34
    np.testing.assert_allclose(ciede2000(rows[:, :3], rows[:, 3:6]), rows[:, 6], atol=5e-5)
    np.testing.assert_allclose(ciede2000(rows[:, 3:6], rows[:, :3]), rows[:, 6], atol=5e-5)


@pytest.mark.parametrize("sight", SIGHTS)
@given(one=CHANNELS, other=CHANNELS)
@example(one=(0, 0, 0), other=(255, 255, 255))
@example(one=(128, 128, 128), other=(128, 128, 129))
def test_differences_are_those_of_another_library(
    sight: str, one: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    matrix = np.array(SIGHTS[sight])
    colours = [
        Color("srgb-linear", np.clip(matrix @ linear(np.array(c, dtype=float)), 0, 1)) for c in (one, other)
    ]
    ours = ciede2000(to_lab(np.array(one, float), sight), to_lab(np.array(other, float), sight))
    assert float(ours) == pytest.approx(colours[0].delta_e(colours[1], method="2000"), abs=1e-5)


@pytest.mark.parametrize(("sight", "name"), [("deuteranopia", "deutan"), ("protanopia", "protan")])
def test_colour_blindness_is_that_of_another_library(sight: str, name: str) -> None:
    for colour in ("#d95f02", "#2166ac", "#808080", "#00ff00", "#ff00ff"):
        other = Color(colour).filter(name, 1, method="machado", space="srgb-linear", out_space="srgb-linear")
        expected = seen_light(np.clip([other[k] for k in range(3)], 0, 1))
        assert float(ciede2000(to_lab(rgb([colour])[0], sight), expected)) < 0.02


def seen_light(light: np.ndarray) -> np.ndarray:
    """CIELAB of linear light."""
    lab = Color("srgb-linear", light).convert("lab-d65")
    return np.array([lab[k] for k in range(3)])


@pytest.mark.parametrize(("grey", "levels"), [("#c3c7cd", (0.42, 0.6)), ("#5b626d", (0.56, 0.75, 0.9))])
def test_generated_colours_are_near_no_grey_and_differ(grey: str, levels: tuple[float, ...]) -> None:
    found = more_colours(["#d95f02"], grey, 40, levels)
    assert len(set(found)) == 40
    ground, colours = rgb([grey]), rgb(found)
    for sight in SIGHTS:
        assert ciede2000(to_lab(colours, sight), to_lab(ground, sight)).min() >= LEAST_CERTAIN
        assert (
            ciede2000(to_lab((colours + ground) / 2, sight), to_lab(ground, sight)).min()
            >= LEAST_HALF_CERTAIN
        )


def test_there_are_colours_for_any_number_of_classes() -> None:
    assert more_colours(["#d95f02"], "#c3c7cd", 0, (0.5,)) == []
    assert len(more_colours(["#d95f02"], "#c3c7cd", 32_000, (0.5,))) == 32_000
