"""Joins the answers of several libraries to one, with the best citations.

Libraries are independent, and two may contain the same file, so a document's id includes its
library.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, Protocol, TypeVar

from askdoc import __version__
from askdoc.ask.lookup import none_fits
from askdoc.errors import UsageError
from askdoc.types import (
    Answer,
    Citation,
    Claim,
    Disagreement,
    Document,
    Evidence,
    Fingerprint,
    Generation,
    Passage,
    Span,
    Spent,
    Status,
    Wrote,
)
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from askdoc.ask.answer import Answerer


Number = TypeVar("Number", int, float)


def join_generations(
    generations: Mapping[str, Generation],
    *,
    contributing: Collection[str],
    labels: Mapping[tuple[str, int], int],
    evidence: Mapping[tuple[str, str], str],
) -> Generation | None:
    """Join what is known of the generations in libraries, by name; None where there was none.

    What a model withheld counts only for the libraries that contribute to the answer; tokens, time
    and failures count for all. `labels` and `evidence` give the labels of the joined answer for a
    library and its own label; what is not among them is named by both.
    """
    if not generations:
        return None
    used = {name: item for name, item in generations.items() if name in contributing}
    shown = list(used.values())
    return Generation(
        model=next(iter(shown or generations.values())).model,
        withheld=tuple(claim for item in shown for claim in item.withheld),
        unknown_labels=tuple(dict.fromkeys(one for item in shown for one in item.unknown_labels)),
        left_out=sum(item.left_out for item in generations.values()),
        suspicious={
            evidence.get((name, label), f"{name}:{label}"): reason
            for name, item in generations.items()
            for label, reason in item.suspicious.items()
        },
        disagreements=relabelled({name: item.disagreements for name, item in used.items()}, labels),
        fallback=_fallback(used),
        interrupted=any(item.interrupted for item in shown),
        failure=next((item.failure for item in generations.values() if item.failure), None),
        attributed=sum(item.attributed for item in shown),
        spent=_spent([item.spent for item in generations.values()]),
    )


def relabelled(
    pairs: Mapping[str, Sequence[Disagreement]], labels: Mapping[tuple[str, int], int]
) -> tuple[Disagreement, ...]:
    """Name by the labels of the joined answer what disagrees within a library and is cited."""
    return tuple(
        replace(pair, first=labels[name, pair.first], second=labels[name, pair.second])
        for name, own in pairs.items()
        for pair in own
        if _kept(pair, name, labels)
    )


def _kept(pair: Disagreement, name: str, labels: Mapping[tuple[str, int], int]) -> bool:
    return (name, pair.first) in labels and (name, pair.second) in labels


def _fallback(generations: Mapping[str, Generation]) -> str | None:
    """Say why the answer is extractive, or which part of it."""
    reasons = {name: item.fallback for name, item in generations.items() if item.fallback}
    if not reasons:
        return None
    if len(reasons) == len(generations):
        return "; ".join(dict.fromkeys(reasons.values()))
    return "; ".join(f"the part from `{name}`, since {why}" for name, why in reasons.items())


def _spent(spent: Sequence[Spent]) -> Spent:
    """Add up tokens, time and cost.

    The seconds to the first word are those of the first library.
    """
    return Spent(
        tokens_in=_sum([one.tokens_in for one in spent]),
        tokens_out=_sum([one.tokens_out for one in spent]),
        tokens_cached=_sum([one.tokens_cached for one in spent]),
        prompt_seconds=_sum([one.prompt_seconds for one in spent]),
        first_token_seconds=spent[0].first_token_seconds,
        first_claim_seconds=next(
            (one.first_claim_seconds for one in spent if one.first_claim_seconds is not None), None
        ),
        cost=_sum([one.cost for one in spent]),
        cut_off=any(one.cut_off for one in spent),
    )


def _sum(parts: Sequence[Number | None]) -> Number | None:
    """Add up the known values; None if there are none."""
    known = [part for part in parts if part is not None]
    return sum(known[1:], start=known[0]) if known else None


_SHOWN_EVIDENCE = 10
_BETWEEN = ":"
"""Separates a library's name, which cannot contain it, from a document's id."""
_NEARLY = 0.9
"""A library contributes with at least this share of the best confidence."""


class Asked(Protocol):
    """What can be asked: one library's answerer, or several as one."""

    def answer(
        self,
        question: str,
        *,
        documents: Collection[str] | None = None,
        earlier: Sequence[str] = (),
        complete: str | None = None,
        listen: Listener = ignore,
    ) -> Answer:
        """Answer one question; `earlier` and `complete` as `Answerer.answer` takes them."""

    def search(
        self, question: str, *, limit: int | None = None, documents: Collection[str] | None = None
    ) -> list[Passage]:
        """Find passages only, best first."""

    def resolve(self, patterns: Sequence[str]) -> list[str]:
        """List the ids of the documents that match any pattern."""

    def where(self, conditions: Sequence[str]) -> list[str]:
        """List the ids of the documents whose fields match all conditions."""

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        """Return the first and last line of a place."""

    def fingerprint_for(self, documents: Collection[str] | None) -> Fingerprint:
        """Name what answers from the documents of those ids, or from all, depend on."""


