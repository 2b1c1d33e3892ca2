"""The characters of a text file: compressed or not, and in whatever encoding."""

import bz2
import codecs
import gzip
import lzma
import re
import zipfile
from pathlib import Path
from typing import Any

from hsvis.errors import DataError
from hsvis.remarks import Remark, listed

OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
BESIDE = re.compile(
    r"(?i)(^|/)(__MACOSX/|\.|readme|licen[cs]e|notice|changelog)"
)  # what archives hold beside
CONTROLS = 0.03  # share of control characters up to which bytes are a text
ACCENTED = 0.25  # share of letters beyond ASCII from which Windows-1252 is doubted
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f-\x9f]")
_LETTER = re.compile(r"[^\W\d_]")
# how files of other kinds begin -> what to do with them
_OTHERS = (
    (b"PAR1", "is a parquet file: set `dataset.path: parquet`"),
    (b"\xd0\xcf\x11\xe0", "is a workbook: save it as CSV (UTF-8)"),
    (b"\x93NUMPY", "is an array of numpy: save it by `numpy.savez`, and set `dataset.path: npz`"),
    (b"%PDF", "is a PDF, no table: take the data set's own files"),
    (
        b"\x80",
        "seems to be a pickle, which may run code: write it as CSV or JSON by the program that made it",
    ),
    (b"Rar!", "is an archive: unpack it and name what is inside"),
    (b"7z\xbc\xaf", "is an archive: unpack it and name what is inside"),
)


def decode(path: Path, encoding: str | None = None) -> tuple[str, str, list[Remark]]:
    """The characters of a file, how they are written, and what was decided about it.

    By its mark, else UTF-8, UTF-16 without a mark, Windows-1252, Latin-1.

    Args:
        encoding: how they are written, where it was said.

    Raises:
        DataError: it can't be read, or is no text.
    """
    data, remarks = read_bytes(path)
    text, name = decode_bytes(data, str(path), encoding)
    if encoding is None and (said := encoding_remark(path.name, name)):
        remarks.append(said)
        letters = _LETTER.findall(text[:200_000])
        if name in ("cp1252", "latin-1") and sum(one > "\x7f" for one in letters) > ACCENTED * len(letters):
            remarks.append(
                Remark(
                    "encoding-doubted",
                    f"{path.name}: most of its letters would be accented ones. If words look wrong, name the "
                    "encoding in `dataset.dialect.encoding`, such as gb18030, cp1251, shift_jis or euc-kr.",
                )
            )
    return text, name, remarks


def decode_bytes(data: bytes, source: str, encoding: str | None = None) -> tuple[str, str]:
    """The characters, and how they are written, as Python calls it.  Raises DataError."""
    if encoding is not None:
        try:
            return data.decode(encoding).removeprefix("\ufeff"), encoding
        except UnicodeError as error:
            raise DataError(
                f"{source}: is not written in {encoding}, as `dataset.dialect.encoding` says ({error}). "
                "Correct it, or leave it out."
            ) from error
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    tried = [marked] if marked else [*_without_mark(data), "utf-8", "cp1252", "latin-1"]
    for name in tried:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            continue
        head = text[:100_000]
        if name in ("cp1252", "latin-1") and len(_CONTROL.findall(head)) > CONTROLS * len(head):
            continue
        return text.removeprefix("\ufeff"), name
    why = next((told for mark, told in _OTHERS if data.startswith(mark)), None)
    raise DataError(
        f"{source}: {why}."
        if why
        else f"{source}: is no text in UTF-8, UTF-16 or Windows-1252. Save it as UTF-8, name its encoding in "
        "`dataset.dialect.encoding`, or set `dataset.path` to what the file is."
    )


def _without_mark(data: bytes) -> list[str]:
    """UTF-16 where every other byte of mostly ASCII characters is zero."""
    head = data[:4000]
    if len(data) % 2 or not head:
        return []
    for name, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if zeros.count(0) > 0.7 * len(zeros):
            return [name]
    return []


def encoding_remark(source: str, encoding: str, count: str = "the characters are") -> Remark | None:
    """What to say of an encoding; nothing of UTF-8."""
    name = {
        "utf-16": "UTF-16, by the mark",
        "utf-16-le": "UTF-16, as every other byte is zero",
        "utf-16-be": "UTF-16, as every other byte is zero",
        "cp1252": "Windows-1252, as it is no UTF-8",
        "latin-1": "Latin-1, as it is neither UTF-8 nor Windows-1252",
    }.get(encoding)
    return Remark("encoding", f"{source}: {count} read as {name}.") if name else None


def read_bytes(path: Path) -> tuple[bytes, list[Remark]]:
    """A file's content, unpacked; of a .zip its one member, or the one that `file.zip/member` names.

    Raises:
        DataError: it can't be read, or holds several files.
    """
    archive = next((one for one in path.parents if one.suffix == ".zip" and one.is_file()), None)
    try:
        if archive is not None:
            return _member(archive, path.relative_to(archive).as_posix())
        if path.suffix in (".xlsx", ".xls", ".ods"):
            raise DataError(f"{path}: is a workbook: save it as CSV (UTF-8), and name that file.")
        if path.suffix in (".tar", ".tgz") or path.suffixes[-2:-1] == [".tar"]:
            raise DataError(
                f"{path}: is an archive: unpack it (`tar xf {path.name}`) and name what is inside."
            )
        with OPENERS.get(path.suffix, open)(path, "rb") as file:
            data = file.read()
        return _member(path, None) if data.startswith(b"PK\3\4") else (data, [])
    except (OSError, EOFError, RuntimeError, lzma.LZMAError, zipfile.BadZipFile, KeyError) as error:
        why = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: can't be read ({why}). Check `dataset.data_files`.") from error


def _member(path: Path, name: str | None) -> tuple[bytes, list[Remark]]:
    with zipfile.ZipFile(path) as archive:
        there = [one.filename for one in archive.infolist() if not one.is_dir()]
        if "[Content_Types].xml" in there:
            raise DataError(f"{path}: is a workbook: save it as CSV (UTF-8), and name that file.")
        if name is not None:
            return archive.read(name), []
        held = [one for one in there if not BESIDE.search(one)]
        if len(held) != 1:
            raise DataError(
                f"{path}: holds {len(held):,} files, {listed(held)}. Name one as "
                f"`{path.name}/FILE`, or unpack it."
            )
        said = Remark("archive-member", f"{path.name}: `{held[0]}` in it is read.")
        return archive.read(held[0]), [said] if len(there) > 1 else []


def exists(path: Path) -> bool:
    """Whether there is such a file, or an archive in which it is said to be."""
    return path.is_file() or any(one.suffix == ".zip" and one.is_file() for one in path.parents)
