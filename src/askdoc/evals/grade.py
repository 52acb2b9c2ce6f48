"""Compare an answer with the gold evidence of its case, for the metrics to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from askdoc.errors import SuiteError
from askdoc.evals.scores import answer_contains
from askdoc.types import Answer, Citation, Document, EvalCase, GoldEvidence, Span, Status, Support
from askdoc.types.ports import CatalogReader


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """A span of a document that holds gold evidence."""

    document_id: str
    span: Span


Needs = tuple[tuple[GoldSpan, ...], ...]
"""The evidence that a case needs: any one place of a need meets it."""


class GoldMissing(SuiteError):
    """A case names a document or a quote that is not in the index."""


def occurrences(quote: str, text: str) -> list[Span]:
    """List where `quote` is in `text`; white space may differ if there is no exact match."""
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
    """Return the positions of the needs that a span of a document meets."""
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

    def places(self, gold: GoldEvidence) -> tuple[GoldSpan, ...]:
        """Return every place of a gold quote.

        Raises:
            GoldMissing: its document is not in the index, or does not contain the quote.

        """
        documents = self.documents(gold.document)
        if not documents:
            message = f"there is no document `{gold.document}` in the index"
            raise GoldMissing(message, hint="`askdoc status` lists what is indexed")
        found = tuple(
            GoldSpan(document.id, span)
            for document in documents
            for span in occurrences(gold.quote, self.text(document.id))
        )
        if not found:
            message = f"`{gold.document}` does not contain the quote `{_short(gold.quote)}`"
            raise GoldMissing(message, hint="`askdoc eval lint` shows the nearest text")
        return found

    def needs(self, case: EvalCase) -> Needs:
        """Return the needs of a case; none for an unanswerable one.

        With `all_evidence`, each item is a need. Otherwise all places together are one need.

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
            for document in documents:  # copies are one document, and may have different grades
                grades[document.id] = max(grade, grades.get(document.id, grade))
        return grades

    def paths(self) -> Iterator[str]:
        """List the paths, relative to their sources, of all documents."""
        seen = {doc.id: doc for docs in self._by_path.values() for doc in docs}.values()
        return iter(dict.fromkeys(path for doc in seen for path in doc.paths))


