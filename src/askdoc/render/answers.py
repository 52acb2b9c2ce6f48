"""Answers and passages as lines of text: what was found first, then where it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.text import Text

from askdoc.ask import query
from askdoc.formats import Lines, unmatched
from askdoc.render.console import Page
from askdoc.render.layout import BLANK, context_limit, flat, hang, head, tail
from askdoc.render.places import also_in, file_name, heading_path
from askdoc.strings import unlabelled
from askdoc.types import (
    Answer,
    Citation,
    Claim,
    Disagreement,
    Document,
    Evidence,
    FileState,
    Passage,
    Status,
    Support,
)
from askdoc.types.places import name_place, place_suffix

_LIST_MARK = re.compile(r"\n[^\S\n]*(?:[-*+•–]|\d{1,3}[.)])[^\S\n]*$")
"""What begins an item of a list; before the item that is quoted, it is no context."""

_NEAREST = 3
_INDENT = "    "

_STATES = {
    FileState.CHANGED: "changed since it was indexed",
    FileState.MISSING: "the file is gone",
}
_SUPPORT = {
    Support.PARTIAL: "only partly supported",
    Support.UNSUPPORTED: "not supported",
}


def answer_lines(
    answer: Answer, page: Page, *, lines: Lines | None = None, said: int = 0
) -> Iterator[Text]:
    """Lay out an answer with its sources, or the calm news that there is none.

    `lines` finds the lines of evidence that no citation has located. The first `said` claims have
    been printed already.
    """
    if answer.status is Status.ABSTAINED:
        yield from _abstention(answer, page, lines)
        return
    for number, claim in enumerate(answer.claims[said:], start=said):
        if number and page.width:
            yield BLANK
        yield hang(claim_text(claim), page)
    for citation in answer.citations:
        yield BLANK
        yield from _citation(citation, page)


def passage_lines(
    passages: Sequence[Passage], page: Page, *, lines: Lines | None = None
) -> Iterator[Text]:
    """Lay out passages, best first, each with its place and its whole text."""
    for number, passage in enumerate(passages, start=1):
        if number > 1:
            yield BLANK
        where = _where(passage, lines)
        label = Text(f"{number:>2}. ", style="label")
        yield hang(_header(passage, where, page), page, first=label)
        yield from _also(passage.document, page)
        yield from _headings(passage.document.title, passage.chunk.headings, page)
        yield hang(flat(passage.chunk.text), page, first=_INDENT)


def notes(answer: Answer) -> Iterator[str]:
    """Say what a reader should know of an answer: a question that was repaired, stale sources."""
    if answer.searched is not None:
        yield from _searched(answer.question, answer.searched)
    if numbers := unmatched(answer):
        told = " and ".join(f"“{number}”" for number in numbers)
        subject = f"{told} is" if len(numbers) == 1 else f"{told} are"
        yield f"{subject} neither in what is cited nor in the sentences beside it"
    stale = {
        citation.document.id
        for citation in answer.citations
        if citation.file_state is not FileState.CURRENT
    }
    if stale:
        subject = "one cited file is" if len(stale) == 1 else f"{len(stale)} cited files are"
        yield f"{subject} no longer as indexed; run `askdoc index` to bring the index up to date"


def told_apart(pair: Disagreement) -> str:
    """Say that two citations give different values."""
    first, second = f"[{pair.first}] says “{pair.one}”", f"[{pair.second}] says “{pair.other}”"
    return f"the sources disagree: {first}, {second}"


def _searched(question: str, searched: str) -> Iterator[str]:
    """Say what was searched for, and which phrases in quotation marks stand nowhere."""
    if phrases := query.lost(question, searched):
        told = " and ".join(f"“{phrase}”" for phrase in phrases)
        together, their = ("", "its") if len(phrases) == 1 else (" together", "their")
        yield (
            f"no passage that was to be searched holds {told}{together}; "
            f"{their} words were searched for instead: {searched}"
        )
        return
    yield f"searched for: {searched}  (put a word in quotation marks to keep it as it is)"


def claim_text(claim: Claim) -> Text:
    """Write a claim with its labels, and what the check found wanting."""
    text = flat(unlabelled(claim.text))
    for label in claim.citations:
        text.append(" ").append(f"[{label}]", style="label")
    if claim.support in _SUPPORT:
        text.append(f" ({_SUPPORT[claim.support]})", style="warning")
    return text


def _citation(citation: Citation, page: Page) -> Iterator[Text]:
    title = file_name(citation.document, page)
    title.append(place_suffix(citation.place, citation.line_start, citation.line_end))
    if citation.file_state in _STATES:
        title.append(f" ({_STATES[citation.file_state]})", style="warning")
    yield hang(title, page, first=Text(f"[{citation.label}] ", style="label"), rest=_INDENT)
    yield from _also(citation.document, page)
    yield from _headings(citation.document.title, citation.headings, page)
    yield from _quote(citation, page)


def _also(document: Document, page: Page) -> Iterator[Text]:
    if also := also_in(document, page):
        yield hang(Text(also, style="faint"), page, first=_INDENT)


def _quote(citation: Citation, page: Page) -> Iterator[Text]:
    """Show the sentence behind a bar, between what stands before and after it."""
    limit = context_limit(page)
    if before := tail(_LIST_MARK.sub("", citation.before), limit):
        yield hang(Text(before, style="faint"), page, first=_INDENT)
    bar = Text.assemble("  ", ("│" if page.width else ">", "bar"), " ")
    yield hang(flat(citation.quote, "quote"), page, first=bar, rest=bar)
    if after := head(citation.after, limit):
        yield hang(Text(after, style="faint"), page, first=_INDENT)


def _abstention(answer: Answer, page: Page, lines: Lines | None) -> Iterator[Text]:
    assert answer.reason is not None  # noqa: S101 - an abstained answer always has its reason
    message = answer.reason.message
    yield hang(flat(f"{message[:1].upper()}{message[1:]}."), page)
    nearest = answer.evidence[:_NEAREST]
    if not nearest:
        return
    yield BLANK
    yield Text("Nearest in the documents:", style="faint")
    for number, item in enumerate(nearest, start=1):
        yield BLANK
        where = _where_evidence(item, lines)
        # A session can show and open each by its number.
        first = Text(f"{number:>2}. ", style="label") if page.in_session else "  - "
        yield hang(_header(item.passage, where, page), page, first=first)
        yield from _headings(item.passage.document.title, item.passage.chunk.headings, page)
        yield hang(flat(item.text), page, first=_INDENT)


def _headings(title: str | None, headings: Sequence[str], page: Page) -> Iterator[Text]:
    if path := heading_path(title, headings):
        yield hang(Text(path, style="faint"), page, first=_INDENT)


def _header(passage: Passage, where: str, page: Page) -> Text:
    title = file_name(passage.document, page)
    return title.append(f", {where}") if where else title


def _where(passage: Passage, lines: Lines | None) -> str:
    span, document = passage.chunk.span, passage.document
    first, last = lines(document.id, span) if lines else (None, None)
    return name_place(document.place_of(span), first, last)


def _where_evidence(item: Evidence, lines: Lines | None) -> str:
    document = item.passage.document
    first, last = item.lines or (lines(document.id, item.span) if lines else (None, None))
    return name_place(document.place_of(item.span), first, last)
