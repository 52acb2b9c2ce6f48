"""Answers a question with the exact sentences that support the answer.

gather passages → score their sentences → confident enough? → cite the best, or abstain

The answer is cut from the text of the documents, unless a language model writes it; then each claim
is checked.
"""

from __future__ import annotations

import hashlib
import time
from bisect import bisect_right
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from askdoc import __version__
from askdoc.ask.cite import Chosen, readable
from askdoc.ask.find import Finder, Found, Sources, clean
from askdoc.ask.lookup import fitting, none_fits
from askdoc.ask.mail import credited, is_message
from askdoc.ask.rank import SHORT
from askdoc.models.instructions import order_finder
from askdoc.settings import Settings, answer_fingerprint
from askdoc.store.vectors_codec import IN_CONTEXT
from askdoc.strings import one_line
from askdoc.types import (
    INCOMPLETE,
    Answer,
    Citation,
    Claim,
    Document,
    Draft,
    DraftClaim,
    Evidence,
    FileState,
    Fingerprint,
    Generation,
    Passage,
    Reason,
    ShortAnswer,
    Span,
    Status,
    Support,
    Wrote,
)
from askdoc.types.places import Place
from askdoc.types.ports import AnswerWriter, CatalogReader, Listener, ignore
from askdoc.write.prompts import REFUSAL, words_of
from askdoc.write.suspicious import suspicion

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix


def unpoisoned(
    question: str,
    chosen: Sequence[Chosen],
    evidence: Sequence[Evidence],
    suspicious: Container[str],
) -> list[Chosen]:
    """Drop chosen sentences that address a model or order something, unless they are asked about.

    `suspicious` has their labels. The question is about such a sentence if they share a word that
    no other evidence has; then it comes last. If nothing is left, the best other sentence is used;
    if there is none, nothing is dropped.
    """
    if not chosen:
        return []
    others = [item for item in evidence if item.label not in suspicious]
    asked = words_of(question).difference(*(words_of(item.text) for item in others))
    trusted = [
        item
        for item in chosen
        if item.evidence.label not in suspicious or asked & words_of(item.evidence.text)
    ]
    if trusted or not others:
        return sorted(trusted, key=lambda one: one.evidence.label in suspicious) or list(chosen)
    return [Chosen(others[0], readable(others[0]))]


GENERATOR = "extractive"
_SHOWN_EVIDENCE = 10
_SURE_SHORT = 1.0
"""How far a short answer has to beat "there is none" to be shown."""

_LONGEST_REFUSAL = 200
"""Most characters to show of a model's own reason."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an `Answerer`."""

    sources: Sources
    file_state: Callable[[Document], FileState]
    writer: AnswerWriter | None = None


@dataclass(frozen=True, slots=True)
class _Reply:
    """The claims and citations of an answer, and who wrote them."""

    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    generator: str
    generation: Generation | None = None
    reason: Reason | None = None
    short: ShortAnswer | None = None


