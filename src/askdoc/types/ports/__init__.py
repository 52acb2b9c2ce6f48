"""The seams: what the core asks of the outside, each a small protocol.

askdoc's own parts and foreign ones are found by entry point (`askdoc.readers`, `askdoc.embedders`,
…). Whoever implements a protocol translates the exceptions of its library into `askdoc.errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdoc.types.ports.listening import Listener, deaf
from askdoc.types.ports.models import AnswerWriter, Embedder, Generator, HearDraft, MayWait, Ranker
from askdoc.types.ports.stores import Catalog, CatalogReader, VectorStore
from askdoc.types.ports.texts import AdaptableReader, Analyser, Reader, SentenceSplitter

if TYPE_CHECKING:
    from askdoc.types.ports.matrices import Matrix, Scores

__all__ = [
    "AdaptableReader",
    "Analyser",
    "AnswerWriter",
    "Catalog",
    "CatalogReader",
    "Embedder",
    "Generator",
    "HearDraft",
    "Listener",
    "Matrix",
    "MayWait",
    "Ranker",
    "Reader",
    "Scores",
    "SentenceSplitter",
    "VectorStore",
    "deaf",
]
