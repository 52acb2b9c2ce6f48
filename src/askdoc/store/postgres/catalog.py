"""The catalog in PostgreSQL, with full text by a table of postings.

Scores are those of FTS5, to the last bit: the database chooses the best passages, and `_Bm25` adds
up their scores in FTS5's order.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askdoc.errors import StoreError
from askdoc.store.packing import decoding, pack_name, pack_term, unpack_name, unpack_text
from askdoc.store.postgres.session import Database, Session
from askdoc.store.reader import Row, batched
from askdoc.store.sql_catalog import SqlCatalog
from askdoc.types import Chunk, Document, Hit, Span

_K1, _B = 1.2, 0.75
"""The constants of FTS5's BM25."""

_LEAST_IDF = 1e-6
"""FTS5's weight of a term that is in more than half of the chunks."""

_FEW = 1000
"""Postings of the rare terms that choose candidates."""

_SPARE = 16
"""Rows beyond the limit, since the database adds up in another order than FTS5."""

_SCORED = """
    WITH asked AS (
        SELECT * FROM unnest(?1::text[], ?2::float8[]) WITH ORDINALITY AS w(term, weight, number)
    )
    SELECT p.chunk, array_agg(w.number::int), array_agg(p.count), max(p.length),
           sum(w.weight * p.count * 2.2 / (p.count + 1.2 * (0.25 + 0.75 * p.length / ?3::float8)))
               AS score
    FROM asked w JOIN postings p ON p.term = w.term
    {} GROUP BY p.chunk ORDER BY score DESC, p.chunk LIMIT ?4
"""
_RARE = "p.chunk IN (SELECT chunk FROM postings WHERE term = ANY(?{}))"
_WITHIN = """p.chunk IN (
    SELECT c.key FROM chunks c JOIN documents d ON d.key = c.document
    WHERE d.version = 1 AND d.id = ANY(?{}))
"""
_HAVING_ALL = """
    SELECT chunk FROM postings WHERE term = ANY(?) GROUP BY chunk HAVING count(*) = ?
"""
_TERMS_OF = """
    SELECT w.chunk, t.first_chunk, t.packed FROM unnest(?::bigint[]) AS w(chunk)
    CROSS JOIN LATERAL (
        SELECT first_chunk, packed FROM terms WHERE first_chunk <= w.chunk
        ORDER BY first_chunk DESC LIMIT 1
    ) t
"""
_TEXTS_OF = """
    SELECT DISTINCT ON (t.document, t.start) t.document, t.start, t.packed
    FROM chunks c JOIN documents d ON d.key = c.document AND d.version = 1
    JOIN texts t ON t.document = c.document AND t.start < c."end" AND t.start >= (
        SELECT max(start) FROM texts WHERE document = c.document AND start <= c.start
    ) WHERE c.id = ANY(?)
"""
_COUNTED = """
    INSERT INTO vocabulary SELECT * FROM unnest(?::text[], ?::bigint[])
    ON CONFLICT (term) DO UPDATE SET doc = vocabulary.doc + excluded.doc
"""
_ARRIVED = """
    INSERT INTO vectors SELECT id, document, vector FROM staged_vectors WHERE document = ANY(?)
    ON CONFLICT (id) DO UPDATE SET document = excluded.document, vector = excluded.vector
"""
_SET_TERMS = """
    UPDATE documents d SET terms = counted.terms
    FROM unnest(?::bigint[], ?::bigint[]) AS counted(key, terms) WHERE d.key = counted.key
"""
_BATCH = 5000
_ROWS = 50_000
"""Postings in memory at a time."""

_MOST_TEXTS = 200
"""Documents whose texts are remembered in part."""

_GROWING = ("postings", "vocabulary", "chunks", "documents", "vectors", "staged_vectors")
_MANY = 100
"""From this many changed documents on, the writer lets PostgreSQL tidy up and count."""


