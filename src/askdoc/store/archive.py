"""Exports an index to one file, and copies a catalog row by row into an empty one.

A catalog from elsewhere is only read: its tables must be tables, its triggers never run, and the
full text is built again.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from askdoc.addresses import is_address
from askdoc.errors import BadExport, DiskFull, IndexTooNew, UsageError
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.packing import pack_name, unpack_id, unpack_name, unpack_numbers
from askdoc.store.schema import SCHEMA_VERSION
from askdoc.types import Structure

_PLACES: Mapping[str, tuple[str, ...]] = {
    "sources": ("location",),
    "exclusions": ("location",),
    "skipped": ("location",),
    "documents": ("location", "source", "within"),
    "copies": ("location", "source", "within"),
}
"""Columns with locations or paths."""

_VISIBLE = "document IN (SELECT key FROM {0}documents WHERE version = 1)"

TABLES: Mapping[str, str] = {
    **dict.fromkeys(_PLACES, "true"),
    "documents": "version = 1",
    "meta": "key <> 'writing'",
    **dict.fromkeys(("fields", "texts", "chunks", "terms"), _VISIBLE),
    "sentence_vectors": f"chunk IN (SELECT key FROM {{0}}chunks WHERE {_VISIBLE})",  # noqa: S608 - names above
}
"""The tables of a catalog without its full text, and which rows are of published documents.

`{0}` is the schema of the tables, with a dot.
"""

_LONGEST = 1 << 24
"""Bytes that a packed piece of text or terms may unpack to, however short its document is."""

_TERMS_RATIO = 16
"""Bytes of terms per character of a document. Scripts without spaces have overlapping pairs, hence
the factor."""

_PIECE = 1 << 20

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
Move = Callable[[str], str]
"""Maps a location to its location in the copy."""


def copy(source: Path, catalog: SqliteCatalog, move: Move | None = None) -> None:
    """Copy the published documents of the catalog `source` into an empty one.

    `move` maps each location to the one in the copy.

    Raises:
        BadExport: the file is not a catalog, or has content that no catalog has. IndexTooNew: a
            newer askdoc made it.

    """
    connection = catalog.connection
    with _reading(source):
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("ATTACH ? AS old", (f"{source.absolute().as_uri()}?mode=ro",))
        try:
            _expect_catalog(connection)
            with catalog.transaction():
                for table in TABLES:
                    _copy_rows(connection, table)
                if move is not None:
                    move_places(connection, move)
        finally:
            connection.execute("DETACH old")


def expect_inside(catalog: SqliteCatalog) -> None:
    """Refuse a catalog with locations outside the folder of the import.

    Raises:
        BadExport: there is such a location.

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
    """Refuse packed values that unpack to more than any of askdoc's would (decompression bombs).

    The text of a document must have its stated length, and bounds the length of its terms.

    Raises:
        BadExport: a value is too long or too short.

    """
    lengths = dict(catalog.connection.execute("SELECT key, length FROM documents"))
    texts = dict.fromkeys(lengths, 0)
    for document, packed in catalog.connection.execute("SELECT document, packed FROM texts"):
        texts[document] = texts.get(document, 0) + _expect_length(packed, _LONGEST)
    if any(texts[document] < length for document, length in lengths.items()):
        message = "its text is incomplete"
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
    _expect_structure(catalog, lengths)


def _expect_structure(catalog: SqliteCatalog, lengths: Mapping[int, int]) -> None:
    """Refuse blocks and fields outside the text of their document."""
    message = "its structure is damaged"
    rows = catalog.connection.execute(
        "SELECT length, structure FROM documents WHERE structure IS NOT NULL AND structure <> x''"
    )
    for length, packed in rows:
        _expect_length(packed, _LONGEST)
        try:
            ends = [block.span.end for block in Structure.from_packed(packed).blocks]
        except (ValueError, TypeError) as error:
            raise BadExport(message) from error
        if max(ends, default=0) > length:
            raise BadExport(message)
    rows = catalog.connection.execute('SELECT document, key, value, start, "end" FROM fields')
    for document, key, value, start, end in rows:
        texts = isinstance(key, str | bytes) and isinstance(value, str | bytes)
        if not (texts and 0 <= start <= end <= lengths.get(document, -1)):
            raise BadExport(message)


def _expect_length(packed: bytes, most: int) -> int:
    """Return the unpacked length in bytes without keeping the bytes; refuse more than `most`."""
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
        is_complete = unpacker.eof and length <= most
    except (zlib.error, TypeError):
        is_complete = False
    if not is_complete:
        message = "its text is damaged"
        raise BadExport(message)
    return length


