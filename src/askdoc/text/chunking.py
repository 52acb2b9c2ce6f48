"""Splits the text of a document into sentences, and joins sentences to chunks.

Pure: sentence splitter and token counter are arguments.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import PurePosixPath

from askdoc.strings import CELL, searchable
from askdoc.types import Block, Chunk, Kind, Reading, Section, Span, Structure

_MOST_ITEMS = 500
"""Items of a list that are looked at above and below an item; each passage does."""

_LONGEST_LABEL, _WIDEST = 120, 200
"""Characters of what a row or an item is called, where it is repeated; those of an indentation."""

LONGEST = 256_000
"""Characters that the blocks of a part span at most; a longer block is cut."""

_LONGEST_NAME = 300
"""Characters of a title, an author or a heading that passages carry; each passage repeats them."""

_DEEPEST = 12
"""Headings that a passage carries, the innermost of them; a file can nest thousands."""

_CHARACTERS = 12
"""Characters that a chunk may have for each of its tokens. Words have about five, but a tokeniser
takes any run of letters that it does not know for one token."""


def windows(reading: Reading) -> Iterator[Reading]:
    """Cut a reading into parts of bounded length; together they are the reading.

    A part ends with a block. Only a block that is longer than a part is cut, at white space.

    Pages, landmarks and fields of the document are in the first part only. A section is in the part
    where it starts; a block of the structure is in every part that it overlaps.
    """
    pieces = [piece for block in reading.blocks for piece in _cut_long(reading, block, LONGEST)]
    runs = list(_runs(pieces)) or [()]
    starts = [reading.origin, *(run[0].start for run in runs[1:]), reading.end]
    blocks = reading.structure.blocks  # unpacked once for all parts
    section_starts = [section.start for section in reading.sections]
    for number, run in enumerate(runs):
        start, end = starts[number], starts[number + 1]
        text = reading.cut(Span(start, end))
        last = number == len(runs) - 1
        first_section = bisect_left(section_starts, start)
        last_section = len(section_starts) if last else bisect_left(section_starts, end)
        sections = reading.sections[first_section:last_section]
        structure = _within(blocks, start, end)
        if number == 0:
            yield replace(reading, text=text, blocks=run, sections=sections, structure=structure)
        else:
            yield Reading(text, run, sections=sections, origin=start, structure=structure)


def _within(blocks: Sequence[Block], start: int, end: int) -> Structure:
    """Return the blocks between two offsets, clipped to them."""
    first = bisect_right(blocks, start, key=lambda block: block.span.end)
    last = bisect_left(blocks, end, key=lambda block: block.span.start)
    return Structure(
        tuple(
            Block(Span(max(start, block.span.start), min(end, block.span.end)), block.kind)
            for block in blocks[first:last]
        )
    )


def joined(parts: Iterator[Reading]) -> Iterator[Reading]:
    """Yield each part of a document with what the parts before it say of it.

    That is title, pages and landmarks, and the headings under which it begins. What each passage
    repeats of that is shortened.
    """
    head: Reading | None = None
    above: Sequence[Section] = ()
    for part in map(_shortened, parts):
        if head is None:
            head = part
        else:
            part = replace(  # noqa: PLW2901 - the same part, made whole
                part,
                title=head.title,
                pages=part.pages or head.pages,
                landmarks=part.landmarks or head.landmarks,
                sections=(*above, *part.sections),
            )
        above = open_sections(part.sections)
        yield part


def _shortened(part: Reading) -> Reading:
    """Shorten title, author and headings."""
    return replace(
        part,
        title=part.title and part.title[:_LONGEST_NAME],
        author=part.author and part.author[:_LONGEST_NAME],
        sections=tuple(
            section
            if len(section.title) <= _LONGEST_NAME
            else replace(section, title=section.title[:_LONGEST_NAME])
            for section in part.sections
        ),
    )


def open_sections(sections: Sequence[Section]) -> tuple[Section, ...]:
    """List the sections that are open at the end, outermost first."""
    path: list[Section] = []
    for section in sections:
        _open(path, section)
    return tuple(path)


def _open(path: list[Section], section: Section) -> None:
    """Add a section to those that are open; it closes those that are not above it."""
    while path and path[-1].level >= section.level:
        path.pop()
    path.append(section)


def _runs(blocks: Sequence[Span]) -> Iterator[tuple[Span, ...]]:
    first = 0
    for number, block in enumerate(blocks):
        if block.end - blocks[first].start > LONGEST and number > first:
            yield tuple(blocks[first:number])
            first = number
    if blocks:
        yield tuple(blocks[first:])


_NUMBER = re.compile(
    r"""(?:
        [^\W\d_]+ \s+ (?: \d{1,3} | [IVX]{1,5} ) [.]
        | [(§]* \s* (?: \d{1,3} (?: \.\d{1,3} ){0,4} | [IVX]{1,5} ) [.)]
    )""",
    re.VERBOSE,
)
"""The number of a heading or list item: `3.`, `2.1.`, `IV.`, `Chapter 4.`"""

_BETWEEN_CELLS = re.compile(re.escape(CELL)).finditer
_BLANKS = re.compile(r"(?<=\S)\s+(?=\S)").finditer

_VISIBLE = re.compile(r"\S")

_BETWEEN_WORDS = re.compile(r"[\W_]+|(?<=[a-z])(?=[A-Z])")

Split = Callable[[str, str], Sequence[str]]
"""Splits a text of a language (ISO 639-1) into sentences that concatenate to the text."""

CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class Budget:
    """The size of chunks: most tokens of the embedder, and the overlap in sentences."""

    tokens: int
    overlap: int = 1

    @property
    def characters(self) -> int:
        """How many characters a chunk may have, whatever a tokeniser makes of them."""
        return self.tokens * _CHARACTERS


def sentence_spans(reading: Reading, split: Split, language: str) -> list[Span]:
    """List the sentences of a reading in order, without surrounding white space.

    No sentence crosses a block, a page break or the start of a slide. The number at the start of a
    block is not a sentence, although a full stop may follow it.
    """
    spans: list[Span] = []
    for block in _cut(reading.blocks, reading.breaks()):
        position = block.start
        for piece in _numbered(split(reading.cut(block), language)):
            start = position + len(piece) - len(piece.lstrip())
            end = position + len(piece.rstrip())
            if start < end:
                spans.append(Span(start, end))
            position += len(piece)
    return spans


def _numbered(pieces: Sequence[str]) -> Sequence[str]:
    """Join the number that a block begins with to what it numbers."""
    if len(pieces) > 1 and _NUMBER.fullmatch(pieces[0].strip()):
        return [pieces[0] + pieces[1], *pieces[2:]]
    return pieces


def _cut(blocks: Sequence[Span], breaks: Sequence[int]) -> Iterator[Span]:
    for block in blocks:
        start = block.start
        for cut in breaks[bisect_right(breaks, block.start) : bisect_right(breaks, block.end - 1)]:
            yield Span(start, cut)
            start = cut
        yield Span(start, block.end)


def chunk(
    reading: Reading,
    sentences: Sequence[Span],
    document_id: str,
    *,
    budget: Budget,
    count_tokens: CountTokens,
) -> list[Chunk]:
    """Join neighbouring sentences into chunks of at most `budget.tokens` tokens.

    A chunk ends at the end of a section, page or slide. Consecutive chunks of a section share
    `budget.overlap` sentences. A sentence over the budget is first cut at white space, because the
    embedder would ignore its end.
    """
    fitting, tokens = _fit(reading, sentences, budget, count_tokens)
    section_starts = [section.start for section in reading.sections]
    breaks, blocks = reading.breaks(), reading.structure.blocks
    chunks: list[Chunk] = []
    above: list[Section] = []
    seen = first = 0
    while first < len(fitting):
        home = _home(fitting[first], section_starts, breaks)
        label, end = _label(reading, blocks, fitting[first].start)
        last, total = first + 1, tokens[first]
        while (
            last < len(fitting)
            and fitting[last].start < end
            and total + tokens[last] <= budget.tokens
            and fitting[last].end - fitting[first].start <= budget.characters
            and _home(fitting[last], section_starts, breaks) == home
        ):
            total += tokens[last]
            last += 1
        for section in reading.sections[seen : home[0]]:
            _open(above, section)
        seen = home[0]
        headings = [section.title for section in above[-_DEEPEST:]]
        headings += [label] if label else []
        chunks.append(_make(reading, fitting[first:last], document_id, tuple(headings)))
        # Chunks overlap only within a section: across its end they would mix two subjects.
        ends_home = (
            last == len(fitting)
            or fitting[last].start >= end
            or _home(fitting[last], section_starts, breaks) != home
        )
        first = last if ends_home else max(last - budget.overlap, first + 1)
    return chunks


def passage_text(title: str | None, headings: Sequence[str], text: str) -> str:
    """Return a chunk's text with title and headings before it, for embedding and search.

    A chunk such as "It was founded in 1911." is then found by the name in its heading.
    """
    context = list(dict.fromkeys(part for part in (title, *headings) if part))
    text = searchable(text)
    return f"{' > '.join(context)}\n{text}" if context else text


def sentence_places(passage: str, chunk: Chunk) -> list[Span]:
    """Return the spans of the chunk's sentences in the result of `passage_text`."""
    text, origin = chunk.text, chunk.span.start
    if text.isascii():  # `searchable` leaves it as it is: all offsets move by the same amount
        offset = len(passage) - len(text)
        offset -= origin
        return [Span(span.start + offset, span.end + offset) for span in chunk.sentences]
    offset = len(passage) - len(searchable(text))

    def place(position: int) -> int:
        return offset + len(searchable(text[: position - origin]))

    return [Span(place(span.start), place(span.end)) for span in chunk.sentences]


