"""Copies what a catalog holds into an empty one, row by row, so that nothing else comes along.

A catalog from elsewhere is only read: its tables must be tables, its triggers never run, and the
full text is made anew.
"""

from __future__ import annotations

import os
import posixpath
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from askdoc.addresses import is_address
from askdoc.errors import BadExport, IndexTooNew
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.packing import pack_name, unpack_id, unpack_name, unpack_numbers
from askdoc.store.schema import SCHEMA_VERSION

_PLACES: Mapping[str, tuple[str, ...]] = {
    "sources": ("location",),
    "exclusions": ("location",),
    "skipped": ("location",),
    "documents": ("location", "source", "within"),
    "copies": ("location", "source", "within"),
}
"""Columns that say where something is found."""

_LATER = {"copies", "sentence_vectors"}
"""Tables that a catalog of an older schema does not have."""

_TABLES = (*_PLACES, "meta", "texts", "chunks", "terms", "sentence_vectors")
_VISIBLE = "document IN (SELECT key FROM old.documents WHERE version = 1)"
_ONLY: Mapping[str, str] = {
    "documents": "version = 1",
    "meta": "key <> 'writing'",
    **dict.fromkeys(("texts", "chunks", "terms"), _VISIBLE),
    "sentence_vectors": f"chunk IN (SELECT key FROM old.chunks WHERE {_VISIBLE})",  # noqa: S608 - names above
}
_LONGEST = 1 << 24
"""Bytes that one packed piece of text or terms may have, however short its document is."""

_TERMS_RATIO = 16
"""Bytes of terms that a character of a document may add: its words, and twice where they have no
spaces between them."""

_PIECE = 1 << 20

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
Move = Callable[[str], str]
"""Says where a location is now."""


def copy(source: Path, catalog: SqliteCatalog, move: Move | None = None) -> None:
    """Copy what is visible in the catalog in the file `source` into an empty one.

    `move` says for each location what it is in the copy.

    Raises:
        BadExport: the file is no catalog, or holds what no catalog does.
        IndexTooNew: a newer askdoc made it.

    """
    connection = catalog.connection
    with _reading(source):
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("ATTACH ? AS old", (f"{source.absolute().as_uri()}?mode=ro",))
        try:
            _expect_catalog(connection)
            with catalog.transaction():
                for table in _TABLES:
                    _copy_rows(connection, table)
                if move is not None:
                    _move(connection, move)
        finally:
            connection.execute("DETACH old")


def expect_inside(catalog: SqliteCatalog) -> None:
    """Refuse a catalog that speaks of places outside the folder that it is put into.

    Raises:
        BadExport: it does.

    """
    for table, columns in _PLACES.items():
        for column in columns:
            rows = catalog.connection.execute(f"SELECT {column} FROM {table}")  # noqa: S608 - names above
            for (packed,) in rows:
                place = None if packed is None else unpack_name(packed)
                if place is not None and not _is_inside(place):
                    message = "it speaks of files outside of its folder"
                    raise BadExport(message)


def expect_sound(catalog: SqliteCatalog) -> None:
    """Refuse what is packed and unpacks to more than any of askdoc's does.

    Terms may be as long as their document allows, whose text must be there in full.

    Raises:
        BadExport: there is some.

    """
    lengths = dict(catalog.connection.execute("SELECT key, length FROM documents"))
    texts = dict.fromkeys(lengths, 0)
    for document, packed in catalog.connection.execute("SELECT document, packed FROM texts"):
        texts[document] = texts.get(document, 0) + _expect_length(packed, _LONGEST)
    if any(texts[document] < length for document, length in lengths.items()):
        message = "its text is not whole"
        raise BadExport(message)
    for document, packed in catalog.connection.execute("SELECT document, packed FROM terms"):
        _expect_length(packed, _LONGEST + _TERMS_RATIO * lengths.get(document, 0))
    for packed, sizes in catalog.connection.execute(
        "SELECT packed, lengths FROM sentence_vectors WHERE lengths IS NOT NULL"
    ):
        length = _expect_length(packed, _LONGEST)
        if not isinstance(sizes, bytes) or sum(unpack_numbers(sizes)[1:]) != length:
            message = "its vectors of sentences are damaged"
            raise BadExport(message)


