"""Files in the shapes in which well-known data sets are published: read by a config alone, "
"each decision told."""

import bz2
import gzip
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hsvis.config import Config
from hsvis.corpus.loading import load_corpus
from hsvis.errors import DataError

GOOD = ["a fine film", "good, and great", "lovely it was", "so good a film", "it is fun", "great film it is"]
BAD = ["a dull film", "bad, and poor", "awful it was", "so bad a film", "it is grey", "dull film it is"]
ROWS = [pair for k in range(6) for pair in ((GOOD[k], "pos"), (BAD[k], "neg"))]


def lines(form: Callable[[str, str], str], rows: Any = ROWS) -> str:
    return "".join(form(text, label) + "\n" for text, label in rows)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def class_folders(root: str, suffix: str = ".txt") -> dict[str, str | bytes]:
    return {f"{root}{label}/{k}_{len(text)}{suffix}": text for k, (text, label) in enumerate(ROWS)}


def zipped(name: str, text: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        with zipfile.ZipFile(folder / "set.zip", "w") as archive:
            archive.writestr("readme", "what it is")
            archive.writestr(name, text)

    return make


def parquet(folder: Path) -> None:
    table = pa.table({"text": [text for text, _ in ROWS], "label": [int(one == "pos") for _, one in ROWS]})
    for name in ("train", "test"):
        pq.write_table(table, folder / f"{name}.parquet")


@dataclass(frozen=True)
class Published:
    """A data set: its files, its config, and what is to come of it.

    Attributes:
        files: name -> content, or what makes them.
        dataset: with `@` for the folder.
        codes: of what must be told.
        first: the first text of training, where that is sure.
    """

    files: dict[str, str | bytes] | Callable[[Path], None]
    dataset: dict[str, Any]
    classes: tuple[str, ...] = ("neg", "pos")
    codes: set[str] = field(default_factory=set)
    first: str | None = None


BOTH = {"train": "@/train", "test": "@/test"}
TAB = "\t"
CODE = {"pos": "2", "neg": "1"}
SQUAD = {
    "version": "1.1",
    "data": [
        {"title": label, "paragraphs": [{"context": "x", "qas": [{"question": text, "id": str(k)}]}]}
        for k, (text, label) in enumerate(ROWS)
    ],
}
SETS = {
    "AG News": Published(
        {n: lines(lambda t, c: f'"{CODE[c]}","A title","{t}"') for n in ("train", "test")},
        {
            "path": "csv",
            "data_files": BOTH,
            "columns": ["label", "title", "text"],
            "classes": {"1": "neg", "2": "pos"},
        },
        first=GOOD[0],
    ),
    "DBpedia": Published(
        {n: lines(lambda t, c: f'{CODE[c]},"Its name"," {t} ""so"" "') for n in ("train", "test")},
        {"path": "csv", "data_files": BOTH, "columns": ["label", "title", "text"]},
        classes=("1", "2"),
        first=f' {GOOD[0]} "so" ',
    ),
    "Sentiment140": Published(
        {
            "all.csv": lines(
                lambda t, c: f'"{4 if c == "pos" else 0}","146","Mon Apr 06","NO_QUERY","me","{t} caf\xe9"'
            ).encode("latin-1")
        },
        {
            "path": "csv",
            "data_files": "@/all.csv",
            "split": 0.25,
            "columns": ["label", "id", "date", "flag", "user", "text"],
            "classes": {"0": "neg", "4": "pos"},
        },
        codes={"encoding", "held-out"},
    ),
    "SMS spam": Published(
        zipped("SMSSpamCollection", lines(lambda t, c: f"{c}\t{t}") + 'neg\t"Hello there, said he\n'),
        {"path": "csv", "data_files": "@/set.zip", "split": 0.25, "columns": ["label", "text"]},
        codes={"separator", "quoting", "archive-member", "held-out"},
    ),
    "SMS spam, as lines": Published(
        {"SMSSpamCollection": lines(lambda t, c: f"{c}\t{t}")},
        {"path": "@/SMSSpamCollection", "split": 0.25},
        codes={"file-format", "line-form", "held-out"},
    ),
    "aclImdb": Published(
        class_folders("train/")
        | class_folders("test/")
        | {"train/unsup/0_0.txt": "x", "train/urls_pos.txt": "u", "README": "r"},
        {"path": "@"},
        codes={"folder-form", "not-read"},
    ),
    "20 Newsgroups": Published(
        class_folders("20news-bydate-train/", "")
        | class_folders("20news-bydate-test/", "")
        | {"20news-bydate-train/pos/9": "caf\xe9 \x92".encode("latin-1")},
        {"path": "@"},
        codes={"folder-form", "encoding"},
    ),
    "BBC": Published(
        class_folders("bbc/") | {"bbc/README.TXT": "r"}, {"path": "@/bbc", "split": 0.25}, codes={"held-out"}
    ),
    "rt-polarity": Published(
        {
            f"rt-polarity.{label}": "".join(f"{t} \n" for t, one in ROWS if one == label)
            for label in ("pos", "neg")
        },
        {"path": "@", "split": 0.25},
        codes={"folder-form", "held-out"},
    ),
    "Yelp": Published(
        {
            "reviews.json": "".join(
                json.dumps({"stars": float(len(c)), "text": t, "u": {"id": c}}) + "\n"
                for t, c in [*ROWS, ("x y", "four")]
            )
        },
        {"path": "json", "data_files": "@/reviews.json", "split": 0.3, "label": "stars"},
        classes=("3", "4"),
        codes={"held-out"},
    ),
    "Amazon, fastText": Published(
        {
            "train.txt.bz2": bz2.compress(lines(lambda t, c: f"__label__{CODE[c]} {t}").encode()),
            "test.txt.gz": gzip.compress(lines(lambda t, c: f"__label__{CODE[c]} {t}").encode()),
        },
        {"path": "lines", "data_files": {"train": "@/train.txt.bz2", "test": "@/test.txt.gz"}},
        classes=("1", "2"),
        codes={"line-form"},
        first=GOOD[0],
    ),
    "TREC": Published(
        {n: lines(lambda t, c: f"{c.upper()}:manner {t}") for n in ("train", "test")},
        {"path": "lines", "data_files": BOTH},
        classes=("NEG", "POS"),
        codes={"line-form"},
        first=GOOD[0],
    ),
    "SST": Published(
        {n: "sentence\tlabel\n" + lines(lambda t, c: f"{t}\t{c}") for n in ("train", "test")},
        {"path": "tsv", "data_files": BOTH, "text": "sentence"},
        codes={"separator"},
        first=GOOD[0],
    ),
    "SST, as code and text": Published(
        {n: lines(lambda t, c: f"{int(c == 'pos')} {t}") for n in ("train", "test")},
        {"path": "lines", "data_files": BOTH},
        classes=("0", "1"),
        first=GOOD[0],
    ),
    "CoLA": Published(
        {
            "train": lines(lambda t, c: f"gj04\t{CODE[c]}\t{'*' if c == 'neg' else ''}\t{t}"),
            "test": "index\tsentence\n" + lines(lambda t, c: f"7\t{t}"),
        },
        {
            "path": "tsv",
            "data_files": {"train": "@/train"},
            "split": 0.25,
            "columns": ["source", "label", "mark", "text"],
        },
        classes=("1", "2"),
    ),
    "ATIS": Published(
        {n: lines(lambda t, c: f"atis_{c},{quoted(t)}") for n in ("train", "test")},
        {"path": "csv", "data_files": BOTH, "columns": ["label", "text"]},
        classes=("atis_neg", "atis_pos"),
        first=GOOD[0],
    ),
    "hate speech": Published(
        {
            "labeled.csv": ",count,class,tweet\n"
            + "".join(f"{k},3,{c},{quoted(t)}\n" for k, (t, c) in enumerate(ROWS))
        },
        {"path": "csv", "data_files": "@/labeled.csv", "split": 0.25, "label": "class", "text": "tweet"},
    ),
    "airline tweets": Published(
        {
            "Tweets.csv": "tweet_id,airline_sentiment,text\r\n"
            + "".join(f'{k},{c},"{t}\nmore"\r\n' for k, (t, c) in enumerate(ROWS))
        },
        {"path": "@/Tweets.csv", "split": 0.25, "label": "airline_sentiment"},
        codes={"file-format", "held-out"},
    ),
    "Rotten Tomatoes": Published(
        parquet,
        {"path": "parquet", "data_files": {"train": "@/train.parquet", "test": "@/test.parquet"}},
        classes=("0", "1"),
        first=GOOD[0],
    ),
    "SQuAD": Published(
        {"train.json": json.dumps(SQUAD)},
        {
            "path": "json",
            "data_files": "@/train.json",
            "split": 0.25,
            "field": "data.paragraphs.qas",
            "text": "question",
            "label": "title",
        },
    ),
    "intents": Published(
        {
            "i.json": json.dumps(
                {"intents": [{"tag": c, "patterns": [t for t, o in ROWS if o == c]} for c in ("pos", "neg")]}
            )
        },
        {
            "path": "json",
            "data_files": "@/i.json",
            "split": 0.25,
            "field": "intents.patterns",
            "text": "patterns",
            "label": "tag",
        },
    ),
    "by key": Published(
        {"i.json": json.dumps({f"id{k}": {"text": t, "label": c} for k, (t, c) in enumerate(ROWS)})},
        {"path": "json", "data_files": "@/i.json", "split": 0.25},
        codes={"json-form"},
    ),
    "nested": Published(
        {
            n: "".join(json.dumps({"data": {"text": t.split()}, "a": {"label": c}}) + "\n" for t, c in ROWS)
            for n in ("train", "test")
        },
        {"path": "jsonl", "data_files": BOTH, "text": "data.text", "label": "a.label"},
        codes={"token-lists"},
        first=GOOD[0],
    ),
    "tokens as text": Published(
        {n: "text,label\n" + lines(lambda t, c: f"{quoted(str(t.split()))},{c}") for n in ("train", "test")},
        {"path": "csv", "data_files": BOTH},
        codes={"token-lists"},
        first=GOOD[0],
    ),
    "SST, as trees": Published(
        {
            n: lines(lambda t, c: f"({CODE[c]} (2 {t.split()[0]}) (2 {' '.join(t.split()[1:])}))")
            for n in ("train", "test")
        },
        {"path": "lines", "data_files": BOTH},
        classes=("1", "2"),
        codes={"line-form"},
        first=GOOD[0],
    ),
    "CLINC": Published(
        {
            "data_full.json": json.dumps(
                {"val": [["x", "pos"]], **{n: [[t, c] for t, c in ROWS] for n in ("train", "test")}}
            )
        },
        {"path": "@/data_full.json", "columns": ["text", "label"]},
        codes={"json-form", "file-format"},
        first=GOOD[0],
    ),
    "splits of one object": Published(
        {"all.json": json.dumps({n: [{"text": t, "label": c} for t, c in ROWS] for n in ("train", "test")})},
        {"path": "json", "data_files": {"train": "@/all.json", "test": "@/all.json"}},
        codes={"json-form"},
        first=GOOD[0],
    ),
    "fake news": Published(
        {
            f"news/{label}.csv": "title,text,subject\n"
            + lines(lambda t, _: f"A title,{quoted(t)},politics", [one for one in ROWS if one[1] == label])
            for label in ("pos", "neg")
        },
        {"path": "@/news", "split": 0.25},
        codes={"folder-form", "held-out"},
    ),
    "names by language": Published(
        {
            f"names/{label}.txt": lines(lambda t, _: t, [one for one in ROWS if one[1] == label])
            for label in CODE
        },
        {"path": "@/names", "split": 0.25},
        codes={"folder-form", "held-out"},
    ),
    "a test split without labels": Published(
        {
            "train": "id,text,label\n" + lines(lambda t, c: f"1,{quoted(t)},{c}"),
            "test": "id,text\n" + lines(lambda t, _: f"1,{quoted(t)}"),
        },
        {"path": "csv", "data_files": BOTH},
        codes={"no-labels"},
        first=GOOD[0],
    ),
}


def load(folder: Path, dataset: dict[str, Any]) -> Any:
    content = json.loads(json.dumps(dataset).replace("@/", f"{folder}/").replace('"@"', f'"{folder}"'))
    return load_corpus(Config.model_validate({"name": "x", "dataset": content}).dataset)


@pytest.mark.parametrize("name", SETS)
def test_a_published_form_is_read_and_told(tmp_path: Path, name: str) -> None:
    one = SETS[name]
    if callable(one.files):
        one.files(tmp_path)
    else:
        write(tmp_path, one.files)
    corpus = load(tmp_path, one.dataset)
    assert corpus.classes == one.classes
    assert one.codes <= {remark.code for remark in corpus.remarks}
    if one.first is not None:
        assert corpus.train.texts[0] == one.first
    if "split" in one.dataset:
        assert 0 < len(corpus.test) < len(corpus.train)
        assert not {*corpus.test.texts} & {*corpus.train.texts}
    else:
        assert len(corpus.test) == 12
        assert len(corpus.train) >= 12
    texts = [*corpus.train.texts, *corpus.test.texts]
    for text, label in zip(corpus.train.texts, corpus.train.labels.tolist(), strict=True):
        if corpus.classes == ("neg", "pos") and any(good in text for good in GOOD):
            assert label == 1, text
    assert sum(any(word in text for word in (*GOOD, *BAD)) for text in texts) >= 12


@pytest.mark.parametrize(
    ("files", "dataset", "says"),
    [
        ({}, {"path": "tsvv", "data_files": BOTH}, "no format of files.*csv, tsv, json"),
        ({}, {"path": "train.csv", "data_files": BOTH}, "`path: csv`"),
        ({}, {"path": "./there.csv"}, "no file or folder"),
        ({"a.csv": "text,label\nx,1\n"}, {"path": "@/a.csv"}, r"dataset.split: 0\.2"),
        ({"train": "__label__a __label__b x y\n__label__a y\n"}, {"path": "lines"}, "several labels .line 1"),
        ({"train": "one text\nother words\n"}, {"path": "lines"}, "CLASS<tab>text"),
        ({"train": '{"a": 1}\n{"b"'}, {"path": "json"}, "line 2: is no JSON"),
        ({"train": "(3 (2 a) (2 film)\n"}, {"path": "lines"}, "line 1: .* is no whole tree"),
        ({"train": '[["a", "b"]]'}, {"path": "json"}, r"dataset.columns: \[text, label\]"),
        ({"train": '[["a"]]'}, {"path": "json", "columns": ["text", "label"]}, "has 1 cells"),
        (
            {"train": '[{"a": 1}]'},
            {"path": "json", "columns": ["text", "label"]},
            "Leave `dataset.columns` out",
        ),
        ({"train": '{"a": {"x": [1]}}'}, {"path": "json"}, "dataset.field"),
        ({"train": b"PAR1\0\1"}, {"path": "csv"}, "path: parquet"),
        (
            {"train.xlsx": b"PK"},
            {"path": "csv", "data_files": {"train": "@/train.xlsx", "test": "@/train.xlsx"}},
            "save it as CSV",
        ),
        (
            {"train.tar.gz": b""},
            {"path": "csv", "data_files": {"train": "@/train.tar.gz", "test": "@/train.tar.gz"}},
            "unpack it",
        ),
        (class_folders(""), {"path": "@"}, r"dataset.split: 0\.2"),
    ],
)
def test_what_stays_out_is_refused_with_the_shortest_way_round(
    tmp_path: Path, files: dict[str, str | bytes], dataset: dict[str, Any], says: str
) -> None:
    write(tmp_path, files)
    named = (
        {}
        if "data_files" in dataset or dataset["path"][0] in ".@"
        else {"data_files": {"train": "@/train", "test": "@/train"}}
    )
    with pytest.raises(DataError, match=says):
        load(tmp_path, {**dataset, **named})


def test_a_split_takes_the_same_share_of_each_label_and_keeps_repetitions_together(tmp_path: Path) -> None:
    rows = [(f"text {k % 90}", "pq"[k % 90 >= 60]) for k in range(180)]
    write(tmp_path, {"d.csv": "text,label\n" + lines(lambda t, c: f"{t},{c}", rows)})
    dataset = {"path": "@/d.csv", "split": 0.2}
    corpus, again = load(tmp_path, dataset), load(tmp_path, dataset)
    other = load(tmp_path, dataset | {"seed": 8})
    assert [(corpus.test.labels == k).sum() for k in (0, 1)] == [24, 12]
    assert not {*corpus.test.texts} & {*corpus.train.texts}
    assert corpus.test.texts == again.test.texts != other.test.texts


def test_a_part_of_an_archive_can_be_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in ("train.csv", "test.csv"):
            archive.writestr(f"in/{name}", "text,label\n" + lines(lambda t, c: f"{quoted(t)},{c}"))
    files = {"train": "@/set.zip/in/train.csv", "test": "@/set.zip/in/test.csv"}
    assert load(tmp_path, {"path": "csv", "data_files": files}).train.texts[0] == GOOD[0]
    with pytest.raises(DataError, match=r"holds 2 files.*set\.zip/FILE"):
        load(tmp_path, {"path": "csv", "data_files": "@/set.zip", "split": 0.2})


@pytest.mark.parametrize("names", [("train.tsv", "test.tsv"), ("all.tsv",)])
def test_a_folder_of_tables_has_a_split_in_each_or_one_to_divide(tmp_path: Path, names: Any) -> None:
    write(tmp_path, {name: "text\tlabel\n" + lines(lambda t, c: f"{t}\t{c}") for name in names})
    dataset = {"path": "@"} if len(names) > 1 else {"path": "@", "split": 0.25}
    corpus = load(tmp_path, dataset)
    assert {*corpus.train.texts} | {*corpus.test.texts} == {text for text, _ in ROWS}


def test_labels_of_steps_stay_with_their_texts(tmp_path: Path) -> None:
    rows = [{"text": t, "label": [f"t{len(word)}" for word in t.split()]} for t, _ in ROWS]
    write(tmp_path, {"d.json": json.dumps(rows)})
    corpus = load(tmp_path, {"path": "@/d.json", "split": 0.25})
    for split in (corpus.train, corpus.test):
        for text, labels in zip(split.texts, split.step_labels, strict=True):
            assert [corpus.classes[k] for k in labels] == [f"t{len(word)}" for word in text.split()]
    assert len(corpus.test) == 3
