import io
import random
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import datasets
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.corpus import reuters
from hsvis.corpus.reuters import import_reuters
from hsvis.errors import DataError

CLASSES = ["grain", "crude-oil", "money-fx", "acquisition", "earns"]


def record(
    newid: object, topics: str, text: str, *, split: str = "TRAIN", has_topics: str = "YES", kind: str = ""
) -> str:
    """A record as the distribution lays it out: `topics` separated by spaces, `text` the content of TEXT."""
    marked = "".join(f"<D>{topic}</D>" for topic in topics.split())
    return (
        f'<REUTERS TOPICS="{has_topics}" LEWISSPLIT="{split}" CGISPLIT="TRAINING-SET" '
        f'OLDID="1" NEWID="{newid}">\n'
        f"<DATE> 1-APR-1987 09:00:00.00</DATE>\n<TOPICS>{marked}</TOPICS>\n<PLACES><D>grain</D></PLACES>\n"
        "<PEOPLE></PEOPLE>\n<UNKNOWN> \n&#5;&#5;&#5;F\n&#22;&#22;&#1;f0001&#31;reute\nr f BC-&lt;X>"
        "</UNKNOWN>\n"
        f"<TEXT{kind}>&#2;\n{text}</TEXT>\n</REUTERS>\n"
    )


def story(title: str, body: str) -> str:
    return (
        f"<TITLE>{title}</TITLE>\n<AUTHOR>    By A. Writer, Reuters</AUTHOR>\n"
        f"<DATELINE>    OSLO, April 1 - </DATELINE><BODY>{body}\n Reuter\n&#3;</BODY>"
    )


HEAD = '<!DOCTYPE lewis SYSTEM "lewis.dtd">\n'
PLAIN = story("A TITLE", "A body.")
FIRST = HEAD + "".join(
    [
        record(30, "earn", story("PROFIT UP &lt;ABC>", "Shr 5 cts &amp; more\n    Net 1.0 mln\n vs  2.0")),
        record(4, "grain wheat", story("HARVEST", "The\tharvest is in."), split="TEST"),
        record(
            7, "money-fx", "******<TITLE>BANK BUYS DOLLARS\n</TITLE>Blah blah blah.\n", kind=' TYPE="BRIEF"'
        ),
        record(8, "crude", "\n    OIL PRICES\n  up, table follows\n", kind=' TYPE="UNPROC"'),
        record(9, "acq", "\n&#3;"),
        record(10, "acq earn", PLAIN),
        record(11, "cocoa", PLAIN),
        record(12, "", PLAIN),
        record(13, "earn", PLAIN, split="NOT-USED"),
        record(14, "earn", PLAIN, has_topics="NO", split="TEST"),
        record(15, "earn", PLAIN, has_topics="BYPASS"),
    ]
)
SECOND = HEAD + "".join(
    [
        record(20, "acq", "<BODY>A body without a title.\n REUTER\n&#3;</BODY>"),
        record(21, "acq", "<TITLE>A TITLE WITHOUT A BODY</TITLE>"),
        record(30, "earn", PLAIN),
        record("", "earn", PLAIN),
        record(22, "earn", "<TITLE>NOT CLOSED\n<BODY>A body.</BODY>"),
        record(23, "earn", PLAIN).replace("</REUTERS>", ""),
        record(24, "crude crude", story("SUPPLY\xfcSIDE", "caf\xe9 \x1a&#26;\x03 &#127;oil &#252;")),
        record(25, "earn", PLAIN)[:-40],
    ]
)
EXPECTED_TRAIN = [
    ("7", "money-fx", "BANK BUYS DOLLARS"),
    ("20", "acquisition", "A body without a title."),
    ("21", "acquisition", "A TITLE WITHOUT A BODY"),
    ("24", "crude-oil", "SUPPLY\xfcSIDE caf\xe9 oil \xfc"),
    ("30", "earns", "PROFIT UP <ABC> Shr 5 cts & more Net 1.0 mln vs 2.0"),
]
EXPECTED_TEST = [("4", "grain", "HARVEST The harvest is in.")]


def folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True)
    for name, sgml in files.items():
        (path / f"{name}.sgm").write_bytes(sgml.encode("latin-1"))
    return path


def archive(path: Path, members: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, sgml in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content := sgml.encode("latin-1"))
            tar.addfile(info, io.BytesIO(content))
    return path


def rows(target: Path, split: str) -> list[tuple[str, str, str]]:
    table = pq.read_table(target / f"{split}.parquet").to_pydict()
    return [
        (newid, CLASSES[label], text)
        for newid, label, text in zip(table["source_id"], table["label"], table["text"], strict=True)
    ]


def body_text(body: str) -> str:
    """What the importer makes of a body as it stands in a file."""
    with tempfile.TemporaryDirectory() as name:
        source = Path(name, "reut2-000.sgm")
        source.write_bytes(record(1, "earn", f"<BODY>{body}\n Reuter\n&#3;</BODY>").encode("latin-1"))
        import_reuters(source, Path(name))
        return rows(Path(name), "train")[0][2]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return folder(tmp_path / "source", **{"reut2-000": FIRST, "reut2-001": SECOND})


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


def test_keeps_the_items_of_one_class_in_the_order_of_newid(source: Path, target: Path) -> None:
    import_reuters(source, target)
    assert rows(target, "train") == EXPECTED_TRAIN
    assert rows(target, "test") == EXPECTED_TEST


def test_report_accounts_for_every_record(source: Path, target: Path) -> None:
    report = import_reuters(source, target)
    assert report.files == 2
    assert report.items() == 19
    assert report.items("train", reason=reuters.KEPT) == 5
    assert report.items("test", "grain", reuters.KEPT) == 1
    left_out = {(c.split, c.class_name, c.reason): c.items for c in report.counts if c.reason != reuters.KEPT}
    assert left_out == {
        ("train", "crude-oil", reuters.UNMARKED): 1,
        ("train", "acquisition", reuters.NO_TEXT): 1,
        ("train", "", reuters.SEVERAL): 1,
        ("train", "", reuters.NO_CLASS): 2,
        ("train", "", reuters.REPEATED): 1,
        ("train", "", reuters.BROKEN): 4,
        ("", "", reuters.OUTSIDE): 3,
    }


def test_report_reads_well(source: Path, target: Path) -> None:
    assert import_reuters(source, target).lines() == [
        "Read 19 records from 2 .sgm files.",
        "train: 5 kept (grain 0, crude-oil 1, money-fx 1, acquisition 2, earns 1)",
        "  1 left out: NEWID of an earlier record",
        "  4 left out: broken: cut short, an element not closed, or no NEWID",
        "  2 left out: none of the five topics",
        "  1 left out: several of the five topics",
        "  1 left out: neither title nor body (acquisition 1)",
        "  1 left out: text outside title and body (unprocessed) (crude-oil 1)",
        "test: 1 kept (grain 1, crude-oil 0, money-fx 0, acquisition 0, earns 0)",
        "in neither split:",
        "  3 left out: not in the ModApte split",
        f"Wrote train.parquet and test.parquet to {target}.",
    ]


def test_datasets_reads_the_class_names(source: Path, target: Path, tmp_path: Path) -> None:
    import_reuters(source, target)
    files = {split: str(target / f"{split}.parquet") for split in ("train", "test")}
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path / "hf"))
    assert loaded["train"].features["label"].names == CLASSES
    assert [loaded["train"].features["label"].int2str(row["label"]) for row in loaded["train"]] == [
        name for _, name, _ in EXPECTED_TRAIN
    ]
    assert loaded["test"][0] == {"text": "HARVEST The harvest is in.", "label": 0, "source_id": "4"}


