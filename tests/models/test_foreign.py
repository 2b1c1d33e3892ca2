"""Models of other frameworks are refused with the way round that the documentation has."""

import sys
from pathlib import Path
from types import ModuleType

import pytest
from torch import nn

from hsvis.config import UserModelSettings
from hsvis.errors import ModelError
from hsvis.models.foreign import PACKAGES, foreign_module
from hsvis.models.user.factories import make_module
from hsvis.models.user.weights import load_weights

DOCUMENT = Path(__file__).parents[2] / "docs" / "bring-your-own-model.md"


@pytest.mark.parametrize(
    ("file", "framework"),
    [
        ("weights.keras", "Keras"),
        ("weights.H5", "Keras"),
        ("params.msgpack", "flax"),
        ("folder/saved_model.pb", "TensorFlow"),
        ("model.tflite", "TensorFlow Lite"),
        ("model.onnx", "ONNX"),
    ],
)
def test_a_checkpoint_of_another_framework_is_told(tmp_path: Path, file: str, framework: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"PK\x03\x04")
    for named in {path, path.parent} - {tmp_path}:
        with pytest.raises(ModelError, match=f"of {framework}") as refused:
            load_weights(nn.Linear(1, 1), named)
        assert "`states_from`" in str(refused.value)
        section = str(refused.value).partition("“")[2].partition("”")[0]
        assert f"\n## {section}\n" in DOCUMENT.read_text(encoding="utf-8")


def test_a_file_that_is_not_there_is_told_as_any_other(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no such file"):
        load_weights(nn.Linear(1, 1), tmp_path / "weights.keras")


@pytest.mark.parametrize("is_torch", [False, True])  # as those of Keras on torch are
@pytest.mark.parametrize("package", PACKAGES)
def test_a_factory_that_returns_a_model_of_another_framework_is_told(
    package: str, is_torch: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = type("Base", (nn.Module,) if is_torch else (), {"__module__": f"{package}.src.models"})
    own = type("Own", (base,), {"__module__": "my_model"})
    made = ModuleType("my_model")
    made.make = own  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "my_model", made)
    settings = UserModelSettings.model_validate({"factory": "my_model:make"})
    with pytest.raises(ModelError, match=f"returned Own, a model of {PACKAGES[package]}") as refused:
        make_module(settings)
    assert "`states_from`" in str(refused.value)


def test_what_is_no_model_at_all_is_told_otherwise() -> None:
    assert foreign_module([1]) is None
    assert foreign_module(None) is None
