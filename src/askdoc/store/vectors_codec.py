"""Packs the vectors of sentences for the catalog.

Only their direction matters, so each number takes eight bits, scaled by the vector's largest one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix

IN_CONTEXT = "sentence_vectors"
"""The catalog's setting of this name is `yes` if all of its chunks have sentence vectors."""

_LARGEST = 127


def pack(vectors: Matrix) -> bytes:
    """Pack vectors, shape (sentences, dimensions), with one byte per number."""
    import numpy as np  # late, since a run without changes does not need it

    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-9)
    packed: bytes = np.rint(vectors * (_LARGEST / largest)).astype(np.int8).tobytes()
    return packed


def unpack(packed: bytes, dimensions: int) -> Matrix:
    """Undo `pack`; return vectors of unit length, shape (sentences, dimensions)."""
    import numpy as np

    whole = len(packed) - len(packed) % dimensions
    numbers = np.frombuffer(packed[:whole], dtype=np.int8).reshape(-1, dimensions)
    vectors: Matrix = numbers.astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
    return vectors
