"""The stage of the kept columns: they are put into the table of sequences, whose states stay as they are."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from hsvis.build.plan import Plan
from hsvis.progress import Progress
from hsvis.remarks import Remark, tell
from hsvis.run.columns import PREFIX, column_facts
from hsvis.run.facts import RemarkFacts
from hsvis.run.folder import RunFolder
from hsvis.run.manifest import KEPT_COLUMNS, Manifest
from hsvis.run.tables import SEQUENCES
from hsvis.storage import parquet
from hsvis.storage.files import key_of
from hsvis.storage.layouts import Layout

FORMAT = 1
WITH_ROWS: Layout = {**SEQUENCES, "row": pa.int32()}  # of the split
ROWS = 1 << 14  # of the table of sequences that are held at once


class KeptColumnsStage:
    """A `Stage`: another choice of columns writes one table anew, and the model reads nothing."""

    name = KEPT_COLUMNS
    is_required = False

    def __init__(self, plan: Plan) -> None:
        self._kept = plan.corpus.test.kept
        self._remarks = [one for one in plan.corpus.remarks if _is_of_columns(one)]

    def key(self, manifest: Manifest | None) -> str:
        """Of the states, and of what the columns hold."""
        assert manifest is not None
        kept = [(one.name, one.kind, one.how, _hash(one.values)) for one in self._kept]
        return key_of(columns=FORMAT, states=manifest.keys.states, kept=kept)

    def is_whole(self, folder: RunFolder, manifest: Manifest | None) -> bool:
        """Whether the table has these columns and no others."""
        if manifest is None:
            return False
        named = [one.name for one in manifest.columns] == [one.name for one in self._kept]
        return named and manifest.stages.get(self.name) == self.key(manifest)

    def make(self, folder: RunFolder, manifest: Manifest | None, progress: Progress) -> Manifest:
        """Writes the table of sequences again, with these columns in place of those that it had.

        Raises:
            DamagedFileError: the table can't be read.
            CacheError: it can't be written.
        """
        assert manifest is not None
        none = pa.array([], pa.int32())
        rows = pa.concat_arrays([none, *parquet.read_column(folder.sequences, "row", layout=WITH_ROWS)])
        columns = {one.name: one.values.take(rows) for one in self._kept}
        progress(self.name, 0, 1)
        done = 0
        with parquet.append_tables(folder.sequences) as append:
            for part in _parts(folder.sequences):
                cells = {PREFIX + name: values.slice(done, len(part)) for name, values in columns.items()}
                append(pa.table({**dict(zip(part.column_names, part.columns, strict=True)), **cells}))
                done += len(part)
        progress(self.name, 1, 1, ", ".join(columns) or "none")
        facts = [column_facts(one.name, one.kind, columns[one.name], one.how) for one in self._kept]
        said = {
            name: [one for one in told if not _is_of_columns(one)]
            + [RemarkFacts(**vars(one)) for one in self._remarks if one.is_warning == (name == "warnings")]
            for name, told in (("decisions", manifest.decisions), ("warnings", manifest.warnings))
        }
        if said != {"decisions": manifest.decisions, "warnings": manifest.warnings}:
            tell(self._remarks, progress)
        return manifest.but(columns=facts, **said)


def _is_of_columns(remark: Remark | RemarkFacts) -> bool:
    """Whether it is about columns that are kept; dates of steps have one code with dates that are kept."""
    return remark.code.startswith("kept-") or "`dataset.keep`" in remark.text


def _parts(path: Path) -> Iterator[pa.Table]:
    """The table without the columns that it kept before."""
    with parquet.open_file(path, SEQUENCES) as file:
        names = [name for name in file.schema_arrow.names if not name.startswith(PREFIX)]
        for batch in file.iter_batches(ROWS):
            yield pa.table(batch).select(names)


def _hash(values: pa.Array) -> str:
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([pa.concat_arrays([values])], ["cells"])
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return hashlib.sha256(sink.getvalue()).hexdigest()
