"""What hsvis decided that nobody said, and what seems wrong: told by check, build, manifest and page.

Each remark has a code that stays the same from version to version, so that scripts can look for it;
docs/decisions.md lists them all.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hsvis.progress import Progress

# code -> what was decided
DECISIONS = {
    "class-values": "No names of classes were given: they are the different labels, in their natural order.",
    "class-names": "Names of classes were given to the different labels in their natural order, or by index.",
    "similar-name": "A label was taken for the class whose name differs from it in case or space alone.",
    "unknown-label": "-1 was taken for “no label”, as the names leave no class for it.",
    "separator": "What separates the fields of a text file.",
    "encoding": "How the characters of a text file are written, where it is not UTF-8.",
    "trailing-separator": "Empty fields beyond the header were left out.",
    "quoting": "What quotation marks mean in a text file, where they are not around fields.",
    "unnamed-column": "A header names no column for what seems to count the rows.",
    "archive-member": "Which file of an archive is read.",
    "file-format": "`dataset.path` names a file: how it is read.",
    "line-form": "Where texts and labels stand in the lines of a file.",
    "folder-form": "Which folders, or files, are classes.",
    "not-read": "What lies beside the folders of classes and is not read.",
    "json-form": "Where the rows of a JSON file stand.",
    "token-lists": "Lists of tokens were joined to texts.",
    "held-out": "Rows of one file are kept apart as the test split.",
    "no-labels": "The test split has no column of labels.",
    "choice": "`dataset.limit` shows some of the rows: which ones.",
    "step-order": "The steps of series do not stand in the file in the order that their names have.",
    "series-form": "Which rows, columns or parts of a file the sequences of numbers and their steps are.",
    "series-end": "Steps without a value at the end of sequences were taken for padding.",
    "missing-values": "What became of missing values of series.",
    "missing-marks": "What was read as a missing value in columns of numbers.",
    "one-hot": "Labels are one-hot.",
    "not-shown": "Modules that carry something from step to step, and are not shown beside torch's layers.",
    "label-lists": "Labels are lists: of one label each, or of those of independent classes.",
    "step-labels": "Labels are of steps: lists, or labels that differ within a sequence.",
    "label-place": "Sequences have their label in some of their rows alone.",
    "kept-kind": "What columns of text that are kept were taken for: numbers, dates, categories, yes and no.",
    "kept-left-out": "Columns that `dataset.keep: all` can't keep.",
    "call": "What a user's model is given.",
    "answer": "Which of the tensors that a model returns is its answer, and what is done to it.",
    "kept-between-calls": "What a user's model keeps from call to call is put back before each.",
    "each-step": "A user's model answers after every step, and what is shown as its answer to a sequence.",
    "next-token": "A model is one of language: what follows each token is its label, and what is kept of it.",
    "recorded-states": "What is taken for states where torch's own layers do not give them as they are.",
    "padding": "How sequences are padded for a user's model, or that they are not and what it would change.",
    "short-prefixes": "The fewest steps that a user's model reads: shorter beginnings have no EP.",
    "pairs": "How a model reads pairs of texts, and where they lack one of the two.",
    "own-steps": "Layers with fewer steps than tokens: which state each token has.",
    "device": "The built-in model leaves a GPU unused, or has weights that another device trained.",
    "splitter": "How texts are cut into tokens, where nobody said it.",
    "vocabulary": "What a vocabulary file is taken for.",
    "special-tokens": "Tokens that a tokenizer file puts around each text.",
}
# code -> what seems wrong
WARNINGS = {
    "no-row": "A class that no row has.",
    "only-in-test": "A class that only rows of the test split have.",
    "names-alike": "Names of classes that differ in case or space alone.",
    "named-as-column": "A class that is called as the column of the labels: the header was read as a row.",
    "class-like-mark": "A class whose name may mark rows without a label.",
    "classes-as-rows": "Nearly as many classes as rows: the column may not be one of classes.",
    "rows-left-out": "5 % of the rows of a split, or more, are not used.",
    "bad-lines": "Lines with more or fewer fields than the header were left out.",
    "header-again": "A line that repeats the header was left out.",
    "encoding-doubted": "A text file that may be in another encoding than it was read in.",
    "header-as-row": "A first row that is read as data, as `dataset.columns` says, and looks like a header.",
    "open-quote": "A quotation mark that seems to swallow the lines after it.",
    "shown-classes": "The rows that are shown lack a class of the split, or have other shares of the "
    "classes.",
    "same-file": "Training and test split are the same.",
    "leak": "Rows of the test split that stand in the training split too.",
    "unreachable": "Entries of a vocabulary that no text can ever give.",
    "doubled-entries": "Entries that stand in a vocabulary more than once: the last id counts.",
    "axes": "Arrays with more features than steps: the two may be interchanged.",
    "ambiguous-dates": "Dates that can be read with the day or the month first.",
    "kept-missing": "Cells of kept columns that count as missing although something stands in them.",
    "unknown-words": "More words than usual are unknown to the model.",
    "class-order": "The answers would fit the labels better with the classes in another order.",
    "below-majority": "The model is right less often than always the same answer would be.",
    "hard-answers": "A model that returns the class that it chose, not how sure it is.",
    "drawn-weights": "A factory makes other weights each time it is called.",
    "trained-padded": "A model that was evidently trained with padded sequences, which are read otherwise.",
    "states-of-prefixes": "The state of a step, as `model.states` gives it, depends on later steps.",
    "spare-entries": "An embedding has more entries than the vocabulary.",
}


@dataclass(frozen=True)
class Remark:
    """A decision or a warning.

    Attributes:
        code: one of DECISIONS or WARNINGS.
        text: a sentence or two for people; a warning ends with the remedy.
    """

    code: str
    text: str

    def __post_init__(self) -> None:
        if self.code not in DECISIONS and self.code not in WARNINGS:
            raise ValueError(f"no remark has the code {self.code}")

    @property
    def is_warning(self) -> bool:
        return self.code in WARNINGS


def tell(remarks: Iterable[Remark], progress: Progress) -> None:
    """Reports each of them, as a stage that is done."""
    for one in remarks:
        progress("warning" if one.is_warning else "decision", 1, 1, one.text)


def shorten(text: object, most: int = 40) -> str:
    """A name as messages show it: on one line, cut in the middle where it is long."""
    line = " ".join(str(text).split())
    half = (most - 1) // 2
    return line if len(line) <= most else f"{line[:half]}…{line[-half:]}"


def listed(names: Iterable[object], most: int = 5) -> str:
    """Names in backticks, the first few of them."""
    every = list(names)
    tail = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(f"`{shorten(one)}`" for one in every[:most]) + tail
