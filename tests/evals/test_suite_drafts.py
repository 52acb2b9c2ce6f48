from __future__ import annotations

import pytest

from askdoc.evals.draft import RULES, Sentence, draft
from askdoc.evals.suite import DRAFT

TEXTS = {
    "statement": (
        "Ada Hill, dean of Northern College, said that no country can prosper in isolation.",
        "What did Ada Hill say about isolation?",
        "no country can prosper in isolation",
    ),
    "date": (
        "The Northern Railway Museum was founded by volunteers in May 1911 near the harbour.",
        "When was the Northern Railway Museum founded?",
        "May 1911",
    ),
    "place": (
        "The Pine Valley Observatory is located in Upper Fallen, on a hill above the lake.",
        "Where is the Pine Valley Observatory located?",
        "Upper Fallen",
    ),
    "name": (
        "Olga Berg, head of the Lake Survey, opened the meeting with a short report.",
        "Who is the head of the Lake Survey?",
        "Olga Berg",
    ),
    "definition": (
        "Kelpfarm is a growing of large brown seaweed in coastal waters for food.",
        "What is Kelpfarm?",
        "a growing of large brown seaweed in coastal waters for food",
    ),
    "number": (
        "The Danish Mountain Club has 4,800 members who meet every summer in the hills.",
        "How many members does the Danish Mountain Club have?",
        "4,800",
    ),
    "reason": (
        "The Castle Bridge was closed, because its northern pillars had sunk into the mud.",
        "Why was the Castle Bridge closed?",
        "its northern pillars had sunk into the mud",
    ),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_each_rule_asks_for_one_part_of_a_sentence(kind: str) -> None:
    text, question, answer = TEXTS[kind]
    made = [(d.kind, d.question, d.answer) for rule in RULES for d in rule(text)]
    assert any(d[:2] == (kind, question) and d[2].startswith(answer) for d in made), made


def pool() -> list[Sentence]:
    return [Sentence(f"{kind}.txt", text) for kind, (text, _, _) in TEXTS.items()]


def test_drafts_have_their_evidence_and_answer_by_construction() -> None:
    drafted = draft(pool(), 20, refused=0)
    assert len({tag for case in drafted for tag in case.tags} - {DRAFT}) >= 5
    texts = {sentence.document: sentence.text for sentence in pool()}
    for case in drafted:
        assert DRAFT in case.tags
        (gold,) = case.evidence
        assert gold.quote == texts[gold.document]
        assert case.answers[0] in gold.quote


def test_some_drafts_ask_for_what_no_document_says() -> None:
    drafted = draft(pool(), 10, refused=0.3)
    refused = [case for case in drafted if not case.answerable]
    assert len(refused) == 3
    known = {word.lower() for sentence in pool() for word in sentence.text.split()}
    for case in refused:
        assert case.tags == (DRAFT, "near miss")
        assert {word.strip("?").lower() for word in case.question.split()} - known - {
            "what", "did", "say", "when", "where", "who", "is", "was", "about",
        }  # fmt: skip


def test_the_same_sentences_and_seed_give_the_same_drafts() -> None:
    assert draft(pool(), 10, seed=3) == draft(pool(), 10, seed=3)


def test_sentences_that_lean_on_others_or_are_cut_make_no_draft() -> None:
    leaning = [
        "He said that no country can become great in complete isolation.",
        "It was founded by volunteers in May 1911 near the old harbour.",
        "the Northern Railway Museum was founded in 1911 by the sea",
        "Short was made in 1911.",
    ]
    assert draft([Sentence("a.txt", text) for text in leaning], 10) == []


def test_a_question_with_two_answers_is_left_out() -> None:
    two = [
        Sentence("a.txt", "The Harbour Museum was founded by volunteers in May 1911 in the town."),
        Sentence("b.txt", "The Harbour Museum was founded by the city in June 1950 as a school."),
    ]
    assert draft(two, 10, refused=0) == []


@pytest.mark.parametrize(
    "text",
    [
        "Critics said that the film owed much to the tradition of silent cinema.",
        "Performance testing is the part of the work that most people would rather avoid.",
        "Following is an example of the output for a network that has one service attached.",
        "A second version of Castle Bridge was released on 4 June 2012 by the same company.",
        "Shirer argues that the fatal decision was the delay, because it took too many weeks.",
        "The Castle Bridge was so called because its northern pillars had sunk into the mud.",
        "The Harbour Museum had 10, the only one of its kind that was ever on show there.",
        "Mara Lind said that nobody would want to pay for what the others broke yesterday.",
    ],
)
def test_a_sentence_that_makes_no_question_a_person_could_ask_makes_none(text: str) -> None:
    others = "All critics, the performance and the following are ordinary words here, in the end."
    assert draft([Sentence("a.txt", text), Sentence("b.txt", others)], 10) == []


def test_a_near_miss_asks_for_what_no_sentence_joins() -> None:
    said = [
        Sentence("a.txt", "Ada Hill said that no country can prosper for long in isolation."),
        Sentence("a.txt", "Olga Berg said that the harbour needs a great deal of investment."),
    ]
    missed = [case.question for case in draft(said, 4, refused=0.5) if not case.answerable]
    assert sorted(missed) == [
        "What did Ada Hill say about investment?",
        "What did Olga Berg say about isolation?",
    ]
