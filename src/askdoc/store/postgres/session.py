"""A connection to a shared library: how it is opened, its transactions, and PostgreSQL's errors."""

from __future__ import annotations

import atexit
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit
from weakref import WeakSet

import numpy as np
import psycopg
from pgvector import Vector
from pgvector.psycopg import register_vector
from psycopg import conninfo, errors, sql
from psycopg.adapt import Buffer
from psycopg.types.string import TextLoader
from psycopg_pool import ConnectionPool, PoolTimeout

from askdoc.addresses import without_secrets
from askdoc.errors import (
    ConnectionLost,
    DiskFull,
    IndexCorrupt,
    IndexTooNew,
    NoIndex,
    StoreError,
    UsageError,
)
from askdoc.store.packing import OddName, PackedId

VERSION = "0004"
"""The version of the tables; the newest migration has this number."""

_SCHEMA = "askdoc"
SEEN = "_seen"
"""The end of the name of the schema with the views for those who ask."""
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,40}")
_LEAST_SERVER = 150_000
_LEAST_VECTOR = (0, 8)
_LOCK = 0x61736B64
"""The class of the lock for changes that readers see; the second key is the name of the schema."""
_STAGING = 0x61736B73
"""The class of the lock for documents that are not published yet."""

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
_SECONDS = 10
"""How long to wait for a server that does not answer, or that starts again."""
_GLANCE = 0.1
_MOST = 100
"""Most connections of the readers in one process."""
_IDLE = 60
"""Seconds after which a connection that no reader uses is closed."""

_ESCAPED = "\1"
"""The first character of text that PostgreSQL cannot store, such as a null character."""

_RIGHTS = (
    "ask the owner of the library for the rights; the guide `Share a library` has the commands"
)
_SNAPSHOT = """
    BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SELECT set_config('askdoc.groups', {}, true);
    SELECT value FROM meta WHERE key = 'corpus_fingerprint'
"""
_PLACE = re.compile(r"\?(\d*)")

