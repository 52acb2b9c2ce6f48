"""Places in a text, and what a document, its parts and its chunks are."""

from __future__ import annotations

import json
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import accumulate
from operator import add, sub

from askdoc.types.places import NOWHERE, Landmarks, Place, PlaceKind


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

    def joined(self, other: Span) -> Span:
        """Return the least span that holds both."""
        return Span(min(self.start, other.start), max(self.end, other.end))

    def covers(self, other: Span) -> bool:
        """Tell whether `other` lies wholly within this span."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Section:
    """A heading: where it starts, how deep it is (1 is the top), and its words."""

    start: int
    level: int
    title: str


class Kind(IntEnum):
    """What a block of a document is. The numbers are stored: never change one."""

    PROSE = 0
    HEADING = 1
    ITEM = 2
    CODE = 3
    ROW = 4
    FIELD = 5
    QUOTE = 6
    CAPTION = 7


@dataclass(frozen=True, slots=True)
class Block:
    """A range of the stored text that is not plain prose, and what it is."""

    span: Span
    kind: Kind


class Structure:
    """The blocks of a document that are not plain prose, in order and without overlap.

    They are kept packed, since a table has one for each of its rows.
    """

    __slots__ = ("packed",)

    packed: bytes
    """How the catalog stores them; empty where there are none."""

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        self.packed = _pack_blocks(blocks)

    @classmethod
    def from_packed(cls, packed: bytes) -> Structure:
        """Return the structure that was stored as `packed`; it is unpacked when it is used."""
        made = cls()
        made.packed = packed
        return made

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks, in order."""
        return tuple(map(_block, *_unpack_blocks(self.packed)))

    def block_at(self, offset: int) -> Block | None:
        """Return the block that holds the character at `offset`; None in plain prose."""
        starts, ends, kinds = _unpack_blocks(self.packed)
        found = bisect_right(starts, offset) - 1
        if found >= 0 and offset < ends[found]:
            return _block(starts[found], ends[found], kinds[found])
        return None

    def kind_at(self, offset: int) -> Kind:
        """Return the kind of the block that holds the character at `offset`."""
        block = self.block_at(offset)
        return block.kind if block else Kind.PROSE

    def __bool__(self) -> bool:
        return bool(self.packed)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Structure) and self.packed == other.packed

    def __hash__(self) -> int:
        return hash(self.packed)

    def __repr__(self) -> str:
        return f"Structure({self.blocks!r})"


def _block(start: int, end: int, kind: int) -> Block:
    return Block(Span(start, end), Kind(kind))


def _pack_blocks(blocks: Iterable[Block]) -> bytes:
    """Write blocks as three lists: kinds, gaps before, and lengths."""
    kinds: list[int] = []
    gaps: list[int] = []
    lengths: list[int] = []
    position = 0
    for block in blocks:
        gap = block.span.start - position
        if gap < 0:
            message = f"the block at {block.span.start} begins before the one before it ends"
            raise ValueError(message)
        kinds.append(int(block.kind))
        gaps.append(gap)
        lengths.append(len(block.span))
        position = block.span.end
    return zlib.compress(json.dumps([kinds, gaps, lengths]).encode("ascii")) if kinds else b""


@lru_cache(maxsize=16)
def _unpack_blocks(packed: bytes) -> tuple[Sequence[int], Sequence[int], Sequence[int]]:
    """List the starts, ends and kinds of packed blocks."""
    if not packed:
        return (), (), ()
    kinds, gaps, lengths = json.loads(zlib.decompress(packed))
    ends = list(accumulate(map(add, gaps, lengths)))
    return list(map(sub, ends, lengths)), ends, kinds


UNSTRUCTURED = Structure()


@dataclass(frozen=True, slots=True)
class Field:
    """A property that a document states of itself, such as its author, date or status.

    `key` is lower case, as the document spells it. `span` is where the stored text says so.
    """

    key: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of one file.

    `text` is what is stored. `blocks` are the ranges that no sentence crosses (paragraphs, list
    items, table rows, headings), in order and without overlap. `pages` holds the offset at which
    each page starts, and is empty where the format has no pages; `landmarks` say where other places
    begin, such as slides and rows. `warnings` name what was lost, such as a page that has no text.
    `parts` are documents of their own that the file holds, such as attachments. `structure` names
    the blocks that are not plain prose; `fields` are the properties the document states of itself.

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
    structure: Structure = UNSTRUCTURED
    fields: tuple[Field, ...] = ()

    @property
    def end(self) -> int:
        """The offset in the document at which the text of this part ends."""
        return self.origin + len(self.text)

    def cut(self, span: Span) -> str:
        """Cut `span`, which lies in this part, out of its text."""
        return self.text[span.start - self.origin : span.end - self.origin]

    def breaks(self) -> Sequence[int]:
        """List the offsets that neither a sentence nor a passage runs across."""
        if not self.pages:
            return self.landmarks.breaks()
        return (*self.pages, *self.landmarks.breaks()) if self.landmarks else self.pages


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
    """How files are to be read: passwords to try on encrypted ones, OCR of pages without text.

    A file within another is read if it has no more than `most_within` bytes.
    """

    passwords: tuple[str, ...] = ()
    ocr: bool = False
    most_within: int | None = None

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
    """Another place at which a document is found: a file with the same content.

    `within` is the location of the file that holds it, where it is no file of its own.
    """

    location: str
    path: str
    source: str
    file: str
    within: str | None = None

    @property
    def inside(self) -> str:
        """Where it lies in its file, to be put behind the name of that: empty where it is all."""
        return self.location[len(self.within) :] if self.within else ""


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
    structure: Structure = UNSTRUCTURED
    fields: tuple[Field, ...] = ()

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
        """Name the page (from 1) that holds `offset`; None where that is on no page."""
        if not self.pages or self.landmarks.between(offset, offset):
            return None
        return max(1, bisect_right(self.pages, offset))

    def place_of(self, span: Span) -> Place | None:
        """Name the page, slide, row or such that holds `span`; None where there are only lines."""
        place = self.landmarks.between(span.start, span.end)
        if place or not self.pages:  # the properties of a document stand behind its pages
            return place
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
