"""The records of an answer's JSON; the JSON Schemas define each field."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from askdoc.types import Disagreement, FileState, Fingerprint, Reason, Spent, Status, Support
from askdoc.types.places import PlaceKind

_Page = Annotated[int, Meta(ge=1, le=1_000_000)]


class PlaceRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A place in a file."""

    kind: PlaceKind
    number: int
    name: str | None = None
    last: int | None = None
    quoted: bool = False


class CitationRecord(msgspec.Struct, frozen=True):
    """A quote, its place, and the text around it."""

    label: int
    document: str
    path: str
    title: str | None
    quote: str
    start: int
    end: int
    page: _Page | None
    line_start: int
    line_end: int
    headings: tuple[str, ...]
    score: float
    stale: bool
    file_state: FileState = FileState.CURRENT
    before: str = ""
    after: str = ""
    library: str | None = None
    place: PlaceRecord | None = None
    also: tuple[str, ...] = ()


class EvidenceRecord(msgspec.Struct, frozen=True):
    """A scored sentence."""

    document: str
    start: int
    end: int
    text: str
    score: float
    ranks: dict[str, int]
    label: str = ""
    path: str = ""
    title: str | None = None
    page: _Page | None = None
    headings: tuple[str, ...] = ()
    scores: dict[str, float] = {}
    library: str | None = None
    place: PlaceRecord | None = None
    line_start: int | msgspec.UnsetType = msgspec.UNSET
    line_end: int | msgspec.UnsetType = msgspec.UNSET


class ClaimRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """A claim with the labels of its citations and the probability that they support it."""

    text: str
    citations: tuple[int, ...]
    support: Support
    reasons: tuple[str, ...] = ()
    probability: float | None = None


class ShortRecord(msgspec.Struct, frozen=True):
    """The short answer: its words, and their place in the quote of a citation."""

    text: str
    citation: int
    start: int
    end: int


class GenerationRecord(msgspec.Struct, frozen=True):
    """The part of a language model in an answer."""

    model: str
    withheld: tuple[ClaimRecord, ...] = ()
    unknown_labels: tuple[str, ...] = ()
    left_out: int = 0
    suspicious: dict[str, str] = {}
    disagreements: tuple[Disagreement, ...] = ()
    fallback: str | None = None
    interrupted: bool = False
    failure: str | None = None
    attributed: int = 0


class AnswerRecord(msgspec.Struct, frozen=True):
    """An answer."""

    schema: str
    question: str
    status: Status
    answer: str
    claims: tuple[ClaimRecord, ...]
    citations: tuple[CitationRecord, ...]
    evidence: tuple[EvidenceRecord, ...]
    reason: Reason | None
    confidence: float
    generator: str
    fingerprint: Fingerprint
    timings: dict[str, float]
    signals: dict[str, float] | msgspec.UnsetType = msgspec.UNSET
    generation: GenerationRecord | msgspec.UnsetType = msgspec.UNSET
    usage: Spent | msgspec.UnsetType = msgspec.UNSET
    searched: str | msgspec.UnsetType = msgspec.UNSET
    unmatched: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    short: ShortRecord | msgspec.UnsetType = msgspec.UNSET
