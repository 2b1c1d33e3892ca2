"""Texts without labels, for language models: of files in every form, and those that come with hsvis."""

import json
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hsvis.config import load_config
from hsvis.corpus.demo import demo_sentences
from hsvis.corpus.demo.sentences import WITH
from hsvis.corpus.loading import load_corpus

TEXTS = ["0 is a number", "the cat sees", 'she said "no"', "again, the cat"] * 5


def as_lines(path: Path) -> None:
    path.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")


def as_csv(path: Path) -> None:
    quoted = (text.replace('"', '""') for text in TEXTS)
    path.write_text("text\n" + "\n".join(f'"{one}"' for one in quoted) + "\n", encoding="utf-8")


def as_json(path: Path) -> None:
    path.write_text("\n".join(json.dumps({"text": text}) for text in TEXTS), encoding="utf-8")


def as_parquet(path: Path) -> None:
    pq.write_table(pa.table({"text": TEXTS}), path)


FORMS = {"lines": as_lines, "csv": as_csv, "json": as_json, "parquet": as_parquet}


@pytest.mark.parametrize("form", FORMS)
def test_a_column_of_texts_is_enough(tmp_path: Path, form: str) -> None:
    FORMS[form](tmp_path / "texts")
    config = tmp_path / "mine.yaml"
    config.write_text(
        f"name: mine\ndataset: {{path: {form}, label: null, data_files: {{train: {tmp_path}/texts, "
        f"test: {tmp_path}/texts}}}}\n",
        encoding="utf-8",
    )
    corpus = load_corpus(load_config(config).dataset)
    assert corpus.train.texts == corpus.test.texts == TEXTS
    assert (corpus.classes, corpus.answers) == ((), "next token")
    assert set(corpus.test.labels.tolist()) == {-1}
    assert "no-labels" not in [one.code for one in corpus.remarks]


def test_sentences_have_ten_thousand_words_and_agree_in_number() -> None:
    made = demo_sentences()
    assert made == demo_sentences(seed=7)
    assert made != demo_sentences(seed=8)
    words = Counter(word.lower() for text in made.train_texts for word in text.split())
    vocabulary = load_config("language").tokens.vocabulary
    assert len(words) >= vocabulary - 2 == 9_998
    pattern = re.compile(
        rf"(these|many) (?:\w+ )?(\w+?s) (?:{'|'.join(WITH)}) (?:the|a|this|every) (?:\w+ )?\w+ (\w+)"
    )
    verbs = [found.group(3) for text in made.train_texts if (found := pattern.search(text))]
    assert len(verbs) > 300  # another noun, of the other number, stands before the verb
    assert sum(verb.endswith(("ds", "ks", "ns", "ls")) for verb in verbs) < 0.02 * len(verbs)


def test_the_reviews_can_be_read_without_their_labels() -> None:
    labelled, plain = (
        load_corpus(load_config("demo", changes).dataset) for changes in ([], ["dataset.label=null"])
    )
    assert plain.train.texts == labelled.train.texts
    assert plain.classes == ()
