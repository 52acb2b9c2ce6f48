"""What the training of the reader needs beyond how the program itself encodes a passage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from askdoc.models.reader import Encoded

Floats = npt.NDArray[np.float32]

_BETWEEN = " › "


def context_of(title: str, headings: Sequence[str]) -> str:
    """Write title and headings as the reader knows them, each once."""
    return _BETWEEN.join(dict.fromkeys(part for part in (title, *headings) if part))


def unit_scores(sequence: Encoded, tokens: Floats) -> Floats:
    """Return the mean score of each unit's tokens; nan where a unit has none."""
    sums = np.concatenate([[0.0], np.cumsum(tokens, dtype=np.float64)])
    return np.array(
        [
            (sums[end] - sums[begin]) / (end - begin) if end > begin else np.nan
            for begin, end in sequence.units
        ],
        np.float32,
    )
