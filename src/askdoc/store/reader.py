"""The catalog for readers: documents, their text, their chunks. SQLite and PostgreSQL share it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Self

from askdoc.addresses import is_address
from askdoc.errors import UsageError
from askdoc.store.fields import matching, parse, unknown
from askdoc.store.packing import (
    decoding,
    pack_id,
    pack_name,
    pack_term,
    unbundle,
    unpack_id,
    unpack_name,
    unpack_optional,
    unpack_spans,
    unpack_text,
)
from askdoc.strings import line_of, line_starts
from askdoc.types import (
    Chunk,
    Copy,
    Counts,
    Document,
    Field,
    Hit,
    Skip,
    Span,
    Stamp,
    Structure,
)
from askdoc.types.places import Landmarks

CORPUS_FINGERPRINT = "corpus_fingerprint"

_DOCUMENTS = """
    SELECT key, id, location, path, source, title, length, size, modified_ns, content_hash, pages,
           language, warnings, landmarks, author, within, structure
    FROM documents WHERE version = 1
"""
_OWN_FIELDS = ("author", "title")
"""Fields that every document has as columns."""
_HAVING = "version = 1 AND {} IS NOT NULL"

_FIELDS = """
    SELECT document, key, value, start, "end" FROM fields WHERE {} ORDER BY document, number
"""
_CHUNKS = """
    SELECT c.id, c.document, d.id, c.start, c."end", c.sentences, c.headings
    FROM chunks c JOIN documents d ON d.key = c.document AND d.version = 1
    WHERE c.id IN ({})
"""
_CHUNKS_OF = """
    SELECT c.id, c.document, d.id, c.start, c."end", c.sentences, c.headings
    FROM chunks c JOIN documents d ON d.key = c.document AND d.version = 1
    WHERE d.id = ? ORDER BY c.start
"""
_BUNDLES = """
    SELECT c.id, c.key, (SELECT max(chunk) FROM sentence_vectors WHERE chunk <= c.key)
    FROM chunks c JOIN documents d ON d.key = c.document AND d.version = 1
    WHERE c.id IN ({})
