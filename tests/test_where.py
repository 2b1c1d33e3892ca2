"""docs/where.md names the file of every id, store, route, setting and command, as they are now."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from hsvis.dashboard.page import ids

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "where.py"))


def test_the_page_is_what_the_script_makes_of_the_code(script: dict[str, Any]) -> None:
    assert script["PAGE"].read_text(encoding="utf-8") == script["page"](), "run `python docs/where.py`"


def test_nothing_is_missing_and_every_file_exists(script: dict[str, Any]) -> None:
    page = script["PAGE"].read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", page, re.MULTILINE))
    named = {value for name, value in vars(ids).items() if name.isupper() and isinstance(value, str)}
    assert named <= set(rows)
    for identity in named:
        assert "`" in rows[identity], f"nothing makes {identity}"
    assert {
        "cloud/<run>/<layer>/<projection>.png",
        "health",
        "login",
        "export/<run>/<layer>/<projection>/<name>",
    } <= set(rows)
    assert {"dataset.limit", "tokens.max_length", "model.factory", "projections.N.perplexity"} <= set(rows)
    assert {"hsvis build", "hsvis check", "hsvis info", "hsvis project", "hsvis serve", "hsvis users"} <= set(
        rows
    )
    for path in re.findall(r"`((?:hsvis|assets)/[\w./-]+\.\w+)`", page):
        assert (ROOT / path).is_file(), path
