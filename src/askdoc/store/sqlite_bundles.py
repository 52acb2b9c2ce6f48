"""How the catalog writes the vectors of sentences: those of passages in a row, together.

A passage alone has some 1.5 kB of them, which fill pages badly. Sentences that stand together mean
similar things, so each vector is written as what differs from the one before, and small
differences, which are the most frequent, get the shorter codes. Nothing is lost.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate

from askdoc.store.packing import pack_numbers, unpack_numbers

_BUNDLE = 16_384
"""Bytes of vectors in one row, unless one passage has more."""

Row = tuple[int, bytes, bytes]
"""Number of the first chunk, the vectors, and of how many bytes one and those of each chunk are."""


def bundles(first: int, vectors: Sequence[bytes], sentences: int) -> Iterator[Row]:
    """Write the vectors of chunks numbered from `first` on, that one having so many sentences."""
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


def unbundle(packed: bytes, lengths: bytes | None, places: Collection[int]) -> Mapping[int, bytes]:
    """Undo `bundles` for the chunks at those places of a row, of which it has some or none.

    A row of an older schema has no lengths: it is one chunk's, as it was given.

    Raises:
        ValueError: it is damaged.

    """
    if lengths is None:
        return {0: packed} if 0 in places else {}
    width, *sizes = unpack_numbers(lengths)
    ends = list(accumulate(sizes))
    wanted = [place for place in places if place < len(ends)]
    most = max((ends[place] for place in wanted), default=0)
    # Decoding is most of the work, and what comes after the last that is wanted need not be.
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
    """Take from each number the one in the same place of the vector before it, modulo 256."""
    if not width:
        return whole
    import numpy as np  # which a run that changes nothing need not load

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
