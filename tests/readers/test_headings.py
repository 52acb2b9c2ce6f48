"""Headings of plain text, and what headings do to blocks."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.readers.layout.headings import (
    Heading,
    headings_above,
    text_headings,
    text_title,
    without_headings,
)
from askdoc.readers.layout.lines import blocks as blocks_of
from askdoc.readers.layout.lines import text_runs
from askdoc.types import Section, Span

PROSE = (
    "This is a text of some length that ends like a sentence, after which there is no more of it."
)


def found(text: str) -> list[tuple[int, str]]:
    return [(one.level, one.title) for one in text_headings(text, text_runs(text))]


def above(text: str) -> list[tuple[int, str]]:
    runs = text_runs(text)
    headings = headings_above(text, runs, blocks_of(text, runs))
    return [(one.level, one.title) for one in headings]


def title(text: str) -> str | None:
    runs = text_runs(text)
    one = text_title(text, runs, text_headings(text, runs))
    return one.title if one else None


def test_a_short_line_between_blank_lines_heads_the_prose_below_it() -> None:
    text = f"Season  4\n\n{PROSE}\n\nAwards and nominations\n\n{PROSE}"
    assert found(text) == [(1, "Season 4"), (1, "Awards and nominations")]


def test_numbers_give_the_level() -> None:
    text = f"1 Introduction\n\n{PROSE}\n\n2.3. Methods used\n\n{PROSE}"
    assert found(text) == [(1, "1 Introduction"), (2, "2.3. Methods used")]


def test_underlined_lines_are_headings_whatever_follows() -> None:
    assert found("Top\n===\nshort\n\nBelow\r\n-----\r\nshort") == [(1, "Top"), (2, "Below")]


@pytest.mark.parametrize(
    "line",
    [
        "It ends here.",
        "Bread, milk,",
        "- an item",
        "lower case",
        "https://example.org/a",
        "Authors: Ann Bell",
        "me@example.org",
        "2020",
        "a | b",
        "Word " * 20,
        "Dear Ann,",
        "",
    ],
)
def test_what_could_be_anything_else_is_no_heading(line: str) -> None:
    assert found(f"{PROSE}\n\n{line}\n\n{PROSE}") == []


def test_a_short_line_before_another_short_line_is_no_heading() -> None:
    assert found("Bread\n\nMilk\n\nEggs") == []


SHORT = "The hall is shut on Mondays."


@pytest.mark.parametrize(
    "line",
    [
        "Chapter 12. The hall",
        "Section 2: Visits",
        "Part IV. The hall",
        "§ 7 Besuche",
        "Kapitel 3 – Tiere",
    ],
)
def test_a_line_that_says_what_it_numbers_heads_the_sentence_right_below_it(line: str) -> None:
    assert above(f"{line}\n{SHORT}") == [(1, line)]
    assert above(f"{line}\n1. {SHORT}") == [(1, line)]
    assert above(f"{PROSE} {PROSE}\n{line}\n{SHORT}") == [(1, line)]


def test_numbered_lines_head_the_sentences_right_below_them_where_there_are_several() -> None:
    text = f"1. The hall\n{SHORT}\n\n2. The garden\n2.1 {SHORT}\n\n2.2 Trees\n{PROSE}"
    assert above(text) == [(1, "1. The hall"), (1, "2. The garden"), (2, "2.2 Trees")]
    assert above(f"1. The hall\n{SHORT}") == []


@pytest.mark.parametrize(
    "text",
    [
        f"1. Shut the doors\n2. {SHORT}\n3. Light the lamps\n4. {SHORT}",
        f"Step 1. Shut the doors\nStep 2. {SHORT}",
        f"Chapter 2. The hall seats 300 guests\n{SHORT}",
        "Chapter 2. The hall\nChapter 3. The garden\nChapter 4. The pond",
        "Chapter 2. Of the hall and\nthe garden, of which more is to be told.",
        f"It was told in\nChapter 2. The hall\n{SHORT}",
        f"The hall\n{SHORT}",
    ],
)
def test_items_of_lists_and_lines_that_say_something_head_nothing(text: str) -> None:
    assert above(text) == []


def test_headings_that_say_what_they_number_leave_the_title_to_the_first_line() -> None:
    text = f"House rules\n\n{PROSE}\n\nPart 1. The hall\n\n{PROSE}"
    assert title(text) == "House rules"


def test_the_first_line_is_the_title_where_no_other_could_rival_it() -> None:
    assert title(f"A Tale of One City\n\n{PROSE}") == "A Tale of One City"
    assert title(f"A Long Title of a Paper\n\nhttps://example.org\n\n{PROSE}") == (
        "A Long Title of a Paper"
    )
    assert title(f"A Book\n======\n\nOne\n---\n\n{PROSE}") == "A Book"


def test_the_first_of_several_equal_headings_is_no_title() -> None:
    assert title(f"Season 4\n\n{PROSE}\n\nAwards\n\n{PROSE}") is None


@pytest.mark.parametrize("text", [PROSE, "Alone", "", f"{PROSE}\n\n{PROSE}", f"Ends.\n\n{PROSE}"])
def test_other_texts_have_no_title(text: str) -> None:
    assert title(text) is None


def headings(text: str, *lines: tuple[str, int]) -> list[Heading]:
    return [
        Heading(Span(text.index(line), text.index(line) + len(line)), level, line)
        for line, level in lines
    ]


def test_headings_with_text_below_are_taken_out() -> None:
    text = "One\n\nTwo\n\nText."
    blocks = blocks_of(text, text_runs(text))
    assert [
        block.of(text) for block in without_headings(blocks, headings(text, ("One", 1), ("Two", 2)))
    ] == ["Text."]


def test_headings_with_nothing_below_stay() -> None:
    text = "One\n\nTwo\n\nText.\n\nLast"
    kept = without_headings(
        blocks_of(text, text_runs(text)), headings(text, ("One", 1), ("Two", 1), ("Last", 1))
    )
    assert [block.of(text) for block in kept] == ["One", "Text.", "Last"]


def test_a_heading_that_is_not_in_the_text_takes_nothing_out() -> None:
    blocks = (Span(0, 5), Span(7, 9))
    assert without_headings(
        blocks, [Heading(Span(0, 0), 1, "unseen"), Heading(Span(9, 9), 1, "end")]
    ) == (blocks)


def test_a_heading_of_several_lines_covers_all_of_them() -> None:
    assert without_headings(
        [Span(0, 5), Span(6, 9), Span(11, 20)], [Heading(Span(0, 9), 1, "two")]
    ) == (Span(11, 20),)


def test_a_heading_makes_a_section() -> None:
    assert Heading(Span(3, 9), 2, "words").section() == Section(3, 2, "words")


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 4)), max_size=20))
def test_every_heading_has_text_below_or_is_a_block(parts: list[tuple[bool, int]]) -> None:
    blocks = [Span(4 * place, 4 * place + 3) for place in range(len(parts))]
    heads = [
        Heading(span, level, str(span.start))
        for span, (is_heading, level) in zip(blocks, parts, strict=True)
        if is_heading
    ]
    kept = without_headings(blocks, heads)
    assert list(kept) == sorted(kept)
    text = [span for span, (is_heading, _) in zip(blocks, parts, strict=True) if not is_heading]
    assert set(text) <= set(kept)
    for place, heading in enumerate(heads):
        after = next((one for one in heads[place + 1 :] if one.level <= heading.level), None)
        end = after.span.start if after else float("inf")
        below = any(heading.span.end <= span.start < end for span in text)
        assert below is (heading.span not in kept)
    assert all(a.end <= b.start for a, b in pairwise(kept))
