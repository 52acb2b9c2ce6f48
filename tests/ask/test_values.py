"""Sentences that give the value asked for, and what gives another value for the same."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from askdoc.ask.cite import Chosen
from askdoc.ask.find import settle
from askdoc.ask.values import given, wanted
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Chunk, Document, Evidence, Passage, Span, Stamp

DOCUMENT = Document("d", "a.txt", "a.txt", ".", "/a.txt", None, 1000, Stamp(0, 0, ""), (), "en")


def terms(text: str) -> list[str]:
    return SnowballAnalyser().terms(text, "en")


def evidence(
    *scored: tuple[str, float], name: str = "d", title: str | None = None
) -> list[Evidence]:
    """Make evidence of the sentences of one document, in their order."""
    spans, position = [], 0
    for sentence, _ in scored:
        spans.append(Span(position, position + len(sentence)))
        position += len(sentence) + 1
    text = " ".join(sentence for sentence, _ in scored)
    document = replace(DOCUMENT, id=name, title=title)
    passage = Passage(Chunk(name, name, Span(0, len(text)), text, tuple(spans)), document, 1.0)
    return [
        Evidence("", span, sentence, passage, score)
        for span, (sentence, score) in zip(spans, scored, strict=True)
    ]


def settled(question: str, *given: list[Evidence], limit: int = 3) -> list[Chosen]:
    items = sorted((item for group in given for item in group), key=lambda item: -item.score)
    weights = dict.fromkeys(SnowballAnalyser().question_terms(question, "en"), 1.0)
    return settle(question, items, terms, weights, limit=limit)


def disputes(
    question: str, one: str, other: str, titles: tuple[str | None, str | None] = (None, None)
) -> list[tuple[str, str]]:
    first = evidence((one, 1.0), name="one", title=titles[0])
    second = evidence((other, 0.4), name="two", title=titles[1])
    chosen = settled(question, first, second)
    return [(item.opposed.theirs, item.opposed.own) for item in chosen if item.opposed]


@pytest.mark.parametrize(
    ("question", "one", "other", "values"),
    [
        (
            "How deep is the north well?",
            "The north well is 31 metres deep, says the mason.",
            "The north well, which Ann Bell dug, was lined in 1911 and is 28 metres deep.",
            ("31 metres", "28 metres"),
        ),
        (
            "When was the grain market opened?",
            "The grain market was opened on 3 June 1902.",
            "Work began in 1900 and the grain market was opened on 9 June 1902.",
            ("3 June 1902", "9 June 1902"),
        ),
        (
            "How long did the crossing last?",
            "The crossing lasted two hours and ten minutes.",
            "By the log the crossing took three hours and five minutes.",
            ("two hours and ten minutes", "three hours and five minutes"),
        ),
        (
            "How many bells does the chapel have?",
            "The chapel has seven bells.",
            "There are nine bells in the chapel.",
            ("seven", "nine"),
        ),
    ],
)
def test_another_value_for_the_same_is_cited_and_told(
    question: str, one: str, other: str, values: tuple[str, str]
) -> None:
    assert disputes(question, one, other) == [values]


DEEP, WELL = "How deep is the well?", "The well is 31 metres deep."
BELLS, OPENED = "How many bells does the chapel have?", "When was the mill opened?"


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        # At another place or time, of another measure, the same or rounded: that is no dispute.
        (DEEP, "The well at Orre is 31 metres deep.", "The well in Tarn is 28 metres deep."),
        (DEEP, "The first well is 31 metres deep.", "The second well is 28 metres deep."),
        (f"{DEEP} at Orre", f"{WELL} at Orre", "The well is 28 metres deep in Tarn."),
        (DEEP, WELL, "The well is 28 metres from the road."),
        (DEEP, WELL, "The well is about 28 metres deep."),
        (DEEP, WELL, "The well is 30 metres deep."),
        (DEEP, WELL, "The well is 3100 cm deep."),
        (DEEP, "In 1900 the well was 31 metres deep.", "In 1950 the well was 28 metres deep."),
        (BELLS, "The chapel has seven bells.", "In 1710 the chapel had nine bells."),
        (OPENED, "The mill was opened in 1902.", "The mill was closed in 1950."),
        (OPENED, "The mill was opened in 1902.", "The mill was opened on 3 June 1902."),
        ("When did Tom come?", "Tom came in 1902.", "Tom came in 1950."),
        (
            "Who dug the well?",
            "Ann dug the well, 31 metres deep.",
            "Ann dug the well of 28 metres.",
        ),
    ],
)
def test_different_things_are_not_opposed(question: str, one: str, other: str) -> None:
    assert disputes(question, one, other) == []


def test_titles_of_two_things_of_one_sort_are_not_opposed() -> None:
    question, one, other = (
        "How heavy is the pump?",
        "The pump weighs 30 kg.",
        "The pump weighs 45 kg.",
    )
    assert disputes(question, one, other) == [("30 kg", "45 kg")]
    assert disputes(question, one, other, ("Pump A100", "Pump B200")) == []


def test_the_other_value_is_cited_beside_the_first_within_the_limit() -> None:
    first = evidence(
        ("The well is 31 metres deep.", 1.0),
        ("The deep well is old.", 0.95),
        ("Ann fears the well.", 0.94),
    )
    second = evidence(("The well is 28 metres deep.", 0.3), name="two")
    chosen = settled("How deep is the well?", first, second)
    told = [item.evidence.text for item in chosen]
    assert told[:2] == ["The well is 31 metres deep.", "The well is 28 metres deep."]
    assert len(told) == 3


def test_where_nothing_cited_gives_the_value_what_does_comes_first() -> None:
    found = evidence(
        ("Ann Bell built the north mill.", 0.6),
        ("Work began in May and it was soon done.", 0.1),
        ("It stood 22 metres high.", 0.05),
    )
    others = evidence(
        ("The north mill burned down.", 1.5), ("The south mill is 30 metres high.", 0.6), name="two"
    )
    chosen = settled("How tall was the north mill?", found, others)
    assert chosen[0].evidence.text == "It stood 22 metres high."
    assert chosen[0].span == Span(0, found[-1].span.end)
    assert chosen[1].evidence.text == "The north mill burned down."


def test_what_is_counted_is_found_near_the_best() -> None:
    found = evidence(
        ("The ropes of the bridge shall be tarred.", 1.0), ("Four of the thirty ropes fray.", 0.65)
    )
    chosen = settled("How many ropes does the bridge have?", found)
    assert [item.evidence.text for item in chosen] == [
        "Four of the thirty ropes fray.",
        "The ropes of the bridge shall be tarred.",
    ]


def test_a_question_for_no_value_is_left_alone() -> None:
    found = evidence(("The ropes shall be tarred.", 1.0), ("Four of the thirty ropes fray.", 0.6))
    assert [item.evidence.text for item in settled("Who tars the ropes?", found)] == [
        "The ropes shall be tarred."
    ]


@pytest.mark.parametrize(
    ("question", "sentence", "values"),
    [
        ("How tall is the mast?", "It is 12 metres high and 300 metres from here.", ["12 metres"]),
        ("When was it lit?", "On 3 May 1882, after a gale, it was lit again.", ["3 May 1882"]),
        ("When was it lit?", "The lamp lit by Ann was replaced in 1882.", []),
        ("How many sheep are there?", "Six of the forty sheep limp.", ["forty"]),
        ("How long was the trip?", "The trip lasted 2 days and 3 hours.", ["2 days and 3 hours"]),
        ("How old is the oak?", "The oak is 300 years old.", ["300 years"]),
    ],
)
def test_the_values_that_are_asked_for(question: str, sentence: str, values: list[str]) -> None:
    want = wanted(question, terms)
    assert want is not None
    asked = frozenset(SnowballAnalyser().question_terms(question, "en"))
    assert [value.text for value in given(want, sentence, asked, terms)] == values


def test_what_reads_values_is_loaded_for_questions_for_a_value_alone() -> None:
    script = "import sys, askdoc.finding; print(*sys.modules)"
    command = [sys.executable, "-c", script]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert "askdoc.ask.find" in loaded
    assert {
        "askdoc.ask.values",
        "askdoc.write.check.binding",
        "askdoc.write.check.checker",
    }.isdisjoint(loaded)
