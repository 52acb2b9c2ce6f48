"""Answers what asks for an overview of a document or a section, with the sentences that cover it.

Such a question has no subject of its own: `What is this document about?`, `Summarise chapter 2`. It
is recognised by the embedder: with the names of documents taken out, it is near to one of
`_OVERVIEWS` or `_CHANGES` and nearer to it than to any of `_DETAILS`. The sentences are chosen one
by one: each is the one that makes most passages of the document better represented than they are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from askdoc.ask.cite import Chosen, readable
from askdoc.ask.names import figures, missing, without_names
from askdoc.ask.rank import Asked, title_terms
from askdoc.ask.retrieve import Query
from askdoc.ask.units import Unit, units
from askdoc.store.vectors_codec import unpack
from askdoc.types import Chunk, Document, Evidence, Kind, Passage

if TYPE_CHECKING:
    from collections.abc import Callable

    from askdoc.ask.rank import Terms
    from askdoc.types.ports import CatalogReader, Embedder, Matrix, Scores

_OVERVIEWS = (
    "What is this document about?",
    "Summarise this document.",
    "What are the main points of this section?",
    "Give an overview of the report.",
    "What does this chapter cover?",
)
_CHANGES = ("What changed in this version?", "What is new in this release?")
"""These ask for an overview only where a heading has the number of the version."""

_DETAILS = (
    "When was this version released?",
    "What is the latest version?",
    "What is the title of this document?",
    "Who wrote this report?",
    "When was this document published?",
    "What is a document?",
    "What is this document?",
    "What is the status of this document?",
    "How many pages does this report have?",
    "What does this document say about the deadline?",
    "How do I write a report?",
    "What are the main parts of it?",
)

_NEAR, _MARGIN = 0.45, 0.03
"""The least cosine to an overview question, and by how much it exceeds that to any other.

`benchmarks/RESULTS.md` has the false alarms.
"""

_HINT, _NAMELESS = 0.25, 0.65
"""Where the question names a document: the least cosine as it stands, and without the name."""

_ALIKE = 0.6
"""The share of a heading's terms that a question must hold to name it."""

_OPENING, _FADING = 1.0, 0.7
"""How much the passages at the beginning count beside all; each counts that much of the one before.
"""

_CENTRAL = 3.0
"""How strongly it counts that a sentence or passage is near to the centre of the document."""

_WHOLE = re.compile(r"[^\w]*(?![a-z])[^\W_].{30,400}[.!?。！？][\W_]*", re.DOTALL)
"""A sentence that can stand alone: neither a label nor a long run of data."""

_LEADS = 1.15
"""How much more the first sentence below a heading counts."""

_MOST = 3000
"""Sentences that are compared; of a longer document, those that begin its passages."""

_TEXT = frozenset((Kind.PROSE, Kind.ITEM, Kind.QUOTE))


@dataclass(frozen=True, slots=True)
class Overview:
    """The sentences that cover a document or section, in the order of the text.

    `nearness` says how near the question is to one that asks for an overview, `fits` how many
    documents it may mean, and `lacking` which numbers of sections no heading has.
    """

    chosen: Sequence[Chosen]
    document: Document
    nearness: float
    fits: int
    lacking: tuple[str, ...] = ()

    @property
    def evidence(self) -> list[Evidence]:
        """What is chosen, as evidence."""
        return [one.evidence for one in self.chosen]

    @property
    def doubt(self) -> str | None:
        """Why it may not be what was asked for; None where nothing says so."""
        path = self.document.path
        if self.fits > 1:
            return f"the question may mean any of {self.fits} documents, and this is `{path}`"
        if self.lacking:
            return f"no heading of `{path}` has the number {self.lacking[0]}, so this covers all"
        return None