def lexical_text(
    path: str,
    title: str | None,
    headings: Sequence[str],
    text: str,
    *,
    author: str | None = None,
) -> str:
    """Return `passage_text` with the file's name and author before it, for the full text.

    A file is often named after its subject, which its text then calls "it". Vectors leave out the
    name, so that a renamed file keeps them, and the author, which all passages share.
    """
    by = f"{author}\n" if author else ""
    return f"{name_words(path)}\n{by}{passage_text(title, headings, text)}"


def name_words(path: str) -> str:
    """List the words of a file's name, without its suffix, ids and numbers."""
    name = PurePosixPath(path).stem
    return " ".join(word for word in _BETWEEN_WORDS.split(name) if word.isalpha())


def chunk_id(document_id: str, span: Span, text: str) -> str:
    """Hash the document, the place and the words to the id of a chunk."""
    key = f"{document_id}\0{span.start}\0{span.end}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(key, digest_size=16).hexdigest()


def _make(
    reading: Reading, sentences: Sequence[Span], document_id: str, headings: tuple[str, ...]
) -> Chunk:
    span = Span(sentences[0].start, sentences[-1].end)
    text = reading.cut(span)
    return Chunk(
        id=chunk_id(document_id, span, passage_text(reading.title, headings, text)),
        document_id=document_id,
        span=span,
        text=text,
        sentences=tuple(sentences),
        headings=headings,
    )


