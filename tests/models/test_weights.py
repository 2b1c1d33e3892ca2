"""Checkpoints of one's own model: those that fit under other names, and those that need code to be read."""

import argparse
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from own_models import LastState, Tied, masked
from torch import nn

from hsvis.errors import ModelError
from hsvis.models.user.weights import check_weights, load_weights, read_weights, weights_hash


@pytest.fixture
def module() -> LastState:
    torch.manual_seed(3)
    return LastState(6)


def loaded(weights: Any, path: Path, target: nn.Module | None = None) -> tuple[nn.Module, str]:
    """A fresh module after loading what was saved as a torch file."""
    torch.save(weights, path)
    fresh = target or LastState(6)
    return fresh, load_weights(fresh, path)


def assert_same(one: nn.Module, other: nn.Module) -> None:
    for name, weight in one.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], weight)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "model.", "net.", "model._orig_mod."])
def test_names_of_a_wrapper_are_taken_off_and_that_is_said(
    tmp_path: Path, module: LastState, prefix: str
) -> None:
    named = {f"{prefix}{name}": weight for name, weight in module.state_dict().items()}
    fresh, done = loaded({"state_dict": named}, tmp_path / "w.pt")
    assert_same(module, fresh)
    assert f"`{prefix}` was taken off" in done


