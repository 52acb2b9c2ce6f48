"""The catalog for its writers. SQLite and PostgreSQL share it.

A new version of a document is staged, invisible to readers, in as many transactions as it takes.
One transaction publishes it and removes the former version. The ids of obsolete vectors stay in a
journal until the vector store has removed them, so that a crash in between leaves no orphans.
"""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from askdoc.errors import UsageError
from askdoc.store.packing import (
    OddName,
    TextEnd,
    bundles,
    pack_id,
    pack_name,
    pack_optional,
    pack_spans,
    pack_text,
    segments,
    unpack_id,
    unpack_name,
    unpack_optional,
    unpack_text,
)
from askdoc.store.reader import CORPUS_FINGERPRINT, SqlReader, batched
from askdoc.text.chunking import name_words
from askdoc.types import Chunk, Document, Found, Known, Named, Skip

_MODULUS = 1 << 256

_KNOWN = """
    SELECT id, location, path, source, size, modified_ns, content_hash, within
    FROM documents WHERE version = 1{0}
    UNION ALL
    SELECT d.id, copies.location, copies.path, copies.source, copies.size, copies.modified_ns,
           d.content_hash, copies.within
    FROM copies JOIN documents d ON d.id = copies.document AND d.version = 1{0}
"""
_PLACE = "location, path, source, size, modified_ns, within"
"""The columns of a place, in this order."""
_BY_CONTENT = " AND content_hash = ?"
_REPLACING_NOTHING = """
    SELECT s.id, s.key FROM documents s WHERE s.version = 0 AND s.id IN ({})
    AND NOT EXISTS (SELECT 1 FROM documents o WHERE o.location = s.location AND o.key <> s.key)
    AND NOT EXISTS (SELECT 1 FROM documents o WHERE o.id = s.id AND o.version = 1)
    AND NOT EXISTS (SELECT 1 FROM copies c WHERE c.location = s.location)
"""
_READ_TOGETHER = 20
"""Documents whose terms are in memory at a time."""
_NOWHERE = OddName(b"\0")
"""The temporary location of a document that changes its place, within a transaction."""


