"""Builds working parts from a workspace's settings; each part is imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from askdoc.app.answering import answerer, asked, expected_fingerprint, narrowed, rest
    from askdoc.app.indexing import (
        coverage_of,
        expect_readable,
        follower,
        indexer,
        permit,
        refuse_index_around,
    )
    from askdoc.app.opening import (
        calibration,
        database_of,
        embedder,
        expect_index,
        has_index,
        has_vectors,
        index_state,
        language_of,
        main_language,
        open_catalog,
        open_made,
        open_vectors,
        ranker,
        refuse_while_made,
        vector_places,
    )
    from askdoc.app.writing import language_model, language_models, may_write

__all__ = [
    "answerer",
    "asked",
    "calibration",
    "coverage_of",
    "database_of",
    "embedder",
    "expect_index",
    "expect_readable",
    "expected_fingerprint",
    "follower",
    "has_index",
    "has_vectors",
    "index_state",
    "indexer",
    "language_model",
    "language_models",
    "language_of",
    "main_language",
    "may_write",
    "narrowed",
    "open_catalog",
    "open_made",
    "open_vectors",
    "permit",
    "ranker",
    "refuse_index_around",
    "refuse_while_made",
    "rest",
    "vector_places",
]

_MODULES = {
    "answering": ("answerer", "asked", "expected_fingerprint", "narrowed", "rest"),
    "indexing": (
        "coverage_of",
        "expect_readable",
        "follower",
        "indexer",
        "permit",
        "refuse_index_around",
    ),
    "opening": (
        "calibration",
        "database_of",
        "embedder",
        "expect_index",
        "has_index",
        "has_vectors",
        "index_state",
        "language_of",
        "main_language",
        "open_catalog",
        "open_made",
        "open_vectors",
        "ranker",
        "refuse_while_made",
        "vector_places",
    ),
    "writing": ("language_model", "language_models", "may_write"),
}


def __getattr__(name: str) -> Any:
    """Import the module of a part.

    With `cli`, this is the only lazy loading of askdoc's own modules.
    """
    for module, parts in _MODULES.items():
        if name in parts:
            return getattr(import_module(f"{__name__}.{module}"), name)
    message = f"module `{__name__}` has no attribute `{name}`"
    raise AttributeError(message)
