"""Files that people give or that lie in the cache, broken at random: an error in words, never a fault.

`HSVIS_FUZZ=5000 python -m pytest tests/test_fuzzed_files.py` tries so many of each; by default a few dozen.
"""

import io
import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from hsvis.config import load_config
from hsvis.errors import ConfigError, ModelError
from hsvis.models.user.weights import read_weights
from hsvis.paths import configs_folder

TRIED = int(os.environ.get("HSVIS_FUZZ", "60"))
LARGEST = 4096  # of what is put in
few = settings(
    max_examples=TRIED, deadline=20_000, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

# where, as a share of the file; how many bytes go; what comes instead
breaks = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 64), st.binary(max_size=16) | st.just(b"\0" * LARGEST)),
    min_size=1,
    max_size=4,
)


def broken(content: bytes, how: list[tuple[float, int, bytes]]) -> bytes:
    for share, gone, instead in how:
        at = int(share * len(content))
        content = content[:at] + instead + content[at + gone :]
    return content


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A checkpoint in each of the ways that torch and safetensors write."""
    weights = torch.nn.LSTM(3, 4).state_dict()
    folder = tmp_path_factory.mktemp("checkpoints")
    save_file(weights, folder / "a.safetensors")
    found = {".safetensors": (folder / "a.safetensors").read_bytes()}
    for ending, is_archive in ((".pt", True), (".pth", False)):
        file = io.BytesIO()
        torch.save({"state_dict": weights}, file, _use_new_zipfile_serialization=is_archive)
        found[ending] = file.getvalue()
    return found


@pytest.mark.parametrize("ending", [".safetensors", ".pt", ".pth"])
@few
@given(how=breaks)
def test_a_broken_checkpoint_is_read_or_refused_in_words(
    checkpoints: dict[str, bytes], tmp_path: Path, ending: str, how: list[tuple[float, int, bytes]]
) -> None:
    path = tmp_path / f"model{ending}"
    path.write_bytes(broken(checkpoints[ending], how))
    try:
        read = read_weights(path)
    except ModelError as error:
        assert str(path) in str(error)
        assert len(str(error)) < 2000
    else:
        assert all(isinstance(name, str) for name in read)


@pytest.mark.parametrize("name", ["demo", "imdb", "digits"])
@few
@given(how=breaks)
def test_a_broken_config_is_read_or_refused_in_words(
    tmp_path: Path, name: str, how: list[tuple[float, int, bytes]]
) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(broken((configs_folder() / f"{name}.yaml").read_bytes(), how))
    try:
        load_config(path)
    except ConfigError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize(
    "content",
    [
        "a: &a [x, x, x]\n"
        + "".join(
            f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]\n"
            for a, b in zip("abcdefghijklm", "bcdefghijklmn", strict=True)
        ),
        "[" * 5000,
        "{a: " * 5000,
        "!!python/object/apply:os.system [echo]",
        "name: " + "9" * 10_000,
        "? [a, b]\n: c",
        "<<: [1, 2]",
        "name: 2026-99-99",
        "name: 0x" + "f" * 5000,
        "a: *a",
    ],
)
def test_a_hostile_config_is_refused_in_words(tmp_path: Path, content: str) -> None:
    path = tmp_path / "hostile.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_config(path)
    assert len(str(refused.value)) < 20_000
