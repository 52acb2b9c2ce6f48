"""Claims, their citations, and how well each claim is supported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from askdoc.types.documents import Document, Span
from askdoc.types.places import Place


class Status(StrEnum):
    """How a question ended; an error is an exception, not a status.

    Unsure: the closest evidence is cited, but it may not answer the question.
    """

    ANSWERED = "answered"
    UNSURE = "unsure"
    ABSTAINED = "abstained"


class Support(StrEnum):
    """The check's verdict on a claim and its cited sentences."""

    SUPPORTED = "supported"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"


class FileState(StrEnum):
    """How a cited file on disk compares with its indexed state."""

    CURRENT = "current"
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Citation:
    """A place that supports a claim; `quote` is cut from the stored text at `span`."""

    label: int
    document: Document
    span: Span
    quote: str
    page: int | None
    line_start: int
    line_end: int
    headings: tuple[str, ...]
    score: float
    before: str = ""
    after: str = ""
    file_state: FileState = FileState.CURRENT
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the answer, with the labels of its citations.

    `reasons` say why it is not, or only partly, supported. `probability` is that of its support, 0
    or 1 where a rule decides, None where no check was needed.
    """

    text: str
    citations: tuple[int, ...]
    support: Support
    reasons: tuple[str, ...] = ()
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an answer was withheld: a short stable code and a sentence for people."""

    code: str
    message: str
