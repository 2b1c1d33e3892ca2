"""Kinds of answers: how a config names them, and what runs of each have."""

from typing import get_args

import pytest

from hsvis.config import AnswerKind, Config, load_config
from hsvis.errors import ConfigError
from hsvis.run.kinds.answers import EVERY_FIGURE, KINDS

OWN = {"factory": "net:Net"}


def config_of(**model):
    return Config.model_validate({"name": "one", "dataset": {"path": "some/set"}, "model": {**OWN, **model}})


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (None, "classes"),
        ("each step", "classes"),
        (["classes", "each-step"], "classes"),
        ("Independent", "independent"),
        (["each step", "number"], "number"),
        (["number", "number"], "number"),
    ],
)
def test_the_kind_is_said_beside_when_it_is_answered(given, kind):
    assert config_of(**({} if given is None else {"answers": given})).answers == kind


def test_the_built_in_model_answers_classes():
    assert Config.model_validate({"name": "one", "dataset": {"path": "demo"}}).answers == "classes"


@pytest.mark.parametrize("given", [["classes", "number"], ["independent", "each step", "number"]])
def test_a_model_answers_one_kind(given, tmp_path):
    path = tmp_path / "one.yaml"
    path.write_text(f"name: one\ndataset: {{path: demo}}\nmodel: {{factory: 'net:Net', answers: {given}}}\n")
    with pytest.raises(ConfigError, match=r"`model.answers`.*a model answers one of these: `classes`"):
        load_config(path)


def test_every_kind_has_its_row_and_names_figures_of_the_page():
    assert set(KINDS) == set(get_args(AnswerKind))
    for kind, one in KINDS.items():
        assert one.kind == kind
        assert set(one.figures) <= set(EVERY_FIGURE)
