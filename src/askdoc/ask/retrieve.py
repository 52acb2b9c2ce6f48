"""From a question to the passages most likely to answer it: dense and lexical search, fused.

The weighted sum of cosine and normalised BM25 ranks the right passage first more often than
reciprocal rank fusion does (`benchmarks/RESULTS.md`), and its score means something by itself,
which abstention needs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from askdoc.types import Hit, Passage
from askdoc.types.ports import CatalogReader, VectorStore

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix


_DAMPING = 60
"""The constant of reciprocal rank fusion: Cormack, Clarke and Büttcher, SIGIR 2009."""


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

    A retriever that was asked for `depth` hits and gave as many has left chunks unseen; those count
    with the lowest score it gave, since they cannot be better. One that gave fewer has seen all,
    and the rest counts 0.
    """
    floors = {
        name: hits[-1].score if len(hits) >= depth else 0.0 for name, hits in rankings.items()
    }
    return _join(
        rankings,
        lambda scores, _ranks: sum(
            weight * scores.get(name, floors.get(name, 0.0)) for name, weight in weights.items()
        ),
    )


def reciprocal_rank(rankings: Mapping[str, Sequence[Hit]]) -> list[Fused]:
    """Join rankings by the sum of 1 / (60 + rank); only ranks count, so any scales will do."""
    return _join(
        rankings, lambda _scores, ranks: sum(1 / (_DAMPING + rank) for rank in ranks.values())
    )


def _join(
    rankings: Mapping[str, Sequence[Hit]],
    score: Callable[[Mapping[str, float], Mapping[str, int]], float],
) -> list[Fused]:
    ranks: dict[str, dict[str, int]] = {}
    scores: dict[str, dict[str, float]] = {}
    for name, hits in rankings.items():
        for rank, hit in enumerate(hits, start=1):
            if name not in ranks.setdefault(hit.chunk_id, {}):
                ranks[hit.chunk_id][name] = rank
                scores.setdefault(hit.chunk_id, {})[name] = hit.score
    fused = [
        Fused(chunk_id, score(scores[chunk_id], ranks[chunk_id]), ranks[chunk_id], scores[chunk_id])
        for chunk_id in ranks
    ]
    return sorted(fused, key=lambda item: item.score, reverse=True)


DENSE, LEXICAL = "dense", "lexical"
FIELD = "field"
"""The name of the score that says how near the key of a field is to the question."""
WEIGHTS: Mapping[str, float] = {DENSE: 0.5, LEXICAL: 0.5}
FOREIGN_WEIGHTS: Mapping[str, float] = {DENSE: 0.1, LEXICAL: 0.9}
"""Where the embedder does not know the language, words decide, and it decides between equals."""
DEPTH = 50
"""Hits that each retriever is asked for."""
DEMANDED_DEPTH = 300
"""Hits that each is asked for where many may not be what was demanded."""


_HAN_PAIR = re.compile("[々\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]{2}")

_PRIOR = 500
"""Passages of ordinary text that a term's rarity is judged by besides the indexed ones: among the
ten chunks of one short document, `city` would else seem as rare as a name nobody has heard of."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question made ready for search.

    `weights` says how much each distinct term tells, in the order of the question; `vector` has
    shape (dimensions,) and unit length; `bm25_mass` is what BM25 would give a text that holds every
    term once, or nearly; `among` is the number of chunks that are searched; `language` is that of
    the question. `earlier` are terms of the questions before it, which search looks for too, with
    how much they count.
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
        """The summed weight of all terms: what a text that holds them all would reach."""
        return sum(self.weights.values())


EARLIER = (0.5, 0.25, 0.125)
"""How much the last questions of a conversation count in a search, the latest first."""


def in_conversation(query: Query, earlier: Sequence[Query]) -> Query:
    """Return a query that also searches for what the questions before asked, the latest first.

    A follow-up leaves out what was said before. What was typed stays as it is: earlier terms and
    vectors are added with halving weights. A term counts once, where it counts most.
    """
    known, terms = set(query.weights), []
    vector = query.vector
    for share, before in zip(EARLIER, earlier, strict=False):
        terms.append((share, [term for term in before.weights if term not in known]))
        known.update(before.weights)
        vector = vector + share * before.vector
    length = float(np.linalg.norm(vector)) or 1.0
    mass = sum(share * before.bm25_mass for share, before in zip(EARLIER, earlier, strict=False))
    # A question of few words, such as `why?`, has scores on the scale of those before it.
    scale = max(query.bm25_mass, mass)
    return replace(query, vector=vector / length, earlier=tuple(terms), bm25_mass=scale)


@dataclass(frozen=True, slots=True)
class Demanded:
    """What passages have to be like, beside fitting the question.

    `together` are runs of terms, each of which every passage holds, one term behind the other;
    `accepts` has the last word.
    """

    together: Sequence[Sequence[str]]
    accepts: Callable[[Passage], bool]


def inverse_frequency(total: float, holding: float) -> float:
    """Weigh a term that `holding` of `total` chunks hold: ln(1 + (N - n + 0.5) / (n + 0.5)).

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
    """Weigh the terms of a question by how rare they are, in the catalog and in the language.

    Of more than `most` distinct terms, those that tell the most are kept; a pair of letters that
    only spans two words is not.
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
    """List the pairs of Chinese characters that stand where one word of a question meets the next.

    Text without spaces is cut into overlapping pairs, across words too. One that no document holds,
    between two that documents hold, is taken for such: each of its letters is in a word that is
    known. The letters of other scripts are too few for that, and make such pairs within a word.
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
    weights: Mapping[str, float] = WEIGHTS,
    demanded: Demanded | None = None,
) -> list[Passage]:
    """Find the `limit` best passages, best first; `documents` are the ids to search within.

    With `demanded`, only passages that it accepts are found.
    """
    depth = max(DEPTH, limit) if demanded is None else DEMANDED_DEPTH
    rankings = rank(query, catalog, vectors, depth, documents, demanded)
    fused = weighted(rankings, weights, depth)
    return _hydrate(fused, catalog, limit, demanded.accepts if demanded else None)


def rank(
    query: Query,
    catalog: CatalogReader,
    vectors: VectorStore,
    depth: int,
    documents: Collection[str] | None = None,
    demanded: Demanded | None = None,
) -> dict[str, list[Hit]]:
    """Ask both retrievers for `depth` chunks; BM25 is divided by what all terms would reach."""
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
    """Load the best chunks; one that the catalog does not know (any more) is passed over."""
    passages: list[Passage] = []
    for start in range(0, len(fused), limit):
        batch = {item.chunk_id: item for item in fused[start : start + limit]}
        chunks = catalog.chunks(list(batch))
        documents = {d.id: d for d in catalog.documents({c.document_id for c in chunks})}
        for chunk in chunks:
            item = batch[chunk.id]
            if document := documents.get(chunk.document_id):
                passage = Passage(chunk, document, item.score, item.ranks, item.scores)
                if accepts is None or accepts(passage):
                    passages.append(passage)
        if len(passages) >= limit:
            break
    return passages[:limit]
