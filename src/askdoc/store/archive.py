"""Copies what a catalog holds into an empty one, row by row, so that nothing else comes along.

A catalog from elsewhere is only read: its tables must be tables, its triggers never run, and the
full text is made anew.
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
"""Columns that say where something is found."""

_LATER = {"copies", "sentence_vectors", "fields"}
"""Tables that a catalog of an older schema does not have."""

_TABLES = (*_PLACES, "meta", "fields", "texts", "chunks", "terms", "sentence_vectors")
_VISIBLE = "document IN (SELECT key FROM old.documents WHERE version = 1)"
_ONLY: Mapping[str, str] = {
    "documents": "version = 1",
    "meta": "key <> 'writing'",
    **dict.fromkeys(("fields", "texts", "chunks", "terms"), _VISIBLE),
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
    _expect_structure(catalog, lengths)


def _expect_structure(catalog: SqliteCatalog, lengths: Mapping[int, int]) -> None:
    """Refuse blocks and fields that do not lie in the text of their document."""
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
        is_complete = unpacker.eof and length <= most
    except (zlib.error, TypeError):
        is_complete = False
    if not is_complete:
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


CATALOG, IDS, VECTORS = "catalog.sqlite", "vectors.ids", "vectors.f32"
MEMBERS = (CATALOG, IDS, VECTORS)

_MANIFEST = "manifest.json"
_FORMAT = "askdoc.export"
_VERSION = 1
_BLOCK = 1 << 20
_MOST_MANIFEST = 1 << 20
_MOST_RATIO = 200
_SMALL = 1 << 24
"""Bytes that a member may unpack to however small it is packed; above, the ratio counts."""

_HEADROOM = 1 << 26
_MARK = "sha256:"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, NotImplementedError)

Progress = Callable[[int, int], None]
"""Hears how many bytes are done, of how many."""


def write(
    target: Path, folder: Path, about: Mapping[str, Any], *, force: bool, progress: Progress
) -> None:
    """Pack the members that lie in `folder` into `target`, which appears when it is complete.

    Raises:
        UsageError: there is a file already, and no `force`.

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
    """Write the archive; tell whether nothing in it packs so well that it looks like a bomb.

    Vectors hardly pack, and the text of the catalog is packed within it.
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
    """Go on where a file may be made.

    Raises:
        UsageError: there is one already, and no `force`; or there is no folder for it.

    """
    if target.is_dir() or (target.exists() and not force):
        message = f"there is `{target}` already"
        raise UsageError(message, hint="name another file, or replace it: `--force`")
    if not target.parent.is_dir():
        message = f"there is no folder `{target.parent}`"
        raise UsageError(message, hint="make it, or name a file in another folder")


class ExportFile:
    """An exported index, open to be read; nothing of it is believed that was not compared."""

    def __init__(self, archive: zipfile.ZipFile, file: Path) -> None:
        self._archive = archive
        self._file = file
        self.about = self._manifest()

    def unpack(self, folder: Path, progress: Progress) -> None:
        """Write the members into `folder`, each bounded by the size it is said to have.

        Raises:
            BadExport: a member is not what the manifest says.
            DiskFull: there is no room for them.

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
        """Read all of it once.

        Raises:
            BadExport: a checksum does not hold.

        """
        with self._translating():
            bad = self._archive.testzip()
        if bad is not None:
            message = f"`{bad}` in it is not what was packed"
            raise self.damaged(message)

    def damaged(self, reason: str) -> BadExport:
        """Return the error that says what is wrong with the file."""
        return damaged(self._file, reason)

    def _manifest(self) -> dict[str, Any]:
        members = self._archive.infolist()
        names = [member.filename for member in members]
        if sorted(names) != sorted((*MEMBERS, _MANIFEST)):
            message = "it holds something else than an index"
            raise self.damaged(message)
        with self._translating():
            if self._archive.getinfo(_MANIFEST).file_size > _MOST_MANIFEST:
                message = "its manifest is too long"
                raise self.damaged(message)
            with self._archive.open(_MANIFEST) as packed:
                data = packed.read(_MOST_MANIFEST)
            comment = self._archive.comment.decode("ascii", "replace")
            if comment != f"{_MARK}{hashlib.sha256(data).hexdigest()}":
                message = "its checksum does not hold"
                raise self.damaged(message)
            about = json.loads(data)
            if about["format"] != _FORMAT:
                message = "it is no exported index"
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
        BadExport: it is none, or it is damaged.
        IndexTooNew: a newer askdoc made it.
        UsageError: there is no such file.

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
        raise damaged(file, "it is no exported index, or only a part of one") from error
    with archive:
        yield ExportFile(archive, file)


def damaged(file: Path, reason: str) -> BadExport:
    """Return the error that says what is wrong with a file."""
    return BadExport(
        f"`{file}` can't be imported: {reason}", hint="export it again, and copy the whole file"
    )
