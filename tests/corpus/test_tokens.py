"""Text to tokens: what counts as a word, what is shown, what is cut off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.corpus.tokens import UNKNOWN, Vocabulary, split_text, word_forms


def forms(text: str) -> list[str]:
    return split_text(text, lowercase=True, max_length=None, keep="last").forms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I said: Good!", ["i", "said", "good"]),
        ("well-written, don't", ["well", "written", "don't"]),
        ("Wow!<br /><br />Great", ["wow", "great"]),
        ("<script>alert(1)</script>", ["alert", "1"]),
        ("a &lt; b &amp; c &#169;", ["a", "b", "c"]),
        ("<!-- hidden --> shown", ["shown"]),
        ("Wells Fargo <WFC> said", ["wells", "fargo", "wfc", "said"]),
        ('<a href="x">link</a> <BR/><IMG src=y>', ["link"]),
        ("7/10 I <3 it", ["7", "10", "i", "3", "it"]),
        ("3,142,000 and 8.5. Then 1,2", ["3,142,000", "and", "8.5", "then", "1,2"]),
        ("مرحبا، بالعالم", ["مرحبا", "بالعالم"]),
        ("हिन्दी फ़िल्म।", ["हिन्दी", "फ़िल्म"]),
        ("good😀👍🏽bad", ["good", "😀", "👍🏽", "bad"]),
        ("x" * 400, ["x" * 400]),
        ("{a} %{b} 100%", ["a", "b", "100"]),
        ("  ... !!! — ", []),
        ("<br /><br />", []),
        ("", []),
    ],
)
def test_words_are_found_and_markup_is_not_read(text: str, expected: list[str]) -> None:
    assert forms(text) == expected


def test_surface_forms_keep_case_and_punctuation() -> None:
    found = split_text('He said: "Good!" (well-made)', lowercase=True, max_length=None, keep="last")
    assert found.surfaces == ["He", "said:", '"Good!"', "(well-", "made)"]


@pytest.mark.parametrize(("keep", "expected"), [("last", ["d", "e!"]), ("first", ["(a)", "b,"])])
def test_the_length_limit_keeps_one_end_and_tells_what_was_cut(keep: str, expected: list[str]) -> None:
    text = "(a) b, c d e!"
    found = split_text(text, lowercase=True, max_length=2, keep=keep)
    assert found.surfaces == expected
    assert text[found.start : found.end].split() == expected
    if keep == "last":
        assert text[: found.start] == "(a) b, c "
    else:
        assert text[found.end :] == " c d e!"


@given(
    st.text(max_size=300), st.booleans(), st.sampled_from([None, 1, 3]), st.sampled_from(["last", "first"])
)
def test_surfaces_are_pieces_of_the_text_in_order(
    text: str, lowercase: bool, max_length: int | None, keep: str
) -> None:
    found = split_text(text, lowercase=lowercase, max_length=max_length, keep=keep)
    assert len(found.forms) == len(found.surfaces)
    at = found.start
    for form, surface in zip(found.forms, found.surfaces, strict=True):
        begin = text.find(surface, at)
        assert surface
        assert found.start <= begin
        at = begin + len(surface)
        assert at <= found.end
        assert form in (surface.lower() if lowercase else surface)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_counting_words_and_splitting_text_agree(text: str) -> None:
    assert (
        word_forms(text, lowercase=False)
        == split_text(text, lowercase=False, max_length=None, keep="last").forms
    )


def test_the_vocabulary_holds_the_most_frequent_words_in_a_fixed_order() -> None:
    vocabulary = Vocabulary.of([["b", "a", "a"], ["b", "c", "d"]], size=5)
    assert vocabulary.words == ("a", "b", "c")
    assert vocabulary.ids() == {"a": 2, "b": 3, "c": 4}
    assert len(vocabulary) == 5
    assert vocabulary.ids().get("d", UNKNOWN) == UNKNOWN
