"""What cells of text are taken for, against what wrote them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsvis.corpus.kept.texts import FORMS, LARGEST_WHOLE, read_texts

WHOLES = st.integers(-LARGEST_WHOLE, LARGEST_WHOLE)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
DAYS = st.dates(date(1900, 1, 1), date(2100, 12, 31))
BLANKS = st.sampled_from(["", "  ", "NA", "nan", "-", "n/a"])


@given(st.lists(WHOLES | FLOATS, min_size=1), st.lists(BLANKS))
def test_numbers_are_the_numbers_that_were_written(numbers: list[float], blanks: list[str]) -> None:
    read = read_texts([*map(str, numbers), *blanks])
    assert read.kind == "number"
    assert [read.values[str(one)] for one in numbers] == numbers
    assert all(read.values[one] is None for one in blanks)
    assert set(read.nothing) == {one for one in blanks if one.strip()}


@given(
    st.lists(DAYS, min_size=1), st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%d %B %Y", "%Y/%m/%d", "%d/%m/%Y"])
)
def test_dates_are_the_days_that_were_written_whatever_their_form(days: list[date], form: str) -> None:
    texts = [one.strftime(form) for one in days]
    read = read_texts(texts)
    assert read.kind == "date"
    assert [read.values[text].date() for text in texts] == days
    # who writes days and months beyond doubt is told of none
    if any(one.day > 12 for one in days):
        assert not read.doubt
    if (
        form == "%d/%m/%Y"
        and all(one.day <= 12 for one in days)
        and any(one.day != one.month for one in days)
    ):
        assert read.doubt == "month/day/year"


@given(st.lists(st.sampled_from(["true", "False", "TRUE", " true "]), min_size=1))
def test_true_and_false_are_booleans_in_any_case(texts: list[str]) -> None:
    read = read_texts(texts)
    assert read.kind == "boolean"
    assert [read.values[text] for text in texts] == ["t" in text.lower().strip()[:1] for text in texts]


@given(st.lists(st.text(), min_size=1))
def test_nothing_is_lost_of_any_texts(texts: list[str]) -> None:
    read = read_texts(texts)
    assert set(read.values) == set(texts)
    if read.kind == "category":
        assert all(read.values[one] == one for one in texts if one.strip())
    else:
        lost = {one for one in texts if read.values[one] is None}
        assert all(not one.strip() or one in read.nothing for one in lost)


@pytest.mark.parametrize(
    "texts",
    [
        ["007", "12"],  # postcodes, ids
        ["9007199254740993", "1"],  # no browser can hold it
        ["1e999"],
        ["0x10", "1_000"],
        ["1", "two"],
        ["2020-01-01", "yesterday"],
        ["2020-01-01T00:00:00", "2020-01-01T00:00:00+02:00"],  # with a zone and without
        ["yes", "true"],
        ["NA", "nan"],
        ["1,5", "2,5"],
    ],
)
def test_what_is_not_all_of_one_kind_is_categories(texts: list[str]) -> None:
    assert read_texts(texts).kind == "category"


def test_moments_with_zones_are_by_utc() -> None:
    read = read_texts(["2020-01-01T00:30:00+02:00", "2020-01-01T00:30:00Z"])
    assert read.values["2020-01-01T00:30:00+02:00"] == datetime(2019, 12, 31, 22, 30, tzinfo=UTC)
    assert read.values["2020-01-01T00:30:00Z"] == datetime(2020, 1, 1, 0, 30, tzinfo=UTC)


def test_a_kind_that_was_said_is_that_kind_or_refused() -> None:
    assert read_texts(["1", "0", ""], "boolean").values == {"1": True, "0": False, "": None}
    assert read_texts(["1", "2"], "category").values == {"1": "1", "2": "2"}
    with pytest.raises(ValueError, match="`two` is no number"):
        read_texts(["1", "two"], "number")
    with pytest.raises(ValueError, match="`1` is no date"):
        read_texts(["1"], "date")


def test_forms_of_dates_have_a_year() -> None:
    assert all("%y" in form.lower() for form in FORMS)
