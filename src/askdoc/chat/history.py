"""Saved sessions: questions with their answers, under a title and a date."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from askdoc.errors import UsageError
from askdoc.formats import answer_to_json
from askdoc.paths import seen_from
from askdoc.strings import one_line
from askdoc.types import Answer, Citation, FileState, Status, Turn
from askdoc.types.places import place_suffix

_TITLE = 70
"""Characters of a title at most."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer.

    `asked` as typed, `question` with its full meaning, `at` in UTC.
    """

    asked: str
    question: str
    answer: Answer
    at: datetime

    @property
    def turn(self) -> Turn:
        """The turn that a later question may refer to."""
        return Turn(self.question, " ".join(claim.text for claim in self.answer.claims))


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One saved session; `workspace` is its absolute folder, times are in UTC."""

    id: int
    title: str
    workspace: str
    started: datetime
    updated: datetime
    exchanges: int


class SessionStore(Protocol):
    """Saves sessions. Once `add` has returned, an exchange survives a crash."""

    def begin(self, workspace: str, title: str, at: datetime) -> int:
        """Start a session and return its id."""

    def add(self, session_id: int, exchange: Exchange) -> bool:
        """Save one more exchange; return False, and save nothing, if the session was deleted."""

    def sessions(self, workspace: str | None = None) -> list[SessionSummary]:
        """List the sessions of a workspace, or of all, the latest first."""

    def exchanges(self, session_id: int) -> list[Exchange]:
        """List the exchanges of a session in order; empty if there is no such session."""

    def delete(self, session_ids: Sequence[int]) -> int:
        """Delete sessions with their exchanges; return how many existed."""

    def close(self) -> None:
        """Close the file."""


def missing_from(
    store: SessionStore, workspace: str | None, session_ids: Sequence[int]
) -> list[int]:
    """List those of `session_ids` that are not sessions of `workspace` (None: of any workspace).

    All workspaces share one numbering, so a mistyped number may belong to another workspace.
    """
    known = {item.id for item in store.sessions(workspace)}
    return [number for number in session_ids if number not in known]


def title_of(question: str) -> str:
    """Name a session by its first question, cut at a word."""
    text = one_line(question)
    if len(text) <= _TITLE:
        return text
    return text[:_TITLE].rsplit(" ", 1)[0].rstrip(" ,;:-") + " …"


SESSION = "askdoc.session/1"

_JSON = ".json"
_MARKDOWN = (".md", ".markdown", ".txt", "")
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")


def is_json(path: Path) -> bool:
    """Tell by its suffix whether to write a file as JSON (True) or Markdown (False).

    Raises:
        UsageError: the suffix is another one.

    """
    ending = path.suffix.lower()
    if ending not in (_JSON, *_MARKDOWN):
        message = f"a session is not written as `{ending}`"
        raise UsageError(message, hint="name a file `.md` for Markdown, or `.json` for JSON")
    return ending == _JSON


def to_json(title: str, exchanges: Sequence[Exchange], *, base: Path) -> dict[str, Any]:
    """Return a session as plain values; each answer as `askdoc ask --json` prints it."""
    return {
        "schema": SESSION,
        "title": title,
        "turns": [
            {
                "asked": exchange.asked,
                "question": exchange.question,
                "at": exchange.at.isoformat(timespec="seconds"),
                "answer": answer_to_json(exchange.answer, base=base),
            }
            for exchange in exchanges
        ],
    }


def to_markdown(title: str, exchanges: Sequence[Exchange], *, base: Path) -> str:
    """Return a session as Markdown, each answer with its quotes and their places."""
    blocks = [f"# {_escaped(title)}"]
    for exchange in exchanges:
        blocks.extend(_exchange(exchange, base))
    return "\n\n".join(blocks) + "\n"


def answer_markdown(exchange: Exchange, *, base: Path) -> str:
    """Return one question with its answer as Markdown, as in a session."""
    return "\n\n".join(_exchange(exchange, base)) + "\n"


def answer_text(answer: Answer, *, base: Path) -> str:
    """Return an answer as plain text to paste: its claims, then one line per source."""
    if answer.status is Status.ABSTAINED:
        return f"{_reason(answer)}\n"
    sources = [
        f"[{item.label}] {_where(item, base)}: “{one_line(item.quote)}”"
        for item in answer.citations
    ]
    return "\n".join([answer.text, "", *sources]) + "\n"


def _exchange(exchange: Exchange, base: Path) -> Iterator[str]:
    yield f"## {_escaped(exchange.question)}"
    if exchange.asked != exchange.question:
        yield f"Asked as: {_escaped(exchange.asked)}"
    yield from _answer(exchange.answer, base)


def _answer(answer: Answer, base: Path) -> Iterator[str]:
    if answer.status is Status.ABSTAINED:
        yield _escaped(_reason(answer))
        return
    for claim in answer.claims:
        marks = "".join(f" [{label}]" for label in claim.citations)
        yield _escaped(claim.text) + marks
    for item in answer.citations:
        changed = "" if item.file_state is FileState.CURRENT else f" ({item.file_state})"
        yield f"[{item.label}] {_escaped(_where(item, base))}{changed}\n> {_escaped(item.quote)}"


def _reason(answer: Answer) -> str:
    message = answer.reason.message if answer.reason else ""
    return f"{message[:1].upper()}{message[1:]}."


def _where(item: Citation, base: Path) -> str:
    file = seen_from(base, item.document.file) + item.document.inside
    return f"{file}{place_suffix(item.place, item.line_start, item.line_end)}"


def _escaped(text: str) -> str:
    """Escape what Markdown would read as markup."""
    return _MARKUP.sub(r"\\\1", one_line(text))
