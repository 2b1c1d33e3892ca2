"""A user's model as a provider; the key holds the weights that are really used."""

import hashlib
import json
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hsvis.config import Config, UserModelSettings
from hsvis.corpus.corpus import Corpus
from hsvis.models.fingerprints import fingerprints, split_hashes
from hsvis.models.providers import ProviderFacts, corpus_key
from hsvis.models.subject import Subject, n_parameters
from hsvis.progress import Progress
from hsvis.remarks import Remark
from hsvis.storage import files

if TYPE_CHECKING:  # torch takes seconds, and the user's code may take longer
    from torch import nn

    from hsvis.models.user.adapter import TorchModel
    from hsvis.models.user.reading.encoders import Encoder
    from hsvis.models.user.template import Template
    from hsvis.models.user.user_model import UserModel

TRIED = 200  # examples by which readings are compared


class UsersModel:
    """A `Provider`.

    Files are told apart by their content.  Weights that the factory brings itself, and what a function or
    the model's own `encode` makes of texts, are known by calling them only: so the key does.
    """

    def __init__(
        self, config: Config, settings: UserModelSettings, corpus: Corpus, progress: Progress
    ) -> None:
        self._config, self._settings, self._corpus, self._progress = config, settings, corpus, progress
        self._times: dict[str, float] = {}

    @cached_property
    def _sources(self) -> dict[str, str]:
        settings = self._settings
        split = self._config.tokens.split
        found = fingerprints(settings) | split_hashes(split)
        if settings.checkpoint is None:
            found["weights"] = self._weights
        if settings.tokenizer is None or ":" in settings.tokenizer:
            found["reading"] = self._reading()
        elif said := _said_by_file(settings.tokenizer):
            found["reading"] = said  # runs that were built before knew nothing of it
        if split is not None and not split.endswith(".json") and split_hashes(split):
            found["cutting"] = self._reading()
        return found

    def sources(self) -> dict[str, str]:
        """Hashes of its code, weights and tokenizer."""
        return self._sources

    def key(self) -> str:
        """Of the dataset, the settings, and all of `sources`."""
        return files.key_of(**corpus_key(self._config, self._corpus), **self._sources)

    def layers(self) -> list[str] | None:
        """What the config names; else the model has to be looked into."""
        return self._config.states.layers

    def model(self) -> "TorchModel":
        """The model, tried and understood."""
        return self._made.model

    def facts(self) -> ProviderFacts:
        """How it is understood, and its accuracy on the test split."""
        from hsvis.models.user.answering.accuracy import measure  # noqa: PLC0415

        model, test = self.model(), self._corpus.test
        began = time.perf_counter()
        found = measure(model, test, self._config.tokens)
        self._times["test split"] = round(time.perf_counter() - began, 3)
        return ProviderFacts(
            test_accuracy=found.accuracy,
            test_errors=found.errors,
            left_out={"test": found.left_out},
            own_model={
                "answers": str(model.answers),
                "ep": model.way.name,
                "why": model.way.why,
                "gap": "" if model.each_step else model.shortest.gap,
            },
            training={"epochs": [], "kept_epoch": None},
            times=self._times,
            remarks=list(self._made.remarks),
            perplexity=found.perplexity,
        )

    def subject(self) -> Subject:
        """The model with all that was found out about it."""
        weights = self._weights if self._settings.checkpoint is None else ""  # before the model is moved
        own = self._made
        remarks = [*own.remarks, *self._draws(weights)]
        return Subject(
            own.model, own.model.answer, self._facts(own), remarks, call=own.model.call.text,
            ep=own.model.way.name, encoder=_reads(own.reads), pieces=own.reads.pieces,
        )  # fmt: skip

    def template(self) -> "Template":
        """A function that calls the model, for `model.forward`."""
        from hsvis.models.user.reading.probe import probe_of  # noqa: PLC0415
        from hsvis.models.user.template import template_of  # noqa: PLC0415

        examples: Sequence[Any] = self._corpus.test.examples[:TRIED]
        texts = [one for one in examples if len(one)]
        return template_of(self._module, probe_of(texts, self._encoder), self._corpus.classes)

    @cached_property
    def _module(self) -> "nn.Module":
        from hsvis.models.user.factories import make_module  # noqa: PLC0415

        return make_module(self._settings)

    @cached_property
    def _weights(self) -> str:
        """Hash of the weights that the factory brings."""
        from hsvis.models.user.weights import weights_hash  # noqa: PLC0415

        return weights_hash(self._module)

    def _draws(self, weights: str) -> list[Remark]:
        """A warning where the factory makes other weights whenever it is called; `weights`: those it made."""
        from hsvis.models.user.factories import make_module  # noqa: PLC0415
        from hsvis.models.user.weights import weights_hash  # noqa: PLC0415

        if not weights or weights_hash(make_module(self._settings)) == weights:
            return []
        return [
            Remark(
                "drawn-weights",
                f"{self._settings.factory} makes other weights each time it is called, so each build is "
                "another "
                "run, of a model that was not trained. Name its weights in `model.checkpoint`, or let the "
                "factory load them.",
            )
        ]

    @cached_property
    def _made(self) -> "UserModel":
        from hsvis.models.user.user_model import make_user_model  # noqa: PLC0415

        settings, config = self._settings, self._config
        self._progress("your model", 0, 1, settings.factory)
        test, top = self._corpus.test, config.states.top if config.is_of_next_tokens else None
        own = make_user_model(
            settings, config.tokens, self._corpus.classes, test.examples, self._module, test.labels,
            top=top, dataset=config.dataset,
        )  # fmt: skip
        model = own.model
        if config.states.layers is not None:
            model.keep(config.states.layers)
        layers = "1 layer" if len(model.layers) == 1 else f"{len(model.layers)} layers"
        facts = [layers, str(model.answers), f"EPs by {model.way.name}", *(one.text for one in own.remarks)]
        self._progress("your model", 1, 1, "; ".join(facts))
        return own

    def _reading(self) -> str:
        """Hash of the ids, or numbers, that some examples are read as."""
        examples: Sequence[Any] = self._corpus.test.examples
        encode = self._encoder
        rows = np.unique(np.linspace(0, len(examples) - 1, min(len(examples), TRIED)).round().astype(int))
        digest = hashlib.sha256()
        for row in rows.tolist():
            inputs = encode(examples[row]).inputs
            digest.update(f"{inputs.dtype} {inputs.shape}\n".encode())
            digest.update(np.ascontiguousarray(inputs).tobytes())
        if encode.pads is not None:
            digest.update(str(encode.pads).encode())
        return digest.hexdigest()

    @cached_property
    def _encoder(self) -> "Encoder":
        """What reads the texts."""
        from hsvis.models.user.reading.choice import encoder_of  # noqa: PLC0415

        config, examples = self._config, self._corpus.test.examples
        return encoder_of(self._module, self._settings, config.tokens, examples, config.dataset)

    def _facts(self, own: "UserModel") -> list[tuple[str, str]]:
        model, factory = own.model, self._settings.factory
        module = model.module
        facts = [
            ("model", f"{type(module).__name__} of {factory}, {n_parameters(module)}, on {model.device}"),
            ("weights", own.weights),
        ]
        if own.left_training:
            facts.append(("mode", "the factory left it in training mode; hsvis puts it in evaluation mode"))
        for layer in model.layers:
            kind = model.reader.kind_of(layer)
            few = f", one state for each {layer.tokens_a_step} tokens" if layer.tokens_a_step > 1 else ""
            facts.append(
                ("layer", f"{layer.name}: {kind}, {layer.size} {layer.kind} units, {layer.direction}{few}")
            )
        facts += [
            ("call", model.call.text),
            ("outputs", str(model.answers)),
            ("head", f"`{model.way.path}`" if model.way.path else "no single module"),
            ("EPs", f"by {model.way.name}: {model.way.why}"),
            ("encoder", _reads(own.reads)),
        ]
        return facts + [("embedding", f"`{path}`: {rows:,} entries") for path, rows in own.tables.items()]


def _said_by_file(tokenizer: str) -> str:
    """What a file of `tokenizers` says of padding and special tokens, without that library or the model.

    Returns:
        "" if nothing.
    """
    try:
        content = json.loads(Path(tokenizer).read_bytes()) if tokenizer.endswith(".json") else None
    except (OSError, ValueError, RecursionError):  # told where it is read
        return ""
    if not isinstance(content, dict):
        return ""
    padding, after = content.get("padding"), content.get("post_processor")
    said = json.dumps(padding, sort_keys=True) if isinstance(padding, dict) else ""
    adds = isinstance(after, dict) and after.get("type") != "ByteLevel"
    return said + (json.dumps(after, sort_keys=True) if adds else "")


def _reads(encoder: "Encoder") -> str:
    """What reads the texts, and the ids that it has for what is unknown and for padding."""
    if encoder.size is None:
        return encoder.kind
    special = {"unknown": encoder.unknown, "padding": encoder.padding}
    named = (f"{name} is id {k}" if k is not None else f"no {name}" for name, k in special.items())
    return "; ".join([encoder.kind, *named])
