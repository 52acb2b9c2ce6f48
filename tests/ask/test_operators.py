"""Phrases in quotation marks and excluded terms: how they are read, and what they find."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from askdoc import app, workspace
from askdoc.ask import query
from askdoc.ask.answer import Answerer
from askdoc.errors import UsageError
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Status

DOCUMENTS = {
    "north.txt": "The lighthouse of Velm was built in 1883. It stands on the northern shore.",
    "south.txt": "The lighthouse of Tarn was built in 1901. It stands near the old harbours.",
    "deutsch.txt": "Der Leuchtturm von Ohm wurde 1922 gebaut. Er steht nicht auf dem alten Deich.",
}


def terms(text: str) -> list[str]:
    return SnowballAnalyser().terms(text, "en")


@pytest.fixture(scope="module")
def answerer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answerer]:
    folder = tmp_path_factory.mktemp("operators")
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    place = workspace.find(folder, overrides={"index": str(folder / "index")})
    with app.indexer(place) as indexer:
        indexer.sync([folder / name for name in DOCUMENTS])
    with app.answerer(place) as opened:
        yield opened


@pytest.mark.parametrize(
    ("question", "text", "phrases", "excluded"),
    [
        ("what is a levy", "what is a levy", (), ()),
        ('who said "no way"?', 'who said "no way"?', ("no way",), ()),
        ("“one” and «two words»", "“one” and «two words»", ("one", "two words"), ()),
        ("budget -draft -old", "budget", (), ("draft", "old")),
        ("-draft budget", "budget", (), ("draft",)),
        ("budget -draft?", "budget", (), ("draft",)),
        ("budget -élan", "budget", (), ("élan",)),
        ("well-known facts", "well-known facts", (), ()),
        ("the war - and peace", "the war - and peace", (), ()),
        ("what does --force do", "what does --force do", (), ()),
        ("colder than -5 degrees", "colder than -5 degrees", (), ()),
        ('"one -two" three', '"one -two" three', ("one -two",), ()),
        ('an open " mark', 'an open " mark', (), ()),
        ('""', '""', (), ()),
        ('"?!"', '"?!"', (), ()),
    ],
)
def test_operators_are_read_where_they_are_meant(
    question: str, text: str, phrases: tuple[str, ...], excluded: tuple[str, ...]
) -> None:
    assert query.read(question) == query.Demands(text, phrases, excluded)


@pytest.mark.parametrize(
    ("question", "text", "phrases", "excluded"),
    [
        ('budget -"first draft"', "budget", (), ("first draft",)),
        ('-“one two” budget "three four"', 'budget "three four"', ("three four",), ("one two",)),
        ('a pre-"war" house', 'a pre-"war" house', ("war",), ()),
        ('the war - "and peace"', 'the war - "and peace"', ("and peace",), ()),
    ],
)
def test_a_phrase_may_be_excluded(
    question: str, text: str, phrases: tuple[str, ...], excluded: tuple[str, ...]
) -> None:
    assert query.read(question) == query.Demands(text, phrases, (), excluded)


@pytest.mark.parametrize(
    ("phrase", "text", "holds"),
    [
        ("old harbours", "near the OLD\nharbours.", True),
        ("old harbour", "near the old harbours.", False),
        ("cafe", "Le café.", True),
        ("灯塔", "维尔姆灯塔建于1883年。", True),
        ("고양", "고양이", False),
        ("पुल", "यह पुल है।", True),
        ("की", "कीमत", False),
    ],
)
def test_a_phrase_stands_word_for_word(phrase: str, text: str, holds: bool) -> None:  # noqa: FBT001
    assert query.Demands("", (phrase,)).met_by(text, terms) is holds


def test_an_excluded_term_counts_in_all_its_forms() -> None:
    assert not query.Demands("", (), ("harbour",)).met_by("Two harbours.", terms)
    assert query.Demands("", (), ("harbour",)).met_by("Two hares.", terms)


def test_a_phrase_must_stand_in_what_is_found(answerer: Answerer) -> None:
    answer = answerer.answer('When was the lighthouse built near the "old harbours"?')
    assert answer.status is Status.ANSWERED
    assert {item.document.path for item in answer.passages} == {"south.txt"}
    assert "1901" in answer.citations[0].quote
    assert [p.document.path for p in answerer.search('lighthouse "northern shore"')] == [
        "north.txt"
    ]


def test_a_phrase_is_found_whatever_the_language_of_its_document(answerer: Answerer) -> None:
    found = answerer.search('which Leuchtturm is "nicht auf dem alten Deich"?')
    assert [passage.document.path for passage in found] == ["deutsch.txt"]


def test_a_phrase_that_stands_nowhere_is_searched_for_by_its_words(answerer: Answerer) -> None:
    question = 'When was the lighthouse of "Velm built"?'
    answer = answerer.answer(question)
    plain = answerer.answer("When was the lighthouse of Velm built?")
    assert [item.text for item in answer.evidence] == [item.text for item in plain.evidence]
    assert answer.question == question
    assert answer.searched == "When was the lighthouse of Velm built?"


def test_a_phrase_may_stand_in_a_title(answerer: Answerer) -> None:
    paths = {passage.document.path for passage in answerer.search('what is the "north"?')}
    assert paths == {"north.txt"}


def test_excluded_terms_keep_passages_out(answerer: Answerer) -> None:
    paths = {p.document.path for p in answerer.search("lighthouse built")}
    assert {"north.txt", "south.txt"} <= paths
    without = {p.document.path for p in answerer.search("lighthouse built -harbour")}
    assert without == paths - {"south.txt"}
    answer = answerer.answer("When was the lighthouse built? -harbour")
    assert "1883" in answer.citations[0].quote
    assert answer.searched is None


def test_excluded_phrases_keep_passages_out(answerer: Answerer) -> None:
    paths = {p.document.path for p in answerer.search("lighthouse built")}
    assert {p.document.path for p in answerer.search('lighthouse built -"old harbours"')} == (
        paths - {"south.txt"}
    )
    assert {p.document.path for p in answerer.search('lighthouse built -"harbours old"')} == paths


def test_exclusions_alone_ask_nothing(answerer: Answerer) -> None:
    with pytest.raises(UsageError, match="empty"):
        answerer.answer("-harbour")
    told = "the question is empty: it says what to leave out, and asks for nothing"
    for ask in (answerer.answer, answerer.search):
        with pytest.raises(UsageError, match=told) as refused:
            ask('-harbour -"old mill"')
        assert refused.value.hint == 'say also what to look for: `who … -harbour -"old mill"`'


@pytest.mark.parametrize("question", ["?", "… !", "-- ?? --", '"?!"'])
def test_a_question_without_a_word_is_refused_before_anything_is_searched(
    answerer: Answerer, question: str
) -> None:
    answer = answerer.answer(question)
    assert (answer.status, answer.evidence, answer.passages) == (Status.ABSTAINED, (), ())
    assert answer.reason is not None
    assert answer.reason.code == "empty_question"
    assert "no word in the question" in answer.reason.message


def test_what_shares_neither_language_nor_word_is_not_near_a_refused_question(
    answerer: Answerer,
) -> None:
    def near(question: str) -> set[str]:
        answer = answerer.answer(question)
        assert answer.status is Status.ABSTAINED
        assert [item.label for item in answer.evidence] == [
            f"S{n}" for n in range(1, len(answer.evidence) + 1)
        ]
        return {item.passage.document.path for item in answer.evidence}

    assert near("What does a parking permit cost?") == {"north.txt", "south.txt"}
    assert "deutsch.txt" in near("What does a parking permit cost in Ohm?")


def test_a_figure_or_a_letter_of_any_script_is_a_word(answerer: Answerer) -> None:
    assert answerer.answer("1883?").evidence
    assert answerer.answer("港").evidence