def _label(reading: Reading, blocks: Sequence[Block], start: int) -> tuple[str | None, int]:
    """Return the label of a chunk that begins within a row or a list, and where the label ends.

    That is the first cell of its row, the first line of its list item, or that of the item above
    whose sub-item it is. Without it, a later part of a long row or list could not be found.
    """
    at = bisect_right(blocks, start, key=lambda block: block.span.start) - 1
    if at < 0 or start >= blocks[at].span.end:
        return None, reading.end
    block = blocks[at]
    if block.kind is Kind.ROW and block.span.start < start:
        return _short(reading.cut(block.span).split(CELL, 1)[0]), block.span.end
    if block.kind is not Kind.ITEM:
        return None, reading.end
    indent = _indent(reading, block.span.start)
    if block.span.start == start:
        before = map(blocks.__getitem__, range(max(0, at - _MOST_ITEMS), at)[::-1])
        above = takewhile(lambda one: one.kind is Kind.ITEM, before)
        shallower = (one for one in above if _indent(reading, one.span.start) < indent)
        item = next(shallower, None) if indent else None
        if item is None:
            return None, reading.end
        block, indent = item, _indent(reading, item.span.start)
    below = takewhile(
        lambda one: one.kind is Kind.ITEM and _indent(reading, one.span.start) > indent,
        map(blocks.__getitem__, range(at + 1, min(len(blocks), at + 1 + _MOST_ITEMS))),
    )
    *_, last = [blocks[at], *below]
    return _short(reading.cut(block.span)), last.span.end


