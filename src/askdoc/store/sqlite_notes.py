"""What the catalog notes beside documents: settings, sources, what is left out and why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from askdoc.store.packing import pack_name, unpack_name
from askdoc.store.reader import SqliteReader
from askdoc.store.schema import translating
from askdoc.types import Found, Skip


class SqliteNotes(SqliteReader):
    """The part of a `Catalog` that needs no documents; with `write`, made where missing."""

    def __init__(self, folder: Path, root: Path, *, write: bool = False) -> None:
        self._write = write
        super().__init__(folder, root)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all changes within visible at once, or none of them; inner ones join the outer."""
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

    def keep(self, key: str, value: str) -> None:
        """Remember a value with the index."""
        self._run("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)

    def keep_sources(self, locations: Collection[str]) -> None:
        """Replace the list of what is kept in the index."""
        with self.transaction():
            self._run("DELETE FROM sources")
            self._many("INSERT INTO sources VALUES (?)", ((pack_name(name),) for name in locations))

    def exclude(self, locations: Collection[str]) -> None:
        """Keep those files from coming back by themselves."""
        self._many(
            "INSERT OR IGNORE INTO exclusions VALUES (?)", ((pack_name(n),) for n in locations)
        )

    def include(self, locations: Collection[str]) -> None:
        """Undo `exclude`."""
        self._many(
            "DELETE FROM exclusions WHERE location = ?", ((pack_name(n),) for n in locations)
        )

    def record_skips(
        self, skips: Iterable[tuple[Skip, Found | None]], *, forget: Iterable[str] = ()
    ) -> None:
        """Note what was seen and not indexed, and strike off the locations to `forget`.

        A skip comes with its file where the content is the reason, so that it need not be read
        again until it changes.
        """
        with self.transaction():
            self._many("DELETE FROM skipped WHERE location = ?", ((pack_name(n),) for n in forget))
            self._many(
                "INSERT OR REPLACE INTO skipped VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (
                        pack_name(skip.location),
                        skip.code,
                        skip.reason,
                        skip.hint,
                        found.size if found else None,
                        found.modified_ns if found else None,
                    )
                    for skip, found in skips
                ),
            )

    def read_before(self) -> dict[str, tuple[Skip, int, int]]:
        """Map the location of each file that was skipped for its content to skip, size and time."""
        rows = self._all("SELECT * FROM skipped WHERE size IS NOT NULL")
        return {
            (name := unpack_name(location)): (Skip(name, code, reason, hint), size, modified)
            for location, code, reason, hint, size, modified in rows
        }

    # ── below here: how ─────────────────────────────────────────────────────────────────────────

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # on some errors SQLite has done so itself
            self._run("ROLLBACK")

    def _run(self, statement: str, *values: Any) -> None:
        with translating(self._folder):
            self._connection.execute(statement, values)

    def _many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        with self.transaction(), translating(self._folder):
            self._connection.executemany(statement, rows)
