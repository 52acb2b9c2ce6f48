"""Writes and reads the JSON of answers and searches, for scripts and editors.

The fields are stable, and more may be added; the JSON Schemas in `askdoc.schemas` define them.
Spans count characters of a document's stored text; pages and lines count from 1.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from askdoc.errors import UsageError
from askdoc.formats.records import (
    AnswerRecord,
    CitationRecord,
    ClaimRecord,
    EvidenceRecord,
    GenerationRecord,
    PlaceRecord,
    ShortRecord,
)
from askdoc.paths import seen_from
from askdoc.settings import lowered
from askdoc.strings import rewritten
from askdoc.types import (
    Answer,
    Chunk,
    Citation,
    Claim,
    Copy,
    Document,
    Evidence,
    FileState,
    Generation,
    Passage,
    ShortAnswer,
    Span,
    Spent,
    Stamp,
)
from askdoc.types.places import Landmark, Landmarks, Place, PlaceKind

_NUMBER = re.compile(r"(?<![\w.,/'’-])(?:\d{2,}(?:[.,]\d+)*|\d(?:[.,]\d+)+)(?![\w/-])")
_GROUPED = re.compile(r"(?<=\d)[, \u00a0\u202f](?=\d{3}(?!\d))")


def unmatched(answer: Answer) -> tuple[str, ...]:
    """List the numbers of the question that no cited place contains.

    A place includes its quote, the text around it, headings, title and file name. Single digits and
    parts of names such as `A-10` are ignored.
    """
    if not answer.citations:
        return ()
    given = " ".join(
        " ".join((c.before, c.quote, c.after, *c.headings, c.document.title or "", c.document.path))
        for c in answer.citations
    )
    plain = _GROUPED.sub("", given)
    asked = dict.fromkeys(_NUMBER.findall(answer.searched or answer.question))
    return tuple(number for number in asked if not _holds(plain, _GROUPED.sub("", number)))


def _holds(text: str, number: str) -> bool:
    return re.search(rf"(?<!\d){re.escape(number)}(?!\d)", text) is not None


ANSWER = "askdoc.answer/1"
SEARCH = "askdoc.search/1"

Lines = Callable[[str, Span], tuple[int, int]]
"""Returns the first and last line of a span of a document (by id)."""

_DIGITS = 6
"""Decimals of a score: enough to rank, few enough to hide rounding that depends on the order of a
sum."""


def answer_to_json(answer: Answer, *, base: Path) -> dict[str, Any]:
    """Return `answer` as plain values, with the paths of files relative to `base`."""
    values = AnswerRecord(
        schema=ANSWER,
        question=answer.question,
        status=answer.status,
        answer=answer.text,
        claims=tuple(_claim_out(claim) for claim in answer.claims),
        citations=tuple(_citation_out(item, base) for item in answer.citations),
        evidence=tuple(_evidence_out(item, base) for item in answer.evidence),
        reason=answer.reason,
        confidence=round(answer.confidence, _DIGITS),
        generator=answer.generator,
        fingerprint=answer.fingerprint,
        timings=dict(answer.timings),
        signals={name: round(value, _DIGITS) for name, value in answer.signals.items()}
        or msgspec.UNSET,
        generation=_generation_out(answer.generation) if answer.generation else msgspec.UNSET,
        usage=answer.generation.spent if answer.generation else msgspec.UNSET,
        searched=answer.searched or msgspec.UNSET,
        unmatched=unmatched(answer) or msgspec.UNSET,
        short=_short_out(answer.short) if answer.short else msgspec.UNSET,
    )
    return dict(_lists(msgspec.to_builtins(values)))


def claim_to_json(claim: Claim) -> dict[str, Any]:
    """Return one claim of an answer as plain values."""
    return dict(_lists(msgspec.to_builtins(_claim_out(claim))))


def citation_to_json(item: Citation, *, base: Path) -> dict[str, Any]:
    """Return one citation of an answer as plain values."""
    return dict(_lists(msgspec.to_builtins(_citation_out(item, base))))


def evidence_to_json(item: Evidence, *, base: Path) -> dict[str, Any]:
    """Return one piece of evidence of an answer as plain values."""
    return dict(_lists(msgspec.to_builtins(_evidence_out(item, base))))


def answer_from_json(data: Mapping[str, Any], *, base: Path) -> Answer:
    """Rebuild an answer from the result of `answer_to_json` for the same `base`.

    What the JSON lacks is empty: passages, and most of a document. Writing the answer again gives
    the same JSON.

    Raises:
        UsageError: `data` is not an answer of this format.

    """
    try:
        read = msgspec.convert(data, AnswerRecord)
        if read.schema != ANSWER:
            message = f"the schema is `{read.schema}`, not `{ANSWER}`"
            raise UsageError(message)
        return Answer(
            question=read.question,
            status=read.status,
            claims=tuple(_claim_in(claim) for claim in read.claims),
            citations=tuple(_citation_in(item, base) for item in read.citations),
            evidence=tuple(_evidence_in(item, base) for item in read.evidence),
            passages=(),
            reason=read.reason,
            confidence=read.confidence,
            generator=read.generator,
            fingerprint=read.fingerprint,
            timings=read.timings,
            signals=read.signals or {},
            generation=_generation_in(read),
            searched=read.searched or None,
            short=_short_in(read.short),
        )
    except ValueError as error:  # msgspec's own errors and those of the types are ValueErrors
        message = f"not an answer: {lowered(str(error))}"
        raise UsageError(message, hint="see `askdoc schema answer`") from error


def search_to_json(
    question: str, passages: Sequence[Passage], *, base: Path, lines: Lines
) -> dict[str, Any]:
    """Return the passages found for `question` as plain values, best first."""
    return {
        "schema": SEARCH,
        "question": question,
        "passages": [_passage_out(item, base, lines) for item in passages],
    }


def dumps(data: Mapping[str, Any], *, ascii_only: bool = False, indent: int | None = 2) -> str:
    """Write `data` as JSON with escaped control characters, so that it is safe on a terminal.

    The standard library is used because file names can have lone surrogates, which other encoders
    refuse.
    """
    return rewritten(json.dumps(data, indent=indent, ensure_ascii=ascii_only), _in_json)


def _in_json(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema called `name`.

    Raises:
        UsageError: there is no such schema.

    """
    names = schema_names()
    if name not in names:
        message = f"there is no schema `{name}`"
        raise UsageError(message, hint=f"there are: {', '.join(names)}")
    text = (files("askdoc") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def schema_names() -> list[str]:
    """List the names of the schemas."""
    suffix = ".schema.json"
    return sorted(
        item.name.removesuffix(suffix)
        for item in (files("askdoc") / "schemas").iterdir()
        if item.name.endswith(suffix)
    )


def _lists(value: Any) -> Any:
    """Return `value` with tuples as lists, as in JSON."""
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, tuple) else value


