"""The stage of the states: sequences, EPs, distances, states, and all that is known of the model."""

import importlib.metadata
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hsvis import __version__
from hsvis.build.parts import Row, write_states
from hsvis.build.plan import Plan
from hsvis.corpus.rows import reasons
from hsvis.corpus.words import ReadText
from hsvis.errors import DataError
from hsvis.models.protocol import Encoded, HiddenStateModel, n_answers, vocabulary_of
from hsvis.models.step_labels import align_labels
from hsvis.progress import Progress
from hsvis.remarks import tell
from hsvis.run.facts import Keys, LayerFacts, RemarkFacts, SeriesFacts
from hsvis.run.folder import RunFolder
from hsvis.run.language.facts import LanguageFacts
from hsvis.run.language.tables import vocabulary_table
from hsvis.run.manifest import Manifest
from hsvis.run.tables import SERIES
from hsvis.storage import parquet
from hsvis.storage.files import FORMAT

LIBRARIES = ("torch", "openTSNE", "numpy", "scikit-learn", "datasets", "pyarrow")
MOST_LINES = 8  # features that are drawn as lines unless the config says otherwise


class StatesStage:
    """A `Stage`; the first one, of which all others are made."""

    name = "states"
    is_required = True

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def key(self, manifest: Manifest | None) -> str:
        """The key of the run."""
        return self._plan.states_key

    def is_whole(self, folder: RunFolder, manifest: Manifest | None) -> bool:
        """Whether the tables and all parts of each layer are there."""
        if manifest is None:
            return False
        parts = [folder.path / file for file in manifest.files if file.startswith("states/")]
        layers = {part.parent.name.removeprefix("layer=") for part in parts}
        vocabulary = [] if manifest.language is None else [folder.vocabulary]
        whole = manifest.has(folder, folder.sequences, folder.predictions, *vocabulary, *parts)
        return whole and layers >= set(self._plan.layers(manifest))

    def make(self, folder: RunFolder, manifest: Manifest | None, progress: Progress) -> Manifest:
        """Reads the analysed rows with the model.

        Raises:
            DataError: no row holds a word or step.
            ModelError: the model can't be trained, loaded or understood.
            CacheError: the folder can't be written.
        """
        plan, corpus = self._plan, self._plan.corpus
        model = plan.provider.model()
        lengths, left_out = self._write(folder, model, progress)
        entries = vocabulary_of(model)
        if entries is not None:
            parquet.write_table(folder.vocabulary, vocabulary_table(entries))
        facts = plan.provider.facts()
        remarks = [*plan.remarks, *facts.remarks]
        tell(remarks, progress)
        return Manifest(
            format=FORMAT,
            name=plan.config.name,
            config=plan.config.model_dump(mode="json"),
            classes=list(corpus.classes),
            layers=[LayerFacts(**vars(layer)) for layer in model.layers],
            series=series_facts(folder, corpus.features, plan.config.dataset.draw),
            sequences=len(lengths),
            states=int(lengths.sum()),
            train_accuracy=facts.train_accuracy,
            test_accuracy=facts.test_accuracy,
            test_errors=facts.test_errors,
            own_model=facts.own_model,
            answers=corpus.answers,
            labels=corpus.test.unit if entries is None else "step",
            language=None
            if entries is None
            else LanguageFacts(entries=len(entries), top=n_answers(model), perplexity=facts.perplexity),
            training=facts.training,
            left_out=facts.left_out | {"shown": left_out},
            repeated=corpus.test.repeated(plan.rows),
            decisions=[RemarkFacts(**vars(one)) for one in remarks if not one.is_warning],
            warnings=[RemarkFacts(**vars(one)) for one in remarks if one.is_warning],
            sources=plan.provider.sources(),
            keys=Keys(model=plan.model_key, states=plan.states_key),
            stages=manifest.stages if manifest else {},
            projections=manifest.projections if manifest else [],
            versions={"python_package": __version__}
            | {name: importlib.metadata.version(name) for name in LIBRARIES},
            times=(manifest.times if manifest else {}) | facts.times,
        )

    def _write(
        self, folder: RunFolder, model: HiddenStateModel, progress: Progress
    ) -> tuple[np.ndarray, dict[str, int]]:
        """Steps of each sequence (S,) int32, and what was left out."""
        plan, split, count = self._plan, self._plan.corpus.test, len(self._plan.rows)
        examples: Sequence[Any] = split.examples
        if getattr(model, "reads_words", False) and (plan.words.has("test") or count == len(split)):
            words = plan.words.of("test")
            examples = [ReadText(text, words, i) for i, text in enumerate(split.texts)]
        targets = [None] * len(split) if split.targets is None else split.targets
        rows = (
            Row(i, examples[i], int(split.labels[i]), self._align(i), targets[i]) for i in plan.rows.tolist()
        )
        labelled = split.step_labels is not None
        left_out: Counter[str] = Counter({"no words" if split.series is None else "no steps": 0})
        lengths = write_states(
            folder, model, rows, count, plan.config.states, progress, labelled=labelled, left_out=left_out
        )
        if not len(lengths):
            raise DataError(
                f"none of the {count} sequences to analyse is read: {reasons(left_out)}. "
                "Check `dataset.text` and `dataset.values`, or raise `dataset.limit`."
            )
        return lengths, dict(left_out)

    def _align(self, row: int) -> Callable[[Encoded], np.ndarray] | None:
        """Gives the labels of the steps of a row; None where a row has one label."""
        split, tokens = self._plan.corpus.test, self._plan.config.tokens
        if split.step_labels is None:
            return None
        labels, example = split.step_labels[row], split.examples[row]
        return lambda read: align_labels(labels, read, example, tokens, row)


def series_facts(folder: RunFolder, features: Sequence[str] | None, draw: str | None) -> SeriesFacts | None:
    """What a manifest says of series: features with their ranges in the run, and how they are drawn.

    Args:
        features: names; None where the run is of texts.
        draw: "rows", "columns" or "lines"; None = by the number of features.
    """
    if features is None:
        return None
    column = parquet.read_table(folder.sequences, ["values"], layout=SERIES)["values"].combine_chunks()
    values = parquet.matrix(pa.chunked_array([column.flatten()]))  # (N, F)
    width = values.shape[1]
    return SeriesFacts(
        features=list(features if len(features) == width else map(str, range(width))),
        low=values.min(0).tolist(),
        high=values.max(0).tolist(),
        draw=draw or ("lines" if width <= MOST_LINES else "columns"),
    )
