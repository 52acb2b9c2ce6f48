from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.chat.followups import is_open, rewrite, standing_alone
from askdoc.text.mentions import content_words, names, topic, words
from askdoc.types import Turn

ADA = Turn(
    "What did Ada Hill say about isolation?",
    "Ada Hill, dean of Marsh College at Fenton University, said that isolation holds us back.",
)
LOWER = Turn("what did ada hill say about isolation?", ADA.answer)
CAPITAL = Turn("What is the capital of France?", "Paris is the capital of France.")
HERONS = Turn("Where do herons nest?", "Herons nest in tall trees near water.")
WHO = Turn("Who is dean of Marsh College?", "Ada Hill, dean of Marsh College, spoke on Monday.")
VISITORS = Turn("How many visitors came in 2018?", "Some 12,000 came.")
PIER = Turn("When was the pier closed?", "The pier was closed in 1990.")
LENGTH = Turn("How long will the new pier be?", "340 metres.")
PRICE = Turn("How much does the old ferry cost?", "Nine pounds.")
JAB = Turn("Is there a vaccine against MERS?", "Not yet.")
SPREAD = Turn("How is MERS transmitted?", "By camels.")
SMOKING = Turn("What is smoking?", "It is to breathe smoke in.")
EDITORIAL = Turn("Who wrote the editorial about the WHO?", "It is by Ilona Kick, in Bonn.")
CASES = Turn("How many cases were there in Saudi Arabia?", "Some 1,029.")
HAPPENED = Turn("What happened in March?", "The pier was closed.")
HILL_ON_MERS = Turn("What did Ada Hill say about MERS?", "That it spreads.")
STATES = Turn("What is the capital of the United States?", "It is Washington.")
DRUG = Turn("What does Remdevir do?", "It stops the virus.")
REVENUE = Turn(
    "What revenue did the company have in 2021?",
    "It had 12 million in 2021, as Maria Lind, who leads it, said.",
)


@pytest.mark.parametrize(
    ("turn", "typed", "meant"),
    [
        (ADA, "and what did she say about talent?", "What did Ada Hill say about talent?"),
        (LOWER, "and what did she say about talent?", "What did Ada Hill say about talent?"),
        (ADA, "and talent?", "What did Ada Hill say about talent?"),
        (ADA, "what about talent?", "What did Ada Hill say about talent?"),
        (ADA, "and about talent?", "What did Ada Hill say about talent?"),
        (ADA, "and John Smith?", "What did John Smith say about isolation?"),
        (ADA, "Why is it harmful?", "Why is isolation harmful?"),
        (ADA, "and in 2019?", "What did Ada Hill say about isolation in 2019?"),
        (ADA, "What is her job?", "What is Ada Hill’s job?"),
        (ADA, "and MERS?", "What did Ada Hill say about MERS?"),
        (CAPITAL, "How large is it?", "How large is the capital of France?"),
        (CAPITAL, "and Germany?", "What is the capital of Germany?"),
        (CAPITAL, "and the population?", "What is the population of France?"),
        (HERONS, "and swans?", "Where do swans nest?"),
        (HERONS, "When do they return?", "When do herons return?"),
        (WHO, "What did she say?", "What did Ada Hill say?"),
        (VISITORS, "and 2019?", "How many visitors came in 2019?"),
        (REVENUE, "and in 2019?", "What revenue did the company have in 2019?"),
        (PIER, "Who closed it?", "Who closed the pier?"),
        (LENGTH, "Who voted against it?", "Who voted against the new pier?"),
        (PRICE, "Who owns it?", "Who owns the old ferry?"),
        (PIER, "and the bridge?", "When was the bridge closed?"),
        (JAB, "and SARS?", "Is there a vaccine against SARS?"),
        (STATES, "and Germany?", "What is the capital of Germany?"),
        (EDITORIAL, "and the CDC?", "Who wrote the editorial about the CDC?"),
        (HILL_ON_MERS, "and John Smith?", "What did John Smith say about MERS?"),
        (CASES, "Where is it?", "Where is Saudi Arabia?"),
        (DRUG, "How does it work?", "How does Remdevir work?"),
    ],
)
def test_what_a_follow_up_means_is_shown(turn: Turn, typed: str, meant: str) -> None:
    assert rewrite(typed, [turn]) == meant


