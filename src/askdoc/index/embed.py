"""Cuts documents into passages, embeds them, and publishes them in groups.

A group is full after a number of chunks, of however many documents. A thread embeds its passages
while the next group is read and cut. Then its documents are staged in the catalog, their vectors
are stored, and one transaction publishes them. In this order the catalog always knows which vectors
may exist, so a crash at any point can be repaired. A large document spans several groups and is
published with the last one; memory holds at most three groups and one part of its text.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from threading import Event
from typing import TYPE_CHECKING

from askdoc.errors import AskdocError, DiskFull, IndexCorrupt, ReadError, StoreError
from askdoc.settings import AUTOMATIC, Settings
from askdoc.store.sql_catalog import SqlCatalog
from askdoc.store.vectors_codec import IN_CONTEXT, pack
from askdoc.text import chunking
from askdoc.text.chunking import Budget, Split, joined
from askdoc.types import (
    UNSTRUCTURED,
    Chunk,
    Document,
    Field,
    Found,
    Reading,
    Span,
    Stamp,
    Structure,
)
from askdoc.types.places import Landmarks
from askdoc.types.ports import Analyser, Embedder, VectorStore

GROUP = 256
"""Chunks per group."""

_LONGEST_WAIT = 2.0
"""Seconds after which a group is published even if it is not full."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk to store.

    `like` is the id of a stored chunk with the same vectors. `sentences` are the spans of its
    sentences in the passage, if their vectors are needed.
    """

    chunk: Chunk
    passage: str
    terms: str
    like: str | None
    sentences: tuple[Span, ...]


@dataclass(slots=True)
class Group:
    """What is stored in one step.

    Pieces, the texts they come from, and the documents that end here.
    """

    started: list[Document] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    finished: list[Document] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    def __bool__(self) -> bool:
        return bool(self.started or self.texts or self.pieces or self.finished)

    @property
    def is_full(self) -> bool:
        """Whether the group has reached its size."""
        return len(self.pieces) >= GROUP

    @property
    def is_due(self) -> bool:
        """Whether to store the group now: it is full, or has waited long enough."""
        return self.is_full or time.monotonic() - self.since > _LONGEST_WAIT

    def fresh(self) -> list[Piece]:
        """List the pieces to embed."""
        return [piece for piece in self.pieces if piece.like is None]

    def copied(self) -> list[Piece]:
        """List the pieces whose vector already exists under another id."""
        return [piece for piece in self.pieces if piece.like not in (None, piece.chunk.id)]

    def forget(self, document_id: str) -> None:
        """Remove a document from the group."""
        self.started = [document for document in self.started if document.id != document_id]
        self.texts = [text for text in self.texts if text[0] != document_id]
        self.pieces = [piece for piece in self.pieces if piece.chunk.document_id != document_id]


def by_document(pieces: Iterable[Piece]) -> Iterator[tuple[str, list[Piece]]]:
    """Yield the pieces of each document, with its id."""
    found: dict[str, list[Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.chunk.document_id, []).append(piece)
    yield from found.items()


def keys(pieces: Sequence[Piece]) -> tuple[list[str], list[str]]:
    """Return the ids of the chunks, and in the same order the ids of their documents."""
    return [piece.chunk.id for piece in pieces], [piece.chunk.document_id for piece in pieces]


if TYPE_CHECKING:
    from askdoc.types.ports import Matrix

    Embedded = tuple[Matrix, list[bytes]]
    """The vectors of passages, and per passage the packed vectors of its sentences."""

WRITING = "writing"
"""The catalog's setting of this name is `yes` while a run changes the index."""

_SLICE = 16
"""Passages to embed between two checks for an interrupt."""

_HEADROOM = 4
"""Title and headings get this fraction (1/n) of the embedder's tokens."""


@dataclass(frozen=True, slots=True)
class Cutters:
    """The functions that cut a text into sentences and terms."""

    split: Split
    analyser: Analyser


@dataclass(frozen=True, slots=True)
class IncomingDocument:
    """A document to index: a file, and its text in parts.

    `key` is its future id; `digest` is called after the last part. `within` is the location of the
    containing file, such as an archive; `like` is the id of a document that may share passages.
    """

    key: str
    found: Found
    parts: Iterator[Reading]
    digest: Callable[[], str]
    within: str | None = None
    like: str | None = None


