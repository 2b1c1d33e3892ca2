"""A pair of texts on the page: the boundary is seen, and where there is no expected prediction, why."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from pages import Open, Served
from server import serving

from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.dashboard.page import ids

GALLERY = Path(__file__).parents[1] / "gallery"
WHY = "the model is given the first text as a whole"


@pytest.fixture(scope="module")
def served(session_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pairs")
    rows = [("the film is", "not good at all", 0), ("a great plot", "and very good", 1)]
    pd.DataFrame(rows, columns=["premise", "hypothesis", "label"]).to_csv(folder / "pairs.csv", index=False)
    (folder / "words.txt").write_text("<pad>\n<unk>\nthe\nfilm\nis\nnot\ngood\na\ngreat\nplot\nvery\nand")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.syspath_prepend(GALLERY)
        store = build(load_config(GALLERY / "siamese.yaml"))
        with serving([store]) as running:
            yield running


def test_the_boundary_and_the_steps_without_an_expected_prediction_are_seen(
    open_page: Open, served: Served
) -> None:
    opened = open_page()
    opened.row(0)
    opened.settle()
    page = opened.page
    assert page.locator("#token-strip .boundary").inner_text().strip() == "‖"
    without = page.locator("#token-strip .without-ep")
    assert without.all_inner_texts() == ["the", "film", "is"]
    assert WHY in str(without.first.get_attribute("title"))
    assert page.locator("#token-strip .token:not(.without-ep)").count() == 4
    shapes = opened.figure(ids.EP_HEATMAP, "gd.layout.shapes.map((one) => [one.name, one.x0])")
    assert shapes == [["boundary", 2.5]]
    without.first.hover()
    tooltip = page.locator("#tooltip")
    tooltip.get_by_text("no expected prediction").wait_for()
    assert "premise" in tooltip.inner_text()
    assert WHY in tooltip.inner_text()
    page.locator('#token-strip [data-step="4"]').hover()
    tooltip.get_by_text("step 4 · hypothesis").wait_for()
    assert WHY not in tooltip.inner_text()