"""
_BUNDLE = "SELECT chunk, packed, lengths FROM sentence_vectors WHERE chunk IN ({})"
_BATCH = 500
"""Values per statement; old builds of SQLite allow 999."""
_MOST_TERMS = 64
_MOST_POSTINGS = 120_000
"""Most postings that one search reads; beyond, the most common terms are left out."""

Row = tuple[Any, ...]


class SqlReader(ABC):
    """A `CatalogReader` on tables, in SQL that SQLite and PostgreSQL read.

    It sees the state at its opening. Locations are relative to `root`, the workspace. `place` names
    the catalog in messages.
    """

    def __init__(self, place: str, root: Path, *, write: bool) -> None:
        self._place = place
        self._root = root
        self._write = write
        self._segment = lru_cache(maxsize=64)(self._read_segment)
        self._frequencies: dict[str, int] = {}
        self._counted: Counts | None = None
        self._languages: list[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Close the connection; do not use the catalog afterwards."""

    @abstractmethod
    def refresh(self) -> None:
        """See the current state; between two refreshes, all calls see the same state."""

    @abstractmethod
    def rest(self) -> None:
        """Let go of what others may need; the next call may see another state."""

    @abstractmethod
    def search(
        self,
        terms: Sequence[str],
        limit: int,
        documents: Collection[str] | None = None,
        *,
        together: Sequence[Sequence[str]] = (),
    ) -> list[Hit]:
        """Rank chunks that have any of `terms` by BM25, best first.

        If the terms are many or very common, only the rarest are searched: a common term adds
        little to a score, but most of the reading. Each chunk must contain every phrase in
        `together` (terms next to each other, in order).
        """

    @abstractmethod
    def check(self) -> list[str]:
        """Return one sentence per damage; empty if there is none. Reads everything."""

    @abstractmethod
    def size(self) -> int:
        """Return how many bytes the index takes, vectors included."""

    @abstractmethod
    def _all(self, statement: str, *values: Any) -> list[Row]:
        """Run a statement with `?` for each value, or `?1` and so on, and return its rows."""

    def documents(self, ids: Collection[str] | None = None) -> list[Document]:
        """List these documents, or all, by location; unknown ids are left out."""
        if ids is None:
            rows = self._all(_DOCUMENTS)
        else:
            rows = self._for_each(_DOCUMENTS + " AND id IN ({})", set(ids))
        copies = self._copies(ids)
        fields = self._fields(None if ids is None else [row[0] for row in rows])
        with decoding(self._place):
            found = [
                self._document(row, copies.get(row[1], ()), fields.get(row[0], ())) for row in rows
            ]
        return sorted(found, key=lambda document: document.location)

    def where(self, conditions: Sequence[str]) -> list[str]:
        """List the ids of the documents that match all conditions on their fields.

        A document's title and author also count as fields.

        Raises:
            UsageError: a condition is malformed, no document has such a field, or none matches.

        """
        chosen: set[str] | None = None
        for condition in map(parse, conditions):
            stated = self._stated(condition.key)
            if not stated:
                raise unknown(condition, self.field_names())
            fits = matching(condition, stated)
            chosen = fits if chosen is None else chosen & fits
        if not chosen:
            message = f"no document has {' and '.join(f'`{one}`' for one in conditions)}"
            raise UsageError(message, hint="leave out one of the conditions")
        return sorted(chosen)

    def field_names(self) -> list[str]:
        """List the fields of documents, most frequent first."""
        found = {
            name: count
            for name in _OWN_FIELDS
            if (count := len(self._all(f"SELECT 1 FROM documents WHERE {_HAVING.format(name)}")))  # noqa: S608
        }
        rows = self._all(
            """SELECT key, count(DISTINCT document) FROM fields WHERE document IN
               (SELECT key FROM documents WHERE version = 1) GROUP BY key"""
        )
        found |= {unpack_name(key): count for key, count in rows}
        return sorted(found, key=lambda name: (-found[name], name))

    def text(self, document_id: str, span: Span | None = None) -> str:
        """Return stored text: a span of it, clipped to its length, or all."""
        key = self._key(document_id)
        if key is None:
            return ""
        if span is None:
            rows = self._all("SELECT packed FROM texts WHERE document = ? ORDER BY start", key)
            with decoding(self._place):
                return "".join(unpack_text(packed) for (packed,) in rows)
        return self._slice(key, span)

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        """Return the first and last line (from 1) of a span."""
        key = self._key(document_id)
        if key is None:
            return 1, 1
        last = max(span.start, span.end - 1)
        return self._line(key, span.start), self._line(key, last)

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """Return the chunks in this order; unknown ids are left out."""
        rows = self._for_each(_CHUNKS, {pack_id(chunk) for chunk in ids})
        found = {unpack_id(row[0]): row for row in rows}
        with decoding(self._place):
            return [self._chunk(found[chunk]) for chunk in ids if chunk in found]

    def chunks_of(self, document_id: str) -> list[Chunk]:
        """Return the chunks of a document, in the order of its text."""
        rows = self._all(_CHUNKS_OF, document_id)
        with decoding(self._place):
            return [self._chunk(row) for row in rows]

    def sentence_vectors(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return the packed sentence vectors of these chunks."""
        wanted: dict[int, dict[int, str]] = {}
        for chunk, key, first in self._for_each(_BUNDLES, {pack_id(chunk) for chunk in ids}):
            wanted.setdefault(first or key, {})[key - (first or key)] = unpack_id(chunk)
        found: dict[str, bytes] = {}
        for first, vectors, lengths in self._for_each(_BUNDLE, wanted):
            places = wanted[first]
            with decoding(self._place):
                read = unbundle(vectors, lengths, places)
            found |= {places[place]: own for place, own in read.items()}
        return found

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """Count the chunks that have each of `terms`."""
        new = {term: pack_term(term) for term in terms if term not in self._frequencies}
        rows = self._for_each(
            "SELECT term, doc FROM vocabulary WHERE term IN ({})", set(new.values())
        )
        found: dict[str, int] = dict(rows)
        counted = {term: found.get(written, 0) for term, written in new.items()}
        if not self._write:  # safe to cache: a reader sees one state
            self._frequencies |= counted
        return {term: counted.get(term) or self._frequencies.get(term, 0) for term in terms}

    def vocabulary(self, beginning: str) -> Mapping[str, int]:
        """Map the terms with this prefix to the number of chunks that have them."""
        start = pack_term(beginning)
        # The column has no collation, so a prefix is a range up to the next possible prefix.
        end = start[:-1] + chr(ord(start[-1]) + 1)
        rows = self._all(
            "SELECT term, doc FROM vocabulary WHERE term >= ? AND term < ?", start, end
        )
        return dict(rows)

    def counts(self) -> Counts:
        """Return the numbers of documents and chunks."""
        if self._counted is None or self._write:
            [row] = self._all(
                """SELECT count(*), coalesce(sum(chunks), 0), coalesce(sum(sentences), 0),
                          coalesce(sum(length), 0) FROM documents WHERE version = 1"""
            )
            self._counted = Counts(*row)
        return self._counted

    def languages(self) -> Sequence[str]:
        """List the languages of the documents, most frequent first."""
        if self._languages is None or self._write:
            rows = self._all(
                """SELECT language FROM documents WHERE version = 1
                   GROUP BY language ORDER BY count(*) DESC, language"""
            )
            self._languages = [language for (language,) in rows]
        return self._languages

    def skipped(self) -> list[Skip]:
        """List the skipped files, by location."""
        rows = self._all("SELECT location, code, reason, hint FROM skipped")
        skips = (Skip(unpack_name(location), *rest) for location, *rest in rows)
        return sorted(skips, key=lambda skip: skip.location)

    def sources(self) -> list[str]:
        """List the sources, sorted."""
        return sorted(unpack_name(row[0]) for row in self._all("SELECT location FROM sources"))

    def exclusions(self) -> list[str]:
        """List the excluded locations, sorted."""
        return sorted(unpack_name(row[0]) for row in self._all("SELECT location FROM exclusions"))

    def corpus_fingerprint(self) -> str:
        """Return a hash of the indexed content.

        It is the sum of the hashes of all paths and contents, modulo 2**256: independent of the
        order of indexing, and updated by one addition per change.
        """
        return self.setting(CORPUS_FINGERPRINT) or f"{0:064x}"

    def setting(self, key: str) -> str | None:
        """Return a setting of the index."""
        rows = self._all("SELECT value FROM meta WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    # ── helpers ────────────────────────────────────────────────────────────────────────────────

    def _forget(self) -> None:
        """Forget what is remembered of the former state."""
        self._frequencies.clear()
        self._counted = self._languages = None

    def _for_each(self, statement: str, values: Iterable[Any]) -> list[Row]:
        """Run a statement with `IN ({})` over many values, in batches."""
        return [
            row
            for batch in batched(values)
            for row in self._all(statement.format(",".join("?" * len(batch))), *batch)
        ]

    def _key(self, document_id: str) -> int | None:
        rows = self._all("SELECT key FROM documents WHERE id = ? AND version = 1", document_id)
        return rows[0][0] if rows else None

    def _copies(self, ids: Collection[str] | None) -> Mapping[str, Sequence[Copy]]:
        """List the copies of these documents, or of all, by location."""
        found: dict[str, list[Copy]] = {}
        statement = "SELECT document, location, path, source, within FROM copies"
        if ids is None:
            rows = self._all(f"{statement} ORDER BY location")
        else:
            statement += " WHERE document IN ({}) ORDER BY location"
            rows = self._for_each(statement, set(ids))
        for key, location, path, source, within in rows:
            name, whole = unpack_name(location), unpack_optional(within)
            copy = Copy(
                name, unpack_name(path), unpack_name(source), self._file(whole or name), whole
            )
            found.setdefault(key, []).append(copy)
        return found

    def _fields(self, keys: Collection[int] | None) -> Mapping[int, Sequence[Field]]:
        """List the fields of those versions, or all."""
        found: dict[int, list[Field]] = {}
        if keys is None:
            rows = self._all(_FIELDS.format("true"))
        else:
            rows = self._for_each(_FIELDS.format("document IN ({})"), keys)
        with decoding(self._place):
            for document, key, value, start, end in rows:
                field = Field(unpack_name(key), unpack_name(value), Span(start, end))
                found.setdefault(document, []).append(field)
        return found

    def _stated(self, key: str) -> Mapping[str, Sequence[str]]:
        """Map the documents with a field to its values."""
        rows = self._all(
            """SELECT d.id, f.value FROM fields f JOIN documents d ON d.key = f.document
               WHERE d.version = 1 AND f.key = ?""",
            pack_name(key),
        )
        if key in _OWN_FIELDS:
            rows += self._all(f"SELECT id, {key} FROM documents WHERE {_HAVING.format(key)}")  # noqa: S608
        found: dict[str, list[str]] = {}
        for document, value in rows:
            found.setdefault(document, []).append(unpack_name(value))
        return found

    def _file(self, location: str) -> str:
        """Return the path of the file at a location; a web page keeps its address."""
        return location if is_address(location) else str(self._root / location)

    def _document(self, row: Row, copies: Sequence[Copy], fields: Sequence[Field]) -> Document:
        _, key, location, path, source, title, length, size, modified, content, *rest = row
        pages, language, warnings, landmarks, author, within, structure = rest
        location, within = unpack_name(location), unpack_optional(within)
        return Document(
            id=key,
            location=location,
            path=unpack_name(path),
            source=unpack_name(source),
            file=self._file(within or location),
            title=unpack_optional(title),
            length=length,
            stamp=Stamp(size, modified, content),
            pages=tuple(json.loads(pages)),
            language=language,
            warnings=tuple(json.loads(warnings)),
            landmarks=Landmarks(landmarks or b""),
            author=unpack_optional(author),
            within=within,
            copies=tuple(copies),
            structure=Structure.from_packed(structure or b""),
            fields=tuple(fields),
        )

    def _chunk(self, row: Row) -> Chunk:
        chunk_id, document, document_id, start, end, sentences, headings = row
        span = Span(start, end)
        return Chunk(
            id=unpack_id(chunk_id),
            document_id=document_id,
            span=span,
            text=self._slice(document, span),
            sentences=unpack_spans(sentences, start),
            headings=tuple(json.loads(headings)),
        )

    def _slice(self, document: int, span: Span) -> str:
        rows = self._all(
            """SELECT start FROM texts WHERE document = ?1 AND start < ?3 AND start >= (
                   SELECT max(start) FROM texts WHERE document = ?1 AND start <= ?2
               ) ORDER BY start""",
            document,
            span.start,
            span.end,
        )
        if not rows:
            return ""
        text = "".join(self._segment(document, start)[1] for (start,) in rows)
        offset = rows[0][0]
        return text[span.start - offset : span.end - offset]

    def _line(self, document: int, offset: int) -> int:
        rows = self._all(
            "SELECT max(start) FROM texts WHERE document = ? AND start <= ?", document, offset
        )
        start = rows[0][0] or 0
        first_line, text = self._segment(document, start)
        return first_line - 1 + line_of(line_starts(text), offset - start)

    def _read_segment(self, document: int, start: int) -> tuple[int, str]:
        rows = self._all(
            "SELECT first_line, packed FROM texts WHERE document = ? AND start = ?", document, start
        )
        if not rows:
            return 1, ""
        with decoding(self._place):
            return rows[0][0], unpack_text(rows[0][1])

    def _rarest(self, terms: Sequence[str]) -> list[str]:
        """Return the rarest terms, as many as the limit on postings allows."""
        known = {term: n for term, n in self.frequencies(set(terms)).items() if n}
        chosen: list[str] = []
        postings = 0
        for term, holding in sorted(known.items(), key=lambda item: (item[1], item[0])):
            postings += holding
            if chosen and (postings > _MOST_POSTINGS or len(chosen) == _MOST_TERMS):
                break
            chosen.append(term)
        return chosen


def batched(values: Iterable[Any], size: int = _BATCH) -> Iterator[list[Any]]:
    """Yield the values in lists of at most `size`."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
