"""The built-in classifier as a provider: trained where there is no checkpoint of it."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hsvis.config import Config, ModelSettings
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.pairs.pair import BOUNDARY, are_pairs
from hsvis.corpus.splitters import is_unspaced
from hsvis.corpus.tokens import PADDING, UNKNOWN, Vocabulary, word_forms
from hsvis.corpus.word_files import SplitWords
from hsvis.errors import CacheError, DataError, ModelError
from hsvis.models.fingerprints import split_hashes
from hsvis.models.providers import ProviderFacts, corpus_key, wanted_layers
from hsvis.models.splitting.functions import FunctionSplitter
from hsvis.models.splitting.splitter import decisions
from hsvis.models.subject import Fact, Subject, n_parameters
from hsvis.progress import Progress
from hsvis.remarks import Remark
from hsvis.storage import files

if TYPE_CHECKING:  # torch takes seconds: only who needs the model loads it
    from hsvis.models.builtin.checkpoint import Checkpoint
    from hsvis.models.builtin.classifier import RecurrentClassifier
    from hsvis.models.builtin.text_model import SeriesModel, TextModel

FIRST_LAYER = "rnn.0"
OF_PAIRS = (
    f"The built-in classifier reads both texts as one sequence, with `{BOUNDARY}` as a word between them; "
    "`tokens.max_length` is of both together."
)
UNSPACED = (
    "Scripts that are written without spaces (Chinese, Japanese, Thai, …) are cut by character; "
    "`tokens.split` "
    "says otherwise."
)
OTHER_DEVICE = (
    "The weights are those that were trained on {}, which count as the same model: training elsewhere gives "
    "others in their last digits."
)
NEXT_WORDS = (
    "What comes after each word is its label, one of the vocabulary; the {} most probable words are kept of "
    "each step, with the rank and the probability of the one that came. A word that the vocabulary lacks is "
    "its entry `<unknown>`, also where it comes next."
)


class BuiltIn:
    """A `Provider`; its key is known without a model, as training follows from config and dataset."""

    def __init__(
        self,
        config: Config,
        settings: ModelSettings,
        corpus: Corpus,
        words: SplitWords,
        folder: Path,
        progress: Progress,
    ) -> None:
        """Raises DataError: the labels are of steps."""
        if corpus.train.unit == "step" or corpus.test.unit == "step":
            raise DataError(
                "`dataset.label` holds a label for each step, but the built-in classifier learns one class a "
                "sequence. Name a model of your own that answers after every step in `model.factory`; or, "
                "where these are several labels of one text, a column of one label."
            )
        self._config, self._settings, self._corpus = config, settings, corpus
        self._words, self._folder, self._progress = words, folder, progress
        self._times: dict[str, float] = {}

    def sources(self) -> dict[str, str]:
        """Of what `tokens.split` names: all else is the config and the dataset."""
        split = self._words.splitter
        cutting = {"cutting": split.key} if isinstance(split, FunctionSplitter) else {}
        return split_hashes(self._config.tokens.split) | cutting

    def key(self) -> str:
        """Of the dataset and the settings of training."""
        return self._key

    @cached_property
    def _key(self) -> str:
        return files.key_of(**corpus_key(self._config, self._corpus), **self.sources())

    @property
    def checkpoint(self) -> Path:
        """Where its checkpoint lies, or will lie once it is trained."""
        return self._folder / f"{self.key()}.safetensors"

    def layers(self) -> list[str]:
        """The states of its first layer, unless the config names others."""
        return wanted_layers(self._config, [FIRST_LAYER])

    def model(self) -> "TextModel | SeriesModel":
        """From its checkpoint, or trained.  Raises DataError, ModelError, CacheError."""
        c = self._checkpoint_of_training
        return self._reading(c.classifier, c.vocabulary)

    def facts(self) -> ProviderFacts:
        """The report of its training."""
        report = self._checkpoint_of_training.report
        return ProviderFacts(
            report["train_accuracy"],
            report["test_accuracy"],
            report["left_out"],
            training={
                "epochs": report["epochs"],
                "kept_epoch": report["kept_epoch"],
                "device": report.get("device", "cpu"),
            },
            times=self._times,
            remarks=[*self.remarks(report)],
            perplexity=report.get("perplexity"),
        )

    def subject(self) -> Subject:
        """From its checkpoint; with random weights where it is not trained yet."""
        from hsvis.models.devices import device_of  # noqa: PLC0415

        device_of(self._settings.device)  # is refused before anything is read
        report: dict[str, Any] = {}
        trained = self.checkpoint.exists()
        usual: float | None = None
        if trained:
            from hsvis.models.builtin.checkpoint import read_checkpoint  # noqa: PLC0415

            checkpoint = read_checkpoint(self.checkpoint)
            classifier, vocabulary, report = checkpoint.classifier, checkpoint.vocabulary, checkpoint.report
        else:
            vocabulary = self._vocabulary
            classifier = self._make_untrained(len(vocabulary))
        if self._corpus.features is None:
            usual = self._usual_unknown
        model = self._reading(classifier, vocabulary)
        facts = self._facts(model, len(vocabulary), trained)
        return Subject(
            model, model.answer, facts, [*self.remarks(report)], ep="head", encoder=dict(facts)["encoder"],
            trained=trained, usual_unknown=usual, untrained=None if trained else classifier,
        )  # fmt: skip

    def remarks(self, report: dict[str, Any]) -> Iterator[Remark]:
        """How texts are cut, a GPU that is not used, and weights of another device than the config names.

        Args:
            report: of the checkpoint; empty where nothing is trained yet.
        """
        yield from decisions(self._words.splitter)
        if self._config.is_of_next_tokens:
            why = (
                "" if self._settings.answers else "`dataset.label` is null, so a language model is trained. "
            )
            yield Remark("next-token", why + NEXT_WORDS.format(self._config.states.top))
        if self._config.tokens.split is None and any(map(is_unspaced, self._corpus.test.texts)):
            yield Remark("splitter", UNSPACED)
        if are_pairs(self._corpus.test.texts):
            yield Remark("pairs", OF_PAIRS)
        from hsvis.models.devices import unused_gpu  # noqa: PLC0415

        wanted, trained_on = self._settings.device, report.get("device", "cpu")
        gpu = unused_gpu() if wanted is None else None
        if gpu is not None:
            text = (
                f"The built-in model computes on the CPU; `model.device: {gpu}` uses the GPU that is there."
            )
            yield Remark("device", text)
        if report and trained_on.partition(":")[0] != (wanted or "cpu").partition(":")[0]:
            yield Remark("device", OTHER_DEVICE.format(trained_on))

    @cached_property
    def _checkpoint_of_training(self) -> "Checkpoint":
        from hsvis.models.builtin.checkpoint import checkpoint_bytes, read_checkpoint  # noqa: PLC0415
        from hsvis.models.builtin.training import train  # noqa: PLC0415
        from hsvis.models.devices import device_of  # noqa: PLC0415

        device_of(self._settings.device)
        path, corpus, tokens = self.checkpoint, self._corpus, self._config.tokens
        waiting = lambda: self._progress("training", 0, 1, "waiting for another build")  # noqa: E731
        with files.locked(path.with_suffix(".lock"), waiting):
            files.sweep(path.parent, path.name)
            if path.exists():
                try:
                    return self._seal(path, read_checkpoint(path))
                except ModelError as error:
                    self._progress("training", 0, 1, f"trained again, as it can't be read: {error}")
            began = time.perf_counter()
            words = (self._words.of("train"), self._words.of("test")) if corpus.features is None else None
            trained = train(corpus, tokens, self._settings, self._progress, words)
            self._times["training"] = round(time.perf_counter() - began, 3)
            files.write_bytes(path, checkpoint_bytes(trained, corpus.classes, tokens, self._settings))
            return read_checkpoint(path)

    def _seal(self, path: Path, checkpoint: "Checkpoint") -> "Checkpoint":
        """Adds a hash to a checkpoint of a version that wrote none; what it holds is believed."""
        if checkpoint.sealed is not None:
            self._progress("training", 1, 1, f"{path} had no checksum, and has one from now on")
            with suppress(CacheError):  # a cache may be for reading only
                files.write_bytes(path, checkpoint.sealed)
        return checkpoint

    def _reading(
        self, classifier: "RecurrentClassifier", vocabulary: Vocabulary
    ) -> "TextModel | SeriesModel":
        from hsvis.models.builtin.text_model import NextWordModel, SeriesModel, TextModel  # noqa: PLC0415
        from hsvis.models.devices import place  # noqa: PLC0415

        classifier = place(classifier, self._settings.device)
        tokens, classes, layers = self._config.tokens, self._corpus.classes, self.layers()
        if self._corpus.features is not None:
            return SeriesModel(classifier, tokens, classes, layers)
        if self._config.is_of_next_tokens:
            model = NextWordModel(classifier, vocabulary, tokens, classes, layers, self._words.splitter)
            model.top = min(self._config.states.top, len(vocabulary))
            return model
        return TextModel(classifier, vocabulary, tokens, classes, layers, self._words.splitter)

    @cached_property
    def _counts(self) -> Counter[str]:
        """How often each word stands in the training split."""
        self._progress("reading words", 0, 1, "training split")
        tokens, counts = self._config.tokens, Counter[str]()
        for text in self._corpus.train.texts:
            forms = word_forms(text, tokens.lowercase, self._words.splitter)
            counts.update(forms)
        self._progress("reading words", 1, 1, f"{len(counts):,} different words")
        return counts

    @cached_property
    def _vocabulary(self) -> Vocabulary:
        """Of the training split."""
        if self._corpus.features is not None:
            return Vocabulary(())
        return Vocabulary.counted(self._counts.items(), self._config.tokens.vocabulary, self._words.splitter)

    @cached_property
    def _usual_unknown(self) -> float:
        """Share of the words of a new text that the vocabulary will lack, if it is like those of training.

        Good and Turing: new words are as many as those that occur once; to these come those beyond the
        vocabulary.
        """
        ids = self._vocabulary.ids()
        lost = sum(count for word, count in self._counts.items() if count == 1 or word not in ids)
        return lost / max(1, self._counts.total())

    def _make_untrained(self, n_words: int) -> "RecurrentClassifier":
        import torch  # noqa: PLC0415

        from hsvis.models.builtin.classifier import RecurrentClassifier  # noqa: PLC0415

        features = len(self._corpus.features) if self._corpus.features else None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._settings.seed)
            return RecurrentClassifier(
                self._settings, n_words, len(self._corpus.classes) or n_words, features
            )

    def _facts(self, model: "TextModel | SeriesModel", n_words: int, trained: bool) -> list[Fact]:
        from hsvis.models.devices import describe  # noqa: PLC0415

        settings, cell = self._settings, self._settings.cell.upper()
        weights = (
            f"trained, from {self.checkpoint}"
            if trained
            else f"none yet: a build trains it, {settings.epochs} epochs over "
            f"{len(self._corpus.train):,} rows; checked with random ones"
        )
        split = self._words.splitter
        tokens = "words" if split is None or isinstance(split, str) else f"tokens of {split.name}, out"
        reads = (
            f"{tokens} of a vocabulary of {n_words:,} entries, the most frequent of the training split; "
            f"unknown is id {UNKNOWN}; padding is id {PADDING}"
            if self._corpus.features is None
            else f"the {len(self._corpus.features)} numbers of a step as they are"
        )
        what = "language model" if self._config.is_of_next_tokens else "classifier"
        of = "the second class" if model.classifier.output == "sigmoid" else "each class"
        of = "each entry of the vocabulary, the next word" if self._config.is_of_next_tokens else of
        output, where = model.classifier.output, describe(model.device)
        return [
            ("model", f"the built-in {cell} {what}, {n_parameters(model.classifier)}, on {where}"),
            ("weights", weights),
            *(
                ("layer", f"{one.name}: {cell}, {one.size} {one.kind} units, {one.direction}")
                for one in model.layers
            ),
            ("outputs", f"{output} of {of}"),
            ("head", "`head`"),
            ("EPs", f"by head: it reads the states of rnn.{settings.layers - 1} as if each were the last"),
            ("encoder", reads),
        ]
