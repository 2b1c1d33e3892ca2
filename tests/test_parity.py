"""docs/parity.md names every feature of the paper's system, ids that exist and tests that exist."""

import ast
import re
from pathlib import Path

import pytest

from hsvis.dashboard.page import ids

ROOT = Path(__file__).parents[1]
FEATURES = [f"{kind}{k}" for kind, count in (("O", 8), ("S", 9), ("V", 11)) for k in range(1, count + 1)]
ROWS = [
    [cell.strip() for cell in line.strip("| \n").split(" | ")]
    for line in (ROOT / "docs" / "parity.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| [OSV]\d+ \|", line)
]


def test_every_feature_has_its_row_in_order() -> None:
    assert [row[0] for row in ROWS] == FEATURES


@pytest.mark.parametrize("row", ROWS, ids=FEATURES)
def test_a_row_names_views_and_a_test_that_exist(row: list[str]) -> None:
    named = {value for name, value in vars(ids).items() if name.isupper() and isinstance(value, str)}
    views = re.findall(r"`([a-z-]+)`", row[2])
    assert set(views) <= named
    assert views or row[2] in ("all", "all figures")
    file, test = re.fullmatch(r"`(test_\w+\.py)::(test_\w+)`", row[-1]).groups()  # type: ignore[union-attr]
    tree = ast.parse((ROOT / "tests" / "browser" / file).read_text(encoding="utf-8"))
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
