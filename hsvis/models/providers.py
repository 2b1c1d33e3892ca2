"""Where the states of a run come from: the built-in classifier, a user's model, or files.

`provider_of` is the one place that asks which; building and checking share what it gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hsvis.config import Config, ModelSettings, TokenSettings, UserModelSettings
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.recorded import RecordedRun
from hsvis.corpus.word_files import SplitWords, splitting_key
from hsvis.progress import Progress
from hsvis.remarks import Remark

if TYPE_CHECKING:
    from hsvis.models.protocol import HiddenStateModel
    from hsvis.models.subject import Subject


@dataclass(frozen=True)
class ProviderFacts:
    """What a manifest says of where its states come from.

    Attributes:
        test_errors: of a model that answers a number, as `errors_of` has them.
        left_out: split -> reason -> rows that did not count.
        own_model: how a model that hsvis did not train is understood: `answers`, `ep`, `why`.
        training: `epochs`, `kept_epoch` and `device` of the built-in classifier.
        times: what was done -> seconds.
        remarks: what was decided about it, and what seems wrong.
        perplexity: of a language model, of the whole test split.
    """

    train_accuracy: float | None = None
    test_accuracy: float | None = None
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)
    own_model: dict[str, str] | None = None
    training: dict[str, Any] = field(default_factory=dict)
    times: dict[str, float] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    test_errors: dict[str, float | None] = field(default_factory=dict)
    perplexity: float | None = None


class Provider(Protocol):
    """Whatever gives the states and EPs of a run.  Raises ModelError wherever something does not fit."""

    def sources(self) -> dict[str, str]:
        """What it is made of beside the config and the dataset: name -> hash of its content."""
        ...

    def key(self) -> str:
        """Hash of all that decides its states and answers, the weights that are really used among them."""
        ...

    def layers(self) -> list[str] | None:
        """The layers that it gives where the config names none; None where only the model can tell."""
        ...

    def model(self) -> HiddenStateModel:
        """The model, trained where it is not yet; made once."""
        ...

    def facts(self) -> ProviderFacts:
        """What is known of it once the model is there."""
        ...

    def subject(self) -> Subject:
        """The model as a check looks at it; nothing is trained."""
        ...


def provider_of(
    config: Config,
    corpus: Corpus,
    progress: Progress,
    *,
    words: SplitWords,
    folder: Path,
    recorded: RecordedRun | None = None,
) -> Provider:
    """The provider that a config asks for.

    Args:
        words: of the corpus, read when they are needed.
        folder: where checkpoints of the built-in classifier are kept.
        recorded: what the files of `states_from` hold.
    """
    if recorded is not None:
        from hsvis.models.recorded import RecordedStates  # noqa: PLC0415

        return RecordedStates(config, recorded)
    if isinstance(config.model, UserModelSettings):
        from hsvis.models.user.provider import UsersModel  # noqa: PLC0415

        return UsersModel(config, config.model, corpus, progress)
    from hsvis.models.builtin.provider import BuiltIn  # noqa: PLC0415

    assert isinstance(config.model, ModelSettings)
    return BuiltIn(config, config.model, corpus, words, folder, progress)


def corpus_key(config: Config, corpus: Corpus) -> dict[str, Any]:
    """The part of a provider's key that the dataset and the config decide."""
    return {
        "train": corpus.train.fingerprint,
        "test": corpus.test.fingerprint,
        "classes": corpus.classes,
        "tokens": config.tokens.model_dump(exclude={"split"} | _unsaid(config.tokens))
        | splitting_key(config.tokens.split, chain(corpus.train.texts, corpus.test.texts)),
        # the same states, wherever they are computed
        "model": config.model.model_dump(exclude={"device"} | _unsaid_of_model(config)),
    }


def _unsaid(tokens: TokenSettings) -> set[str]:
    """Settings that came later and decide nothing as they are: runs that were built before are found."""
    padding = {"pad_to", "pad", "pad_id"} if tokens.pad_to is None else set()
    later = {"unknown": None, "offset": 0, "between": None}
    return padding | {name for name, usual in later.items() if getattr(tokens, name) == usual}


def _unsaid_of_model(config: Config) -> set[str]:
    """The same, of a user's model."""
    return {name for name in ("answers", "forward", "states") if getattr(config.model, name, None) is None}


def wanted_layers(config: Config, there: Sequence[str]) -> list[str]:
    """The layers that a config names, or all that are there."""
    return list(config.states.layers if config.states.layers is not None else there)
