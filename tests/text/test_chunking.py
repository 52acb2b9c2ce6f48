from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.text import chunking, sentences
from askdoc.text.chunking import (
    Budget,
    chunk,
    lexical_text,
    name_words,
    passage_text,
    sentence_spans,
)
from askdoc.text.sentences import split
from askdoc.types import Block, Kind, Reading, Section, Span, Structure


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def reading(text: str, **places: tuple[int, ...] | tuple[Section, ...]) -> Reading:
    return Reading(text, (Span(0, len(text)),) if text else (), **places)  # type: ignore[arg-type]


texts = st.text(alphabet=st.sampled_from("ab. !?\n\"'()éß中。\u00a0"), max_size=300)


@pytest.mark.parametrize("space", ["\u00a0", "\u2028", " \u3000", "\u2009"])
def test_a_wide_space_before_a_full_stop_ends_no_program(
    space: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"This is plan A{space}. It was not kept."
    assert split(text, "en") == [f"This is plan A{space}. ", "It was not kept."]
    monkeypatch.setattr(sentences, "_WIDE_SPACE", re.compile("never"))
    if space != "\u2009":
        assert split(text, "en") == [text]  # sentencex panics


@given(texts)
def test_sentences_lose_nothing_but_white_space(text: str) -> None:
    spans = sentence_spans(reading(text), split, "en")
    assert all(one.end <= two.start for one, two in pairwise(spans))
    kept = "".join(span.of(text) for span in spans)
    assert "".join(kept.split()) == "".join(text.split())
    assert all(span.of(text) == span.of(text).strip() for span in spans)


def test_a_sentence_ends_where_a_block_or_a_page_ends() -> None:
    text = "Heading\nIt goes on and on."
    two = Reading(text, (Span(0, 8), Span(8, len(text))))
    assert [span.of(text) for span in sentence_spans(two, split, "en")] == [
        "Heading",
        "It goes on and on.",
    ]
    paged = reading(text, pages=(0, 19))
    assert [span.of(text) for span in sentence_spans(paged, split, "en")] == [
        "Heading\nIt goes on",
        "and on.",
    ]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("7. Opening hours", ["7. Opening hours"]),
        ("2.4. Wear gloves. Wash them.", ["2.4. Wear gloves.", "Wash them."]),
        ("IV. The harvest", ["IV. The harvest"]),
        ("Chapter 12. The long road home", ["Chapter 12. The long road home"]),
        ("§ 9. Haustiere", ["§ 9. Haustiere"]),
        ("Kapitel II. Die Reise", ["Kapitel II. Die Reise"]),
        ("Stop. Then go on.", ["Stop.", "Then go on."]),
        ("He was 31. She was 30.", ["He was 31.", "She was 30."]),
        ("8.", ["8."]),
    ],
)
def test_the_number_that_a_block_begins_with_is_no_sentence(
    text: str, sentences: list[str]
) -> None:
    assert [span.of(text) for span in sentence_spans(reading(text), split, "en")] == sentences


def test_a_closing_quotation_mark_stays_with_its_sentence() -> None:
    text = "He said: “We go.” Then he went."
    spans = sentence_spans(reading(text), split, "en")
    assert "".join(span.of(text) for span in spans).count("”") == 1
    assert all(any(c.isalnum() for c in span.of(text)) for span in spans)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=30), st.integers(4, 40), st.integers(0, 3))
def test_chunks_hold_every_word_within_the_budget(
    lengths: list[int], tokens: int, overlap: int
) -> None:
    sentences = [" ".join(["word"] * (length - 1) + ["end."]) for length in lengths]
    text = " ".join(sentences)
    spans, position = [], 0
    for sentence in sentences:
        spans.append(Span(position, position + len(sentence)))
        position += len(sentence) + 1
    made = chunk(reading(text), spans, "d", budget=Budget(tokens, overlap), count_tokens=words)
    covered = sorted({span for item in made for span in item.sentences})
    assert " ".join(span.of(text) for span in covered).split() == text.split()
    for item in made:
        assert sum(words([item.sentence(span) for span in item.sentences])) <= tokens
        assert item.text == item.span.of(text)
        assert item.span == Span(item.sentences[0].start, item.sentences[-1].end)
    assert len({item.id for item in made}) == len(made)


