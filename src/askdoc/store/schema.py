"""The catalog's file: its tables, how it is opened, and what SQLite's errors mean.

A document has one row per version. Version 0 is staged: only the writer sees it. Version 1 is
published. The full text has version 1 only, so that its statistics are exact.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from askdoc.errors import DiskFull, IndexCorrupt, IndexLocked, IndexTooNew, NoIndex, StoreError
from askdoc.paths import make_private, tighten
from askdoc.store.packing import REBUILD

FILE_NAME = "catalog.sqlite"

_APPLICATION_ID = 0x61736B64  # "askd"
_OWN_TABLES = {"meta", "sources", "exclusions", "skipped", "documents"}
_DRAFT = "draft"

_REFUSED_WRITES = (
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_TRUNCATE,
    sqlite3.SQLITE_IOERR_SHMSIZE,
)
"""SQLite's message when a quota or another limit forbids a write."""

# Terms arrive separated by spaces. All other characters belong to a term, so the tokeniser must cut
# at white space and control characters only.
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (location PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE exclusions (location PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE skipped (
    location PRIMARY KEY, code TEXT NOT NULL, reason TEXT NOT NULL, hint TEXT,
    size INTEGER, modified_ns INTEGER
) WITHOUT ROWID;
CREATE TABLE documents (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    id TEXT NOT NULL, location NOT NULL, path NOT NULL, source NOT NULL, title,
    length INTEGER NOT NULL, chunks INTEGER NOT NULL, sentences INTEGER NOT NULL,
    size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, content_hash TEXT NOT NULL,
    pages TEXT NOT NULL, language TEXT NOT NULL, warnings TEXT NOT NULL,
    landmarks BLOB, author, within, named, structure BLOB
);
CREATE UNIQUE INDEX documents_by_id ON documents (id, version);
CREATE INDEX documents_by_content ON documents (content_hash);
CREATE INDEX documents_by_location ON documents (location);
CREATE INDEX documents_by_whole ON documents (within);
CREATE TABLE copies (
    location PRIMARY KEY, document TEXT NOT NULL, path NOT NULL, source NOT NULL,
    size INTEGER NOT NULL, modified_ns INTEGER NOT NULL, within
) WITHOUT ROWID;
CREATE INDEX copies_by_document ON copies (document);
CREATE INDEX copies_by_whole ON copies (within);
CREATE TABLE fields (
    document INTEGER NOT NULL, number INTEGER NOT NULL, key NOT NULL, value NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, PRIMARY KEY (document, number)
) WITHOUT ROWID;
CREATE INDEX fields_by_key ON fields (key);
CREATE TABLE texts (
    document INTEGER NOT NULL, start INTEGER NOT NULL, first_line INTEGER NOT NULL,
    packed BLOB NOT NULL, PRIMARY KEY (document, start)
);
CREATE TABLE chunks (
    key INTEGER PRIMARY KEY, id NOT NULL, document INTEGER NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    sentences BLOB NOT NULL, headings TEXT NOT NULL
);
CREATE INDEX chunks_by_id ON chunks (id);
CREATE INDEX chunks_by_document ON chunks (document);
CREATE TABLE terms (first_chunk INTEGER PRIMARY KEY, document INTEGER NOT NULL, packed BLOB);
CREATE INDEX terms_by_document ON terms (document);
CREATE TABLE sentence_vectors (chunk INTEGER PRIMARY KEY, packed BLOB NOT NULL, lengths BLOB);
CREATE TABLE obsolete (id PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE lexicon USING fts5(
    terms, content='',
    tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Cf Cn Co'"
);
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(lexicon, row);
"""

_WRITER_CACHE = 8192
"""Kilobytes of a writer's page cache, so that memory does not grow with the catalog."""

_SMALL = 32 << 20
"""A catalog of at most this many bytes is always compacted; 10 MB take a third of a second."""

_APART = 4
"""The full text is merged when more than this fraction (1/n) of its pages is outside of its largest
segment; merging is cheap compared with what was added."""

_LONG_JOURNAL = 4 << 20

_SPARE = 32
"""A small catalog is compacted when more than this fraction (1/n) of its pages is free."""

_PARTS = "SELECT max(pgno) FROM lexicon_idx GROUP BY segid"

SCHEMA_VERSION = 7


def connect(folder: Path, *, write: bool) -> sqlite3.Connection:
    """Open the catalog in `folder`; for writing, it is created if missing.

    Raises:
        NoIndex: there is no catalog to read.
        IndexTooNew: a newer askdoc made it.
        IndexCorrupt: it is damaged.
        StoreError: it belongs to another program, or cannot be opened.
        DiskFull: there is no space to create it.

    """
    file = folder / FILE_NAME
    with translating(folder):
        if not write and not _is_file(file):
            raise _nothing_in(folder)
        if write:
            make_private(folder)
            if not file.exists() or not file.stat().st_size:
                _make(file)
            tighten(file)
        mode = "rw" if write else "ro&immutable=1" if _stands_still(file) else "ro"
        uri = f"{file.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10)
        try:
            _prepare(connection, folder, write=write)
        except BaseException:
            connection.close()
            raise
    return connection


def expect(folder: Path) -> None:
    """Check that there is a catalog in `folder`.

    Raises:
        NoIndex: there is none.

    """
    with translating(folder):
        if not _is_file(folder / FILE_NAME):
            raise _nothing_in(folder)


def draft_in(folder: Path) -> Path:
    """Return an empty folder for a catalog that will replace the one in `folder`."""
    draft = folder / _DRAFT
    discard(draft)
    return draft


def replace(folder: Path, draft: Path | None = None) -> None:
    """Replace the catalog in `folder` by the drafted one; no process may write to either."""
    draft = draft or folder / _DRAFT
    _discard_journals(folder)
    (draft / FILE_NAME).replace(folder / FILE_NAME)
    discard(draft)
    with suppress(OSError):
        draft.rmdir()


def discard(folder: Path) -> None:
    """Delete the catalog in `folder`; no process may have it open."""
    (folder / FILE_NAME).unlink(missing_ok=True)
    _discard_journals(folder)


def compact(connection: sqlite3.Connection) -> None:
    """Merge the segments of the full text, and return free pages to the disk.

    A run commits in small steps, so the full text has many segments: they take space, and each
    search reads them all. A large catalog is compacted only if most of it is free. If the disk is
    too full to compact, the catalog stays as it is.
    """
    with suppress(sqlite3.Error):
        [[page]] = connection.execute("PRAGMA page_size")
        [[pages]] = connection.execute("PRAGMA page_count")
        is_small = pages * page <= _SMALL
        parts = [n for (n,) in connection.execute(_PARTS)]
        if is_small and sum(parts) - max(parts, default=0) > sum(parts) / _APART:
            connection.execute("INSERT INTO lexicon (lexicon) VALUES ('optimize')")
        [[free]] = connection.execute("PRAGMA freelist_count")
        if free > pages / (_SPARE if is_small else 2):
            connection.execute("VACUUM")


def shorten_journal(folder: Path) -> None:
    """Copy a long journal into the catalog, as far as no reader needs the state before.

    SQLite does so by itself only after a commit, when readers still need that state. So it would
    never begin the journal anew while a server reads. The copy changes the file, by which readers
    notice that they should `refresh`: then none needs the journal any more.
    """
    file = folder / FILE_NAME
    with suppress(sqlite3.Error, OSError):
        if file.with_name(f"{file.name}-wal").stat().st_size < _LONG_JOURNAL:
            return
        uri = f"{file.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(uri, uri=True, timeout=0)) as opened:
            opened.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _discard_journals(folder: Path) -> None:
    for suffix in ("-wal", "-shm", "-journal"):
        (folder / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)


def _make(file: Path) -> None:
    """Create an empty catalog under another name, then rename it to `file`.

    A kill in the middle would otherwise leave a file with a journal to roll back, which a reader
    may not do.
    """
    draft = file.with_name(f"{file.name}.new")
    for suffix in ("", "-wal", "-shm", "-journal"):
        draft.with_name(f"{draft.name}{suffix}").unlink(missing_ok=True)
    with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
        _prepare(connection, file.parent, write=True)
    draft.replace(file)


def _prepare(connection: sqlite3.Connection, folder: Path, *, write: bool) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    empty = not version and not connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    if empty and not write:
        raise _nothing_in(folder)
    if empty:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(
            f"BEGIN IMMEDIATE; {_TABLES} PRAGMA application_id = {_APPLICATION_ID};"
            f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
        )
    elif application != _APPLICATION_ID:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if tables >= _OWN_TABLES:
            message = f"the catalog in `{folder}` is damaged: its mark is gone"
            raise IndexCorrupt(message, hint=REBUILD)
        message = f"`{folder / FILE_NAME}` is another program's database, not a catalog of askdoc"
        raise StoreError(message, hint="choose another folder with `--index`")
    elif version > SCHEMA_VERSION:
        message = f"a newer askdoc made the index in `{folder}` (schema {version})"
        raise IndexTooNew(message, hint="update askdoc, or choose another folder with `--index`")
    elif version < SCHEMA_VERSION:
        message = f"an older askdoc made the index in `{folder}` (schema {version})"
        raise IndexCorrupt(message, hint=REBUILD)
    if write:
        # A commit must survive a power cut before Chroma removes the vectors of the former version.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{_WRITER_CACHE}")


def _stands_still(file: Path) -> bool:
    """Tell whether the catalog is in a folder where this process cannot write, and has no journal.

    To read a catalog, SQLite creates files next to it, unless it is opened as immutable. That is
    safe here: a writer would have a journal there.
    """
    journal = file.with_name(f"{file.name}-wal")
    if os.access(file.parent, os.W_OK):
        return False
    return not journal.exists() or not journal.stat().st_size


def _is_file(path: Path) -> bool:
    """Tell whether there is a file; unlike `Path.is_file`, raise an error if that is unknown."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _nothing_in(folder: Path) -> NoIndex:
    message = f"there is no index in `{folder}`"
    return NoIndex(message, hint="run `askdoc index PATH` with the files or folders to ask")


@contextmanager
def translating(folder: Path) -> Iterator[None]:
    """Turn SQLite's errors into askdoc's."""
    try:
        yield
    except (sqlite3.ProgrammingError, sqlite3.InterfaceError, sqlite3.IntegrityError):
        raise  # a bug
    except sqlite3.Error as error:
        raise _translated(error, folder) from error
    except OSError as error:
        message = f"cannot use the index in `{folder}`: {(error.strerror or str(error)).lower()}"
        hint = None
        if isinstance(error, PermissionError):
            hint = "give yourself the right to read and write that folder"
        raise StoreError(message, hint=hint) from error


def _translated(error: sqlite3.Error, folder: Path) -> StoreError:
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    if code == sqlite3.SQLITE_FULL or extended in _REFUSED_WRITES or _is_full(folder):
        return DiskFull(f"no room left to write in `{folder}`", hint="free some and run again")
    if code == sqlite3.SQLITE_IOERR:
        return StoreError(f"the disk of `{folder}` failed: {error}")
    if code == sqlite3.SQLITE_BUSY:
        message = f"another program keeps `{folder / FILE_NAME}` locked"
        return IndexLocked(message, hint="wait for it to end, then run again")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        if os.access(folder / FILE_NAME, os.R_OK) and not os.access(folder, os.W_OK):
            message = f"`{folder}` cannot be written to, and reading the index needs that too"
            return StoreError(message, hint="allow it, or copy the index to a folder of your own")
        return StoreError(f"cannot open `{folder / FILE_NAME}`: {error}")
    return IndexCorrupt(f"the catalog in `{folder}` is damaged: {error}", hint=REBUILD)


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 1 << 16
    except OSError:
        return False
