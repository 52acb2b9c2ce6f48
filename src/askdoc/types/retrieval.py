"""What retrieval finds: passages, and the sentences in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from askdoc.types.documents import Chunk, Document, Span


@dataclass(frozen=True, slots=True)
class Hit:
    """One retriever's opinion of one chunk; higher is better, scales differ between retrievers."""

    chunk_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk after fusion, with the rank (from 1) and the raw score each retriever gave it."""

    chunk: Chunk
    document: Document
    score: float
    ranks: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A unit of text that an answer may cite; `scores` keeps the parts that `score` is made of.

    `span` is what is shown, `core` the sentence within it that was judged, where that is less.
    `lines` are its first and last line, where they were looked up when it was found.
    """

    label: str
    span: Span
    text: str
    passage: Passage
    score: float
    scores: Mapping[str, float] = field(default_factory=dict)
    core: Span | None = None
    lines: tuple[int, int] | None = None

    @property
    def sentence(self) -> Span:
        """The sentence that was judged."""
        return self.core or self.span


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with what a ranker may know of where it stands.

    `before` is the sentence before it within its passage, and `context` the titles above it.
    """

    sentence: str
    before: str = ""
    context: str = ""
