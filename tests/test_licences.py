"""docs/licences.md names all that an installation brings along."""

import re
import runpy
from pathlib import Path

SCRIPT = Path(__file__).parents[1] / "docs" / "licences.py"


def test_every_package_that_hsvis_needs_is_listed_with_its_licence() -> None:
    script = runpy.run_path(str(SCRIPT))
    there = script["needed"]()
    assert {"dash", "torch", "waitress", "flask-compress", "werkzeug"} <= set(there)
    page = script["PAGE"].read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| ([a-z][\w.-]*) \| \S+ \| (.+) \|$", page, re.MULTILINE))
    listed.pop("package")  # the head
    assert set(listed) == set(there), "run `python docs/licences.py`"
    assert "not said" not in listed.values()
