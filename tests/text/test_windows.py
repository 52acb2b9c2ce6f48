from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.text import chunking
from askdoc.text import chunking as windows
from askdoc.text.chunking import Budget, joined, open_sections
from askdoc.types import Block, Field, Kind, Reading, Section, Span, Structure
from askdoc.types.places import Landmark, Landmarks, Place, PlaceKind

WORDS = st.lists(st.sampled_from(["a word", "two", "three or more", "x" * 30]), max_size=40)


def reading(lines: list[str], sections: list[int]) -> Reading:
    text = "\n\n".join(lines)
    blocks = tuple(Span(*found.span()) for found in re.finditer(r"[^\n]+", text))
    return Reading(
        text,
        blocks,
        title="Title",
        pages=(0, len(text) // 2) if text else (),
        sections=tuple(
            Section(start, 1 + start % 3, f"s{start}")
            for start in sorted({n for n in sections if n <= len(text)})
        ),
        warnings=("something was lost",),
        landmarks=Landmarks.of([Landmark(0, Place(PlaceKind.ROW, 1))]),
    )


@given(WORDS, st.lists(st.integers(0, 400), max_size=6))
def test_parts_lose_nothing(lines: list[str], sections: list[int]) -> None:
    whole = reading(lines, sections)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "LONGEST", 50)
        parts = list(windows.windows(whole))
    assert "".join(part.text for part in parts) == whole.text
    assert [block for part in parts for block in part.blocks] == list(whole.blocks)
    assert [one for part in parts for one in part.sections] == list(whole.sections)
    assert all(part.end == after.origin for part, after in pairwise(parts))
    for part in parts:
        assert all(part.cut(block) == block.of(whole.text) for block in part.blocks)


@given(WORDS, st.lists(st.integers(0, 400), max_size=6))
def test_a_part_knows_what_the_whole_says(lines: list[str], sections: list[int]) -> None:
    whole = reading(lines, sections)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "LONGEST", 50)
        parts = list(joined(windows.windows(whole)))
    for part in parts:
        assert (part.title, part.pages, part.landmarks) == ("Title", whole.pages, whole.landmarks)
        for block in part.blocks:
            assert chunking.heading_path(part.sections, block.start) == chunking.heading_path(
                whole.sections, block.start
            )


def test_chunks_of_a_part_have_their_places_in_the_whole() -> None:
    text = "One sentence. Two.\nThree stands here.\n"
    part = Reading(text, (Span(1000, 1018), Span(1019, 1037)), origin=1000)
    sentences = chunking.sentence_spans(part, halves, "en")
    chunks = chunking.chunk(
        part, sentences, "d", budget=Budget(1), count_tokens=lambda texts: [1] * len(texts)
    )
    assert [(chunk.span.start, chunk.text) for chunk in chunks] == [
        (1000, "One sentence."),
        (1014, "Two."),
        (1019, "Three stands here."),
    ]


def halves(text: str, _language: str) -> list[str]:
    return re.findall(r"[^.]+\.?\s*", text)


def test_sections_that_are_open_at_the_end() -> None:
    made = [Section(n, level, f"{n}") for n, level in enumerate([1, 2, 3, 2, 4])]
    assert [section.title for section in open_sections(made)] == ["0", "3", "4"]
    assert open_sections([]) == ()


def test_blocks_belong_to_their_parts_and_fields_to_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(windows, "LONGEST", 20)
    text = "a: 1\n" + "row of the table\n" * 4
    rows = [Span(5 + 17 * n, 21 + 17 * n) for n in range(4)]
    blocks = [Block(Span(0, 4), Kind.FIELD), Block(Span(5, text.rindex("\n")), Kind.CODE)]
    field = Field("a", "1", Span(0, 4))
    whole = Reading(text, (Span(0, 4), *rows), structure=Structure(tuple(blocks)), fields=(field,))
    parts = list(windows.windows(whole))
    assert len(parts) > 2
    assert [part.fields for part in parts] == [(field,), *[()] * (len(parts) - 1)]
    for part in parts:
        for block in part.structure.blocks:
            assert part.origin <= block.span.start < block.span.end <= part.end
            assert whole.structure.kind_at(block.span.start) is block.kind
    covered = [block.span for part in parts for block in part.structure.blocks]
    assert sum(map(len, covered)) >= sum(len(block.span) for block in blocks) - len(parts)