class Answerer:
    """Answers questions from one index; reuse it for many questions."""

    def __init__(self, parts: Parts, settings: Settings) -> None:
        sources = parts.sources
        self._parts = parts
        self._catalog = sources.catalog
        self._settings = settings
        self._finder = Finder(sources, settings)
        self._orders = order_finder(sources.embedder)
        models = {"embedder": sources.embedder.fingerprint}
        if sources.ranker:
            models["ranker"] = sources.ranker.fingerprint
        if parts.writer:
            models["generator"] = parts.writer.fingerprint
        self._fingerprint = fingerprint(sources.catalog, settings, models)

    @property
    def fingerprint(self) -> Fingerprint:
        """The fingerprint of all answers of this answerer."""
        return self._fingerprint

    def fingerprint_for(self, documents: Collection[str] | None) -> Fingerprint:
        """Return the fingerprint of answers from these documents (by id), or from all."""
        if documents is None:
            return self._fingerprint
        told = "\n".join(sorted(set(documents))).encode("utf-8", "surrogatepass")
        return replace(self._fingerprint, scope=hashlib.blake2b(told, digest_size=8).hexdigest())

    @property
    def parts(self) -> Parts:
        """Its parts; another answerer may share the models."""
        return self._parts

    def embed(self, questions: Sequence[str]) -> Matrix:
        """Embed many questions at once, for `answer`; shape (len(questions), dimensions)."""
        return self._parts.sources.embedder.embed_queries(
            [self._finder.embedded(question) for question in questions]
        )

    def answer(
        self,
        question: str,
        *,
        documents: Collection[str] | None = None,
        vector: Matrix | None = None,
        earlier: Sequence[str] = (),
        complete: str | None = None,
        listen: Listener = ignore,
    ) -> Answer:
        """Answer `question` from the documents with these ids, or from all.

        `vector` is the question's embedding, if the caller has it. `earlier` are the previous
        questions of the conversation, latest last. `complete` is the question with its full
        meaning, for display and for a language model.

        Raises:
            UsageError: the question is empty.
            StoreError: the index cannot be searched.
        """
        started = time.perf_counter()
        marks: list[float] = []
        # Steps 1 to 5: understand, retrieve, score, confidence, choose what to cite.
        found = self._finder.find(
            question,
            documents=documents,
            vector=vector,
            earlier=earlier,
            on_retrieved=lambda: marks.append(time.perf_counter()),
        )
        [retrieved], reason, evidence = marks, found.reason, found.evidence
        asked, selected = clean(question), time.perf_counter()
        writer = None if reason else self._parts.writer
        listen(evidence)
        # Step 6: a language model phrases the answer, or the chosen sentences are the answer.
        reply = (
            self._write(writer, found, listen, complete)
            if writer
            else self._extract(
                unpoisoned(found.searched, found.chosen, found.evidence, self._suspicious(found))
            )
        )
        reason = reason or reply.reason
        finished = time.perf_counter()
        return Answer(
            question=complete or asked,
            searched=None if found.searched == asked else found.searched,
            status=_status(reply.claims, reason),
            claims=reply.claims,
            citations=reply.citations,
            evidence=tuple(evidence[:_SHOWN_EVIDENCE]),
            passages=tuple(found.passages),
            reason=reason,
            confidence=found.confidence,
            generator=reply.generator,
            fingerprint=self.fingerprint_for(documents),
            timings={
                "total_ms": _milliseconds(started, finished),
                "retrieve_ms": _milliseconds(started, retrieved),
                "select_ms": _milliseconds(retrieved, selected),
                "generate_ms": _milliseconds(selected, finished),
            },
            signals=found.signals,
            generation=reply.generation,
            short=None if reason else reply.short,
            incomplete=bool(self._catalog.setting(INCOMPLETE)),
        )

    def evidence(
        self,
        question: str,
        *,
        documents: Collection[str] | None = None,
        earlier: Sequence[str] = (),
    ) -> list[Evidence]:
        """Return all scored sentences for a question, best first; `earlier` as for an answer."""
        return self._finder.find(question, documents=documents, earlier=earlier).evidence

    def search(
        self, question: str, *, limit: int | None = None, documents: Collection[str] | None = None
    ) -> list[Passage]:
        """Find passages only, best first; `limit` defaults to the setting `top_k`."""
        return self._finder.passages(question, limit or self._settings.top_k, documents)

    def resolve(self, patterns: Sequence[str]) -> list[str]:
        """List the ids of the documents whose path or location matches any of `patterns`.

        A pattern is the path or location of a document, a folder, or a glob, tried in this order.

        Raises:
            UsageError: a pattern matches nothing.
        """
        names = {document.id: document.names for document in self._catalog.documents()}
        found = {pattern: fitting(pattern, names) for pattern in patterns}
        if missed := [pattern for pattern, fits in found.items() if not fits]:
            raise none_fits(missed)
        chosen = set(chain.from_iterable(found.values()))
        return [document_id for document_id in names if document_id in chosen]

    def where(self, conditions: Sequence[str]) -> list[str]:
        """List the ids of the documents whose fields match all conditions, such as `date>=2024`.

        Raises:
            UsageError: a condition is malformed, or none matches.
        """
        return self._catalog.where(conditions)

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        """Return the first and last line (from 1) of a place."""
        return self._catalog.lines(document_id, span)

    def _suspicious(self, found: Found) -> set[str]:
        """Return the labels of sentences that address a model or give orders to whoever answers.

        Evidence that is not chosen is examined only where it may take the place of a chosen one.
        """
        chosen = [item.evidence for item in found.chosen]
        labels: set[str] = set()
        for items in (chosen, found.evidence):
            orders = self._orders([item.text for item in items])
            labels = {
                item.label
                for item, order in zip(items, orders, strict=True)
                if order or suspicion(item.text)
            }
            if not labels:
                break
        return labels

    def _extract(self, chosen: Sequence[Chosen], generation: Generation | None = None) -> _Reply:
        """Return the chosen sentences as claims."""
        citations = tuple(
            self.cite(label, item.evidence, item.span) for label, item in enumerate(chosen, start=1)
        )
        claims = tuple(_claim(citation) for citation in citations)
        short = _short(chosen[0].evidence, citations[0]) if chosen else None
        return _Reply(claims, citations, GENERATOR, generation, short=short)

    def _write(
        self,
        writer: AnswerWriter,
        found: Found,
        listen: Listener,
        complete: str | None,
    ) -> _Reply:
        """Let a language model write.

        Use the extracted claims if none of its claims is supported.
        """
        citations: dict[tuple[str, Span], Citation] = {}
        claims: list[Claim] = []

        def on_claim(draft: DraftClaim) -> None:
            fresh = []
            for item, span in draft.places:
                key = (item.passage.document.id, span)
                if key not in citations:
                    citations[key] = self.cite(len(citations) + 1, item, span)
                    fresh.append(citations[key])
            labels = tuple(
                citations[item.passage.document.id, span].label for item, span in draft.places
            )
            claims.append(
                Claim(draft.text, labels, draft.support, draft.reasons, draft.probability)
            )
            listen(Wrote(claims[-1], tuple(fresh)))

        draft = writer.write(complete or found.searched, found.evidence, on_claim)
        chosen = unpoisoned(
            found.searched, found.chosen, found.evidence, draft.generation.suspicious
        )
        if claims and not writer.stands_alone and not draft.generation.interrupted:
            for item in chosen:
                if (item.evidence.passage.document.id, item.span) not in citations:
                    text = one_line(item.evidence.passage.chunk.sentence(item.span))
                    place = ((item.evidence, item.span),)
                    on_claim(DraftClaim(text, place, Support.SUPPORTED))
        if claims:
            return _Reply(tuple(claims), tuple(citations.values()), writer.name, draft.generation)
        if draft.refusal:
            message = f"`{writer.name}` finds no answer in the documents' sentences"
            message += _in_its_words(draft.refusal) + _kept_back(draft)
            reason = Reason("model_abstained", message)
            return _Reply((), (), writer.name, draft.generation, reason)
        return self._extract(chosen, replace(draft.generation, fallback=_why_extractive(draft)))

    def cite(self, label: int, evidence: Evidence, span: Span) -> Citation:
        """Cite the place of a piece of evidence, with its quote, lines and neighbours."""
        catalog, document = self._catalog, evidence.passage.document
        first, last = catalog.lines(document.id, span)
        before, after = _around(evidence, span)
        return Citation(
            label=label,
            document=document,
            span=span,
            quote=catalog.text(document.id, span),
            page=document.page_of(span.start),
            line_start=first,
            line_end=last,
            headings=evidence.passage.chunk.headings,
            score=evidence.score,
            before=before,
            after=after,
            file_state=self._parts.file_state(document),
            place=self._place(document, span, evidence.sentence),
        )

    def _place(self, document: Document, span: Span, sentence: Span) -> Place | None:
        """Return the place of a citation; quoted text of a message is not credited to its sender.

        The scored sentence decides, since the line that announces a quotation is not quoted itself.
        """
        place = document.place_of(span)
        if not is_message(place):
            return place
        starts = document.landmarks.starts()
        start = starts[bisect_right(starts, sentence.start) - 1]
        text = self._catalog.text(document.id, Span(start, sentence.end))
        return credited(place, text[sentence.start - start :], text[: sentence.start - start])


