"""Groups of chunks on their way into the index: what is embedded and stored as one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from askdoc.types import Chunk, Document, Span

GROUP = 256
"""Chunks that are embedded and stored as one."""

_LONGEST_WAIT = 2.0
"""Seconds after which documents that wait are published, even if they are few."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk on its way; `like` is a stored chunk that has the same vectors already.

    `sentences` are their places in the passage, where their vectors are wanted.
    """

    chunk: Chunk
    passage: str
    terms: str
    like: str | None
    sentences: tuple[Span, ...]


@dataclass(slots=True)
class Group:
    """What is stored at once: pieces with the texts they are of, and the documents they end."""

    started: list[Document] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    finished: list[Document] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    def __bool__(self) -> bool:
        return bool(self.started or self.texts or self.pieces or self.finished)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another piece."""
        return len(self.pieces) >= GROUP

    @property
    def is_due(self) -> bool:
        """Whether it is full, or has waited long enough."""
        return self.is_full or time.monotonic() - self.since > _LONGEST_WAIT

    def fresh(self) -> list[Piece]:
        """List the pieces that are to be embedded."""
        return [piece for piece in self.pieces if piece.like is None]

    def copied(self) -> list[Piece]:
        """List the pieces whose vector is stored under another id."""
        return [piece for piece in self.pieces if piece.like not in (None, piece.chunk.id)]

    def forget(self, document_id: str) -> None:
        """Leave out a document."""
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
    """List the ids of the chunks, and beside them those of their documents."""
    return [piece.chunk.id for piece in pieces], [piece.chunk.document_id for piece in pieces]
