"""How the figures look: every number, colour and text of their layout, as they were last looked at.

The other tests hold what a figure shows.  This one notices a line twice as wide or a margin that is gone.
Where a look was changed on purpose: look at it, run `python tests/figures/test_looks.py`, which writes
`looks.json` again, and commit that.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1]))  # as a script
from figure_example import Example

from hsvis.figures.style.theme import DARK, LIGHT, empty, palette

KEPT = Path(__file__).with_name("looks.json")
LONG = 8  # values; longer ones are data, which other tests recompute
EXAMPLES = {
    "few steps, two classes, light": (12, 2, LIGHT),
    "many steps, five classes, dark": (200, 5, DARK),
    "many classes, light": (25, 50, LIGHT),
}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of all that is no data."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key != "bdata":  # arrays
                yield from leaves(inner, f"{path}.{key}".removeprefix("."))
    elif isinstance(value, (list, tuple)):
        if len(value) <= LONG:
            for k, inner in enumerate(value):
                yield from leaves(inner, f"{path}[{k}]")
    else:
        yield path, float(f"{value:.5g}") if isinstance(value, float) else value


def looks(name: str) -> dict[str, dict[str, Any]]:
    figures = Example(*EXAMPLES[name]).all()
    figures["nothing"] = empty("Nothing to show.", EXAMPLES[name][2])
    kept = {view: dict(leaves(json.loads(figure.to_json()))) for view, figure in figures.items()}
    return kept | {"palette": dict(leaves(dict(enumerate(palette(60, EXAMPLES[name][2]).hexes))))}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_figure_looks_as_it_was_last_looked_at(name: str) -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))[name]
    found = looks(name)
    assert found.keys() == kept.keys()
    for view, look in found.items():
        changed = {key: (kept[view].get(key), look.get(key)) for key in kept[view].keys() | look.keys()}
        changed = {key: pair for key, pair in changed.items() if pair[0] != pair[1]}
        assert not changed, f"{view}: {changed}"


if __name__ == "__main__":
    content = json.dumps({name: looks(name) for name in EXAMPLES}, indent=1, ensure_ascii=False)
    KEPT.write_text(content + "\n", encoding="utf-8")
