"""Makes evidence of what documents state of themselves: author, date, status, sender, version.

A question that asks for a field names the document and the key in words of its own. So what names
the document is taken out of the question, and the rest is compared with the keys by the embedder:
`Who wrote PEP 20?` without `PEP 20` is near to `author`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from askdoc.ask.names import without_names
from askdoc.ask.rank import Asked, title_terms
from askdoc.ask.retrieve import FIELD, Query
from askdoc.text.chunking import chunk_id
from askdoc.types import Chunk, Document, Field, Passage
from askdoc.types.ports import CatalogReader, Embedder

if TYPE_CHECKING:
    import numpy.typing as npt

    from askdoc.ask.rank import Terms

_DOCUMENTS = 4
"""Documents whose fields are looked at: those that the question names, else the best ones."""

_KEYS = 4
"""Fields of a document that become evidence, those with the nearest keys."""

_MARKS = re.compile(r"[\W_]+")


class FieldFinder:
    """Finds the fields that a question may ask for; remembers the vectors of keys."""

    def __init__(
        self, catalog: CatalogReader, embedder: Embedder, terms_in: Callable[[str], Terms]
    ) -> None:
        self._catalog = catalog
        self._embedder = embedder
        self._terms_in = terms_in
        self._keys: dict[str, npt.NDArray[np.float32]] = {}

    def passages(self, query: Query, asked: Asked, found: Sequence[Passage]) -> list[Passage]:
        """Return a passage for each field of the documents that the question may be about."""
        best: dict[str, float] = {}
        for passage in found:
            best.setdefault(passage.document.id, passage.score)
        documents = {passage.document.id: passage.document for passage in found}
        named = [key for key in asked.plainly_named() if key in documents]
        chosen = [documents[key] for key in named or documents][:_DOCUMENTS]
        chosen = [document for document in chosen if document.fields]
        if not chosen:
            return []
        terms = self._terms_in(query.language)
        names = frozenset[str]().union(*(title_terms(one, terms) for one in chosen))
        [vector] = self._embedder.embed_queries([without_names(query.text, names, terms)])
        stated = []
        for document in chosen:
            near = [(float(self._key(field.key) @ vector), field) for field in document.fields]
            near.sort(key=lambda one: -one[0])
            stated += [
                self._passage(document, field, cosine, best[document.id])
                for cosine, field in near[:_KEYS]
            ]
        return stated

    def _key(self, key: str) -> npt.NDArray[np.float32]:
        if key not in self._keys:
            [self._keys[key]] = self._embedder.embed_queries([_MARKS.sub(" ", key)])
        return self._keys[key]

    def _passage(self, document: Document, field: Field, cosine: float, score: float) -> Passage:
        text = self._catalog.text(document.id, field.span)
        name = chunk_id(document.id, field.span, text)
        chunk = Chunk(name, document.id, field.span, text, (field.span,))
        return Passage(chunk, document, score, {}, {FIELD: cosine})
