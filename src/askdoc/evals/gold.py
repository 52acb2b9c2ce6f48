"""Where the gold quotes of a case stand, and when a cited sentence counts as one of them.

A quote is looked for in the stored text of its document: as it is and, where it is not found so,
with any run of white space in the one taken for any run in the other. Where it stands several
times, every place counts. A quote that is not found makes the case a failure, not a zero.

A span hits a gold place when it overlaps it by at least half of the shorter of the two. So a
sentence that holds a short quote hits it, each sentence of a quote that runs over several hits it,
and a neighbour that shares a few characters does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from askdoc.errors import SuiteError
from askdoc.types import Document, EvalCase, GoldEvidence, Span
from askdoc.types.ports import CatalogReader


@dataclass(frozen=True, slots=True)
class Place:
    """A span of one document."""

    document_id: str
    span: Span


Needs = tuple[tuple[Place, ...], ...]
"""What a case wants found: each need is met by any one of its places."""


class GoldMissing(SuiteError):
    """A case names a document or a quote that the index does not hold."""


def occurrences(quote: str, text: str) -> list[Span]:
    """List where `quote` stands in `text`, in order; white space is only compared at need."""
    exact = list(_exact(quote, text))
    if exact:
        return exact
    loose = r"\s+".join(re.escape(word) for word in quote.split())
    return [Span(match.start(), match.end()) for match in re.finditer(loose, text)]


def _exact(quote: str, text: str) -> Iterator[Span]:
    start = text.find(quote)
    while start >= 0:
        yield Span(start, start + len(quote))
        start = text.find(quote, start + len(quote))


def hits(span: Span, gold: Span) -> bool:
    """Tell whether `span` overlaps `gold` by at least half of the shorter of the two."""
    shorter = min(len(span), len(gold))
    return shorter > 0 and 2 * span.overlap(gold) >= shorter


def met(document_id: str, span: Span, needs: Needs) -> frozenset[int]:
    """Name the needs, by position, that a span of a document meets."""
    return frozenset(
        index
        for index, places in enumerate(needs)
        if any(place.document_id == document_id and hits(span, place.span) for place in places)
    )


class GoldFinder:
    """Looks up gold places in what is indexed; reads each document's text once."""

    def __init__(self, catalog: CatalogReader) -> None:
        self._catalog = catalog
        self._texts: dict[str, str] = {}
        self._by_path: dict[str, list[Document]] = {}
        for document in catalog.documents():
            for name in document.names:
                self._by_path.setdefault(name, []).append(document)

    def documents(self, path: str) -> Sequence[Document]:
        """Return the documents of that path: relative to its source or to the workspace."""
        return self._by_path.get(path, ())

    def text(self, document_id: str) -> str:
        """Return the whole stored text of a document."""
        if document_id not in self._texts:
            self._texts[document_id] = self._catalog.text(document_id)
        return self._texts[document_id]

    def places(self, gold: GoldEvidence) -> tuple[Place, ...]:
        """Return every place where a gold quote stands.

        Raises:
            GoldMissing: its document is not in the index, or does not hold the quote.

        """
        documents = self.documents(gold.document)
        if not documents:
            message = f"there is no document `{gold.document}` in the index"
            raise GoldMissing(message, hint="`askdoc status` lists what is indexed")
        found = tuple(
            Place(document.id, span)
            for document in documents
            for span in occurrences(gold.quote, self.text(document.id))
        )
        if not found:
            message = f"`{gold.document}` does not hold the quote `{_short(gold.quote)}`"
            raise GoldMissing(message, hint="`askdoc eval lint` shows the nearest text")
        return found

    def needs(self, case: EvalCase) -> Needs:
        """Return what the evidence of a case wants found; nothing where it may not be answered.

        With `all_evidence`, each item is a need of its own; else any one of all places will do.

        Raises:
            GoldMissing: an item is not found.

        """
        if not case.answerable or not case.evidence:
            return ()
        items = tuple(self.places(gold) for gold in case.evidence)
        if case.all_evidence:
            return items
        return (tuple(dict.fromkeys(place for places in items for place in places)),)

    def grades(self, case: EvalCase) -> dict[str, int]:
        """Map the ids of judged documents to their grades, from `relevant`.

        Raises:
            GoldMissing: a document with a grade above 0 is not in the index.

        """
        grades: dict[str, int] = {}
        for path, grade in case.relevant.items():
            documents = self.documents(path)
            if not documents and grade > 0:
                message = f"there is no document `{path}` in the index"
                raise GoldMissing(message, hint="`askdoc status` lists what is indexed")
            for document in documents:  # copies are one document, and may be judged apart
                grades[document.id] = max(grade, grades.get(document.id, grade))
        return grades

    def paths(self) -> Iterator[str]:
        """List the paths, relative to their sources, of all documents."""
        seen = {doc.id: doc for docs in self._by_path.values() for doc in docs}.values()
        return iter(dict.fromkeys(path for doc in seen for path in doc.paths))


def _short(text: str, limit: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
