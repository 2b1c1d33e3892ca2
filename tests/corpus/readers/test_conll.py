"""A word a line beside its tags: the forms in which such files are published, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from hsvis.config import DatasetSettings
from hsvis.corpus.corpus import Corpus
from hsvis.corpus.loading import load_corpus
from hsvis.errors import DataError

CHUNKS = "He PRP B-NP\nreckons VBZ B-VP\n# # B-NP\n1.8 CD I-NP\n\nRight UH O\n. . O\n"
ENTITIES = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n-DOCSTART- -X- O O\n\n"
ENTITIES += "Peter NNP B-NP B-PER\n"
TREES = """# sent_id = 1
# text = vámonos al mar
1-2\tvámonos\t_\t_\t_\t_\t_\t_\t_\t_
1\tvamos\tir\tVERB\tV\t_\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\t_
2.1\tvacío\t_\tX\t_\t_\t_\t_\t_\t_
3\t10 000\t10000\tNUM\tM\t_\t1\tobl\t_\t_

# sent_id = 2
1\tSí\tsí\tINTJ\tI\t_\t0\troot\t_\t_
"""
COMMENTED = "# id 5d2e domain=en\nrome _ _ B-LOC\n# _ _ O\n\n# id 77aa domain=en\nbanana _ _ O\n"


def load(tmp_path: Path, content: str, **more: Any) -> Corpus:
    path = tmp_path / "tags.txt"
    path.write_text(content, encoding="utf-8")
    files = {"train": str(path), "test": str(path)}
    return load_corpus(DatasetSettings.model_validate({"path": "conll", "data_files": files} | more))


def tagged(corpus: Corpus) -> list[list[tuple[str, str | None]]]:
    """The words with their tags."""
    assert corpus.test.step_labels is not None
    return [
        list(zip(text.split(), [corpus.classes[k] if k >= 0 else None for k in labels], strict=True))
        for text, labels in zip(corpus.test.texts, corpus.test.step_labels, strict=True)
    ]


FORMS: dict[str, tuple[str, dict[str, Any], list[list[tuple[str, str | None]]], str]] = {
    "CoNLL-2000": (
        CHUNKS, {},
        [[("He", "B-NP"), ("reckons", "B-VP"), ("#", "B-NP"), ("1.8", "I-NP")], [("Right", "O"), (".", "O")]],
        "2 sentences; of 3 columns",
    ),
    "CoNLL-2003": (
        ENTITIES, {}, [[("EU", "B-ORG"), ("rejects", "O")], [("Peter", "B-PER")]],
        "lines of `-DOCSTART-` are left out (2)",
    ),
    "by number": (ENTITIES, {"label": 1}, [[("EU", "NNP"), ("rejects", "VBZ")], [("Peter", "NNP")]], "`1`"),
    "named": (
        ENTITIES, {"columns": ["word", "pos", "chunk", "ner"], "label": "chunk"},
        [[("EU", "B-NP"), ("rejects", "B-VP")], [("Peter", "B-NP")]], "`word` and the label `chunk`",
    ),
    "CoNLL-U": (
        TREES, {}, [[("vamos", "VERB"), ("nos", "PRON"), ("10_000", "NUM")], [("Sí", "INTJ")]],
        "comments are left out (3); ids such as `1-2` and `8.1` are left out (2); spaces in words",
    ),
    "CoNLL-U, another column": (
        TREES, {"label": "xpos"}, [[("vamos", "V"), ("nos", None), ("10_000", "M")], [("Sí", "I")]], "`xpos`",
    ),
    "comments as wide as the rest": (
        COMMENTED, {}, [[("rome", "B-LOC"), ("#", "O")], [("banana", "O")]], "comments are left out (2)",
    ),
    "Windows lines and tabs": (
        "a\tX\r\nb\tY\r\n\r\n\r\nc\tX", {}, [[("a", "X"), ("b", "Y")], [("c", "X")]], "of 2 columns",
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_words_have_their_tags_and_the_form_is_said(tmp_path: Path, form: str) -> None:
    content, more, expected, said = FORMS[form]
    corpus = load(tmp_path, content, **more)
    assert tagged(corpus) == expected
    told = [one.text for one in corpus.remarks if one.code == "line-form"]
    assert said in told[0]


def test_one_file_is_known_by_its_ending_and_divided(tmp_path: Path) -> None:
    (tmp_path / "x.conllu").write_text(
        "".join(TREES.replace("Sí", f"Sí{k}").replace("nos", f"nos{k}") + "\n" for k in range(5)), "utf-8"
    )
    corpus = load_corpus(DatasetSettings(path=str(tmp_path / "x.conllu"), split=0.3))
    assert len(corpus.test) == 3
    assert len(corpus.train) == 7
    assert {one.code for one in corpus.remarks} >= {"file-format", "line-form", "held-out", "step-labels"}


@pytest.mark.parametrize(
    ("content", "more", "message"),
    [
        ("a X\nb\nc Y\n", {}, r"line 2: `b` has 1 fields, where most lines have 2 \(1 lines differ\)"),
        ("a\nb\n\nc\n", {}, "`a` has no tag beside it"),
        ("\n\n", {}, "holds no sentence"),
        (ENTITIES, {"label": "ner"}, r"no column `ner`.*`dataset.label`"),
        (ENTITIES, {"columns": ["word", "ner"]}, "has 4 columns, `dataset.columns` names 2"),
    ],
)
def test_what_is_no_such_file_is_refused(
    tmp_path: Path, content: str, more: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        load(tmp_path, content, **more)