Row = tuple[Any, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Database:
    """Where a shared library is: a database, and a schema in it.

    `shown` is its address without secrets.
    """

    address: str
    schema: str
    shown: str

    @classmethod
    def of(cls, address: str) -> Database:
        """Read an address such as `postgresql://host/name?schema=legal`.

        Raises:
            UsageError: the schema has a name that askdoc does not use.

        """
        shown = without_secrets(address)
        try:
            parts = urlsplit(address)
            query = parse_qsl(parts.query, keep_blank_values=True)
        except ValueError as error:
            message = f"`{shown}` is not the address of a database"
            raise UsageError(message, hint="write `postgresql://HOST/NAME`") from error
        schema = dict(query).get("schema", _SCHEMA)
        if not _NAME.fullmatch(schema):
            message = f"not a name for a schema: `{schema}`"
            raise UsageError(message, hint="use small letters, digits and `_`")
        rest = urlencode([(key, value) for key, value in query if key != "schema"])
        # `urlunsplit` would leave out the slashes before an empty host.
        written = f"{parts.scheme}://{parts.netloc}{parts.path}"
        return cls(f"{written}?{rest}" if rest else written, schema, shown)

    @property
    def is_here(self) -> bool:
        """Whether the database is on this machine."""
        try:
            given = conninfo.conninfo_to_dict(self.address)
        except psycopg.ProgrammingError:  # connecting reports it
            return True
        hosts = given.get("hostaddr") or given.get("host") or os.environ.get("PGHOST", "")
        return "service" not in given and all(
            not one or one.startswith(("/", "@")) or one in _THIS_MACHINE
            for one in str(hosts).split(",")
        )

    def for_rebuild(self) -> Database:
        """Return the place of a rebuild."""
        return Database(self.address, f"{self.schema}_rebuilding", self.shown)


class Session:
    """All statements see one schema; a writer has a connection, and readers share some.

    With `write`, missing tables are created, and older ones migrated. A reader sees one snapshot
    from `begin_snapshot` to `rest`, and a new one from its next statement on; `changed` is called
    if the library is another then. A lost connection is replaced once, outside of transactions.

    A reader asks in the name of `groups` and sees their documents and those without groups; with
    None it sees all, as a writer does, and needs the right to read the tables themselves.

    Raises:
        NoIndex: there are no tables to read. IndexTooNew: a newer askdoc made them.
        StoreError: the server cannot be reached or used; the hint says what helps.

    """

    def __init__(
        self, database: Database, *, write: bool, groups: Sequence[str] | None = ()
    ) -> None:
        self.database = database
        self._groups = None if write else groups
        self.place = database.shown
        self.changed: Callable[[], None] = lambda: None
        self._write = write
        self._within = False
        self._locks: set[int] = set()
        self._content: list[Row] | None = None
        self._opened: psycopg.Connection[Row] | None = None
        self._open()

    @property
    def _pool(self) -> tuple[str, str]:
        """Which readers share connections: those with the same search path."""
        return self.database.address, self._path

    @property
    def _path(self) -> str:
        schema = self.database.schema
        if self._write or self._groups is None:
            return f'"{schema}"'
        return f'"{schema}{SEEN}", "{schema}"'

    @property
    def is_broken(self) -> bool:
        """Whether the connection is lost."""
        return self._opened is not None and self._opened.closed

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction of this session is open."""
        return self._within

    def all(self, statement: str, *values: Any) -> list[Row]:
        """Run a statement with `?` or `?1` for its values; return its rows.

        Raises:
            ConnectionLost: the server is gone, or the connection was lost within a transaction.
            StoreError: the statement fails, or the library has changed since a reader's connection
                was lost.

        """
        return self._again_if_lost(lambda: self._rows(statement, values))

    def run(self, statement: str, *values: Any) -> None:
        """Run a statement without rows."""

        def act() -> None:
            with self.translating():
                self._connection.execute(_numbered(statement), _adapted(values))

        self._again_if_lost(act)

    def _again_if_lost(self, act: Callable[[], T]) -> T:
        try:
            return act()
        except StoreError as error:
            if self._within or not (self.is_broken or isinstance(error, ConnectionLost)):
                raise
        self._connect_again()
        return act()

    def many(self, statement: str, rows: Iterable[Row]) -> None:
        """Run a statement for each row of values, in one transaction."""
        listed = [_adapted(row) for row in rows]  # first, since it may read from this connection
        if not listed:
            return
        with self.transaction(), self.translating(), self._connection.cursor() as cursor:
            cursor.executemany(_numbered(statement), listed)

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Append rows to a table, which is faster than inserting them."""
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with (
            self.transaction(),
            self.translating(),
            self._connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for row in rows:
                copy.write_row(_adapted(row))

    @contextmanager
    def transaction(self, *, staging: bool = False) -> Iterator[None]:
        """Commit all changes in this block at once, or none; nested ones join the outer one.

        One transaction at a time changes what readers see. So the counts of terms and the
        fingerprint are right, and no two writers wait for each other. With `staging`, the changes
        are of documents that no reader sees; that may happen at the same time.
        """
        if self._within:
            if staging:
                self._lock(_STAGING)
            yield
            return
        self.run("BEGIN")
        self._within = True
        try:
            self._lock(_STAGING if staging else _LOCK)
            yield
            self.run("COMMIT")
        except BaseException:
            with suppress(psycopg.Error):  # report the first error, not a later one
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._within = False
            self._locks.clear()

    def _lock(self, kind: int) -> None:
        """Take a lock until the end of the transaction, once."""
        if kind in self._locks:
            return
        self._locks.add(kind)
        self.run("SELECT pg_advisory_xact_lock(?, hashtext(?))", kind, self.database.schema)

    def begin_snapshot(self) -> None:
        """See the current state; until the next call or `rest`, all statements see this state."""
        self._again_if_lost(self._begin_snapshot)

    def _begin_snapshot(self) -> None:
        with self.translating():
            connection = self._opened or self._open()
            before = "ROLLBACK;" if connection.info.transaction_status else ""
            asked = sql.quote(",".join(self._groups or ()), connection)
            # One message, since each takes a while where the server is on another machine.
            cursor = connection.execute(before + _SNAPSHOT.format(asked), prepare=False)
            while cursor.nextset():
                pass
            self._content = cursor.fetchall()

    def rest(self) -> None:
        """Let go of a reader's snapshot and of its connection, until the next statement."""
        if self._write or self._opened is None:
            return
        connection, self._opened = self._opened, None
        _give_back(self._pool, connection)

    def close(self) -> None:
        """Close the connection."""
        if self._opened is not None and self._write:
            self._opened.close()
        else:
            self.rest()

    @contextmanager
    def translating(self) -> Iterator[None]:
        """Turn PostgreSQL's errors into askdoc's."""
        try:
            yield
        except psycopg.Error as error:
            if (known := _translated(error, self.database, is_broken=self.is_broken)) is None:
                raise  # a bug
            raise known from error

    @property
    def _connection(self) -> psycopg.Connection[Row]:
        """The connection; a reader that has rested gets one, with a new snapshot."""
        if self._opened is None:
            before = self._content
            self.begin_snapshot()
            if self._content != before:
                self.changed()
        assert self._opened is not None  # noqa: S101 - opened above
        return self._opened

    def _rows(self, statement: str, values: Sequence[Any]) -> list[Row]:
        with self.translating():
            cursor = self._connection.execute(_numbered(statement), _adapted(values))
            return cursor.fetchall()

    # ── opening ─────────────────────────────────────────────────────────────────────────────────

    def _open(self) -> psycopg.Connection[Row]:
        connection = _connect(self.database) if self._write else _take(self.database, self._pool)
        self._opened = connection
        try:
            with self.translating():
                self._prepare(write=self._write)
        except BaseException:
            self.close()
            raise
        return connection

    def _connect_again(self) -> None:
        """Connect again, once the server answers; what a reader sees must be as it was."""
        before, has_rested = self._content, self._opened is None
        self.close()
        self._opened = None
        until = time.monotonic() + _SECONDS
        while True:
            try:
                self._open()
                break
            except ConnectionLost:
                if time.monotonic() > until:
                    raise
                time.sleep(_GLANCE)
        if has_rested:
            self.rest()  # its next statement begins a snapshot
        elif before is not None:
            self._begin_snapshot()
            if self._content != before:
                message = f"the index in `{self.place}` was changed meanwhile"
                raise StoreError(message, hint="ask again")

    def _prepare(self, *, write: bool) -> None:
        place = self.database.shown
        assert self._opened is not None  # noqa: S101 - by `_open`
        if self._content is not None and self._opened in _PREPARED:
            return
        version = self._opened.info.server_version
        if version < _LEAST_SERVER:
            message = f"`{place}` is PostgreSQL {version // 10_000}, which is too old"
            raise StoreError(message, hint="use PostgreSQL 15 or newer")
        found = self._version()
        if found is None and not write:
            message = f"there is no index in `{place}`"
            raise NoIndex(message, hint="run `askdoc index PATH` with the files or folders to ask")
        if found is not None and found > VERSION:
            message = f"a newer askdoc made the index in `{place}` (schema {found})"
            raise IndexTooNew(message, hint="update askdoc")
        if found != VERSION and not write:
            message = f"an older askdoc made the index in `{place}` (schema {found})"
            raise StoreError(message, hint="run `askdoc index` once, as the owner of the library")
        self._expect_vector(write=write)
        if found != VERSION:
            self._migrate()
        if not write:
            _PREPARED.add(self._opened)

    def _version(self) -> str | None:
        """Return the version of the tables, or None if there are none."""
        table = f'"{self.database.schema}".alembic_version'
        [(there,)] = self.all("SELECT to_regclass(?)::text", table)
        if there is None:
            return None
        rows = self.all(f"SELECT version_num FROM {table}")  # noqa: S608 - a checked name
        return str(rows[0][0]) if rows else None

    def _expect_vector(self, *, write: bool) -> None:
        """Check that pgvector is there, and put its schema and the library's in the search path."""
        found = self._vector()
        if found is None and write:
            with suppress(psycopg.Error):
                self._connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            found = self._vector()
        if found is None:
            raise self._without_vector()
        version, schema = found
        if tuple(int(part) for part in version.split(".")[:2]) < _LEAST_VECTOR:
            message = f"pgvector {version} in `{self.place}` is too old"
            hint = "install 0.8 or newer, then run there: `ALTER EXTENSION vector UPDATE`"
            raise StoreError(message, hint=hint)
        path = f'{self._path}, "{schema}", pg_catalog'
        self.all("SELECT set_config('search_path', ?, false)", path)
        self.all("SELECT set_config('hnsw.ef_search', '400', false)")
        self.all("SELECT set_config('hnsw.iterative_scan', 'strict_order', false)")
        register_vector(self._connection)

    def _vector(self) -> tuple[str, str] | None:
        rows = self.all(
            """SELECT e.extversion, n.nspname FROM pg_extension e
               JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'"""
        )
        return rows[0] if rows else None

    def _without_vector(self) -> StoreError:
        major = self._connection.info.server_version // 10_000
        message = f"the extension `vector` (pgvector) is missing in `{self.place}`"
        if self.all("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"):
            hint = "create it there, as the owner of the database: `CREATE EXTENSION vector`"
        else:
            hint = f"install it on the server, as in `apt-get install postgresql-{major}-pgvector`"
        return StoreError(message, hint=hint)

    def _migrate(self) -> None:
        """Create the tables, or bring them up to date; one process does it at a time."""
        # Imported late: they take a second, and only a new version needs them.
        from alembic import command
        from alembic.config import Config
        from sqlalchemy import create_engine
        from sqlalchemy.exc import DBAPIError
        from sqlalchemy.pool import NullPool

        schema = self.database.schema
        with self.transaction():
            if self._version() == VERSION:
                return
            if not self.all("SELECT 1 FROM pg_namespace WHERE nspname = ?", schema):
                self.run(f'CREATE SCHEMA "{schema}"')

        [(path,)] = self.all("SELECT current_setting('search_path')")

        def connected() -> psycopg.Connection[Row]:
            made = psycopg.connect(self.database.address, connect_timeout=_SECONDS)
            made.execute("SELECT set_config('search_path', %s, false)", [path])
            made.commit()
            return made

        engine = create_engine("postgresql+psycopg://", creator=connected, poolclass=NullPool)
        config = Config()
        config.set_main_option("script_location", "askdoc:store/postgres/migrations")
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql(
                    "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, schema)
                )
                config.attributes |= {"connection": connection, "schema": schema}
                command.upgrade(config, "head")
        except DBAPIError as error:
            if isinstance(error.orig, psycopg.Error):
                raise error.orig from None
            raise


def _connect(database: Database) -> psycopg.Connection[Row]:
    try:
        return _Connection.connect(database.address, **_HOW)
    except psycopg.ProgrammingError:  # its text may have the password
        message = f"`{database.shown}` is not the address of a database"
        raise UsageError(message, hint="write `postgresql://USER@HOST/NAME`") from None
    except psycopg.Error as error:
        raise _unreachable(error, database) from None  # the chain may have the password


class _Connection(psycopg.Connection[Row]):
    """A connection that reads names."""

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> _Connection:
        made = super().connect(conninfo, **kwargs)
        for kind in ("text", "varchar"):
            made.adapters.register_loader(kind, _NameLoader)
        return made


_HOW: dict[str, Any] = {
    "autocommit": True,
    "cursor_factory": psycopg.RawCursor,
    "connect_timeout": _SECONDS,
    "application_name": "askdoc",
}
logging.getLogger("psycopg").setLevel(logging.CRITICAL)  # errors say what is wrong
_POOLS: dict[tuple[str, str], ConnectionPool[_Connection]] = {}
_OPENING = threading.Lock()
_PREPARED: WeakSet[psycopg.Connection[Row]] = WeakSet()
"""Connections of pools whose server, version and search path are known to fit."""


def _take(database: Database, key: tuple[str, str]) -> psycopg.Connection[Row]:
    """Take a connection from those that the readers of this process share.

    Raises:
        ConnectionLost: the server cannot be reached. StoreError: too many connections are in use.

    """
    with _OPENING:
        if (pool := _POOLS.get(key)) is None:
            _connect(database).close()  # it says what is wrong with the address; a pool only waits
            pool = _POOLS[key] = ConnectionPool(
                database.address,
                connection_class=_Connection,
                kwargs=_HOW,
                min_size=0,
                max_size=_MOST,
                max_idle=_IDLE,
                open=True,
                check=ConnectionPool.check_connection,
                name="askdoc",
            )
            atexit.register(pool.close)
    until = time.monotonic() + _SECONDS
    while True:
        try:
            return pool.getconn(_GLANCE)
        except PoolTimeout:
            if pool.get_stats().get("pool_size", 0) < _MOST:
                return _connect(database)  # or it says why that fails
            if time.monotonic() > until:
                message = f"all connections to `{database.shown}` are in use"
                raise StoreError(message, hint="ask again in a moment") from None


def _give_back(key: tuple[str, str], connection: psycopg.Connection[Row]) -> None:
    pool = _POOLS.get(key)
    if pool is None or not isinstance(connection, _Connection):
        connection.close()
        return
    with suppress(psycopg.Error):
        if not connection.closed and connection.info.transaction_status:
            connection.execute("ROLLBACK")
    try:
        pool.putconn(connection)
    except ValueError:  # it was made outside of the pool
        connection.close()


def _unreachable(error: psycopg.Error, database: Database) -> StoreError:
    reason = _one_line(error, database)
    message = f"cannot connect to `{database.shown}`: {reason}"
    hints = {
        "password|authentication": "put the password into `~/.pgpass` or into `PGPASSWORD`",
        "database .* does not exist": "create it there: `createdb NAME`",
        "role .* does not exist": "name a user of that server: `postgresql://USER@HOST/NAME`",
        "pg_hba": "let its administrator permit this machine in `pg_hba.conf`",
    }
    for pattern, hint in hints.items():
        if re.search(pattern, reason):
            return StoreError(message, hint=hint)
    return ConnectionLost(message, hint="see whether the server runs and the address is right")


def _translated(error: psycopg.Error, database: Database, *, is_broken: bool) -> StoreError | None:
    """Return askdoc's error, or None for a bug."""
    place, reason = database.shown, _one_line(error, database)
    known: StoreError | None
    match error:
        case errors.InsufficientPrivilege():
            known = StoreError(f"`{place}` refuses: {reason}", hint=_RIGHTS)
        case errors.UndefinedTable() | errors.InvalidSchemaName():
            message = f"there is no index in `{place}` (any more)"
            known = NoIndex(message, hint="run `askdoc index PATH` with the files to ask")
        case errors.DiskFull():
            known = DiskFull(f"no room left on the server of `{place}`", hint="free some there")
        case errors.ReadOnlySqlTransaction():
            message = f"`{place}` can only be read; it may be a replica"
            known = StoreError(message, hint="index on the primary server")
        case errors.DataCorrupted() | errors.IndexCorrupted():
            known = IndexCorrupt(f"`{place}` is damaged: {reason}", hint="restore its backup")
        case psycopg.OperationalError() | psycopg.InterfaceError() if is_broken:
            message = f"the connection to `{place}` is lost: {reason}"
            known = ConnectionLost(message, hint="see whether the server runs, then run it again")
        case psycopg.OperationalError():
            known = StoreError(f"`{place}` failed: {reason}", hint="run it again")
        case _:
            known = None
    return known


def _one_line(error: psycopg.Error, database: Database) -> str:
    """Return the message of an error in one line, without the password."""
    text = " ".join((error.diag.message_primary or str(error)).split())
    with suppress(ValueError):
        secret = urlsplit(database.address).password
        for one in filter(None, (secret, secret and unquote(secret))):
            text = text.replace(one, "…")
    return text.partition(" Is the server running")[0]


@lru_cache(maxsize=512)
def _numbered(statement: str) -> str:
    """Replace `?` and `?1` by PostgreSQL's `$1`."""
    count = 0

    def number(match: re.Match[str]) -> str:
        nonlocal count
        count += 1
        return f"${match[1] or count}"

    return _PLACE.sub(number, statement)


def _adapted(values: Sequence[Any]) -> list[Any]:
    return [_adapt(value) for value in values]


def _adapt(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, OddName):
        return escaped(value.decode("utf-8", "surrogatepass"))
    if isinstance(value, PackedId):
        return value.hex()
    if isinstance(value, list):
        return _adapted(value)
    if isinstance(value, np.ndarray):
        return Vector(value)
    return value


def escaped(text: str) -> str:
    """Return text that PostgreSQL can store; `unescaped` undoes it."""
    if text.isascii():
        if "\0" not in text and text[:1] != _ESCAPED:
            return text
    else:
        try:
            text.encode()
            if "\0" not in text and text[:1] != _ESCAPED:
                return text
        except UnicodeEncodeError:
            pass
    return _ESCAPED + text.encode("unicode_escape").decode("ascii")


def unescaped(text: str) -> str:
    """Undo `escaped`."""
    if text[:1] != _ESCAPED:
        return text
    return text[1:].encode("ascii").decode("unicode_escape")


class _NameLoader(TextLoader):
    """Loads text that `escaped` may have changed."""

    def load(self, data: Buffer) -> str:
        return unescaped(bytes(data).decode())