def test_neighbours_share_the_overlap() -> None:
    text = "One ant. Two bee. Three cow. Four dog."
    spans = sentence_spans(reading(text), split, "en")
    made = chunk(reading(text), spans, "d", budget=Budget(4, 1), count_tokens=words)
    assert [item.text for item in made] == [
        "One ant. Two bee.",
        "Two bee. Three cow.",
        "Three cow. Four dog.",
    ]


def test_a_section_and_a_page_end_a_chunk() -> None:
    text = "One ant. Two bee. Three cow."
    spans = sentence_spans(reading(text), split, "en")
    sections = (Section(0, 1, "First"), Section(9, 2, "Second"))
    made = chunk(
        reading(text, pages=(0, 18), sections=sections),
        spans,
        "d",
        budget=Budget(100, 1),
        count_tokens=words,
    )
    assert [(item.text, item.headings) for item in made] == [
        ("One ant.", ("First",)),
        ("Two bee.", ("First", "Second")),
        ("Three cow.", ("First", "Second")),
    ]


def test_same_input_same_ids_and_other_words_other_ids() -> None:
    def ids(text: str, document: str = "d") -> list[str]:
        spans = sentence_spans(reading(text), split, "en")
        made = chunk(reading(text), spans, document, budget=Budget(50), count_tokens=words)
        return [item.id for item in made]

    assert ids("One ant.") == ids("One ant.")
    assert ids("One ant.") != ids("One bee.")
    assert ids("One ant.") != ids("One ant.", "e")


def test_a_chunk_has_the_headings_that_stand_above_it() -> None:
    text = "None. Ants. Bees. Cows."
    sections = (Section(6, 1, "A"), Section(12, 2, "B"), Section(18, 1, "C"))
    spans = sentence_spans(reading(text), split, "en")
    made = chunk(reading(text, sections=sections), spans, "d", budget=Budget(9), count_tokens=words)
    assert [item.headings for item in made] == [(), ("A",), ("A", "B"), ("C",)]


