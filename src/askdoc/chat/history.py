"""What is kept of interactive sessions: questions with their answers, under a title and a date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from askdoc.strings import one_line
from askdoc.types import Answer, Turn

_TITLE = 70
"""Characters of a title at most."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer: `asked` as typed, `question` as it stood alone, `at` in UTC."""

    asked: str
    question: str
    answer: Answer
    at: datetime

    @property
    def turn(self) -> Turn:
        """What a later question may lean on."""
        return Turn(self.question, " ".join(claim.text for claim in self.answer.claims))


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """One kept session; `workspace` is the absolute folder it was held in, times are in UTC."""

    id: int
    title: str
    workspace: str
    started: datetime
    updated: datetime
    exchanges: int


class SessionStore(Protocol):
    """Keeps sessions; an exchange is safe once `add` has returned."""

    def begin(self, workspace: str, title: str, at: datetime) -> int:
        """Start a session and return its id."""

    def add(self, session_id: int, exchange: Exchange) -> bool:
        """Keep one more exchange of a session; False where that was deleted, so nothing is kept."""

    def sessions(self, workspace: str | None = None) -> list[SessionSummary]:
        """List the sessions of a workspace, or of all, the latest first."""

    def exchanges(self, session_id: int) -> list[Exchange]:
        """List what was asked in a session, in order; empty where there is no such session."""

    def delete(self, session_ids: Sequence[int]) -> int:
        """Delete sessions with all their exchanges, and count those that were there."""

    def close(self) -> None:
        """Let go of the file."""


def missing_from(
    store: SessionStore, workspace: str | None, session_ids: Sequence[int]
) -> list[int]:
    """List those of `session_ids` that are no sessions of a workspace, or of none at all.

    Numbers count through all workspaces, so that a mistyped one may well be another's.
    """
    known = {item.id for item in store.sessions(workspace)}
    return [number for number in session_ids if number not in known]


def title_of(question: str) -> str:
    """Name a session by its first question, cut at a word."""
    text = one_line(question)
    if len(text) <= _TITLE:
        return text
    return text[:_TITLE].rsplit(" ", 1)[0].rstrip(" ,;:-") + " …"
