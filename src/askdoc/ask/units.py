"""Cuts passages into units of evidence: what is judged, what a citation of it shows, what is above.

A unit is judged by one sentence, its core. What a person needs to read that sentence is shown with
it: a lead-in with the list or code that follows, code with its description, a question with its
answer, a table row whole. Headings and titles are context and no units of their own. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from askdoc.ask.retrieve import FIELD
from askdoc.strings import folded
from askdoc.text.values import states_a_day
from askdoc.types import Block, Chunk, Kind, Passage, Span

LONGEST, MOST_LINES = 600, 12
"""Characters and lines that a citation shows at most, unless its core alone has more."""

_OPEN = re.compile(r"[:：﹕][\W_]*\Z")
"""How a lead-in ends."""

_ASKS = re.compile(r"[?？؟][\W_]*\Z")
_LABEL = re.compile(r"\A[*_]{0,2}\w+[*_]{0,2}:\s+")
"""What stands before the title in the head of a document: `Subject:`, `title:`."""

_CELL = re.compile(r"\S+(?: {1,2}\S+)*")
"""A cell in a row of a page, which has only white space between its cells."""

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_DIGIT = re.compile(r"\d")
_BLANK_LINE = re.compile(r"\n[ \t]*\r?\n")
_MARKS = re.compile(r"[\W_]+")

_TOGETHER = frozenset((Kind.CODE, Kind.ROW, Kind.FIELD))
"""Kinds of blocks that are shown whole."""

_LED = frozenset((Kind.CODE, Kind.ITEM, Kind.QUOTE, Kind.ROW))
"""Kinds of blocks that a lead-in announces."""

_ANSWERS = 2
"""Sentences after a question that are shown with it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One piece of evidence: `core` is judged, `span` is shown, both in the passage's document.

    `lead` is the sentence that announces it, such as the lead-in of a list or the description of a
    command; empty where there is none. `opens` tells that the core itself announces what follows.
    """

    passage: Passage
    core: Span
    span: Span
    kind: Kind
    lead: str = ""
    opens: bool = False

    @property
    def text(self) -> str:
        """The words of the core."""
        return self.passage.chunk.sentence(self.core)


@dataclass(frozen=True, slots=True)
class _Part:
    """A sentence of a passage, its kind, and the block that it stands in.

    `indent` is the column of the line that its list item begins in. `heads` tells that it names
    what stands below it: an item with items of its own, a term with its description. `ends` tells
    that its paragraph ends with it.
    """

    span: Span
    text: str
    kind: Kind
    block: Block | None
    indent: int | None = None
    heads: bool = False
    ends: bool = True

    @property
    def opens(self) -> bool:
        return self.heads or (self.kind not in _TOGETHER and bool(_OPEN.search(self.text)))

    @property
    def asks(self) -> bool:
        return self.kind not in _TOGETHER and bool(_ASKS.search(self.text))


def units(passages: Sequence[Passage]) -> list[Unit]:
    """List the units of the passages, each core once.

    A core that two passages share is taken from the one that shows more, then the better. A heading
    is a unit where it states a date and is not the title, or where there are only headings.
    """
    found: dict[tuple[str, Span], Unit] = {}
    for passage in passages:
        for unit in _units(passage):
            key = (passage.document.id, unit.core)
            if key not in found or _preferred(unit, found[key]):
                found[key] = unit
    evidence = [one for one in found.values() if one.kind is not Kind.HEADING or _is_dated(one)]
    return evidence or list(found.values())


def _is_dated(heading: Unit) -> bool:
    """Tell whether a heading, other than the title, states a date."""
    title = _plain(heading.passage.document.title or "")
    return _plain(heading.text) != title and states_a_day(heading.text)


def _preferred(one: Unit, other: Unit) -> bool:
    if FIELD in one.passage.scores:
        return True
    if len(one.span) != len(other.span):
        return len(one.span) > len(other.span)
    return one.passage.score > other.passage.score


def _units(passage: Passage) -> Iterator[Unit]:
    parts = _parts(passage)
    lead: int | None = None
    for at, part in enumerate(parts):
        if lead is not None and not _continues(parts, lead, at):
            lead = None
        if lead is None and _describes(parts, at - 1, at):
            lead = at - 1
        over = (lead, _parent(parts, at), _head_of_table(parts, at))
        above = [one for one in dict.fromkeys(over) if one is not None]
        announced = " ".join(parts[one].text for one in above)
        shown = _shown(parts, at, max(above, default=None))
        yield Unit(passage, part.span, shown, part.kind, announced, part.opens or part.asks)
        if part.opens or part.asks:
            lead = at


def _parent(parts: Sequence[_Part], at: int) -> int | None:
    """Find the first sentence of the list item that the one at `at` belongs to or stands below."""
    part = parts[at]
    if part.kind is not Kind.ITEM or part.indent is None:
        return None
    for before in range(at - 1, -1, -1):
        other = parts[before]
        if other.kind not in (Kind.ITEM, Kind.CODE, Kind.QUOTE):
            return None
        begins = not before or not _same_block(parts[before - 1], other)
        if other.indent is None or not begins:
            continue
        if _same_block(other, part) or _is_below(part, other):
            return before
    return None


def _head_of_table(parts: Sequence[_Part], at: int) -> int | None:
    """Find the line with the names of the columns above a row of figures.

    That is the first line of a table whose cells have no names of their own, if its only figures
    are years.
    """
    first = at
    while first and parts[first - 1].kind is Kind.ROW:
        first -= 1
    if first == at or parts[at].kind is not Kind.ROW or not _DIGIT.search(parts[at].text):
        return None
    head = parts[first].text
    are_plain = len(plain_cells(head)) > 1 and len(plain_cells(parts[at].text)) > 1
    return first if are_plain and not _DIGIT.search(_YEAR.sub("", head)) else None


def plain_cells(row: str) -> list[Span]:
    """List the cells of a row of a page, which stand apart by white space alone."""
    return [Span(*cell.span()) for cell in _CELL.finditer(row)]


def _is_below(part: _Part, other: _Part) -> bool:
    """Tell whether a list item is indented more than another."""
    return part.indent is not None and other.indent is not None and part.indent > other.indent


def _parts(passage: Passage) -> list[_Part]:
    """Tell the kind of each sentence; one that repeats the title or the heading is a heading."""
    chunk, document = passage.chunk, passage.document
    titles = {_plain(text) for text in (document.title or "", *chunk.headings)} - {""}
    parts = []
    for span in chunk.sentences:
        text = chunk.sentence(span)
        block = document.structure.block_at(span.start)
        kind = block.kind if block else Kind.PROSE
        if kind in (Kind.PROSE, Kind.FIELD) and _plain(_LABEL.sub("", text)) in titles:
            kind = Kind.HEADING
        indent = _indent(passage.chunk, block) if block and kind is Kind.ITEM else None
        parts.append(_Part(span, text, kind, block, indent))
    return [
        replace(part, heads=_heads(chunk, part, after), ends=_ends(chunk, part, after))
        for part, after in zip(parts, [*parts[1:], None], strict=True)
    ]


def _heads(chunk: Chunk, part: _Part, after: _Part | None) -> bool:
    """Tell whether a list item names what stands in the lines below it, which are indented."""
    if part.kind is not Kind.ITEM or after is None or after.kind is not Kind.ITEM:
        return False
    if not _same_block(part, after):
        return _is_below(after, part)
    begins = part.block is not None and part.block.span.start == part.span.start
    return begins and "\n" in chunk.sentence(Span(part.span.end, after.span.start))


def _ends(chunk: Chunk, part: _Part, after: _Part | None) -> bool:
    """Tell whether a paragraph ends with a sentence of it."""
    if after is None or after.kind is not part.kind:
        return True
    return bool(_BLANK_LINE.search(chunk.sentence(Span(part.span.end, after.span.start))))


def _indent(chunk: Chunk, block: Block) -> int | None:
    """Count the blanks before the line that a block begins in; None where that is not here."""
    start = block.span.start - chunk.span.start
    begins = chunk.text.rfind("\n", 0, start) + 1 if start > 0 else 0
    if not begins and block.span.start:
        return None
    line = chunk.text[begins:]
    return len(line) - len(line.lstrip(" \t"))


def _plain(text: str) -> str:
    return _MARKS.sub(" ", folded(text)).strip()


def _continues(parts: Sequence[_Part], lead: int, at: int) -> bool:
    """Tell whether the sentence at `at` still belongs to what is announced at `lead`."""
    part, first = parts[at], parts[lead + 1]
    if part.kind in (Kind.HEADING, Kind.CAPTION):
        return False
    if first.kind in _LED:
        if part.kind is Kind.ITEM and parts[lead].indent is not None:
            return _same_block(part, parts[lead]) or _is_below(part, parts[lead])
        return part.kind is first.kind
    return part.kind is first.kind and at - lead <= (_ANSWERS if parts[lead].asks else 1)


def _describes(parts: Sequence[_Part], before: int, at: int) -> bool:
    """Tell whether a sentence describes the code that follows it."""
    if before < 0 or parts[at].kind is not Kind.CODE:
        return False
    return parts[before].kind in (Kind.PROSE, Kind.ITEM)


def _shown(parts: Sequence[_Part], at: int, lead: int | None) -> Span:
    """Return what is shown of the sentence at `at`, within the limits."""
    part = parts[at]
    first = last = at
    if part.opens or part.asks:
        end = at + 1
        while end < len(parts) and _continues(parts, at, end):
            last = end
            end += 1
    elif part.kind in _TOGETHER:
        while last + 1 < len(parts) and _same_block(parts[last + 1], part):
            last += 1
        while first and _same_block(parts[first - 1], part):
            first -= 1
    elif code := _announced_code(parts, at):
        last = code
    if lead is not None:
        first = min(first, lead)
    return _within_limits(parts, first, at, last)


def _announced_code(parts: Sequence[_Part], at: int) -> int | None:
    """Find the end of the code that the paragraph of the sentence at `at` announces, if any.

    The paragraph says what the code is for, and only its last sentence is the lead-in.
    """
    last = at
    while not parts[last].ends:
        last += 1
    after = last + 1
    if parts[at].kind is not Kind.PROSE or not parts[last].opens or after == len(parts):
        return None
    if parts[after].kind is not Kind.CODE:
        return None
    while after + 1 < len(parts) and _same_block(parts[after + 1], parts[after]):
        after += 1
    return after


def _same_block(one: _Part, other: _Part) -> bool:
    return one.block is not None and one.block == other.block


def _within_limits(parts: Sequence[_Part], first: int, at: int, last: int) -> Span:
    """Shorten at the end, then at the beginning, until it fits; the core always stays."""
    while last > at and not _fits(parts, first, last):
        last -= 1
    while first < at and not _fits(parts, first, last):
        first += 1
    return Span(parts[first].span.start, parts[last].span.end)


def _fits(parts: Sequence[_Part], first: int, last: int) -> bool:
    lines = sum(part.text.count("\n") + 1 for part in parts[first : last + 1])
    length = parts[last].span.end - parts[first].span.start
    return length <= LONGEST and lines <= MOST_LINES
