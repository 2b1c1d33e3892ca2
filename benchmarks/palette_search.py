"""Finds the class colours of the palette "hsvis".

python -m benchmarks.palette_search [--first SEED] [--seeds N]

A class has a colour in each theme, of about the same hue.  Among colours that stand out from the surface
(3:1, WCAG 1.4.11) and from the grey of undecided, simulated annealing looks for eight whose least difference
(CIEDE2000) is largest: any two certain, any two half certain, a certain and a half certain one, in normal,
deuteranope and protanope sight, and a certain one and its own half certain one.  Hill climbing off the grid
ends it.  The first two are an orange and a darker blue, the ends of the gradient of two classes; the others
follow, and last those that look grey to some eyes.
"""

import argparse
from dataclasses import dataclass

import numpy as np

from hsvis.figures.style.colour import from_oklab, hexes, linear, luminance, oklab, rgb, srgb
from hsvis.figures.style.theme import DARK, LIGHT, Theme
from hsvis.figures.style.vision import SIGHTS, ciede2000, to_lab

N_CLASSES = 8
# A difference counts times this, so that all that matter are balanced: half certain colours are closer.
FULL, HALF, MIXED = 1.0, 1.4, 1.45  # of colour-blind eyes
NORMAL_FULL, NORMAL_HALF = 0.72, 1.15  # more is asked for the eyes that most have
GREY_FULL, GREY_HALF = 0.62, 1.05
OWN_HALF = 1.3  # between a certain colour and its half certain one
LEAST_CONTRAST = 3.02
CHROMA = (0.072, 0.21)  # OKLab: neither grey nor glaring
LIGHTNESS = {"light": (0.355, 0.70), "dark": (0.50, 0.955)}  # OKLab: neither like ink nor like white
SAME_HUE = 28.0  # degrees between the two themes' colours of a class
ENDS = ((52.0, 10.0, 0.145), (258.0, 12.0, 0.125))  # hue, tolerance, least chroma: orange and blue
GREYSCALE = 18.5  # L* between the ends
SOFTNESS = 0.35  # of the least difference: others near it count too


@dataclass(frozen=True)
class Pool:
    """The colours of a grid that a class of one theme may have."""

    colours: np.ndarray  # (N, 3) sRGB
    hue: np.ndarray  # (N,) degrees
    chroma: np.ndarray  # (N,)
    level: np.ndarray  # (N,) L*
    alone: np.ndarray  # (N,) weighted difference
    apart: np.ndarray  # (N, N) weighted difference


def half(colours: np.ndarray, theme: Theme) -> np.ndarray:
    """The colours of half certain EPs."""
    grey = rgb([theme.neutral])[0]
    return grey + 0.5 * (colours - grey)


def eyes(colours: np.ndarray, theme: Theme) -> np.ndarray:
    """(…, 3) sRGB as (2, 3, …, 3) CIELAB: certain and half certain, in each sight."""
    return np.stack([[to_lab(one, sight) for sight in SIGHTS] for one in (colours, half(colours, theme))])


WEIGHTS = np.array([[NORMAL_FULL, FULL, FULL], [NORMAL_HALF, HALF, HALF]])  # of `eyes`


