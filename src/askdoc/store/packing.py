"""Packs values for which a database has no type."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate

from askdoc.errors import IndexCorrupt
from askdoc.strings import line_starts
from askdoc.types import Span

REBUILD = (
    "run `askdoc index --rebuild PATH` with all files and folders of the index: the list of them "
    "was in it"
)
"""The hint for a damaged catalog."""

_HEX_DIGITS = 32

_SEGMENT = 32_768
"""Characters per compressed segment of text; to read one takes about 0.1 ms."""


@contextmanager
def decoding(place: str) -> Iterator[None]:
    """Raise `IndexCorrupt` if a stored value of the catalog in `place` cannot be decoded."""
    try:
        yield
    except (zlib.error, ValueError) as error:
        message = f"the catalog in `{place}` is damaged: {error}"
        raise IndexCorrupt(message, hint=REBUILD) from error


class OddName(bytes):
    """A name that is not valid Unicode, as bytes."""

    __slots__ = ()


def pack_text(text: str) -> bytes:
    """Compress text; lone surrogates and null characters survive."""
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 6)


def unpack_text(packed: bytes) -> str:
    """Undo `pack_text`."""
    return zlib.decompress(packed).decode("utf-8", "surrogatepass")


def pack_name(name: str) -> str | OddName:
    """Return a path or title as text, or as bytes if it is not valid Unicode."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return OddName(name.encode("utf-8", "surrogatepass"))
    return name


def unpack_name(value: str | bytes) -> str:
    """Undo `pack_name`."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def unpack_optional(value: str | bytes | None) -> str | None:
    """Undo `pack_name`; None stays None."""
    return None if value is None else unpack_name(value)


def pack_optional(name: str | None) -> str | bytes | None:
    """Apply `pack_name`; None stays None."""
    return None if name is None else pack_name(name)


class PackedId(bytes):
    """The 16 bytes of an id of 32 hexadecimal digits."""

    __slots__ = ()


def pack_id(chunk_id: str) -> str | PackedId:
    """Return an id of 32 hexadecimal digits as 16 bytes; any other id stays text."""
    if len(chunk_id) != _HEX_DIGITS:
        return chunk_id
    try:
        packed = PackedId.fromhex(chunk_id)
    except ValueError:
        return chunk_id
    return packed if packed.hex() == chunk_id else chunk_id


def unpack_id(value: str | bytes) -> str:
    """Undo `pack_id`."""
    return value if isinstance(value, str) else value.hex()


def pack_term(term: str) -> str:
    """Return a term without characters that FTS5 would cut at."""
    return term.encode("utf-8", "replace").decode()


def quoted_term(term: str) -> str:
    """Quote a term for FTS5's query language."""
    return '"' + pack_term(term).replace('"', '""').replace("\0", "") + '"'


def pack_numbers(numbers: Iterable[int]) -> bytes:
    """Pack non-negative numbers as LEB128: seven bits per byte, low bits first."""
    packed = bytearray()
    for number in numbers:
        while number > 0x7F:  # noqa: PLR2004 - what seven bits hold
            packed.append(number & 0x7F | 0x80)
            number >>= 7  # noqa: PLW2901 - shifted out, seven bits at a time
        packed.append(number)
    return bytes(packed)


def unpack_numbers(packed: bytes) -> list[int]:
    """Undo `pack_numbers`."""
    numbers: list[int] = []
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the top bit says that more follows
            numbers.append(number)
            number = shift = 0
    return numbers


def pack_spans(spans: Sequence[Span], origin: int) -> bytes:
    """Pack sorted, disjoint spans as gaps and lengths."""
    numbers: list[int] = []
    position = origin
    for span in spans:
        numbers += span.start - position, len(span)
        position = span.end
    return pack_numbers(numbers)


