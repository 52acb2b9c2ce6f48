"""Spans of text, and documents, their parts and chunks."""

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

    def moved(self, by: int) -> Span:
        """Return the span that lies so many characters later."""
        return Span(self.start + by, self.end + by)

    def overlap(self, other: Span) -> int:
        """Count the characters that both spans share."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    def joined(self, other: Span) -> Span:
        """Return the smallest span that contains both."""
        return Span(min(self.start, other.start), max(self.end, other.end))

    def covers(self, other: Span) -> bool:
        """Tell whether `other` is inside this span."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Section:
    """A heading: where it starts, how deep it is (1 is the top), and its words."""

    start: int
    level: int
    title: str


class Kind(IntEnum):
    """The kind of a block. The catalog stores the numbers: never change one."""

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
    """A range of the stored text that is not prose, and its kind."""

    span: Span
    kind: Kind


class Structure:
    """The blocks of a document that are not prose, sorted and disjoint.

    They are packed, since a table has one per row.
    """

    __slots__ = ("packed",)

    packed: bytes
    """The packed form for the catalog; empty without blocks."""

    def __init__(self, blocks: Iterable[Block] = ()) -> None:
        self.packed = _pack_blocks(blocks)

    @classmethod
    def from_packed(cls, packed: bytes) -> Structure:
        """Return a stored structure; it is unpacked on first use."""
        made = cls()
        made.packed = packed
        return made

    @property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks, in order."""
        return tuple(map(_block, *_unpack_blocks(self.packed)))

    def block_at(self, offset: int) -> Block | None:
        """Return the block at `offset`; None in prose."""
        starts, ends, kinds = _unpack_blocks(self.packed)
        found = bisect_right(starts, offset) - 1
        if found >= 0 and offset < ends[found]:
            return _block(starts[found], ends[found], kinds[found])
        return None

    def kind_at(self, offset: int) -> Kind:
        """Return the kind of the block at `offset`."""
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
    """Pack blocks as three lists: kinds, gaps before, and lengths."""
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
    """A property that a document states about itself, such as author, date or status.

    `key` is the document's own word in lower case. `span` is its place in the stored text.
    """

    key: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of reading one file.

    `text` is stored. `blocks` are ranges that no sentence crosses (paragraphs, list items, table
    rows, headings), sorted and disjoint. `pages` has the offset of each page, and is empty for
    formats without pages; `landmarks` are the starts of other places, such as slides and rows.
    `warnings` name losses, such as a page without text. `parts` are contained documents, such as
    attachments. `structure` has the blocks that are not prose; `fields` are properties of the
    document. A long file may come in several consecutive readings. Each has the `text` from its
    `origin` to the origin of the next; its offsets count from the start of the document. Title,
    pages and the like are in the first one.
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
        """Cut `span`, which is inside this part, out of its text."""
        return self.text[span.start - self.origin : span.end - self.origin]

    def breaks(self) -> Sequence[int]:
        """List the offsets that no sentence and no passage may cross."""
        if not self.pages:
            return self.landmarks.breaks()
        return (*self.pages, *self.landmarks.breaks()) if self.landmarks else self.pages


@dataclass(frozen=True, slots=True)
class Part:
    """A document inside a file: its name, and its reading or the reason for none.

    `content_hash` is the SHA-256 of its bytes.
    """

    name: str
    content_hash: str
    outcome: Reading | Unread


@dataclass(frozen=True, slots=True)
class Unread:
    """Why something was not read: a short, stable `code`, the reason, and a hint."""

    code: str
    reason: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Options of reading: passwords to try, and OCR for pages without text.

    Parts of a file are read up to `most_within` bytes. With `seconds`, a file's pages are read in a
    process that may end, within so much processor time, so that a bad page costs only itself.
    """

    passwords: tuple[str, ...] = ()
    ocr: bool = False
    most_within: int | None = None
    seconds: float | None = None

    def may_help(self, code: str) -> bool:
        """Tell whether these options may help to read a file that was skipped with this code."""
        return (code == ENCRYPTED and bool(self.passwords)) or (code == NO_TEXT and self.ocr)


ENCRYPTED = "encrypted"
NO_TEXT = "no_text"
"""Skip codes that other options may overcome."""

BARE_PAGES = "no text on "
"""The beginning of the warning about pages without text."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Detects a changed file: size in bytes, time in nanoseconds, SHA-256."""

    size: int
    modified_ns: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class Copy:
    """Another place of a document: a file with the same content.

    `within` is the location of the containing file, if it is a part of one.
    """

    location: str
    path: str
    source: str
    file: str
    within: str | None = None

    @property
    def inside(self) -> str:
        """Its place inside its file, to append to the file's name; empty if it is the file."""
        return self.location[len(self.within) :] if self.within else ""


@dataclass(frozen=True, slots=True)
class Document:
    """One indexed file, without its text.

    `id` is made from its first `location`, and stays when the file is edited, renamed or moved.
    `location` is the path relative to the workspace if inside, else absolute; `path` is relative to
    its source, with `/`; `file` is the absolute path on this machine. `library` is the named
    library it was found in, if several were asked. A document inside a file, such as an attachment,
    has that file's location in `within`, and its `file`, size and time; the content hash is its
    own. Files with the same content are one document; `copies` has the other places.
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
        """All its paths and locations, the main ones first."""
        own = (self.path, self.location)
        others = (name for copy in self.copies for name in (copy.path, copy.location))
        return tuple(dict.fromkeys((*own, *others)))

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all its places, the main one first."""
        return self.path, *(copy.path for copy in self.copies)

    @property
    def inside(self) -> str:
        """Its place inside its file, to append to the file's name; empty if it is the file."""
        return self.location[len(self.within) :] if self.within else ""

    def page_of(self, offset: int) -> int | None:
        """Return the page (from 1) of `offset`; None if there is none."""
        if not self.pages or self.landmarks.between(offset, offset):
            return None
        return max(1, bisect_right(self.pages, offset))

    def place_of(self, span: Span) -> Place | None:
        """Return the page, slide, row or other place of `span`; None if there are only lines."""
        place = self.landmarks.between(span.start, span.end)
        if place or not self.pages:  # the properties of a document follow its pages
            return place
        first = max(1, bisect_right(self.pages, span.start))
        last = max(1, bisect_right(self.pages, max(span.start, span.end - 1)))
        return Place(PlaceKind.PAGE, first, last=last if last > first else None)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive sentences that are embedded and retrieved as one.

    `id` is a hash of the document, the span and the embedded text. `text` is the document's text at
    `span`; `sentences` are spans in the document, in order.
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
    """A file that was not indexed: a short, stable `code`, the reason, and a hint."""

    location: str
    code: str
    reason: str
    hint: str | None = None