def homes(catalog: SqliteCatalog) -> Iterator[tuple[str, str]]:
    """Yield (chunk id, document id) in the order of the chunks."""
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
    if version < SCHEMA_VERSION:
        message = f"it has an older form (schema {version})"
        raise BadExport(message)
    if connection.execute("PRAGMA old.quick_check(1)").fetchone()[0] != "ok":
        message = "its catalog is damaged"
        raise BadExport(message)
    kinds = dict(connection.execute("SELECT name, type FROM old.sqlite_master").fetchall())
    made = dict(connection.execute("SELECT name, sql FROM old.sqlite_master").fetchall())
    for table in TABLES:
        if kinds.get(table) != "table" or "VIRTUAL" in str(made[table]).upper().split("(")[0]:
            message = "its catalog lacks a table"
            raise BadExport(message)


def _copy_rows(connection: sqlite3.Connection, table: str) -> None:
    columns = connection.execute(f"PRAGMA main.table_info({table})")
    names = ", ".join(f'"{name}"' for _, name, *_ in columns)
    where = TABLES[table].format("old.")
    connection.execute(
        f"INSERT INTO main.{table} ({names}) SELECT {names} FROM old.{table} WHERE {where}"  # noqa: S608 - names of our own schema
    )


def move_places(connection: sqlite3.Connection, move: Move) -> None:
    """Replace each location by what `move` returns for it."""
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
    """Raise `BadExport` for a file that SQLite cannot read."""
    try:
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as probe:
            probe.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield
    except (sqlite3.DatabaseError, zlib.error) as error:
        message = "its catalog is damaged"
        raise BadExport(message) from error


CATALOG, IDS, VECTORS = "catalog.sqlite", "vectors.ids", "vectors.f32"
MEMBERS = (CATALOG, IDS, VECTORS)

_MANIFEST = "manifest.json"
_FORMAT = "askdoc.export"
_VERSION = 1
_BLOCK = 1 << 20
_MOST_MANIFEST = 1 << 20
_MOST_RATIO = 200
_SMALL = 1 << 24
"""A member may unpack to this many bytes in any case; above, the compression ratio is limited."""

_HEADROOM = 1 << 26
_MARK = "sha256:"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, NotImplementedError)

Progress = Callable[[int, int], None]
"""Called with (bytes done, bytes in total)."""


def write(
    target: Path, folder: Path, about: Mapping[str, Any], *, force: bool, progress: Progress
) -> None:
    """Pack the members in `folder` into `target`, which appears only when it is complete.

    Raises:
        UsageError: the file exists, and `force` is false.

    """
    expect_free(target, force=force)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if not _pack(draft, folder, about, deflated=(CATALOG, IDS), progress=progress):
            _pack(draft, folder, about, deflated=(), progress=progress)
        with opened(draft) as written:
            written.expect_whole()
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _pack(
    draft: Path,
    folder: Path,
    about: Mapping[str, Any],
    *,
    deflated: Sequence[str],
    progress: Progress,
) -> bool:
    """Write the archive; return whether every member stays below the compression ratio of a bomb.

    Usually they do: vectors hardly compress, and the catalog's text is compressed already.
    """
    sizes = {name: (folder / name).stat().st_size for name in MEMBERS}
    done = 0
    with zipfile.ZipFile(draft, "w") as archive:
        members = []
        for name in MEMBERS:
            digest = hashlib.sha256()
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED if name in deflated else zipfile.ZIP_STORED
            with (
                (folder / name).open("rb") as source,
                archive.open(info, "w", force_zip64=True) as packed,
            ):
                while block := source.read(_BLOCK):
                    digest.update(block)
                    packed.write(block)
                    done += len(block)
                    progress(done, sum(sizes.values()))
            members.append({"name": name, "size": sizes[name], "sha256": digest.hexdigest()})
        manifest = json.dumps(
            {"format": _FORMAT, "version": _VERSION, **about, "members": members}, indent=1
        ).encode()
        archive.writestr(_MANIFEST, manifest)
        archive.comment = f"{_MARK}{hashlib.sha256(manifest).hexdigest()}".encode()
        return not any(_is_bomb(member) for member in archive.infolist())


def _is_bomb(member: zipfile.ZipInfo) -> bool:
    return member.file_size > max(_SMALL, member.compress_size * _MOST_RATIO)


def expect_free(target: Path, *, force: bool) -> None:
    """Check that the file may be written.

    Raises:
        UsageError: it exists, and `force` is false; or its folder does not exist.

    """
    if target.is_dir() or (target.exists() and not force):
        message = f"there is `{target}` already"
        raise UsageError(message, hint="name another file, or replace it: `--force`")
    if not target.parent.is_dir():
        message = f"there is no folder `{target.parent}`"
        raise UsageError(message, hint="make it, or name a file in another folder")


