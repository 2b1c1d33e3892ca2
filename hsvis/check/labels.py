"""Classes against labels: what a label means, and whether the model seems to mean the same."""

from collections.abc import Iterator, Mapping

import numpy as np

from hsvis.build.extraction import extract
from hsvis.config import TokenSettings
from hsvis.corpus.corpus import Corpus, Split
from hsvis.models.protocol import Encoded, HiddenStateModel, vocabulary_of
from hsvis.models.step_labels import align_labels
from hsvis.models.subject import Fact, Subject
from hsvis.remarks import Remark, listed, shorten
from hsvis.run.verdicts import known_answers

SHOWN = 20  # classes that are listed
TOLD = 5  # entries of a vocabulary that are named
ENOUGH = 10  # answers from which something can be said


def class_counts(corpus: Corpus) -> list[int]:
    """How many labels of the test split are of each class; none of numbers."""
    targets, labels = corpus.test.targets, corpus.test.all_labels
    if corpus.answers == "number":
        return []
    if targets is not None:
        return [int(one) for one in (targets > 0).sum(0)]
    return [int(one) for one in np.bincount(labels[labels >= 0], minlength=len(corpus.classes))]


def _numbers(corpus: Corpus) -> list[Fact]:
    """What the numbers of the test split are."""
    assert corpus.test.targets is not None
    known = corpus.test.targets[corpus.test.is_labelled, 0]
    if not len(known):
        return [("number", f"`{corpus.classes[0]}`: no row of the test split has one")]
    told = f"from {known.min():g} to {known.max():g}, {known.mean():.4g} on average, of {len(known):,} rows"
    n_without = len(corpus.test) - len(known)
    tail = [("", f"{n_without:,} rows have none")] if n_without else []
    return [("number", f"`{corpus.classes[0]}`: {told} of the test split"), *tail]


def mapping(corpus: Corpus) -> list[Fact]:
    """Which label is which class, and how many rows of the test split have it."""
    if corpus.answers == "number":
        return _numbers(corpus)
    labels, counts = corpus.test.all_labels, class_counts(corpus)
    rows = {"sequence": "rows", "step": "steps"}[corpus.test.unit]
    facts = [("classes", f"{len(corpus.classes)}; the model's outputs are taken to be in this order:")]
    for k, name in list(enumerate(corpus.classes))[:SHOWN]:
        facts.append(("", f"{k} is `{shorten(name, 80)}`: {counts[k]:,} {rows} of the test split"))
    if len(corpus.classes) > SHOWN:
        facts.append(("", f"… and {len(corpus.classes) - SHOWN} more"))
    n_without = int((~corpus.test.is_labelled if corpus.test.targets is not None else labels < 0).sum())
    if n_without:
        facts.append(("", f"{n_without:,} {rows} have no label"))
    return facts


def next_words(one: Subject) -> list[Fact]:
    """What a language model answers with."""
    entries = vocabulary_of(one.model) or ()
    few = listed(entries[:TOLD])
    return [("answers", f"the next token, one of {len(entries):,} entries of the vocabulary: {few}, …")]


def read_steps(
    model: HiddenStateModel, split: Split, tokens: TokenSettings, some: Mapping[int, Encoded]
) -> tuple[np.ndarray, np.ndarray]:
    """Labels and answers of all steps of some sequences: (K,) int16, -1 unknown, and (K,) int.

    Args:
        some: row of the split -> what the model reads of it.

    Raises:
        DataError: a row has not as many labels as steps.
    """
    assert split.step_labels is not None
    labels = [
        align_labels(split.step_labels[row], read, split.examples[row], tokens, row)
        for row, read in some.items()
    ]
    return known_answers(np.concatenate(labels), extract(model, list(some.values())).ep)


def doubts(
    corpus: Corpus, labels: np.ndarray, predicted: np.ndarray, what: str = "texts"
) -> Iterator[Remark]:
    """What does not look right.

    Args:
        labels, predicted: (K,) of what was answered; a label -1 is unknown.
        what: was answered.
    """
    known = labels >= 0
    labels, predicted = labels[known].astype(np.int64), predicted[known]
    if len(labels) < ENOUGH:
        return
    right = float((labels == predicted).mean())
    majority = float(np.bincount(labels).max() / len(labels))
    margin = 2 * np.sqrt(0.25 / len(labels))  # two standard errors of a share, at the most
    order, ordered = _best_order(labels, predicted, len(corpus.classes))
    if ordered - margin > max(right, majority):
        names = ", ".join(corpus.classes[k] for k in order)
        yield Remark(
            "class-order",
            f"of {len(labels)} {what} {right:.0%} are answered right; with the classes in another order it "
            f"would be {ordered:.0%}. If labels are names, set `dataset.classes: [{names}]`; if they are "
            "numbers, bring the model's outputs or the labels into the other's order.",
        )
    elif right + margin < majority:
        commonest = corpus.classes[np.bincount(labels).argmax()]
        yield Remark(
            "below-majority",
            f"of {len(labels)} {what} {right:.0%} are answered right, while always saying `{commonest}` "
            f"would be right in {majority:.0%}. Check `model.checkpoint`, `model.tokenizer` and "
            "`dataset.label`.",
        )


def _best_order(labels: np.ndarray, predicted: np.ndarray, classes: int) -> tuple[list[int], float]:
    """The order of class names that fits the outputs best, and the share that is then right."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  (only a check needs it)

    counts = np.zeros((classes, classes), np.int64)  # output × label
    np.add.at(counts, (predicted, labels), 1)
    # outputs that were never given keep their class where they can
    outputs, names = linear_sum_assignment(counts + 1e-3 * np.eye(classes), maximize=True)
    return names.tolist(), float(counts[outputs, names].sum() / len(labels))