class OverviewFinder:
    """Finds overviews in one index."""

    def __init__(
        self,
        catalog: CatalogReader,
        embedder: Embedder,
        terms_in: Callable[[str], Terms],
    ) -> None:
        self._catalog = catalog
        self._embedder = embedder
        self._terms_in = terms_in

    def find(
        self,
        query: Query,
        asked: Asked,
        passages: Sequence[Passage],
        documents: Collection[str] | None,
        limit: int,
    ) -> Overview | None:
        """Cover the document that `query` asks an overview of; None where it asks none.

        That is the document which the question names, else that of the best passage. `documents`
        are the ids it is among.
        """
        terms = self._terms_in(query.language)
        named = self._named(query, asked, documents)
        titles = {
            term for one in named for term in (*title_terms(one, terms), *terms(one.path))
        }  # people write `report.pdf`, too
        titles = titles.difference(*map(terms, _CHANGES))  # a document may be called "Changes"
        nearness, of_changes = self._nearness(query, titles)
        if not nearness:
            return None
        count = self._catalog.counts().documents if documents is None else len(documents)
        fitting = {one.id for one in named} or documents
        best = [one.document for one in passages if fitting is None or one.document.id in fitting]
        if not best:
            return None
        document = best[0]
        chunks = self._catalog.chunks_of(document.id)
        numbers = [one for one in figures(query.text) if one not in titles]
        section = _section(query.weights.keys() - titles, numbers, document, chunks, terms)
        if of_changes and not (numbers and section):
            return None
        chosen = self._cover(document, section or chunks, limit)
        if not chosen:
            return None
        sought = numbers if section is None else ()
        # Of some documents that are named alike, one has the version that is asked for.
        fits = 1 if of_changes and named else len(named) or count
        return Overview(chosen, document, nearness, fits, tuple(sought))

    def _named(
        self, query: Query, asked: Asked, documents: Collection[str] | None
    ) -> list[Document]:
        """List the documents that the question names, by more than what any document is called."""
        keys = [key for key in asked.named() if documents is None or key in documents]
        terms = self._terms_in(query.language)
        telling = {*query.weights, *figures(query.text)}.difference(*map(terms, _OVERVIEWS))
        return [
            one
            for one in (self._catalog.documents(keys) if keys else [])
            if not telling.isdisjoint(title_terms(one, terms))
        ]

    def _nearness(self, query: Query, titles: AbstractSet[str]) -> tuple[float, bool]:
        """Say how near a question is to one that asks for an overview; 0 where it asks for none.

        Also whether that is an overview of changes. The terms in `titles` name a document, whatever
        they are.
        """
        overviews = self._overviews
        vector, least = query.vector, _NEAR
        if titles:
            if float((overviews @ vector).max()) < _HINT:
                return 0.0, False
            terms = self._terms_in(query.language)
            plain = without_names(query.text, titles, terms, "this document")
            [vector], least = self._embedder.embed_queries([plain]), _NAMELESS
        cosines = overviews @ vector
        nearest = float(cosines.max())
        if nearest < least:  # as nearly always, so the other prototypes are not even embedded
            return 0.0, False
        if nearest < float((self._details @ vector).max()) + _MARGIN:
            return 0.0, False
        return nearest, int(cosines.argmax()) >= len(_OVERVIEWS)

    @cached_property
    def _overviews(self) -> Matrix:
        return self._embedder.embed_queries((*_OVERVIEWS, *_CHANGES))

    @cached_property
    def _details(self) -> Matrix:
        return self._embedder.embed_queries(_DETAILS)

    def _cover(self, document: Document, chunks: Sequence[Chunk], limit: int) -> list[Chosen]:
        """Choose the sentences that stand for most of what these chunks say."""
        found = self._catalog.sentence_vectors([chunk.id for chunk in chunks])
        dimensions = self._embedder.dimensions
        vectors = {key: unpack(packed, dimensions) for key, packed in found.items()}
        if any(len(vectors.get(chunk.id, ())) != len(chunk.sentences) for chunk in chunks):
            return []
        candidates = _candidates([Passage(chunk, document, 0.0, {}, {}) for chunk in chunks], limit)
        rows = np.stack([_vector(unit, vectors) for unit in candidates])
        wholes = _unit_length(np.stack([vectors[chunk.id].mean(axis=0) for chunk in chunks]))
        lengths = np.array([len(one.text) for one in chunks], np.float32)
        counts = _opening(len(chunks)) + lengths / lengths.sum()
        centre = counts @ wholes
        centre /= np.linalg.norm(centre)
        telling = np.maximum(rows @ centre, 0)
        telling[_first_below_headings(candidates)] *= _LEADS
        shares = counts * np.maximum(wholes @ centre, 0) ** _CENTRAL
        picked = _greedy(rows @ wholes.T, shares, telling**_CENTRAL, limit)
        return _in_order([(candidates[at], gain) for at, gain in picked])


