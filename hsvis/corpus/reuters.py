"""Importer of the original Reuters-21578 distribution: `.sgm` files in, two parquet files out.

The files are SGML in latin-1 and no XML parser takes them: control characters stand in the text, as
bytes and as references (`&#3;`), and elements are missing as they please.  Hence a small reader of
regular expressions.  What becomes of an item:

- Split: ModApte, that is LEWISSPLIT "TRAIN" or "TEST" with TOPICS "YES".
- Class: the one of the five topics in `CLASSES` that it has; other topics beside it do no harm.
- Text: title and body with a space between.  Entities are decoded once; control characters and
  references to no character become spaces; each run of white space becomes one space; one closing
  "Reuter" or "REUTER" of the body, the agency's end mark, is cut off.  Author and dateline are no part of it.
- An item with neither TITLE nor BODY is left out.  TYPE="UNPROC" items are such: their text, headline
  and tables in one, stands directly in TEXT.  A BRIEF item has a title and, outside of it, filler.
"""

import json
import os
import re
import tarfile
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from lzma import LZMAError
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from hsvis.errors import DataError

CLASSES = {
    "grain": "grain",
    "crude": "crude-oil",
    "money-fx": "money-fx",
    "acq": "acquisition",
    "earn": "earns",
}  # topic in the distribution -> class name, in the order of the labels
SPLITS = {"TRAIN": "train", "TEST": "test"}  # LEWISSPLIT -> name of the split and its file

KEPT = ""
BROKEN = "broken: cut short, an element not closed, or no NEWID"
REPEATED = "NEWID of an earlier record"
OUTSIDE = "not in the ModApte split"
NO_CLASS = "none of the five topics"
SEVERAL = "several of the five topics"
NO_TEXT = "neither title nor body"
UNMARKED = "text outside title and body (unprocessed)"

