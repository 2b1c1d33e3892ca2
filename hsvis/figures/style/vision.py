"""How far apart colours are to an eye: CIEDE2000, and what colour blindness leaves of them."""

from collections.abc import Sequence

import numpy as np

from hsvis.figures.style.colour import from_oklab, hexes, linear, rgb, srgb

# What each kind of sight leaves of linear sRGB (Machado, Oliveira and Fernandes, 2009, severity 1).
SIGHTS: dict[str, tuple[tuple[float, float, float], ...]] = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
}
# Colours are told apart from these differences (CIEDE2000) on: dots are small, and so need some ten times as
# much as areas that meet.
LEAST_CERTAIN = 12.0  # of certain EPs
LEAST_HALF_CERTAIN = 9.0  # of half certain ones, half mixed with grey
ROUNDING = 0.5  # what whole channels may take off a difference
BLIND_WEIGHT = 3.0  # of colour-blind sight for classes beyond those that it can tell apart
_TO_XYZ = np.array(
    [
        [0.4123907993, 0.3575843394, 0.1804807884],
        [0.2126390059, 0.7151686788, 0.0721923154],
        [0.0193308187, 0.1191947798, 0.9505321522],
    ]
)
_WHITE = _TO_XYZ.sum(axis=1)  # D65


def to_lab(colours: np.ndarray, sight: str) -> np.ndarray:
    """CIELAB (D65) of colours as someone of that sight sees them.

    Args:
        colours: (…, 3) sRGB from 0 to 255.
        sight: one of `SIGHTS`.

    Returns:
        (…, 3) float64: L*, 0 to 100, a* and b*.
    """
    light = np.clip(linear(colours) @ np.array(SIGHTS[sight]).T, 0, 1)
    share = light @ _TO_XYZ.T / _WHITE
    root = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The difference CIEDE2000 of colours in CIELAB, as Sharma, Wu and Dalal (2005) write it.

    Args:
        one, other: (…, 3), of shapes that broadcast.

    Returns:
        (…) float64, 0 or more; about 1 can just be noticed where two areas meet.
    """
    lightness, lightness2 = one[..., 0], other[..., 0]
    chroma, chroma2 = np.hypot(one[..., 1], one[..., 2]), np.hypot(other[..., 1], other[..., 2])
    stretch = 1.5 - 0.5 * _near_grey((chroma + chroma2) / 2)  # of a*, which is too short near grey
    a, a2 = stretch * one[..., 1], stretch * other[..., 1]
    chroma, chroma2 = np.hypot(a, one[..., 2]), np.hypot(a2, other[..., 2])
    hue = np.degrees(np.arctan2(one[..., 2], a)) % 360
    hue2 = np.degrees(np.arctan2(other[..., 2], a2)) % 360

    grey = chroma * chroma2 == 0
    turn = np.where(grey, 0, (hue2 - hue + 180) % 360 - 180)
    turn = np.where((turn == -180) & (hue2 > hue), 180, turn)
    far = np.abs(hue - hue2) > 180
    middle = np.where(grey, hue + hue2, (hue + hue2 + np.where(far, 360, 0)) / 2 % 360)
    level, strength = (lightness + lightness2) / 2, (chroma + chroma2) / 2

    by_hue = (
        1
        - 0.17 * _cos(middle - 30)
        + 0.24 * _cos(2 * middle)
        + 0.32 * _cos(3 * middle + 6)
        - 0.20 * _cos(4 * middle - 63)
    )
    d_lightness = (lightness2 - lightness) / (1 + 0.015 * (level - 50) ** 2 / np.sqrt(20 + (level - 50) ** 2))
    d_chroma = (chroma2 - chroma) / (1 + 0.045 * strength)
    d_hue = 2 * np.sqrt(chroma * chroma2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * strength * by_hue)
    blue = np.sin(np.radians(60 * np.exp(-(((middle - 275) / 25) ** 2)))) * 2 * _near_grey(strength)
    # in blue, chroma and hue are not at right angles
    return np.sqrt(np.maximum(d_lightness**2 + d_chroma**2 + d_hue**2 - blue * d_chroma * d_hue, 0))


def _near_grey(chroma: np.ndarray) -> np.ndarray:
    """0 at grey, 1 far from it."""
    seventh = chroma**7
    return np.sqrt(seventh / (seventh + 25.0**7))


def _cos(degrees: np.ndarray) -> np.ndarray:
    return np.cos(np.radians(degrees))


def more_colours(given: Sequence[str], grey: str, count: int, lightness: Sequence[float]) -> list[str]:
    """`count` colours, each as far as possible from all before it, and none near a grey in any sight.

    Args:
        given: colours that are taken, as "#rrggbb".
        grey: "#rrggbb", what none may be taken for, neither in full nor half mixed with it.
        lightness: OKLab lightnesses, 0 to 1, that read well on the page.

    Returns:
        `count` strings "#rrggbb"; from some hundreds on they come again.
    """
    level, chroma, hue = (
        axis.ravel() for axis in np.meshgrid(lightness, (0.07, 0.12, 0.17), np.radians(np.arange(0, 360, 8)))
    )
    light = from_oklab(np.column_stack([level, chroma * np.cos(hue), chroma * np.sin(hue)]))
    colours = np.rint(srgb(light[((light >= 0) & (light <= 1)).all(axis=1)]))
    ground = rgb([grey])
    halves = ground + 0.5 * (colours - ground)
    far = (_least(colours, ground) >= LEAST_CERTAIN) & (
        _least(halves, ground) >= LEAST_HALF_CERTAIN + ROUNDING
    )
    colours = colours[far]
    distance = np.full(len(colours), np.inf)  # of each candidate to the nearest colour taken
    for taken in rgb(given):
        distance = np.minimum(distance, _least(colours, taken, BLIND_WEIGHT))
    chosen: list[int] = []
    for _ in range(min(count, len(colours))):
        best = int(distance.argmax())
        chosen.append(best)
        distance = np.minimum(distance, _least(colours, colours[best], BLIND_WEIGHT))
        distance[best] = -1
    return hexes(colours[np.resize(np.array(chosen, dtype=np.int64), count)]) if count else []


def _least(colours: np.ndarray, other: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """(N,) the least difference of each colour to another in any sight, other than normal times `weight`."""
    return np.min(
        [
            (1.0 if sight == "normal" else weight) * ciede2000(to_lab(colours, sight), to_lab(other, sight))
            for sight in SIGHTS
        ],
        axis=0,
    )
