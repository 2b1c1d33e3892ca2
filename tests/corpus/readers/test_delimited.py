"""Rows are rows: whole, or named by their line; only an empty cell is missing."""

import bz2
import csv
import gzip
import io
import lzma
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hsvis.corpus.readers.delimited import TextTable, read_delimited
from hsvis.errors import DataError


def read(folder: Path, text: str, encoding: str = "utf-8") -> TextTable:
    path = folder / "d.csv"
    path.write_bytes(text.encode(encoding))
    return read_delimited(path, "label")


def codes(table: TextTable) -> list[str]:
    return [one.code for one in table.remarks]


FOUR = "good,pos\nbad,neg\nfine,pos\npoor,neg\n"


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_separator_and_encoding_are_found_and_said(tmp_path: Path, separator: str, encoding: str) -> None:
    table = read(tmp_path, f"text,label\ncafé au lait,négatif\n{FOUR}".replace(",", separator), encoding)
    assert list(table.columns) == ["text", "label"]
    assert table.columns["text"][0] == "café au lait"
    assert table.columns["label"] == ["négatif", "pos", "neg", "pos", "neg"]
    assert (table.dialect.separator, table.dialect.header) == (separator, True)
    assert ("separator" in codes(table)) == (separator != ",")
    assert ("encoding" in codes(table)) == (encoding in ("utf-16", "cp1252"))


def test_only_an_empty_cell_is_missing(tmp_path: Path) -> None:
    table = read(tmp_path, 'text,label\nNone,NA\nN/A,null\n,nan\n"",007\nTrue,1.50\n')
    assert table.columns["text"] == ["None", "N/A", None, None, "True"]
    assert table.columns["label"] == ["NA", "null", "nan", "007", "1.50"]
    assert table.remarks == []


def test_a_separator_at_the_end_of_rows_shifts_no_column(tmp_path: Path) -> None:
    table = read(tmp_path, "text,label,source\n" + FOUR.replace("\n", ",web,\n"))
    assert table.columns["text"] == ["good", "bad", "fine", "poor"]
    assert table.columns["source"] == ["web"] * 4
    assert codes(table) == ["trailing-separator"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("text,label\ngood,pos\nbad,neg,more\nfine,pos\n", "line 3 has 3"),
        ("text,label\ngood,pos\n\nbad\nfine,pos\n", "line 4 has 1"),
        ('text,label\n"two\nlines",pos\nbad,neg,x,y\n', "line 4 has 4"),
        ('text,label\ngood,pos\n"bad,neg\nfine,pos\n', "line 3: a quotation mark opens"),
        ("text,label\ngood,pos\nlabel,text\npos,fine\n", "line 3: there is another header"),
        ("text,text,label\na,b,c\n", "twice"),
        ("", "empty"),
        ("\x00\x01\x02", "is no text"),
    ],
)
def test_what_would_shift_or_swallow_rows_is_an_error_with_its_line(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(DataError, match=says):
        read(tmp_path, text)


def test_lines_that_a_bad_row_swallows_are_counted_and_told(tmp_path: Path) -> None:
    rows = [f"text number {k},{'pq'[k % 2]}" for k in range(20_000)]
    rows[100], rows[180] = '"he said nothing,p', '"yes, indeed",q'
    table = read(tmp_path, "text,label\n" + "\n".join(rows))
    assert table.left_out == {"fields": 81}
    assert sorted(codes(table)) == ["bad-lines", "open-quote"]


@pytest.mark.parametrize(("ending", "opener"), [(".gz", gzip.open), (".bz2", bz2.open), (".xz", lzma.open)])
def test_compressed_files_are_read(tmp_path: Path, ending: str, opener: Any) -> None:
    path = tmp_path / f"d.csv{ending}"
    with opener(path, "wb") as file:
        file.write(f"text,label\n{FOUR}".encode())
    assert read_delimited(path, "label").columns["label"] == ["pos", "neg", "pos", "neg"]
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(DataError, match="can't be read"):
        read_delimited(path, "label")


def test_a_few_bad_lines_of_many_are_left_out_and_named(tmp_path: Path) -> None:
    rows = [f"text {k},{k % 2}" for k in range(300)]
    rows[99:99] = ["broken", "one,two,three"]
    table = read(tmp_path, "text,label\n" + "\n".join(rows))
    assert len(table.columns["text"]) == 300
    assert table.left_out == {"fields": 2}
    [warning] = table.remarks
    assert (warning.code, "line 101 has 1; line 102 has 3" in warning.text) == ("bad-lines", True)


def test_a_header_between_the_rows_is_left_out_and_named(tmp_path: Path) -> None:
    table = read(tmp_path, f"text,label\n{FOUR}text,label\n{FOUR}")
    assert len(table.columns["text"]) == 8
    assert table.left_out == {"header": 1}
    assert [(one.code, "line 6:" in one.text) for one in table.remarks] == [("header-again", True)]


@pytest.mark.parametrize("head", ["text,label", "label,text"])
def test_a_quotation_mark_that_swallows_rows_is_named(tmp_path: Path, head: str) -> None:
    rows = [f"it was {k},{('pos', 'neg')[k % 2]}" for k in range(40)]
    rows[9], rows[29] = f'"{rows[9]}', f'"{rows[29]}'
    if head == "label,text":
        rows = [",".join(reversed(row.rsplit(",", 1))) for row in rows]
        rows[9], rows[29] = 'neg,"it was 9', 'neg,it" was 29'
    table = read(tmp_path, "\n".join([head, *rows]) + "\n")
    assert codes(table) == ["open-quote"]
    assert "lines 11 to 31" in table.remarks[0].text


def test_texts_of_several_lines_are_no_fault(tmp_path: Path) -> None:
    table = read(tmp_path, 'text,label\n"first line,\nsecond, line",pos\n"a ""word"", and\n\nmore",neg\n')
    assert table.columns["text"] == ["first line,\nsecond, line", 'a "word", and\n\nmore']
    assert table.remarks == []


def test_a_field_may_be_longer_than_the_module_of_python_allows(tmp_path: Path) -> None:
    text = "word " * 60_000
    assert read(tmp_path, f"text,label\n{text},pos\nshort,neg\n").columns["text"][0] == text


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=20)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.tuples(cells, st.sampled_from("abc"), cells), min_size=1, max_size=12))
def test_whatever_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([("text", "label", "more"), *rows])
    table = read(tmp_path_factory.mktemp("any"), out.getvalue())
    assert table.columns["text"] == [one[0] or None for one in rows]
    assert table.columns["label"] == [one[1] for one in rows]
    assert table.columns["more"] == [one[2] or None for one in rows]
