"""Saved sessions in one SQLite file of the user.

Each exchange is committed at once, so a crash loses at most the current one. Only the user can read
the file, because it has questions and quotes.
"""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from askdoc.chat.history import Exchange, SessionSummary
from askdoc.errors import AskdocError, StoreError
from askdoc.formats import answer_from_json, answer_to_json

FILE_NAME = "sessions.sqlite"

_VERSION = 1
_PRIMARY = 0xFF
"""Mask of SQLite's primary result code within an extended one."""
_TABLES = """
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, workspace TEXT NOT NULL, title TEXT NOT NULL,
    started TEXT NOT NULL, updated TEXT NOT NULL
);
CREATE INDEX sessions_by_workspace ON sessions (workspace, updated);
CREATE TABLE exchanges (
    session INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE, number INTEGER NOT NULL,
    asked TEXT NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (session, number)
) WITHOUT ROWID;
"""


class SqliteSessions:
    """A `SessionStore` in `folder`, which is created if it is missing.

    Raises:
        StoreError: the file cannot be used, or a newer askdoc made it.

    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME
        with self._translating():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file.touch(mode=0o600)
            self._connection = sqlite3.connect(self._file, isolation_level=None, timeout=10)
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def begin(self, workspace: str, title: str, at: datetime) -> int:
        """Start a session and return its id."""
        row = self._one(
            "INSERT INTO sessions (workspace, title, started, updated) VALUES (?, ?, ?, ?) "
            "RETURNING id",
            _storable(workspace),
            _storable(title),
            _written(at),
            _written(at),
        )
        return int(row[0])

    def add(self, session_id: int, exchange: Exchange) -> bool:
        """Save one more exchange; return False, and save nothing, if the session was deleted."""
        answer = json.dumps(answer_to_json(exchange.answer, base=self._base))
        with self._translating(), self._transaction():
            known = self._connection.execute(
                "UPDATE sessions SET updated = ? WHERE id = ?", (_written(exchange.at), session_id)
            )
            if known.rowcount:
                self._connection.execute(
                    """INSERT INTO exchanges SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5
                       FROM exchanges WHERE session = ?1""",
                    (
                        session_id,
                        _storable(exchange.asked),
                        _storable(exchange.question),
                        answer,
                        _written(exchange.at),
                    ),
                )
        return known.rowcount > 0

    def sessions(self, workspace: str | None = None) -> list[SessionSummary]:
        """List the sessions of a workspace, or of all, the latest first."""
        rows = self._all(
            """SELECT id, title, workspace, started, updated,
                      (SELECT count(*) FROM exchanges WHERE session = id)
               FROM sessions WHERE ?1 IS NULL OR workspace = ?1 ORDER BY updated DESC, id DESC""",
            None if workspace is None else _storable(workspace),
        )
        return [
            SessionSummary(id_, title, where, _read(started), _read(updated), count)
            for id_, title, where, started, updated, count in rows
        ]

    def exchanges(self, session_id: int) -> list[Exchange]:
        """List the exchanges of a session in order; empty if there is no such session."""
        rows = self._all(
            "SELECT asked, question, answer, at FROM exchanges WHERE session = ? ORDER BY number",
            session_id,
        )
        with self._translating():
            return [
                Exchange(
                    asked,
                    question,
                    answer_from_json(json.loads(answer), base=self._base),
                    _read(at),
                )
                for asked, question, answer, at in rows
            ]

    def delete(self, session_ids: Sequence[int]) -> int:
        """Delete sessions with their exchanges; return how many existed."""
        with self._translating(), self._transaction():
            return sum(
                self._connection.execute("DELETE FROM sessions WHERE id = ?", (id_,)).rowcount
                for id_ in session_ids
            )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    # ── helpers ─────────────────────────────────────────────────────────────────────────────────

    @property
    def _base(self) -> Path:
        """Paths are stored absolute: relative to the root of the file system."""
        return Path(self._file.anchor)

    def _prepare(self) -> None:
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA secure_delete = ON")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > _VERSION:
            message = f"a newer askdoc made `{self._file}`"
            raise StoreError(message, hint=f"update askdoc, or {self._move_away}")
        if version == 0:
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;"
            )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:  # on a full disk SQLite has rolled back itself
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _all(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._translating():
            return self._connection.execute(statement, values).fetchall()

    def _one(self, statement: str, *values: Any) -> tuple[Any, ...]:
        return self._all(statement, *values)[0]

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except AskdocError:
            raise
        except (sqlite3.Error, OSError, ValueError) as error:
            why = (error.strerror or str(error)).lower() if isinstance(error, OSError) else error
            message = f"cannot keep sessions in `{self._file}`: {why}"
            raise StoreError(message, hint=self._hint(error)) from error

    def _hint(self, error: Exception) -> str:
        """Return a hint that fits the error."""
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return "another askdoc is writing to it: try again"
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            return "see to the disk that it is on"
        if isinstance(error, OSError) or code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            there = next(one for one in (self._file, *self._file.parents) if one.exists())
            return f"let yourself write to `{there}`; `XDG_STATE_HOME` names another folder"
        return self._move_away

    @property
    def _move_away(self) -> str:
        file = shlex.quote(str(self._file))
        return f"move the file away, and a new one is made: `mv {file} {file}.old`"


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _storable(text: str) -> str:
    """Replace lone surrogates, which a file's name can hold and SQLite cannot."""
    return text.encode("utf-8", "replace").decode()