class SqlCatalog(SqlReader):
    """A catalog that can be changed, in SQL that SQLite and PostgreSQL read."""

    def __init__(self, place: str, root: Path, *, write: bool) -> None:
        super().__init__(place, root, write=write)
        self._ends: dict[str, TextEnd] = {}

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """Commit all changes in this block at once, or none.

        Nested transactions join the outer one.
        """

    def staging(self) -> AbstractContextManager[None]:
        """Commit all changes of staged documents in this block at once, or none."""
        return self.transaction()

    def restricted(self) -> Mapping[str, Sequence[str]]:
        """Map places to the groups that alone see the documents there; none in a folder."""
        return {}

    def restrict(self, places: Mapping[str, Sequence[str]]) -> None:
        """Replace the places of groups.

        Raises:
            UsageError: the index is in a folder, where everybody reads everything.

        """
        if places:
            message = "groups need a shared library; this index is in a folder"
            hint = "keep it in PostgreSQL: `--index postgresql://HOST/NAME`"
            raise UsageError(message, hint=hint)

    @abstractmethod
    def regroup(self, groups_of: Callable[[str], Sequence[str]]) -> None:
        """Set the groups of all published documents by their locations."""

    @abstractmethod
    def _run(self, statement: str, *values: Any) -> None:
        """Run a statement as in `_all`, without rows."""

    @abstractmethod
    def _many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Run a statement once for each row of values, in one transaction."""

    @abstractmethod
    def _list(self, keys: Sequence[int]) -> None:
        """Add the chunks of documents to the full text."""

    @abstractmethod
    def _unlist(self, key: int) -> None:
        """Remove the chunks of a document from the full text."""

    @abstractmethod
    def _clear_full_text(self) -> None:
        """Empty the full text."""

    # ── notes ─────────────────────────────────────────────────────────────────────────────────────

    def keep(self, key: str, value: str) -> None:
        """Store a setting of the index."""
        self._run(
            """INSERT INTO meta VALUES (?, ?)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value""",
            key,
            value,
        )

    def keep_sources(self, locations: Collection[str]) -> None:
        """Replace the list of sources."""
        with self.transaction():
            self._run("DELETE FROM sources")
            self._many("INSERT INTO sources VALUES (?)", ((pack_name(name),) for name in locations))

    def exclude(self, locations: Collection[str]) -> None:
        """Exclude these locations from later runs."""
        self._many(
            "INSERT INTO exclusions VALUES (?) ON CONFLICT DO NOTHING",
            ((pack_name(n),) for n in locations),
        )

    def include(self, locations: Collection[str]) -> None:
        """Undo `exclude`."""
        self._many(
            "DELETE FROM exclusions WHERE location = ?", ((pack_name(n),) for n in locations)
        )

    def record_skips(
        self, skips: Iterable[tuple[Skip, Found | None]], *, forget: Iterable[str] = ()
    ) -> None:
        """Record skipped files, and delete the records of the locations `forget`.

        A skip comes with its file if the content is the reason; then the file is not read again
        until it changes.
        """
        with self.transaction():
            self._many("DELETE FROM skipped WHERE location = ?", ((pack_name(n),) for n in forget))
            self._many(
                """INSERT INTO skipped VALUES (?, ?, ?, ?, ?, ?)
                   ON CONFLICT (location) DO UPDATE SET code = excluded.code,
                   reason = excluded.reason, hint = excluded.hint, size = excluded.size,
                   modified_ns = excluded.modified_ns""",
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
        """Map each location skipped for its content to the skip, and the file's size and time."""
        rows = self._all("SELECT * FROM skipped WHERE size IS NOT NULL")
        return {
            (name := unpack_name(location)): (Skip(name, code, reason, hint), size, modified)
            for location, code, reason, hint, size, modified in rows
        }

    # ── places ────────────────────────────────────────────────────────────────────────────────────

    def known(self) -> list[Known]:
        """List every place of every document, for planning."""
        return [known_from(row) for row in self._all(_KNOWN.format(""))]

    def with_content(self, content_hash: str) -> list[Known]:
        """List the places of documents whose file has this content."""
        rows = self._all(_KNOWN.format(_BY_CONTENT), content_hash, content_hash)
        return sorted((known_from(row) for row in rows), key=lambda known: known.location)

    def has_parts(self, location: str) -> bool:
        """Tell whether the file at a location has parts that are documents."""
        name, below, end = map(pack_name, (location, f"{location}/", f"{location}0"))
        return any(
            self._all(statement, name, below, end)
            for statement in (
                """SELECT 1 FROM documents WHERE version = 1
                   AND (within = ?1 OR (location > ?2 AND location < ?3)) LIMIT 1""",
                """SELECT 1 FROM copies WHERE within = ?1
                   OR (location > ?2 AND location < ?3) LIMIT 1""",
            )
        )

    def is_taken(self, document_id: str, location: str) -> bool:
        """Tell whether a published document, or a staged one from elsewhere, has this id."""
        return bool(
            self._all(
                """SELECT 1 FROM documents
                   WHERE id = ? AND NOT (version = 0 AND location = ?) LIMIT 1""",
                document_id,
                pack_name(location),
            )
        )

    def copy(self, places: Iterable[tuple[Found, str]], *, within: str | None = None) -> None:
        """Record files as further places of documents (by id) with the same content.

        A place that belonged to another document is taken from it. `within` is the location of the
        containing file, if there is one.
        """
        wanted = list(places)
        kept = {document_id for _, document_id in wanted}
        with self.transaction():
            for found, _ in wanted:
                self._release(found.location, kept=kept)
            self._many(
                """INSERT INTO copies (location, document, path, source, size, modified_ns, within)
                   VALUES (?, ?, ?, ?, ?, ?, ?)""",
                (
                    (
                        pack_name(found.location),
                        document_id,
                        pack_name(found.path),
                        pack_name(found.source),
                        found.size,
                        found.modified_ns,
                        None if within is None else pack_name(within),
                    )
                    for found, document_id in wanted
                ),
            )
            for found, document_id in wanted:
                self._count_places([(found.path, self._content(document_id))], 1)
            for key, document_id in self._all(
                "SELECT key, id FROM documents WHERE location = ?", _NOWHERE
            ):
                self._promote(key, document_id)
            for document_id in kept if within is None else ():
                self._lead(document_id)

    def release(self, locations: Iterable[str]) -> None:
        """Remove places; a document is removed with its last place. Unknown places are ignored."""
        with self.transaction():
            for location in locations:
                self._release(location)

    def update(self, found: Found) -> None:
        """Update size, time, path or source of files with unchanged content."""
        with self.transaction():
            for table in ("documents", "copies"):
                where = "location = ?" + (" AND version = 1" if table == "documents" else "")
                statement = f"SELECT path FROM {table} WHERE {where}"  # noqa: S608 - names above
                for (path,) in self._all(statement, pack_name(found.location)):
                    content = self._content_at(found.location)
                    self._count_places([(unpack_name(path), content)], -1)
                    self._run(
                        f"""UPDATE {table} SET path = ?, source = ?, size = ?, modified_ns = ?
                            WHERE {where}""",  # noqa: S608 - names above
                        pack_name(found.path),
                        pack_name(found.source),
                        found.size,
                        found.modified_ns,
                        pack_name(found.location),
                    )
                    self._count_places([(found.path, content)], 1)

    def named(self, document_ids: Collection[str] | None = None) -> Mapping[str, Named]:
        """Return, for these documents or all, the names in the full text, and their paths."""
        statement = "SELECT id, path, named FROM documents WHERE version = 1"
        if document_ids is None:
            rows, copies = self._all(statement), self._all("SELECT document, path FROM copies")
        else:
            rows = self._for_each(statement + " AND id IN ({})", document_ids)
            copies = self._for_each(
                "SELECT document, path FROM copies WHERE document IN ({})", document_ids
            )
        paths: dict[str, list[str]] = {}
        for key, path in copies:
            paths.setdefault(key, []).append(unpack_name(path))
        return {
            key: Named(
                name_words(unpack_name(path)) if named is None else unpack_name(named),
                (unpack_name(path), *sorted(paths.get(key, ()))),
            )
            for key, path, named in rows
        }

    def rename(
        self, document_id: str, named: str, before: Sequence[str], after: Sequence[str]
    ) -> None:
        """Change the names of a document in the full text: terms `after` replace `before`."""
        with self.transaction():
            key = self._version(document_id, 1)
            self._unlist(key)
            rows = self._all("SELECT first_chunk, packed FROM terms WHERE document = ?", key)
            for first, packed in rows:
                lines = unpack_text(packed).split("\n")
                renamed = "\n".join(_renamed(line, before, after) for line in lines)
                self._run(
                    "UPDATE terms SET packed = ? WHERE first_chunk = ?", pack_text(renamed), first
                )
            self._list([key])
            self._run("UPDATE documents SET named = ? WHERE key = ?", pack_name(named), key)

    def rebuild_full_text(self) -> None:
        """Build the full text again from the stored terms."""
        with self.transaction():
            self._clear_full_text()
            self._list([key for (key,) in self._all("SELECT key FROM documents WHERE version = 1")])

    # ── documents ───────────────────────────────────────────────────────────────────────────────

    def put(
        self, document: Document, text: str, chunks: Sequence[Chunk], terms: Sequence[str]
    ) -> None:
        """Store and publish a document in one step; `terms` has one joined string per chunk."""
        with self.transaction():
            self.stage(document)
            self.append(document.id, text)
            self.extend(document.id, chunks, terms)
            self.publish([document.id])

    def stage(self, document: Document) -> None:
        """Start a new version of a document, invisible to readers until it is published."""
        stamp = document.stamp
        with self.staging():
            self._erase_staged(document.id)
            self._run(
                """INSERT INTO documents (version, id, location, path, source, title, length,
                   chunks, sentences, size, modified_ns, content_hash, pages, language, warnings,
                   landmarks, author, within, named, structure)
                   VALUES (0, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                document.id,
                pack_name(document.location),
                pack_name(document.path),
                pack_name(document.source),
                pack_optional(document.title),
                document.length,
                stamp.size,
                stamp.modified_ns,
                stamp.content_hash,
                json.dumps(document.pages),
                document.language,
                json.dumps(document.warnings),
                document.landmarks.packed,
                pack_optional(document.author),
                pack_optional(document.within),
                pack_name(name_words(document.path)),
                document.structure.packed,
            )
            self._put_fields(document)
            self._ends[document.id] = TextEnd()

    def append(self, document_id: str, text: str) -> None:
        """Append text to the staged version of a document."""
        with self.staging():
            key, end = self._version(document_id, 0), self._ends[document_id]
            self._many("INSERT INTO texts VALUES (?, ?, ?, ?)", segments(key, text, end))

    def complete(self, document: Document) -> None:
        """Set what is known only at the end of a staged version, such as its length."""
        with self.staging():
            self._run(
                """UPDATE documents SET length = ?, content_hash = ?, warnings = ?, landmarks = ?,
                   structure = ? WHERE id = ? AND version = 0""",
                document.length,
                document.stamp.content_hash,
                json.dumps(document.warnings),
                document.landmarks.packed,
                document.structure.packed,
                document.id,
            )
            self._put_fields(document)

    def extend(
        self,
        document_id: str,
        chunks: Sequence[Chunk],
        terms: Sequence[str],
        sentences: Sequence[bytes] = (),
    ) -> None:
        """Append chunks to the staged version of a document."""
        if not chunks:
            return
        with self.staging():
            key = self._version(document_id, 0)
            [(first,)] = self._all("SELECT coalesce(max(key), 0) + 1 FROM chunks")
            [(seen,)] = self._all(
                'SELECT coalesce(max("end"), 0) FROM chunks WHERE document = ?', key
            )
            spans = {span for chunk in chunks for span in chunk.sentences if span.start >= seen}
            self._many(
                "INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        number,
                        pack_id(chunk.id),
                        key,
                        chunk.span.start,
                        chunk.span.end,
                        pack_spans(chunk.sentences, chunk.span.start),
                        json.dumps(chunk.headings),
                    )
                    for number, chunk in enumerate(chunks, start=first)
                ),
            )
            self._many(
                "INSERT INTO sentence_vectors VALUES (?, ?, ?)",
                bundles(first, sentences, len(chunks[0].sentences)),
            )
            lines = "\n".join(_one_line(line) for line in terms)
            self._run("INSERT INTO terms VALUES (?, ?, ?)", first, key, pack_text(lines))
            self._run(
                "UPDATE documents SET chunks = chunks + ?, sentences = sentences + ? WHERE key = ?",
                len(chunks),
                len(spans),
                key,
            )

    def publish(self, document_ids: Iterable[str]) -> None:
        """Publish the staged versions of documents, and remove the former versions.

        A place that belonged to another document is taken from it.
        """
        with self.transaction():
            for batch in batched(dict.fromkeys(document_ids)):
                new = self._replacing_nothing(batch)
                if new:
                    self._show(new)
                for document_id in batch:
                    if document_id not in new:
                        key = self._version(document_id, 0)
                        self._make_way(document_id, key)
                        self._show({document_id: key})

    def chunk_ids(self, document_ids: Iterable[str] | None = None) -> list[str]:
        """List the chunk ids of these documents, or of all."""
        statement = """SELECT c.id FROM documents d JOIN chunks c ON c.document = d.key
                       WHERE d.version = 1"""
        if document_ids is None:
            rows = self._all(statement)
        else:
            rows = self._for_each(statement + " AND d.id IN ({})", document_ids)
        return [unpack_id(row[0]) for row in rows]

    # ── what a crash leaves behind ──────────────────────────────────────────────────────────────

    def drop_staged(self, document_ids: Iterable[str] | None = None) -> None:
        """Discard the staged versions of these documents, or of all, as after a crash."""
        with self.staging():
            if document_ids is None:
                rows = self._all("SELECT id FROM documents WHERE version = 0")
                document_ids = [document_id for (document_id,) in rows]
            for document_id in document_ids:
                self._erase_staged(document_id)

    def obsolete(self) -> list[str]:
        """List the chunk ids whose vectors have to be removed."""
        return [unpack_id(row[0]) for row in self._all("SELECT id FROM obsolete")]

    def clear_obsolete(self, ids: Iterable[str]) -> None:
        """Delete ids from the journal whose vectors are removed."""
        self._many("DELETE FROM obsolete WHERE id = ?", ((pack_id(chunk),) for chunk in ids))

    # ── helpers ─────────────────────────────────────────────────────────────────────────────────

    def _put_fields(self, document: Document) -> None:
        """Replace the fields of a staged version."""
        key = self._version(document.id, 0)
        self._run("DELETE FROM fields WHERE document = ?", key)
        self._many(
            "INSERT INTO fields VALUES (?, ?, ?, ?, ?, ?)",
            (
                (
                    key,
                    number,
                    pack_name(field.key),
                    pack_name(field.value),
                    field.span.start,
                    field.span.end,
                )
                for number, field in enumerate(document.fields)
            ),
        )

    def _replacing_nothing(self, document_ids: Sequence[str]) -> dict[str, int]:
        """Map those of the staged documents that replace nothing to their keys.

        They are published together, since a database on another machine answers each statement
        only after a while.
        """
        return dict(self._for_each(_REPLACING_NOTHING, document_ids))

    def _show(self, staged: Mapping[str, int]) -> None:
        """Make the staged versions of documents visible, given by ids and keys."""
        for document_id in staged:
            self._ends.pop(document_id, None)
        keys = list(staged.values())
        self._list(keys)
        marks = ",".join("?" * len(keys))
        self._run(f"UPDATE documents SET version = 1 WHERE key IN ({marks})", *keys)  # noqa: S608
        self._run(
            f"""DELETE FROM obsolete
                WHERE id IN (SELECT id FROM chunks WHERE document IN ({marks}))""",  # noqa: S608
            *keys,
        )
        self._count_in(list(staged), 1)

    def _make_way(self, document_id: str, staged: int) -> None:
        """Remove what the staged version of a document replaces."""
        [(location,)] = self._all("SELECT location FROM documents WHERE key = ?", staged)
        self._release(unpack_name(location), but=document_id)
        for (key,) in self._all(
            "SELECT key FROM documents WHERE id = ? AND version = 1", document_id
        ):
            self._take_out(key, document_id)

    def _release(
        self, location: str, *, but: str | None = None, kept: Collection[str] = ()
    ) -> None:
        """Remove a place, unless it is the main place of the document `but`.

        A document in `kept` stays for a moment without a place.
        """
        name = pack_name(location)
        for key, path in self._all("SELECT document, path FROM copies WHERE location = ?", name):
            self._count_places([(unpack_name(path), self._content(key))], -1)
            self._run("DELETE FROM copies WHERE location = ?", name)
        for key, document_id, version in self._all(
            "SELECT key, id, version FROM documents WHERE location = ?", name
        ):
            if version == 0 and document_id != but:
                self._erase(key)
            elif version == 1 and document_id != but and not self._promote(key, document_id):
                if document_id in kept:
                    self._leave(key, document_id)
                else:
                    self._take_out(key, document_id)

    def _promote(self, key: int, document_id: str) -> bool:
        """Make the place of a copy the document's main place, if there is a copy."""
        rows = self._all(
            f"""SELECT {_PLACE} FROM copies
                WHERE document = ? ORDER BY within IS NOT NULL, location LIMIT 1""",  # noqa: S608
            document_id,
        )
        for row in rows:
            self._leave(key, document_id)
            self._put(key, row)
        return bool(rows)

    def _put(self, key: int, copy: Sequence[Any]) -> None:
        """Make the place of a copy the document's main place."""
        self._run("DELETE FROM copies WHERE location = ?", copy[0])
        self._run(
            """UPDATE documents SET location = ?, path = ?, source = ?, size = ?,
               modified_ns = ?, within = ? WHERE key = ?""",
            *copy,
            key,
        )

    def _lead(self, document_id: str) -> None:
        """Prefer a file of its own as main place to a part of another file.

        A user can open it directly.
        """
        own = self._all(
            f"""SELECT key, {_PLACE} FROM documents
                WHERE id = ? AND version = 1 AND within IS NOT NULL""",  # noqa: S608 - names above
            document_id,
        )
        copies = self._all(
            f"""SELECT {_PLACE} FROM copies
                WHERE document = ? AND within IS NULL ORDER BY location LIMIT 1""",  # noqa: S608
            document_id,
        )
        for (key, *place), copy in zip(own, copies, strict=False):
            self._put(key, copy)
            self._run(
                "UPDATE documents SET named = coalesce(named, ?) WHERE key = ?",
                pack_name(name_words(unpack_name(place[1]))),  # the full text still has these names
                key,
            )
            self._run(
                f"INSERT INTO copies (document, {_PLACE}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
                document_id,
                *place,
            )

    def _leave(self, key: int, document_id: str) -> None:
        """Take its main place from a document."""
        [(location, path)] = self._all("SELECT location, path FROM documents WHERE key = ?", key)
        if unpack_name(location) == "\0":
            return
        self._count_places([(unpack_name(path), self._content(document_id))], -1)
        self._run(
            "UPDATE documents SET location = ?, named = coalesce(named, ?) WHERE key = ?",
            _NOWHERE,
            pack_name(name_words(unpack_name(path))),
            key,
        )

    def _take_out(self, key: int, document_id: str) -> None:
        self._count_in([document_id], -1)
        self._unlist(key)
        self._erase(key)

    def _version(self, document_id: str, version: int) -> int:
        rows = self._all(
            "SELECT key FROM documents WHERE id = ? AND version = ?", document_id, version
        )
        if not rows:
            message = f"no document `{document_id}` in version {version}"
            raise LookupError(message)
        return int(rows[0][0])

    def _content(self, document_id: str) -> str:
        rows = self._all(
            "SELECT content_hash FROM documents WHERE id = ? AND version = 1", document_id
        )
        return str(rows[0][0])

    def _content_at(self, location: str) -> str:
        name = pack_name(location)
        rows = self._all(
            """SELECT content_hash FROM documents WHERE version = 1 AND (location = ?1
               OR id = (SELECT document FROM copies WHERE location = ?1))""",
            name,
        )
        return str(rows[0][0])

    def _terms(self, keys: Sequence[int]) -> Iterator[tuple[int, int, str]]:
        """Yield the document, the row id and the terms of each chunk of documents.

        The terms are those that the full text has.
        """
        for batch in batched(keys, _READ_TOGETHER):
            rows = self._all(
                f"""SELECT document, first_chunk, packed FROM terms
                    WHERE document IN ({",".join("?" * len(batch))}) ORDER BY first_chunk""",  # noqa: S608
                *batch,
            )
            for key, first, packed in rows:
                for chunk, line in enumerate(unpack_text(packed).split("\n"), start=first):
                    yield key, chunk, line

    def _erase_staged(self, document_id: str) -> None:
        rows = self._all("SELECT key FROM documents WHERE id = ? AND version = 0", document_id)
        for (key,) in rows:
            self._erase(key)

    def _erase(self, key: int) -> None:
        """Delete a version, and add its chunks to the journal unless the other version has them."""
        self._run(
            """INSERT INTO obsolete SELECT id FROM (
                   SELECT id FROM chunks WHERE document = ?1
                   EXCEPT SELECT id FROM chunks WHERE document IN (
                       SELECT other.key FROM documents one JOIN documents other ON other.id = one.id
                       WHERE one.key = ?1 AND other.key <> ?1)
               ) gone WHERE true ON CONFLICT DO NOTHING""",
            key,
        )
        self._run(
            """DELETE FROM sentence_vectors
               WHERE chunk IN (SELECT key FROM chunks WHERE document = ?)""",
            key,
        )
        for table in ("texts", "chunks", "terms", "fields"):
            self._run(f"DELETE FROM {table} WHERE document = ?", key)  # noqa: S608 - names above
        self._run("DELETE FROM documents WHERE key = ?", key)

    def _count_in(self, document_ids: Sequence[str], sign: int) -> None:
        """Add documents with all their places to the corpus fingerprint, or subtract them."""
        named = self.named(document_ids)
        contents = self._for_each(
            "SELECT id, content_hash FROM documents WHERE version = 1 AND id IN ({})", document_ids
        )
        self._count_places(
            ((path, content) for key, content in contents for path in named[key].paths), sign
        )

    def _count_places(self, places: Iterable[tuple[str, str]], sign: int) -> None:
        """Add places, each with its content, to the corpus fingerprint; -1 subtracts them."""
        total = int(self.corpus_fingerprint(), 16)
        for path, content in places:
            name = path.encode("utf-8", "surrogatepass")
            digest = hashlib.blake2b(name + b"\0" + content.encode(), digest_size=32).digest()
            total += sign * int.from_bytes(digest)
        self.keep(CORPUS_FINGERPRINT, f"{total % _MODULUS:064x}")


def known_from(row: tuple[Any, ...]) -> Known:
    """Read a place of a document from a row."""
    key, location, path, source, size, modified, content, within = row
    return Known(
        key,
        unpack_name(location),
        unpack_name(path),
        unpack_name(source),
        size,
        modified,
        content,
        unpack_optional(within),
    )


def _renamed(line: str, before: Sequence[str], after: Sequence[str]) -> str:
    """Replace the leading terms `before` of a line of terms by `after`."""
    terms = line.split(" ")
    rest = terms[len(before) :] if terms[: len(before)] == list(before) else terms
    return " ".join([*after, *rest]).strip()


def _one_line(terms: str) -> str:
    return " ".join(terms.encode("utf-8", "replace").decode().replace("\0", "").split())
