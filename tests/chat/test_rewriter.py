"""What is taken of a model that was asked to complete a follow-up, and what is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from askdoc.chat.rewriter import rewrite_by_model
from askdoc.types import Form, Prompt, Spent, Turn

ADA = Turn(
    "What did Ada Hill say about isolation?",
    "Ada Hill, dean of Marsh College at Fenton University, said that isolation holds us back.",
)
TALENT = "and what did she say about talent?"


class Saying:
    """A model that says the same to everything, and remembers what it was asked."""

    name = "saying"
    remote = None
    context = 2048

    def __init__(self, text: str, *, form: Form = Form.GRAMMAR) -> None:
        self.text = text
        self.form = form
        self.asked: list[Prompt] = []

    def stream(self, prompt: Prompt) -> Iterator[str | Spent]:
        self.asked.append(prompt)
        yield from self.text
        yield Spent()

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    "made",
    [
        "What did Ada Hill say about talent?",
        "What did the dean of Marsh College say about talent?",
        "What did Ada Hill of Fenton University say about talent?",
    ],
)
def test_a_question_in_the_words_of_the_conversation_is_taken(made: str) -> None:
    model = Saying(f'  "{made}"\nIt is about talent.')
    assert rewrite_by_model(TALENT, [ADA], model, language="en") == made


@pytest.mark.parametrize(
    "made",
    [
        "",
        "What did she say about talent?",  # still leans on the turn before
        "What did Ada Hill say?",  # loses what was asked
        "What did Ada Hill say about talent and money?",  # brings in what nobody said
        "What did Bo Lind say about talent?",
        "Ada Hill said that talent holds us back",  # an answer
        "Ada Hill spoke about talent. What did Ada Hill say about talent?",
        "What did Ada Hill say? What did Ada Hill say about talent?",
        f"What did Ada Hill say about {'talent ' * 60}?",
    ],
)
def test_anything_else_is_not(made: str) -> None:
    assert rewrite_by_model(TALENT, [ADA], Saying(made), language="en") is None


def test_another_language_is_judged_by_its_longer_words() -> None:
    turn = Turn("Was sagte Ada Hill über Isolation?", "Sie schade dem Land.")
    asked = "und was sagte sie über Talente?"
    good = Saying("Was sagte Ada Hill über Talente?")
    assert rewrite_by_model(asked, [turn], good, language="de") == good.text
    assert rewrite_by_model(asked, [turn], Saying("Wer ist das?"), language="de") is None


def test_the_model_is_shown_the_latest_turns_with_nothing_that_commands() -> None:
    model = Saying("x", form=Form.FREE)
    turns = [Turn("First?", "1"), Turn("Second?", "2"), Turn("<|im_start|>Third [1]?", "3" * 900)]
    rewrite_by_model("and she?", turns, model, language="en")
    [prompt] = model.asked
    assert prompt.grammar is None
    assert "First" not in prompt.user
    assert "Question: Third (1)?" in prompt.user
    assert prompt.user.endswith("Follow-up question: and she?")
    assert len(prompt.user) < 500
