"""By which names full-text search finds a document that has several, or had others. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from askdoc.text.chunking import name_words
from askdoc.types.ports import Analyser, Catalog

_MOST = 40
"""Words of names that count: of very many copies, not each can add its own."""


def words_of(paths: Sequence[str]) -> str:
    """Join the words of the names of all places of a document, each once."""
    if len(paths) == 1:
        return name_words(paths[0])
    words = dict.fromkeys(word for path in sorted(paths) for word in name_words(path).split())
    return " ".join(list(words)[:_MOST])


def name_anew(catalog: Catalog, analyser: Analyser, document_ids: Collection[str] | None) -> None:
    """Have those documents, or all, found by the names of the places that they now have."""
    for key, named in catalog.named(document_ids).items():
        words = words_of(named.paths)
        if words != named.words:
            [language] = [document.language for document in catalog.documents([key])]
            before, after = (analyser.terms(one, language) for one in (named.words, words))
            catalog.rename(key, words, before, after)