class Intake:
    """Takes documents one after the other; `published` is called with ids that are now visible.

    With `arriving`, a place for vectors of documents that are not published yet, documents are
    stored and not published: `published` is called with ids that are complete.
    """

    def __init__(
        self,
        catalog: SqlCatalog,
        vectors: VectorStore,
        embedder: Embedder,
        cutters: Cutters,
        settings: Settings,
        published: Callable[[Sequence[str], int], None],
        *,
        arriving: VectorStore | None = None,
    ) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._arriving = arriving
        self._embedder = embedder
        self._cutters = cutters
        self._set_language = settings.language
        self._budget = budget(settings, embedder)
        self._in_context = catalog.setting(IN_CONTEXT) == "yes"
        self._published = published
        self._group = Group()
        self._begun: set[str] = set()
        self._embedding: deque[tuple[Group, Future[Embedded]]] = deque()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="askdoc-embedding")
        self._given_up = Event()

    def take(self, source: IncomingDocument) -> None:
        """Cut one document and add it to the current group.

        Raises:
            ReadError: it cannot be read to its end, or has no sentence.

        """
        try:
            document = self._cut(source)
        except ReadError:
            self._forget(source.key)
            raise
        except ValueError as error:  # a broken file can make a reader raise any error
            self._forget(source.key)
            message = f"its text cannot be stored ({error})"
            raise ReadError(message, code="failed") from error
        self._group.finished.append(document)
        if self._group.is_due:
            self._submit()

    def idle(self) -> None:
        """Use the time while no file is ready: store a group that is due."""
        if self._group and self._group.is_due:
            self._submit()
        if self._embedding and self._embedding[0][1].done():
            self._store_next()

    def flush(self) -> None:
        """Store all remaining groups, and publish them if that is done here."""
        self._submit()
        while self._embedding:
            self._store_next()

    def close(self) -> None:
        """Discard what is not stored yet."""
        self._given_up.set()
        self._thread.shutdown(cancel_futures=True)

    # ── cutting ─────────────────────────────────────────────────────────────────────────────────

    def _cut(self, source: IncomingDocument) -> Document:
        """Cut a document into pieces and add them to groups; return the complete document."""
        document: Document | None = None
        stored: Mapping[bytes, str] = {}
        length = pieces = held = 0
        warnings: dict[str, None] = {}
        landmarks: list[Landmarks] = []
        structures: list[Structure] = []
        fields: list[Field] = []
        for part in joined(source.parts):
            _expect_order(part)
            if document is None:
                document = _document(source, part, self._language_of(part.text))
                stored = self._stored_like(document.id, source.like)
                self._group.started.append(document)
            self._group.texts.append((document.id, part.text))
            for piece in self._pieces(document, part, stored):
                self._add(piece)
                pieces += 1
            length = part.end
            held += len(part.parts)
            warnings |= dict.fromkeys(part.warnings)
            # `joined` gives a later part the landmarks of the first: the same ones count once.
            if part.landmarks and part.landmarks not in landmarks[-1:]:
                landmarks.append(part.landmarks)
            if part.structure:
                structures.append(part.structure)
            fields += part.fields
        if document is None or not (pieces or held):
            message = "there is no text in it"
            raise ReadError(message, code="empty")
        return replace(
            document,
            length=length,
            stamp=replace(document.stamp, content_hash=source.digest()),
            warnings=tuple(warnings),
            landmarks=_one(landmarks, document.landmarks),
            structure=_joined_structure(structures),
            fields=tuple(fields),
        )

    def _pieces(
        self, document: Document, part: Reading, stored: Mapping[bytes, str]
    ) -> Iterator[Piece]:
        """Cut a part of a document; no text that this fails for ends the run."""
        try:
            yield from self._cut_pieces(document, part, stored)
        except (AskdocError, MemoryError):
            raise
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            message = f"cutting it into passages failed ({reason})"
            raise ReadError(message, code="failed") from error

    def _cut_pieces(
        self, document: Document, part: Reading, stored: Mapping[bytes, str]
    ) -> Iterator[Piece]:
        language = document.language
        sentences = chunking.sentence_spans(part, self._cutters.split, language)
        for chunk in chunking.chunk(
            part,
            sentences,
            document.id,
            budget=self._budget,
            count_tokens=self._embedder.count_tokens,
        ):
            passage = chunking.passage_text(document.title, chunk.headings, chunk.text)
            searched = chunking.lexical_text(
                document.path,
                document.title,
                chunk.headings,
                chunk.text,
                author=document.author,
            )
            terms = " ".join(self._cutters.analyser.terms(searched, language))
            places = chunking.sentence_places(passage, chunk) if self._in_context else ()
            yield Piece(chunk, passage, terms, stored.get(_digest(passage)), tuple(places))

    def _language_of(self, text: str) -> str:
        if self._set_language != AUTOMATIC:
            return self._set_language
        return self._cutters.analyser.language(text)

    def _stored_like(self, former: str, like: str | None) -> dict[bytes, str]:
        """Map embedded texts of the former version, or of a similar document, to their chunk ids.

        So a passage that an edit or a move leaves unchanged is not embedded again.
        """
        documents = self._catalog.documents([former])
        if not documents and like is not None:
            documents = self._catalog.documents([like])
        return {
            _digest(passage): chunk.id
            for item in documents
            for chunk, passage in passages(self._catalog, item)
        }

    def _add(self, piece: Piece) -> None:
        if self._group.is_full:
            self._submit()
        self._group.pieces.append(piece)

    def _forget(self, document_id: str) -> None:
        """Remove a document that cannot be read to its end."""
        self._group.forget(document_id)
        if document_id in self._begun:
            # Groups with earlier parts of it may still be embedding. They are staged first, since
            # only what is staged can be dropped.
            while self._embedding:
                self._store_next()
            self._catalog.drop_staged([document_id])
            remove_obsolete(self._catalog, self._vectors)
            self._begun.discard(document_id)

    # ── storing ─────────────────────────────────────────────────────────────────────────────────

    def _submit(self) -> None:
        """Start to embed the group, and store the previous one, which is embedded by now."""
        group, self._group = self._group, Group()
        if group:
            self._begun |= {document.id for document in group.started}
            # What remains are documents of which a later group has the end.
            self._begun -= {document.id for document in group.finished}
            self._embedding.append((group, self._thread.submit(self._embed, group.fresh())))
        while len(self._embedding) > 1:
            self._store_next()

    def _store_next(self) -> None:
        """Store the oldest group; wait until it is embedded."""
        group, embedded = self._embedding[0]
        # Ctrl-C may interrupt this wait. The group leaves the queue after it, so that none is lost.
        vectors, sentences = embedded.result()
        self._embedding.popleft()
        fresh, copied = group.fresh(), group.copied()
        new = {piece.chunk.id: packed for piece, packed in zip(fresh, sentences, strict=True)}
        meanings = new | self._sentences_like(group.pieces)
        done = [document.id for document in group.finished]
        if self._arriving is not None:
            alike = self._vectors_like(copied) if copied else None
            with self._catalog.staging():
                self._stage(group, meanings)
                self._arriving.add(*keys(fresh), vectors)
                if alike is not None:
                    self._arriving.add(*keys(copied), alike)
                for document in group.finished:
                    self._catalog.complete(document)
            self._published(done, len(group.pieces))
            return
        # The catalog comes before the vectors: after a crash in between it knows which to remove.
        with self._catalog.transaction():
            self._catalog.keep(WRITING, "yes")
            self._stage(group, meanings)
        if fresh:
            self._vectors.add(*keys(fresh), vectors)
        if copied:
            self._vectors.add(*keys(copied), self._vectors_like(copied))
        with self._catalog.transaction():
            for document in group.finished:
                self._catalog.complete(document)
            self._catalog.publish(done)
        remove_obsolete(self._catalog, self._vectors)
        self._published(done, len(group.pieces))

    def _stage(self, group: Group, sentences: Mapping[str, bytes]) -> None:
        for document in group.started:
            self._catalog.stage(document)
        for key, text in group.texts:
            self._catalog.append(key, text)
        for key, pieces in by_document(group.pieces):
            chunks = [piece.chunk for piece in pieces]
            terms = [piece.terms for piece in pieces]
            meanings = [sentences[chunk.id] for chunk in chunks] if self._in_context else ()
            self._catalog.extend(key, chunks, terms, meanings)

    def _embed(self, pieces: Sequence[Piece]) -> Embedded:
        """Embed passages, and sentences where needed; runs in the embedding thread."""
        import numpy as np  # late, since a run without changes does not need it

        vectors = [np.empty((0, self._embedder.dimensions), dtype=np.float32)]
        sentences: list[bytes] = []
        for start in range(0, len(pieces), _SLICE):
            if self._given_up.is_set():
                raise CancelledError
            part = [(piece.passage, piece.sentences) for piece in pieces[start : start + _SLICE]]
            # Repeated text, such as a page footer, is embedded once.
            once = list(dict.fromkeys(part))
            rows = {item: row for row, item in enumerate(once)}
            texts = [passage for passage, _ in once]
            if self._in_context:
                whole, within = self._embedder.embed_in_context(texts, [own for _, own in once])
                packed = [pack(own) for own in within]
            else:
                whole, packed = self._embedder.embed_passages(texts), [b""] * len(once)
            vectors.append(whole[[rows[item] for item in part]])
            sentences += [packed[rows[item]] for item in part]
        return np.concatenate(vectors), sentences

    def _sentences_like(self, pieces: Sequence[Piece]) -> dict[str, bytes]:
        """Return the sentence vectors of stored chunks.

        Compute those that were removed meanwhile.
        """
        alike = {piece.chunk.id: piece.like for piece in pieces if piece.like is not None}
        if not alike or not self._in_context:
            return {}
        stored = self._catalog.sentence_vectors(list(alike.values()))
        found = {key: stored[like] for key, like in alike.items() if like in stored}
        lost = [piece for piece in pieces if piece.chunk.id in alike.keys() - found.keys()]
        if lost:
            _, made = self._thread.submit(self._embed, lost).result()
            found |= {piece.chunk.id: packed for piece, packed in zip(lost, made, strict=True)}
        return found

    def _vectors_like(self, pieces: Sequence[Piece]) -> Matrix:
        """Return the vectors of stored chunks; compute them again if one was removed meanwhile."""
        try:
            return self._vectors.vectors([piece.like for piece in pieces if piece.like])
        except (DiskFull, IndexCorrupt):
            raise
        except StoreError:
            return self._thread.submit(self._embed, pieces).result()[0]


