"""Checks sentences that somebody wrote against the documents, one at a time.

    search with the sentence → check it against each of the nearest → against the best two together

A sentence is supported, partly supported, contradicted, or has no source. A source contradicts it
if it supports the same sentence with another value in it, or if the entailment model says so.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from askdoc.ask.cite import leans, readable
from askdoc.types import Citation, Form, Support
from askdoc.write.check.checker import Check, Source, Verdict, labels, premise
from askdoc.write.check.facts import exchanges
from askdoc.write.prompts import Offer, Show, build
from askdoc.write.writer import source_of

if TYPE_CHECKING:
    from askdoc.ask.answer import Answerer

_NEAREST = 8
"""Sentences of the documents that one of the draft is checked against."""

_ROOM = 1500
"""Tokens of these at most."""

_SAME_MATTER = 0.5
"""A sentence is on the same matter as a source that has a larger share of its content words."""

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

    def __call__(
        self, sentence: str, documents: Collection[str] | None = None, *, before: str = ""
    ) -> Checked:
        """Check one sentence against the documents of those ids, or against all.

        If it refers to the sentence `before` it in the draft, that counts in the search, too.

        Raises:
            StoreError: the index cannot be searched.

        """
        question, *earlier = (
            " ".join(one.translate(_UNSEARCHED).split())
            for one in (sentence, before if leans(sentence) else "")
        )
        if not any(character.isalnum() for character in question):
            return Checked(sentence, Standing.NO_SOURCE, ("it has no words",), 0.0, ())
        found = self._answerer.evidence(question, documents=documents, earlier=earlier)
        evidence = found[: 2 * _NEAREST]
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
        # Verdicts count the context of a source, too; it is cited for what it says itself.
        own = [self._check.coverage(sentence, source.text) for source in sources]
        order = sorted(
            range(len(sources)), key=lambda at: (_rank(verdicts[at]), own[at]), reverse=True
        )
        best = verdicts[order[0]]
        if best.support is Support.SUPPORTED:
            supporting = [at for at in order if verdicts[at].support is Support.SUPPORTED]
            at = max(supporting, key=lambda at: own[at])
            return Standing.SUPPORTED, verdicts[at], [at]
        if len(order) > 1:
            pair = sorted(order[:2])
            together = self._check(sentence, [sources[at] for at in pair])
            if together.support is Support.SUPPORTED:
                return Standing.SUPPORTED, together, pair
        near = [at for at in range(len(sources)) if own[at] > _SAME_MATTER]
        if found := self._otherwise(sentence, sources, near) or self._against(
            sentence, sources, verdicts, near
        ):
            at, wrong = found
            return Standing.CONTRADICTED, wrong, [at]
        if best.support is Support.PARTIAL:
            return Standing.PARTLY, best, order[:1]
        nearest = [at for at in order[:1] if verdicts[at].coverage > _SAME_MATTER]
        return Standing.NO_SOURCE, best if nearest else replace(best, reasons=()), nearest

    def _otherwise(
        self, sentence: str, sources: Sequence[Source], near: Sequence[int]
    ) -> tuple[int, Verdict] | None:
        """Find the source that most surely says the sentence with another value."""
        made = [(at, *one) for at in near for one in exchanges(sentence, sources[at].text)]
        verdicts = self._check.each([(claim, [sources[at]]) for at, claim, _, _ in made])
        held = [
            (found, at, mine, theirs)
            for (at, _, mine, theirs), found in zip(made, verdicts, strict=True)
            if found.support is Support.SUPPORTED
        ]
        if not held:
            return None
        found, at, mine, theirs = max(held, key=lambda one: one[0].probability)
        reason = f"{labels([sources[at]])} says “{theirs}”, not “{mine}”"
        return at, replace(found, reasons=(reason,))

    def _against(
        self,
        sentence: str,
        sources: Sequence[Source],
        verdicts: Sequence[Verdict],
        near: Sequence[int],
    ) -> tuple[int, Verdict] | None:
        """Find the source that contradicts the sentence most surely, by the entailment model."""
        if not near:
            return None
        judged = self._check.judge([(premise([sources[at]]), sentence) for at in near])
        at, chances = max(zip(near, judged, strict=True), key=lambda pair: pair[1].contradicted)
        if chances.contradicted < _CONTRADICTED:
            return None
        return at, replace(verdicts[at], probability=chances.contradicted)

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


def _rank(verdict: Verdict) -> tuple[int, float]:
    order = (Support.UNSUPPORTED, Support.PARTIAL, Support.SUPPORTED)
    return order.index(verdict.support), verdict.probability
