"""Claims, the citations that they rest on, and how well each is supported."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from askdoc.types.documents import Document, Span
from askdoc.types.places import Place


class Status(StrEnum):
    """How a question ended; an error is an exception, not a status.

    Unsure: the closest evidence is cited, and may not answer the question.
    """

    ANSWERED = "answered"
    UNSURE = "unsure"
    ABSTAINED = "abstained"


class Support(StrEnum):
    """What the check says of a claim against the sentences it cites."""

    SUPPORTED = "supported"
    PARTIAL = "partial"
    UNSUPPORTED = "unsupported"


class FileState(StrEnum):
    """How a cited file stands on disk against what was indexed."""

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
    """One statement of the answer, with the labels of the citations it rests on.

    `reasons` say in words why it is not, or only partly, supported.
    """

    text: str
    citations: tuple[int, ...]
    support: Support
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an answer was withheld: a short stable code and a sentence for people."""

    code: str
    message: str
