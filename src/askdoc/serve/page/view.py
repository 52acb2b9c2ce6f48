"""An answer as the page's template shows it. All text is plain: the template escapes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from askdoc.chat.history import Exchange, answer_markdown
from askdoc.formats import Lines
from askdoc.render.answers import notes, told_apart
from askdoc.render.explain import passage_scores, sentence_scores
from askdoc.render.places import heading_path
from askdoc.strings import encodable, escaped, one_line, unlabelled
from askdoc.types import (
    Answer,
    Citation,
    Claim,
    Document,
    Evidence,
    FileState,
    Span,
    Status,
    Support,
)
from askdoc.types.places import place_suffix

_NEAREST = 5
_EXPLAINED = 10
"""Sentences and passages that the explanation shows."""

_STATUS = {
    Status.ANSWERED: "Answered",
    Status.UNSURE: "Not sure",
    Status.ABSTAINED: "Not in the documents",
}
_SUPPORT = {
    Support.SUPPORTED: "supported",
    Support.PARTIAL: "only partly supported",
    Support.UNSUPPORTED: "not supported",
}
_STATES = {
    FileState.CURRENT: "",
    FileState.CHANGED: "changed since it was indexed",
    FileState.MISSING: "the file is gone",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A place to open: its number, what stands there, and where that is."""

    label: str
    text: str
    before: str
    after: str
    where: str
    headings: str
    state: str
    library: str
    document: str
    highlight: str

    @property
    def link(self) -> str:
        """Query of the addresses that show the place."""
        return urlencode({"document": self.document, "highlight": self.highlight})


