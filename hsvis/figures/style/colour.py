"""Arithmetic with colours: hex strings, mixtures, and hues that are far apart."""

from collections.abc import Sequence

import numpy as np

# Linear sRGB -> cone responses -> OKLab, in which equal steps look equal (Ottosson, 2020).
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def rgb(colours: Sequence[str]) -> np.ndarray:
    """(N, 3) float64, 0 to 255, of N strings "#rrggbb"."""
    values = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in colours]
    return np.array(values, dtype=np.float64).reshape(-1, 3)


def hexes(colours: np.ndarray) -> list[str]:
    """(N, 3) numbers from 0 to 255 as N strings "#rrggbb"."""
    rounded = np.rint(colours).astype(np.uint8)
    return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in rounded.tolist()]


def mix(one: str, other: str, share: float) -> str:
    """The colour `share` of the way from `one` to `other`."""
    start, end = rgb([one, other])
    return hexes((start + share * (end - start))[None])[0]


def linear(colours: np.ndarray) -> np.ndarray:
    """(N, 3) linear light, 0 to 1, of (N, 3) sRGB from 0 to 255."""
    share = colours / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def oklab(light: np.ndarray) -> np.ndarray:
    """(N, 3) OKLab of (N, 3) linear light; distances in it are distances to the eye."""
    return np.cbrt(light @ _TO_CONES.T) @ _TO_LAB.T


def luminance(colour: str) -> float:
    """Relative luminance by WCAG, 0 to 1."""
    return float(linear(rgb([colour]))[0] @ (0.2126, 0.7152, 0.0722))


def contrast(one: str, other: str) -> float:
    """Contrast ratio by WCAG, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def more_colours(given: Sequence[str], count: int, lightness: Sequence[float]) -> list[str]:
    """`count` colours, each as far as possible from all before it.

    Args:
        given: colours that are taken.
        lightness: OKLab lightnesses, 0 to 1, that read well on the page.
    """
    level, chroma, hue = (
        axis.ravel() for axis in np.meshgrid(lightness, (0.07, 0.12, 0.17), np.radians(np.arange(0, 360, 8)))
    )
    lab = np.column_stack([level, chroma * np.cos(hue), chroma * np.sin(hue)])
    light = (lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_CONES).T
    shown = ((light >= 0) & (light <= 1)).all(axis=1)
    lab, light = lab[shown], light[shown]
    distance = np.full(len(lab), np.inf)  # of each candidate to the nearest colour taken
    for taken in oklab(linear(rgb(given))):
        distance = np.minimum(distance, np.linalg.norm(lab - taken, axis=1))
    chosen = []
    for _ in range(count):
        best = int(distance.argmax())
        chosen.append(best)
        distance = np.minimum(distance, np.linalg.norm(lab - lab[best], axis=1))
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return hexes(255 * srgb[chosen])
