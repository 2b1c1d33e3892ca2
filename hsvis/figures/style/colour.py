"""Arithmetic with colours: hex strings, mixtures, spaces and contrast."""

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


def from_oklab(lab: np.ndarray) -> np.ndarray:
    """(N, 3) linear light of (N, 3) OKLab; below 0 or above 1 where no screen shows the colour."""
    return (lab @ np.linalg.inv(_TO_LAB).T) ** 3 @ np.linalg.inv(_TO_CONES).T


def srgb(light: np.ndarray) -> np.ndarray:
    """(N, 3) sRGB from 0 to 255 of (N, 3) linear light, 0 to 1."""
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def luminance(colour: str) -> float:
    """Relative luminance by WCAG, 0 to 1."""
    return float(linear(rgb([colour]))[0] @ (0.2126, 0.7152, 0.0722))


def contrast(one: str, other: str) -> float:
    """Contrast ratio by WCAG, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)
