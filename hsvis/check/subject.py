"""The model that a check looks at: the user's own, or the built-in classifier, trained or not yet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from hsvis.build.pipeline import trained_checkpoint
from hsvis.config import Config, ModelSettings, OwnModelSettings
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.recorded import Given
from hsvis.corpus.tokens import PADDING, UNKNOWN, Vocabulary, word_forms
from hsvis.models.batching import pad
from hsvis.models.builtin.checkpoint import read_checkpoint
from hsvis.models.builtin.classifier import RecurrentClassifier
from hsvis.models.builtin.text_model import SeriesModel, TextModel
from hsvis.models.protocol import Encoded, HiddenStateModel
from hsvis.models.recorded import GivenModel
from hsvis.models.user.encoders import Encoder
from hsvis.models.user.user_model import OwnModel, own_model
from hsvis.progress import Progress

Fact = tuple[str, str]  # what, and the finding in plain words


@dataclass(frozen=True)
class Subject:
    """A model and what is known of it.

    Attributes:
        answer: the model's own answers to whole sequences, (B, C) float32.
        trained: whether its answers mean something.
        pieces: as of `Encoder`.
        untrained: the built-in classifier, where a build will train it.
    """

    model: HiddenStateModel
    answer: Callable[[Sequence[Encoded]], np.ndarray]
    facts: list[Fact]
    warnings: list[str]
    trained: bool = True
    pieces: Callable[[str], int] | None = None
    untrained: RecurrentClassifier | None = None


def subject(config: Config, corpus: Corpus, progress: Progress) -> Subject:
    """The model of a config.  Raises ModelError."""
    if isinstance(config.model, OwnModelSettings):
        progress("your model", 0, 1, config.model.factory)
        own = own_model(config.model, config.tokens, corpus.classes, corpus.test.examples)
        if config.states.layers is not None:
            own.model.keep(config.states.layers)
        progress("your model", 1, 1)
        return _own(own, config.model)
    return _built_in(config, config.model, corpus, progress)


def _own(own: OwnModel, settings: OwnModelSettings) -> Subject:
    model = own.model
    facts = [
        (
            "model",
            f"{type(model.module).__name__} of {settings.factory}, {_size(model.module)}, on {model.device}",
        ),
        ("weights", own.weights),
    ]
    if own.left_training:
        facts.append(("mode", "the factory left it in training mode; hsvis puts it in evaluation mode"))
    for layer in model.layers:
        kind = next(
            type(one).__name__ for path, one in model.recurrent.items() if layer.name.startswith(f"{path}.")
        )
        facts.append(("layer", f"{layer.name}: {kind}, {layer.size} {layer.kind} units, {layer.direction}"))
    facts += [
        ("outputs", str(model.answers)),
        ("head", f"`{model.way.path}`" if model.way.path else "no single module"),
        ("EPs", f"by {model.way.name}: {model.way.why}"),
        ("encoder", _reads(own.reads)),
    ]
    facts += [("embedding", f"`{path}`: {rows:,} entries") for path, rows in own.tables.items()]
    return Subject(model, model.answer, facts, list(own.notes), pieces=own.reads.pieces)


def _reads(encoder: Encoder) -> str:
    if encoder.size is None:
        return encoder.kind
    special = {"unknown": encoder.unknown, "padding": encoder.padding}
    return "; ".join(
        [
            encoder.kind,
            *(f"{name} is id {k}" if k is not None else f"no {name}" for name, k in special.items()),
        ]
    )


def _built_in(config: Config, settings: ModelSettings, corpus: Corpus, progress: Progress) -> Subject:
    path = trained_checkpoint(config, corpus)
    features = len(corpus.features) if corpus.features else None
    if path.exists():
        checkpoint = read_checkpoint(path)
        classifier, vocabulary, tokens = checkpoint.classifier, checkpoint.vocabulary, checkpoint.tokens
        weights = f"trained, from {path}"
    else:
        vocabulary, tokens = Vocabulary(()), config.tokens
        if features is None:
            progress("reading words", 0, 1, "training split")
            forms = (word_forms(text, config.tokens.lowercase) for text in corpus.train.texts)
            vocabulary = Vocabulary.of(forms, config.tokens.vocabulary)
            progress("reading words", 1, 1, f"vocabulary of {len(vocabulary):,}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            classifier = RecurrentClassifier(settings, len(vocabulary), len(corpus.classes), features)
        weights = (
            f"none yet: a build trains it, {settings.epochs} epochs over {len(corpus.train):,} rows; "
            "checked with random ones"
        )
    wanted = config.states.layers or ["rnn.0"]
    reads = (
        f"words of a vocabulary of {len(vocabulary):,} entries, the most frequent of the training split; "
        f"unknown is id {UNKNOWN}; padding is id {PADDING}"
        if features is None
        else f"the {features} numbers of a step as they are"
    )
    model = (
        TextModel(classifier, vocabulary, tokens, corpus.classes, wanted)
        if features is None
        else SeriesModel(classifier, tokens, corpus.classes, wanted)
    )

    @torch.inference_mode()
    def answer(batch: Sequence[Encoded]) -> np.ndarray:
        ids, lengths = pad([one.inputs for one in batch])
        logits = classifier(torch.from_numpy(ids), torch.from_numpy(lengths))
        return classifier.probabilities(logits).numpy()

    of_classes = "the second class" if classifier.output == "sigmoid" else "each class"
    facts = [
        ("model", f"the built-in {settings.cell.upper()} classifier, {_size(classifier)}, on cpu"),
        ("weights", weights),
        *(
            ("layer", f"{one.name}: {settings.cell.upper()}, {one.size} {one.kind} units, {one.direction}")
            for one in model.layers
        ),
        ("outputs", f"{classifier.output} of {of_classes}"),
        ("head", "`head`"),
        ("EPs", f"by head: it reads the states of rnn.{settings.layers - 1} as if each were the last"),
        ("encoder", reads),
    ]
    trained = path.exists()
    return Subject(model, answer, facts, [], trained, untrained=None if trained else classifier)


def of_files(config: Config, given: Given) -> Subject:
    """What stands in the files of `states_from`, in place of a model.  Raises ModelError."""
    model = GivenModel(given, config.states.layers)

    def answer(batch: Sequence[Encoded]) -> np.ndarray:
        trace = model.trace(batch)
        return trace.ep[np.arange(len(batch)), trace.lengths - 1]

    layers = [("layer", f"{one.name}: {one.size} {one.kind} units, {one.direction}") for one in model.layers]
    facts = [("model", f"none: states and EPs come from {config.states_from}"), *layers]
    return Subject(model, answer, facts, [])


def _size(module: torch.nn.Module) -> str:
    return f"{sum(weight.numel() for weight in module.parameters()):,} parameters"
