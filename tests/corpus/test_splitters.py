"""Texts are cut in seven ways; scripts without spaces by grapheme unless words are asked for."""

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from hsvis.corpus.splitters import SPLITTERS, has_token, is_unspaced, token_forms, token_spans
from hsvis.corpus.tokens import split_text

TEXT = 'It\'s <br />a "good" film: 3.5, really!'
CUT = [
    (None, ["it's", "a", "good", "film", "3.5", "really"]),
    ("words", ["it's", "a", "good", "film", "3.5", "really"]),
    ("whitespace", ["it's", "<br", "/>a", '"good"', "film:", "3.5,", "really!"]),
    ("basic_english", ["it", "'", "s", "a", "good", "film", "3", ".", "5", ",", "really", "!"]),
    (
        "treebank",
        ["it", "'s", "<", "br", "/", ">", "a", "``", "good", "''", "film", ":", "3.5", ",", "really", "!"],
    ),
    ("characters", list('it\'s<br/>a"good"film:3.5,really!')),
]


@pytest.mark.parametrize(("split", "tokens"), CUT)
def test_each_way_cuts_as_it_says(split: str | None, tokens: list[str]) -> None:
    assert token_forms(TEXT, lowercase=True, split=split) == tokens


def test_each_mark_can_be_a_token() -> None:
    found = token_forms("don't, (stop)!", lowercase=True, split="punctuation")
    assert found == ["don't", ",", "(", "stop", ")", "!"]


CONTRACTIONS = [  # as NLTK's word_tokenize and spaCy's English cut them
    ("I can't, won't, cannot", "I|ca|n't|,|wo|n't|,|can|not"),
    ("They'll say he's gonna go.", "They|'ll|say|he|'s|gon|na|go|."),
    ("Mr. Lee of the U.S. paid $3,500.50 at 10:30...", "Mr.|Lee|of|the|U.S.|paid|$|3,500.50|at|10:30|..."),
    ("the 'new' dogs' -- (yes)", "the|'|new|'|dogs|'|--|(|yes|)"),
    ("n't", "n't"), ("'s", "'s"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tokens"), CONTRACTIONS)
@pytest.mark.parametrize("split", ["treebank", "spacy"])
def test_contractions_are_cut_off(text: str, tokens: str, split: str) -> None:
    assert token_forms(text, lowercase=False, split=split) == tokens.split("|")


def test_quotes_and_hyphens_are_those_of_each() -> None:
    text = 'a "well-made" one'
    assert token_forms(text, lowercase=False, split="treebank") == ["a", "``", "well-made", "''", "one"]
    spacy = ["a", '"', "well", "-", "made", '"', "one"]
    assert token_forms(text, lowercase=False, split="spacy") == spacy


def test_a_grapheme_is_one_character() -> None:
    text = "👍🏽 🇩🇪 👨‍👩‍👧 e\u0301 ņ̃"
    assert token_forms(text, lowercase=False, split="characters") == text.split()


SCRIPTS = {
    "Chinese": "这部电影很好看", "Japanese": "映画はとても面白い", "Thai": "หนังเรื่องนี้ดีมาก",
    "Lao": "ຮູບເງົາເລື່ອງນີ້ດີຫຼາຍ", "Khmer": "រឿងនេះល្អណាស់", "Burmese": "ဒီရုပ်ရှင်ကောင်းတယ်",
}  # fmt: skip


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_scripts_without_spaces_are_cut_by_grapheme(text: str) -> None:
    assert is_unspaced(text)
    assert token_forms(text, lowercase=True) == regex.findall(r"\X", text)
    assert len(token_forms(text, lowercase=True, split="words")) < len(text) / 2


def test_words_of_other_scripts_stay_whole_beside_them() -> None:
    found = split_text("我用AI技术看3D电影，good!", lowercase=True, max_length=None, keep="last")
    assert found.forms == ["我", "用", "ai", "技", "术", "看", "3d", "电", "影", "good"]
    assert found.surfaces[-2:] == ["影，", "good!"]
    for text in ("هذا فيلم جميل", "это хороший фильм", "좋은 영화였다", "một bộ phim hay"):
        assert not is_unspaced(text)
        assert token_forms(text, lowercase=True) == text.split()


@given(st.text(max_size=60), st.sampled_from([None, *SPLITTERS]), st.booleans())
def test_tokens_are_pieces_of_the_text_in_order(text: str, split: str | None, lowercase: bool) -> None:
    spans = token_spans(text, split)
    ends = [0, *(place for span in spans for place in span)]
    assert ends == sorted(ends)
    assert all(a < b for a, b in spans)
    assert has_token(text, split) == bool(spans)
    assert len(token_forms(text, lowercase, split)) == len(spans)
    found = split_text(text, lowercase=lowercase, max_length=4, keep="first", split=split)
    assert found.forms == token_forms(text, lowercase, split)[:4]