HARD = {
    "one word": "x" * 60_000,
    "unspaced": "永和九年" * 15_000,
    "no full stop": "word " * 12_000,
    "marks between words": "a & " * 15_000,
    "marks alone": "&" * 60_000,
    "nothing that is seen": "x" + "\u200b" * 60_000,
    "white space": "x" + " " * 60_000 + "y",
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
@pytest.mark.parametrize("letters", [1, 1000])
def test_the_work_and_the_chunks_of_a_hard_text_are_bounded(text: str, letters: int) -> None:
    counted = 0

    def count(texts: Sequence[str]) -> list[int]:
        nonlocal counted
        counted += sum(map(len, texts))
        return [-(-len(one) // letters) for one in texts]

    budget = Budget(100)
    spans = sentence_spans(reading(text), split, "en")
    made = chunk(reading(text), spans, "d", budget=budget, count_tokens=count)
    assert counted <= 4 * len(text)
    assert sum(len(item.text) for item in made) <= 1.1 * len(text)
    assert all(len(item.text) <= budget.characters for item in made)
    assert all(any(map(str.isalnum, item.text)) for item in made)
    found = "".join(item.text for item in made)
    assert sum(map(str.isalnum, found)) >= sum(map(str.isalnum, text))


def test_context_stands_before_the_text_once() -> None:
    assert passage_text("T", ("T", "H"), "x") == "T > H\nx"
    assert passage_text(None, (), "x") == "x"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("a/Annual_report-2023.final.pdf", "Annual report final"),
        ("000_668f51b9d79cd239.txt", ""),
        ("userGuide.md", "user Guide"),
        ("Übersicht über alles.txt", "Übersicht über alles"),
    ],
)
def test_a_file_name_gives_its_words(path: str, words: str) -> None:
    assert name_words(path) == words


def test_full_text_search_sees_the_name_and_the_vectors_do_not() -> None:
    assert lexical_text("d/Proton.txt", None, ("History",), "It is.") == "Proton\nHistory\nIt is."
    by = lexical_text("d/Proton.txt", "T", (), "It is.", author="Ada Palmer")
    assert by == "Proton\nAda Palmer\nT\nIt is."
    assert "Proton" not in passage_text(None, ("History",), "It is.")


def structured(text: str, *parts: tuple[str, Kind]) -> Reading:
    """Read a text whose parts are blocks of a kind, in order."""
    blocks, position = [], 0
    for part, kind in parts:
        start = text.index(part, position)
        position = start + len(part)
        blocks.append(Block(Span(start, position), kind))
    return Reading(text, tuple(b.span for b in blocks), structure=Structure(blocks))


def test_a_later_part_of_a_row_stands_under_the_name_of_the_row() -> None:
    text = "Country: Iceland | 1983: 84.2 | 1984: 29.0 | 1985: 31.7"
    given = structured(text, (text, Kind.ROW))
    made = chunk(given, [Span(0, len(text))], "d", budget=Budget(5, overlap=0), count_tokens=words)
    assert [one.text for one in made] == [
        "Country: Iceland | 1983: 84.2",
        "1984: 29.0 | 1985: 31.7",
    ]
    assert [one.headings for one in made] == [(), ("Country: Iceland",)]


def test_a_chunk_that_begins_with_a_sub_item_stands_under_its_item() -> None:
    text = "* Triage team\n  * nine reports came in\n  * six of them were right\n* Budget of it"
    names = ("Triage team", "nine reports came in", "six of them were right", "Budget of it")
    given = structured(text, *((name, Kind.ITEM) for name in names))
    spans = sentence_spans(given, split, "en")
    made = chunk(given, spans, "d", budget=Budget(6, overlap=0), count_tokens=words)
    assert {one.text.partition("\n")[0]: one.headings for one in made} == {
        "Triage team": (),
        "six of them were right": ("Triage team",),
        "Budget of it": (),
    }


def test_the_work_and_the_labels_of_a_long_list_are_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each passage looks at its list and at the headings above it, but not at all of them."""
    looked_at = opened = 0
    cut, open_one = Reading.cut, chunking._open

    def counted_cut(self: Reading, span: Span) -> str:
        nonlocal looked_at
        looked_at += len(span)
        return cut(self, span)

    def counted_open(path: list[Section], section: Section) -> None:
        nonlocal opened
        opened += 1
        open_one(path, section)

    head, below, beside = "long " * 300, ["item"] * 1_000, ["beside"] * 1_000
    text = f"* {head}\n" + "".join(f"  * {one}\n" for one in below) + " ".join(beside)
    given = structured(text, *((one.strip(), Kind.ITEM) for one in [head, *below, *beside]))
    spans = [block.span for block in given.structure.blocks]
    given = replace(given, sections=tuple(Section(span.start, 1, "A") for span in spans[500:]))
    monkeypatch.setattr(chunking, "_MOST_ITEMS", 10)
    monkeypatch.setattr(chunking, "_WIDEST", 20)
    monkeypatch.setattr(Reading, "cut", counted_cut)
    monkeypatch.setattr(chunking, "_open", counted_open)
    made = chunk(given, spans, "d", budget=Budget(1), count_tokens=words)
    assert len(made) == 2_300
    assert looked_at < 1_000 * len(made)
    assert opened <= len(given.sections)
    assert max(len(heading) for one in made for heading in one.headings) < 200