def _short(text: str, limit: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


SELECTED = 3
"""A refusal is judged by so many of its best sentences: as many as an answer would cite."""


class Lost(StrEnum):
    """Where a wrong case lost its gold."""

    NOT_RETRIEVED = "not_retrieved"
    NOT_SELECTED = "not_selected"
    NOT_ANSWERED = "not_answered"
    SHOULD_ABSTAIN = "should_abstain"
    SHOULD_ANSWER = "should_answer"


@dataclass(frozen=True, slots=True)
class Ranking:
    """What each place of a ranking adds, best first; `total` counts what could be found.

    `found` counts the relevant things met at a place for the first time, `gains` says what they
    are worth, and `ideal` holds the gains of a perfect ranking.
    """

    found: tuple[int, ...]
    gains: tuple[float, ...]
    total: int
    ideal: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Graded:
    """An answer with its verdicts.

    `documents` and `passages` are None where nothing is known to be relevant. `gold` is what the
    evidence of the case wants found; `evidence` and `cited` say for each sentence, best first,
    which of the needs it meets. `valid` has a verdict for each citation. `right` says whether what
    is cited answers the question (for an abstained answer: whether its best sentences would have),
    and is None where the suite cannot tell. `lost` is None for a case that ended as it should.
    """

    case: EvalCase
    answer: Answer
    documents: Ranking | None
    passages: Ranking | None
    gold: Needs
    evidence: tuple[frozenset[int], ...]
    cited: tuple[frozenset[int], ...]
    valid: tuple[bool, ...]
    right: bool | None
    lost: Lost | None

    @property
    def ended_well(self) -> bool | None:
        """Whether the case ended as it should; None where the suite cannot tell."""
        if self.right is None and self.lost is None and self.case.answerable:
            return None
        return self.lost is None

    @property
    def needs(self) -> int:
        """How many needs the case has."""
        return len(self.gold)

    @property
    def text(self) -> str:
        """The words of the answer, without citation markers."""
        return " ".join(claim.text for claim in self.answer.claims)

    @property
    def supported(self) -> Sequence[bool]:
        """For each claim, whether the check calls it supported."""
        return [claim.support is Support.SUPPORTED for claim in self.answer.claims]


def grade(
    case: EvalCase, answer: Answer, gold: GoldFinder, intact: Callable[[Document], bool]
) -> Graded:
    """Compare an answer with its case; `intact` tells whether a file is as it was indexed.

    Raises:
        GoldMissing: the index does not hold what the case names.

    """
    needs = gold.needs(case)
    evidence = tuple(met(e.passage.document.id, e.span, needs) for e in answer.evidence)
    cited = tuple(met(c.document.id, c.span, needs) for c in answer.citations)
    passages = tuple(met(p.document.id, p.chunk.span, needs) for p in answer.passages)
    right = _right(case, answer, len(needs), evidence, cited)
    return Graded(
        case=case,
        answer=answer,
        documents=_rank_documents(case, answer, gold, needs),
        passages=_rank_needs(passages, len(needs)),
        gold=needs,
        evidence=evidence,
        cited=cited,
        valid=tuple(_is_valid(citation, gold, intact) for citation in answer.citations),
        right=right,
        lost=_lost(case, answer, len(needs), (passages, evidence), right=right),
    )


def _is_valid(citation: Citation, gold: GoldFinder, intact: Callable[[Document], bool]) -> bool:
    """Tell whether the quote is the stored text at its span, and the file still says so."""
    stored = citation.span.of(gold.text(citation.document.id))
    return citation.quote == stored and intact(citation.document)


def _rank_documents(
    case: EvalCase, answer: Answer, gold: GoldFinder, needs: Needs
) -> Ranking | None:
    """Rank the documents by their best passages; judge by `relevant`, else by the evidence."""
    ranked = list(dict.fromkeys(passage.document.id for passage in answer.passages))
    if case.relevant:
        grades = gold.grades(case)
        gains = tuple(float(grades.get(document, 0)) for document in ranked)
        ideal = tuple(sorted((float(g) for g in grades.values() if g > 0), reverse=True))
        found = tuple(int(gain > 0) for gain in gains)
        return Ranking(found, gains, len(ideal), ideal) if ideal else None
    homes = [frozenset(place.document_id for place in places) for places in needs]
    distinct = list(dict.fromkeys(homes))
    return _rank_needs(
        [frozenset(i for i, home in enumerate(distinct) if doc in home) for doc in ranked],
        len(distinct),
    )


def _rank_needs(places: Iterable[frozenset[int]], total: int) -> Ranking | None:
    """Credit each need once, where it is met first; a place that meets several is one gain.

    The ideal ranking is as much shorter than `total` as needs were met together, so that meeting
    two at once is never worse than meeting them apart.
    """
    if not total:
        return None
    seen: set[int] = set()
    found: list[int] = []
    for place in places:
        found.append(len(place - seen))
        seen |= place
    together = sum(max(0, count - 1) for count in found)
    gains = tuple(float(count > 0) for count in found)
    return Ranking(tuple(found), gains, total, (1.0,) * (total - together))


def _right(
    case: EvalCase,
    answer: Answer,
    needs: int,
    evidence: Sequence[frozenset[int]],
    cited: Sequence[frozenset[int]],
) -> bool | None:
    if not case.answerable:
        return False
    answered = answer.status is not Status.ABSTAINED
    if needs:
        shown = cited if answered else evidence[:SELECTED]
        return len(frozenset().union(*shown)) == needs
    if case.answers:
        texts = (
            [claim.text for claim in answer.claims]
            if answered
            else [item.text for item in answer.evidence[:SELECTED]]
        )
        return answer_contains(" ".join(texts), case.answers) == 1
    return None


def _lost(
    case: EvalCase,
    answer: Answer,
    needs: int,
    met_by: tuple[Sequence[frozenset[int]], Sequence[frozenset[int]]],
    *,
    right: bool | None,
) -> Lost | None:
    if not case.answerable:
        return Lost.SHOULD_ABSTAIN if answer.status is Status.ANSWERED else None
    answered = answer.status is not Status.ABSTAINED
    if answered and right is not False:
        return None
    if needs:
        retrieved, selected = (len(frozenset().union(*by)) == needs for by in met_by)
    elif case.answers:
        retrieved = _contains_gold(case, [passage.chunk.text for passage in answer.passages])
        selected = _contains_gold(case, [item.text for item in answer.evidence])
    else:
        retrieved = selected = True
    if not retrieved:
        return Lost.NOT_RETRIEVED
    if not selected:
        return Lost.NOT_SELECTED
    return Lost.NOT_ANSWERED if answered else Lost.SHOULD_ANSWER


def _contains_gold(case: EvalCase, texts: Sequence[str]) -> bool:
    return any(answer_contains(text, case.answers) == 1 for text in texts)