def differences(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(…, 12) weighted differences of `eyes` that broadcast: of certain, half certain and mixed pairs."""
    alike = np.moveaxis(ciede2000(one, other), (0, 1), (-2, -1)) * WEIGHTS
    mixed = MIXED * np.moveaxis(ciede2000(one, other[::-1]), (0, 1), (-2, -1))
    return np.concatenate([alike, mixed], axis=-1).reshape(*alike.shape[:-2], -1)


def alone(colours: np.ndarray, theme: Theme) -> np.ndarray:
    """(N, 9) weighted differences of each colour and its half certain one to grey, and between both."""
    (certain, less), grey = eyes(colours, theme), eyes(rgb([theme.neutral]), theme)[0]
    found = [GREY_FULL * ciede2000(certain, grey), GREY_HALF * ciede2000(less, grey)]
    return np.concatenate([*found, OWN_HALF * ciede2000(certain, less)]).T


def pool(theme: Theme) -> Pool:
    axes = (
        np.arange(*LIGHTNESS[theme.name], 0.03),
        (0.075, 0.10, 0.125, 0.15, 0.175, 0.205),
        np.arange(2, 362, 7.5),
    )
    level, chroma, hue = (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij"))
    angle = np.radians(hue)
    light = from_oklab(np.column_stack([level, chroma * np.cos(angle), chroma * np.sin(angle)]))
    shown = ((light >= 0) & (light <= 1)).all(axis=1)
    colours, chroma, hue = np.rint(srgb(light[shown])), chroma[shown], hue[shown]
    single = alone(colours, theme).min(axis=1)
    kept = (contrasts(colours, theme) >= LEAST_CONTRAST) & (single > 11)
    colours, chroma, hue, single = colours[kept], chroma[kept], hue[kept], single[kept]
    looks = eyes(colours, theme)
    apart = np.zeros((len(colours), len(colours)), dtype=np.float32)
    for k in range(len(colours)):
        apart[k, k:] = differences(looks[:, :, k, None], looks[:, :, k:]).min(axis=-1)
    apart = np.maximum(apart, apart.T)
    return Pool(colours, hue, chroma, to_lab(colours, "normal")[:, 0], single, apart)


def contrasts(colours: np.ndarray, theme: Theme) -> np.ndarray:
    """(N,) contrast ratios to the surface."""
    light, ground = linear(colours) @ (0.2126, 0.7152, 0.0722), luminance(theme.surface)
    return (np.maximum(light, ground) + 0.05) / (np.minimum(light, ground) + 0.05)


def turned(one: np.ndarray, other: np.ndarray | float) -> np.ndarray:
    """Degrees between hues."""
    return np.abs((one - other + 180) % 360 - 180)


def least(values: np.ndarray) -> np.ndarray:
    """A little below the least of the last axis, the more so the more values are near it."""
    lowest = values.min(axis=-1, keepdims=True)
    spread = np.exp(-(np.minimum(values, lowest + 50) - lowest) / SOFTNESS).sum(axis=-1)
    return lowest[..., 0] - SOFTNESS * np.log(spread)


def anneal(pools: tuple[Pool, Pool], seed: int, turns: int) -> tuple[float, np.ndarray]:
    """The best choice found, (2, 8) int: rows of both pools."""
    rng = np.random.default_rng(seed)
    pairs = np.triu_indices(N_CLASSES, 1)
    allowed = [
        [
            np.flatnonzero((turned(one.hue, hue) <= reach) & (one.chroma >= chroma))
            for hue, reach, chroma in ENDS
        ]
        + [np.arange(len(one.hue))] * (N_CLASSES - len(ENDS))
        for one in pools
    ]

    def fitting(k: int, side: int, other: int) -> np.ndarray:
        """What class k may have in one theme, given what it has in the other."""
        rows = allowed[side][k]
        return rows[turned(pools[side].hue[rows], pools[1 - side].hue[other]) <= SAME_HUE - 2]

    def worth(chosen: np.ndarray) -> float:
        parts = []
        for one, rows in zip(pools, chosen, strict=True):
            parts += [one.apart[rows[pairs[0]], rows[pairs[1]]], one.alone[rows]]
            parts.append([15 + one.level[rows[0]] - one.level[rows[1]] - GREYSCALE])
        return float(least(np.concatenate(parts)))

    def drawn(k: int) -> tuple[int, int]:
        first = int(rng.choice(allowed[0][k]))
        return first, int(rng.choice(fitting(k, 1, first)))

    chosen = np.array([drawn(k) for k in range(N_CLASSES)]).T
    now = worth(chosen)
    best, kept = now, chosen.copy()
    for turn in range(turns):
        heat = 1 - turn / turns
        k, before = int(rng.integers(N_CLASSES)), chosen.copy()
        if rng.random() < heat / 2:
            chosen[:, k] = drawn(k)
        else:
            side = int(rng.integers(2))
            rows = fitting(k, side, chosen[1 - side, k])
            colours = pools[side].colours
            near = rows[np.abs(colours[rows] - colours[chosen[side, k]]).sum(axis=1) < 90]
            chosen[side, k] = rng.choice(near)
        then = worth(chosen)
        if then > now or rng.random() < np.exp((then - now) / (1.2 * heat**2 + 1e-3)):
            now = then
            if now > best:
                best, kept = now, chosen.copy()
        else:
            chosen = before
    return best, kept


def climb(colours: np.ndarray, theme: Theme, hues: np.ndarray, seed: int, rounds: int) -> np.ndarray:
    """(8, 3) sRGB colours, better ones near them; `hues`: (8,) of the same classes in the other theme."""
    rng = np.random.default_rng(seed)
    colours = colours.copy()
    for turn in range(rounds):
        reach = 18 * (1 - turn / rounds) + 1
        for k in rng.permutation(len(colours)):
            near = colours[k] + rng.normal(0, reach, (40, 3))
            tried = np.rint(np.clip(np.vstack([colours[k], near]), 0, 255))
            others = eyes(np.delete(colours, k, axis=0)[None], theme)
            values = differences(eyes(tried[:, None], theme), others).reshape(len(tried), -1)
            values = np.concatenate([values, alone(tried, theme)], axis=1)
            colours[k] = tried[(least(values) - _faults(tried, k, colours, theme, hues[k])).argmax()]
    return colours


def polar(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lightness, chroma and hue in OKLab."""
    level, a, b = oklab(linear(colours)).T
    return level, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def _faults(tried: np.ndarray, k: int, colours: np.ndarray, theme: Theme, hue: float) -> np.ndarray:
    """(N,) how far each colour is from what class k may have; 0 where it may."""
    level, chroma, hues = polar(tried)
    low, high = LIGHTNESS[theme.name]
    beyond = [20 * (LEAST_CONTRAST - contrasts(tried, theme)), turned(hues, hue) - SAME_HUE]
    beyond += [
        200 * (CHROMA[0] - chroma),
        200 * (chroma - CHROMA[1]),
        200 * (low - level),
        200 * (level - high),
    ]
    if k < len(ENDS):
        middle, reach, strong = ENDS[k]
        end, other = to_lab(tried, "normal")[:, 0], to_lab(colours[1 - k], "normal")[0]
        beyond += [turned(hues, middle) - reach, 200 * (strong - chroma)]
        beyond.append(GREYSCALE - (end - other if k == 0 else other - end))
    return np.maximum(np.stack(beyond), 0).sum(axis=0)


def ordered(both: tuple[np.ndarray, np.ndarray]) -> list[int]:
    """The classes from the first two on; those that look most like grey to some eyes in a theme come last."""
    ab = np.array([[to_lab(colours, sight)[:, 1:] for sight in SIGHTS] for colours in both])  # (2, 3, 8, 2)
    chroma = np.linalg.norm(ab, axis=-1).min(axis=(0, 1))
    return [0, 1, *(2 + np.argsort(-chroma[2:], kind="stable")).tolist()]


def search(seeds: range, turns: int = 60_000, rounds: int = 160) -> tuple[np.ndarray, np.ndarray]:
    """The best colours of both themes, (8, 3) sRGB each."""
    pools = (pool(LIGHT), pool(DARK))
    found = []
    for seed in seeds:
        _, (first, second) = anneal(pools, seed, turns)
        light, dark = pools[0].colours[first], pools[1].colours[second]
        for again in range(2):
            light = climb(light, LIGHT, polar(dark)[2], again, rounds)
            dark = climb(dark, DARK, polar(light)[2], again, rounds)
        worth = min(_worth(light, LIGHT), _worth(dark, DARK))
        print(f"seed {seed}: {worth:.2f}", *hexes(light), "|", *hexes(dark), flush=True)
        found.append((worth, light, dark))
    _, light, dark = max(found, key=lambda one: one[0])
    order = ordered((light, dark))
    return light[order], dark[order]


def _worth(colours: np.ndarray, theme: Theme) -> float:
    pairs = np.triu_indices(len(colours), 1)
    looks = eyes(colours, theme)
    apart = differences(looks[:, :, pairs[0]], looks[:, :, pairs[1]])
    return float(min(apart.min(), alone(colours, theme).min()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.palette_search", description=__doc__)
    parser.add_argument("--seeds", type=int, default=4, help="how many starts (default: %(default)s)")
    parser.add_argument("--first", type=int, default=20, help="the first seed (default: %(default)s)")
    given = parser.parse_args()
    for name, colours in zip(
        ("light", "dark"), search(range(given.first, given.first + given.seeds)), strict=True
    ):
        print(f"{name}:", ", ".join(f'"{one}"' for one in hexes(colours)))