class PostgresCatalog(SqlCatalog):
    """The catalog of a shared library; with `write`, it is created if missing.

    `run` is the number of the run that writes; what it stages is its own. A reader sees the
    documents of these `groups` and those without; with None, all.

    Raises:
        NoIndex: there is no catalog to read. IndexTooNew: a newer askdoc made it.
        StoreError: the server cannot be reached or used.

    """

    def __init__(
        self,
        database: Database,
        root: Path,
        *,
        write: bool = False,
        run: int | None = None,
        groups: Sequence[str] | None = (),
    ) -> None:
        super().__init__(database.shown, root, write=write)
        self.run = run
        self.session = Session(database, write=write, groups=groups)
        self.session.changed = self._look_again
        self._added: Counter[str] = Counter()
        self._totals = [0, 0]
        self._changed = 0
        self._corpus: Row | None = None
        self._staged: dict[str, int] = {}
        self._texts: dict[int, dict[int, str]] = {}
        if not write:
            self.refresh()

    def close(self) -> None:
        """Close the connection; after many changes, let PostgreSQL tidy up first."""
        if self._changed >= _MANY and not self.session.is_broken:
            with suppress(StoreError):  # the owner alone may; PostgreSQL does it by itself, later
                for table in _GROWING:
                    self.session.run(f"VACUUM (ANALYZE) {table}")
        self.session.close()

    def refresh(self) -> None:
        """See the current state."""
        self._look_again()
        self.session.begin_snapshot()

    def rest(self) -> None:
        """Let go of the connection; the next call sees the state that is current then."""
        self.session.rest()

    def _look_again(self) -> None:
        self._forget()
        self._segment.cache_clear()
        self._texts.clear()
        self._corpus = None

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """Return the chunks in this order; all their texts come in one answer of the server."""
        if not self._write:
            if len(self._texts) > _MOST_TEXTS:
                self._texts.clear()
            for document, start, packed in self._all(_TEXTS_OF, list(ids)):
                with decoding(self._place):
                    held = self._texts.setdefault(document, {})
                    held[start] = unpack_text(packed)
        return super().chunks(ids)

    def search(
        self,
        terms: Sequence[str],
        limit: int,
        documents: Collection[str] | None = None,
        *,
        together: Sequence[Sequence[str]] = (),
    ) -> list[Hit]:
        """Rank chunks with FTS5's BM25."""
        if limit < 1 or (documents is not None and not documents):
            return []
        rarest = self._rarest(terms)
        if not (rarest or together):
            return []
        if self._corpus is None or self._write:
            [self._corpus] = self._all("SELECT chunks, terms FROM totals")
        chunks, length = self._corpus
        if not chunks or not length:
            return []
        bm25 = _Bm25(chunks, length / chunks)
        found = self.frequencies(rarest)
        asked = [_Asked(pack_term(term), bm25.weight(found[term])) for term in rarest]
        if together:
            scores = self._with_phrases(bm25, asked, together, documents)
        else:
            scores = self._with_terms(bm25, asked, limit, documents)
        best = sorted(scores, key=lambda pair: (-pair[1], pair[0]))[:limit]
        rows = self._for_each(
            "SELECT key, id FROM chunks WHERE key IN ({})", [key for key, _ in best]
        )
        ids: dict[int, str] = dict(rows)
        hits = [Hit(ids[key], score) for key, score in best]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))

    def check(self) -> list[str]:
        """Return one sentence per damage; empty if there is none."""
        faults = {
            "passages without a document": """SELECT count(*) FROM chunks c
                WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.key = c.document)""",
            "texts without a document": """SELECT count(*) FROM texts t
                WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.key = t.document)""",
            "postings without a passage": """SELECT count(*) FROM postings p
                WHERE NOT EXISTS (SELECT 1 FROM chunks c WHERE c.key = p.chunk)""",
            "terms that are counted wrongly": """SELECT count(*) FROM vocabulary v FULL JOIN (
                SELECT term, count(*) AS doc FROM postings GROUP BY term) p ON p.term = v.term
                WHERE v.doc IS DISTINCT FROM p.doc""",
        }
        found = {what: int(self._all(statement)[0][0]) for what, statement in faults.items()}
        return [f"{count:,} {what}" for what, count in found.items() if count]

    def size(self) -> int:
        """Return how many bytes the tables take, with their indexes."""
        [(size,)] = self._all(
            """SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
               WHERE c.relnamespace = ?::regnamespace AND c.relkind = 'r'""",
            f'"{self.session.database.schema}"',
        )
        return int(size)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all changes in this block at once, or none."""
        if self.session.in_transaction:
            yield
            return
        try:
            with self.session.transaction():
                yield
                self._count_terms()
        except BaseException:
            self._added.clear()
            self._totals = [0, 0]
            raise

    def restricted(self) -> dict[str, tuple[str, ...]]:
        """Map places to the groups that alone see the documents there; none means everybody."""
        rows = self._all("SELECT location, groups FROM group_places")
        return {unpack_name(location): tuple(groups) for location, groups in rows}

    def restrict(self, places: Mapping[str, Sequence[str]]) -> None:
        """Replace the places of groups; `regroup` then changes the documents."""
        with self.transaction():
            self._run("DELETE FROM group_places")
            self._many(
                "INSERT INTO group_places VALUES (?, ?)",
                ((pack_name(place), list(groups)) for place, groups in places.items()),
            )

    def regroup(self, groups_of: Callable[[str], Sequence[str]]) -> None:
        """Set the groups of all published documents by their locations."""
        with self.transaction():
            rows = self._all("SELECT key, location, groups FROM documents WHERE version = 1")
            self._many(
                "UPDATE documents SET groups = ? WHERE key = ?",
                (
                    (list(wanted), key)
                    for key, location, groups in rows
                    if (wanted := groups_of(unpack_name(location))) != tuple(groups)
                ),
            )

    @contextmanager
    def staging(self) -> Iterator[None]:
        """Commit all changes of staged documents in this block at once, or none.

        That does not wait for a run that publishes its documents.
        """
        with self.session.transaction(staging=True):
            yield

    def stage(self, document: Document) -> None:
        """Start a new version of a document, which belongs to this run."""
        with self.staging():
            super().stage(document)
            rows = self._all(
                "UPDATE documents SET run = ? WHERE id = ? AND version = 0 RETURNING key",
                self.run,
                document.id,
            )
            self._staged[document.id] = rows[0][0]

    def publish(self, document_ids: Iterable[str]) -> None:
        """Publish the staged versions of documents with their vectors; remove the former ones."""
        ids = list(document_ids)
        with self.transaction():
            self._run(_ARRIVED, ids)
            self._run("DELETE FROM staged_vectors WHERE document = ANY(?)", ids)
            super().publish(ids)

    def _replacing_nothing(self, document_ids: Sequence[str]) -> dict[str, int]:
        found = super()._replacing_nothing(document_ids)
        if self.run is None:
            return found
        rows = self._all(
            "SELECT key FROM documents WHERE key = ANY(?) AND coalesce(run, ?) <> ?",
            list(found.values()),
            self.run,
            self.run,
        )
        taken_over = {key for (key,) in rows}  # publishing one of them alone says so
        return {
            document_id: key
            for document_id, key in found.items()
            if key not in taken_over and self._staged.get(document_id, key) == key
        }

    def drop_staged(self, document_ids: Iterable[str] | None = None) -> None:
        """Discard the staged versions of these documents, or what this run has left unfinished."""
        if document_ids is None and self.run is not None:
            rows = self._all(
                "SELECT id FROM documents WHERE version = 0 AND run = ? AND NOT ready", self.run
            )
            document_ids = [key for (key,) in rows]
        super().drop_staged(document_ids)

    def _version(self, document_id: str, version: int) -> int:
        try:
            key = super()._version(document_id, version)
        except LookupError:
            if version or self.run is None:
                raise
            raise self._taken_over() from None
        if version == 0 and self.run is not None:
            [(run,)] = self._all("SELECT run FROM documents WHERE key = ?", key)
            # Another process of the same run may have begun it again, too.
            if run not in (None, self.run) or self._staged.get(document_id, key) != key:
                raise self._taken_over()
        return key

    def _taken_over(self) -> StoreError:
        message = f"another run in `{self._place}` has taken over a file of this one"
        return StoreError(message, hint="this one did not answer for too long; run it again")

    def _erase(self, key: int) -> None:
        self._run(
            """DELETE FROM staged_vectors WHERE document IN
               (SELECT id FROM documents WHERE key = ? AND version = 0)""",
            key,
        )
        super()._erase(key)

    def _slice(self, document: int, span: Span) -> str:
        held = self._texts.get(document, {})
        before = [one for one in held if one <= span.start]
        start = position = max(before, default=0)
        pieces: list[str] = []
        while position in held:
            pieces.append(held[position])
            position += len(pieces[-1])
            if position >= span.end:
                offset = span.start - start
                return "".join(pieces)[offset : offset + len(span)]
        return super()._slice(document, span)

    # ── full text ───────────────────────────────────────────────────────────────────────────────

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """Count the chunks that have each of `terms`."""
        self._count_terms()
        return super().frequencies(terms)

    def _with_terms(
        self, bm25: _Bm25, asked: Sequence[_Asked], limit: int, documents: Collection[str] | None
    ) -> list[tuple[int, float]]:
        """Score the chunks with the best of the terms.

        First, the rare terms choose candidates. That is enough if no chunk with only the common
        terms can have a higher score than the last of them.
        """
        rare = self._rare(asked)
        if len(rare) < len(asked):
            scores = self._score(bm25, asked, limit, documents, among=[one.term for one in rare])
            most = sum(bm25.most(one.weight) for one in asked[len(rare) :])
            if len(scores) >= limit and sorted(score for _, score in scores)[-limit] > most:
                return scores
        return self._score(bm25, asked, limit, documents)

    def _rare(self, asked: Sequence[_Asked]) -> Sequence[_Asked]:
        """Return the first of the terms, which are sorted by frequency, that have few postings."""
        found = self.frequencies([one.term for one in asked])
        postings = 0
        for number, one in enumerate(asked):
            postings += found[one.term]
            if number and postings > _FEW:
                return asked[:number]
        return asked

    def _score(
        self,
        bm25: _Bm25,
        asked: Sequence[_Asked],
        limit: int,
        documents: Collection[str] | None,
        among: list[str] | None = None,
    ) -> list[tuple[int, float]]:
        values: list[Any] = [
            [one.term for one in asked],
            [one.weight for one in asked],
            bm25.average,
            limit + _SPARE,
        ]
        conditions = []
        if among is not None:
            values.append(among)
            conditions.append(_RARE.format(len(values)))
        if documents is not None:
            values.append(list(documents))
            conditions.append(_WITHIN.format(len(values)))
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        scores = []
        for chunk, numbers, counts, length, _ in self._all(_SCORED.format(where), *values):
            held = [0] * len(asked)
            for number, count in zip(numbers, counts, strict=True):
                held[number - 1] = count
            weights = [one.weight for one in asked]
            scores.append((chunk, bm25.score(weights, held, length)))
        return scores

    def _with_phrases(
        self,
        bm25: _Bm25,
        asked: Sequence[_Asked],
        together: Sequence[Sequence[str]],
        documents: Collection[str] | None,
    ) -> list[tuple[int, float]]:
        """Score the chunks with all phrases; their terms are read to see which are neighbours."""
        phrases = [[pack_term(term) for term in run] for run in together]
        counted = [self._holding(phrase) for phrase in phrases]
        inside = set.intersection(*(set(found) for found in counted))
        if documents is not None:
            rows = self._all(
                """SELECT c.key FROM chunks c JOIN documents d ON d.key = c.document
                   WHERE d.version = 1 AND d.id = ANY(?) AND c.key = ANY(?)""",
                list(documents),
                list(inside),
            )
            inside = {key for (key,) in rows}
        rows = self._all(
            "SELECT chunk, term, count FROM postings WHERE chunk = ANY(?) AND term = ANY(?)",
            list(inside),
            [one.term for one in asked],
        )
        held: dict[int, dict[str, int]] = {}
        for chunk, term, count in rows:
            held.setdefault(chunk, {})[term] = count
        lengths = {chunk: length for found in counted for chunk, (_, length) in found.items()}
        weights = [one.weight for one in asked] + [bm25.weight(len(found)) for found in counted]
        return [
            (
                chunk,
                bm25.score(
                    weights,
                    [
                        *(held.get(chunk, {}).get(one.term, 0) for one in asked),
                        *(found[chunk][0] for found in counted),
                    ],
                    lengths[chunk],
                ),
            )
            for chunk in inside
            if not asked or chunk in held
        ]

    def _holding(self, phrase: Sequence[str]) -> dict[int, tuple[int, int]]:
        """Map the chunks with a phrase to how often they have it, and to how many terms."""
        once = list(dict.fromkeys(phrase))
        candidates = [chunk for (chunk,) in self._all(_HAVING_ALL, once, len(once))]
        found = {}
        for chunk, first, packed in self._all(_TERMS_OF, candidates):
            terms = unpack_text(packed).split("\n")[chunk - first].split()
            size = len(phrase)
            count = sum(terms[at : at + size] == list(phrase) for at in range(len(terms)))
            if count:
                found[chunk] = count, len(terms)
        return found

    def _list(self, keys: Sequence[int]) -> None:
        self._changed += len(keys)
        lengths = dict.fromkeys(keys, 0)
        # The rows are read from the connection that copies them.
        for part in batched(self._postings(keys, lengths), _ROWS):
            self.session.copy("postings", ("term", "chunk", "count", "length"), part)
        self._run(_SET_TERMS, list(lengths), list(lengths.values()))

    def _unlist(self, key: int) -> None:
        self._changed += 1
        pairs: list[tuple[str, int]] = []
        for _, chunk, terms in self._terms([key]):
            own = terms.split()
            self._totals[0] -= 1
            self._totals[1] -= len(own)
            pairs += ((term, chunk) for term in set(own))
        self._added.subtract(term for term, _ in pairs)
        for start in range(0, len(pairs), _BATCH):
            part = pairs[start : start + _BATCH]
            self._run(
                """DELETE FROM postings p USING unnest(?::text[], ?::bigint[]) AS gone(term, chunk)
                   WHERE p.term = gone.term AND p.chunk = gone.chunk""",
                [term for term, _ in part],
                [chunk for _, chunk in part],
            )

    def _clear_full_text(self) -> None:
        for table in ("postings", "vocabulary"):
            self._run(f"DELETE FROM {table}")  # noqa: S608 - names above
        self._run("UPDATE totals SET chunks = 0, terms = 0")
        self._added.clear()
        self._totals = [0, 0]

    def _postings(
        self, keys: Sequence[int], lengths: dict[int, int]
    ) -> Iterator[tuple[str, int, int, int]]:
        """Yield the rows of documents, and count their terms, each document's in `lengths`."""
        for key, chunk, terms in self._terms(keys):
            own = terms.split()
            lengths[key] += len(own)
            self._totals[0] += 1
            self._totals[1] += len(own)
            held = Counter(own)
            self._added.update(held.keys())
            for term, count in held.items():
                yield term, chunk, count, len(own)

    def _count_terms(self) -> None:
        """Write the counts that have changed since the last call; they are sums, hence late."""
        if any(self._totals):
            self._run("UPDATE totals SET chunks = chunks + ?, terms = terms + ?", *self._totals)
            self._totals = [0, 0]
        changed = sorted((term, count) for term, count in self._added.items() if count)
        self._added.clear()
        if changed:
            terms, counts = [term for term, _ in changed], [count for _, count in changed]
            self._run(_COUNTED, terms, counts)
            if any(count < 0 for count in counts):
                self._run("DELETE FROM vocabulary WHERE doc <= 0 AND term = ANY(?)", terms)

    # ── the session ─────────────────────────────────────────────────────────────────────────────

    def _all(self, statement: str, *values: Any) -> list[Row]:
        return self.session.all(statement, *values)

    def _run(self, statement: str, *values: Any) -> None:
        self.session.run(statement, *values)

    def _many(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self.session.many(statement, rows)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A term of a search, with its weight."""

    term: str
    weight: float


@dataclass(frozen=True, slots=True)
class _Bm25:
    """FTS5's BM25 over `chunks` chunks of `average` terms."""

    chunks: int
    average: float

    def weight(self, holding: int) -> float:
        """Return the weight (IDF) of a term that so many chunks have."""
        weight = math.log((self.chunks - holding + 0.5) / (holding + 0.5))
        return weight if weight > 0 else _LEAST_IDF

    def most(self, weight: float) -> float:
        """Return what a term can add to a score at most."""
        return weight * (_K1 + 1)

    def score(self, weights: Sequence[float], counts: Sequence[int], length: int) -> float:
        """Add up the score of a chunk of `length` terms, which has each term so many times."""
        score = 0.0
        for weight, count in zip(weights, counts, strict=True):
            held = float(count)
            score += weight * (
                (held * (_K1 + 1.0)) / (held + _K1 * (1 - _B + _B * length / self.average))
            )
        return score