def test_archive_gives_the_same_as_the_folder(source: Path, target: Path, tmp_path: Path) -> None:
    tar = archive(
        tmp_path / "reuters21578.tar.gz",
        {
            "README.txt": "no data",
            "deep/reut2-001.sgm": FIRST,
            "lewis.dtd": record(99, "earn", PLAIN),
            "._reut2-000.sgm": record(98, "earn", PLAIN),
            "reut2-002.SGM": SECOND,
        },
    )
    report = import_reuters(tar, target)
    assert report.counts == import_reuters(source, tmp_path / "other").counts
    for split in ("train", "test"):
        assert (target / f"{split}.parquet").read_bytes() == (
            tmp_path / f"other/{split}.parquet"
        ).read_bytes()


def test_one_file_of_training_items_gives_an_empty_test_split(target: Path, tmp_path: Path) -> None:
    source = folder(tmp_path / "source", only=record(1, "earn", PLAIN)) / "only.sgm"
    assert import_reuters(source, target).items("test") == 0
    assert rows(target, "test") == []


def test_file_cut_short_anywhere_loses_only_what_was_cut(target: Path, tmp_path: Path) -> None:
    path = folder(tmp_path / "source") / "a.sgm"
    texts = [f"BODY {number}" for number in range(6)]
    sgml = "".join(record(number, "earn", story("", text)) for number, text in enumerate(texts))
    for cut in range(sgml.index("</REUTERS>") + 10, len(sgml), 13):
        path.write_text(sgml[:cut])
        whole = sgml[:cut].count("</REUTERS>")
        report = import_reuters(path, target)
        assert [text for _, _, text in rows(target, "train")] == texts[:whole]
        assert report.items() == sgml[:cut].count("<REUTERS")
        assert report.items(reason=reuters.BROKEN) == report.items() - whole


@pytest.mark.parametrize("newid", ["", "x1", "-1", "²", "9" * 5000])
def test_record_without_a_usable_newid_is_counted(newid: str, target: Path, tmp_path: Path) -> None:
    source = folder(tmp_path / "source", a=record(1, "earn", PLAIN) + record(newid, "earn", PLAIN))
    report = import_reuters(source, target)
    assert report.items("train", "", reuters.BROKEN) == report.items("train", "earns", reuters.KEPT) == 1


def test_record_with_a_damaged_header_is_counted(target: Path, tmp_path: Path) -> None:
    lost = record(2, "earn", PLAIN).replace("<REUTERS", "<REU?ERS")
    source = folder(tmp_path / "source", a=lost + record(1, "earn", PLAIN) + lost + record(3, "earn", PLAIN))
    report = import_reuters(source, target)
    assert (report.items(), report.items("", "", reuters.BROKEN)) == (4, 2)
    assert [newid for newid, _, _ in rows(target, "train")] == ["1", "3"]


@given(st.lists(st.tuples(st.integers(0, len(FIRST)), st.binary(max_size=9)), min_size=1, max_size=20))
def test_damage_in_a_file_is_survived(damages: list[tuple[int, bytes]]) -> None:
    content = (FIRST + SECOND).encode("latin-1")
    for at, some in damages:
        content = content[:at] + some + content[at + len(some) * 2 :]
    with tempfile.TemporaryDirectory() as name:
        source = Path(name, "a.sgm")
        source.write_bytes(content)
        report = import_reuters(source, Path(name))  # the second half is whole: there is something to keep
        assert report.items(reason=reuters.KEPT) == len(rows(Path(name), "train") + rows(Path(name), "test"))


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Sold to &lt;A&amp;B Inc>.", "Sold to <A&B Inc>."),
        ("S&L and AT&T; &copy; &#; &", "S&L and AT&T; &copy; &#; &"),
        ("&amp;lt;", "&lt;"),
        ("&#65;&#x42;&#x1F600;", "AB\U0001f600"),
        ("a&#0;b&#3;c&#127;d&#159;e", "a b c d e"),
        ("a&#xD800;b&#1114112;c&#99999999999999999999;d", "a b c d"),
        ("a\x00\x1a\x7f\x85\x9f\xa0b", "a b"),
        ("the end. REUTER", "the end. REUTER"),  # followed by the end mark: one is cut, not two
        ("told Reuters.", "told Reuters."),
        ("&lt;/BODY>&lt;/REUTERS>", "</BODY></REUTERS>"),
    ],
)
def test_entities_and_control_characters(body: str, text: str) -> None:
    assert body_text(body) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Up.\n Reuter\n&#3;", "Up."),
        ("Up.        REUTER\n&#3;", "Up."),
        ("Up.\n REUTER...\n&#3;", "Up. REUTER..."),
        ("Up.\n reuter\n&#3;", "Up. reuter"),
        ("He told preReuter", "He told preReuter"),
    ],
)
def test_the_end_mark_is_cut_off(body: str, text: str, tmp_path: Path) -> None:
    source = folder(tmp_path / "source", a=record(1, "earn", f"<BODY>{body}</BODY>"))
    import_reuters(source, tmp_path)
    assert rows(tmp_path, "train")[0][2] == text


