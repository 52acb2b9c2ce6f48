"""The vectors of sentences as they read in their passage, in the form that the catalog keeps.

Only their direction counts, so each number takes eight bits on a scale of its vector's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix

IN_CONTEXT = "sentence_vectors"
"""Under this key the catalog says `yes` where it keeps them for all of its chunks."""

_LARGEST = 127


def pack(vectors: Matrix) -> bytes:
    """Write vectors, shape (sentences, dimensions), in one byte a number."""
    import numpy as np  # which a run that changes nothing need not load

    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-9)
    packed: bytes = np.rint(vectors * (_LARGEST / largest)).astype(np.int8).tobytes()
    return packed


def unpack(packed: bytes, dimensions: int) -> Matrix:
    """Undo `pack`: vectors of unit length, shape (sentences, dimensions)."""
    import numpy as np

    whole = len(packed) - len(packed) % dimensions
    numbers = np.frombuffer(packed[:whole], dtype=np.int8).reshape(-1, dimensions)
    vectors: Matrix = numbers.astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)
    return vectors
