"""The catalog as its one writer sees it: documents come and go in transactions.

A new version of a document is staged, invisible to readers, in as many transactions as it takes.
Publishing it is one transaction, in which the former version goes. Chunk ids whose vectors nobody
needs any more stay in a journal until they are known to be gone from the vector store.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from askdoc.store.packing import (
    TextEnd,
    pack_id,
    pack_name,
    pack_optional,
    pack_spans,
    pack_text,
    segments,
    unpack_id,
)
from askdoc.store.schema import compact
from askdoc.store.sqlite_bundles import bundles
from askdoc.store.sqlite_places import SqlitePlaces
from askdoc.text.chunking import name_words
from askdoc.types import Chunk, Document


class SqliteCatalog(SqlitePlaces):
    """A `Catalog` on the folder of the index: with `write`, made where missing; else for reading.

    Raises:
        NoIndex: there is no catalog to read.
        IndexTooNew: a newer askdoc made it.
        IndexCorrupt: it is damaged.

    """

    def __init__(self, folder: Path, root: Path, *, write: bool = False) -> None:
        self._ends: dict[str, TextEnd] = {}
        super().__init__(folder, root, write=write)

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection itself, for what is done to whole tables."""
        return self._connection

    def close(self) -> None:
        """Let go of the file; a writer leaves it compact."""
        if self._write:
            compact(self._connection)
        super().close()

    # ── documents ───────────────────────────────────────────────────────────────────────────────

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
                   (NULL, 0, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
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
            )
            self._ends[document.id] = TextEnd()

    def append(self, document_id: str, text: str) -> None:
        """Add to the text of the staged version of a document."""
        with self.transaction():
            key, end = self._version(document_id, 0), self._ends[document_id]
            self._many("INSERT INTO texts VALUES (?, ?, ?, ?)", segments(key, text, end))

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

    def extend(
        self,
        document_id: str,
        chunks: Sequence[Chunk],
        terms: Sequence[str],
        sentences: Sequence[bytes] = (),
    ) -> None:
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
        """Let readers see the staged versions of those documents, in place of the former ones.

        Of any other document that has been at the same place, that place is taken.
        """
        with self.transaction():
            for document_id in document_ids:
                key = self._version(document_id, 0)
                self._ends.pop(document_id, None)
                self._make_way(document_id, key)
                self._many("INSERT INTO lexicon (rowid, terms) VALUES (?, ?)", self._terms(key))
                self._run("UPDATE documents SET version = 1 WHERE key = ?", key)
                self._run(
                    "DELETE FROM obsolete WHERE id IN (SELECT id FROM chunks WHERE document = ?)",
                    key,
                )
                self._count_in(document_id, 1)

    def chunk_ids(self, document_ids: Iterable[str] | None = None) -> list[str]:
        """List the chunk ids of those documents, or of all."""
        statement = """SELECT c.id FROM documents d JOIN chunks c ON c.document = d.key
                       WHERE d.version = 1"""
        if document_ids is None:
            rows = self._all(statement)
        else:
            rows = self._for_each(statement + " AND d.id IN ({})", document_ids)
        return [unpack_id(row[0]) for row in rows]

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


def _one_line(terms: str) -> str:
    return " ".join(terms.encode("utf-8", "replace").decode().replace("\0", "").split())
