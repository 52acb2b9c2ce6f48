"""A shared library as a whole: its writer's lock, its rebuild, and its way from and to SQLite."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress

from askdoc.errors import IndexLocked, NoIndex, StoreError, UsageError
from askdoc.store.archive import TABLES
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.packing import OddName, pack_id, pack_name, unpack_id
from askdoc.store.postgres.catalog import PostgresCatalog
from askdoc.store.postgres.session import SEEN, Database, Row, Session
from askdoc.store.postgres.vectors import PostgresVectors
from askdoc.store.sql_catalog import SqlCatalog

_LOCK = 0x61736B72
"""The class of the lock that a run holds; the second key is the name of the schema."""

_ALONE = "pg_try_advisory_lock"
_BESIDE_OTHERS = "pg_try_advisory_lock_shared"
_FOR_A_MOMENT = "pg_try_advisory_xact_lock"

LEASE = 30.0
"""Seconds after which other runs take over the files of one that is silent."""
_LEASE_END = "clock_timestamp() + make_interval(secs => ?)"

_FULL_TEXT = ("postings", "vocabulary", "totals")
_ALL = (*TABLES, "obsolete", "vectors", "staged_vectors", *_FULL_TEXT)

_IDS = frozenset({("chunks", "id")})
_NAMES = frozenset(
    {
        *((table, "location") for table in ("sources", "exclusions", "skipped")),
        *(
            (table, column)
            for table in ("documents", "copies")
            for column in ("location", "path", "source", "within")
        ),
        *(("documents", column) for column in ("title", "author", "named")),
        ("fields", "key"),
        ("fields", "value"),
    }
)
"""Columns that SQLite has as bytes where a name is not valid Unicode."""

_HOLDER = """
    SELECT process, host, command, to_char(started, 'YYYY-MM-DD HH24:MI:SS') FROM runs
    WHERE ended IS NULL ORDER BY id DESC LIMIT 1
