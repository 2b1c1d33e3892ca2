"""A word a line beside its tags, and an empty line after each sentence: CoNLL, and CoNLL-U of treebanks."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from hsvis.config import DatasetSettings
from hsvis.corpus.readers.text_files import decode
from hsvis.errors import DataError
from hsvis.remarks import Remark, listed, shorten

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
_ID = re.compile(r"\d+([-.]\d+)?")
_DOCUMENT = "-DOCSTART-"
NONE = "_"  # no value, in CoNLL-U
MOST_COMMENTED = 0.5  # share of sentences that begin with a `#`, above which these lines are comments


@dataclass(frozen=True)
class _Row:
    line: int
    cells: list[str]


def read_conll(path: Path, settings: DatasetSettings) -> tuple[pa.Table, list[Remark]]:
    """A row for each sentence: `text`, its words with spaces between them, and lists of each of the columns.

    The columns are called as `dataset.columns` says, those of CoNLL-U by their names, others by their number
    from 0.  The tag is the column that `dataset.label` names, else `upos` of CoNLL-U and the last of others.

    Raises:
        DataError: it can't be read, lines have other numbers of fields, or there is no tag.
    """
    encoding = settings.dialect.encoding if settings.dialect else None
    content, _, remarks = decode(path, encoding)
    lines = [one for one in content.split("\n") if one.strip()]
    between = "\t" if 2 * sum("\t" in one for one in lines) > len(lines) else None
    blocks, left = _blocks(content.split("\n"), between)
    if not blocks:
        raise DataError(f"{path}: the file holds no sentence. Name another in `dataset.data_files`.")
    width = _width(path, blocks)
    is_treebank = width == len(CONLLU) and all(_ID.fullmatch(row.cells[0]) for one in blocks for row in one)
    if is_treebank:
        kept = [[row for row in one if row.cells[0].isdigit()] for one in blocks]
        left["ids such as `1-2` and `8.1`"] = sum(map(len, blocks)) - sum(map(len, kept))
        blocks = [one for one in kept if one]
    names = _names(path, settings, width, is_treebank=is_treebank)
    word = 1 if is_treebank else 0
    tag = None if settings.label is None else _tag(settings, names, is_treebank=is_treebank)
    columns = {
        name: pa.array(
            [[_value(row.cells[k], is_treebank) for row in one] for one in blocks], pa.list_(pa.string())
        )
        for k, name in enumerate(names)
    }
    texts = [" ".join("_".join(row.cells[word].split()) for row in one) for one in blocks]
    spaced = sum(" " in row.cells[word] for one in blocks for row in one)
    table = {"text": pa.array(texts, pa.string()), **{k: one for k, one in columns.items() if k != "text"}}
    if tag is not None and settings.label is not None:
        table.setdefault(settings.label, columns[tag])
    told = [f"{what} are left out ({count:,})" for what, count in left.items() if count]
    told += [f"spaces in words are shown as `_` ({spaced:,})"] if spaced else []
    said = (
        f"{path.name}: a word a line, {len(blocks):,} sentences; of {width} columns, {listed(names)}, the "
        f"word is `{names[word]}`"
        + (f" and the label `{tag}`" if tag is not None else "")
        + "".join(f"; {one}" for one in told)
        + "."
    )
    return pa.table(table), [*remarks, Remark("line-form", said)]


def _blocks(lines: Sequence[str], between: str | None) -> tuple[list[list[_Row]], Counter[str]]:
    """Lines of each sentence, without comments and marks of documents; and how many of these there are."""
    blocks: list[list[_Row]] = [[]]
    left: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        plain = line.strip(" \r\n\ufeff")
        if not plain.strip():
            blocks.append([])
        elif plain.startswith(_DOCUMENT):
            left[f"lines of `{_DOCUMENT}`"] += 1
            blocks.append([])
        else:
            cells = [cell.strip() for cell in plain.split(between)]
            blocks[-1].append(_Row(number, cells))
    blocks = [one for one in blocks if one]
    begun = sum(one[0].cells[0].startswith("#") for one in blocks)
    sizes = Counter(len(row.cells) for one in blocks for row in one)
    usual = sizes.most_common(1)[0][0] if sizes else 0
    is_commented = begun > MOST_COMMENTED * len(blocks)
    found = []
    for one in blocks:
        rows = list(one)
        # a word may be `#` too
        while rows and rows[0].cells[0].startswith("#") and (is_commented or len(rows[0].cells) != usual):
            rows.pop(0)
            left["comments"] += 1
        found.append(rows)
    return [one for one in found if one], left


def _width(path: Path, blocks: Sequence[Sequence[_Row]]) -> int:
    """The number of columns.  Raises DataError: a line has more or fewer, or there are no tags."""
    sizes = Counter(len(row.cells) for one in blocks for row in one)
    width = sizes.most_common(1)[0][0]
    wrong = [row for one in blocks for row in one if len(row.cells) != width]
    if wrong:
        row = wrong[0]
        raise DataError(
            f"{path}, line {row.line:,}: `{shorten(' '.join(row.cells))}` has {len(row.cells)} fields, where "
            f"most lines have {width} ({len(wrong):,} lines differ). Read is a word a line "
            "and its tags, tabs or spaces between them, and an empty line between sentences. Correct these."
        )
    if width < 2:
        first = blocks[0][0]
        raise DataError(
            f"{path}, line {first.line:,}: `{shorten(first.cells[0])}` has no tag beside it. A text a line "
            "is "
            "`dataset.path: lines`, a table `dataset.path: csv`."
        )
    return width


def _names(path: Path, settings: DatasetSettings, width: int, *, is_treebank: bool) -> list[str]:
    """What the columns are called.  Raises DataError where as many are not named."""
    if settings.columns is not None:
        if len(settings.columns) != width:
            raise DataError(
                f"{path}: has {width} columns, `dataset.columns` names {len(settings.columns)}. Name "
                "all of them."
            )
        return list(settings.columns)
    return list(CONLLU) if is_treebank else [str(k) for k in range(width)]


def _tag(settings: DatasetSettings, names: Sequence[str], *, is_treebank: bool) -> str | None:
    """The column of the labels; None where the one that is asked for is not there."""
    if settings.label in names:
        return settings.label
    if "label" in settings.model_fields_set:
        return None
    return "upos" if is_treebank and settings.columns is None else names[-1]


def _value(cell: str, is_treebank: bool) -> str | None:
    return None if is_treebank and cell == NONE else cell
