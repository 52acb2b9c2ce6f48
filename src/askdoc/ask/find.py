"""Finds the evidence for a question: passages, their sentences, and the confidence.

repair slips → gather passages → score their units → confident enough? → choose what to cite
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from askdoc.ask import query as operators
from askdoc.ask.cite import Chosen, choose
from askdoc.ask.confidence import Calibration, context, features, named, probability, shortfall
from askdoc.ask.fields import FieldFinder
from askdoc.ask.names import Names, figures, missing
from askdoc.ask.overview import Overview, OverviewFinder
from askdoc.ask.query import Demands
from askdoc.ask.rank import Asked, Terms, score, title_terms
from askdoc.ask.retrieve import (
    DENSE,
    EARLIER,
    FIELD,
    FOREIGN_WEIGHTS,
    LEXICAL,
    Demanded,
    Query,
    Scoring,
    gather,
    in_conversation,
    prepare,
)
from askdoc.ask.spelling import Vocabulary, repair
from askdoc.errors import UsageError
from askdoc.settings import AUTOMATIC, ENGLISH, ENGLISH_MODELS, Settings
from askdoc.store.vectors_codec import IN_CONTEXT, unpack
from askdoc.strings import printable
from askdoc.text.terms import terms_in
from askdoc.types import INCOMPLETE, Evidence, Passage, Reason
from askdoc.types.ports import Analyser, CatalogReader, Embedder, Ranker, VectorStore

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix, Scores

_MOST_TERMS = 64
"""Most distinct terms of a question to search for, rarest first; a pasted page has more."""

_MOST_NAMED = 5_000
"""Most documents whose names are compared with a question; in a larger library the full text finds
names."""

_MORE = 3
"""Most passages to add from documents that a question names, or that contain its figures."""

_LONGER = 2
"""How many times as many sentences an overview may have as another answer."""

_GUESS = 0.3
"""The confidence of an overview where another document or section may be meant."""

_WORDLESS = "there is no word in the question to look for; ask one in words"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Sources:
    """The index and the models of a `Finder`.

    `without_ranker` and `by_words` are the confidence models for languages that the ranker, or also
    the embedder, does not know.
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
    """The evidence for a question; `searched` is the question with repaired spelling.

    `reason` says why it should not be answered, or why the answer is unsure; in the first case
    nothing is chosen.
    """

    searched: str
    passages: list[Passage]
    evidence: list[Evidence]
    chosen: list[Chosen]
    signals: Mapping[str, float]
    confidence: float
    reason: Reason | None


