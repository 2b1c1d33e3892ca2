"""A text a line with its label: of fastText, beside a tab, as the first word, or as the root of a tree."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from hsvis.corpus.readers.text_files import decode
from hsvis.corpus.series.cells import is_numeric
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

PREFIX = "__label__"
MOST_FIRST = 50  # different first words that may be labels
ROWS_EACH = 3  # rows of each of these, at least
_SUB = re.compile(r"([A-Za-z_]+):(\S+)\s+(.*)")
_PART = re.compile(r"[()]|[^\s()]+")
_WORD = re.compile(r"(\S+)\s+(.*)")


def read_lines(
    path: Path, encoding: str | None = None, *, labels: bool = True
) -> tuple[pa.Table, list[Remark]]:
    """Columns `text` and `label`; of `label:sub text` (TREC) also `fine`, which is `label:sub`.

    Args:
        labels: whether lines have labels; else each is a text as a whole.

    Raises:
        DataError: it can't be read, lines are of none of the known forms, or have several labels.
    """
    content, _, remarks = decode(path, encoding)
    numbered = [(k, one.strip(" \r\n\ufeff")) for k, one in enumerate(content.split("\n"), 1)]
    numbered = [(k, one) for k, one in numbered if one.strip()]
    if not numbered:
        raise DataError(f"{path}: the file is empty. Name another in `dataset.data_files`.")
    lines = [line for _, line in numbered]
    if not labels:
        said = f"{path.name}: each line is a text, {len(lines):,} of them; empty lines are none."
        return pa.table({"text": lines}), [*remarks, Remark("line-form", said)]
    form, columns = _read(path, numbered, lines)
    classes = list(dict.fromkeys(columns["label"]))
    said = f"{path.name}: each line is {form}; {len(classes):,} labels, {listed(classes)}."
    return pa.table(columns), [*remarks, Remark("line-form", said)]


def _read(
    path: Path, numbered: Sequence[tuple[int, str]], lines: list[str]
) -> tuple[str, dict[str, list[str]]]:
    labelled = sum(line.startswith(PREFIX) for line in lines)
    if labelled * 2 > len(lines):
        return f"`{PREFIX}CLASS text`", _fasttext(path, numbered)
    if all(line[0] == "(" and line[-1] == ")" for line in lines):
        return "a tree, `(CLASS (CLASS word) …)`, and the label that of its root", _trees(path, numbered)
    tabs = Counter(line.count("\t") for line in lines)
    if tabs[1] == len(lines):
        return _beside_tab(path, [line.split("\t") for line in lines])
    parts = [_SUB.fullmatch(line) for line in lines]
    if all(parts):
        found = [one.groups() for one in parts if one]
        columns = {
            "text": [text for _, _, text in found],
            "label": [name for name, _, _ in found],
            "fine": [f"{name}:{sub}" for name, sub, _ in found],
        }
        return "`CLASS:SUB text` (`dataset.label: fine` takes both)", columns
    words = [_WORD.fullmatch(line) for line in lines]
    if all(words):
        firsts = Counter(one.group(1) for one in words if one)
        are_codes = all(re.fullmatch(r"[+-]?\d{1,3}[,:]?", one) for one in firsts)
        if are_codes or (len(firsts) <= MOST_FIRST and len(lines) >= ROWS_EACH * len(firsts) > ROWS_EACH):
            return "`CLASS text`", {
                "text": [one.group(2) for one in words if one],
                "label": [one.group(1).rstrip(",:") for one in words if one],
            }
    if all(is_numeric(cell) for line in lines[:MOST_FIRST] for cell in line.split()):
        raise DataError(
            f"{path}: holds numbers. Series with a row each are `dataset.path: ucr`, and so are blocks of "
            "lines with empty lines between them, beside a file of their labels or of how many there are of "
            "each class: `data_files: {train: [ae.train, size_ae.train], test: [ae.test, size_ae.test]}`."
        )
    remedy = "Lines with several tabs or other separators are `dataset.path: csv` with `dataset.columns`."
    raise DataError(
        f"{path}: lines such as `{shorten(lines[0])}` have no label that is recognised. Known are "
        f"`{PREFIX}CLASS text`, `CLASS<tab>text`, `text<tab>CLASS`, `0 text`, `CLASS:SUB text` and trees. "
        f"{remedy}"
    )


def _fasttext(path: Path, numbered: Sequence[tuple[int, str]]) -> dict[str, list[str]]:
    texts: list[str] = []
    labels: list[str] = []
    several: list[int] = []
    none: list[int] = []
    for number, line in numbered:
        words = line.split()
        found = [one for one in words if one.startswith(PREFIX)]
        if len(found) != 1:
            (several if found else none).append(number)
            continue
        label = found[0]
        before, _, after = line.partition(label)
        texts.append((before.strip(" \t,") + " " + after.strip(" \t,")).strip())
        labels.append(label.removeprefix(PREFIX).rstrip(","))
    for places, what, remedy in (
        (several, "have several labels", "One class a text can be shown: keep one label a line."),
        (none, "have no label", "Give each line one, or take these lines out."),
    ):
        if places:
            told = ", ".join(f"{one:,}" for one in places[:5])
            more = f" and {len(places) - 5:,} more" if len(places) > 5 else ""
            raise DataError(
                f"{path}: {len(places):,} of {len(numbered):,} lines {what} (line {told}{more}). {remedy}"
            )
    return {"text": texts, "label": labels}


def _trees(path: Path, numbered: Sequence[tuple[int, str]]) -> dict[str, list[str]]:
    """Label of the root and words of the leaves, of trees as the Stanford sentiment treebank has them."""
    texts, labels = [], []
    for number, line in numbered:
        depth, is_label, words, root = 0, False, [], ""
        for part in _PART.findall(line):
            if part == "(":
                depth, is_label = depth + 1, True
            elif part == ")":
                depth -= 1
            elif is_label:
                root, is_label = root or part, False
            else:
                words.append(part)
            if depth < 0:
                break
        if depth or not root or not words:
            raise DataError(
                f"{path}, line {number:,}: `{shorten(line)}` is no whole tree such as `(3 (2 a) (3 fine))`. "
                "Correct the line."
            )
        texts.append(" ".join(words))
        labels.append(root)
    return {"text": texts, "label": labels}


def _beside_tab(path: Path, cells: Sequence[Sequence[str]]) -> tuple[str, dict[str, list[str]]]:
    left, right = ([row[k].strip() for row in cells] for k in (0, 1))
    sizes = [(len({*side}), sum(map(len, side))) for side in (left, right)]
    first = (sizes[0][0] <= sizes[1][0]) if sizes[0][0] != sizes[1][0] else sizes[0][1] < sizes[1][1]
    if sizes[0] == sizes[1]:
        raise DataError(
            f"{path}: which side of the tab is the label can't be told. Set `dataset.path: csv` and "
            "`dataset.columns: [label, text]`, or `[text, label]`."
        )
    if first:
        return "`CLASS<tab>text`", {"text": right, "label": left}
    return "`text<tab>CLASS`", {"text": left, "label": right}
