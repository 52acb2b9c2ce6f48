"""From a workspace to working parts. Everything heavy is imported only when it is asked for."""

from askdoc.app.answering import answerer, asked, expected_fingerprint
from askdoc.app.indexing import coverage_of, follower, indexer, permit, refuse_index_around
from askdoc.app.opening import (
    VECTORS,
    calibration,
    embedder,
    expect_index,
    language_of,
    main_language,
    open_catalog,
    open_made,
    open_vectors,
    ranker,
    refuse_while_made,
    vectors_folder,
)
from askdoc.app.writing import language_model, language_models, may_write

__all__ = [
    "VECTORS",
    "answerer",
    "asked",
    "calibration",
    "coverage_of",
    "embedder",
    "expect_index",
    "expected_fingerprint",
    "follower",
    "indexer",
    "language_model",
    "language_models",
    "language_of",
    "main_language",
    "may_write",
    "open_catalog",
    "open_made",
    "open_vectors",
    "permit",
    "ranker",
    "refuse_index_around",
    "refuse_while_made",
    "vectors_folder",
]
