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
            assert above(part, block) == above(whole, block)


def above(whole: Reading, block: Span) -> tuple[Section, ...]:
    return open_sections([one for one in whole.sections if one.start <= block.start])


@pytest.mark.parametrize("text", ["a word " * 100_000, "x" * 700_000, "x" + " " * 700_000 + "y"])
def test_a_block_that_is_too_long_for_a_part_is_cut_between_words(text: str) -> None:
    whole = Reading(text, (Span(0, len(text)),), sections=(Section(600_000, 1, "A"),))
    parts = list(windows.windows(whole))
    assert "".join(part.text for part in parts) == text
    blocks = [(part, block) for part in parts for block in part.blocks]
    assert max(len(block) for _, block in blocks) <= windows.LONGEST
    assert " ".join(part.cut(block) for part, block in blocks).split() == (
        text.split() if " " in text else [part.cut(block) for part, block in blocks]
    )
    assert [len(part.sections) for part in parts].count(1) == 1


def test_passages_repeat_the_beginning_of_a_long_title_and_of_the_headings_next_to_them() -> None:
    sections = tuple(Section(0, level, f"{level}" * 5_000) for level in range(1, 300))
    whole = Reading(
        "Text.", (Span(0, 5),), title="t" * 5_000, author="a" * 5_000, sections=sections
    )
    [part] = joined(windows.windows(whole))
    [made] = chunking.chunk(part, part.blocks, "d", budget=Budget(9), count_tokens=lambda _: [1])
    assert part.title
    assert part.author
    assert len(part.title) == len(part.author) == 300
    assert len(made.headings) < 20
    assert made.headings[-1] == ("299" * 100)


def test_chunks_of_a_part_have_their_places_in_the_whole() -> None:
    text = "One sentence. Two.\nThree stands here.\n"
    part = Reading(text, (Span(1000, 1018), Span(1019, 1037)), origin=1000)
    sentences = chunking.sentence_spans(part, halves, "en")
    chunks = chunking.chunk(
        part, sentences, "d", budget=Budget(2), count_tokens=lambda texts: [2] * len(texts)
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
