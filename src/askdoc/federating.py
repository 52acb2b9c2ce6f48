"""One answer from several libraries: each is asked, and the best of what they cite is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Protocol

from askdoc import __version__
from askdoc.errors import UsageError
from askdoc.types import (
    Answer,
    Citation,
    Claim,
    Document,
    Evidence,
    Fingerprint,
    Passage,
    Span,
    Status,
)

_SHOWN_EVIDENCE = 10
_NEARLY = 0.9
"""Share of the best confidence from which a library is heard."""


class Asked(Protocol):
    """Who can be asked: one library's answerer, or several as one."""

    def answer(self, question: str, *, documents: Collection[str] | None = None) -> Answer:
        """Answer one question."""

    def resolve(self, patterns: Sequence[str]) -> list[str]:
        """List the ids of the documents that fit any pattern."""

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        """Name the first and last line of a place."""


class Federation:
    """Several libraries as one: asks each, and joins what they answer.

    `members` are by name, one at least, and their embedders may differ; `limit` is how many places
    an answer cites at most.
    """

    def __init__(self, members: Mapping[str, Asked], *, limit: int) -> None:
        self._members = members
        self._limit = limit
        self._home: dict[str, str] = {}

    def answer(self, question: str, *, documents: Collection[str] | None = None) -> Answer:
        """Answer one question from all libraries, or from the documents of those ids."""
        answers = {
            name: member.answer(question, documents=documents)
            for name, member in self._members.items()
        }
        self._home |= {
            item.passage.document.id: name
            for name, answer in answers.items()
            for item in answer.evidence
        }
        return join(answers, limit=self._limit)

    def resolve(self, patterns: Sequence[str]) -> list[str]:
        """List the ids of the documents that fit any pattern, in any library.

        Raises:
            UsageError: none does in any.

        """
        found: list[str] = []
        missed: UsageError | None = None
        for member in self._members.values():
            try:
                found += member.resolve(patterns)
            except UsageError as error:
                missed = error
        if missed is not None and not found:
            raise missed
        return found

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        """Name the first and last line of a place of the latest answers."""
        return self._members[self._home[document_id]].lines(document_id, span)


def join(answers: Mapping[str, Answer], *, limit: int) -> Answer:
    """Join the answers of libraries, by name, to one that cites `limit` places at most.

    Each place names its library. Scores of several indexes lie on no common scale, but confidence
    is a probability: a library is heard if it is nearly as confident as the most confident one,
    and what each cites first comes before what any cites second. Where no library answers, the
    reason of the most confident one is kept. `answers` holds one at least.
    """
    marked = [_marked(answer, name) for name, answer in answers.items()]
    ranked = sorted(
        marked,
        key=lambda answer: (answer.status is Status.ANSWERED, answer.confidence),
        reverse=True,
    )
    leading = ranked[0]
    heard = [answer for answer in ranked if answer.confidence >= _NEARLY * leading.confidence]
    claims: list[Claim] = []
    citations: list[Citation] = []
    for claim, cited in _in_turn(heard):
        if citations and len(citations) + len(cited) > limit:
            break
        first = len(citations) + 1
        numbered = [replace(item, label=first + n) for n, item in enumerate(cited)]
        citations += numbered
        claims.append(replace(claim, citations=tuple(item.label for item in numbered)))
    return replace(
        leading,
        claims=tuple(claims),
        citations=tuple(citations),
        evidence=_best_evidence(item for answer in marked for item in answer.evidence),
        passages=tuple(
            sorted(
                (passage for answer in marked for passage in answer.passages),
                key=lambda passage: -passage.score,
            )
        ),
        fingerprint=_fingerprint(answers),
        timings=_added([answer.timings for answer in marked]),
        generation=None,  # its labels are those of one library
    )


def _in_turn(answers: Sequence[Answer]) -> Iterator[tuple[Claim, list[Citation]]]:
    """Give the first claim of each answer, then the second of each, and so on."""
    for group in zip_longest(*(answer.claims for answer in answers)):
        for claim, answer in zip(group, answers, strict=True):
            if claim is not None:
                yield claim, _cited(claim, answer)


def _cited(claim: Claim, answer: Answer) -> list[Citation]:
    return [item for item in answer.citations if item.label in claim.citations]


def _best_evidence(found: Iterable[Evidence]) -> tuple[Evidence, ...]:
    best = sorted(found, key=lambda item: -item.score)[:_SHOWN_EVIDENCE]
    return tuple(replace(item, label=f"S{n}") for n, item in enumerate(best, start=1))


def _fingerprint(answers: Mapping[str, Answer]) -> Fingerprint:
    parts = [(name, answer.fingerprint) for name, answer in sorted(answers.items())]
    return Fingerprint(
        corpus=_hash(f"{name}:{part.corpus}" for name, part in parts),
        settings=_hash(f"{name}:{part.settings}" for name, part in parts),
        models={
            f"{name}:{role}": model for name, part in parts for role, model in part.models.items()
        },
        version=__version__,
    )


def _hash(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=8).hexdigest()


def _added(timings: Sequence[Mapping[str, float]]) -> dict[str, float]:
    stages = {stage for one in timings for stage in one}
    return {
        stage: round(sum(one.get(stage, 0.0) for one in timings), 1) for stage in sorted(stages)
    }


def _marked(answer: Answer, library: str) -> Answer:
    """Say of every place in `answer` which library it is in."""

    def document(item: Document) -> Document:
        return replace(item, library=library)

    def passage(item: Passage) -> Passage:
        return replace(item, document=document(item.document))

    return replace(
        answer,
        citations=tuple(
            replace(item, document=document(item.document)) for item in answer.citations
        ),
        evidence=tuple(replace(item, passage=passage(item.passage)) for item in answer.evidence),
        passages=tuple(passage(item) for item in answer.passages),
    )
