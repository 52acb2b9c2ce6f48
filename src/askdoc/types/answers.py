"""An answer and its fingerprint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from askdoc.strings import unlabelled
from askdoc.types.citations import Citation, Claim, Reason, Status
from askdoc.types.documents import Span
from askdoc.types.generation import Generation
from askdoc.types.retrieval import Evidence, Passage


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an answer depends on: hashes of corpus and settings, models by role, version.

    `scope` is a hash of the documents that a question was narrowed to; None stands for all.
    """

    corpus: str
    settings: str
    models: Mapping[str, str]
    version: str
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """The few words of a quote that answer: `span` lies in the quote of the citation `label`."""

    text: str
    label: int
    span: Span


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one question.

    Answered or unsure if and only if at least one claim carries a citation, else abstained. There
    is a reason unless it is answered. `evidence` is best first and longer than what is cited.
    `confidence` is a calibrated probability that the evidence answers the question, made from
    `signals`. `timings` are milliseconds by stage. `generation` describes the part of a language
    model, if one was used. `searched` is the question with repaired spelling, if it was repaired.
    `short` is the short answer, if the reader found one. `incomplete` tells that files may be
    missing from the index, since a run has not come to its end.
    """

    question: str
    status: Status
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    evidence: tuple[Evidence, ...]
    passages: tuple[Passage, ...]
    reason: Reason | None
    confidence: float
    generator: str
    fingerprint: Fingerprint
    timings: Mapping[str, float] = field(default_factory=dict)
    signals: Mapping[str, float] = field(default_factory=dict)
    generation: Generation | None = None
    searched: str | None = None
    short: ShortAnswer | None = None
    incomplete: bool = False

    def __post_init__(self) -> None:
        cited = any(claim.citations for claim in self.claims)
        if (self.status is Status.ABSTAINED) is cited:
            message = f"{self.status} with {len(self.claims)} claims, cited: {cited}"
            raise ValueError(message)
        if (self.reason is None) is not (self.status is Status.ANSWERED):
            message = f"{self.status} with reason {self.reason}"
            raise ValueError(message)
        known = {citation.label for citation in self.citations}
        for claim in self.claims:
            if unknown := set(claim.citations) - known:
                message = f"claim cites unknown labels {sorted(unknown)}"
                raise ValueError(message)

    @property
    def text(self) -> str:
        """The claims as one text, each followed by its `[n]` markers; empty if abstained.

        A document's own `[n]` becomes `(n)`, so that every `[n]` is a citation.
        """
        return " ".join(
            unlabelled(claim.text) + "".join(f" [{label}]" for label in claim.citations)
            for claim in self.claims
        )
