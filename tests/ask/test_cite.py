from __future__ import annotations

from dataclasses import replace

import pytest

from askdoc.ask.cite import choose, readable
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Chunk, Document, Evidence, Passage, Span, Stamp

DOCUMENT = Document(
    id="d",
    location="a.txt",
    path="a.txt",
    source=".",
    file="/a.txt",
    title=None,
    length=1000,
    stamp=Stamp(0, 0, ""),
    pages=(),
    language="en",
)


def terms(text: str) -> list[str]:
    return SnowballAnalyser().terms(text, "en")


def evidence(
    *scored: tuple[str, float], start: int = 100, document: Document = DOCUMENT
) -> list[Evidence]:
    """Make evidence of sentences that follow one another in one passage, best first."""
    spans, position = [], start
    for sentence, _ in scored:
        spans.append(Span(position, position + len(sentence)))
        position += len(sentence) + 1
    text = " ".join(sentence for sentence, _ in scored)
    chunk = Chunk("c", document.id, Span(start, start + len(text)), text, tuple(spans))
    passage = Passage(chunk, document, 1.0)
    items = [
        Evidence("", span, sentence, passage, score)
        for span, (sentence, score) in zip(spans, scored, strict=True)
    ]
    return sorted(items, key=lambda item: -item.score)


def test_the_best_are_taken_while_they_are_near_the_best() -> None:
    given = evidence(("Cats sleep.", 1.0), ("Dogs bark.", 0.95), ("Fish swim.", 0.5))
    chosen = choose(given, terms, {}, limit=3)
    assert [item.evidence.text for item in chosen] == ["Cats sleep.", "Dogs bark."]


def test_one_less_near_is_taken_for_words_of_the_question_that_it_adds() -> None:
    given = evidence(("Cats sleep.", 1.0), ("Dogs bark.", 0.7), ("Fish swim.", 0.69))
    weights = {"cat": 3.0, "fish": 1.0}
    chosen = choose(given, terms, weights, limit=3)
    assert [item.evidence.text for item in chosen] == ["Cats sleep.", "Fish swim."]


def test_no_more_than_the_limit() -> None:
    given = evidence(("Cats sleep.", 1.0), ("Dogs bark.", 1.0), ("Fish swim.", 1.0))
    assert len(choose(given, terms, {}, limit=2)) == 2


def test_a_sentence_that_repeats_another_is_passed_over() -> None:
    given = evidence(
        ("The cat sleeps on the red mat.", 1.0),
        ("The cat is sleeping on a red mat.", 0.99),
        ("Dogs bark.", 0.98),
    )
    chosen = choose(given, terms, {}, limit=3)
    assert [item.evidence.text for item in chosen] == [
        "The cat sleeps on the red mat.",
        "Dogs bark.",
    ]


def test_a_sentence_that_leans_on_the_one_before_brings_it() -> None:
    given = evidence(("Bohr was Danish.", 0.1), ("He won the prize in 1922.", 1.0))
    [chosen] = choose(given, terms, {}, limit=3)
    assert chosen.evidence.text == "He won the prize in 1922."
    assert chosen.span == Span(100, 100 + len("Bohr was Danish. He won the prize in 1922."))


def test_a_sentence_that_leans_on_a_cited_one_makes_that_place_longer() -> None:
    given = evidence(("The mill was built in 1843.", 1.0), ("It stands idle.", 0.95))
    [chosen] = choose(given, terms, {}, limit=3)
    assert chosen.span == Span(100, 100 + len("The mill was built in 1843. It stands idle."))
    assert chosen.evidence == given[0]


def test_what_a_cited_span_already_holds_is_not_cited_again() -> None:
    given = evidence(("Bohr was Danish.", 0.95), ("He won the prize in 1922.", 1.0))
    assert len(choose(given, terms, {}, limit=3)) == 1


WEIGHTS = {"winter": 2.0, "tyre": 2.0, "chang": 1.0}


@pytest.mark.parametrize(
    "line", ["Winter tyres change.", "Winter tyres: 80 euros", "Winter tyres of the garage"]
)
def test_a_line_that_says_something_stands_alone(line: str) -> None:
    given = evidence((line, 1.0), ("They go on in October.", 0.1))
    [chosen] = choose(given, terms, WEIGHTS, limit=3)
    assert chosen.span == chosen.evidence.span


def test_a_label_with_nothing_below_it_stands_alone() -> None:
    given = evidence(("Lock the shed.", 0.1), ("Winter tyres", 1.0), ("The garage", 0.1))
    [chosen] = choose(given, terms, WEIGHTS, limit=3)
    assert chosen.span == chosen.evidence.span


def test_a_line_with_more_than_the_title_is_cited_alone() -> None:
    titled = replace(DOCUMENT, title="Winter tyres")
    given = evidence(
        ("Price: winter tyres, 80 euros", 1.0), ("They go on in October.", 0.1), document=titled
    )
    assert len(choose(given, terms, {}, limit=3)) == 1


COPY = replace(DOCUMENT, id="copy")


def test_a_copy_of_what_is_brought_along_is_passed_over() -> None:
    there = evidence(
        ("The mill at Orre was built in 1843.", 0.1), ("It has two wheels.", 1.0), document=COPY
    )
    here = evidence(("The mill at Orre was built in 1843.", 0.95))
    [chosen] = choose([there[0], *here], terms, {}, limit=3)
    assert chosen.evidence == there[0]


@pytest.mark.parametrize(
    ("sentence", "leans"),
    [
        ("It was founded in 1911.", True),
        ("However, prices fell.", True),
        ("“This is not the end,” she said.", True),
        ("In this study we measured rain.", True),
        ("The latter was larger.", True),
        ("Italy was founded in 1861.", False),
        ("Therapy helps.", False),
        ("Thistles grow.", False),
        ("In Paris it rained.", False),
    ],
)
def test_what_leans_on_the_sentence_before(sentence: str, leans: bool) -> None:  # noqa: FBT001
    item = evidence(("Before it.", 0.0), (sentence, 1.0))[0]
    assert (readable(item) != item.span) is leans


def test_the_first_sentence_of_a_passage_has_nothing_to_lean_on() -> None:
    [item] = evidence(("It was founded in 1911.", 1.0))
    assert readable(item) == item.span


def test_nothing_comes_of_nothing() -> None:
    assert choose([], terms, {}, limit=3) == []
