from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from askdoc.ask.spelling import Vocabulary, repair
from askdoc.text.terms import SnowballAnalyser

ANALYSER = SnowballAnalyser()


def terms(text: str) -> list[str]:
    return ANALYSER.terms(text, "en")


def vocabulary(text: str) -> Vocabulary:
    """Know the words of `text`, as if each stood in as many chunks as it occurs in it."""
    held: dict[str, int] = {}
    for term in terms(text):
        held[term] = held.get(term, 0) + 1

    def frequencies(asked: Iterable[str]) -> Mapping[str, int]:
        return {term: held.get(term, 0) for term in asked}

    def beginning(letter: str) -> Mapping[str, int]:
        return {term: count for term, count in held.items() if term.startswith(letter)}

    return Vocabulary(terms, frequencies, beginning, ANALYSER.words("en"), ANALYSER.near)


DOCUMENTS = vocabulary(
    "Isolation and innovation: Gorbachev announced perestroika. Kashmir borders. "
    "Innovation needs universities; the universities need teachers."
)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("What about isolaton?", "What about isolation?"),  # a letter lost
        ("What about isolattion?", "What about isolation?"),  # doubled
        ("What about isoaltion?", "What about isolation?"),  # swapped
        ("What about isolarion?", "What about isolation?"),  # the key beside it
        ("What about siolation?", "What about isolation?"),  # the first two swapped
        ("Who is Gorbatchev?", "Who is gorbachev?"),  # a name only the documents hold
        ("Did perestrokia need inovation?", "Did perestroika need innovation?"),
        ("two slips in univresitis", "two slips in universities"),
        ("waht about isolation?", "what about isolation?"),  # no document holds a question word
        ("Hwere is Kashmir?", "Where is Kashmir?"),
    ],
)
def test_slips_are_repaired(typed: str, meant: str) -> None:
    assert repair(typed, DOCUMENTS) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "What about isolation?",
        'What about "isolaton"?',  # quoted: meant as it is
        "What about “isolaton”?",
        "the marmoset and the platypus",  # unknown, and near to nothing
        "Who are the teachers of history?",  # the language knows the word, the documents do not
        "mail isolaton@example.org or see isolaton.txt",
        "isol and isl",  # too short to tell
        "",
        "Изоляция 隔離",
    ],
)
def test_what_is_no_slip_stays(typed: str) -> None:
    assert repair(typed, DOCUMENTS) == typed


def test_a_form_of_a_word_of_the_language_is_no_slip() -> None:
    held = vocabulary("The cable has two wires.")
    assert repair("who wipes the disk?", held) == "who wipes the disk?"
    assert repair("where are the wirres?", held) == "where are the wires?"


def test_of_equally_near_words_the_frequent_one_is_meant() -> None:
    known = vocabulary("zorbax zorbay zorbay")
    assert repair("zorbaz", known) == "zorbay"


def test_nothing_is_repaired_against_no_documents() -> None:
    assert repair("What about isolaton?", vocabulary("")) == "What about isolaton?"