"""


@contextmanager
def writing(database: Database, command: str, *, alone: bool = True) -> Iterator[int]:
    """Record a run that changes the library in the table `runs`, and return its number.

    No other run goes on beside one that is `alone`. The server holds the lock and the run extends
    its lease, so a killed run blocks nobody for long.

    Raises:
        IndexLocked: another process writes; the message names its id, machine and command.

    """
    with closing(Session(database, write=True)) as session:
        if not _try_lock(session, _ALONE if alone else _BESIDE_OTHERS):
            message = f"another process is writing to the index in `{database.shown}`"
            message += _holder(session)
            raise IndexLocked(message, hint="wait for it to end, then run again")
        session.run("UPDATE runs SET ended = until WHERE ended IS NULL AND until < now()")
        session.run("DELETE FROM claims WHERE run IN (SELECT id FROM runs WHERE ended < now())")
        [(number,)] = session.all(
            f"""INSERT INTO runs (process, host, command, until) VALUES (?, ?, ?, {_LEASE_END})
                RETURNING id""",  # noqa: S608 - the words below
            os.getpid(),
            socket.gethostname(),
            command,
            LEASE,
        )
        lease = _Lease(session, number, alone=alone)
        lease.start()
        try:
            yield number
        finally:
            lease.end()
            with suppress(StoreError):
                session.run("DELETE FROM claims WHERE run = ?", number)
                session.run("UPDATE runs SET ended = clock_timestamp() WHERE id = ?", number)


class _Lease(threading.Thread):
    """Extends the lease of a run until its end, over another connection if the first is lost."""

    def __init__(self, session: Session, number: int, *, alone: bool) -> None:
        super().__init__(name="askdoc-lease", daemon=True)
        self._session = session
        self._number = number
        self._kind = _ALONE if alone else _BESIDE_OTHERS
        self._ended = threading.Event()

    def run(self) -> None:
        """Extend the lease now and then."""
        process = None
        while not self._ended.wait(LEASE / 4):
            with suppress(StoreError):  # the server is gone for a moment
                self._session.run(
                    f"UPDATE runs SET until = {_LEASE_END} WHERE id = ?",  # noqa: S608 - as above
                    LEASE,
                    self._number,
                )
                [(now,)] = self._session.all("SELECT pg_backend_pid()")
                if process not in (None, now):
                    _try_lock(self._session, self._kind)
                process = now

    def end(self) -> None:
        """Stop; the session is free then."""
        self._ended.set()
        self.join()


def refuse_while_written(database: Database) -> None:
    """Check that no other process is writing to the library, which has no document yet.

    Raises:
        IndexLocked: a process is writing.

    """
    try:
        session = Session(database, write=False)
    except NoIndex:
        return
    with closing(session):
        if not _try_lock(session, _FOR_A_MOMENT):
            message = f"the index in `{database.shown}` is just being made{_holder(session)}"
            raise IndexLocked(message, hint="wait for it to end, then run it again")


def state(database: Database) -> object:
    """Return a value that changes when the indexed content, or what made it, changes."""
    try:
        session = Session(database, write=False)
    except NoIndex:
        return None
    with closing(session):
        return sorted(session.all("SELECT key, value FROM meta WHERE key <> 'writing'"))


# ── a rebuild ───────────────────────────────────────────────────────────────────────────────────


def is_begun(database: Database) -> bool:
    """Tell whether there is a rebuild beside the library, complete or not."""
    with suppress(NoIndex), closing(Session(database.for_rebuild(), write=False, groups=None)):
        return True
    return False


def take_over(database: Database) -> None:
    """Replace the rows of the library by those of the rebuild, in one transaction."""
    made = database.for_rebuild().schema
    with closing(Session(database, write=True)) as session, session.transaction():
        for table in _ALL:
            columns = ", ".join(f'"{name}"' for name in _columns(session, table))
            session.run(f"DELETE FROM {table}")  # noqa: S608 - names of our own schema
            session.run(
                f'INSERT INTO {table} ({columns}) SELECT {columns} FROM "{made}".{table}'  # noqa: S608
            )
        _count_on(session)
        session.run(f'DROP SCHEMA "{made}", "{made}{SEEN}" CASCADE')


def discard(database: Database) -> None:
    """Delete the rebuild."""
    with closing(Session(database, write=True)) as session:
        made = database.for_rebuild().schema
        session.run(f'DROP SCHEMA IF EXISTS "{made}", "{made}{SEEN}" CASCADE')


def discard_vectors(database: Database) -> None:
    """Delete all vectors."""
    with closing(Session(database, write=True)) as session:
        session.run("DELETE FROM vectors")


# ── from and to SQLite ──────────────────────────────────────────────────────────────────────────


def copy_out(catalog: SqlCatalog, draft: SqliteCatalog) -> None:
    """Copy the published documents of a shared library into an empty catalog, without full text.

    Raises:
        UsageError: some are for certain groups alone, which a folder does not know.

    """
    session = _shared(catalog).session
    [(grouped,)] = session.all("SELECT has_groups()")
    if grouped:
        message = f"`{session.place}` has documents of groups, and a file would show them to all"
        raise UsageError(message, hint="copy the database instead: `pg_dump`")
    with draft.transaction():
        for table, visible in TABLES.items():
            columns = _columns(session, table) if table != "documents" else _own(draft, table)
            names = ", ".join(f'"{name}"' for name in columns)
            rows = session.all(f"SELECT {names} FROM {table} WHERE {visible.format('')}")  # noqa: S608
            marks = ", ".join("?" * len(columns))
            draft.connection.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608
                (_for_sqlite(table, columns, row) for row in rows),
            )


def copy_in(
    draft: SqliteCatalog,
    catalog: SqlCatalog,
    vectors: Callable[[], Iterable[Row]],
) -> None:
    """Replace the content of a shared library by that of a catalog, in one transaction.

    `vectors` returns the id, the document and the vector of each passage.
    """
    shared = _shared(catalog)
    session = shared.session
    with shared.transaction():
        for table in _ALL:
            if table != "totals":
                session.run(f"DELETE FROM {table}")  # noqa: S608 - names of our own schema
        session.run("UPDATE totals SET chunks = 0, terms = 0")
        for table in TABLES:
            columns = _own(draft, table)
            names = ", ".join(f'"{name}"' for name in columns)
            rows = draft.connection.execute(f"SELECT {names} FROM {table}")  # noqa: S608
            session.copy(table, columns, (_for_postgres(table, columns, row) for row in rows))
        _count_on(session)
        session.copy("vectors", ("id", "document", "vector"), vectors())
        shared.rebuild_full_text()
    PostgresVectors(session, write=True).close()  # which builds the graph


def _shared(catalog: SqlCatalog) -> PostgresCatalog:
    if not isinstance(catalog, PostgresCatalog):
        message = "the catalog is not in PostgreSQL"
        raise TypeError(message)
    return catalog


def _own(draft: SqliteCatalog, table: str) -> list[str]:
    return [name for _, name, *_ in draft.connection.execute(f"PRAGMA table_info({table})")]


def _columns(session: Session, table: str) -> list[str]:
    rows = session.all(
        """SELECT column_name FROM information_schema.columns
           WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position""",
        session.database.schema,
        table,
    )
    return [str(name) for (name,) in rows]


def _count_on(session: Session) -> None:
    """Let the keys of documents go on after the largest."""
    session.all(
        """SELECT setval(pg_get_serial_sequence('documents', 'key'),
           (SELECT coalesce(max(key), 0) + 1 FROM documents), false)"""
    )


def _for_sqlite(table: str, columns: list[str], row: Row) -> Row:
    return tuple(
        pack_name(value)
        if (table, column) in _NAMES and isinstance(value, str)
        else pack_id(value)
        if (table, column) in _IDS
        else value
        for column, value in zip(columns, row, strict=True)
    )


def _for_postgres(table: str, columns: list[str], row: Row) -> Row:
    return tuple(
        OddName(value)
        if (table, column) in _NAMES and isinstance(value, bytes)
        else unpack_id(value)
        if (table, column) in _IDS
        else value
        for column, value in zip(columns, row, strict=True)
    )


def _try_lock(session: Session, kind: str) -> bool:
    [(held,)] = session.all(f"SELECT {kind}(?, hashtext(?))", _LOCK, session.database.schema)
    return bool(held)


def _holder(session: Session) -> str:
    rows = session.all(_HOLDER)
    if not rows:
        return ""
    process, host, command, since = rows[0]
    return f": process {process} on {host}, `{command}`, since {since}"
