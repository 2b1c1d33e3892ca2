"""Flipped bits of a small run: each is noticed, or changes nothing that is read.

Every file that a build writes is harmed, one bit at a time, and read again as hsvis reads it.
"""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hsvis.analysis import statistics
from hsvis.build.pipeline import build
from hsvis.config import Config, load_config
from hsvis.corpus.word_files import read_words_file
from hsvis.errors import HsvisError
from hsvis.models.builtin.checkpoint import read_checkpoint
from hsvis.run.manifest import manifest_of
from hsvis.run.neighbour_index import Index
from hsvis.run.reading import (
    Steps,
    column,
    part_paths,
    read_distances,
    read_predictions,
    read_projection,
    read_sequences,
)
from hsvis.run.states import LayerStates
from hsvis.run.store import StateStore
from hsvis.storage import parquet

LAYER = "rnn.0"
SETTINGS = [
    "model.hidden=2", "model.embedding=2", "model.epochs=1", "model.cell=rnn", "states.part_steps=6",
    'projections=[{"method": "pca"}]',
]  # fmt: skip


def tiny_config(folder: Path, name: str = "tiny") -> Config:
    """A run of five texts and a trained model, of some kB.  `folder`: where its dataset will lie."""
    folder.mkdir(parents=True, exist_ok=True)
    train = [
        {"text": f"{word} film {i % 3}", "label": k}
        for i in range(6)
        for k, word in enumerate(("bad", "good"))
    ]
    test = [
        {"text": text, "label": k % 2} for k, text in enumerate(("a bad film", "good", "Good ½ film 1 , 2"))
    ]
    for split, rows in (("train", train), ("test", [*test, *test[:1]])):
        lines = "\n".join(json.dumps(row) for row in rows)
        (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    file = folder / f"{name}.yaml"
    paths = "".join(f"    {split}: {folder / split}.jsonl\n" for split in ("train", "test"))
    file.write_text(f"name: {name}\ndataset:\n  path: json\n  data_files:\n{paths}", encoding="utf-8")
    return load_config(str(file), SETTINGS)


def readers(store: StateStore) -> dict[Path, Callable[[], object]]:
    """Of each file of a tiny run, and what it shares with others, what reads it: to values that compare."""
    folder, manifest, cache = store.folder, store.manifest, store.folder.path.parent
    steps, state = Steps(store.lengths), store.states(1, LAYER)[0]
    (facts,) = manifest.projections

    def index() -> object:
        return [(one.rows.tobytes(), one.distances.tobytes()) for one in Index(folder, LAYER).near(state)]

    def states() -> object:
        return LayerStates(folder, LAYER, 2)[:].tobytes(), read_distances(folder, LAYER, steps).tobytes()

    def projection() -> object:
        path = folder.embedding(LAYER, facts.name)
        return read_projection(folder, facts, steps).xy.tobytes(), parquet.read_details(path)

    def words_of_states() -> object:
        path = folder.word_statistics(LAYER)
        table = parquet.read_table(path, layout=statistics.LAYOUT)
        return repr(table.to_pydict()), parquet.read_details(path)  # NaN is not NaN

    def predictions() -> object:
        return read_predictions(folder, steps, 2, labelled=False)[0].tobytes()

    def sequences() -> object:
        table = read_sequences(folder, manifest)
        return repr(table.to_pydict()), column(table, "confidence").tobytes()

    found: dict[Path, Callable[[], object]] = {
        folder.manifest: lambda: manifest_of(folder).model_dump(),
        folder.sequences: sequences,
        folder.predictions: predictions,
        **dict.fromkeys(part_paths(folder, LAYER), states),
        folder.embedding(LAYER, facts.name): projection,
        folder.cells(LAYER): index,
        folder.records(LAYER): index,
        folder.word_statistics(LAYER): words_of_states,
    }
    for path in sorted((cache / "words").glob("*.parquet")):
        with parquet.open_file(path) as file:
            found[path] = _words(path, file.metadata.num_rows)
    for path in (cache / "models").glob("*.safetensors"):
        found[path] = _checkpoint(path)
    return found


def _words(path: Path, rows: int) -> Callable[[], object]:
    return lambda: repr(read_words_file(path, rows))


def _checkpoint(path: Path) -> Callable[[], object]:
    def read() -> object:
        one = read_checkpoint(path)
        weights = {name: weight.numpy().tobytes() for name, weight in one.classifier.state_dict().items()}
        return weights, one.vocabulary, one.classes, one.tokens, one.report, repr(one.classifier)

    return read


@dataclass(frozen=True)
class Flipped:
    """Bits of one file that were flipped, one at a time.

    Attributes:
        noticed: refused, by an error in words.
        harmless: that change nothing of what is read.
        wrong: (byte, bit) each, of those that are shown as truth, or end in another error, which is told.
    """

    noticed: int
    harmless: int
    wrong: list[tuple[int, int, str]]


def flip(path: Path, read: Callable[[], object], bits: Iterable[tuple[int, int]]) -> Flipped:
    """Flips bits (byte, bit) of a file, one at a time, and reads it; it is whole again afterwards."""
    content = path.read_bytes()
    whole = read()
    noticed, harmless, wrong = 0, 0, []
    try:
        for byte, bit in bits:
            harmed = bytearray(content)
            harmed[byte] ^= 1 << bit
            path.write_bytes(harmed)
            try:
                same = read() == whole
            except HsvisError as error:
                noticed += 1
                if path.name.partition(".")[0] not in str(error):
                    wrong.append((byte, bit, f"another file is named: {error}"))
            except Exception as error:
                wrong.append((byte, bit, repr(error)))
            else:
                harmless += same
                if not same:
                    wrong.append((byte, bit, "shown as truth"))
    finally:
        path.write_bytes(content)
    return Flipped(noticed, harmless, wrong)


def every_bit(size: int) -> Iterator[tuple[int, int]]:
    """All bits of so many bytes."""
    return ((byte, bit) for byte in range(size) for bit in range(8))


def run(*, smoke: bool, data: Path) -> None:
    """All bits of all files; with `smoke` one of each eighth byte.  Ends with an error where one is wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch, _cache(scratch):
        store = build(tiny_config(Path(scratch, "data")))
        print("  file                                      bytes    bits  noticed  harmless  wrong  ms each")
        for path, read in readers(store).items():
            size, began = path.stat().st_size, time.perf_counter()
            bits = list(every_bit(size))[:: 65 if smoke else 1]
            found = flip(path, read, bits)
            each = 1000 * (time.perf_counter() - began) / len(bits)
            name = "/".join(path.parts[-2:])
            print(
                f"  {name[-40:]:<40} {size:6,} {len(bits):7,} {found.noticed:8,} {found.harmless:9,} "
                f"{len(found.wrong):6,} {each:8.2f}",
                flush=True,
            )
            for one in found.wrong[:10]:
                print(f"    {one}")
            wrong += len(found.wrong)
    if wrong:
        raise SystemExit(f"{wrong} flipped bits were shown as truth, or ended in a fault")


@contextmanager
def _cache(folder: str) -> Iterator[None]:
    before = os.environ.get("HSVIS_CACHE")
    os.environ["HSVIS_CACHE"] = folder
    try:
        yield
    finally:
        os.environ.pop("HSVIS_CACHE")
        if before is not None:
            os.environ["HSVIS_CACHE"] = before