@dataclass(frozen=True, slots=True)
class Statement:
    """A claim with the sources that it cites, and what its check says."""

    text: str
    sources: tuple[Source, ...]
    support: str
    is_supported: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """A line of the explanation: a place, its text and its scores."""

    label: str
    where: str
    text: str
    scores: str


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the template needs of an answer."""

    asked: str
    question: str
    status: Status
    status_text: str
    percent: int
    reason: str
    short: str
    statements: tuple[Statement, ...]
    sources: tuple[Source, ...]
    nearest: tuple[Source, ...]
    is_quoted: bool
    """Whether each statement is the very sentence that it cites."""
    checked: str
    notes: tuple[str, ...]
    writer: str
    timing: str
    passages: tuple[Scored, ...]
    sentences: tuple[Scored, ...]
    turn: str
    permalink: str
    markdown: str

    @property
    def summary(self) -> str:
        """What a screen reader hears once the answer is there."""
        if self.status is Status.ABSTAINED:
            return f"{self.status_text}. {self.reason}"
        count = "1 source" if len(self.sources) == 1 else f"{len(self.sources)} sources"
        return f"{self.status_text}, {count}. {self.statements[0].text}"


def shown(
    asked: str,
    answer: Answer,
    lines: Lines,
    scope: Mapping[str, str],
    base: Path,
    *,
    with_libraries: bool,
) -> Shown:
    """Prepare an answer to what was typed.

    `scope` is what the question was narrowed to, and paths are written as seen from `base`.
    `with_libraries` names the library of each place, since there are several.
    """
    sources = {item.label: _source(item, with_library=with_libraries) for item in answer.citations}
    quotes = {item.label: one_line(item.quote) for item in answer.citations}
    exchange = Exchange(asked, answer.question, answer, datetime.now(UTC))
    turn = msgspec.json.encode(exchange.turn).decode()
    abstained = answer.status is Status.ABSTAINED
    return Shown(
        asked=encodable(one_line(asked)),
        question=encodable(one_line(answer.question)),
        status=answer.status,
        status_text=_STATUS[answer.status],
        percent=round(100 * answer.confidence),
        reason=_sentence(answer.reason.message) if answer.reason else "",
        short=encodable(answer.short.text) if answer.short else "",
        statements=tuple(_statement(claim, sources) for claim in answer.claims),
        sources=tuple(sources.values()),
        nearest=tuple(
            _near(str(number), item, lines, with_library=with_libraries)
            for number, item in enumerate(answer.evidence[:_NEAREST], start=1)
        )
        if abstained
        else (),
        is_quoted=all(
            [quotes[label] for label in claim.citations] == [claim.text] for claim in answer.claims
        ),
        checked=_checked(answer),
        notes=tuple(_sentence(note) for note in _notes(answer)),
        writer="the sentences themselves" if answer.generator == "extractive" else answer.generator,
        timing=", ".join(
            f"{stage.removesuffix('_ms')} {took:.0f} ms" for stage, took in answer.timings.items()
        ),
        passages=tuple(
            Scored(
                str(number),
                _where_at(item.document, item.chunk.span, lines),
                encodable(one_line(item.chunk.text)),
                passage_scores(item),
            )
            for number, item in enumerate(answer.passages[:_EXPLAINED], start=1)
        ),
        sentences=tuple(
            Scored(
                item.label,
                _where_at(item.passage.document, item.span, lines),
                encodable(one_line(item.text)),
                sentence_scores(item),
            )
            for item in answer.evidence[:_EXPLAINED]
        ),
        turn=encodable(turn),
        permalink="/?" + urlencode({"q": encodable(answer.question), **scope}),
        markdown=encodable(answer_markdown(exchange, base=base)),
    )


def written(claim: Claim, citations: Iterable[Citation], *, with_library: bool) -> Statement:
    """Prepare a claim that was just checked; `citations` are those of all claims so far."""
    sources = {item.label: _source(item, with_library=with_library) for item in citations}
    return _statement(claim, sources)


def found(evidence: Sequence[Evidence], *, with_library: bool) -> tuple[Source, ...]:
    """Prepare the sentences that were found, before there is an answer; their lines come later."""
    return tuple(
        _near(str(number), item, None, with_library=with_library)
        for number, item in enumerate(evidence[:_NEAREST], start=1)
    )


def _source(item: Citation, *, with_library: bool) -> Source:
    return Source(
        label=str(item.label),
        text=encodable(one_line(item.quote)),
        before=encodable(one_line(item.before)),
        after=encodable(one_line(item.after)),
        where=_where(item.document, place_suffix(item.place, item.line_start, item.line_end)),
        headings=encodable(heading_path(item.document.title, item.headings)),
        state=_STATES[item.file_state],
        library=(item.document.library or "") if with_library else "",
        document=item.document.id,
        highlight=f"{item.span.start}-{item.span.end}",
    )


def _near(label: str, item: Evidence, lines: Lines | None, *, with_library: bool) -> Source:
    document = item.passage.document
    return Source(
        label=label,
        text=encodable(one_line(item.text)),
        before="",
        after="",
        where=_where_at(document, item.span, lines) if lines else escaped(document.path),
        headings=encodable(heading_path(document.title, item.passage.chunk.headings)),
        state="",
        library=(document.library or "") if with_library else "",
        document=document.id,
        highlight=f"{item.span.start}-{item.span.end}",
    )


def _statement(claim: Claim, sources: Mapping[int, Source]) -> Statement:
    return Statement(
        text=encodable(unlabelled(one_line(claim.text))),
        sources=tuple(sources[label] for label in claim.citations),
        support=_SUPPORT[claim.support],
        is_supported=claim.support is Support.SUPPORTED,
        reasons=tuple(map(encodable, claim.reasons)),
    )


def _checked(answer: Answer) -> str:
    """Say in one sentence what the checks of the claims found."""
    total = len(answer.claims)
    good = sum(claim.support is Support.SUPPORTED for claim in answer.claims)
    if not total:
        return ""
    if good < total:
        return f"{good} of {total} statements are fully supported by their sources"
    return "Each statement is supported by its source" if total > 1 else "Supported by its source"


def _notes(answer: Answer) -> Iterator[str]:
    yield from notes(answer)
    if answer.generation is None:
        return
    yield from map(told_apart, answer.generation.disagreements)
    if answer.generation.fallback:
        yield f"the answer is extracted: {answer.generation.fallback}"
    if withheld := len(answer.generation.withheld):
        claims = "1 statement" if withheld == 1 else f"{withheld} statements"
        yield f"{claims} of the language model had no support in the sources and is not shown"


def _where_at(document: Document, span: Span, lines: Lines) -> str:
    return _where(document, place_suffix(document.place_of(span), *lines(document.id, span)))


def _where(document: Document, place: str) -> str:
    return f"{escaped(document.path)}{place}"


def _sentence(message: str) -> str:
    return encodable(f"{message[:1].upper()}{message[1:]}.")
