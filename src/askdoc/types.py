"""The nouns of askdoc: frozen values that every layer shares.

Offsets count characters (Python string indices) of a document's stored text, half-open. Pages and
lines count from 1. Standard library only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from askdoc.landmarks import NOWHERE, Landmarks, Place, PlaceKind
from askdoc.text import unlabelled

# ── places and documents ────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A half-open range of characters in the stored text of one document."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            message = f"not a span: {self.start}..{self.end}"
            raise ValueError(message)

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """Cut this span out of `text`."""
        return text[self.start : self.end]

    def overlap(self, other: Span) -> int:
        """Count the characters that both spans hold."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def covers(self, other: Span) -> bool:
        """Tell whether `other` lies wholly within this span."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Section:
    """A heading: where it starts, how deep it is (1 is the top), and its words."""

    start: int
    level: int
    title: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of one file.

    `text` is what is stored. `blocks` are the ranges that no sentence crosses (paragraphs, list
    items, table rows, headings), in order and without overlap. `pages` holds the offset at which
    each page starts, and is empty where the format has no pages; `landmarks` say where other places
    begin, such as slides and rows. `warnings` name what was lost, such as a page that has no text.
    `parts` are documents of their own that the file holds, such as attachments.

    A long file may be read in several parts, in order. Each has the `text` from its `origin` on, up
    to the origin of the next; its offsets count from the start of the document all the same. What
    is said of the document as a whole, such as its title, stands in the first part.
    """

    text: str
    blocks: tuple[Span, ...]
    title: str | None = None
    pages: tuple[int, ...] = ()
    sections: tuple[Section, ...] = ()
    warnings: tuple[str, ...] = ()
    landmarks: Landmarks = NOWHERE
    author: str | None = None
    parts: tuple[Part, ...] = ()
    origin: int = 0

    @property
    def end(self) -> int:
        """The offset in the document at which the text of this part ends."""
        return self.origin + len(self.text)

    def cut(self, span: Span) -> str:
        """Cut `span`, which lies in this part, out of its text."""
        return self.text[span.start - self.origin : span.end - self.origin]

    def breaks(self) -> Sequence[int]:
        """List the offsets that neither a sentence nor a passage runs across."""
        return self.pages or self.landmarks.breaks()


@dataclass(frozen=True, slots=True)
class Part:
    """A document within a file: its name there, what was read of it or why nothing was.

    `content_hash` is the SHA-256 of its own bytes.
    """

    name: str
    content_hash: str
    outcome: Reading | Unread


@dataclass(frozen=True, slots=True)
class Unread:
    """Why something was not read: a short stable `code`, the reason, and what would help."""

    code: str
    reason: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How files are to be read: passwords to try on encrypted ones, OCR of pages without text."""

    passwords: tuple[str, ...] = ()
    ocr: bool = False

    def may_help(self, code: str) -> bool:
        """Tell whether a file that was skipped with that code may now be read."""
        return (code == ENCRYPTED and bool(self.passwords)) or (code == NO_TEXT and self.ocr)


ENCRYPTED = "encrypted"
NO_TEXT = "no_text"
"""Codes of skips that the options of a later run may overcome."""

BARE_PAGES = "no text on "
"""How the warning begins that names pages without text."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells that a file has changed: size in bytes, time in nanoseconds, SHA-256."""

    size: int
    modified_ns: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class Copy:
    """Another place at which a document is found: a file with the same content."""

    location: str
    path: str
    source: str
    file: str