@given(st.text(st.characters(codec="latin-1"), min_size=1), st.booleans())
def test_any_body_comes_out_with_white_space_and_control_characters_as_single_spaces(
    body: str, numeric: bool
) -> None:
    plain = "".join(" " if c < " " or "\x7f" <= c <= "\xa0" else c for c in body)
    written = (
        "".join(f"&#{ord(c)};" for c in body) if numeric else body.replace("&", "&amp;").replace("<", "&lt;")
    )
    assert body_text("body " + written) == " ".join(["body", *plain.split()])


def test_names_that_climb_out_of_the_archive_do_nothing_on_disk(tmp_path: Path) -> None:
    room = tmp_path / "room/inner"
    room.mkdir(parents=True)
    outside = tmp_path / "secret.sgm"
    outside.write_text(record(77, "earn", PLAIN))
    tar = archive(
        room / "reuters21578.tar.gz",
        {"../../evil.sgm": FIRST, str(tmp_path / "absolute.sgm"): SECOND, "../evil.txt": "evil"},
    )
    with tarfile.open(tmp_path / "links.tar", "w") as links:
        for name, kind, to in (
            ("link.sgm", tarfile.SYMTYPE, "../../secret.sgm"),
            ("hard.sgm", tarfile.LNKTYPE, str(outside)),
            ("pipe.sgm", tarfile.FIFOTYPE, ""),
            ("dir.sgm", tarfile.DIRTYPE, ""),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, to
            links.addfile(info)
    before = {p for p in tmp_path.rglob("*") if p != room}
    import_reuters(tar, room / "target")
    with pytest.raises(DataError, match=r"holds no \.sgm file"):
        import_reuters(tmp_path / "links.tar", room / "links")
    made = {str(p.relative_to(room)) for p in set(tmp_path.rglob("*")) - before - {room}}
    assert made == {"target", "target/train.parquet", "target/test.parquet"}


@pytest.mark.parametrize("cut", [0, 1, 10, 100, 0.3, 0.6, 0.9, -9, -1])
def test_incomplete_archive_is_an_error(cut: float, target: Path, tmp_path: Path) -> None:
    noise = "".join(
        random.Random(1).choices("abcdefgh ", k=20_000)
    )  # something that stays long when compressed
    tar = archive(tmp_path / "r.tar.gz", {"a.sgm": FIRST + record(90, "earn", story("LONG", noise))})
    content = tar.read_bytes()
    tar.write_bytes(content[: int(len(content) * cut) if 0 < cut < 1 else int(cut)])
    with pytest.raises(DataError, match=r"r\.tar\.gz.*Download it again"):
        import_reuters(tar, target)
    assert not target.exists()


def test_damaged_archive_is_an_error(target: Path, tmp_path: Path) -> None:
    tar = archive(tmp_path / "r.tar.gz", {"a.sgm": FIRST})
    content = bytearray(tar.read_bytes())
    for at in range(0, len(content), 41):
        if 3 <= at < 10:
            continue  # time stamp and flags of gzip's header, which no checksum covers
        damaged = content.copy()
        damaged[at] ^= 0x10
        tar.write_bytes(damaged)
        with pytest.raises(DataError, match="damaged"):
            import_reuters(tar, target)
    tar.write_text("no archive at all")
    with pytest.raises(DataError, match="damaged"):
        import_reuters(tar, target)
    assert not target.exists()


@pytest.mark.parametrize("name", ["none", "none.sgm", "none.tar.gz"])
def test_missing_source_names_path_and_remedy(name: str, target: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none.*: no such file or folder\. Give the folder that holds"):
        import_reuters(tmp_path / name, target)


def test_folder_without_sgml_is_an_error(target: Path, tmp_path: Path) -> None:
    (folder(tmp_path / "source") / "reuters21578.tar.gz").touch()
    with pytest.raises(DataError, match=r"source: holds no \.sgm file\. Give the folder"):
        import_reuters(tmp_path / "source", target)


def test_nothing_to_keep_is_an_error_that_says_why(target: Path, tmp_path: Path) -> None:
    source = folder(
        tmp_path / "source", a=record(1, "cocoa", PLAIN) + record(2, "earn", PLAIN, split="NOT-USED")
    )
    with pytest.raises(
        DataError, match=r"none of its 2 records can be kept.*1 left out: none of the five topics"
    ):
        import_reuters(source, target)
    (source / "a.sgm").write_text("")
    with pytest.raises(DataError, match="none of its 0 records can be kept"):
        import_reuters(source, target)
    assert not target.exists()


def test_target_that_cannot_be_written_is_an_error(source: Path, target: Path) -> None:
    target.write_text("a file, not a folder")
    with pytest.raises(DataError, match="target: can't be written"):
        import_reuters(source, target)
    assert target.read_text() == "a file, not a folder"


def test_failed_write_leaves_the_earlier_files_and_nothing_else(source: Path, target: Path) -> None:
    import_reuters(source, target)
    earlier = {path.name: path.read_bytes() for path in target.iterdir()}
    noise = "".join(random.Random(1).choices("abcdefgh ", k=100_000))
    (source / "reut2-002.sgm").write_text(record(90, "earn", story("LONG", noise), split="TEST"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # as if the disk were full
    try:
        with pytest.raises(DataError, match="can't be written"):
            import_reuters(source, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert {path.name: path.read_bytes() for path in target.iterdir()} == earlier


def test_killed_import_leaves_whole_files_or_none(source: Path, target: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from hsvis.corpus.reuters import import_reuters\n"
        "print(flush=True)\nwhile True: import_reuters(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    moments = random.Random(3)
    for _ in range(4):
        command = [sys.executable, "-c", code, str(source), str(target)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0, 0.1))
            process.kill()
        if (target / "train.parquet").exists():
            assert rows(target, "train") == EXPECTED_TRAIN
        if (target / "test.parquet").exists():
            assert rows(target, "test") == EXPECTED_TEST


@pytest.mark.real_data
def test_real_items_written_as_sgml_come_back_as_they_were(
    target: Path, tmp_path: Path, real_data: Path
) -> None:
    real = real_data / "reuters"
    expected = {split: rows(real, split) for split in ("train", "test")}
    topics = {name: topic for topic, name in reuters.CLASSES.items()}
    members = {}
    for split, items in expected.items():
        texts = (
            (newid, name, text.replace("&", "&amp;").replace("<", "&lt;")) for newid, name, text in items
        )
        members[f"{split}.sgm"] = HEAD + "".join(
            record(newid, topics[name], f"<BODY>{text}\n Reuter\n&#3;</BODY>", split=split.upper())
            for newid, name, text in texts
        )
    report = import_reuters(archive(tmp_path / "r.tar.gz", members), target)
    assert [report.items(split, reason=reuters.KEPT) for split in expected] == [5756, 2286]
    for split, items in expected.items():
        assert rows(target, split) == sorted(items, key=lambda row: int(row[0]))
        assert pq.read_schema(target / f"{split}.parquet").equals(
            pq.read_schema(real / f"{split}.parquet"), check_metadata=True
        )
