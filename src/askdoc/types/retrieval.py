"""The results of retrieval: passages, and sentences in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from askdoc.types.documents import Chunk, Document, Span


@dataclass(frozen=True, slots=True)
class Hit:
    """One retriever's score of a chunk; higher is better, scales differ between retrievers."""

    chunk_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk after fusion, with the rank (from 1) and raw score of each retriever."""

    chunk: Chunk
    document: Document
    score: float
    ranks: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of text that an answer may cite; `scores` are the parts of `score`.

    `span` is what is shown, `core` the scored sentence in it, if that is shorter. `lines` are its
    first and last line, if they were looked up. `short` is the short answer in the sentence, if a
    reader found one.
    """

    label: str
    span: Span
    text: str
    passage: Passage
    score: float
    scores: Mapping[str, float] = field(default_factory=dict)
    core: Span | None = None
    lines: tuple[int, int] | None = None
    short: Span | None = None

    @property
    def sentence(self) -> Span:
        """The scored sentence."""
        return self.core or self.span


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence for a ranker: its place in the text of its passage.

    `context` is the title of the document and the headings above, for a ranker that reads it.
    """

    text: str
    place: Span
    context: str = ""

    @property
    def sentence(self) -> str:
        """The words of the sentence."""
        return self.text[self.place.start : self.place.end]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a ranker says of a sentence: `score` is a logit; above 0 it rather answers.

    A reader of passages also gives the best `short` answer in the sentence, as a place in the
    passage's text, and `short_score`, how far it beats that there is none.
    """

    score: float
    short: Span | None = None
    short_score: float = 0.0