def _expect_length(packed: bytes, most: int) -> int:
    """Return how many bytes are packed, holding few of them; refuse more than `most`."""
    unpacker = zlib.decompressobj()
    length = 0
    try:
        rest = packed
        while not unpacker.eof and length <= most:
            piece = unpacker.decompress(rest, _PIECE)
            rest = unpacker.unconsumed_tail
            length += len(piece)
            if not piece and not rest:
                break
        whole = unpacker.eof and length <= most
    except (zlib.error, TypeError):
        whole = False
    if not whole:
        message = "its text is damaged"
        raise BadExport(message)
    return length


def homes(catalog: SqliteCatalog) -> Iterator[tuple[str, str]]:
    """Yield the id of each chunk with that of its document, in the order of the chunks."""
    rows = catalog.connection.execute(
        "SELECT c.id, d.id FROM chunks c JOIN documents d ON d.key = c.document "
        "WHERE d.version = 1 ORDER BY c.key"
    )
    for chunk, document in rows:
        yield unpack_id(chunk), document


def _expect_catalog(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA old.user_version").fetchone()
    if version > SCHEMA_VERSION:
        message = f"a newer askdoc made the index (schema {version})"
        raise IndexTooNew(message, hint="update askdoc, then import it again")
    if connection.execute("PRAGMA old.quick_check(1)").fetchone()[0] != "ok":
        message = "its catalog is damaged"
        raise BadExport(message)
    kinds = dict(connection.execute("SELECT name, type FROM old.sqlite_master").fetchall())
    made = dict(connection.execute("SELECT name, sql FROM old.sqlite_master").fetchall())
    for table in _TABLES:
        if table in _LATER and table not in kinds:
            continue
        if kinds.get(table) != "table" or "VIRTUAL" in str(made[table]).upper().split("(")[0]:
            message = "its catalog lacks a table"
            raise BadExport(message)


def _copy_rows(connection: sqlite3.Connection, table: str) -> None:
    ours = [name for _, name, *_ in connection.execute(f"PRAGMA main.table_info({table})")]
    theirs = {name for _, name, *_ in connection.execute(f"PRAGMA old.table_info({table})")}
    names = ", ".join(f'"{name}"' for name in ours if name in theirs)
    if not names:
        return
    where = _ONLY.get(table, "1")
    connection.execute(
        f"INSERT INTO main.{table} ({names}) SELECT {names} FROM old.{table} WHERE {where}"  # noqa: S608 - names of our own schema
    )


def _move(connection: sqlite3.Connection, move: Move) -> None:
    for table, columns in _PLACES.items():
        for column in columns:
            rows = connection.execute(
                f"SELECT DISTINCT {column} FROM main.{table} WHERE {column} IS NOT NULL"  # noqa: S608 - names above
            ).fetchall()
            for (packed,) in rows:
                before = unpack_name(packed)
                after = move(before)
                if after != before:
                    statement = f"UPDATE main.{table} SET {column} = ? WHERE {column} = ?"  # noqa: S608
                    connection.execute(statement, (pack_name(after), packed))


def _is_inside(place: str) -> bool:
    if is_address(place):
        return place.lower().startswith(("http://", "https://"))
    parts = place.replace(os.sep, "/").split("/")
    return not (posixpath.isabs(place) or ".." in parts or "\0" in place or _DRIVE.match(place))


@contextmanager
def _reading(source: Path) -> Iterator[None]:
    """Say of a file that SQLite can't read that it is no catalog."""
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as probe:
            probe.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield
    except (sqlite3.DatabaseError, zlib.error) as error:
        message = "its catalog is damaged"
        raise BadExport(message) from error
