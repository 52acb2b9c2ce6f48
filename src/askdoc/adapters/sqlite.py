"""The catalog as its one writer sees it: documents come and go in transactions.

A new version of a document is staged, invisible to readers, in as many transactions as it takes.
Publishing it is one transaction, in which the former version goes. Chunk ids whose vectors nobody
needs any more stay in a journal until they are known to be gone from the vector store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askdoc.adapters.sqlite_packing import (
    pack_id,
    pack_name,
    pack_spans,
    pack_text,
    unpack_id,
    unpack_name,
    unpack_optional,
    unpack_text,
)
from askdoc.adapters.sqlite_reader import CORPUS_FINGERPRINT, SqliteReader
from askdoc.adapters.sqlite_schema import translating
from askdoc.text import line_starts
from askdoc.types import Chunk, Document, Found, Known, Skip

_SEGMENT = 32_768
"""Characters of text that are compressed as one; reading a place costs about 0.1 ms each."""

_MODULUS = 1 << 256


class SqliteCatalog(SqliteReader):
    """A `Catalog` on the folder of the index: with `write`, made where missing; else for reading.

    Raises:
        NoIndex: there is no catalog to read.
        IndexTooNew: a newer askdoc made it.
        IndexCorrupt: it is damaged.

    """

    def __init__(self, folder: Path, root: Path, *, write: bool = False) -> None:
        self._write = write
        self._ends: dict[str, _End] = {}
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

    # ── settings, sources, what is left out ─────────────────────────────────────────────────────

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

    # ── documents ───────────────────────────────────────────────────────────────────────────────

    def known(self) -> list[Known]:
        """List what planning needs to know of each document."""
        rows = self._all(
            """SELECT id, location, path, source, size, modified_ns, content_hash, within
               FROM documents WHERE version = 1"""
        )
        return [
            Known(
                key,
                unpack_name(location),
                unpack_name(path),
                unpack_name(source),
                size,
                modified,
                content,
                unpack_optional(within),
            )
            for key, location, path, source, size, modified, content, within in rows
        ]

    def put(
        self, document: Document, text: str, chunks: Sequence[Chunk], terms: Sequence[str]
    ) -> None:
        """Store a document in place of its former self; `terms` has one joined text a chunk."""
        with self.transaction():
            self.stage(document)
            self.append(document.id, text)
            self.extend(document.id, chunks, terms)
            self.publish([document.id])

    def stage(self, document: Document) -> None:
        """Begin a new version of a document, which readers do not see until it is published."""
        stamp = document.stamp
        with self.transaction():
            self._erase_staged(document.id)
            self._run(
                """INSERT INTO documents VALUES
                   (NULL, 0, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                document.id,
                pack_name(document.location),
                pack_name(document.path),
                pack_name(document.source),
                _pack_optional(document.title),
                document.length,
                stamp.size,
                stamp.modified_ns,
                stamp.content_hash,
                json.dumps(document.pages),
                document.language,
                json.dumps(document.warnings),
                document.landmarks.packed,
                _pack_optional(document.author),
                _pack_optional(document.within),
            )
            self._ends[document.id] = _End()

    def append(self, document_id: str, text: str) -> None:
        """Add to the text of the staged version of a document."""
        with self.transaction():
            key, end = self._version(document_id, 0), self._ends[document_id]
            self._many("INSERT INTO texts VALUES (?, ?, ?, ?)", _segments(key, text, end))

    def complete(self, document: Document) -> None:
        """Say of a staged version what was not known when it was begun, such as its length."""
        self._run(
            """UPDATE documents SET length = ?, content_hash = ?, warnings = ?, landmarks = ?
               WHERE id = ? AND version = 0""",
            document.length,
            document.stamp.content_hash,
            json.dumps(document.warnings),
            document.landmarks.packed,
            document.id,
        )

    def extend(self, document_id: str, chunks: Sequence[Chunk], terms: Sequence[str]) -> None:
        """Add chunks to the staged version of a document."""
        if not chunks:
            return
        with self.transaction():
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
            lines = "\n".join(_one_line(line) for line in terms)
            self._run("INSERT INTO terms VALUES (?, ?, ?)", first, key, pack_text(lines))
            self._run(
                "UPDATE documents SET chunks = chunks + ?, sentences = sentences + ? WHERE key = ?",
                len(chunks),
                len(spans),
                key,
            )

    def publish(self, document_ids: Iterable[str]) -> None:
        """Let readers see the staged versions of those documents, in place of the former ones."""
        with self.transaction():
            for document_id in document_ids:
                key = self._version(document_id, 0)
                self._ends.pop(document_id, None)
                self._erase_visible(document_id)
                self._many("INSERT INTO lexicon (rowid, terms) VALUES (?, ?)", self._terms(key))
                self._run("UPDATE documents SET version = 1 WHERE key = ?", key)
                self._run(
                    "DELETE FROM obsolete WHERE id IN (SELECT id FROM chunks WHERE document = ?)",
                    key,
                )
                self._count_in(key, 1)

    def update(self, found: Found, document_id: str) -> None:
        """Take note of a file's new size, time, path or source; its content is as before."""
        with self.transaction():
            key = self._version(document_id, 1)
            self._count_in(key, -1)
            self._run(
                """UPDATE documents SET location = ?, path = ?, source = ?, size = ?,
                   modified_ns = ? WHERE key = ?""",
                pack_name(found.location),
                pack_name(found.path),
                pack_name(found.source),
                found.size,
                found.modified_ns,
                key,
            )
            self._count_in(key, 1)

    def drop(self, document_ids: Collection[str]) -> None:
        """Forget documents with all that hangs on them; unknown ids are ignored."""
        with self.transaction():
            for document_id in document_ids:
                self._erase_staged(document_id)
                self._erase_visible(document_id)

    def chunk_ids(self, document_ids: Iterable[str] | None = None) -> list[str]:
        """List the chunk ids of those documents, or of all."""
        statement = """SELECT c.id FROM documents d JOIN chunks c ON c.document = d.key
                       WHERE d.version = 1"""
        if document_ids is None:
            rows = self._all(statement)
        else:
            rows = self._for_each(statement + " AND d.id IN ({})", document_ids)
        return [unpack_id(row[0]) for row in rows]

    def with_content(self, content_hash: str) -> str | None:
        """Name a document whose file has that content, if there is one."""
        rows = self._all(
            "SELECT id FROM documents WHERE content_hash = ? AND version = 1 LIMIT 1", content_hash
        )
        return rows[0][0] if rows else None

    # ── what a crash leaves behind ──────────────────────────────────────────────────────────────

    def abandon(self, document_ids: Iterable[str] | None = None) -> None:
        """Forget the staged versions of those documents, or all, as at an opening after a crash."""
        with self.transaction():
            if document_ids is None:
                rows = self._all("SELECT id FROM documents WHERE version = 0")
                document_ids = [document_id for (document_id,) in rows]
            for document_id in document_ids:
                self._erase_staged(document_id)

    def obsolete(self) -> list[str]:
        """List the chunk ids whose vectors are to be removed."""
        return [unpack_id(row[0]) for row in self._all("SELECT id FROM obsolete")]

    def settle(self, ids: Iterable[str]) -> None:
        """Strike off ids whose vectors have been removed."""
        self._many("DELETE FROM obsolete WHERE id = ?", ((pack_id(chunk),) for chunk in ids))

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

    def _version(self, document_id: str, version: int) -> int:
        rows = self._all(
            "SELECT key FROM documents WHERE id = ? AND version = ?", document_id, version
        )
        if not rows:
            message = f"no document `{document_id}` in version {version}"
            raise LookupError(message)
        return int(rows[0][0])

    def _terms(self, key: int) -> Iterator[tuple[int, str]]:
        """Yield the number and the terms of each chunk of a document, as the full text has them."""
        statement = "SELECT first_chunk, packed FROM terms WHERE document = ? ORDER BY first_chunk"
        for first, packed in self._connection.execute(statement, (key,)):
            yield from enumerate(unpack_text(packed).split("\n"), start=first)

    def _erase_visible(self, document_id: str) -> None:
        rows = self._all("SELECT key FROM documents WHERE id = ? AND version = 1", document_id)
        for (key,) in rows:
            self._count_in(key, -1)
            self._many(
                "INSERT INTO lexicon (lexicon, rowid, terms) VALUES ('delete', ?, ?)",
                self._terms(key),
            )
            self._erase(key)

    def _erase_staged(self, document_id: str) -> None:
        rows = self._all("SELECT key FROM documents WHERE id = ? AND version = 0", document_id)
        for (key,) in rows:
            self._erase(key)

    def _erase(self, key: int) -> None:
        """Delete a version, and note the chunks that the document's other version does not have."""
        self._run(
            """INSERT OR IGNORE INTO obsolete
               SELECT id FROM chunks WHERE document = ?1
               EXCEPT SELECT id FROM chunks WHERE document IN (
                   SELECT other.key FROM documents one JOIN documents other ON other.id = one.id
                   WHERE one.key = ?1 AND other.key <> ?1)""",
            key,
        )
        for table in ("texts", "chunks", "terms"):
            self._run(f"DELETE FROM {table} WHERE document = ?", key)  # noqa: S608 - names above
        self._run("DELETE FROM documents WHERE key = ?", key)

    def _count_in(self, key: int, sign: int) -> None:
        """Add a document to the fingerprint of the corpus, or take it out with `sign` -1."""
        [(path, content)] = self._all("SELECT path, content_hash FROM documents WHERE key = ?", key)
        name = unpack_name(path).encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(name + b"\0" + content.encode(), digest_size=32).digest()
        total = int(self.corpus_fingerprint(), 16) + sign * int.from_bytes(digest)
        self.keep(CORPUS_FINGERPRINT, f"{total % _MODULUS:064x}")


@dataclass(slots=True)
class _End:
    """Where the text of a staged document ends so far: offset and line."""

    offset: int = 0
    line: int = 1


def _segments(document: int, text: str, end: _End) -> Iterator[tuple[int, int, int, bytes]]:
    r"""Cut a text for storage, never between `\r` and `\n`, so that lines can be counted apart."""
    start = 0
    while start < len(text):
        stop = min(start + _SEGMENT, len(text))
        if text[stop - 1 : stop + 1] == "\r\n":
            stop += 1
        segment = text[start:stop]
        yield document, end.offset, end.line, pack_text(segment)
        end.offset += len(segment)
        end.line += len(line_starts(segment)) - 1
        start = stop


def _pack_optional(name: str | None) -> str | bytes | None:
    return None if name is None else pack_name(name)


def _one_line(terms: str) -> str:
    return " ".join(terms.encode("utf-8", "replace").decode().replace("\0", "").split())
