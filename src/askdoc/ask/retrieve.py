"""Finds the passages most likely to answer a question, by dense and lexical search.

The weighted sum of cosine and normalised BM25 ranks the right passage first more often than
reciprocal rank fusion does (`benchmarks/RESULTS.md`), and its score is comparable between
questions, which abstention needs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from askdoc.types import Hit, Passage
from askdoc.types.ports import CatalogReader, VectorStore

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix


@dataclass(frozen=True, slots=True)
class Fused:
    """A chunk after fusion, with the rank (from 1) and score that each retriever gave it."""

    chunk_id: str
    score: float
    ranks: Mapping[str, int]
    scores: Mapping[str, float]


def weighted(
    rankings: Mapping[str, Sequence[Hit]], weights: Mapping[str, float], depth: int
) -> list[Fused]:
    """Join rankings by the weighted sum of their scores, which must be on a scale of about 0 to 1.

    If a retriever returned all `depth` hits, chunks beyond count with its lowest score, since
    theirs cannot be higher. If it returned fewer, it has seen all chunks, and the rest count 0.
    """
    floors = {
        name: hits[-1].score if len(hits) >= depth else 0.0 for name, hits in rankings.items()
    }
    ranks: dict[str, dict[str, int]] = {}
    scores: dict[str, dict[str, float]] = {}
    for name, hits in rankings.items():
        for rank, hit in enumerate(hits, start=1):
            if name not in ranks.setdefault(hit.chunk_id, {}):
                ranks[hit.chunk_id][name] = rank
                scores.setdefault(hit.chunk_id, {})[name] = hit.score
    fused = []
    for chunk_id, given in scores.items():
        parts = (share * given.get(name, floors.get(name, 0.0)) for name, share in weights.items())
        fused.append(Fused(chunk_id, sum(parts), ranks[chunk_id], given))
    return sorted(fused, key=lambda item: item.score, reverse=True)


DENSE, LEXICAL, SENTENCE = "dense", "lexical", "sentence"
FIELD = "field"
"""The name of the score for the similarity of a field's key to the question."""
WEIGHTS: Mapping[str, float] = {DENSE: 0.5, LEXICAL: 0.5}
FOREIGN_WEIGHTS: Mapping[str, float] = {DENSE: 0.1, LEXICAL: 0.9}
"""If the embedder does not know the language, words decide, and it only breaks ties."""
SENTENCE_SHARE = 1.4
"""How much the nearest sentence of a passage counts beside the two retrievers, which count 1."""
DEPTH = 50
"""Hits per retriever."""
DEMANDED_DEPTH = 300
"""Hits per retriever if many of them may fail the demands."""


NearestSentences = Callable[[Sequence[str]], Mapping[str, float]]
"""Returns the cosine of the question to the nearest sentence of each of these chunks, by id."""

_HAN_PAIR = re.compile("[々\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]{2}")

_PRIOR = 500
"""A term's rarity also counts this many passages of ordinary text: among the ten chunks of one
short document, `city` would otherwise look as rare as an unknown name."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question prepared for search.

    `weights` are the inverse frequencies of its distinct terms, in order; `vector` has shape
    (dimensions,) and unit length; `bm25_mass` is about the BM25 score of a text with every term
    once; `among` is the number of chunks to search; `language` is that of the question. `earlier`
    are terms of previous questions, with their factors, which are searched, too.
    """

    text: str
    vector: Matrix
    weights: Mapping[str, float]
    bm25_mass: float
    among: int
    language: str = "en"
    earlier: Sequence[tuple[float, Sequence[str]]] = ()

    @property
    def mass(self) -> float:
        """The sum of the weights of all terms."""
        return sum(self.weights.values())


EARLIER = (0.5, 0.25, 0.125)
"""Weights of the last questions of a conversation in a search, latest first."""


def in_conversation(query: Query, earlier: Sequence[Query]) -> Query:
    """Return a query that also searches for the previous questions, given latest first.

    A follow-up leaves out what was said before. Earlier terms and vectors are added with halving
    weights; the typed question stays. A term counts once, with its highest weight.
    """
    known, terms = set(query.weights), []
    vector = query.vector
    for share, before in zip(EARLIER, earlier, strict=False):
        terms.append((share, [term for term in before.weights if term not in known]))
        known.update(before.weights)
        vector = vector + share * before.vector
    length = float(np.linalg.norm(vector)) or 1.0
    mass = sum(share * before.bm25_mass for share, before in zip(EARLIER, earlier, strict=False))
    # A question of few words, such as `why?`, gets the scale of the previous ones.
    scale = max(query.bm25_mass, mass)
    return replace(query, vector=vector / length, earlier=tuple(terms), bm25_mass=scale)


@dataclass(frozen=True, slots=True)
class Scoring:
    """How passages are scored: the weight of each retriever, and what finds nearest sentences."""

    weights: Mapping[str, float] = field(default_factory=lambda: WEIGHTS)
    nearest: NearestSentences | None = None


@dataclass(frozen=True, slots=True)
class Demanded:
    """Demands on passages.

    `together` are phrases (consecutive terms) that every passage contains; `accepts` makes the
    final decision.
    """

    together: Sequence[Sequence[str]]
    accepts: Callable[[Passage], bool]