def fingerprint(
    catalog: CatalogReader, settings: Settings, models: Mapping[str, str]
) -> Fingerprint:
    """Return the fingerprint of answers; `models` maps each part to its model's fingerprint."""
    if catalog.setting(IN_CONTEXT) == "yes":
        models = {**models, "embedder": f"{models['embedder']}/in-context"}
    return Fingerprint(
        corpus=catalog.corpus_fingerprint(),
        settings=answer_fingerprint(settings),
        models=models,
        version=__version__,
    )


def _status(claims: Sequence[Claim], reason: Reason | None) -> Status:
    if not claims:
        return Status.ABSTAINED
    return Status.UNSURE if reason else Status.ANSWERED


def _claim(citation: Citation) -> Claim:
    """Return a citation's own words as a claim, which is true to its source by construction."""
    return Claim(one_line(citation.quote), (citation.label,), Support.SUPPORTED)


def _short(evidence: Evidence, citation: Citation) -> ShortAnswer | None:
    """Return the short answer in the best evidence, if the reader is sure that it is one."""
    span = evidence.short
    if span is None or evidence.scores[SHORT] < _SURE_SHORT or not citation.span.covers(span):
        return None
    text = one_line(evidence.passage.chunk.sentence(span))
    return ShortAnswer(text, citation.label, span) if text != one_line(citation.quote) else None


def _why_extractive(draft: Draft) -> str:
    if draft.generation.failure is not None:
        return draft.generation.failure
    model, withheld = draft.generation.model, len(draft.generation.withheld)
    if withheld:
        return f"none of what `{model}` wrote is supported by its sources{_kept_back(draft)}"
    return f"`{model}` wrote no claim{_kept_back(draft)}"


def _in_its_words(refusal: str) -> str:
    """Add the model's explanation of its refusal to a reason."""
    reason = one_line(refusal.removeprefix(REFUSAL)).strip(" .:;,-–—")
    short = reason if len(reason) <= _LONGEST_REFUSAL else f"{reason[:_LONGEST_REFUSAL].rstrip()}…"
    return f": “{short}”" if reason else ""


def _kept_back(draft: Draft) -> str:
    """Add to a reason that the model has not seen all sentences."""
    count = len(draft.generation.suspicious)
    if not count:
        return ""
    which = "1 sentence was" if count == 1 else f"{count} sentences were"
    return f"; {which} kept from it, as text that speaks to language models or is hidden"


def _around(evidence: Evidence, place: Span) -> tuple[str, str]:
    """Return the sentence before and the sentence after, within the passage."""
    chunk = evidence.passage.chunk
    earlier = [span for span in chunk.sentences if span.end <= place.start]
    later = [span for span in chunk.sentences if span.start >= place.end]
    return (
        chunk.sentence(earlier[-1]) if earlier else "",
        chunk.sentence(later[0]) if later else "",
    )


def _milliseconds(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)
