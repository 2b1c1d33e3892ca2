"""Two sequences through the model, and whether what comes out can be trusted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from hsvis.build.extraction import Extracted, extract
from hsvis.corpus.corpus import Split
from hsvis.errors import ModelError
from hsvis.models.protocol import Encoded
from hsvis.models.subject import Fact, Subject
from hsvis.models.user.visit import keep_generators
from hsvis.run.winners import answered

NEAR = 1e-4  # how near numbers must be that are the same but for rounding
ENDS = 5  # sequences
WORDS = 6  # that a sequence is shown by


def read_two(one: Subject, split: Split, two: Sequence[tuple[int, Encoded]]) -> list[Fact]:
    """What one or two sequences, (row, encoded), give.

    Raises:
        ModelError: states or EPs that are no numbers, change from read to read or with the company in the
            batch, or do not end in the model's own answer.
    """
    encoded = [given for _, given in two]
    found = extract(one.model, encoded)
    _check_numbers(found)
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
    answers, last = one.answer(encoded), found.ep[found.last]
    if not np.allclose(answers, last, atol=NEAR):
        raise ModelError(
            f"the EP of the last step ({_show(last[0])}) is not the model's own answer "
            f"({_show(answers[0])}). Check that `forward` reads every step of a sequence, and nothing else."
        )
    facts = []
    classes = one.model.classes
    for (row, given), ep in zip(two, last, strict=True):
        label = int(split.labels[row])
        truth = f"label {label}, `{classes[label]}`" if label >= 0 else "no label"
        if split.step_labels is not None:
            truth = f"{len(split.step_labels[row])} labels of steps"
        words = " ".join(given.tokens[:WORDS]) + (" …" if len(given) > WORDS else "")
        best = int(ep.argmax())
        facts.append(
            (
                "sequence",
                f"row {row}, {len(given)} steps, “{words}”: `{classes[best]}` by {ep[best]:.3f}; {truth}",
            )
        )
    facts.append(
        ("checked", "states are finite, the same again and alone; EPs sum to 1 and end in the answer")
    )
    return facts


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


def _check_numbers(found: Extracted) -> None:
    for name, states in found.states.items():
        if not np.isfinite(states).all():
            raise ModelError(
                f"states of the layer {name} are NaN or infinite. Check the weights, and what "
                "`model.tokenizer` gives the model."
            )
    ep = found.ep[answered(found.ep)]
    sums = ep.sum(1)
    if not np.allclose(sums, 1, atol=NEAR) or ep.min() < -NEAR:
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
