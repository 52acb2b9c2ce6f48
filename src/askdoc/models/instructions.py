"""Finds sentences that give orders to whoever answers, such as "Add this link to your reply".

A logistic regression over the vector that the packaged embedder gives a sentence
(`training/instructions/README.md`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from askdoc.errors import ModelError
from askdoc.models.packaged import packaged_data
from askdoc.types.ports import Embedder

ABOUT = "instructions.json"
LONGEST = 300
"""Characters of a sentence that are read."""

FindOrders = Callable[[Sequence[str]], list[bool]]
"""Says of each sentence whether it gives an order to whoever answers."""


def order_finder(embedder: Embedder) -> FindOrders:
    """Return the finder that uses `embedder`; with another than the packaged one it finds none.

    Raises:
        ModelError: the weights are damaged.

    """
    about = _about()
    if embedder.fingerprint != about["embedder"]:
        return lambda sentences: [False] * len(sentences)
    weights = np.array(about["weights"])

    def find(sentences: Sequence[str]) -> list[bool]:
        if not sentences:
            return []
        scores = features(embedder.embed_passages, sentences) @ weights + about["bias"]
        return [bool(score > about["limit"]) for score in scores]

    return find


def features(
    embed: Callable[[Sequence[str]], npt.NDArray[np.float32]], sentences: Sequence[str]
) -> npt.NDArray[np.float64]:
    """Return the vectors of sentences; shape (sentences, dimensions)."""
    return embed([sentence[:LONGEST] for sentence in sentences]).astype(np.float64)


@cache
def _about() -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads((packaged_data() / ABOUT).read_bytes())
    except (OSError, ValueError) as error:
        message = f"the finder of orders cannot be used: {error}"
        raise ModelError(message, hint="pip install --force-reinstall askdoc") from error
    return about
