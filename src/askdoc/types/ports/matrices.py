"""Types of what models compute; numpy is imported only to check them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float32]
    """Vectors as rows: shape (n, dimensions), float32, each of unit length."""

    Scores = npt.NDArray[np.float32]
    """One number for each of n things: shape (n,), float32."""
