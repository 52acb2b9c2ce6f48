from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.text.values import read_dates, read_quantities


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.5 million", "1,500,000"),
        ("$454 billion", "454 billion dollars"),
        ("twelve per cent", "12%"),
        ("12\u00a0percent", "12%"),
        ("a 12-month-old", "12 months"),
        ("a quarter", "25 percent"),
        ("three hundred and twelve", "312"),
        ("1.2 km", "1,200 metres"),
        ("half a million", "500,000"),
        ("£40", "40 pounds"),
        ("two hours", "120 minutes"),
        ("60 thousand", "60,000"),
        ("the third", "the 3rd"),
        ("18,000 m³", "18,000 cubic metres"),
    ],
)
def test_one_value_in_two_spellings(one: str, other: str) -> None:
    (first,), (second,) = read_quantities(one), read_quantities(other)
    assert first.equals(second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1.5 million", "1.5 billion"),
        ("$40", "€40"),
        ("40 dollars", "40 pounds"),
        ("90 metres", "90 feet"),
        ("4 percent", "4 percentage points"),
        ("3rd", "3 metres"),
        ("-5 degrees", "5 degrees"),
    ],
)
def test_two_values_are_distinguished(one: str, other: str) -> None:
    (first,), (second,) = read_quantities(one), read_quantities(other)
    assert not first.equals(second)


@pytest.mark.parametrize(
    "text", ["5 \u03bcg", "5 \u00b5g", "3 hour\u017f", "\u017feven mice", "4 \u00b5G"]
)
def test_letters_of_two_code_points_are_read_as_one(text: str) -> None:
    assert len(read_quantities(text)) == 1


def test_the_score_of_a_match_is_a_pair() -> None:
    (score,) = read_quantities("they lost 3-2")
    assert score.equals(*read_quantities("a 3-2 defeat"))
    assert not score.equals(*read_quantities("a 2-3 defeat"))
    assert not score.equals(*read_quantities("three goals"))
    assert [q.text for q in read_quantities("10-20 percent")] == ["10", "20 percent"]


@given(st.integers(0, 10**12))
def test_digits_with_and_without_separators_are_one_number(number: int) -> None:
    (plain,), (grouped,) = read_quantities(f"{number} items"), read_quantities(f"{number:,} items")
    assert plain.number == grouped.number == Fraction(number)


@given(st.text())
def test_reading_any_text_raises_nothing(text: str) -> None:
    ranges = [(quantity.start, quantity.end) for quantity in read_quantities(text)]
    ranges += [(date.start, date.end) for date in read_dates(text)]
    assert all(0 <= start < end <= len(text) for start, end in ranges)


@pytest.mark.parametrize(
    "text", ["14 May 2016", "May 14, 2016", "14th of May 2016", "2016-05-14", "May 14th, 2016"]
)
def test_a_date_in_any_order(text: str) -> None:
    (date,) = read_dates(f"It was on {text}.")
    assert (date.year, date.month, date.day) == (2016, 5, 14)


def test_a_part_of_a_date_is_within_it_and_another_is_not() -> None:
    (whole,) = read_dates("on 14 May 2016")
    (year,), (other,) = read_dates("in 2016"), read_dates("in June 2016")
    assert year.within(whole)
    assert not other.within(whole)
    assert not whole.within(year)


def test_amounts_and_verbs_are_not_dates() -> None:
    assert not read_dates("It covers 1250 km² and may march 1,921 miles for $1999.")