class ExportFile:
    """An exported index, open for reading.

    It may be hostile, so every size and checksum is compared.
    """

    def __init__(self, archive: zipfile.ZipFile, file: Path) -> None:
        self._archive = archive
        self._file = file
        self.about = self._manifest()

    def unpack(self, folder: Path, progress: Progress) -> None:
        """Write the members into `folder`.

        Each may have at most the bytes that the manifest states.

        Raises:
            BadExport: a member differs from the manifest. DiskFull: there is not enough space.
        """
        total = sum(size for size, _ in self._members.values())
        if shutil.disk_usage(folder).free < total + _HEADROOM:
            message = f"no room for {total / 1e6:,.0f} MB in `{folder}`"
            raise DiskFull(message, hint="free some and run again")
        done = 0
        for name, (size, digest) in self._members.items():
            made = hashlib.sha256()
            written = 0
            with (
                self._translating(),
                self._archive.open(name) as packed,
                (folder / name).open("wb") as out,
            ):
                while written <= size and (block := packed.read(_BLOCK)):
                    made.update(block)
                    out.write(block)
                    written += len(block)
                    done += len(block)
                    progress(done, total)
            if written != size or made.hexdigest() != digest:
                message = f"`{name}` in it is not what was packed"
                raise self.damaged(message)

    def expect_whole(self) -> None:
        """Read all members, and compare their checksums.

        Raises:
            BadExport: a checksum differs.

        """
        with self._translating():
            bad = self._archive.testzip()
        if bad is not None:
            message = f"`{bad}` in it is not what was packed"
            raise self.damaged(message)

    def damaged(self, reason: str) -> BadExport:
        """Return the error for this file."""
        return damaged(self._file, reason)

    def _manifest(self) -> dict[str, Any]:
        members = self._archive.infolist()
        names = [member.filename for member in members]
        if sorted(names) != sorted((*MEMBERS, _MANIFEST)):
            message = "it contains something else than an index"
            raise self.damaged(message)
        with self._translating():
            if self._archive.getinfo(_MANIFEST).file_size > _MOST_MANIFEST:
                message = "its manifest is too long"
                raise self.damaged(message)
            with self._archive.open(_MANIFEST) as packed:
                data = packed.read(_MOST_MANIFEST)
            comment = self._archive.comment.decode("ascii", "replace")
            if comment != f"{_MARK}{hashlib.sha256(data).hexdigest()}":
                message = "its checksum is wrong"
                raise self.damaged(message)
            about = json.loads(data)
            if about["format"] != _FORMAT:
                message = "it is not an exported index"
                raise self.damaged(message)
            if about["version"] > _VERSION:
                message = f"a newer askdoc made `{self._file}`"
                raise IndexTooNew(message, hint="update askdoc, then import it again")
            self._members = {
                str(one["name"]): (int(one["size"]), str(one["sha256"])) for one in about["members"]
            }
        if tuple(self._members) != MEMBERS:
            message = "its manifest names other members"
            raise self.damaged(message)
        for member in members:
            size = self._members.get(member.filename, (member.file_size, ""))[0]
            if member.file_size != size or member.flag_bits & 1:
                message = f"`{member.filename}` in it is not what was packed"
                raise self.damaged(message)
            if _is_bomb(member):
                message = f"`{member.filename}` in it unpacks to far too much"
                raise self.damaged(message)
        return dict(about)

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (*_BROKEN, TypeError, RuntimeError) as error:
            message = "it can't be unpacked"
            raise self.damaged(message) from error


@contextmanager
def opened(file: Path) -> Iterator[ExportFile]:
    """Open an exported index.

    Raises:
        BadExport: the file is not one, or is damaged. IndexTooNew: a newer askdoc made it.
        UsageError: the file does not exist.

    """
    if file.is_dir():
        message = f"`{file}` is a folder"
        hint = "name a file that `askdoc export` made; `askdoc index FOLDER` reads documents"
        raise UsageError(message, hint=hint)
    if not file.is_file():
        message = f"there is no file `{file}`"
        raise UsageError(message, hint="name a file that `askdoc export` made")
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise damaged(file, "it is not an exported index, or only a part of one") from error
    with archive:
        yield ExportFile(archive, file)


def damaged(file: Path, reason: str) -> BadExport:
    """Return the error for a file."""
    return BadExport(
        f"`{file}` can't be imported: {reason}", hint="export it again, and copy the whole file"
    )