@pytest.mark.parametrize(
    ("turn", "typed"),
    [
        (CASES, "When did he die?"),
        (SPREAD, "When did she leave?"),
        (SMOKING, "How many of them were male?"),
        (HAPPENED, "and why did she leave?"),
        (HAPPENED, "Who led it?"),
        (HERONS, "why?"),
        (HERONS, "tell me more"),
        (HERONS, "ok, thanks!"),
        (PIER, "by whom?"),
    ],
)
def test_what_is_unclear_stays_as_typed(turn: Turn, typed: str) -> None:
    assert rewrite(typed, [turn]) == typed


@pytest.mark.parametrize(
    "question",
    [
        "What did the committee decide?",
        "How long does it take to build a bridge?",
        "is it true that pigs fly?",
        "Did Ann Lee say she would go?",
        "does the committee publish its minutes?",
        "In which year was the pier built?",
        "Does the council keep any data that is personal?",
        "What are three factors that can close a pier?",
        'Who sang "It Will Rain" first?',
        "What did Ann Lee say before he met her?",
        "Did Isolation Hall close when Ann Lee left it?",
        "Who argued that it may be impossible to close a pier?",
        "Who said that the pier must close?",
        "isolation",
        "?",
    ],
)
def test_a_question_that_stands_alone_is_left_to_the_letter(question: str) -> None:
    assert rewrite(question, [ADA]) == question


@pytest.mark.parametrize(
    "question",
    [
        "Did Ann Lee say she would go?",
        "Is it true that pigs fly?",
    ],
)
def test_a_pronoun_that_the_question_tells_of_itself_is_not_open(question: str) -> None:
    assert not is_open(question)


def test_the_latest_turn_counts_and_older_ones_help() -> None:
    assert rewrite("What did she do?", [ADA, PIER]) == "What did Ada Hill do?"
    assert rewrite("When was it built?", [CAPITAL, PIER]) == "When was the pier built?"


def test_what_is_typed_twice_means_the_same_twice() -> None:
    history = [PIER, Turn("Who closed it?", "The council.")]
    assert standing_alone("Who  closed it?", history) == "Who closed the pier?"


@pytest.mark.parametrize("typed", ["and cows?", "When did she die?", "which cows?"])
def test_a_very_long_question_before_takes_no_long_time(typed: str) -> None:
    started = time.process_time()
    rewrite(typed, [Turn("who saw " + "the patient " * 800, "Nobody.")])
    rewrite(typed, [Turn("who saw " + " at ".join(f"Nam{n}x" for n in range(500)), "Nobody.")])
    assert time.process_time() - started < 5


VOCABULARY = """
    and what about he she it they his its why when where who is did the a of in 2019 Ada Hill France
    pier bridge talent say close? built? more else that this
"""
CARRIED_BY_FORM = {"ok", "okay", "now", "well", "plus", "go", "continue", "anything", "something"}
QUESTIONS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from(VOCABULARY.split()), min_size=1, max_size=10).map(" ".join),
)
TURNS = st.lists(st.builds(Turn, QUESTIONS.filter(str.strip), st.text(max_size=80)), max_size=3)


@given(QUESTIONS)
def test_the_first_question_is_left_as_it_is(question: str) -> None:
    assert rewrite(question, []) == question


@given(QUESTIONS, TURNS)
def test_no_word_that_means_something_is_lost(question: str, turns: list[Turn]) -> None:
    made = {word.lower() for word in words(rewrite(question, turns))}
    lost = {word.lower() for word in content_words(question)} - made
    assert not lost - CARRIED_BY_FORM


@given(QUESTIONS, TURNS)
def test_a_question_stays_a_question(question: str, turns: list[Turn]) -> None:
    made = rewrite(question, turns)
    assert bool(made.strip()) == bool(question.strip())
    assert made == question or made.endswith("?")


@given(st.text(max_size=200))
def test_names_stand_where_they_are_said_to(text: str) -> None:
    for name in names(text):
        assert text[name.start :].startswith(name.text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("When Ada Hill met Bo.", ["Ada Hill", "Bo"]),
        ("The Bank of Norway and the U.S. agreed.", ["Bank of Norway", "U.S."]),
        ("Herons nest here.", []),
        ("He saw Herons. Herons nest here.", ["Herons", "Herons"]),
        ("Dr. Bo Lind’s plan", ["Dr. Bo Lind"]),
    ],
)
def test_names_are_recognised_by_their_capitals(text: str, found: list[str]) -> None:
    assert [name.text for name in names(text)] == found


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("What did the report say about fish stocks?", "fish stocks"),
        ("How deep is the lake?", "the lake"),
        ("What happened?", None),
    ],
)
def test_the_topic_is_recognised_by_its_place(question: str, about: str | None) -> None:
    assert topic(question) == about