class Wrapping(nn.Module):
    """What people write around a model so that it is called as they want."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.net = inner


def test_a_wrapper_takes_the_weights_of_what_it_wraps(tmp_path: Path, module: LastState) -> None:
    path = tmp_path / "w.pt"
    torch.save(module.state_dict(), path)
    wrapped = Wrapping(LastState(6))
    assert "`net.` was put before their names" in load_weights(wrapped, path)
    assert_same(module, wrapped.net)
    with pytest.raises(ModelError, match="another architecture"):
        load_weights(nn.ModuleList([LastState(6), LastState(6)]), path)


def test_a_part_that_was_compiled_fits(tmp_path: Path, module: LastState) -> None:
    named = {name.replace("gru.", "gru._orig_mod."): one for name, one in module.state_dict().items()}
    assert_same(module, loaded(named, tmp_path / "w.pt")[0])


def test_what_lies_beside_a_prefix_is_left_aside_and_named(tmp_path: Path, module: LastState) -> None:
    named = {f"model.{name}": weight for name, weight in module.state_dict().items()}
    fresh, done = loaded(named | {"loss.weight": torch.ones(2)}, tmp_path / "w.pt")
    assert_same(module, fresh)
    assert "`loss.weight` left aside" in done


@pytest.mark.parametrize("inside", ["", "module."])
def test_weights_that_weight_drop_makes_of_others_are_left_aside(tmp_path: Path, inside: str) -> None:
    def raw() -> nn.Module:
        module = nn.Module()
        module.rnn, module.rnn.module = nn.Module(), nn.Module()
        module.rnn.weight_hh_l0_raw = nn.Parameter(torch.randn(2, 2))
        return module

    module = raw()
    made = {f"rnn.{inside}weight_hh_l0": torch.zeros(2, 2)}
    fresh, done = loaded(module.state_dict() | made, tmp_path / "w.pt", raw())
    assert_same(module, fresh)
    assert f"`rnn.{inside}weight_hh_l0`, made of the `_raw` weights, left aside" in done


def test_two_models_in_one_checkpoint_are_not_guessed_between(tmp_path: Path, module: LastState) -> None:
    named = {
        f"{way}.{name}": weight for name, weight in module.state_dict().items() for way in ("ema", "net")
    }
    with pytest.raises(ModelError, match="another architecture"):
        loaded(named, tmp_path / "w.pt")


def test_a_shared_weight_may_stand_under_one_of_its_names(tmp_path: Path) -> None:
    torch.manual_seed(3)
    module, fresh = Tied(6), Tied(6)
    safetensors.torch.save_model(module, str(tmp_path / "w.safetensors"))
    load_weights(fresh, tmp_path / "w.safetensors")
    assert_same(module, fresh)


def test_half_precision_is_read_into_a_module_of_single(tmp_path: Path, module: LastState) -> None:
    halves = {name: weight.to(torch.bfloat16) for name, weight in module.state_dict().items()}
    fresh, _ = loaded(halves, tmp_path / "w.pt")
    assert fresh.out.weight.dtype == torch.float32
    torch.testing.assert_close(fresh.out.weight, module.out.weight, atol=1e-2, rtol=1e-2)


def test_a_mask_of_minus_infinity_is_no_mistake() -> None:
    check_weights(masked(6))
    with pytest.raises(ModelError, match=r"`out\.weight` has no values yet"):
        check_weights(nn.ModuleDict({"out": nn.LazyLinear(3)}))


def whole(module: LastState, path: Path) -> None:
    torch.save(module, path)


def old_whole(module: LastState, path: Path) -> None:
    torch.save(module, path, _use_new_zipfile_serialization=False)


def lightning(module: LastState, path: Path) -> None:
    state = {f"model.{name}": weight for name, weight in module.state_dict().items()}
    torch.save({"epoch": 1, "hyper_parameters": argparse.Namespace(words=6), "state_dict": state}, path)


def module_in_a_dict(module: LastState, path: Path) -> None:
    torch.save({"accuracy": np.float64(0.9), "model": module}, path)


def plain_pickle(module: LastState, path: Path) -> None:
    with path.open("wb") as file:
        pickle.dump(module.state_dict(), file)


def pickled_module(module: LastState, path: Path) -> None:
    with path.open("wb") as file:
        pickle.dump({"model": module}, file)


def script(module: LastState, path: Path) -> None:
    torch.jit.save(torch.jit.trace(module, torch.tensor([[1, 2, 3]])), path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "save", [whole, old_whole, lightning, module_in_a_dict, plain_pickle, pickled_module, script]
)
def test_a_pickle_that_needs_code_is_refused_and_the_two_lines_convert_it(
    tmp_path: Path, module: LastState, save: Any
) -> None:
    path = tmp_path / "it's old.pt"
    save(module, path)
    with pytest.raises(ModelError) as caught:
        load_weights(LastState(6), path)
    message, first, second = str(caught.value).splitlines()
    assert message.startswith(f"`model.checkpoint`: {path}: ")
    assert "run these two lines in Python" in message
    exec(f"{first.strip()}\n{second.strip()}", {})
    fresh = LastState(6)
    load_weights(fresh, tmp_path / "it's old-weights.pt")
    assert_same(module, fresh)


@pytest.mark.parametrize(
    "damage",
    [
        b"\x8e" + (1 << 62).to_bytes(8, "little"),  # BINBYTES8 of more bytes than there is memory
        b"I" + b"1" * (1 << 20),  # a line that does not end
        b"0",  # POP from an empty stack
    ],
)
def test_a_damaged_pickle_is_refused_in_words_whatever_it_says_of_its_sizes(
    tmp_path: Path, damage: bytes
) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(b"\x80\x02" + damage)
    with pytest.raises(ModelError, match="model.pt") as refused:
        read_weights(path)
    assert len(str(refused.value)) < 2000


@pytest.mark.parametrize(
    ("file", "directory", "value"),
    [
        (8, 10, 77),  # the number of the way it is packed
        (6, 8, 1),  # says that it is encrypted
        (30, 46, 0xFF),  # first letter of its name
    ],
)
def test_an_archive_that_tells_other_things_of_its_files_is_refused_in_words(
    tmp_path: Path, file: int, directory: int, value: int
) -> None:
    path = tmp_path / "model.pt"
    torch.save(torch.nn.LSTM(3, 4).state_dict(), path)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x03\x04") + file] = value
    first = content.index(b"PK\x01\x02")
    content[first + directory] = value
    if value == 0xFF:
        content[first + 9] |= 8  # the name is to be UTF-8, and is not
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not whole|damaged|no torch file"):
        read_weights(path)


class Trap:
    """A pickle that does something when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("archive", [True, False])
def test_nothing_in_a_refused_pickle_is_run(tmp_path: Path, archive: bool) -> None:
    torch.save(
        {"state_dict": Trap(tmp_path / "sprung")},
        tmp_path / "trap.pt",
        _use_new_zipfile_serialization=archive,
    )
    with pytest.raises(ModelError, match="can't be read without running code"):
        load_weights(LastState(6), tmp_path / "trap.pt")
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    ("content", "held"),
    [({}, "nothing at all"), (None, "nothing at all"), ({"epoch": 3}, "the keys `epoch`"), ([1], "list")],
)
def test_a_file_without_weights_says_what_it_holds(
    tmp_path: Path, module: LastState, content: Any, held: str
) -> None:
    torch.save(content, tmp_path / "weights.pt")
    with pytest.raises(ModelError, match=f"holds no state dict but {held}"):
        load_weights(module, tmp_path / "weights.pt")


def test_the_hash_of_weights_tells_values_names_and_shapes_apart(module: LastState) -> None:
    before = weights_hash(module)
    with torch.no_grad():
        module.out.bias += 1e-6
    assert weights_hash(module) != before
