"""How far apart the class colours of each palette are, and how another way of mixing would do."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hsvis.figures.style.apart import FLOORS, told_apart
from hsvis.figures.style.colour import from_oklab, linear, oklab, rgb, srgb
from hsvis.figures.style.theme import DARK, LIGHT, PALETTES, Palette, Theme, palette
from hsvis.figures.style.vision import SIGHTS, ciede2000, to_lab

N_CLASSES = 8
MANY = 40
EARLIER = {  # the first eight of "hsvis" when they were chosen by OKLab, and certain ones alone
    "light": ("#d95f02", "#2166ac", "#219e61", "#ab63ea", "#bdad2f", "#782930", "#2ab2ee", "#f3829d"),
    "dark": ("#fe7d38", "#5983c9", "#4fbe7d", "#bb87fc", "#f3dc3f", "#d52f41", "#7fdafd", "#fd9abe"),
}
Mix = Callable[[np.ndarray, np.ndarray, float], np.ndarray]  # colours (C, 3), grey (1, 3), strength -> (C, 3)


def _in_srgb(colours: np.ndarray, grey: np.ndarray, strength: float) -> np.ndarray:
    return grey + strength * (colours - grey)


def _in_oklab(colours: np.ndarray, grey: np.ndarray, strength: float) -> np.ndarray:
    start, end = oklab(linear(grey)), oklab(linear(colours))
    return srgb(np.clip(from_oklab(start + strength * (end - start)), 0, 1))


def _early(colours: np.ndarray, grey: np.ndarray, strength: float) -> np.ndarray:
    return _in_srgb(colours, grey, 2 * strength / (1 + strength))


MIXES: dict[str, Mix] = {"sRGB": _in_srgb, "OKLab": _in_oklab, "early hue": _early}


def _least(colours: np.ndarray, grey: np.ndarray, sight: str) -> tuple[float, float]:
    """The least difference between two colours, and of one to the grey."""
    lab, ground = to_lab(colours, sight), to_lab(grey, sight)
    one, other = np.triu_indices(len(colours), 1)
    return float(ciede2000(lab[one], lab[other]).min()), float(ciede2000(lab, ground).min())


def _row(name: str, colours: Palette, mix: Mix) -> str:
    classes, grey = rgb(colours.hexes[:N_CLASSES]), rgb([colours.neutral])
    numbers = []
    for strength, _ in FLOORS:
        found = [_least(mix(classes, grey, strength), grey, sight) for sight in SIGHTS]
        numbers += [*(pair for pair, _ in found), min(to_grey for _, to_grey in found)]
    halves = mix(classes, grey, 0.5)
    numbers.append(min(float(ciede2000(to_lab(classes, s), to_lab(halves, s)).min()) for s in SIGHTS))
    return f"{name:<17} " + " ".join(f"{one:6.1f}" for one in numbers) + f" {told_apart(colours):6d}"


def _palettes(theme: Theme) -> Iterator[tuple[str, Palette]]:
    yield "hsvis", palette(N_CLASSES, theme)
    yield "hsvis before", Palette(EARLIER[theme.name], theme.neutral)
    yield from ((label, palette(N_CLASSES, theme, name)) for name, label in PALETTES[1:])


def run(smoke: bool = False, data: Path | None = None) -> None:
    """Prints least differences (CIEDE2000) of the first eight classes of each palette."""
    print(
        "Least CIEDE2000 of eight classes: any two, in normal, deuteranope and protanope sight; to the grey;"
    )
    print("of a certain colour to its own half certain one; and how many classes are told apart.")
    sights = "normal deuter protan   grey"
    for theme in (LIGHT, DARK):
        print(f"\n{theme.name:<17} {'certain':<27} half certain")
        print(f"{'':<17} {sights} {sights} to own  apart")
        for name, colours in _palettes(theme):
            print(_row(name, colours, _in_srgb))
        for mix in list(MIXES)[1:]:
            print(_row(f"hsvis, {mix}", palette(N_CLASSES, theme), MIXES[mix]))
        many = rgb(palette(MANY, theme).hexes)
        least = (_least(many, rgb([theme.neutral]), sight)[0] for sight in SIGHTS)
        print(f"hsvis, {MANY} classes  " + " ".join(f"{one:6.1f}" for one in least))