@dataclass(frozen=True, slots=True)
class Document:
    """One indexed file, without its text.

    `id` was made from its first `location`, and stays when the file is edited, renamed or moved.
    `location` is the file's path relative to the workspace where it lies inside, else absolute;
    `path` is relative to the source that was indexed, with `/`; `file` is the absolute path on this
    machine. `library` is the named library it was found in, where several were asked. A document
    that lies in a file with others, such as an attachment, has the location of that file in
    `within`, and its `file`, size and time; the content hash is its own. Files with the same
    content are one document, with all places but one in `copies`.
    """

    id: str
    location: str
    path: str
    source: str
    file: str
    title: str | None
    length: int
    stamp: Stamp
    pages: tuple[int, ...]
    language: str
    warnings: tuple[str, ...] = ()
    library: str | None = None
    landmarks: Landmarks = NOWHERE
    author: str | None = None
    within: str | None = None
    copies: tuple[Copy, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All paths and locations that it goes by, its own first."""
        own = (self.path, self.location)
        others = (name for copy in self.copies for name in (copy.path, copy.location))
        return tuple(dict.fromkeys((*own, *others)))

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all its places, its own first."""
        return self.path, *(copy.path for copy in self.copies)

    @property
    def inside(self) -> str:
        """Where it lies in its file, to be put behind the name of that: empty where it is all."""
        return self.location[len(self.within) :] if self.within else ""

    def page_of(self, offset: int) -> int | None:
        """Name the page (from 1) that holds `offset`, or None where the format has no pages."""
        return max(1, bisect_right(self.pages, offset)) if self.pages else None

    def place_of(self, span: Span) -> Place | None:
        """Name the page, slide, row or such that holds `span`; None where there are only lines."""
        if not self.pages:
            return self.landmarks.between(span.start, span.end)
        first = max(1, bisect_right(self.pages, span.start))
        last = max(1, bisect_right(self.pages, max(span.start, span.end - 1)))
        return Place(PlaceKind.PAGE, first, last=last if last > first else None)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole sentences that is embedded and retrieved as one.

    `id` is made from the document, the span and the embedded text: same input, same id. `text` is
    the document's text at `span`; `sentences` are spans in the document, in order.
    """

    id: str
    document_id: str
    span: Span
    text: str
    sentences: tuple[Span, ...]
    headings: tuple[str, ...] = ()

    def sentence(self, span: Span) -> str:
        """Cut one of this chunk's sentences out of its text."""
        return self.text[span.start - self.span.start : span.end - self.span.start]


@dataclass(frozen=True, slots=True)
class Skip:
    """A file that was seen and not indexed: a short stable `code`, why, and what would help."""

    location: str
    code: str
    reason: str
    hint: str | None = None


# ── retrieval ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Hit:
    """One retriever's opinion of one chunk; higher is better, scales differ between retrievers."""

    chunk_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk after fusion, with the rank (from 1) and the raw score each retriever gave it."""

    chunk: Chunk
    document: Document
    score: float
    ranks: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that an answer may cite; `scores` keeps the parts that `score` is made of.

    `lines` are its first and last line, where they were looked up when it was found.
    """

    label: str
    span: Span
    text: str
    passage: Passage
    score: float
    scores: Mapping[str, float] = field(default_factory=dict)
    lines: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with what a ranker may know of where it stands.

    `before` is the sentence before it within its passage, and `context` the titles above it.
    """

    sentence: str
    before: str = ""
    context: str = ""


# ── answers ─────────────────────────────────────────────────────────────────────────────────────


class Status(StrEnum):
    """How a question ended; an error is an exception, not a status."""

    ANSWERED = "answered"
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


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What an answer depends on: hashes of corpus and settings, models by role, version."""

    corpus: str
    settings: str
    models: Mapping[str, str]
    version: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one question.

    Answered if and only if at least one claim carries a citation, else abstained with its reason.
    `evidence` is best first and longer than what is cited. `confidence` is a calibrated probability
    that the evidence answers the question, made from `signals`. `timings` are milliseconds by
    stage. `generation` tells how a language model took part, where one did. `searched` is the
    question as it was searched for, where slips of the keys were repaired in it. `missed` are the
    parts of a question that are not answered, where others are.
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
    missed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        cited = any(claim.citations for claim in self.claims)
        if (self.status is Status.ANSWERED) is not cited:
            message = f"{self.status} with {len(self.claims)} claims, cited: {cited}"
            raise ValueError(message)
        if (self.reason is None) is not cited:
            message = f"{self.status} with reason {self.reason}"
            raise ValueError(message)
        known = {citation.label for citation in self.citations}
        for claim in self.claims:
            if unknown := set(claim.citations) - known:
                message = f"claim cites unknown labels {sorted(unknown)}"
                raise ValueError(message)

    @property
    def text(self) -> str:
        """The claims as one text, each followed by its `[n]` markers; empty when abstained.

        No other `[n]` is in it: a document's own are written `(n)`.
        """
        return " ".join(
            unlabelled(claim.text) + "".join(f" [{label}]" for label in claim.citations)
            for claim in self.claims
        )


# ── answers by a language model ─────────────────────────────────────────────────────────────────


class Form(StrEnum):
    """What can hold a language model to the shape of an answer.

    llama.cpp takes a grammar (GBNF), other servers a JSON schema; of the rest one can only ask.
    """

    GRAMMAR = "grammar"
    SCHEMA = "schema"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a language model is asked.

    `system` is the same for every question, so that a server need not read it twice. `labels` is
    how many sentences are offered, numbered from 1. At most one of `grammar` and `schema` is set.
    """

    system: str
    user: str
    labels: int
    most_tokens: int
    grammar: str | None = None
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What one generation took, as far as it is known; `cost` in the currency of the settings."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    prompt_seconds: float | None = None
    first_token_seconds: float | None = None
    first_claim_seconds: float | None = None
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two citations, by label, that give different values for the same thing."""

    first: int
    second: int
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Generation:
    """How a language model took part in an answer, whether or not its claims are shown.

    `withheld` are the claims that their sources do not support, with the reasons. `unknown_labels`
    were cited and do not exist. `left_out` counts evidence that did not fit into the prompt;
    `suspicious` names, by evidence label, sentences that speak to the model and were kept from it.
    `fallback` says why the answer is extractive all the same, `failure` what ended the model early.
    `attributed` counts the shown claims whose sentences the model did not name, and askdoc found.
    """

    model: str
    withheld: tuple[Claim, ...] = ()
    unknown_labels: tuple[str, ...] = ()
    left_out: int = 0
    suspicious: Mapping[str, str] = field(default_factory=dict)
    disagreements: tuple[Disagreement, ...] = ()
    fallback: str | None = None
    interrupted: bool = False
    failure: str | None = None
    attributed: int = 0
    spent: Spent = Spent()


@dataclass(frozen=True, slots=True)
class DraftClaim:
    """A checked claim before its citations are numbered: the evidence and the span of each."""

    text: str
    places: tuple[tuple[Evidence, Span], ...]
    support: Support
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What a language model made of the evidence.

    `refusal` is what it said where it found no answer; `failure` the error that ended it early.
    """

    claims: tuple[DraftClaim, ...]
    generation: Generation
    refusal: str | None = None
    failure: Exception | None = None


@dataclass(frozen=True, slots=True)
class Wrote:
    """Event: a claim was written and checked; `citations` are those not heard of before."""

    claim: Claim
    citations: tuple[Citation, ...]


# ── indexing ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Found:
    """A file that discovery met: where it is, and its size and time without reading it."""

    location: str
    path: str
    source: str
    file: str
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Known:
    """What planning needs to know of a place of an indexed document, to compare it with a file.

    Several places may be of one document, whose content they share.
    """

    id: str
    location: str
    path: str
    source: str
    size: int
    modified_ns: int
    content_hash: str
    within: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """By which words of names full text finds a document, and the paths of its places."""

    words: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Indexed:
    """Event: documents became visible; the counts are running totals of this run."""

    documents: int
    chunks: int
    total: int
    current: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """Event: a page of the web is about to be fetched, after so many others of its source."""

    address: str
    before: int


@dataclass(frozen=True, slots=True)
class Moving:
    """Event: so much of an index is packed, unpacked or stored, in units of no matter."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one indexing run did; the lists hold locations, `skipped` what could not be indexed.

    `renamed` holds pairs of where a file was and where it is now; `copies` are those of `added`
    that have the content of another file and so are one document with it. With `planned`, nothing
    was done yet, and so many pages of the web as `unseen` were not looked at.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    copies: tuple[str, ...] = ()
    skipped: tuple[Skip, ...] = ()
    chunks: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    planned: bool = False
    unseen: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """How much an index holds."""

    documents: int
    chunks: int
    sentences: int
    characters: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Event: work goes on as soon as another process is done; `reason` names it."""

    reason: str


# ── models ──────────────────────────────────────────────────────────────────────────────────────


class CompileStage(StrEnum):
    """What is being done to a model on its first use, in this order.

    `WAIT` is for another process that is doing the same.
    """

    FETCH = "fetch"
    WAIT = "wait"
    LOAD = "load"
    EXPORT = "export"
    QUANTISE = "quantise"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Compiling:
    """Event: a model is made ready for its first use and has reached this stage."""

    name: str
    stage: CompileStage


@dataclass(frozen=True, slots=True)
class NotCompiled:
    """Event: a model runs on torch, slowly, since it cannot be compiled; `reason` says why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sending:
    """Event, once in each workspace: from now on questions and evidence go to this host."""

    host: str


@dataclass(frozen=True, slots=True)
class Fetching:
    """Event: bytes of a model's file that are here, of how many."""

    name: str
    done: int
    total: int


# ── evaluation ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class GoldEvidence:
    """One acceptable place of an answer: a document's path and verbatim text of it."""

    document: str
    quote: str


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class EvalCase:
    """One case of a suite; see `docs` of the suite format for what each field means."""

    id: str
    question: str
    answers: tuple[str, ...] = ()
    evidence: tuple[GoldEvidence, ...] = ()
    all_evidence: bool = False
    relevant: Mapping[str, int] = field(default_factory=dict)
    answerable: bool = True
    history: tuple[Turn, ...] = ()
    tags: tuple[str, ...] = ()
