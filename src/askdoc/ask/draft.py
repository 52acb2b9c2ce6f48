"""Checks sentences that somebody wrote against the documents, one at a time.

    search with the sentence → check it against each of the nearest → against the best two together

A sentence is supported, partly supported, contradicted, or has no source.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from askdoc.ask.cite import readable
from askdoc.types import Citation, Form, Support
from askdoc.write.check.checker import Check, Source, Verdict, labels, premise
from askdoc.write.prompts import Offer, Show, build
from askdoc.write.writer import source_of

if TYPE_CHECKING:
    from askdoc.ask.answer import Answerer

_NEAREST = 8
"""Sentences of the documents that one of the draft is checked against."""

_ROOM = 1500
"""Tokens of these at most."""

_SAME_MATTER = 0.5
"""Share of its content words from which a sentence is on the same matter as a source."""

_CONTRADICTED = 0.5
"""Probability from which a source contradicts a sentence."""

_UNSEARCHED = str.maketrans(dict.fromkeys('"“”„«»-', " "))
"""Marks that a search would read as a demand for a phrase, or to leave a word out."""


class Standing(StrEnum):
    """Where a sentence stands in the documents."""

    SUPPORTED = "supported"
    PARTLY = "partly"
    CONTRADICTED = "contradicted"
    NO_SOURCE = "no_source"


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of a draft with what the documents say of it.

    `probability` is the model's that the cited sentences support it, or contradict it where that is
    what they do. Where there is no source, `citations` has the nearest sentence, if any is near.
    """

    text: str
    standing: Standing
    reasons: tuple[str, ...]
    probability: float
    citations: tuple[Citation, ...]


class DraftCheck:
    """Checks sentences against one index."""

    def __init__(self, answerer: Answerer, check: Check) -> None:
        self._answerer = answerer
        self._check = check

    def __call__(self, sentence: str, documents: Collection[str] | None = None) -> Checked:
        """Check one sentence against the documents of those ids, or against all.

        Raises:
            StoreError: the index cannot be searched.

        """
        question = " ".join(sentence.translate(_UNSEARCHED).split())
        if not any(character.isalnum() for character in question):
            return Checked(sentence, Standing.NO_SOURCE, ("it has no words",), 0.0, ())
        evidence = self._answerer.evidence(question, documents=documents)[: 2 * _NEAREST]
        built = build(
            question, evidence, context=4 * _ROOM, evidence_tokens=_ROOM, form=Form.FREE,
            show=Show(readable),
        )  # fmt: skip
        offers = built.offers[:_NEAREST]
        sources = [source_of(offer) for offer in offers]
        verdicts = self._check.each([(sentence, [source]) for source in sources])
        if not offers:
            return Checked(sentence, Standing.NO_SOURCE, ("nothing is near it",), 0.0, ())
        standing, verdict, chosen = self._stand(sentence, sources, verdicts)
        return self._cited(sentence, standing, verdict, chosen, offers)

    def _stand(
        self, sentence: str, sources: Sequence[Source], verdicts: Sequence[Verdict]
    ) -> tuple[Standing, Verdict, Sequence[int]]:
        """Weigh the verdicts, and return with the standing the sources that it goes by."""
        order = sorted(range(len(sources)), key=lambda at: _rank(verdicts[at]), reverse=True)
        best = verdicts[order[0]]
        if best.support is Support.SUPPORTED:
            return Standing.SUPPORTED, best, order[:1]
        if len(order) > 1:
            pair = sorted(order[:2])
            together = self._check(sentence, [sources[at] for at in pair])
            if together.support is Support.SUPPORTED:
                return Standing.SUPPORTED, together, pair
        if found := self._against(sentence, sources, verdicts):
            at, chance = found
            wrong = replace(verdicts[at], probability=chance)
            return Standing.CONTRADICTED, wrong, [at]
        if best.support is Support.PARTIAL:
            return Standing.PARTLY, best, order[:1]
        nearest = [at for at in order[:1] if verdicts[at].coverage >= _SAME_MATTER]
        return Standing.NO_SOURCE, best if nearest else replace(best, reasons=()), nearest

    def _against(
        self, sentence: str, sources: Sequence[Source], verdicts: Sequence[Verdict]
    ) -> tuple[int, float] | None:
        """Find the source on the same matter that contradicts the sentence most surely."""
        near = [at for at, one in enumerate(verdicts) if one.coverage >= _SAME_MATTER]
        if not near:
            return None
        judged = self._check.judge([(premise([sources[at]]), sentence) for at in near])
        at, chances = max(zip(near, judged, strict=True), key=lambda pair: pair[1].contradicted)
        return (at, chances.contradicted) if chances.contradicted >= _CONTRADICTED else None

    def _cited(
        self,
        sentence: str,
        standing: Standing,
        verdict: Verdict,
        chosen: Sequence[int],
        offers: Sequence[Offer],
    ) -> Checked:
        """Cite the chosen sentences, numbered from 1; reasons name them by these numbers."""
        citations = tuple(
            self._answerer.cite(label, offers[at].evidence, offers[at].span)
            for label, at in enumerate(chosen, start=1)
        )
        before = labels([source_of(offers[at]) for at in chosen])
        after = "".join(f"[{label}]" for label in range(1, len(chosen) + 1))
        reasons = tuple(reason.replace(before, after) for reason in verdict.reasons)
        return Checked(sentence, standing, reasons, verdict.probability, citations)


def _rank(verdict: Verdict) -> tuple[int, float, float]:
    order = (Support.UNSUPPORTED, Support.PARTIAL, Support.SUPPORTED)
    return order.index(verdict.support), verdict.probability, verdict.coverage
