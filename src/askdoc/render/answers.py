"""Answers and passages as lines of text, each with its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum

from rich.text import Text

from askdoc.ask import query
from askdoc.formats import Lines, unmatched
from askdoc.render.console import Page
from askdoc.render.layout import BLANK, flat, hang, head, line_limit, plain, tail
from askdoc.render.notices import STOPPED
from askdoc.render.places import also_in, file_name, heading_path
from askdoc.strings import CELL, one_line, unlabelled
from askdoc.types import (
    Answer,
    Citation,
    Claim,
    Disagreement,
    Document,
    Evidence,
    FileState,
    Kind,
    Passage,
    ShortAnswer,
    Status,
    Support,
)
from askdoc.types.places import name_place, place_suffix

_LIST_MARK = re.compile(r"\n[^\S\n]*(?:[-*+•–]|\d{1,3}[.)])[^\S\n]*$")
"""The mark of the list item that is quoted: it is not part of the sentence before."""

_ITEM = re.compile(r"\s*(?:[-*+•–]|\d{1,3}[.)])\s")
_DRAWN = re.compile(r"[-=+|:\s]*")
_FENCE = re.compile(r"^[^\S\n]*(?:`{3,}|~{3,})[^\n]*$", re.MULTILINE)
"""The lines around code in Markdown."""

_NEAREST = 3
_LINES = 3
"""About how many lines of each of these are shown in a terminal."""
_INDENT = "    "

_STATES = {
    FileState.CHANGED: "changed since it was indexed",
    FileState.MISSING: "the file is gone",
}
_SUPPORT = {
    Support.PARTIAL: "only partly supported",
    Support.UNSUPPORTED: "not supported",
}


class View(StrEnum):
    """How to show an answer.

    `CONTEXT`: each cited sentence once, between its neighbours. `BRIEF`: a line per claim with its
    places. `QUOTES`: the answer, then every quote.
    """

    CONTEXT = "context"
    BRIEF = "brief"
    QUOTES = "quotes"


def answer_lines(
    answer: Answer,
    page: Page,
    *,
    view: View = View.CONTEXT,
    lines: Lines | None = None,
    shown: int = 0,
) -> Iterator[Text]:
    """Lay out an answer with its sources, or say that the documents do not hold one.

    `lines` finds the lines of evidence that no citation has located. The first `shown` claims are
    printed already.
    """
    if answer.status is Status.ABSTAINED:
        yield from _abstention(answer, page, lines, nearest=0 if view is View.BRIEF else _NEAREST)
        return
    if view is View.BRIEF:
        yield from (_brief(claim, answer, page) for claim in answer.claims)
        return
    if answer.status is Status.UNSURE:
        yield Text("Not sure, the closest is:", style="faint")
        yield BLANK
    if answer.short is not None:
        short = flat(answer.short.text, "short").append(f" [{answer.short.label}]", style="label")
        yield hang(short, page)
        yield BLANK
    parts = [[hang(claim_text(claim), page)] for claim in _claims_to_show(answer, view)[shown:]]
    if parts and not page.width:  # a pipe gets the claims as one block
        parts = [[line for part in parts for line in part]]
    parts += [list(_citation(one, page, view, answer.short)) for one in answer.citations]
    for number, part in enumerate(parts, start=shown):
        if number:
            yield BLANK
        yield from part


def _claims_to_show(answer: Answer, view: View) -> Sequence[Claim]:
    """List the claims to print on their own: those that are not the very sentence they cite."""
    quotes = {citation.label: one_line(citation.quote) for citation in answer.citations}
    if view is View.CONTEXT and all(
        [quotes[label] for label in claim.citations] == [claim.text] for claim in answer.claims
    ):
        return ()
    return answer.claims


def _brief(claim: Claim, answer: Answer, page: Page) -> Text:
    """Write a claim in one line, with its places in brackets."""
    cited = [citation for citation in answer.citations if citation.label in claim.citations]
    places = Text("; ").join(citation_title(citation, page) for citation in cited)
    text = flat(unlabelled(claim.text)).append(" [").append_text(places).append("]")
    first = Text("not sure: ", style="faint") if answer.status is Status.UNSURE else ""
    return hang(_with_support(text, claim), page, first=first, rest="")


def passage_lines(
    passages: Sequence[Passage],
    page: Page,
    *,
    lines: Lines | None = None,
    marked: Callable[[str], Iterable[tuple[int, int]]] | None = None,
) -> Iterator[Text]:
    """Lay out passages, best first, each with its place and its whole text.

    `marked` finds the ranges of a text to highlight.
    """
    for number, passage in enumerate(passages, start=1):
        if number > 1:
            yield BLANK
        where = _where(passage, lines)
        label = Text(f"{number:>2}. ", style="label")
        yield hang(_header(passage, where, page), page, first=label)
        yield from _also(passage.document, page)
        yield from _headings(passage.document.title, passage.chunk.headings, page)
        for body in _bodies(passage, page):
            for start, end in marked(body.plain) if marked else ():
                body.stylize("match", start, end)
            yield hang(body, page, first=_INDENT)


def _bodies(passage: Passage, page: Page) -> Iterator[Text]:
    """Yield the text of a passage in a pipe, and its paragraphs and lines of code in a terminal."""
    chunk = passage.chunk
    if not page.width:
        yield flat(chunk.text)
        return
    for text, is_code in _by_code(chunk.text, chunk.span.start, passage.document):
        yield from (plain(text),) if is_code else map(flat, _paragraphs(text))


def _by_code(text: str, start: int, document: Document) -> Iterator[tuple[str, bool]]:
    """Yield each line of code, with True, and the text between them without marks around code."""
    between = ""
    for line in text.splitlines(keepends=True):
        at = start + len(line) - len(line.lstrip())
        if line.strip() and document.structure.kind_at(at) is Kind.CODE:
            if between.strip():
                yield between, False
            between = ""
            yield line.rstrip().expandtabs(4), True
        else:
            between += _FENCE.sub("", line)
        start += len(line)
    if between.strip():
        yield between, False


def _paragraphs(text: str) -> Iterator[str]:
    """Split the text of a passage into paragraphs, list items and rows of tables.

    Lines that only draw a table or an underline are left out.
    """
    paragraph: list[str] = []
    for line in text.splitlines():
        begins = _ITEM.match(line) or CELL in line or _DRAWN.fullmatch(line)
        if paragraph and (begins or CELL in paragraph[-1]):
            yield " ".join(paragraph)
            paragraph = []
        if not _DRAWN.fullmatch(line):
            paragraph.append(line.strip(" |") if CELL in line else line)
    if paragraph:
        yield " ".join(paragraph)


def notes(answer: Answer) -> Iterator[str]:
    """Return notes: an incomplete index, a repaired question, missing numbers, changed files."""
    if answer.incomplete and answer.claims:  # the reason of a refusal says so itself
        yield STOPPED
    if answer.searched is not None:
        yield from _searched(answer.question, answer.searched)
    if numbers := unmatched(answer):
        listed = " and ".join(f"“{number}”" for number in numbers)
        subject = f"{listed} is" if len(numbers) == 1 else f"{listed} are"
        yield f"{subject} neither in the cited sentences nor beside them"
    stale = {
        citation.document.id
        for citation in answer.citations
        if citation.file_state is not FileState.CURRENT
    }
    if stale:
        subject = "one cited file is" if len(stale) == 1 else f"{len(stale)} cited files are"
        yield f"{subject} no longer as indexed; run `askdoc index` to update the index"


def told_apart(pair: Disagreement) -> str:
    """Return the note that two citations give different values."""
    first, second = f"[{pair.first}] says “{pair.one}”", f"[{pair.second}] says “{pair.other}”"
    return f"the sources disagree: {first}, {second}"


def _searched(question: str, searched: str) -> Iterator[str]:
    """Return the repaired question, and phrases in quotation marks that are in no passage."""
    if phrases := query.lost(question, searched):
        listed = " and ".join(f"“{phrase}”" for phrase in phrases)
        together, their = ("", "its") if len(phrases) == 1 else (" together", "their")
        yield (
            f"no passage has {listed}{together}; "
            f"askdoc searched for {their} words instead: {searched}"
        )
        return
    yield f"searched for: {searched}  (put a word in quotation marks to keep it as it is)"


def claim_text(claim: Claim) -> Text:
    """Write a claim with its labels, and say where its sources do not support it."""
    text = flat(unlabelled(claim.text))
    for label in claim.citations:
        text.append(" ").append(f"[{label}]", style="label")
    return _with_support(text, claim)


def _with_support(text: Text, claim: Claim) -> Text:
    if claim.support in _SUPPORT:
        text.append(f" ({_SUPPORT[claim.support]})", style="warning")
    return text


def _citation(
    citation: Citation, page: Page, view: View, short: ShortAnswer | None
) -> Iterator[Text]:
    """Show a place, and the sentence behind a bar between what stands before and after it."""
    label = Text(f"[{citation.label}] ", style="label")
    yield hang(citation_title(citation, page), page, first=label, rest=_INDENT)
    yield from _also(citation.document, page)
    limit = line_limit(page) if view is View.CONTEXT else 2 * line_limit(page)
    if path := heading_path(citation.document.title, citation.headings):
        shown = tail(path, limit) if view is View.CONTEXT and page.width else path
        yield hang(Text(shown, style="faint"), page, first=_INDENT)
    if before := tail(_LIST_MARK.sub("", citation.before), limit):
        yield hang(Text(before, style="faint"), page, first=_INDENT)
    bar = Text.assemble("  ", ("│" if page.width else ">", "bar"), " ")
    for quote in _quotes(citation, page):
        if short is not None and short.label == citation.label:
            at = quote.plain.find(short.text)
            if at >= 0:
                quote.stylize("short", at, at + len(short.text))
        yield hang(quote, page, first=bar, rest=bar)
    if after := head(citation.after, limit):
        yield hang(Text(after, style="faint"), page, first=_INDENT)


def _quotes(citation: Citation, page: Page) -> Iterator[Text]:
    """Yield a quote as one paragraph, but in a terminal each line of code on its own."""
    if not page.width:
        yield flat(citation.quote, "quote")
        return
    for text, is_code in _by_code(citation.quote, citation.span.start, citation.document):
        yield plain(text, "quote") if is_code else flat(text, "quote")


def citation_title(citation: Citation, page: Page) -> Text:
    """Name the file of a citation and the place in it."""
    title = file_name(citation.document, page)
    title.append(place_suffix(citation.place, citation.line_start, citation.line_end))
    if citation.file_state in _STATES:
        title.append(f" ({_STATES[citation.file_state]})", style="warning")
    return title


def _also(document: Document, page: Page) -> Iterator[Text]:
    if also := also_in(document, page):
        yield hang(Text(also, style="faint"), page, first=_INDENT)


def _abstention(answer: Answer, page: Page, lines: Lines | None, *, nearest: int) -> Iterator[Text]:
    assert answer.reason is not None  # noqa: S101 - an abstained answer always has its reason
    message = answer.reason.message
    yield hang(flat(f"{message[:1].upper()}{message[1:]}."), page)
    shown = answer.evidence[:nearest]
    if not shown:
        return
    yield BLANK
    yield Text("Nearest in the documents:", style="faint")
    for number, item in enumerate(shown, start=1):
        yield BLANK
        where = _where_evidence(item, lines)
        # A session can show and open each by its number.
        first = Text(f"{number:>2}. ", style="label") if page.in_session else "  - "
        yield hang(_header(item.passage, where, page), page, first=first)
        yield from _headings(item.passage.document.title, item.passage.chunk.headings, page)
        text = head(item.text, _LINES * line_limit(page)) if page.width else item.text
        yield hang(flat(text), page, first=_INDENT)


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