class Federation:
    """Several libraries as one: asks each, and joins their answers.

    `members` are by name, at least one, and may have different embedders; `limit` is the most
    places that an answer cites.
    """

    def __init__(self, members: Mapping[str, Asked], *, limit: int) -> None:
        self._members = members
        self._limit = limit

    @property
    def members(self) -> Mapping[str, Asked]:
        """The libraries, by name."""
        return self._members

    def answer(
        self,
        question: str,
        *,
        documents: Collection[str] | None = None,
        earlier: Sequence[str] = (),
        complete: str | None = None,
        listen: Listener = ignore,
    ) -> Answer:
        """Answer one question from all libraries, or from the documents with these ids.

        `listen` gets no claims: which of them the answer keeps is known when all have answered.
        """

        def on_event(event: object, name: str) -> None:
            listen(None if isinstance(event, Wrote) else marked_event(event, name))

        answers = {
            name: self._members[name].answer(
                question,
                documents=ids,
                earlier=earlier,
                complete=complete,
                listen=partial(on_event, name=name),
            )
            for name, ids in self._shares(documents).items()
        }
        return join(answers, limit=self._limit)

    def search(
        self, question: str, *, limit: int | None = None, documents: Collection[str] | None = None
    ) -> list[Passage]:
        """Return passages of all libraries, the best of each first."""
        found = {
            name: self._members[name].search(question, limit=limit, documents=ids)
            for name, ids in self._shares(documents).items()
        }
        return interleaved(found, limit=limit)

    def resolve(self, patterns: Sequence[str]) -> list[str]:
        """List the ids of the documents that match any pattern, in any library.

        Raises:
            UsageError: one of them fits none in any.

        """
        found: dict[str, None] = {}
        missed: list[str] = []
        for pattern in patterns:
            fits: list[str] = []
            for name, member in self._members.items():
                with suppress(UsageError):
                    fits += [_global(name, own) for own in member.resolve([pattern])]
            found |= dict.fromkeys(fits)
            if not fits:
                missed.append(pattern)
        if missed:
            raise none_fits(missed)
        return list(found)

    def where(self, conditions: Sequence[str]) -> list[str]:
        """List the ids of the documents whose fields match all conditions, in any library.

        Raises:
            UsageError: none fits in any.

        """
        found: list[str] = []
        refused: list[UsageError] = []
        for name, member in self._members.items():
            try:
                found += [_global(name, own) for own in member.where(conditions)]
            except UsageError as error:
                refused.append(error)
        if not found:
            raise refused[0]
        return found

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        """Return the first and last line of a place."""
        name, own = _local(document_id)
        return self._members[name].lines(own, span)

    def fingerprint_for(self, documents: Collection[str] | None) -> Fingerprint:
        """Name what answers from the documents of those ids, or from all, depend on."""
        return _joined(
            {
                name: self._members[name].fingerprint_for(ids)
                for name, ids in self._shares(documents).items()
            }
        )

    def _shares(self, documents: Collection[str] | None) -> dict[str, list[str] | None]:
        """Map each library to its own of `documents`; one without any is not asked."""
        if documents is None:
            return dict.fromkeys(self._members)
        shares: dict[str, list[str] | None] = {}
        for name, ids in groupby(sorted(map(_local, documents)), key=itemgetter(0)):
            shares[name] = [own for _, own in ids]
        # With no document left, one library is asked in vain: it says why in an answer.
        return shares or {next(iter(self._members)): []}


def federate(members: Mapping[str | None, Answerer], *, limit: int) -> Answerer | Federation:
    """Return several libraries as one; a single one stays as it is."""
    if len(members) == 1:
        return next(iter(members.values()))
    return Federation({str(name): member for name, member in members.items()}, limit=limit)


