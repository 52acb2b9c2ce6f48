"""Places are found by the names that citations print."""

from __future__ import annotations

from dataclasses import replace

import pytest

from askdoc.ask import show
from askdoc.errors import UsageError
from askdoc.types import Document, Span, Stamp
from askdoc.types.places import Landmark, Landmarks, Place, PlaceKind, name_place

KINDS: dict[PlaceKind, list[tuple[int, str | None]]] = {
    PlaceKind.SLIDE: [(1, None), (2, "hidden"), (3, None)],
    PlaceKind.ROW: [(1, "Stock"), (2, "Stock"), (1, "Crew, old"), (1, "Plan (hidden)")],
    PlaceKind.CHAPTER: [(1, "Bees"), (2, "The “long” winter"), (3, None)],
    PlaceKind.MESSAGE: [(1, "Ann Bell, 1 January 2024, “Keys”"), (2, None)],
    PlaceKind.CELL: [(1, None), (2, None)],
    PlaceKind.PARAGRAPH: [(1, None), (2, None)],
    PlaceKind.PAGE: [(4, None), (5, None)],
    PlaceKind.TIME: [(1, None), (3725, None)],
    PlaceKind.FUNCTION: [(2, "Hive.count"), (9, "main")],
}


def document(length: int) -> Document:
    return Document("id", "a", "a", ".", "/a", None, length, Stamp(0, 0, ""), (), "en")


def with_places(places: list[Place]) -> Document:
    marks = [Landmark(10 * number, place) for number, place in enumerate(places)]
    return replace(document(length=10 * len(places)), landmarks=Landmarks.of(marks))


@pytest.mark.parametrize("kind", KINDS)
def test_each_place_is_found_by_what_its_citation_says(kind: PlaceKind) -> None:
    places = [Place(kind, number, name) for number, name in KINDS[kind]]
    made = with_places(places)
    for position, place in enumerate(places):
        said = name_place(place, None, None)
        assert show.spans(made, said) == [Span(10 * position, 10 * position + 10)], said


def test_what_is_hidden_is_found_by_its_name_alone() -> None:
    slides = with_places([Place(PlaceKind.SLIDE, 1), Place(PlaceKind.SLIDE, 2, "hidden")])
    assert show.spans(slides, "slide 2") == show.spans_of_page(slides, 2) == [Span(10, 20)]
    rows = with_places([Place(PlaceKind.ROW, 1, "A"), Place(PlaceKind.ROW, 1, "Plan (hidden)")])
    assert show.spans(rows, "sheet Plan, row 1") == [Span(10, 20)]


def test_pages_are_slides_where_there_are_slides() -> None:
    slides = with_places([Place(PlaceKind.SLIDE, number) for number in (1, 2)])
    assert show.spans_of_page(slides, 2) == [Span(10, 20)]
    paged = replace(document(length=30), pages=(0, 12))
    assert show.spans_of_page(paged, 2) == show.spans(paged, "page 2") == [Span(12, 30)]
    assert show.spans(paged, "pages 1-2") == [Span(0, 30)]
    with pytest.raises(UsageError, match="has no slide 3") as caught:
        show.spans_of_page(slides, 3)
    assert "from `slide 1` to `slide 2`" in str(caught.value.hint)
    with pytest.raises(UsageError, match="names no place"):
        show.spans(slides, "somewhere")


def test_numbers_are_those_that_citations_count() -> None:
    rows = with_places([Place(PlaceKind.ROW, number, "Stock") for number in (1, 4, 5)])
    assert show.spans_counted(rows, (4, 5)) == [Span(10, 30)]
    times = with_places([Place(PlaceKind.TIME, 1)])
    assert show.spans_counted(times, (1, 1)) is None


def test_pages_are_counted_where_citations_name_pages() -> None:
    paged = replace(document(length=30), pages=(0, 10, 20))
    assert show.spans_counted(paged, (2, 3)) == [Span(10, 30)]
    with pytest.raises(UsageError, match="has no page 12") as caught:
        show.spans_counted(paged, (12, 12))
    assert caught.value.hint == "it has 3, from `page 1` to `page 3`"


def test_a_moment_is_found_in_what_is_shown_then() -> None:
    film = with_places([Place(PlaceKind.TIME, at) for at in (5, 60, 3725)])
    assert show.spans(film, "00:01:30") == [Span(10, 20)]
    assert show.spans(film, "59:59") == [Span(10, 20)]
    assert show.spans(film, "1:02:05") == [Span(20, 30)]
    for never in ("0:04", "1:02:06"):
        with pytest.raises(UsageError):
            show.spans(film, never)


def test_lines_are_those_of_the_file() -> None:
    text = "one\n\ntwo and three\n"
    marks = [(0, 4), (5, 7), (9, 8)]
    made = replace(
        document(length=len(text)),
        landmarks=Landmarks.of(Landmark(at, Place(PlaceKind.LINE, line)) for at, line in marks),
    )
    assert show.file_lines(made, text) == ["4", "", "7-8", ""][: len(text.split("\n"))]
    assert show.stored_lines(made, text, (8, 8)) == (3, 3)
    assert show.stored_lines(made, text, (1, 9)) == (1, 3)
    with pytest.raises(UsageError, match="nothing indexed begins on line 6") as caught:
        show.stored_lines(made, text, (6, 6))
    assert "the nearest is line 7" in str(caught.value.hint)
    assert show.lines_in("lines 7-9, in Hive.count") == (7, 9)
    assert show.lines_in("sheet A, row 3") is None
