"""Two sequences through the model, and whether what comes out can be trusted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hsvis.build.extraction import Extracted, extract
from hsvis.config import AnswerKind
from hsvis.corpus.corpus import Split
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded, perplexity, vocabulary_of
from hsvis.models.subject import Fact, Subject
from hsvis.models.user.visit import keep_generators
from hsvis.remarks import listed, shorten
from hsvis.run.kinds.answers import Answering, answering
from hsvis.run.winners import answered

NEAR = 1e-4  # how near numbers must be that are the same but for rounding
ENDS = 5  # sequences
WORDS = 6  # that a sequence is shown by


def read_two(
    one: Subject, split: Split, two: Sequence[tuple[int, Encoded]], kind: AnswerKind = "classes"
) -> list[Fact]:
    """What one or two sequences, (row, encoded), give.

    Args:
        kind: of the answers.

    Raises:
        ModelError: states or EPs that are no numbers, change from read to read or with the company in the
            batch, or do not end in the model's own answer.
    """
    encoded = [given for _, given in two]
    found = extract(one.model, encoded)
    answers = answering(kind)
    _check_numbers(found, answers)
    with keep_generators(seed=1):  # a trace leaves them as they were: the same numbers would come again
        again = extract(one.model, encoded)
    _check_same(found, again, "a second read of the same sequences gives other {what}", RANDOM)
    parts = [extract(one.model, [given]) for given in encoded]
    _check_same(found, _join(parts), "a sequence gives other {what} alone than in a batch", MIXED)
    if all(given.boundary is None for given in encoded):  # a pair that is cut may be none any more
        even = [_cut_to(given, min(map(len, encoded))) for given in encoded]
        apart = _join([extract(one.model, [given]) for given in even])
        problem = "a sequence gives other {what} alone than in a batch"
        _check_same(extract(one.model, even), apart, problem, MIXED)
    own, last = one.answer(encoded), found.ep[found.last]
    near = NEAR if answers.has_classes else NEAR * max(1.0, float(np.abs(own).max()))
    if not np.allclose(own, last, atol=near):
        raise ModelError(
            f"the EP of the last step ({_show(last[0])}) is not the model's own answer "
            f"({_show(own[0])}). Check that `forward` reads every step of a sequence, and nothing else."
        )
    facts = []
    classes = one.model.classes
    entries = vocabulary_of(one.model)
    for place, (row, given) in enumerate(two if entries is not None else ()):
        assert entries is not None
        facts.append(("sequence", _next_words(row, given, entries, found, place)))
    for (row, given), ep in zip(two if entries is None else (), last, strict=entries is None):
        label = int(split.labels[row])
        truth = f"label {label}, `{classes[label]}`" if label >= 0 else "no label"
        if split.targets is not None:
            truth = told_target(split.targets[row], classes)
        elif split.step_labels is not None:
            truth = f"{len(split.step_labels[row])} labels of steps"
        words = " ".join(given.tokens[:WORDS]) + (" …" if len(given) > WORDS else "")
        best = int(ep.argmax())
        answer = f"`{classes[best]}` by {ep[best]:.3f}" if answers.is_exclusive else told_answer(ep, classes)
        facts.append(
            (
                "sequence",
                f"row {row}, {len(given)} steps, “{words}”: {answer}; {truth}",
            )
        )
    told = f"EPs {answers.checked}" if entries is None else "probabilities sum to 1 at the most and end"
    facts.append(("checked", f"states are finite, the same again and alone; {told} in the answer"))
    return facts


def _next_words(row: int, given: Encoded, entries: Sequence[str], found: Extracted, place: int) -> str:
    """What a language model expected of a sequence, which is the one at a place in what was extracted."""
    assert found.next is not None
    end = int(found.last[place]) + 1
    steps = slice(end - len(given), end)
    known = found.next.labels[steps] >= 0
    right = int((found.next.ranks[steps] == 1).sum())
    tail = "no next token is known"
    if known.any():
        tail = f"perplexity {perplexity(found.next.surprisals[steps]):.4g}, {right} of {known.sum()} right"
    words = " ".join(given.tokens[:WORDS]) + (" …" if len(given) > WORDS else "")
    best, share = entries[int(found.next.top[end - 1, 0])], found.ep[end - 1, 0]
    return f"row {row}, {len(given)} steps, “{words}”: then `{best}` by {share:.3f}; {tail}"


def ask_ends(one: Subject, encoded: Sequence[Encoded]) -> None:
    """That the answers to the shortest and the longest sequences of a sample are numbers.

    Raises:
        ModelError: one is NaN or infinite, with the sequence.
    """
    order = np.argsort([len(given) for given in encoded], kind="stable").tolist()
    one.answer([encoded[i] for i in dict.fromkeys(order[:ENDS] + order[-ENDS:])])


RANDOM = (
    "Something in it is random, or carried from call to call: give `functional.dropout` "
    "`training=self.training`."
)
MIXED = "Something in it mixes the sequences of a batch: compute each sequence from its own values alone."


def told_target(target: np.ndarray, classes: Sequence[str]) -> str:
    """A label that is no class, in words.  `target`: (C,) as of `Split.targets`."""
    if target.dtype.kind == "f":
        return "no label" if np.isnan(target[0]) else f"label {target[0]:g}"
    if target[0] < 0:
        return "no label"
    names = [classes[k] for k in np.flatnonzero(target > 0).tolist()]
    return f"labels {listed(names) or 'none of the classes'}"


def told_answer(ep: np.ndarray, classes: Sequence[str]) -> str:
    """An answer that is no class, in words.  `ep`: (C,) float."""
    if len(ep) == 1:
        return f"{ep[0]:.5g}"
    few = ", ".join(f"`{shorten(name)}` {one:.3f}" for name, one in list(zip(classes, ep, strict=True))[:5])
    return few + (", …" if len(ep) > 5 else "")


def _check_numbers(found: Extracted, answers: Answering) -> None:
    for name, states in found.states.items():
        if not np.isfinite(states).all():
            raise ModelError(
                f"states of the layer {name} are NaN or infinite. Check the weights, and what "
                "`model.tokenizer` gives the model."
            )
    ep = found.ep[answered(found.ep)]
    if not answers.has_classes:
        return
    if not answers.is_exclusive:
        if ep.min() < -NEAR or ep.max() > 1 + NEAR:
            raise ModelError(
                f"the EPs are no probabilities: they are from {ep.min():.3g} to {ep.max():.3g}. "
                "Let the model return a logit or a probability of each class."
            )
        return
    sums = ep.sum(1)
    is_whole = found.next is None  # else the rest is not kept
    if (is_whole and sums.min() < 1 - NEAR) or sums.max() > 1 + NEAR or ep.min() < -NEAR:
        raise ModelError(
            f"the EPs are no probabilities: they sum to {sums.min():.3g} … {sums.max():.3g}. "
            "Let the model return logits, probabilities or log-probabilities of every class."
        )


def _check_same(one: Extracted, other: Extracted, problem: str, remedy: str) -> None:
    pairs = {"EPs": (one.ep, other.ep)}
    pairs |= {f"states of {name}": (states, other.states[name]) for name, states in one.states.items()}
    for what, (a, b) in pairs.items():
        if not np.allclose(a, b, atol=NEAR, equal_nan=True):  # of steps without an EP
            raise ModelError(f"{problem.format(what=what)} (by up to {np.abs(a - b).max():.2g}). {remedy}")


def _join(parts: Sequence[Extracted]) -> Extracted:
    return Extracted(
        np.concatenate([part.lengths for part in parts]),
        np.concatenate([part.ep for part in parts]),
        {name: np.concatenate([part.states[name] for part in parts]) for name in parts[0].states},
        {},
    )


def _cut_to(given: Encoded, steps: int) -> Encoded:
    return replace(given, tokens=given.tokens[:steps], inputs=given.inputs[:steps], known=given.known[:steps])


def _show(ep: np.ndarray) -> str:
    return ", ".join(f"{value:.3f}" for value in ep[:5]) + (", …" if len(ep) > 5 else "")
