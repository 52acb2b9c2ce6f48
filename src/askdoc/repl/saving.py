"""Commands about sessions and suites: resume, clear, save a case."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from askdoc.errors import UsageError
from askdoc.evals import suite
from askdoc.evals.draft import case_name
from askdoc.render.answers import answer_lines
from askdoc.render.layout import BLANK, hang, named
from askdoc.render.places import NumberedPlace, numbered
from askdoc.render.sessions import exchange_lines, session_lines
from askdoc.repl.command import Command, Completes, Quit, number, split
from askdoc.repl.lines import sources
from askdoc.types import EvalCase, GoldEvidence

if TYPE_CHECKING:
    from askdoc.repl.session import Session
    from askdoc.workspace import Workspace

_SUITE = "questions"
_NONE = "none"
_NUMBERS = re.compile(r"\[?\d+\]?(?:,\[?\d+\]?)*")
_SHOWN = 3
"""Exchanges printed when a session is resumed."""


def sessions(session: Session, arguments: str) -> None:
    """List the saved sessions of this workspace, or delete some."""
    words = split(arguments)
    page = session.pages.output()
    if words[:1] == ["delete"]:
        numbers = [number(word) for word in words[1:]]
        if not numbers:
            message = "say which sessions to delete"
            raise UsageError(message, hint="`/sessions delete N`; `/sessions` lists them")
        own = session.session_id in numbers
        deleted = session.delete(numbers)
        text = "; that was this session, and the next question begins a new one"
        page.show([hang(Text(f"deleted {deleted}{text if own else ''}", style="faint"), page)])
        return
    if words:
        message = f"`/sessions` does not take `{words[0]}`"
        raise UsageError(
            message, hint="delete one: `/sessions delete N`; continue one: `/resume N`"
        )
    page.show(session_lines(session.listed(), page, here=session.session_id))


def resume(session: Session, arguments: str) -> None:
    """Continue a saved session."""
    if arguments.strip():
        chosen = number(arguments)
    else:
        there = [item.id for item in session.kept().sessions(session.scope.key)]
        if not there:
            message = "this workspace has no saved session"
            raise UsageError(message)
        chosen = next((one for one in there if one != session.session_id), there[0])
    session.resume(chosen)
    page = session.pages.output()
    hidden = max(0, len(session.exchanges) - _SHOWN)
    if hidden:
        page.show([Text(f"… {hidden} earlier", style="faint"), BLANK])
    for turn, exchange in enumerate(session.exchanges[hidden:], start=hidden + 1):
        page.show(exchange_lines(exchange, page, turn))
        page.show(answer_lines(exchange.answer, page))
        page.show([BLANK])


def clear(session: Session, _: str) -> None:
    """Start a new session on a clear screen."""
    session.forget()
    page = session.pages.output()
    if page.width:
        page.console.clear()


def eval_(session: Session, arguments: str) -> None:
    """Save the last question and its source as a case of a suite."""
    words = split(arguments)
    if words[:1] != ["add"]:
        message = "`/eval` takes `add`"
        raise UsageError(message, hint="`/eval add N` keeps the last question with source N")
    chosen, names = words[1:2], words[2:]
    if chosen and not (chosen[0] == _NONE or _NUMBERS.fullmatch(chosen[0])):
        chosen, names = [], words[1:]
    if len(names) > 1:
        message = f"one suite at a time, not `{' '.join(names)}`"
        raise UsageError(message)
    picked = _picked(session, chosen[0] if chosen else _choice(session))
    case = _case(session.last().question, picked)
    path = _suite(_home(session, picked), names[0] if names else _SUITE)
    page = session.pages.output()
    for other in suite.there(path):
        if case == replace(other, id=case.id):
            same = f"{session.seen(str(path))} has this case already: `{other.id}`"
            page.show([hang(named(same, "faint"), page)])
            return
        if case.question == other.question and case.answerable != other.answerable:
            text = "do not hold the answer" if case.answerable else "hold the answer"
            message = f"{session.seen(str(path))} already says that the documents {text}"
            hint = f"change `{other.id}` there, or name another suite: `/eval add N SUITE`"
            raise UsageError(message, hint=hint)
    case = replace(case, id=suite.free_id(path, case.id))
    suite.append(path, [case])
    added = f"added `{case.id}` to {session.seen(str(path))}"
    page.show([hang(named(added, "faint"), page)])


def quit_(session: Session, _: str) -> None:
    """Leave."""
    del session
    raise Quit


def _choice(session: Session) -> str:
    """Ask which source answers the question."""
    session.last()
    if session.prompt is None:
        message = "say which source answers the question"
        raise UsageError(message, hint="`/eval add 1`, or `/eval add none` where none does")
    if session.places():
        sources(session, "")
    return session.prompt("Which source answers it? A number, or none: ").strip() or "?"


def _picked(session: Session, chosen: str) -> list[NumberedPlace]:
    """Return the places with these numbers; `none` means no place."""
    if chosen == _NONE:
        session.last()
        return []
    found = session.places()
    numbers = dict.fromkeys(number(part) for part in chosen.split(","))
    return [numbered(found, wanted) for wanted in numbers]


def _home(session: Session, picked: list[NumberedPlace]) -> Workspace:
    """Return the workspace whose suite takes a case with those places."""
    homes = {place.document.library: session.scope.holder(place.document) for place in picked}
    if len(homes) == 1:
        return next(iter(homes.values()))
    return session.scope.only("a case is about")


def _case(question: str, picked: list[NumberedPlace]) -> EvalCase:
    return EvalCase(
        id=case_name(question),
        question=question,
        evidence=tuple(GoldEvidence(place.document.path, place.text) for place in picked),
        answerable=bool(picked),
        tags=("session",),
    )


def _suite(workspace: Workspace, name: str) -> Path:
    """Return the file of the suite called `name`; it need not exist."""
    if not re.fullmatch(r"[\w][\w. -]*", name):
        message = f"not a name for a suite: `{name}`"
        raise UsageError(message, hint="use letters, digits, `-` and `_`")
    return workspace.evals / f"{name.removesuffix('.jsonl')}.jsonl"


COMMANDS = (
    Command(
        "sessions",
        "[delete N …]",
        "List the saved sessions of this workspace",
        "`/sessions delete 3 4` deletes two of them. `askdoc history` does the same, and exports.",
        sessions,
        Completes.SESSIONS_TO_DELETE,
    ),
    Command(
        "resume",
        "[N]",
        "Continue session N, or the latest",
        "Without a number, it is the latest other one. Follow-ups then refer to its questions.",
        resume,
        Completes.SESSIONS,
    ),
    Command(
        "eval",
        "add [N[,N …]|none] [SUITE]",
        "Save the last question as a case, with the source that answers it",
        "Alone, it lists the sources and asks for the number. `none` says that the documents do "
        "not hold the answer. The suite is `questions` if you name no other.",
        eval_,
        Completes.SUITES,
    ),
    Command(
        "clear",
        "",
        "Clear the screen and begin a new session",
        "The session so far stays saved. Ctrl-L only clears the screen.",
        clear,
    ),
    Command("quit", "", "Leave; so does Ctrl-D", "The session stays saved.", quit_),
)
