"""Several runs that index one library: each file is read by one of them at a time.

A run claims a file by a row, which PostgreSQL locks while it decides. The claim holds as long as
the run extends its lease. The documents of a run wait, complete but not published, until its end;
if it is killed, the next run publishes those whose files are still the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from askdoc.store.packing import pack_name, unpack_name
from askdoc.store.postgres.catalog import PostgresCatalog
from askdoc.store.sql_catalog import known_from

if TYPE_CHECKING:
    from askdoc.store.sql_catalog import SqlCatalog
    from askdoc.types import Known

_ALIVE = "SELECT id FROM runs WHERE ended IS NULL AND until > clock_timestamp()"
_CLAIM = f"""
    INSERT INTO claims SELECT location, ?2 FROM unnest(?1::text[]) AS wanted(location)
    ORDER BY location
    ON CONFLICT (location) DO UPDATE SET run = excluded.run
    WHERE claims.run = excluded.run OR claims.run NOT IN ({_ALIVE})
    RETURNING location
"""  # noqa: S608 - the statement above
_WAITING = """
    SELECT id, location, path, source, size, modified_ns, content_hash, within FROM documents
    WHERE version = 0 AND
"""


class Claims:
    """The claims of one run, and its documents that are not published yet."""

    def __init__(self, catalog: PostgresCatalog, run: int) -> None:
        self._catalog = catalog
        self._session = catalog.session
        self._run = run

    @classmethod
    def of(cls, catalog: SqlCatalog) -> Claims:
        """Return the claims of the run that has opened this catalog."""
        if not isinstance(catalog, PostgresCatalog) or catalog.run is None:
            message = "the catalog is not that of a run in PostgreSQL"
            raise TypeError(message)
        return cls(catalog, catalog.run)

    def claim(self, locations: Iterable[str]) -> set[str]:
        """Claim files; return those that no other run has."""
        wanted = [pack_name(one) for one in locations]
        rows = self._session.all(_CLAIM, wanted, self._run)
        return {unpack_name(location) for (location,) in rows}

    def held(self) -> set[str]:
        """Return the files that this run has claimed, and no other run has taken over."""
        rows = self._session.all("SELECT location FROM claims WHERE run = ?", self._run)
        return {unpack_name(location) for (location,) in rows}

    def busy(self, locations: Iterable[str]) -> int:
        """Count those of the files that other runs have."""
        [(count,)] = self._session.all(
            f"""SELECT count(*) FROM claims WHERE location = ANY(?) AND run <> ?
                AND run IN ({_ALIVE})""",  # noqa: S608 - the statement above
            [pack_name(one) for one in locations],
            self._run,
        )
        return int(count)

    def release(self) -> None:
        """Give up all claims."""
        self._session.run("DELETE FROM claims WHERE run = ?", self._run)

    def published_at(self, locations: Iterable[str]) -> Mapping[str, tuple[int, int]]:
        """Map the files that are indexed by now to their size and time."""
        rows = self._session.all(
            """SELECT location, size, modified_ns FROM documents
               WHERE version = 1 AND location = ANY(?1)
               UNION ALL SELECT location, size, modified_ns FROM copies WHERE location = ANY(?1)""",
            [pack_name(one) for one in locations],
        )
        return {unpack_name(location): (size, modified) for location, size, modified in rows}

    # ── documents that wait ─────────────────────────────────────────────────────────────────────

    def waiting(self, ids: Collection[str]) -> list[Known]:
        """List those of the documents that this run has, and that are not published yet."""
        rows = self._session.all(f"{_WAITING} run = ? AND id = ANY(?)", self._run, list(ids))
        return [known_from(row) for row in rows]

    def complete(self, ids: Collection[str]) -> None:
        """Record that a document is all that its file has, so that another run may publish it."""
        if ids:
            self._session.run(
                "UPDATE documents SET ready = true WHERE version = 0 AND run = ? AND id = ANY(?)",
                self._run,
                list(ids),
            )

    def left(self) -> dict[str, Known]:
        """Map files to the complete documents that a killed run has left, or this one earlier."""
        rows = self._session.all(
            f"{_WAITING} ready AND (run = ? OR run IS NULL OR run NOT IN ({_ALIVE}))", self._run
        )
        return {known.location: known for known in map(known_from, rows)}

    def adopt(self, document_id: str) -> int | None:
        """Make a document that a killed run has left one of this run; count its passages.

        None if it is gone.
        """
        rows = self._session.all(
            "UPDATE documents SET run = ? WHERE version = 0 AND ready AND id = ? RETURNING chunks",
            self._run,
            document_id,
        )
        return int(rows[0][0]) if rows else None

    def drop_left(self) -> None:
        """Delete the documents that killed runs have left, and nobody wants."""
        rows = self._session.all(
            f"SELECT id FROM documents WHERE version = 0 AND (run IS NULL OR run NOT IN ({_ALIVE}))"  # noqa: S608
            " AND run <> ?",
            self._run,
        )
        self._catalog.drop_staged([key for (key,) in rows])