def join(answers: Mapping[str, Answer], *, limit: int) -> Answer:
    """Join the answers of libraries, by name, to one that cites `limit` places at most.

    Each place names its library. Scores of different indexes have no common scale, but confidence
    is a probability: a library contributes if it is nearly as confident as the best one. The first
    citations of all come before the second ones. If no library answers, the reason of the most
    confident one is used. `answers` has at least one.
    """
    named = [marked(answer, name) for name, answer in answers.items()]
    ranked = sorted(
        named,
        key=lambda answer: (answer.status is not Status.ABSTAINED, answer.confidence),
        reverse=True,
    )
    leading = ranked[0]
    strong = [answer for answer in ranked if answer.confidence >= _NEARLY * leading.confidence]
    claims: list[Claim] = []
    citations: list[Citation] = []
    labels: dict[tuple[str, int], int] = {}
    names = {id(answer): name for answer, name in zip(named, answers, strict=True)}
    for claim, answer in _in_turn(strong):
        name = names[id(answer)]
        fresh = [item for item in _cited(claim, answer) if (name, item.label) not in labels]
        # The first claim stays even if it cites more than the limit: an answer needs one.
        if citations and len(citations) + len(fresh) > limit:
            break
        for item in fresh:
            labels[name, item.label] = len(citations) + 1
            citations.append(replace(item, label=len(citations) + 1))
        claims.append(replace(claim, citations=tuple(labels[name, n] for n in claim.citations)))
    evidence, evidence_labels = _best_evidence(dict(zip(answers, named, strict=True)))
    return replace(
        leading,
        claims=tuple(claims),
        citations=tuple(citations),
        evidence=evidence,
        passages=tuple(
            sorted(
                (passage for answer in named for passage in answer.passages),
                key=lambda passage: -passage.score,
            )
        ),
        fingerprint=_joined({name: answer.fingerprint for name, answer in answers.items()}),
        timings=_added([answer.timings for answer in named]),
        incomplete=any(answer.incomplete for answer in named),
        generation=join_generations(
            {name: answer.generation for name, answer in answers.items() if answer.generation},
            contributing=[names[id(answer)] for answer in strong],
            labels=labels,
            evidence=evidence_labels,
        ),
    )


def _global(library: str, document_id: str) -> str:
    return f"{library}{_BETWEEN}{document_id}"


def _local(document_id: str) -> tuple[str, str]:
    name, _, own = document_id.partition(_BETWEEN)
    return name, own


def _in_turn(answers: Sequence[Answer]) -> Iterator[tuple[Claim, Answer]]:
    """Yield the first claim of each answer, then the second of each, and so on."""
    for group in zip_longest(*(answer.claims for answer in answers)):
        for claim, answer in zip(group, answers, strict=True):
            if claim is not None:
                yield claim, answer


def _cited(claim: Claim, answer: Answer) -> list[Citation]:
    return [item for item in answer.citations if item.label in claim.citations]


def _best_evidence(
    answers: Mapping[str, Answer],
) -> tuple[tuple[Evidence, ...], dict[tuple[str, str], str]]:
    """Return the best evidence of all, and its new labels by library and old label."""
    found = [(name, item) for name, answer in answers.items() for item in answer.evidence]
    best = sorted(found, key=lambda pair: -pair[1].score)[:_SHOWN_EVIDENCE]
    labels = {(name, item.label): f"S{n}" for n, (name, item) in enumerate(best, start=1)}
    return tuple(replace(item, label=labels[name, item.label]) for name, item in best), labels


def _joined(fingerprints: Mapping[str, Fingerprint]) -> Fingerprint:
    parts = sorted(fingerprints.items())
    return Fingerprint(
        corpus=_hash(f"{name}:{part.corpus}" for name, part in parts),
        settings=_hash(f"{name}:{part.settings}" for name, part in parts),
        models={
            f"{name}:{role}": model for name, part in parts for role, model in part.models.items()
        },
        version=__version__,
        scope=_hash(f"{name}:{part.scope}" for name, part in parts)
        if any(part.scope for _, part in parts)
        else None,
    )


def _hash(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def _added(timings: Sequence[Mapping[str, float]]) -> dict[str, float]:
    stages = {stage for one in timings for stage in one}
    return {
        stage: round(sum(one.get(stage, 0.0) for one in timings), 1) for stage in sorted(stages)
    }


def _marked_document(item: Document, library: str) -> Document:
    return replace(item, id=_global(library, item.id), library=library)


def _marked_passage(item: Passage, library: str) -> Passage:
    chunk = replace(item.chunk, document_id=_global(library, item.chunk.document_id))
    return replace(item, document=_marked_document(item.document, library), chunk=chunk)


def _marked_citation(item: Citation, library: str) -> Citation:
    return replace(item, document=_marked_document(item.document, library))


def _marked_evidence(item: Evidence, library: str) -> Evidence:
    return replace(item, passage=_marked_passage(item.passage, library))


def marked_event(event: object, library: str) -> object:
    """Return an event for a listener, each of its places with the name of the library."""
    if isinstance(event, Wrote):
        cited = tuple(_marked_citation(item, library) for item in event.citations)
        return replace(event, citations=cited)
    if isinstance(event, list):
        return [
            _marked_evidence(item, library) if isinstance(item, Evidence) else item
            for item in event
        ]
    return event


def marked(answer: Answer, library: str) -> Answer:
    """Return an answer, each of its places with the name of the library."""
    return replace(
        answer,
        citations=tuple(_marked_citation(item, library) for item in answer.citations),
        evidence=tuple(_marked_evidence(item, library) for item in answer.evidence),
        passages=tuple(_marked_passage(item, library) for item in answer.passages),
    )


def interleaved(
    found: Mapping[str, Sequence[Passage]], *, limit: int | None = None
) -> list[Passage]:
    """Join passages of libraries, by name: the best of each first, then the second best of each.

    Scores of different indexes have no common scale.
    """
    ranked = [[_marked_passage(one, name) for one in items] for name, items in found.items()]
    return [one for tier in zip_longest(*ranked) for one in tier if one is not None][:limit]
