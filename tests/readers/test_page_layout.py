"""From lines with places to text, blocks and headings."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from askdoc.readers.pdf.layout import Bookmark, Composed, PageLine, compose
from askdoc.types import Span

SIZE = 10.0
LEADING = 12.0
FULL = "words that fill the line from its start to its end, as"
"""A line of a column; each is as wide as it has characters, five points a character."""


def line(
    text: str, down: float, *, left: float = 0, size: float = SIZE, angle: int = 0
) -> PageLine:
    return PageLine(text, left, left + 5 * len(text), 800 - LEADING * down, size, angle)


def column(*texts: str, left: float = 0, top: float = 0) -> list[PageLine]:
    return [line(text, top + number, left=left) for number, text in enumerate(texts)]


def cut(pages: Sequence[Sequence[PageLine]], *bookmarks: Bookmark) -> list[str]:
    composed = compose(pages, bookmarks)
    return [block.of(composed.text) for block in composed.blocks]


def test_lines_of_a_paragraph_are_joined_and_a_gap_parts_two() -> None:
    page = [*column(FULL, FULL, "in here."), *column(FULL, "there.", top=5)]
    assert cut([page]) == [f"{FULL}\n{FULL}\nin here.", f"{FULL}\nthere."]


def test_larger_type_is_a_block_of_its_own() -> None:
    page = [line("A heading of full width, as wide as the text below it", 0, size=14)]
    page += column(FULL, "there.", top=1.5)
    assert cut([page])[0] == page[0].text


def test_a_paragraph_continues_in_the_next_column() -> None:
    page = [*column(FULL, FULL), *column("a new column, where it ends at last.", FULL, left=400)]
    assert cut([page])[0].startswith(f"{FULL}\n{FULL}\na new column")


def test_a_column_that_starts_afresh_is_another_block() -> None:
    page = [*column(FULL, "It ends."), *column("Another text is in this one,", "too.", left=400)]
    assert cut([page])[-1] == "Another text is in this one,\ntoo."


def test_a_superscript_is_joined_to_its_word_and_cells_are_kept_apart() -> None:
    raised = PageLine("2", 50, 54, 803, 6)
    page = [PageLine("on the Rn", 0, 50, 800, SIZE), raised, PageLine("is it", 57, 80, 800, SIZE)]
    page.append(PageLine("cell", 120, 140, 800, SIZE))
    assert compose([page]).text == "on the Rn2 is it   cell"


def test_lines_at_another_angle_are_other_blocks() -> None:
    page = [*column(FULL, FULL), line("which stands along the edge", 2, angle=90)]
    assert cut([page]) == [f"{FULL}\n{FULL}", "which stands along the edge"]


def test_pages_start_where_their_text_does_and_may_be_empty() -> None:
    composed = compose([column("One."), [], column("Three."), []])
    assert composed.text == "One.\n\nThree."
    assert composed.pages == (0, 6, 6, 12)


def test_no_pages_make_no_text() -> None:
    assert compose([]) == Composed("", (), (), ())
    assert compose([[], []]) == Composed("", (0, 0), (), ())


def body(number: int) -> list[PageLine]:
    return [
        line(f"{word} line of part {7 * number} stands alone.", 4 + 2 * down)
        for down, word in enumerate(["A first", "Another", "A third", "A last"])
    ]


def test_page_numbers_and_repeated_heads_are_in_no_block_but_the_first() -> None:
    pages = [
        [line("The Running Head", 0), *body(number), line(f"- {number} -", 60)]
        for number in range(1, 5)
    ]
    composed = compose(pages)
    found = [block.of(composed.text) for block in composed.blocks]
    assert found.count("The Running Head") == 1
    assert not any(block.startswith("- ") for block in found)
    assert len(found) == 4 * 4 + 1
    assert composed.text.count("The Running Head") == 4
    assert "- 3 -" in composed.text


def test_a_number_that_numbers_no_page_is_text() -> None:
    page = [*body(1), line("1969", 60)]
    assert "1969" in cut([page])


def test_lines_that_differ_in_more_than_the_page_number_are_text() -> None:
    pages = [[line(f"Invoice {number * number}", 0), *body(number)] for number in range(1, 5)]
    assert [block for block in cut(pages) if block.startswith("Inv")] == [
        "Invoice 1",
        "Invoice 4",
        "Invoice 9",
        "Invoice 16",
    ]


def test_a_page_of_few_lines_keeps_all_of_them() -> None:
    assert (
        cut([column("Same words."), column("Same words."), column("Same words.")])
        == ["Same words."] * 3
    )


def test_rules_are_no_blocks() -> None:
    assert cut([[*column("Above."), line("-----------", 1), line("Below.", 2)]]) == [
        "Above.",
        "Below.",
    ]


def test_bookmarks_find_their_headings_by_words_and_part_them_from_the_text() -> None:
    page = column("1 The first", f"{FULL}", "it ends.", "2 Second of", "two lines", FULL)
    composed = compose(
        [page], [Bookmark("The First", 1, 0), Bookmark("2. Second of two lines", 2, 0)]
    )
    words = [(one.span.of(composed.text), one.level, one.title) for one in composed.headings]
    assert words == [
        ("1 The first", 1, "The First"),
        ("2 Second of\ntwo lines", 2, "2. Second of two lines"),
    ]
    assert f"{FULL}\nit ends." in [block.of(composed.text) for block in composed.blocks]


def test_a_bookmark_without_its_words_points_to_its_height_or_the_page() -> None:
    pages = [column("One."), column("Two.", "Three.", "Four.")]
    marks = [Bookmark("By page", 1, 1), Bookmark("By height", 1, 1, pages[1][1].baseline + 1)]
    composed = compose(pages, marks)
    assert [(one.span, one.title) for one in composed.headings] == [
        (Span(6, 6), "By page"),
        (Span(11, 11), "By height"),
    ]


def test_equal_headings_are_found_one_after_the_other() -> None:
    page = column("Result", "First one.", "Result", "Second one.")
    composed = compose([page], [Bookmark("Result", 1, 0), Bookmark("Result", 1, 0)])
    assert [one.span.start for one in composed.headings] == [0, 18]


PAGE_LINES = st.builds(
    PageLine,
    text=st.one_of(
        st.sampled_from([FULL, "a", "12", "-----", "Ends here."]), st.text("aB .1", min_size=1)
    )
    .filter(str.strip)
    .map(str.strip),
    left=st.sampled_from([0.0, 10.0, 300.0]),
    right=st.sampled_from([20.0, 280.0, 600.0]),
    baseline=st.sampled_from([800.0 - 12 * number for number in range(20)]),
    size=st.sampled_from([6.0, 10.0, 14.0]),
    angle=st.sampled_from([0, 90]),
)


@given(st.lists(st.lists(PAGE_LINES, max_size=8), max_size=5))
def test_blocks_are_in_order_apart_and_within_a_page(pages: list[list[PageLine]]) -> None:
    composed = compose(pages)
    assert len(composed.pages) == len(pages)
    assert list(composed.pages) == sorted(composed.pages)
    assert all(a.end <= b.start for a, b in pairwise(composed.blocks))
    for block in composed.blocks:
        assert block.of(composed.text).strip() == block.of(composed.text) != ""
        assert not any(block.start < start < block.end for start in composed.pages)
    for page in pages:
        for one in page:
            assert one.text in composed.text