def _short_out(short: ShortAnswer) -> ShortRecord:
    return ShortRecord(short.text, short.label, short.span.start, short.span.end)


def _short_in(read: ShortRecord | msgspec.UnsetType) -> ShortAnswer | None:
    if isinstance(read, msgspec.UnsetType):
        return None
    return ShortAnswer(read.text, read.citation, Span(read.start, read.end))


def _claim_out(claim: Claim) -> ClaimRecord:
    sure = None if claim.probability is None else round(claim.probability, _DIGITS)
    return ClaimRecord(claim.text, claim.citations, claim.support, claim.reasons, sure)


def _claim_in(claim: ClaimRecord) -> Claim:
    return Claim(claim.text, claim.citations, claim.support, claim.reasons, claim.probability)


def _generation_out(item: Generation) -> GenerationRecord:
    return GenerationRecord(
        model=item.model,
        withheld=tuple(_claim_out(claim) for claim in item.withheld),
        unknown_labels=item.unknown_labels,
        left_out=item.left_out,
        suspicious=dict(item.suspicious),
        disagreements=item.disagreements,
        fallback=item.fallback,
        interrupted=item.interrupted,
        failure=item.failure,
        attributed=item.attributed,
    )


def _generation_in(read: AnswerRecord) -> Generation | None:
    item = read.generation
    if isinstance(item, msgspec.UnsetType):
        return None
    return Generation(
        model=item.model,
        withheld=tuple(_claim_in(claim) for claim in item.withheld),
        unknown_labels=item.unknown_labels,
        left_out=item.left_out,
        suspicious=item.suspicious,
        disagreements=item.disagreements,
        fallback=item.fallback,
        interrupted=item.interrupted,
        failure=item.failure,
        attributed=item.attributed,
        spent=Spent() if isinstance(read.usage, msgspec.UnsetType) else read.usage,
    )


def _file_lines(place: Place | None, first: int, last: int) -> tuple[int, int]:
    """Return the lines in the file; those of the stored text differ, for example for HTML."""
    if place is None or place.kind is not PlaceKind.LINE or not place.number:
        return first, last
    return place.number, place.last or place.number


def _citation_out(item: Citation, base: Path) -> CitationRecord:
    first, last = _file_lines(item.place, item.line_start, item.line_end)
    return CitationRecord(
        label=item.label,
        document=item.document.path,
        path=seen_from(base, item.document.file),
        title=item.document.title,
        quote=item.quote,
        start=item.span.start,
        end=item.span.end,
        page=item.page,
        line_start=first,
        line_end=last,
        headings=item.headings,
        score=round(item.score, _DIGITS),
        stale=item.file_state is not FileState.CURRENT,
        file_state=item.file_state,
        before=item.before,
        after=item.after,
        library=item.document.library,
        place=_place_out(item.place),
        also=_also(item.document, base),
    )


