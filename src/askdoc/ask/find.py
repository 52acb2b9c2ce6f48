"""Finds the evidence for a question: its passages, their sentences, and how far to trust them.

    repair slips → part what asks several things → for each part: gather, score, rank, choose

A question of several parts has evidence for each, in turn; what is chosen covers all parts that the
documents answer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, TypeVar

from askdoc.ask import query as compound
from askdoc.ask import query as operators
from askdoc.ask.cite import Chosen, choose
from askdoc.ask.confidence import Calibration, context, features, probability, shortfall
from askdoc.ask.query import Demands
from askdoc.ask.rank import Terms, score
from askdoc.ask.retrieve import DENSE, FOREIGN_WEIGHTS, LEXICAL, Demanded, Query, gather, prepare
from askdoc.ask.spelling import Vocabulary, repair
from askdoc.ask.values import wanted
from askdoc.errors import UsageError
from askdoc.settings import AUTOMATIC, ENGLISH, ENGLISH_MODELS, Settings
from askdoc.store.vectors_codec import IN_CONTEXT, unpack
from askdoc.strings import printable
from askdoc.types import INCOMPLETE, Evidence, Passage, Reason
from askdoc.types.ports import Analyser, CatalogReader, Embedder, Ranker, VectorStore

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix


def settle(
    question: str,
    evidence: Sequence[Evidence],
    terms: Terms,
    weights: Mapping[str, float],
    *,
    limit: int,
) -> list[Chosen]:
    """Choose up to `limit` sentences, as `choose` does, and see to a value that is asked for."""
    chosen = choose(evidence, terms, weights, limit=limit)
    want = wanted(question, terms)
    if not chosen or want is None:
        return chosen
    # What reads values takes a while to load, and most questions ask for none.
    from askdoc.ask.values import with_value

    return with_value(chosen, want, evidence, terms, weights, limit=limit)


_MOST_TERMS = 64
"""Distinct terms of a question that are searched for, the rarest first; a pasted page has more."""

_WORDLESS = "there is no word in the question to look for; ask one in words"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sources:
    """What evidence is found in, and with.

    `without_ranker` and `by_words` are the confidence models for questions in a language that the
    ranker does not know, or not even the embedder.
    """

    catalog: CatalogReader
    vectors: VectorStore
    embedder: Embedder
    analyser: Analyser
    calibration: Calibration
    ranker: Ranker | None = None
    without_ranker: Calibration | None = None
    by_words: Calibration | None = None


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
        self._terms_of: dict[str, Terms] = {}
        self._in_context = sources.catalog.setting(IN_CONTEXT) == "yes"

    def understand(self, question: str) -> str:
        """Return a question as it is searched for: on one line, its slips repaired."""
        text = clean(question)
        return repair(text, self._vocabulary(self.language(text)))

    def embedded(self, question: str) -> str:
        """Return what is embedded of a question: what was understood, without exclusions."""
        return operators.read(self.understand(question)).text

    def passages(
        self, question: str, limit: int, documents: Collection[str] | None = None
    ) -> list[Passage]:
        """Find the `limit` best passages for a question, best first.

        Raises:
            UsageError: the question is empty, or only says what to leave out.
        """
        text = self.understand(question)
        demands = _asking(text)
        found = self.gather(self.query(demands.text), limit, documents, demands=demands)
        if not found and demands.phrases:
            return self.passages(operators.unquoted(text), limit, documents)
        return found

    def language(self, question: str) -> str:
        """Name the language of a question: the one that is set, else one of the documents'."""
        if self._settings.language != AUTOMATIC:
            return self._settings.language
        sources = self._sources
        return sources.analyser.language(question, sources.catalog.languages())

    def find(
        self,
        question: str,
        *,
        documents: Collection[str] | None = None,
        vector: Matrix | None = None,
        hear_retrieved: Callable[[], None] = lambda: None,
    ) -> Found:
        """Find the evidence for `question`, in the documents of those ids or in all.

        A phrase that no passage holds is searched for by its words. `vector` is the embedding of
        the whole question, if the caller has it. `hear_retrieved` is called once the passages are
        there and before their sentences are scored.

        Raises:
            UsageError: the question is empty, or only says what to leave out.
            StoreError: the index cannot be searched.
        """
        text = self.understand(question)
        demands = _asking(text)
        if not demands.has_words():
            hear_retrieved()
            return Found(text, [], [], [], {}, 0.0, Reason("empty_question", _WORDLESS))
        asked = compound.parts(demands.text)
        whole = vector if len(asked) == 1 else None
        language = self.language(text)
        queries = [self.query(part, whole, language) for part in asked]
        wanted = [demands.of(query.text) for query in queries]
        limit = self._settings.top_k
        gathered = [
            self.gather(query, limit, documents, demands=own)
            for query, own in zip(queries, wanted, strict=True)
        ]
        if any(own.phrases and not got for own, got in zip(wanted, gathered, strict=True)):
            # Quotation marks are also put round titles, and round words that nobody wrote.
            return self.find(
                operators.unquoted(text), documents=documents, hear_retrieved=hear_retrieved
            )
        hear_retrieved()
        found = [
            self._judge(query, passages, own, documents)
            for query, passages, own in zip(queries, gathered, wanted, strict=True)
        ]
        return replace(_joined(found, self._settings.max_sentences), searched=text)

    def query(self, text: str, vector: Matrix | None = None, language: str | None = None) -> Query:
        """Make ready for search what was understood."""
        language = language or self.language(text)
        analyser = self._sources.analyser
        if vector is None:
            vector = self._sources.embedder.embed_queries([text])[0]
        return prepare(
            text,
            analyser.question_terms(text, language),
            vector,
            self._sources.catalog,
            lambda term: analyser.commonness(term, language),
            most=_MOST_TERMS,
            language=language,
        )

    def gather(
        self,
        query: Query,
        limit: int,
        documents: Collection[str] | None = None,
        *,
        demands: Demands | None = None,
    ) -> list[Passage]:
        """Find the `limit` best passages, best first, of those that meet the demands."""
        known = self._knows(self._sources.embedder, query.language)
        dense = self._settings.dense_weight
        return gather(
            query,
            self._sources.catalog,
            self._sources.vectors,
            limit=limit,
            documents=documents,
            weights={DENSE: dense, LEXICAL: 1 - dense} if known else FOREIGN_WEIGHTS,
            demanded=self._demanded(demands, query.language) if demands else None,
        )

    def score(self, query: Query, passages: Sequence[Passage]) -> list[Evidence]:
        """Score all sentences of `passages`, best first."""
        embedder, ranker = self._sources.embedder, self._sources.ranker
        knows = partial(self._knows, language=query.language)
        return score(
            query,
            passages,
            self._terms(query.language),
            embedder.embed_queries if knows(embedder) else None,
            ranker if ranker and knows(ranker) else None,
            self._vectors_of_sentences(passages) if knows(embedder) else None,
        )

    def _vectors_of_sentences(self, passages: Sequence[Passage]) -> dict[str, Matrix] | None:
        """Return those that the index keeps; None where it keeps none."""
        if not self._in_context:
            return None
        chunks = {passage.chunk.id: passage.chunk for passage in passages}
        stored = self._sources.catalog.sentence_vectors(list(chunks))
        dimensions = self._sources.embedder.dimensions
        found = {key: unpack(packed, dimensions) for key, packed in stored.items()}
        whole = all(len(found.get(key, ())) == len(c.sentences) for key, c in chunks.items())
        return found if whole else None

    def _demanded(self, demands: Demands, language: str) -> Demanded:
        """Say what passages have to be like.

        Full text finds candidates by the terms of a phrase where all documents have the question's
        language, so that the same words are the same terms.
        """
        terms = self._terms(language)
        alike = set(self._sources.catalog.languages()) <= {language}
        runs = [terms(phrase) for phrase in demands.phrases] if alike else []

        def accepts(passage: Passage) -> bool:
            return demands.met_by(context(passage), terms)

        return Demanded([run for run in runs if run], accepts)

    def _judge(
        self,
        query: Query,
        passages: list[Passage],
        demands: Demands,
        documents: Collection[str] | None,
    ) -> Found:
        evidence = self.score(query, passages)
        terms = self._terms(query.language)
        signals = features(query, passages, evidence, terms)
        confidence = probability(signals, self._calibration(query.language))
        reason = self._doubt(evidence, confidence, demands, documents)
        limit = self._settings.max_sentences
        if reason:
            evidence = self._near(query, evidence)
        chosen = [] if reason else settle(query.text, evidence, terms, query.weights, limit=limit)
        return Found(query.text, passages, evidence, chosen, signals, confidence, reason)

    def _near(self, query: Query, evidence: Sequence[Evidence]) -> list[Evidence]:
        """Keep what comes near a question that is refused, under labels in order.

        A passage in another language that shares no word with it came by chance, unless the
        embedder knows both languages.
        """
        knows, terms = partial(self._knows, self._sources.embedder), self._terms(query.language)
        abroad = knows(query.language)
        near = [
            item
            for item in evidence
            if (language := item.passage.document.language) == query.language
            or (abroad and knows(language))
            or not query.weights.keys().isdisjoint(terms(context(item.passage)))
        ]
        return [replace(item, label=f"S{n}") for n, item in enumerate(near, start=1)]

    def _terms(self, language: str) -> Terms:
        """Return the same function each time, since what is known of words is kept by it."""
        return self._terms_of.setdefault(
            language, partial(self._sources.analyser.terms, language=language)
        )

    def _vocabulary(self, language: str) -> Vocabulary:
        catalog, analyser = self._sources.catalog, self._sources.analyser
        return Vocabulary(
            terms=self._terms(language),
            frequencies=lambda terms: catalog.frequencies(list(terms)),
            beginning=catalog.vocabulary,
            words=analyser.words(language),
            near=analyser.near,
        )

    def _calibration(self, language: str) -> Calibration:
        """Choose the confidence model, by which of the models know the language."""
        sources = self._sources
        chosen: Calibration | None = sources.calibration
        if not self._knows(sources.embedder, language):
            chosen = sources.by_words
        elif sources.ranker and not self._knows(sources.ranker, language):
            chosen = sources.without_ranker
        return chosen or sources.calibration

    @staticmethod
    def _knows(model: Embedder | Ranker, language: str) -> bool:
        """Tell whether a model may know a language; one that the user named is taken to."""
        return language == ENGLISH or model.name not in ENGLISH_MODELS

    def _doubt(
        self,
        evidence: Sequence[Evidence],
        confidence: float,
        demands: Demands,
        documents: Collection[str] | None,
    ) -> Reason | None:
        least = self._settings.min_confidence
        if evidence and confidence >= least:
            return None
        if not evidence and demands:
            return Reason("nothing_found", _unmet(demands))
        asked = "the documents"
        if documents is not None:
            known = self._sources.catalog.counts().documents
            asked = f"the documents that were asked ({len(documents)} of {known})"
        kind, told = "nothing_found", f"nothing in {asked} comes near this question"
        if evidence:
            kind, short = "weak_evidence", shortfall(confidence, least)
            told = f"{asked} do not seem to answer this question ({short})"
        if self._sources.catalog.setting(INCOMPLETE):
            told += "; files may be missing from the index, since a run has not come to its end"
        return Reason(kind, told)


def _asking(text: str) -> Demands:
    """Read what a question demands.

    Raises:
        UsageError: it asks for nothing.

    """
    demands = operators.read(text)
    if why := demands.asks_nothing():
        message, hint = why
        raise UsageError(message, hint=hint)
    return demands


def _unmet(demands: Demands) -> str:
    """Say that no passage is as was demanded."""
    parts = [f"lacks `{term}`" for term in (*demands.excluded, *demands.excluded_phrases)]
    return f"no passage that comes near this question {' and '.join(parts)}"


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
