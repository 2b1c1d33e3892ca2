"""What hsvis asks of a model: to read texts step by step and to answer after each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol

import numpy as np


@dataclass(frozen=True)
class Layer:
    """One recurrent layer, direction and kind."""

    name: str  # `rnn.0`, `rnn.1.reverse`, `rnn.0.cell`
    kind: Literal["hidden", "cell"]
    size: int  # H
    direction: Literal["forward", "reverse"] = "forward"
    tokens_a_step: int = 1  # of a layer with fewer steps than tokens


@dataclass(frozen=True)
class Encoded:
    """One text or series as the model reads it.

    Attributes:
        tokens: T surface forms, for display.
        inputs: (T,) int64 for word ids, or (T, F) float32 for feature vectors.
        known: (T,) bool, whether the vocabulary knows the token.
        start, end: the characters of the text that the tokens cover.
        boundary: of a pair of texts, the steps before its second text; None of one text.
        following: the id of the token after the last one, where a limit cut it off and it is known.
    """

    tokens: list[str]
    inputs: np.ndarray
    known: np.ndarray
    start: int
    end: int
    boundary: int | None = None
    following: int | None = None

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True)
class NextTokens:
    """What a language model answered at steps, (…) of them, and what came next; V entries of a vocabulary.

    Attributes:
        top: (…, k) int32, the entries of the largest probabilities, the largest first.
        labels: (…) int32, the entry that came next; -1 where that is not known, as after the last token.
        ranks: (…) int32, its place among all V by probability, from 1; 0 where it is not known.  Of equal
            ones those in `top` come first.
        probabilities: (…) float32, its probability; NaN where it is not known.
        surprisals: (…) float32, -log2 of its probability, in bits, exact also where that rounds to 0; NaN
            where it is not known.
    """

    top: np.ndarray
    labels: np.ndarray
    ranks: np.ndarray
    probabilities: np.ndarray
    surprisals: np.ndarray

    def map(self, change: Callable[[np.ndarray], np.ndarray]) -> NextTokens:
        """The same with each array changed, such as to some of the steps."""
        return NextTokens(*(change(getattr(self, one.name)) for one in fields(self)))


def perplexity(surprisals: np.ndarray) -> float | None:
    """exp of the mean negative log-likelihood of what came next, where it is known; None if it never is.

    Args:
        surprisals: (…) float, in bits, NaN where it is not known.
    """
    known = surprisals[np.isfinite(surprisals)].astype(np.float64)
    return float(np.exp2(known.mean())) if len(known) else None


@dataclass(frozen=True)
class Trace:
    """What a model did at every step of a batch; steps past a sequence's length hold no meaning.

    Arrays that lie in memory step by step, as the kernels of torch make them, (T, B, H) seen as (B, T, H),
    are taken over without a copy on the way.

    Attributes:
        states: layer name -> (B, T, H) float32.
        ep: (B, T, C) float32; rows sum to 1 where the answer is about classes that exclude each other, and
            are NaN where the model does not read so few steps.  Of a language model (B, T, k), the largest k
            of them, falling.
        lengths: (B,) int64.
        next: (B, T), of a language model; None of any other.
    """

    states: dict[str, np.ndarray]
    ep: np.ndarray
    lengths: np.ndarray
    next: NextTokens | None = None


def join_traces(traces: Sequence[Trace]) -> Trace:
    """One trace of the sequences of several, in their order; one alone is returned as it is."""
    if len(traces) == 1:
        return traces[0]
    longest = max(trace.ep.shape[1] for trace in traces)

    def joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
        """(B, T, K) each -> (sum of B, longest T, K), filled up with 0."""
        return np.concatenate([np.pad(one, ((0, 0), (0, longest - one.shape[1]), (0, 0))) for one in arrays])

    return Trace(
        {name: joined([trace.states[name] for trace in traces]) for name in traces[0].states},
        joined([trace.ep for trace in traces]),
        np.concatenate([trace.lengths for trace in traces]),
        _joined_next([trace.next for trace in traces], longest),
    )


def _joined_next(every: Sequence[NextTokens | None], longest: int) -> NextTokens | None:
    """Of several traces, filled up with 0 to the longest; None where they have none."""
    there = [one for one in every if one is not None]
    if not there:
        return None

    def joined(name: str) -> np.ndarray:
        parts = [getattr(one, name) for one in there]
        return np.concatenate(
            [np.pad(p, ((0, 0), (0, longest - p.shape[1]), *[(0, 0)] * (p.ndim - 2))) for p in parts]
        )

    return NextTokens(*(joined(one.name) for one in fields(NextTokens)))


def steps_without_ep(model: HiddenStateModel, one: Encoded) -> int:
    """How many of the first steps of a sequence have no EP: so short a beginning is not read."""
    told: Callable[[Encoded], int] = getattr(model, "gap", lambda _: 0)
    return told(one)


def steps_of_layer(model: HiddenStateModel, layer: str, tokens: int) -> int:
    """How many steps a layer reads of a sequence of so many tokens, all of which have a state."""
    told: Callable[[str, int], int] = getattr(model, "layer_steps", lambda _, n: n)
    return told(layer, tokens)


def why_left_out(model: HiddenStateModel, one: Encoded, empty: str = "no words") -> str:
    """Why a sequence is not shown: it has no step, or fewer than the model reads; "" if it is."""
    told: Callable[[Encoded], str] = getattr(model, "unread", lambda _: "")
    return told(one) if len(one) else empty


class HiddenStateModel(Protocol):
    """A classifier whose states hsvis can show.

    One that computes elsewhere than on the CPU may have an attribute `at_once`, an
    `hsvis.models.batching.AtOnce`: how large batches may be.  One that does not read every length has the
    methods `gap` and `unread`, for `steps_without_ep` and `why_left_out`; one whose layers read fewer steps
    than tokens has `layer_steps`, for `steps_of_layer`.

    A language model has `vocabulary_entries`, V of them, with one of which it answers; `top`, how many of
    them its traces have of each step; and no classes.
    """

    @property
    def classes(self) -> Sequence[str]: ...
    @property
    def layers(self) -> Sequence[Layer]: ...
    @property
    def fingerprint(self) -> str: ...  # changes when an answer could change
    def encode(self, example: Any) -> Encoded: ...  # a text, or a Series
    def trace(self, batch: Sequence[Encoded]) -> Trace: ...


def vocabulary_of(model: HiddenStateModel) -> tuple[str, ...] | None:
    """The entries that a language model answers with; None of any other model."""
    found: Sequence[str] | None = getattr(model, "vocabulary_entries", None)
    return None if found is None else tuple(found)


def n_answers(model: HiddenStateModel) -> int:
    """How many numbers an expected prediction of a trace has: C, or the k largest of a language model."""
    return len(model.classes) if vocabulary_of(model) is None else int(getattr(model, "top"))  # noqa: B009
