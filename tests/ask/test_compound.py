from __future__ import annotations

import pytest

from askdoc.ask.query import parts


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "When was Rodin born, and where did he die?",
            ["When was Rodin born", "Where did Rodin die?"],
        ),
        (
            "Who is the dean of the college? What did Xue Lan say about talent?",
            ["Who is the dean of the college?", "What did Xue Lan say about talent?"],
        ),
        (
            "What is the staple food of China and how many ethnic groups does China have?",
            [
                "What is the staple food of China",
                "how many ethnic groups does China have?",
            ],
        ),
    ],
)
def test_several_questions_are_parted(question: str, expected: list[str]) -> None:
    assert parts(question) == expected


def test_a_part_that_leans_on_another_takes_its_topic_along() -> None:
    first, second = parts("Who wrote the report and when was it published?")
    assert first == "Who wrote the report"
    assert "published" in second
    assert "report" in second


def test_a_bare_question_word_takes_up_the_question_before() -> None:
    first, second = parts("When did the museum buy the painting, and why?")
    assert first == "When did the museum buy the painting"
    assert second.lower().startswith("why did the museum buy the painting")


@pytest.mark.parametrize(
    "question",
    [
        "What did Xue Lan say about isolation?",
        "Who and when?",
        "What do people who work and who live in the park do?",
        "What is known about supply and demand?",
        "How are salt and what is left of the brine separated?",
        "isolation and innovation",
        "Is it known who founded the park and when it opened?",
        "",
        "What happened? ",
        "Why? Why? Why? Why?",
    ],
)
def test_one_question_stays_one(question: str) -> None:
    assert parts(question) == [question]
