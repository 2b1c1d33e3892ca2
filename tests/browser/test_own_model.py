"""One's own model on the page: every layer and direction, with the numbers of the module itself."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from own_models import PackedTagger
from own_run import WORDS, make_folder, saved, write_config
from pages import Open, Opened, Served, stands
from server import serving

from hsvis.build.pipeline import build
from hsvis.config import load_config
from hsvis.dashboard.page import ids

INDEX = 3


@pytest.fixture(scope="module")
def module() -> PackedTagger:
    torch.manual_seed(3)
    return PackedTagger(len(WORDS)).eval()


@pytest.fixture(scope="module")
def served(
    module: PackedTagger, session_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("own")
    make_folder(folder)
    weights = saved(module, folder / "weights.safetensors")
    config = write_config(
        folder, factory="own_models:PackedTagger", kwargs=f"{{words: {len(WORDS)}}}", checkpoint=weights,
        tokenizer=folder / "vocab.txt",
    )  # fmt: skip
    with serving([build(load_config(config))]) as running:
        yield running


@pytest.fixture
def page(open_page: Open, served: Served) -> Opened:
    opened = open_page()
    opened.row(INDEX)
    stands(opened, served.stores["own"], INDEX)
    return opened


def test_each_layer_and_direction_shows_its_own_states(page: Opened, served: Served) -> None:
    store = served.stores["own"]
    offered = page.page.evaluate(
        "dash_component_api.getLayout('layer-select').props.options.map((o) => o.value)"
    )
    assert offered == list(store.layers)
    assert any("reverse" in layer for layer in offered)
    for layer in (offered[1], offered[-1]):
        page.choose(ids.LAYER_SELECT, layer)
        page.wait_until(f"() => hsvis.steps.meta().cloud.split('/')[1] === '{layer}'")
        page.settle()
        shown = next(trace for trace in page.traces(ids.UNIT_ACTIVITY) if trace["type"] == "heatmap")
        states = store.states(INDEX, layer)
        assert np.shape(shown["z"]) == states.T.shape
        np.testing.assert_allclose(np.sort(np.array(shown["z"]).ravel()), np.sort(states.ravel()), atol=1e-5)


def test_the_heatmap_is_the_modules_own_answer_to_each_beginning(
    page: Opened, served: Served, module: PackedTagger
) -> None:
    store = served.stores["own"]
    ids_of = {word: k for k, word in enumerate(WORDS)}
    read = torch.tensor([[ids_of.get(token.lower(), 1) for token in store.sequence(INDEX).tokens]])
    rows = [trace["z"][0] for trace in page.traces(ids.EP_HEATMAP) if trace["type"] == "heatmap"]
    with torch.inference_mode():
        for t in range(read.shape[1]):
            expected = module(read[:, : t + 1], torch.tensor([t + 1])).softmax(-1)[0]
            np.testing.assert_allclose([row[t] for row in rows[:2]], expected, atol=1e-4)
