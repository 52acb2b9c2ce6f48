from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.types.places import Landmark, Landmarks, Place, PlaceKind, name_place

ROW, SLIDE, TIME = PlaceKind.ROW, PlaceKind.SLIDE, PlaceKind.TIME

places = st.builds(
    Place,
    kind=st.sampled_from(PlaceKind),
    number=st.integers(0, 9),
    name=st.none() | st.sampled_from(["Q1", "\ud800", "Übersicht"]),
)
landmarks = st.lists(st.tuples(st.integers(0, 40), places), max_size=12).map(
    lambda pairs: [Landmark(start, place) for start, place in sorted(pairs, key=lambda p: p[0])]
)


@given(landmarks)
def test_landmarks_survive_packing(marks: list[Landmark]) -> None:
    packed = Landmarks.of(marks)
    assert list(packed) == marks
    assert list(packed.starts()) == [mark.start for mark in marks]
    assert bool(packed) is bool(marks)


def test_the_rows_of_a_table_take_little_room() -> None:
    marks = [Landmark(50 * row, Place(ROW, row, "Q1")) for row in range(1, 100_001)]
    packed = Landmarks.of(marks)
    assert len(packed.packed) < 10_000
    assert packed.between(50 * 70_000 + 49, 50 * 70_000 + 50) == Place(ROW, 70_000, "Q1")


@given(landmarks, st.integers(0, 50), st.integers(0, 50))
def test_a_stretch_begins_at_the_nearest_landmark_before_it(
    marks: list[Landmark], one: int, other: int
) -> None:
    start, end = min(one, other), max(one, other)
    before = [mark.place for mark in marks if mark.start <= start]
    found = Landmarks.of(marks).between(start, end)
    if not before:
        assert found is None
    else:
        assert found is not None
        assert (found.kind, found.number, found.name) == (
            before[-1].kind,
            before[-1].number,
            before[-1].name,
        )


def test_a_stretch_over_several_rows_names_the_first_and_the_last() -> None:
    marks = Landmarks.of([Landmark(10 * row, Place(ROW, row, "Q1")) for row in range(1, 6)])
    assert marks.between(5, 8) is None
    assert marks.between(10, 20) == Place(ROW, 1, "Q1")
    assert marks.between(10, 21) == Place(ROW, 1, "Q1", last=2)
    assert marks.between(35, 500) == Place(ROW, 3, "Q1", last=5)


def test_a_passage_ends_with_its_slide_and_not_with_its_row() -> None:
    for kind, broken in ((SLIDE, True), (ROW, False), (TIME, False), (PlaceKind.CHAPTER, True)):
        marks = [Landmark(0, Place(kind, 1)), Landmark(9, Place(kind, 2))]
        assert list(Landmarks.of(marks).breaks()) == ([0, 9] if broken else [])


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (None, "lines 3-4"),
        (Place(PlaceKind.PAGE, 7), "page 7"),
        (Place(SLIDE, 3), "slide 3"),
        (Place(ROW, 12), "row 12"),
        (Place(ROW, 12, "Q1"), "sheet Q1, row 12"),
        (Place(ROW, 12, "Q1", last=14), "sheet Q1, rows 12-14"),
        (Place(PlaceKind.CELL, 4), "cell 4"),
        (Place(PlaceKind.CHAPTER, 2), "chapter 2"),
        (Place(PlaceKind.CHAPTER, 2, "The Pier"), "chapter “The Pier”"),
        (Place(TIME, 751), "00:12:31"),
        (Place(TIME, 360_000), "100:00:00"),
        (Place(PlaceKind.LINE, 5), "line 5"),
        (Place(PlaceKind.MESSAGE, 2), "message 2"),
        (Place(PlaceKind.MESSAGE, 2, quoted=True), "quoted in message 2"),
        (Place(PlaceKind.MESSAGE, 2, "Ann", quoted=True), "quoted in a message of Ann"),
        (Place(PlaceKind.PARAGRAPH, 2, last=3), "paragraphs 2-3"),
        (Place(PlaceKind.FUNCTION, 3, "Pier.build"), "lines 3-4, in Pier.build"),
    ],
)
def test_a_place_is_named_as_people_look_for_it(place: Place | None, words: str) -> None:
    assert name_place(place, 3, 4) == words


def test_an_editor_is_for_text_and_a_viewer_for_the_rest() -> None:
    viewed = {kind for kind in PlaceKind if Place(kind, 1).is_seen_in_viewer}
    assert viewed == {PlaceKind.PAGE, SLIDE, PlaceKind.CHAPTER, PlaceKind.PARAGRAPH}
    assert Place(ROW, 1, "Q1").is_seen_in_viewer


def test_a_name_that_could_steer_a_terminal_is_harmless() -> None:
    assert name_place(Place(ROW, 1, "a\x1b[2J\nb"), 1, 1) == "sheet a b, row 1"


@given(landmarks)
def test_breaks_are_in_order(marks: list[Landmark]) -> None:
    assert all(a <= b for a, b in pairwise(Landmarks.of(marks).breaks()))