class Finder:
    """Finds evidence in one index; reuse it for many questions."""

    def __init__(self, sources: Sources, settings: Settings) -> None:
        self._sources = sources
        self._settings = settings
        self._names_of: dict[str, Names] = {}
        self._asked: Asked | None = None
        self._fields = FieldFinder(sources.catalog, sources.embedder, self._terms)
        self._overviews = OverviewFinder(sources.catalog, sources.embedder, self._terms)
        self._in_context = sources.catalog.setting(IN_CONTEXT) == "yes"

    def understand(self, question: str) -> str:
        """Return a question for search: on one line, with repaired spelling."""
        text = clean(question)
        return repair(text, self._vocabulary(self.language(text)))

    def embedded(self, question: str) -> str:
        """Return the text of a question to embed, without exclusions."""
        return operators.read(self.understand(question)).text

    def passages(
        self, question: str, limit: int, documents: Collection[str] | None = None
    ) -> list[Passage]:
        """Return the `limit` best passages for a question, best first.

        Raises:
            UsageError: the question is empty, or only has exclusions.
        """
        text = self.understand(question)
        demands = _asking(text)
        found = self.gather(self.query(demands.text), limit, documents, demands=demands)
        if not found and demands.phrases:
            return self.passages(operators.unquoted(text), limit, documents)
        return found

    def language(self, question: str) -> str:
        """Return the language of a question: the one of the settings, else one of the documents."""
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
        earlier: Sequence[str] = (),
        on_retrieved: Callable[[], None] = lambda: None,
    ) -> Found:
        """Find the evidence for `question` in the documents with these ids, or in all.

        A phrase that no passage contains is searched by its words. `vector` is the embedding of the
        question, if the caller has it. `earlier` are the previous questions of the conversation as
        typed, latest last: the last three are searched, too, with lower weights. A question without
        content words (`why?`) is about the latest. `on_retrieved` is called between retrieval and
        scoring.

        Raises:
            UsageError: the question is empty, or only has exclusions.
            StoreError: the index cannot be searched.
        """
        # 1. Understand: repair spelling, parse operators.
        text = self.understand(question)
        demands = _asking(text)
        if not demands.has_words():
            on_retrieved()
            return Found(text, [], [], [], {}, 0.0, Reason("empty_question", _WORDLESS))
        # 2. Retrieve, also with the terms of earlier questions.
        query = self.query(demands.text, vector, self.language(text))
        others = [one for one in map(clean, reversed(earlier)) if one != clean(question)]
        before = [self.query(one) for one in others[: len(EARLIER)] if one]
        searched = in_conversation(query, before) if before else query
        passages = self.gather(searched, self._settings.top_k, documents, demands=demands)
        # Sentences are scored by the terms of earlier questions, too, but with lower weights.
        weights = dict(query.weights)
        for share, one in zip(EARLIER, before, strict=False):
            for term, weight in one.weights.items():
                weights.setdefault(term, share * weight)
        if before and not query.weights:  # `why?` asks about the question before
            query = replace(query, weights=before[0].weights)
        if demands.phrases and not passages:
            # People also put quotation marks around titles, and around words that no document has.
            return self.find(
                operators.unquoted(text),
                documents=documents,
                earlier=earlier,
                on_retrieved=on_retrieved,
            )
        on_retrieved()
        if self._in_context and not demands:
            limit = _LONGER * self._settings.max_sentences
            asked = self.asked(query)
            if overview := self._overviews.find(query, asked, passages, documents, limit):
                return self._overview(text, passages, overview)
        # 3. Score sentences, 4. compute the confidence, 5. choose what to cite.
        found = self._judge(query, weights, passages, demands, documents)
        return replace(found, searched=text)

    def _overview(self, text: str, passages: list[Passage], overview: Overview) -> Found:
        """Answer with an overview; it is unsure where another may be meant."""
        doubt = overview.doubt
        confidence = max(_GUESS, self._settings.min_confidence) if doubt else 1.0
        reason = Reason("unsure", doubt) if doubt else None
        signals = {"overview": overview.nearness}
        chosen = list(overview.chosen)
        return Found(text, passages, overview.evidence, chosen, signals, confidence, reason)

    def query(self, text: str, vector: Matrix | None = None, language: str | None = None) -> Query:
        """Prepare an understood question for search."""
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
        """Return the `limit` best passages that meet the demands, best first."""
        known = self._knows(self._sources.embedder, query.language)
        dense = self._settings.dense_weight
        search = partial(
            gather,
            query,
            self._sources.catalog,
            self._sources.vectors,
            scoring=Scoring(
                {DENSE: dense, LEXICAL: 1 - dense} if known else FOREIGN_WEIGHTS,
                partial(self._nearest, query) if known and self._in_context else None,
            ),
        )
        if demands:
            wanted = self._demanded(demands, query.language)
            return search(limit=limit, documents=documents, demanded=wanted)
        found = search(limit=limit, documents=documents)
        if demanded := self._holding_figures(query):
            found += search(limit=_MORE, documents=documents, demanded=demanded)
        # A document that the question names is searched alone, first for the figures.
        for document in self.asked(query).plainly_named() if documents is None else ():
            in_document = partial(search, limit=_MORE, documents=[document])
            found += (demanded and in_document(demanded=demanded)) or in_document()
        return _once(sorted(found, key=lambda item: -item.score), lambda item: item.chunk.id)

    def _holding_figures(self, query: Query) -> Demanded | None:
        """Return the demand for a question's figures, if it has any."""
        asked = figures(query.text)
        if not asked:
            return None

        def accepts(passage: Passage) -> bool:
            return not missing(asked, figures(f"{passage.document.path}\n{context(passage)}"))

        terms = self._terms(query.language)
        return Demanded([run for figure in asked if (run := terms(figure))], accepts)

    def score(self, query: Query, passages: Sequence[Passage]) -> list[Evidence]:
        """Score all sentences of `passages`, best first."""
        embedder, ranker = self._sources.embedder, self._sources.ranker
        knows = partial(self._knows, language=query.language)
        return score(
            self.asked(query),
            passages,
            self._terms(query.language),
            embedder.embed_queries if knows(embedder) else None,
            ranker if ranker and knows(ranker) else None,
            self._cosines(query, passages) if knows(embedder) else None,
        )

    def asked(self, query: Query) -> Asked:
        """Return the names in a question, and how well it names each document."""
        if self._asked is None or self._asked.query is not query:  # several steps ask for it
            self._asked = self._read(query)
        return self._asked

    def _read(self, query: Query) -> Asked:
        terms = named(query.text, self._terms(query.language), query.language)
        most = max(query.weights.values(), default=1.0)
        numbers = dict.fromkeys(figures(query.text), most)
        # Version 4.5 is one figure but two terms, 4 and 5, which alone name nothing.
        names = {
            term: weight
            for term, weight in query.weights.items()
            if term in numbers or not term.isdecimal()
        }
        asked = numbers | names
        documents = self._names(query.language).matches(asked)
        return Asked(query, terms & query.weights.keys(), documents)

    def _names(self, language: str) -> Names:
        """Return the names of all documents, or of none in a very large library."""
        if language not in self._names_of:
            catalog, terms = self._sources.catalog, self._terms(language)
            few = catalog.counts().documents <= _MOST_NAMED
            documents = catalog.documents() if few else []
            self._names_of[language] = Names.of(
                {document.id: title_terms(document, terms) for document in documents}
            )
        return self._names_of[language]

    def _cosines(self, query: Query, passages: Sequence[Passage]) -> dict[str, Scores] | None:
        """Return the cosines of the question to each sentence, by chunk; None without vectors."""
        if not self._in_context:
            return None
        chunks = {
            passage.chunk.id: passage.chunk for passage in passages if FIELD not in passage.scores
        }
        found = self._sentence_vectors(list(chunks))
        if any(len(found.get(key, ())) != len(chunk.sentences) for key, chunk in chunks.items()):
            return None  # some sentences have no vector
        fields = {
            passage.chunk.id: np.array([passage.scores[FIELD]], np.float32)
            for passage in passages
            if FIELD in passage.scores
        }
        return {key: rows @ query.vector for key, rows in found.items()} | fields

    def _nearest(self, query: Query, chunks: Sequence[str]) -> dict[str, float]:
        """Return the cosine of the question to the nearest sentence of each chunk, by id."""
        found = self._sentence_vectors(chunks)
        return {key: float(np.max(rows @ query.vector)) for key, rows in found.items() if len(rows)}

    def _sentence_vectors(self, chunks: Sequence[str]) -> dict[str, Matrix]:
        stored = self._sources.catalog.sentence_vectors(chunks)
        dimensions = self._sources.embedder.dimensions
        return {key: unpack(packed, dimensions) for key, packed in stored.items()}

    def _demanded(self, demands: Demands, language: str) -> Demanded:
        """Return the demands on passages.

        If all documents have the question's language, the full text finds candidates for a phrase:
        equal words are then equal terms.
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
        weights: Mapping[str, float],
        passages: list[Passage],
        demands: Demands,
        documents: Collection[str] | None,
    ) -> Found:
        """Score sentences by `weights`, which include earlier terms, and compute the confidence."""
        stated = self._fields.passages(query, self.asked(query), passages)
        evidence = self.score(replace(query, weights=weights), [*passages, *stated])
        terms = self._terms(query.language)
        signals = features(query, passages, evidence, terms)
        confidence = probability(signals, self._calibration(query.language))
        reason = self._doubt(evidence, confidence, demands, documents)
        if reason is None and (lacking := self._lacking_version(query, evidence[0])):
            message = f"what comes nearest to this question does not name {lacking}"
            reason = Reason("unsure", message)
        limit = self._settings.max_sentences
        chosen = []
        if confidence >= self._settings.min_confidence:
            chosen = choose(evidence, terms, query.weights, limit=limit)
        else:
            evidence = self._near(query, evidence)
        return Found(query.text, passages, evidence, chosen, signals, confidence, reason)

    def _lacking_version(self, query: Query, best: Evidence) -> str | None:
        """Return a version in the question that the best evidence does not name, if there is one.

        Neither does what stands above it. Then the answer is mostly about another version: of
        three that were sure in the development sets none was right.
        """
        versions = [one for one in figures(query.text) if one[0].isdigit() and "." in one]
        if not versions:
            return None
        chunk, document = best.passage.chunk, best.passage.document
        told = figures("\n".join((chunk.sentence(best.span), *chunk.headings)))
        known = title_terms(document, self._terms(query.language))
        return next(iter(missing(versions, [*told, *known])), None)

    def _near(self, query: Query, evidence: Sequence[Evidence]) -> list[Evidence]:
        """Return the nearest evidence of a refused question, relabelled.

        A passage in another language without a common word is a chance hit, unless the embedder
        knows both languages.
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
        return terms_in(self._sources.analyser, language)

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
        """Choose the confidence model by the models that know the language."""
        sources = self._sources
        chosen: Calibration | None = sources.calibration
        if not self._knows(sources.embedder, language):
            chosen = sources.by_words
        elif sources.ranker and not self._knows(sources.ranker, language):
            chosen = sources.without_ranker
        return chosen or sources.calibration

    @staticmethod
    def _knows(model: Embedder | Ranker, language: str) -> bool:
        """Tell whether a model may know a language.

        A model that the user named counts as knowing it.
        """
        return language == ENGLISH or model.name not in ENGLISH_MODELS

    def _doubt(
        self,
        evidence: Sequence[Evidence],
        confidence: float,
        demands: Demands,
        documents: Collection[str] | None,
    ) -> Reason | None:
        least = self._settings.min_confidence
        sure = max(least, self._settings.sure_confidence)
        if evidence and confidence >= sure:
            return None
        if not evidence and demands:
            return Reason("nothing_found", _unmet(demands))
        asked = "the documents"
        if documents is not None:
            known = self._sources.catalog.counts().documents
            asked = f"the documents that were asked ({len(documents)} of {known})"
        kind, text = "nothing_found", f"nothing in {asked} comes near this question"
        if evidence and confidence >= least:
            short = shortfall(confidence, sure)
            return Reason("unsure", f"{asked} may not answer this question ({short})")
        if evidence:
            kind, short = "weak_evidence", shortfall(confidence, least)
            text = f"{asked} do not seem to answer this question ({short})"
        if self._sources.catalog.setting(INCOMPLETE):
            text += "; files may be missing from the index, since a run has not come to its end"
        return Reason(kind, text)


def _asking(text: str) -> Demands:
    """Parse the operators of a question.

    Raises:
        UsageError: it asks for nothing.

    """
    demands = operators.read(text)
    if why := demands.asks_nothing():
        message, hint = why
        raise UsageError(message, hint=hint)
    return demands


def _unmet(demands: Demands) -> str:
    """Return the message that no passage meets the demands."""
    parts = [f"lacks `{term}`" for term in (*demands.excluded, *demands.excluded_phrases)]
    return f"no passage that comes near this question {' and '.join(parts)}"


def clean(question: str) -> str:
    """Return a question on one line, without invisible characters."""
    return " ".join(printable(question).split())


def _once(items: Iterable[_T], key: Callable[[_T], Hashable]) -> list[_T]:
    """Return the first item of each key, in order."""
    kept: dict[Hashable, _T] = {}
    for item in items:
        kept.setdefault(key(item), item)
    return list(kept.values())