_HEADER = re.compile(r"<REUTERS\b([^>]*)>?", re.IGNORECASE)  # a file may end within one
_END = re.compile(r"</REUTERS\s*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r'(\w+)\s*=\s*"?([^"\s]*)"?')
_TOPIC = re.compile(r"<D>(.*?)</D>", re.IGNORECASE | re.DOTALL)
_INNER = re.compile(r"<(\w+)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_REFERENCE = re.compile(r"&(?:(lt|gt|amp|quot|apos)|#([0-9]+)|#[xX]([0-9a-fA-F]+));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_CONTROLS = dict.fromkeys([*range(0x20), *range(0x7F, 0xA0)], " ")
_END_MARK = re.compile(r"(?:^| )(?:Reuter|REUTER)$")

_UNREADABLE = (tarfile.TarError, zlib.error, LZMAError, EOFError, OSError)  # what a damaged archive can raise
_FORMS = (
    "Give the folder that holds reut2-000.sgm to reut2-021.sgm, one such file, or reuters21578.tar.gz "
    "(a .zip must be unpacked first)."
)


@dataclass(frozen=True)
class Count:
    """Items that met one fate."""

    split: str  # "train", "test", or "" for records of neither
    class_name: str  # "" where an item was left out before it had a class
    reason: str  # why they were left out, one of the constants above; KEPT if they were not
    items: int


@dataclass(frozen=True)
class ImportReport:
    """What an import read, kept and left out; `counts` together make up every record found."""

    target: Path  # folder of train.parquet and test.parquet
    files: int  # .sgm files read
    counts: tuple[Count, ...]

    def items(
        self, split: str | None = None, class_name: str | None = None, reason: str | None = None
    ) -> int:
        """Number of items with these properties; None leaves a property open, reason KEPT means kept."""
        return sum(
            c.items
            for c in self.counts
            if split in (None, c.split) and class_name in (None, c.class_name) and reason in (None, c.reason)
        )

    def lines(self) -> list[str]:
        """Readable summary: per split the items kept of each class, and those left out with the reason."""
        lines = [f"Read {self.items():,} records from {self.files:,} .sgm files."]
        for split in SPLITS.values():
            classes = ", ".join(f"{name} {self.items(split, name, KEPT):,}" for name in CLASSES.values())
            lines.append(f"{split}: {self.items(split, reason=KEPT):,} kept ({classes})")
            lines += self._left_out(split)
        if self.items(""):
            lines += ["in neither split:", *self._left_out("")]
        lines.append(f"Wrote train.parquet and test.parquet to {self.target}.")
        return lines

    def _left_out(self, split: str) -> list[str]:
        reasons = dict.fromkeys(c.reason for c in self.counts if c.split == split and c.reason != KEPT)
        lines = []
        for reason in reasons:
            counted = [(name, self.items(split, name, reason)) for name in CLASSES.values()]
            classes = ", ".join(f"{name} {count:,}" for name, count in counted if count)
            lines.append(
                f"  {self.items(split, reason=reason):,} left out: {reason}"
                + (f" ({classes})" if classes else "")
            )
        return lines


@dataclass(frozen=True)
class _Item:
    newid: int
    split: str
    class_name: str
    reason: str
    text: str


def import_reuters(source: Path, target: Path) -> ImportReport:
    """Write the five-topic part of Reuters-21578, ModApte split, as `train.parquet` and `test.parquet`.

    Columns: `text` (string), `label` (int64, which `datasets` reads as a ClassLabel with the names of
    `CLASSES`), `source_id` (string, the NEWID); rows in the order of NEWID.  Nothing is unpacked to disk,
    and both files are written aside and then renamed.  A split without items gives a file without rows.

    Args:
        source: folder with `.sgm` files (searched through), one `.sgm` file, or a tar archive of them.
        target: folder for the two files, made if there is none; files of those names in it are replaced.

    Raises:
        DataError: if `source` does not exist, can't be read, holds no `.sgm` file or no item to keep, or if
            `target` can't be written.
    """
    items: list[_Item] = []
    fates: Counter[tuple[str, str, str]] = Counter()
    seen: set[int] = set()
    files = 0
    for sgml in _sgml_texts(source):
        files += 1
        for item in _items(sgml, seen):
            fates[item.split, item.class_name, item.reason] += 1
            if item.reason == KEPT:
                items.append(item)
    if not files:
        raise DataError(f"{source}: holds no .sgm file. {_FORMS}")
    report = ImportReport(target, files, tuple(Count(*fate, items=n) for fate, n in sorted(fates.items())))
    if not items:
        found = "; ".join(line.strip() for split in ("train", "test", "") for line in report._left_out(split))
        raise DataError(
            f"{source}: none of its {report.items():,} records can be kept{found and f' ({found})'}. {_FORMS}"
        )
    _write(sorted(items, key=lambda item: item.newid), target)
    return report


def _sgml_texts(source: Path) -> Iterator[str]:
    """Text of every `.sgm` file of a folder (in the order of their names), file or tar archive."""
    try:
        if source.is_dir():
            for path in sorted(p for p in source.rglob("*") if _is_sgml(p) and p.is_file()):
                yield path.read_text("latin-1")
        elif _is_sgml(source):
            yield source.read_text("latin-1")
        else:
            yield from _archive_texts(source)
    except FileNotFoundError as error:
        raise DataError(f"{error.filename or source}: no such file or folder. {_FORMS}") from error
    except OSError as error:
        raise DataError(f"{error.filename or source}: can't be read ({error}). {_FORMS}") from error


def _archive_texts(source: Path) -> Iterator[str]:
    with source.open("rb") as raw:  # a missing file is no damaged archive
        try:
            with tarfile.open(fileobj=raw) as archive:
                for member in archive:
                    if member.isreg() and _is_sgml(PurePosixPath(member.name)):
                        content = archive.extractfile(member)
                        assert content is not None  # it is a regular file
                        yield content.read().decode("latin-1")
                while archive.fileobj and archive.fileobj.read(1 << 20):
                    pass  # the checksum stands at the very end
        except _UNREADABLE as error:
            what = str(error).partition("\n")[0].rstrip(":")
            raise DataError(
                f"{source}: damaged or incomplete, or no tar archive ({what}). Download it again. {_FORMS}"
            ) from error


def _is_sgml(path: Path | PurePosixPath) -> bool:
    return path.suffix.lower() == ".sgm" and not path.name.startswith(".")  # "._reut2-000.sgm" is macOS's


def _items(sgml: str, seen: set[int]) -> Iterator[_Item]:
    """Every record of one file; `seen` holds the NEWIDs so far and is added to."""
    headers = list(_HEADER.finditer(sgml))
    ends = [header.start() for header in headers[1:]] + [len(sgml)] * bool(headers)
    stray = len(_END.findall(sgml))  # ends that no header goes with: of records whose header is damaged
    for header, end in zip(headers, ends, strict=True):
        attributes = {name.upper(): value for name, value in _ATTRIBUTE.findall(header[1])}
        split = SPLITS.get(attributes.get("LEWISSPLIT", "").upper(), "")
        if attributes.get("TOPICS", "").upper() != "YES":
            split = ""
        newid = attributes.get("NEWID", "")
        close = _END.search(sgml, header.end(), end)
        if close is None or not re.fullmatch("[0-9]{1,9}", newid):
            stray -= close is not None
            yield _Item(-1, split, "", BROKEN, "")
            continue
        stray -= 1
        class_name, reason, text = _read_record(sgml[header.end() : close.start()], split)
        if reason != BROKEN:
            if int(newid) in seen:
                class_name, reason = "", REPEATED
            seen.add(int(newid))
        yield _Item(int(newid), split, class_name, reason, text)
    yield from [_Item(-1, "", "", BROKEN, "")] * stray


def _read_record(record: str, split: str) -> tuple[str, str, str]:
    """Class name, reason for leaving it out, and text of what stands between <REUTERS> and </REUTERS>."""
    try:
        topics, title, body, whole = (_element(record, name) for name in ("TOPICS", "TITLE", "BODY", "TEXT"))
    except ValueError:
        return "", BROKEN, ""
    if not split:
        return "", OUTSIDE, ""
    names = {CLASSES[t] for t in map(str.strip, _TOPIC.findall(topics)) if t in CLASSES}
    if len(names) != 1:
        return "", SEVERAL if names else NO_CLASS, ""
    text = " ".join(filter(None, (_plain(title), _END_MARK.sub("", _plain(body)))))
    if text:
        return names.pop(), KEPT, text
    return names.pop(), UNMARKED if _plain(_INNER.sub("", whole)) else NO_TEXT, ""


def _element(record: str, name: str) -> str:
    """Content of the first element of that name, "" if there is none; ValueError if it is not closed."""
    opening = re.search(rf"<{name}\b[^>]*>", record, re.IGNORECASE)
    if opening is None:
        return ""
    closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(record, opening.end())
    if closing is None:
        raise ValueError(name)
    return record[opening.end() : closing.start()]


def _plain(text: str) -> str:
    """Entities decoded, control characters made spaces, white space made single spaces, none at the ends."""
    return " ".join(_REFERENCE.sub(_character, text).translate(_CONTROLS).split())


def _character(reference: re.Match[str]) -> str:
    name, decimal, hexadecimal = reference.groups()
    if name:
        return _NAMED[name]
    digits = (decimal or hexadecimal).lstrip("0")
    code = int(digits or "0", 10 if decimal else 16) if len(digits) <= 7 else -1
    return chr(code) if 0 < code < 0xD800 or 0xDFFF < code <= 0x10FFFF else " "


def _write(items: list[_Item], target: Path) -> None:
    names = list(CLASSES.values())
    string = {"dtype": "string", "_type": "Value"}
    features = {"text": string, "label": {"names": names, "_type": "ClassLabel"}, "source_id": string}
    schema = pa.schema(
        [("text", pa.string()), ("label", pa.int64()), ("source_id", pa.string())],
        metadata={"huggingface": json.dumps({"info": {"features": features}})},
    )
    try:
        target.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target, prefix=".import-") as aside:
            for split in SPLITS.values():
                rows = [item for item in items if item.split == split]
                columns = {
                    "text": [item.text for item in rows],
                    "label": [names.index(item.class_name) for item in rows],
                    "source_id": [str(item.newid) for item in rows],
                }
                pq.write_table(pa.table(columns, schema), Path(aside, f"{split}.parquet"))
            for split in SPLITS.values():
                os.replace(Path(aside, f"{split}.parquet"), target / f"{split}.parquet")
    except OSError as error:
        raise DataError(
            f"{target}: can't be written ({error}). Give a folder that you may write to, on a disk with room."
        ) from error