def budget(settings: Settings, embedder: Embedder) -> Budget:
    """Return the most tokens of a chunk, so that title and headings fit before it."""
    room = embedder.max_tokens - embedder.max_tokens // _HEADROOM
    return Budget(min(settings.chunk_tokens, room), settings.chunk_overlap)


def passages(catalog: SqlCatalog, document: Document) -> Iterator[tuple[Chunk, str]]:
    """Yield the chunks of a stored document, each with its embedded text."""
    ids = catalog.chunk_ids([document.id])
    for start in range(0, len(ids), GROUP):
        for chunk in catalog.chunks(ids[start : start + GROUP]):
            yield chunk, chunking.passage_text(document.title, chunk.headings, chunk.text)


def remove_obsolete(catalog: SqlCatalog, vectors: VectorStore) -> None:
    """Remove vectors of chunks that no longer exist."""
    if obsolete := catalog.obsolete():
        vectors.remove(obsolete)
        catalog.clear_obsolete(obsolete)


def document_id(location: str, number: int = 0) -> str:
    """Hash a document's location to an id; `number` gives another one if that is taken."""
    name = (f"{location}\0{number}" if number else location).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(name, digest_size=8).hexdigest()


def _document(source: IncomingDocument, head: Reading, language: str) -> Document:
    """Make a document from the first part of its text."""
    found = source.found
    return Document(
        id=source.key,
        location=found.location,
        path=found.path,
        source=found.source,
        file=found.file,
        title=head.title,
        length=0,
        stamp=Stamp(found.size, found.modified_ns, ""),
        pages=head.pages,
        language=language,
        warnings=head.warnings,
        landmarks=head.landmarks,
        author=head.author,
        within=source.within,
    )


def _expect_order(part: Reading) -> None:
    """Check that the blocks of a text are sorted, disjoint and inside it.

    Raises:
        ValueError: they are not.

    """
    position = part.origin
    for block in part.blocks:
        if block.start < position:
            message = f"the block at {block.start} begins before the one before it ends"
            raise ValueError(message)
        position = block.end
    if position > part.end:
        message = f"a block ends at {position}, after the text, which ends at {part.end}"
        raise ValueError(message)


def _one(landmarks: Sequence[Landmarks], otherwise: Landmarks) -> Landmarks:
    """Join the landmarks of several parts."""
    if len(landmarks) > 1:
        return Landmarks.of(chain.from_iterable(landmarks))
    return landmarks[0] if landmarks else otherwise


def _joined_structure(structures: Sequence[Structure]) -> Structure:
    """Join the structures of several parts."""
    if len(structures) > 1:
        return Structure(block for structure in structures for block in structure.blocks)
    return structures[0] if structures else UNSTRUCTURED


def _digest(passage: str) -> bytes:
    return hashlib.blake2b(passage.encode("utf-8", "surrogatepass"), digest_size=16).digest()
