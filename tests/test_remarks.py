"""Every decision and warning has a code, and the docs name them all."""

import re
from pathlib import Path

import pytest

from hsvis.remarks import DECISIONS, WARNINGS, Remark, listed, shorten

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs" / "decisions.md"


def test_the_docs_list_every_code() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for title, codes in (("Decisions", DECISIONS), ("Warnings", WARNINGS)):
        part = text.partition(f"## {title}\n")[2].partition("\n## ")[0]
        assert dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", part, re.MULTILINE)) == codes


def test_every_code_is_used() -> None:
    files = [path for path in (ROOT / "hsvis").rglob("*.py") if path.name != "remarks.py"]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    used = set(re.findall(r'Remark\(\s*"([a-z-]+)"', source))
    assert used == {*DECISIONS, *WARNINGS}


def test_codes_are_kebab_case_and_mean_one_thing() -> None:
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in [*DECISIONS, *WARNINGS])
    assert not set(DECISIONS) & set(WARNINGS)
    with pytest.raises(ValueError, match="no remark has the code"):
        Remark("something", "else")


def test_names_are_cut_in_the_middle_so_that_their_ends_differ() -> None:
    long = ["Billing and payments: refunds of the last month", "Billing and payments: refunds of this month"]
    assert len({shorten(one) for one in long}) == 2
    assert all(len(shorten(one)) <= 40 for one in long)
    assert shorten("two\nlines") == "two lines"
    assert listed("abcdefg", 3) == "`a`, `b`, `c` and 4 more"
