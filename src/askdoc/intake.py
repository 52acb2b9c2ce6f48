"""From readings to stored documents: cut, embedded and published in groups.

A group ends when enough chunks are waiting, however many documents they are of. Its documents are
staged in the catalog first, then their vectors are stored, then one transaction publishes them; so
at each moment the catalog knows which vectors may exist. A large document takes several groups and
is published with the last, and no more of it than one group is in memory besides its text.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from askdoc import chunking
from askdoc.chunking import Budget
from askdoc.errors import ReadError
from askdoc.ports import Analyser, Catalog, Embedder, SentenceSplitter, VectorStore
from askdoc.settings import Settings
from askdoc.types import Chunk, Document, Found, Reading, Span, Stamp

WRITING = "writing"
"""Under this key the catalog says `yes` while a run is changing the index."""

_GROUP = 256
"""Chunks that are embedded and stored as one."""

_LONGEST_WAIT = 2.0
"""Seconds after which documents that wait are published, even if they are few."""

_WINDOW = 256_000
"""Characters that are cut into sentences and chunks at once."""

_HEADROOM = 4
"""One part in so many of what the embedder looks at is left to title and headings."""


@dataclass(frozen=True, slots=True)
class Cutters:
    """What cuts a text into sentences and terms."""

    splitter: SentenceSplitter
    analyser: Analyser


@dataclass(frozen=True, slots=True)
class _Piece:
    """A chunk on its way; `like` is a stored chunk that has the same vector already."""

    chunk: Chunk
    passage: str
    terms: str
    like: str | None


@dataclass(slots=True)
class _Group:
    started: dict[str, tuple[Document, str]] = field(default_factory=dict)
    pieces: list[_Piece] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    @property
    def is_due(self) -> bool:
        return len(self.pieces) >= _GROUP or time.monotonic() - self.since > _LONGEST_WAIT


class Intake:
    """Takes documents in, one after the other; `published` hears the ids of those now visible."""

    def __init__(
        self,
        catalog: Catalog,
        vectors: VectorStore,
        embedder: Embedder,
        cutters: Cutters,
        settings: Settings,
        published: Callable[[Sequence[str], int], None],
    ) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._embedder = embedder
        self._cutters = cutters
        self._language = settings.language
        self._budget = budget(settings, embedder)
        self._published = published
        self._group = _Group()

    def take(
        self, found: Found, reading: Reading, content_hash: str, within: str | None = None
    ) -> None:
        """Take in one document; it is published with its group.

        `within` is the location of the file that it is a part of.

        Raises:
            ReadError: there is no sentence in it.

        """
        document = _document(found, reading, content_hash, self._language, within)
        pieces = self._pieces(document, reading)
        first = next(pieces, None)
        if first is None:
            message = "there is no text in it"
            raise ReadError(message, code="empty")
        self._group.started[document.id] = document, reading.text
        self._add(first)
        for piece in pieces:
            self._add(piece)
        self._group.finished.append(document.id)
        if self._group.is_due:
            self.flush()

    def flush(self) -> None:
        """Store and publish what waits."""
        group, self._group = self._group, _Group()
        if not group.pieces and not group.finished:
            return
        fresh = [piece for piece in group.pieces if piece.like is None]
        new = self._embedder.embed_passages([piece.passage for piece in fresh]) if fresh else None
        self._stage(group)
        if new is not None:
            self._vectors.add(*_keys(fresh), new)
        copied = [piece for piece in group.pieces if piece.like not in (None, piece.chunk.id)]
        if copied:
            old = self._vectors.vectors([piece.like for piece in copied if piece.like])
            self._vectors.add(*_keys(copied), old)
        self._catalog.publish(group.finished)
        sweep(self._catalog, self._vectors)
        self._published(group.finished, len(group.pieces))

    def _add(self, piece: _Piece) -> None:
        if len(self._group.pieces) >= _GROUP:
            self.flush()
        self._group.pieces.append(piece)

    def _stage(self, group: _Group) -> None:
        with self._catalog.transaction():
            self._catalog.keep(WRITING, "yes")
            for document, text in group.started.values():
                self._catalog.stage(document, text)
            for document_id, pieces in _by_document(group.pieces):
                chunks = [piece.chunk for piece in pieces]
                self._catalog.extend(document_id, chunks, [piece.terms for piece in pieces])

    def _pieces(self, document: Document, reading: Reading) -> Iterator[_Piece]:
        stored = self._stored_like(document)
        for window in _windows(reading.blocks):
            part = replace(reading, blocks=window)
            sentences = chunking.sentence_spans(part, self._cutters.splitter, self._language)
            for chunk in chunking.chunk(
                part,
                sentences,
                document.id,
                budget=self._budget,
                count_tokens=self._embedder.count_tokens,
            ):
                passage = chunking.passage_text(document.title, chunk.headings, chunk.text)
                searched = chunking.lexical_text(
                    document.path, document.title, chunk.headings, chunk.text
                )
                terms = " ".join(self._cutters.analyser.terms(searched, self._language))
                yield _Piece(chunk, passage, terms, stored.get(_digest(passage)))

    def _stored_like(self, document: Document) -> dict[bytes, str]:
        """Map what was embedded of the former version, or of the same file elsewhere, to its id.

        So a passage that an edit or a move leaves as it was is not embedded again.
        """
        former = self._catalog.documents([document.id]) or self._catalog.documents(
            [twin] if (twin := self._catalog.with_content(document.stamp.content_hash)) else []
        )
        return {
            _digest(passage): chunk.id
            for item in former
            for chunk, passage in passages(self._catalog, item)
        }


def budget(settings: Settings, embedder: Embedder) -> Budget:
    """Say how large a chunk may be, so that title and headings fit before it."""
    room = embedder.max_tokens - embedder.max_tokens // _HEADROOM
    return Budget(min(settings.chunk_tokens, room), settings.chunk_overlap)


def passages(catalog: Catalog, document: Document) -> Iterator[tuple[Chunk, str]]:
    """Yield the chunks of a stored document with the text that was embedded for each."""
    ids = catalog.chunk_ids([document.id])
    for start in range(0, len(ids), _GROUP):
        for chunk in catalog.chunks(ids[start : start + _GROUP]):
            yield chunk, chunking.passage_text(document.title, chunk.headings, chunk.text)


def sweep(catalog: Catalog, vectors: VectorStore) -> None:
    """Remove the vectors that nobody needs any more."""
    if obsolete := catalog.obsolete():
        vectors.remove(obsolete)
        catalog.settle(obsolete)


def document_id(location: str) -> str:
    """Make the id of a document from its location."""
    name = location.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(name, digest_size=8).hexdigest()


def _document(
    found: Found, reading: Reading, content_hash: str, language: str, within: str | None
) -> Document:
    return Document(
        id=document_id(found.location),
        location=found.location,
        path=found.path,
        source=found.source,
        file=found.file,
        title=reading.title,
        length=len(reading.text),
        stamp=Stamp(found.size, found.modified_ns, content_hash),
        pages=reading.pages,
        language=language,
        warnings=reading.warnings,
        landmarks=reading.landmarks,
        author=reading.author,
        within=within,
    )


def _windows(blocks: Sequence[Span]) -> Iterator[tuple[Span, ...]]:
    """Cut a long document into runs of whole blocks, so that its chunks need not all be held."""
    first = 0
    for number, block in enumerate(blocks):
        if block.end - blocks[first].start > _WINDOW and number > first:
            yield tuple(blocks[first:number])
            first = number
    if blocks:
        yield tuple(blocks[first:])


def _by_document(pieces: Iterable[_Piece]) -> Iterator[tuple[str, list[_Piece]]]:
    found: dict[str, list[_Piece]] = {}
    for piece in pieces:
        found.setdefault(piece.chunk.document_id, []).append(piece)
    yield from found.items()


def _keys(pieces: Sequence[_Piece]) -> tuple[list[str], list[str]]:
    return [piece.chunk.id for piece in pieces], [piece.chunk.document_id for piece in pieces]


def _digest(passage: str) -> bytes:
    return hashlib.blake2b(passage.encode("utf-8", "surrogatepass"), digest_size=16).digest()