def _candidates(passages: Sequence[Passage], limit: int) -> list[Unit]:
    """List the units that may stand for a text: its sentences, or what else it has."""
    every = units(passages)
    found = [unit for unit in every if unit.kind is not Kind.HEADING] or every
    prose = [unit for unit in found if unit.kind in _TEXT and not unit.opens]
    whole = [unit for unit in prose if _WHOLE.fullmatch(unit.text.strip())]
    chosen = next((some for some in (whole, prose) if len(some) >= limit), found)
    if len(chosen) > _MOST:
        return [one for one in chosen if one.core == one.passage.chunk.sentences[0]]
    return chosen


def _opening(count: int) -> Scores:
    """Say how much each of `count` passages counts for its place: the first the most."""
    decaying = _FADING ** np.arange(count, dtype=np.float32)
    weights: Scores = _OPENING * decaying / decaying.sum()
    return weights


def _section(
    wanted: AbstractSet[str],
    numbers: Sequence[str],
    document: Document,
    chunks: Sequence[Chunk],
    terms: Terms,
) -> Sequence[Chunk] | None:
    """Return the chunks below the headings that a question names best; None if it names none.

    `wanted` are its terms and `numbers` its figures, without those that name the document.
    """
    headings = {heading for chunk in chunks for heading in chunk.headings} - {document.title}
    matches = {heading: _match(heading, wanted, numbers, terms) for heading in headings}
    top = max(matches.values(), default=0.0)
    if top < _ALIKE:
        return None
    best = {heading for heading, match in matches.items() if match == top}
    return [chunk for chunk in chunks if not best.isdisjoint(chunk.headings)]


def _match(heading: str, wanted: AbstractSet[str], numbers: Sequence[str], terms: Terms) -> float:
    """Say how well a question names a heading: by its number, or by a share of its words."""
    own = figures(heading)
    if numbers and own and not missing(numbers, own[:1]):
        return 1.0
    words = {term for term in terms(heading) if not term.isdecimal()}
    return len(words & wanted) / len(words) if words else 0.0


def _vector(unit: Unit, vectors: Mapping[str, Matrix]) -> Scores:
    chunk = unit.passage.chunk
    row: Scores = vectors[chunk.id][chunk.sentences.index(unit.core)]
    return row


def _unit_length(rows: Matrix) -> Matrix:
    lengths: Matrix = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return rows / lengths


def _first_below_headings(candidates: Sequence[Unit]) -> list[int]:
    """Return the places of the units that are the first below a heading."""
    first: dict[tuple[str, ...], int] = {}
    for at in sorted(range(len(candidates)), key=lambda one: candidates[one].core):
        first.setdefault(tuple(candidates[at].passage.chunk.headings), at)
    return list(first.values())


def _greedy(similar: Matrix, shares: Scores, leads: Scores, limit: int) -> list[tuple[int, float]]:
    """Pick rows one by one, each the one that adds the most; with what it adds.

    `similar` says how well each row represents each column, `shares` how much a column counts.
    """
    reached = np.zeros(similar.shape[1], np.float32)
    picked: dict[int, float] = {}
    while len(picked) < min(limit, len(similar)):
        gains = (np.maximum(similar - reached, 0) @ shares) * leads
        gains[list(picked)] = -1
        best = int(gains.argmax())
        picked[best] = float(gains[best])
        reached = np.maximum(reached, similar[best])
    return list(picked.items())


def _in_order(picked: Sequence[tuple[Unit, float]]) -> list[Chosen]:
    """Make citations of units, in the order of the text; places that meet become one."""
    chosen: list[Chosen] = []
    for number, (unit, gain) in enumerate(sorted(picked, key=lambda one: one[0].core), start=1):
        passage = unit.passage
        text = passage.chunk.sentence(unit.span)
        evidence = Evidence(f"S{number}", unit.span, text, passage, gain, {}, unit.core)
        place = readable(evidence)
        if chosen and chosen[-1].span.overlap(place):
            chosen[-1] = Chosen(chosen[-1].evidence, chosen[-1].span.joined(place))
        else:
            chosen.append(Chosen(evidence, place))
    return chosen