def unpack_spans(packed: bytes, origin: int) -> tuple[Span, ...]:
    """Undo `pack_spans`."""
    numbers = unpack_numbers(packed)
    spans: list[Span] = []
    position = origin
    for gap, length in zip(numbers[::2], numbers[1::2], strict=True):
        spans.append(Span(position + gap, position + gap + length))
        position = spans[-1].end
    return tuple(spans)


@dataclass(slots=True)
class TextEnd:
    """The current end of a staged text: offset and line."""

    offset: int = 0
    line: int = 1


def segments(document: int, text: str, end: TextEnd) -> Iterator[tuple[int, int, int, bytes]]:
    r"""Cut a text into segments, never between `\r` and `\n`, so that each has whole lines."""
    start = 0
    while start < len(text):
        stop = min(start + _SEGMENT, len(text))
        if text[stop - 1 : stop + 1] == "\r\n":
            stop += 1
        segment = text[start:stop]
        yield document, end.offset, end.line, pack_text(segment)
        end.offset += len(segment)
        end.line += len(line_starts(segment)) - 1
        start = stop


_BUNDLE = 16_384
"""Most bytes of vectors per row; one passage may have more."""

Row = tuple[int, bytes, bytes]
"""Position of the first chunk, packed vectors, bytes per vector, and packed byte counts per
chunk."""


def bundles(first: int, vectors: Sequence[bytes], sentences: int) -> Iterator[Row]:
    """Pack the sentence vectors of consecutive chunks, the first at position `first`, into rows."""
    if not vectors:
        return
    width = len(vectors[0]) // max(sentences, 1)
    if not width or any(len(packed) % width for packed in vectors):
        width = 0
    start = size = 0
    for position, packed in enumerate(vectors):
        if position > start and size + len(packed) > _BUNDLE:
            yield _row(first + start, vectors[start:position], width)
            start, size = position, 0
        size += len(packed)
    yield _row(first + start, vectors[start:], width)


def unbundle(packed: bytes, lengths: bytes, places: Collection[int]) -> Mapping[int, bytes]:
    """Undo `bundles` for the chunks at these positions of a row; a row need not have them.

    Raises:
        ValueError: it is damaged.

    """
    width, *sizes = unpack_numbers(lengths)
    ends = list(accumulate(sizes))
    wanted = [place for place in places if place < len(ends)]
    most = max((ends[place] for place in wanted), default=0)
    # Decompression is most of the work, so stop after the last chunk that is needed.
    changes = zlib.decompressobj().decompress(packed, most) if most else b""
    if len(changes) < most:
        message = "vectors of sentences are cut short"
        raise ValueError(message)
    return {place: _summed(changes, ends[place], sizes[place], width) for place in wanted}


def _row(first: int, vectors: Sequence[bytes], width: int) -> Row:
    coder = zlib.compressobj(strategy=zlib.Z_HUFFMAN_ONLY)
    packed = coder.compress(_changes(b"".join(vectors), width)) + coder.flush()
    return first, packed, pack_numbers([width, *map(len, vectors)])


def _changes(whole: bytes, width: int) -> bytes:
    """Return each byte minus the byte at the same position of the previous vector, modulo 256."""
    if not width:
        return whole
    import numpy as np  # late, since a run without changes does not need it

    numbers = np.frombuffer(whole, dtype=np.uint8)
    changes = numbers.copy()
    changes[width:] -= numbers[:-width]
    return changes.tobytes()


def _summed(changes: bytes, end: int, size: int, width: int) -> bytes:
    """Undo `_changes` for the last `size` bytes before `end`."""
    if not width or not size:
        return changes[end - size : end]
    import numpy as np

    table = np.frombuffer(changes[:end], dtype=np.uint8).reshape(-1, width)
    begin = (end - size) // width
    own = table[begin:].copy()
    own[0] += table[:begin].sum(axis=0, dtype=np.uint8)
    summed: bytes = own.cumsum(axis=0, dtype=np.uint8).tobytes()
    return summed