def inverse_frequency(total: float, holding: float) -> float:
    """Return the weight of a term that is in `holding` of `total` chunks.

    Ln(1 + (N - n + 0.5) / (n + 0.5)).

    Robertson and Zaragoza 2009, in the form that never turns negative.
    """
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def prepare(
    text: str,
    terms: Sequence[str],
    vector: Matrix,
    catalog: CatalogReader,
    commonness: Callable[[str], float],
    *,
    most: int,
    language: str = "en",
) -> Query:
    """Weight the terms of a question by their rarity in the catalog and in the language.

    Of more than `most` distinct terms, the rarest are kept; a pair of letters that only spans two
    words is dropped.
    """
    holding = catalog.frequencies(dict.fromkeys(terms))
    total = max(catalog.counts().chunks, 1)
    spanning = _spanning(terms, holding)
    weights = {
        term: inverse_frequency(total + _PRIOR, holding.get(term, 0) + _PRIOR * commonness(term))
        for term in dict.fromkeys(terms)
        if term not in spanning
    }
    if len(weights) > most:
        telling = sorted(weights, key=lambda term: -weights[term])[:most]
        weights = {term: weights[term] for term in telling}
    mass = sum(inverse_frequency(total, holding.get(term, 0)) for term in weights)
    return Query(text, vector, weights, mass, total, language)


def _spanning(terms: Sequence[str], holding: Mapping[str, int]) -> set[str]:
    """List the pairs of Chinese characters that span two words of a question.

    Text without spaces is cut into overlapping pairs, also across words. A pair that is in no
    document, between two pairs that are, is taken to span two words. Other scripts have too few
    letters for this rule.
    """
    return {
        term
        for before, term, after in zip(terms, terms[1:], terms[2:], strict=False)
        if _HAN_PAIR.fullmatch(term)
        and before[-1:] + after[:1] == term
        and not holding.get(term)
        and holding.get(before)
        and holding.get(after)
    }


def gather(
    query: Query,
    catalog: CatalogReader,
    vectors: VectorStore,
    *,
    limit: int,
    documents: Collection[str] | None = None,
    scoring: Scoring = Scoring(),
    demanded: Demanded | None = None,
) -> list[Passage]:
    """Return the `limit` best passages, best first; `documents` are the ids to search in.

    With `demanded`, only passages that it accepts are found. If `scoring` finds nearest sentences,
    they count, too: a passage is long, and its vector is about all that it holds.
    """
    depth = max(DEPTH, limit) if demanded is None else DEMANDED_DEPTH
    rankings = rank(query, catalog, vectors, depth, documents, demanded)
    fused = weighted(rankings, scoring.weights, depth)
    if scoring.nearest is not None:
        fused = by_sentences(fused, scoring.nearest, max(DEPTH, limit))
    return _hydrate(fused, catalog, limit, demanded.accepts if demanded else None)


def by_sentences(fused: Sequence[Fused], nearest: NearestSentences, depth: int) -> list[Fused]:
    """Add the nearest sentence to the scores of the `depth` best chunks, and sort again.

    A chunk beyond, or without vectors of sentences, counts with the lowest of the others. The score
    stays on its scale.
    """
    cosines = nearest([item.chunk_id for item in fused[:depth]])
    if not cosines:
        return list(fused)
    least = min(cosines.values())
    best_first = sorted(cosines, key=lambda chunk_id: -cosines[chunk_id])
    places = {chunk_id: at for at, chunk_id in enumerate(best_first, start=1)}

    def joined(item: Fused) -> Fused:
        near = cosines.get(item.chunk_id, least)
        score = (item.score + SENTENCE_SHARE * near) / (1 + SENTENCE_SHARE)
        if item.chunk_id not in cosines:
            return replace(item, score=score)
        ranks = {**item.ranks, SENTENCE: places[item.chunk_id]}
        return Fused(item.chunk_id, score, ranks, {**item.scores, SENTENCE: near})

    return sorted(map(joined, fused), key=lambda item: item.score, reverse=True)


def rank(
    query: Query,
    catalog: CatalogReader,
    vectors: VectorStore,
    depth: int,
    documents: Collection[str] | None = None,
    demanded: Demanded | None = None,
) -> dict[str, list[Hit]]:
    """Ask both retrievers for `depth` chunks; BM25 is divided by the mass of all terms."""
    together = demanded.together if demanded else ()
    own = catalog.search(list(query.weights), depth, documents, together=together)
    found = {hit.chunk_id: hit.score for hit in own}
    for share, terms in query.earlier:
        for hit in catalog.search(terms, depth, documents, together=together):
            found[hit.chunk_id] = found.get(hit.chunk_id, 0.0) + share * hit.score
    mass = query.bm25_mass or 1.0
    lexical = [Hit(chunk_id, score / mass) for chunk_id, score in found.items()]
    return {
        DENSE: vectors.search(query.vector, depth, documents),
        LEXICAL: sorted(lexical, key=lambda hit: (-hit.score, hit.chunk_id))[:depth],
    }


def _hydrate(
    fused: Sequence[Fused],
    catalog: CatalogReader,
    limit: int,
    accepts: Callable[[Passage], bool] | None = None,
) -> list[Passage]:
    """Load the best chunks; an id that the catalog does not know (any more) is dropped."""
    passages: list[Passage] = []
    start, size = 0, limit
    while start < len(fused) and len(passages) < limit:
        batch = {item.chunk_id: item for item in fused[start : start + size]}
        chunks = catalog.chunks(list(batch))
        documents = {d.id: d for d in catalog.documents({c.document_id for c in chunks})}
        for chunk in chunks:
            item = batch[chunk.id]
            if document := documents.get(chunk.document_id):
                passage = Passage(chunk, document, item.score, item.ranks, item.scores)
                if accepts is None or accepts(passage):
                    passages.append(passage)
            if len(passages) == limit:
                break
        start, size = start + size, 2 * size  # where few are accepted, many are needed
    return passages
