"""The kinds of answers that a model gives, and what each kind has: figures, verdicts and words.

Whoever shows, exports or counts answers asks here, in place of asking which kind it is.
"""

from dataclasses import dataclass

from hsvis.config import AnswerKind

OF_A_RUN = ("class-overview", "confusion-matrix")  # figures of all sequences
OF_A_SEQUENCE = ("ep-heatmap", "distances", "confidence", "unit-activity")
EVERY_FIGURE = (*OF_A_RUN, "projection", *OF_A_SEQUENCE)


@dataclass(frozen=True)
class Answering:
    """What runs of one kind of answers have.

    Attributes:
        kind: as `model.answers` and the manifest name it.
        told: the kind in words, as check and the page say it.
        figures: ids of the figures that are on the page.
        has_classes: whether an answer is about classes, so that `classes` names them; of others C is 1.
        is_exclusive: whether the EPs of a step sum to 1, so that one class wins.
        has_verdict: whether an answer is right or wrong; of others there is an error.
        right: what is told of an answer that is right; wrong: of one that is not.
        checked: what check says of EPs that it has looked at.
        titles: id of a figure -> its title, where it is another than that of classes.
    """

    kind: AnswerKind
    told: str
    figures: tuple[str, ...] = EVERY_FIGURE
    has_classes: bool = True
    is_exclusive: bool = True
    has_verdict: bool = True
    right: str = "correct"
    wrong: str = "misclassified"
    checked: str = "sum to 1 and end"
    titles: tuple[tuple[str, str], ...] = ()

    def has(self, figure: str) -> bool:
        """Whether there is a figure of this id."""
        return figure in self.figures

    def title(self, figure: str, usual: str) -> str:
        """The title of a figure."""
        return dict(self.titles).get(figure, usual)


KINDS: dict[AnswerKind, Answering] = {
    "classes": Answering("classes", "one of the classes"),
    "independent": Answering(
        "independent",
        "any number of the classes: each has a probability of its own",
        is_exclusive=False,
        wrong="wrong",
        checked="are from 0 to 1 each and end",
    ),
    "number": Answering(
        "number",
        "a number",
        has_classes=False,
        is_exclusive=False,
        has_verdict=False,
        checked="end",
        titles=(
            ("class-overview", "Answer × truth"),
            ("ep-heatmap", "Expected answer"),
            ("confidence", "Answer"),
        ),
    ),
    "next token": Answering(
        "next token",
        "the next token",
        wrong="missed",
        titles=(
            ("class-overview", "Rank of the next token"),
            ("confusion-matrix", "Tokens missed most"),
            ("ep-heatmap", "Expected next tokens"),
            ("confidence", "Surprisal"),
        ),
    ),
}


def answering(kind: AnswerKind) -> Answering:
    """What runs of this kind have."""
    return KINDS[kind]
