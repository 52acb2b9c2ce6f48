"""Completes a follow-up question, by a language model if one can, else by rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from askdoc import app
from askdoc.chat.followups import is_repeated, unknown_person
from askdoc.chat.rewriter import completed, is_follow_up
from askdoc.errors import NoIndex
from askdoc.render.notices import ModelNotices
from askdoc.repl.wait import Waiting
from askdoc.settings import ENGLISH
from askdoc.types.ports import Listener

if TYPE_CHECKING:
    from askdoc.ask.federate import Asked
    from askdoc.repl.session import Session


def standing_alone(session: Session, asked: str, waiting_for: Callable[[], str]) -> str:
    """Return the typed question, completed from the turns of a session."""
    before = session.exchanges[-1] if session.exchanges else None
    if before and before.asked != before.question and is_repeated(asked, before.asked):
        return before.question
    turns = [exchange.turn for exchange in session.exchanges]
    language = app.language_of(asked, session.scope.settings)
    if not is_follow_up(asked, turns, language):
        return asked

    def job(_asked: Asked, _listen: Listener) -> str:
        return session.engine.completed(asked, turns, language)

    notices = ModelNotices(session.pages.errors())
    with Waiting(session.pages.output(), waiting_for) as waiting:

        def on_event(event: object) -> None:
            if notices.tells(event):
                with waiting.paused():
                    notices(event)

        try:
            return session.engine.call(job, on_event)
        except NoIndex:  # the answer will build the index
            return completed(asked, turns, None, language=language)


def note_on_rewriting(session: Session, asked: str, question: str) -> str | None:
    """Return a note if a pronoun stays open, or if the same question was asked before.

    English only: for other languages there are no rules.
    """
    if not session.exchanges:
        return None
    earlier = {exchange.question for exchange in session.exchanges}
    typed_again = is_repeated(asked, session.exchanges[-1].asked)
    if question != asked and question in earlier and not typed_again:
        return "the same question again; `/sources` lists all the evidence"
    if app.language_of(question, session.scope.settings) != ENGLISH:
        return None
    unknown = unknown_person(question)
    if unknown is None:
        return None
    text = f"nothing said so far says who `{unknown}` is"
    return f"{text}; asked as typed" if question == asked else text