def _citation_in(item: CitationRecord, base: Path) -> Citation:
    return Citation(
        label=item.label,
        document=replace(
            _document(item.document, item.path, item.title, base),
            library=item.library,
            copies=tuple(Copy(also, also, "", _file(base, also)) for also in item.also),
        ),
        span=Span(item.start, item.end),
        quote=item.quote,
        page=item.page,
        line_start=item.line_start,
        line_end=item.line_end,
        headings=item.headings,
        score=item.score,
        before=item.before,
        after=item.after,
        file_state=item.file_state,
        place=_place_in(item.place),
    )


def _evidence_out(item: Evidence, base: Path) -> EvidenceRecord:
    document = item.passage.document
    place = document.place_of(item.span)
    lines = item.lines and _file_lines(place, *item.lines)
    return EvidenceRecord(
        document=document.path,
        start=item.span.start,
        end=item.span.end,
        text=item.text,
        score=round(item.score, _DIGITS),
        ranks=dict(item.passage.ranks),
        label=item.label,
        path=seen_from(base, document.file),
        title=document.title,
        page=document.page_of(item.span.start),
        headings=item.passage.chunk.headings,
        scores={name: round(score, _DIGITS) for name, score in item.scores.items()},
        library=document.library,
        place=_place_out(place),
        line_start=lines[0] if lines else msgspec.UNSET,
        line_end=lines[1] if lines else msgspec.UNSET,
    )


def _evidence_in(item: EvidenceRecord, base: Path) -> Evidence:
    span = Span(item.start, item.end)
    # Fake page starts at 0, so that every offset is on the page of the citation.
    page = item.page or 0
    last = (item.place and item.place.last) or page
    pages = (0,) * page + (span.end - 1,) * (last - page if page else 0)
    document = replace(
        _document(item.document, item.path, item.title, base, pages),
        library=item.library,
        landmarks=_landmarks(span, item.place, item.page),
    )
    chunk = Chunk(
        id="",
        document_id=document.id,
        span=span,
        text=item.text,
        sentences=(span,),
        headings=item.headings,
    )
    return Evidence(
        label=item.label,
        span=span,
        text=item.text,
        passage=Passage(chunk=chunk, document=document, score=item.score, ranks=item.ranks),
        score=item.score,
        scores=item.scores,
        lines=_lines_in(item),
    )


def _lines_in(item: EvidenceRecord) -> tuple[int, int] | None:
    first, last = item.line_start, item.line_end
    if isinstance(first, msgspec.UnsetType) or isinstance(last, msgspec.UnsetType):
        return None
    return first, last


def _place_out(place: Place | None) -> PlaceRecord | None:
    return None if place is None else PlaceRecord(**asdict(place))


def _place_in(place: PlaceRecord | None) -> Place | None:
    if place is None:
        return None
    return Place(place.kind, place.number, place.name, place.last, place.quoted)


def _landmarks(span: Span, place: PlaceRecord | None, page: int | None) -> Landmarks:
    """Make landmarks with `place` at `span`, unless the page is enough."""
    if place is None or page is not None:
        return Landmarks()
    marks = [Landmark(0, Place(place.kind, place.number, place.name))]
    if place.last is not None:
        marks.append(Landmark(span.end - 1, Place(place.kind, place.last, place.name)))
    return Landmarks.of(marks)


def _document(
    path: str, found: str, title: str | None, base: Path, pages: tuple[int, ...] = ()
) -> Document:
    return Document(
        id=path,
        location=found,
        path=path,
        source="",
        file=_file(base, found),
        title=title,
        length=0,
        stamp=Stamp(0, 0, ""),
        pages=pages,
        language="",
    )


def _file(base: Path, found: str) -> str:
    return os.path.normpath(base / found)


def _also(document: Document, base: Path) -> tuple[str, ...]:
    return tuple(seen_from(base, copy.file) + copy.inside for copy in document.copies)


def _passage_out(item: Passage, base: Path, lines: Lines) -> dict[str, Any]:
    chunk, document = item.chunk, item.document
    line_start, line_end = lines(chunk.document_id, chunk.span)
    return {
        "document": document.path,
        "path": seen_from(base, document.file),
        "title": document.title,
        "library": document.library,
        "start": chunk.span.start,
        "end": chunk.span.end,
        "text": chunk.text,
        "page": document.page_of(chunk.span.start),
        "place": msgspec.to_builtins(_place_out(document.place_of(chunk.span))),
        "line_start": line_start,
        "line_end": line_end,
        "headings": list(chunk.headings),
        "score": round(item.score, _DIGITS),
        "ranks": dict(item.ranks),
        "scores": {name: round(score, _DIGITS) for name, score in item.scores.items()},
        "also": list(_also(document, base)),
    }