def _indent(reading: Reading, start: int) -> int:
    """Count the blanks before the line that holds `start`."""
    begin = max(start - _WIDEST, reading.origin)
    line = reading.cut(Span(begin, start)).rpartition("\n")[2]
    return len(line) - len(line.lstrip(" \t"))


def _short(text: str) -> str | None:
    lines = text.strip().splitlines()
    label = lines[0].strip() if lines else ""
    return label if 0 < len(label) <= _LONGEST_LABEL else None


def _home(span: Span, sections: Sequence[int], breaks: Sequence[int]) -> tuple[int, int]:
    return bisect_right(sections, span.start), bisect_right(breaks, span.start)


def _fit(
    reading: Reading, sentences: Sequence[Span], budget: Budget, count_tokens: CountTokens
) -> tuple[list[Span], list[int]]:
    """Cut every sentence that is over the budget; return the pieces and their token counts.

    A sentence is cut by its characters first, and then by its tokens for each character, so that
    none is tokenised more than a few times. Of a sentence that is cut, a piece without a letter or
    a digit is left out: nobody can ask for it.
    """
    fitting: list[Span] = []
    counts: list[int] = []
    pending: list[tuple[Span, int]] = []

    def count(pieces: Sequence[Span]) -> None:
        found = zip(pieces, _count(reading, pieces, count_tokens), strict=True)
        pending.extend(reversed(list(found)))

    count([one for span in sentences for one in _told(reading, span, budget.characters)])
    while pending:
        span, tokens = pending.pop()
        if tokens <= budget.tokens or len(span) == 1:
            fitting.append(span)
            counts.append(tokens)
        elif tokens <= 2 * budget.tokens:
            count(_halve(reading, span))
        else:
            count([*_told(reading, span, max(1, len(span) * budget.tokens // tokens))])
    return fitting, counts


def _told(reading: Reading, span: Span, most: int) -> Iterator[Span]:
    """Cut a sentence that is longer than `most` characters into pieces that hold words."""
    if len(span) <= most:
        yield span
        return
    for piece in _cut_long(reading, span, most):
        if any(map(str.isalnum, reading.cut(piece))):
            yield piece


def _count(reading: Reading, spans: Sequence[Span], count_tokens: CountTokens) -> list[int]:
    return count_tokens([reading.cut(span) for span in spans]) if spans else []


def _cut_long(reading: Reading, span: Span, most: int) -> Iterator[Span]:
    """Cut a span into pieces of at most so many characters, without the white space around them.

    A piece ends at the last border of cells in its second half, else at the last white space there,
    else anywhere.
    """
    text, origin = reading.text, reading.origin
    start, end = span.start - origin, span.end - origin
    while end - start > most:
        least, widest = start + most // 2, start + most
        cut = after = text.rfind(CELL, least, widest)
        if cut >= 0:
            after += len(CELL)
        else:
            blanks = (at for at in range(widest, least, -1) if text[at].isspace())
            cut = after = next(blanks, widest)
        stop = start + len(text[start:cut].rstrip())
        if start < stop:
            yield Span(start + origin, stop + origin)
        following = _VISIBLE.search(text, after, end)
        start = following.start() if following else end
    if start < end:
        yield Span(start + origin, end + origin)


def _halve(reading: Reading, span: Span) -> list[Span]:
    """Split a span near its middle: between cells, else at white space, else anywhere."""
    middle = (span.start + span.end) // 2
    text = reading.cut(span)
    for between in (_BETWEEN_CELLS, _BLANKS):
        cuts = [(found.start() + span.start, found.end() + span.start) for found in between(text)]
        cut = min(cuts, key=lambda one: abs(one[0] - middle), default=None)
        if cut and abs(cut[0] - middle) <= len(span) // 4:
            return [Span(span.start, cut[0]), Span(cut[1], span.end)]
    return [Span(span.start, middle), Span(middle, span.end)]
