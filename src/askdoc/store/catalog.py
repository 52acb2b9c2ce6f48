"""The catalog in SQLite, with full text by FTS5."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from askdoc.store.files import folder_bytes
from askdoc.store.packing import quoted_term, unpack_id
from askdoc.store.reader import Row
from askdoc.store.schema import compact, connect, shorten_journal, translating
from askdoc.store.sql_catalog import SqlCatalog
from askdoc.types import Hit

_SEARCH = """
    SELECT c.id, hits.score FROM (
        SELECT rowid AS key, -bm25(lexicon) AS score FROM lexicon
        WHERE lexicon MATCH ? ORDER BY score DESC LIMIT ?
    ) hits JOIN chunks c ON c.key = hits.key
"""
# The `+` stops SQLite from using an index here: it would look it up once per chunk.
_SEARCH_WITHIN = """
    SELECT c.id, hits.score FROM (
        SELECT rowid AS key, -bm25(lexicon) AS score FROM lexicon
        WHERE lexicon MATCH ? AND +rowid IN (
            SELECT c.key FROM chunks c JOIN documents d ON d.key = c.document
            WHERE d.version = 1 AND d.id IN (SELECT value FROM json_each(?))
        ) ORDER BY score DESC LIMIT ?
    ) hits JOIN chunks c ON c.key = hits.key
"""


class SqliteCatalog(SqlCatalog):
    """The catalog in the folder of an index; with `write`, it is created if missing.

    Raises:
        NoIndex: there is no catalog to read. IndexTooNew: a newer askdoc made it.
        IndexCorrupt: it is damaged.

    """

    def __init__(self, folder: Path, root: Path, *, write: bool = False) -> None:
        super().__init__(str(folder), root, write=write)
        self._folder = folder
        self._connection = connect(folder, write=write)
        if not write:
            self.refresh()

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, for operations on whole tables."""
        return self._connection

    def regroup(self, groups_of: Callable[[str], Sequence[str]]) -> None:
        """Do nothing: there are no groups in a folder."""

    def rest(self) -> None:
        """Do nothing: to read a file keeps nobody else from it."""

    def close(self) -> None:
        """Close the file; a writer compacts it first."""
        if self._write:
            compact(self._connection)
        self._connection.close()

    def refresh(self) -> None:
        """See the current state."""
        self._forget()
        with translating(self._folder):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._connection.execute("BEGIN")
            self._connection.execute("SELECT 1 FROM meta").fetchone()
        shorten_journal(self._folder)

    def search(
        self,
        terms: Sequence[str],
        limit: int,
        documents: Collection[str] | None = None,
        *,
        together: Sequence[Sequence[str]] = (),
    ) -> list[Hit]:
        """Rank chunks with FTS5's BM25."""
        expression = " OR ".join(quoted_term(term) for term in self._rarest(terms))
        for run in together:
            phrase = " + ".join(quoted_term(term) for term in run)
            expression = f"({expression}) AND ({phrase})" if expression else phrase
        if not expression or limit < 1 or (documents is not None and not documents):
            return []
        if documents is None:
            rows = self._all(_SEARCH, expression, limit)
        else:
            rows = self._all(_SEARCH_WITHIN, expression, json.dumps(sorted(documents)), limit)
        hits = [Hit(unpack_id(chunk), float(score)) for chunk, score in rows]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))

    def check(self) -> list[str]:
        """Return one sentence per damage; empty if there is none. Reads the whole file."""
        rows = self._all("PRAGMA integrity_check(5)")
        return [str(row[0]) for row in rows if row[0] != "ok"]

    def size(self) -> int:
        """Return how many bytes the folder of the index takes."""
        return folder_bytes(self._folder)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all changes in this block at once, or none."""
        if self._connection.in_transaction:
            yield
            return
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    # ── helpers ─────────────────────────────────────────────────────────────────────────────────

    def _all(self, statement: str, *values: Any) -> list[Row]:
        with translating(self._folder):
            return self._connection.execute(statement, values).fetchall()

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # after some errors SQLite has rolled back by itself
            self._run("ROLLBACK")

    def _run(self, statement: str, *values: Any) -> None:
        with translating(self._folder):
            self._connection.execute(statement, values)

    def _many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with self.transaction(), translating(self._folder):
            self._connection.executemany(statement, rows)

    def _list(self, keys: Sequence[int]) -> None:
        rows = ((chunk, terms) for _, chunk, terms in self._terms(keys))
        self._many("INSERT INTO lexicon (rowid, terms) VALUES (?, ?)", rows)

    def _unlist(self, key: int) -> None:
        rows = ((chunk, terms) for _, chunk, terms in self._terms([key]))
        self._many("INSERT INTO lexicon (lexicon, rowid, terms) VALUES ('delete', ?, ?)", rows)

    def _clear_full_text(self) -> None:
        self._run("INSERT INTO lexicon (lexicon) VALUES ('delete-all')")
