"""Finds the evidence for a question: its passages, their sentences, and how far to trust them.

    repair slips → part what asks several things → for each part: gather, score, rank, choose

A question of several parts has evidence for each, in turn; what is chosen covers all parts that the
documents answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, TypeVar

from askdoc import compound
from askdoc.citing import Chosen, choose
from askdoc.confidence import Calibration, features, probability
from askdoc.errors import UsageError
from askdoc.ports import Analyser, CatalogReader, Embedder, Ranker, VectorStore
from askdoc.retrieval import Query, gather, prepare
from askdoc.selection import score
from askdoc.settings import Settings
from askdoc.spelling import Vocabulary, repair
from askdoc.text import printable
from askdoc.types import Evidence, Passage, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from askdoc.ports import Matrix

_MOST_TERMS = 64
"""Distinct terms of a question that are searched for, the rarest first; a pasted page has more."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sources:
    """What evidence is found in, and with."""

    catalog: CatalogReader
    vectors: VectorStore
    embedder: Embedder
    analyser: Analyser
    calibration: Calibration
    ranker: Ranker | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What was found for a question; `searched` is the question with its slips repaired.

    `reason` says why it should not be answered. Of a question of several parts, `missed` are those
    that the documents do not answer while they answer others.
    """

    searched: str
    passages: list[Passage]
    evidence: list[Evidence]
    chosen: list[Chosen]
    signals: Mapping[str, float]
    confidence: float
    reason: Reason | None
    missed: tuple[str, ...] = ()


class Finder:
    """Finds evidence in one index; cheap to keep, and meant to be kept for many questions."""

    def __init__(self, sources: Sources, settings: Settings) -> None:
        self._sources = sources
        self._settings = settings
        self._vocabulary = Vocabulary(
            terms=self._terms,
            frequencies=lambda terms: sources.catalog.frequencies(list(terms)),
            beginning=sources.catalog.vocabulary,
            words=sources.analyser.words(settings.language),
            near=sources.analyser.near,
        )

    def understand(self, question: str) -> str:
        """Return a question as it is searched for: on one line, its slips repaired."""
        return repair(clean(question), self._vocabulary)

    def find(
        self,
        question: str,
        *,
        documents: Collection[str] | None = None,
        vector: Matrix | None = None,
        hear_retrieved: Callable[[], None] = lambda: None,
    ) -> Found:
        """Find the evidence for `question`, in the documents of those ids or in all.

        `vector` is the embedding of the whole question, if the caller has it. `hear_retrieved` is
        called once the passages are there and before their sentences are scored.

        Raises:
            UsageError: the question is empty.
            StoreError: the index cannot be searched.
        """
        text = self.understand(question)
        asked = compound.parts(text)
        whole = vector if len(asked) == 1 else None
        queries = [self.query(part, whole) for part in asked]
        gathered = [self.gather(query, self._settings.top_k, documents) for query in queries]
        hear_retrieved()
        found = [
            self._judge(query, passages) for query, passages in zip(queries, gathered, strict=True)
        ]
        return replace(_joined(found, self._settings.max_sentences), searched=text)

    def query(self, text: str, vector: Matrix | None = None) -> Query:
        """Make ready for search what was understood.

        Raises:
            UsageError: it is empty.

        """
        if not text:
            message = "the question is empty"
            raise UsageError(message, hint='ask one: `askdoc "What did … say about …?"`')
        if vector is None:
            vector = self._sources.embedder.embed_queries([text])[0]
        return prepare(
            text,
            self._terms(text),
            vector,
            self._sources.catalog,
            lambda term: self._sources.analyser.commonness(term, self._settings.language),
            most=_MOST_TERMS,
        )

    def gather(
        self, query: Query, limit: int, documents: Collection[str] | None = None
    ) -> list[Passage]:
        """Find the `limit` best passages, best first."""
        return gather(
            query, self._sources.catalog, self._sources.vectors, limit=limit, documents=documents
        )

    def score(self, query: Query, passages: Sequence[Passage]) -> list[Evidence]:
        """Score all sentences of `passages`, best first."""
        embed = self._sources.embedder.embed_queries
        return score(query, passages, self._terms, embed, self._sources.ranker)

    def _judge(self, query: Query, passages: list[Passage]) -> Found:
        evidence = self.score(query, passages)
        signals = features(query, passages, evidence, self._terms)
        confidence = probability(signals, self._sources.calibration)
        reason = self._doubt(evidence, confidence)
        limit = self._settings.max_sentences
        chosen = [] if reason else choose(evidence, self._terms, query.weights, limit=limit)
        return Found(query.text, passages, evidence, chosen, signals, confidence, reason)

    def _terms(self, text: str) -> list[str]:
        return self._sources.analyser.terms(text, self._settings.language)

    def _doubt(self, evidence: Sequence[Evidence], confidence: float) -> Reason | None:
        if not evidence:
            return Reason("nothing_found", "nothing in the documents comes near this question")
        least = self._settings.min_confidence
        if confidence < least:
            return Reason(
                "weak_evidence",
                "the documents do not seem to answer this question "
                f"(confidence {confidence:.2f}, needed {least:.2f})",
            )
        return None


def clean(question: str) -> str:
    """Put a question on one line, without characters that cannot be seen."""
    return " ".join(printable(question).split())


def _joined(found: Sequence[Found], limit: int) -> Found:
    """Join what was found for the parts of a question; the parts that are answered take turns.

    It is as sure as its least sure part that is answered. Where none is, the surest part speaks.
    """
    if len(found) == 1:
        return found[0]
    answered = [part for part in found if part.reason is None]
    missed = [part for part in found if part.reason is not None]
    leading = (
        min(answered, key=lambda part: part.confidence)
        if answered
        else max(found, key=lambda part: part.confidence)
    )
    order = [*answered, *missed]
    evidence = _once(_in_turn(part.evidence for part in order), _place)
    chosen = _once(_in_turn(part.chosen for part in answered), lambda item: _place(item.evidence))
    return replace(
        leading,
        passages=_once(_in_turn(part.passages for part in order), lambda item: item.chunk.id),
        evidence=[replace(item, label=f"S{n}") for n, item in enumerate(evidence, start=1)],
        chosen=chosen[: max(limit, len(answered))],
        missed=tuple(part.searched for part in missed) if answered else (),
    )


def _place(item: Evidence) -> tuple[str, int, int]:
    return item.passage.document.id, item.span.start, item.span.end


def _in_turn(lists: Iterable[Sequence[_T]]) -> list[_T]:
    """Take the first of each, then the second of each, and so on."""
    rounds = zip_longest(*lists)
    return [item for item in chain.from_iterable(rounds) if item is not None]


def _once(items: Iterable[_T], key: Callable[[_T], Hashable]) -> list[_T]:
    """Keep the first of those with the same key, in order."""
    kept: dict[Hashable, _T] = {}
    for item in items:
        kept.setdefault(key(item), item)
    return list(kept.values())
