from __future__ import annotations

import pytest

from askdoc.readers.pdf.layout import PageLine, in_reading_order, soften
from askdoc.strings import one_line, searchable

COMMON = frozenset(("well", "known", "chat", "state", "international", "reuse", "use", "re"))


def line(text: str, left: float = 0, baseline: float = 0) -> PageLine:
    return PageLine(text, left, left + 5 * len(text), baseline, 10)


def softened(*texts: str) -> list[str]:
    [page] = soften([[line(text) for text in texts]], COMMON.__contains__)
    return [one.text for one in page]


@pytest.mark.parametrize(
    ("texts", "first"),
    [
        (("a sollic-", "itudin vel"), "a sollic\u00ad"),
        (("an inter-", "national body"), "an inter\u00ad"),
        (("to re-", "use it"), "to re\u00ad"),
        (("a well-", "known man"), "a well-"),
        (("the oak-", "built pier", "It is oak-built."), "the oak-"),
        (("from Ben-", "Gurion"), "from Ben-"),
        (("in 1990-", "ties"), "in 1990-"),
        (("it ends-", ""), "it ends-"),
        (("it ends -", "and on"), "it ends -"),
        (("the last-",), "the last-"),
    ],
)
def test_a_hyphen_is_soft_where_it_parts_a_word(texts: tuple[str, ...], first: str) -> None:
    assert softened(*texts)[0] == first
    assert softened(*texts)[1:] == list(texts[1:])


def test_a_page_without_lines_stays_so() -> None:
    assert soften([[], []], COMMON.__contains__) == [[], []]


def test_what_is_searched_for_and_shown_is_joined_and_the_stored_text_is_not() -> None:
    stored = "the con\u00ad\nfirmation of e\u00ad\r\nffi\ufb01cient\u00a0oak"
    assert searchable(stored) == "the confirmation of effificient oak"
    assert one_line(stored) == "the confirmation of effi\ufb01cient oak"
    assert searchable("plain-\ntext") == "plain-\ntext"


# ── columns ─────────────────────────────────────────────────────────────────────────────────────

LEFT = [
    "The harbour board met to settle",
    "the matter of the east pier and",
    "of the steel that was",
]
LEFT += [
    "offered for it by the owners of",
    "a yard that had closed before",
    "the war and never opened",
]
RIGHT = [
    "Mara Vale said that it would be",
    "rebuilt in oak, since the divers",
    "refused to sign for",
]
RIGHT += [
    "steel, which was cheaper but did",
    "not last as long as the salt of",
    "the sea would let it",
]


def across(left: list[str], right: list[str], *, at: float = 300) -> list[PageLine]:
    """Write two columns line by line across both."""
    page: list[PageLine] = []
    for number, (one, other) in enumerate(zip(left, right, strict=True)):
        page += [line(one, 0, -12 * number), line(other, at, -12 * number)]
    return page


def test_columns_written_across_are_read_one_after_the_other() -> None:
    head, middle = line("A title over both of the columns" * 3), line("A line over both" * 6)
    page = [head, *across(LEFT, RIGHT), middle, *across(LEFT, RIGHT)]
    assert [one.text for one in in_reading_order(page)] == [
        head.text,
        *LEFT,
        *RIGHT,
        middle.text,
        *LEFT,
        *RIGHT,
    ]


@pytest.mark.parametrize(
    "page",
    [
        [],
        [line(text) for text in LEFT],
        across(LEFT[:4], RIGHT[:4]),
        across([text.capitalize() for text in LEFT], [text.capitalize() for text in RIGHT]),
        across(["oak"] * 9, ["9.50"] * 9),
        across(LEFT, RIGHT, at=100),
    ],
    ids=["empty", "one column", "few lines", "a table of words", "a table", "no gutter"],
)
def test_what_is_no_two_columns_of_prose_stays_as_it_is(page: list[PageLine]) -> None:
    assert list(in_reading_order(page)) == page
