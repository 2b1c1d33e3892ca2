"""The built-in classifier elsewhere than on the CPU: training, states, answers, memory, messages."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from elsewhere import Elsewhere
from test_training import SETTINGS, TOKENS, corpus

from hsvis.build.extraction import STEPS_PER_BATCH, extract
from hsvis.build.plan import Plan
from hsvis.config import Config, ModelSettings, load_config
from hsvis.errors import ModelError
from hsvis.models import devices
from hsvis.models.batching import AtOnce
from hsvis.models.builtin.checkpoint import checkpoint_bytes, read_checkpoint
from hsvis.models.builtin.classifier import RecurrentClassifier
from hsvis.models.builtin.provider import BuiltIn
from hsvis.models.builtin.text_model import TextModel
from hsvis.models.builtin.training import Trained, train
from hsvis.models.devices import at_once, device_of, in_parts, is_out_of_memory, place
from hsvis.models.protocol import Encoded
from hsvis.models.providers import corpus_key
from hsvis.progress import silent

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
WANTED = ("rnn.0", "rnn.1", "rnn.0.cell")
MADE = corpus(80)


def settings(device: str | None = None, **changes: object) -> ModelSettings:
    """Of two layers without what draws on the device, so that all devices learn the same."""
    plain = {"layers": 2, "epochs": 2, "dropout": 0.0, "early_loss": 0.0} | changes | {"device": device}
    return SETTINGS.model_copy(update=plain)


def model_of(trained: Trained, device: str | None = None) -> TextModel:
    return TextModel(place(trained.classifier, device), trained.vocabulary, TOKENS, MADE.classes, WANTED)


@pytest.fixture(scope="module")
def on_the_cpu() -> Trained:
    return train(MADE, TOKENS, settings())


def assert_alike(ours: RecurrentClassifier, theirs: RecurrentClassifier, atol: float) -> None:
    for name, weight in theirs.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], weight, atol=atol, rtol=0)


@pytest.mark.parametrize("device", ["meta", pytest.param("cuda", marks=GPU)])
def test_another_device_trains_the_same_model_which_is_read_on_the_cpu(
    on_the_cpu: Trained, device: str, tmp_path: Path
) -> None:
    with Elsewhere() as elsewhere:
        found = train(MADE, TOKENS, settings(device))
        if device == "meta":
            assert {"aten::mm", "aten::embedding_dense_backward", "aten::lerp_"} <= elsewhere.computed
    assert all(weight.device.type == "cpu" for weight in found.classifier.state_dict().values())
    assert_alike(found.classifier, on_the_cpu.classifier, 1e-5 if device == "meta" else 1e-2)
    assert found.test_accuracy == pytest.approx(on_the_cpu.test_accuracy, abs=0.05)
    assert str(found.report()["device"]).startswith(device)
    path = tmp_path / "trained.safetensors"
    path.write_bytes(checkpoint_bytes(found, MADE.classes, TOKENS, settings(device)))
    again = read_checkpoint(path)
    assert_alike(again.classifier, found.classifier, 0)
    assert again.report["device"] == found.device


@pytest.mark.parametrize("device", ["meta", pytest.param("cuda", marks=GPU)])
def test_dropout_and_the_early_loss_draw_on_the_device(device: str) -> None:
    drawing = settings(device, dropout=0.3, early_loss=0.5, epochs=1)
    with Elsewhere():
        one, other = (train(MADE, TOKENS, drawing) for _ in range(2))
    assert_alike(one.classifier, other.classifier, 0 if device == "meta" else 1e-2)


@pytest.mark.parametrize("device", ["meta", pytest.param("cuda", marks=GPU)])
def test_states_answers_and_fingerprint_are_those_of_the_cpu(on_the_cpu: Trained, device: str) -> None:
    model = model_of(on_the_cpu)
    encoded = [model.encode(text) for text in MADE.test.texts]
    expected, answers, fingerprint = extract(model, encoded), model.answer(encoded), model.fingerprint
    with Elsewhere():
        try:
            moved = model_of(on_the_cpu, device)
            found = extract(moved, encoded)
            assert moved.device.type == device
            assert moved.fingerprint == fingerprint
            np.testing.assert_allclose(moved.answer(encoded), answers, atol=1e-5)
        finally:
            on_the_cpu.classifier.to("cpu")
    np.testing.assert_allclose(found.ep, expected.ep, atol=1e-5)
    for name in WANTED:
        np.testing.assert_allclose(found.states[name], expected.states[name], atol=1e-5)


@pytest.mark.skipif(not torch.backends.mps.is_available(), reason="needs an Apple GPU")
def test_an_apple_gpu_trains_and_reads(on_the_cpu: Trained) -> None:
    found = train(MADE, TOKENS, settings("mps", dropout=0.1, early_loss=0.5))
    assert found.device == "mps"
    model = model_of(found, "mps")
    assert np.isfinite(extract(model, [model.encode(text) for text in MADE.test.texts]).ep).all()


def test_naming_the_cpu_changes_no_bit(on_the_cpu: Trained) -> None:
    named = train(MADE, TOKENS, settings("cpu"))
    files = [checkpoint_bytes(one, MADE.classes, TOKENS, settings(device))
             for one, device in ((on_the_cpu, None), (named, "cpu"))]  # fmt: skip
    assert files[0] == files[1]
    assert b"device" not in files[0]  # an earlier version reads it as well


def test_the_device_is_no_part_of_what_makes_a_run(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("name: run\ndataset: {path: digits}\nmodel: {hidden: 8}\n")
    plans = [
        Plan.of(load_config(file, overrides), silent)
        for overrides in ([], ["model.device=cpu"], ["model.device=cuda:1"])
    ]
    assert len({plan.states_key for plan in plans}) == 1
    dumped = plans[0].config.model.model_dump(
        exclude={"device", "answers"}
    )  # as versions without these settings had it
    earlier = {"model": dumped, "train": plans[0].corpus.train.fingerprint}
    assert {name: corpus_key(plans[0].config, plans[0].corpus)[name] for name in earlier} == earlier


def test_files_of_states_have_no_use_for_a_model_and_runs_before_there_were_devices_are_read() -> None:
    made = {"name": "files", "states_from": "run.npz"}
    config = Config.model_validate(made).model_dump(mode="json")
    del config["model"]["device"]
    assert Config.model_validate(config) == Config.model_validate(made)
    with pytest.raises(ValueError, match="`model` has no use"):
        Config.model_validate(made | {"model": {"device": "cpu"}})


@pytest.mark.parametrize(
    ("trained_on", "device", "gpu", "words"),
    [
        (None, None, None, []),
        ("cuda:0 (NVIDIA H100)", "cuda", None, []),
        ("cuda:0 (NVIDIA H100)", None, None, ["trained on cuda:0 (NVIDIA H100)"]),
        (None, None, "cuda", ["`model.device: cuda` uses the GPU"]),
        (None, "cpu", "cuda", []),
    ],
)
def test_a_gpu_that_is_not_used_and_weights_of_another_device_are_told(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    trained_on: str | None,
    device: str | None,
    gpu: str | None,
    words: list[str],
) -> None:
    monkeypatch.setattr(devices, "unused_gpu", lambda: gpu)
    file = tmp_path / "run.yaml"
    file.write_text("name: run\ndataset: {path: digits}\n")
    config = load_config(file, [f"model.device={device}"] if device else [])
    provider = Plan.of(config, silent).provider
    assert isinstance(provider, BuiltIn)
    report = {"epochs": []} | ({} if trained_on is None else {"device": trained_on})
    told = [one.text for one in provider.remarks(report) if one.code == "device"]
    assert len(told) == len(words)
    assert all(word in text for word, text in zip(words, told, strict=True))


class Small(TextModel):
    """Says that memory does not suffice for more than some sequences at once, as if on a GPU."""

    most = 3

    def _trace(self, batch):
        self.asked = [*getattr(self, "asked", []), len(batch)]
        if len(batch) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return super()._trace(batch)

    def _answer(self, batch):
        if len(batch) > self.most:
            raise RuntimeError("MPS backend out of memory (MPS allocated: 18.13 GB)")
        return super()._answer(batch)


def small(trained: Trained, most: int) -> Small:
    model = Small(trained.classifier, trained.vocabulary, TOKENS, MADE.classes, WANTED)
    model.device, model.most = torch.device("meta"), most
    model._there = torch.from_numpy
    return model


def test_a_batch_that_memory_lacks_room_for_is_read_in_halves(on_the_cpu: Trained) -> None:
    plain, model = model_of(on_the_cpu), small(on_the_cpu, 3)
    encoded = [plain.encode(text) for text in MADE.test.texts[:25]]
    found, expected = model.trace(encoded), plain.trace(encoded)
    assert max(model.asked) == 25
    assert sum(count for count in model.asked if count <= 3) == 25
    assert found.lengths.tolist() == expected.lengths.tolist()
    for row, length in enumerate(expected.lengths):
        np.testing.assert_allclose(found.ep[row, :length], expected.ep[row, :length], atol=1e-6)
        for name in WANTED:
            ours, theirs = found.states[name][row, :length], expected.states[name][row, :length]
            np.testing.assert_allclose(ours, theirs, atol=1e-6)
    np.testing.assert_allclose(model.answer(encoded), plain.answer(encoded), atol=1e-6)


def test_a_sequence_that_memory_lacks_room_for_is_refused_in_words(on_the_cpu: Trained) -> None:
    model = small(on_the_cpu, 0)
    encoded = [model.encode(text) for text in MADE.test.texts[:2]]
    for read in (model.trace, model.answer):
        with pytest.raises(ModelError, match=r"does not suffice for one sequence\. .*`model\.device: cpu`"):
            read(encoded)


@pytest.mark.parametrize("error", [RuntimeError("size mismatch"), ValueError("out of memory")])
def test_any_other_error_is_told_as_it_is(error: Exception) -> None:
    def work(batch: list[int]) -> None:
        raise error

    with pytest.raises(type(error), match=str(error)):
        in_parts(work, [1, 2], torch.device("meta"))


def test_training_that_memory_lacks_room_for_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(self: RecurrentClassifier, ids: torch.Tensor) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(RecurrentClassifier, "read", read)
    with pytest.raises(ModelError, match=r"train on 16 sequences\. Lower `model\.batch_size` or"):
        train(MADE, TOKENS, settings())


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("MPS backend out of memory"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
    ],
)
def test_how_devices_say_that_memory_does_not_suffice(error: Exception, is_one: bool) -> None:
    assert is_out_of_memory(error) == is_one


def test_batches_are_as_large_as_the_device_has_room_for(
    on_the_cpu: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert model_of(on_the_cpu).at_once is None  # as the CPU always read them
    gpu = torch.device("cuda")
    free = [80 << 30]
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free[0], 80 << 30))
    assert at_once(gpu, 5_000) == AtOnce(1 << 20, 1 << 20)
    free[0] = 1 << 30
    few = at_once(gpu, 5_000)
    assert few is not None
    assert 50_000 < few.steps < 1 << 20
    free[0] = 0
    assert at_once(gpu, 5_000) == AtOnce(1, 1)  # a sequence at a time


def test_extraction_reads_batches_of_the_size_that_the_model_names(on_the_cpu: Trained) -> None:
    class Roomy(TextModel):
        at_once, asked = AtOnce(1 << 20, 1 << 20), ()

        def trace(self, batch: list[Encoded]):
            self.asked += (len(batch),)
            return super().trace(batch)

    model = Roomy(on_the_cpu.classifier, on_the_cpu.vocabulary, TOKENS, MADE.classes)
    encoded = [model.encode(text) for text in MADE.test.texts] * 10
    assert sum(map(len, encoded)) > STEPS_PER_BATCH
    found = extract(model, encoded)
    assert model.asked == (800,)
    np.testing.assert_allclose(found.ep, extract(model_of(on_the_cpu), encoded).ep, atol=1e-6)


def test_parts_take_turns_on_a_gpu(on_the_cpu: Trained) -> None:
    with Elsewhere():
        try:
            model = model_of(on_the_cpu, "meta")
        finally:
            on_the_cpu.classifier.to("cpu")
    at_work = []

    def trace(batch: list[Encoded]) -> None:
        at_work.append(1)
        assert len(at_work) == 1
        waiting.wait(0.01)
        at_work.pop()
        raise ModelError("done")

    waiting = threading.Event()
    model._trace = trace  # type: ignore[method-assign, assignment]
    failed = []

    def read() -> None:
        try:
            model.trace([])
        except Exception as error:
            failed.append(str(error))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert failed == ["done"] * 4


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_device_that_is_not_there_is_refused_before_training(device: str) -> None:
    with pytest.raises(
        ModelError, match=rf"`model\.device: {device}`: there is no GPU here .*`model\.device: cpu`"
    ):
        train(MADE, TOKENS, settings(device))
    assert device_of(None).type == "cpu"
