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

from hsvis.config import DialectSettings
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
        ('text,label\n"good, really",pos\n"bad,neg\nfine,pos\n', "line 3: a quotation mark opens"),
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
    rows.append('pos,"good, really"' if head == "label,text" else '"good, really",pos')  # some are quoted
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


def test_marks_that_close_no_field_belong_to_the_texts(tmp_path: Path) -> None:
    rows = [f"ham\tit was {k}" for k in range(40)]
    rows[9], rows[29], rows[31] = 'ham\t"it was', 'spam\t"so" it was', 'ham\t"all of it"'
    table = read(tmp_path, "label\ttext\n" + "\n".join(rows) + "\n")
    assert [table.columns["text"][k] for k in (9, 29, 31)] == ['"it was', '"so" it was', '"all of it"']
    assert (len(table.columns["text"]), table.dialect.quote) == (40, None)
    assert codes(table) == ["separator", "quoting"]


@pytest.mark.parametrize("mark", ["", '"'])
def test_a_text_of_lines_with_separators_is_one_field(tmp_path: Path, mark: str) -> None:
    rows = [f"{mark}good{mark};{mark}p{mark}", f'"one;\ntwo";{mark}p{mark}']
    table = read(tmp_path, "\n".join([f"{mark}text{mark};{mark}label{mark}", *rows, ""]))
    assert table.columns == {"text": ["good", "one;\ntwo"], "label": ["p", "p"]}


def test_a_backslash_before_a_mark_makes_it_one_of_the_text(tmp_path: Path) -> None:
    table = read(tmp_path, 'label,text\n1,"he said \\"good, good\\", twice"\n2,"a\\n, b"\n')
    assert table.columns["text"] == ['he said "good, good", twice', "a\\n, b"]
    assert codes(table) == ["quoting"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ham\tgood and well\nspam\tbad\nham\tfine\n", "`dataset.columns: [label, text]`"),
        (
            "0,1467,a long text of many words it is\n4,1468,another text that is long\n",
            "[label, column 2, text]",
        ),
        ("category,message\nham,good\nspam,bad\nham,fine\n", None),  # a header of other names
    ],
)
def test_a_first_row_that_looks_like_data_is_told(tmp_path: Path, text: str, says: str | None) -> None:
    (tmp_path / "d.csv").write_text(text)
    if says is None:
        assert list(read_delimited(tmp_path / "d.csv", "label", "text").columns) == ["category", "message"]
        return
    with pytest.raises(DataError, match="looks like data") as caught:
        read_delimited(tmp_path / "d.csv", "label", "text")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "rows", "code"),
    [
        ("ham\tgood\nspam\tbad\n", 2, None),
        ("good\nbad\n", 2, "no-labels"),
        ("label\ttext\nham\tgood\nspam\tbad\n", 2, None),  # it does have a header
        ("category\tmessage\n" + "ham\tgood\nspam\tbad\n" * 6, 13, "header-as-row"),
    ],
)
def test_columns_are_named_by_the_config(tmp_path: Path, text: str, rows: int, code: str | None) -> None:
    (tmp_path / "d.csv").write_text(text)
    table = read_delimited(tmp_path / "d.csv", "label", "text", None, ["label", "text"])
    assert len(table.columns["text"]) == rows
    assert table.columns["text"][-1] == "bad"
    assert [one for one in codes(table) if one != "separator"] == ([code] if code else [])


def test_columns_that_do_not_fit_are_refused_with_the_first_row(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("1,title,a text\n2,title,more\n")
    with pytest.raises(DataError, match="names 2 columns.*3 fields, such as `1`, `title`, `a text`"):
        read_delimited(tmp_path / "d.csv", "label", "text", None, ["x", "text"])


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "latin-1"])
def test_an_encoding_without_a_mark_is_found(tmp_path: Path, encoding: str) -> None:
    text = "text,label\ncaf\u00e9 au lait and more,pos\nplain and simple text,neg\n"
    table = read(tmp_path, text + ("\x81x,pos\n" if encoding == "latin-1" else ""), encoding)
    assert table.columns["text"][0] == "café au lait and more"
    assert (table.dialect.encoding, codes(table)) == (encoding, ["encoding"])


def test_an_encoding_that_can_not_be_told_is_doubted_and_set(tmp_path: Path) -> None:
    text = "text,label\n" + "这 是 很 好 的 电影,pos\n坏 的,neg\n" * 3
    assert "encoding-doubted" in codes(read(tmp_path, text, "gb18030"))
    given = DialectSettings(encoding="gb18030")
    assert read_delimited(tmp_path / "d.csv", "label", "text", given).columns["text"][1] == "坏 的"


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=20)
plain = st.text("abc xyz éß'1.-", min_size=1, max_size=12).filter(lambda one: one.strip() == one)


@settings(max_examples=120, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.text("ab é'\",;\t|\n x1", max_size=12), st.sampled_from("pq")), min_size=3, max_size=9
    ),
    separator=st.sampled_from(",\t;|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
    header=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_a_table_in_any_dialect_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], separator: str, quoting: Any,
    end: str, header: bool, encoding: str,
) -> None:  # fmt: skip
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=end)
    writer.writerows([("text", "label"), *rows] if header else rows)
    path = tmp_path_factory.mktemp("any") / "d.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    given = DialectSettings(separator=separator, quote='"', header=header)  # all of it is known …
    table = read_delimited(path, "label", "text", given, None if header else ["text", "label"])
    assert table.columns["text"] == [text or None for text, _ in rows]
    lines = [line for line in out.getvalue().split("\n") if line.strip()]
    is_either = len(lines) > len(rows) + 1 and all(line.count(separator) == 1 for line in lines)
    if header and not is_either:  # … or none of it; where marks may belong to the texts as well, nobody can
        found = read_delimited(path, "label", "text")
        assert (found.columns, found.dialect.separator) == (table.columns, separator)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(plain, st.sampled_from("pq")), min_size=3, max_size=9), mark=st.booleans())
def test_a_table_without_quoting_keeps_its_marks(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], mark: bool
) -> None:
    texts = [f'"{text}' if mark and not k else f'{text}" so' for k, (text, _) in enumerate(rows)]
    lines = [f"{label}\t{text}" for text, (_, label) in zip(texts, rows, strict=True)]
    path = tmp_path_factory.mktemp("any") / "d.tsv"
    path.write_text("\n".join(["label\ttext", *lines]), encoding="utf-8")
    assert read_delimited(path, "label", "text").columns["text"] == texts
    assert read_delimited(path, "label", "text", DialectSettings(quote="none")).columns["text"] == texts


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
