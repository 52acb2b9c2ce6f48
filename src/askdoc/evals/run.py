"""Ask every case of a suite, and score the answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from askdoc.addresses import is_address
from askdoc.errors import AskdocError
from askdoc.evals.grade import GoldFinder, Graded, grade
from askdoc.evals.report import CaseFailure, SuiteReport, report_suite
from askdoc.evals.suite import Suite
from askdoc.types import Answer, Document, EvalCase, Fingerprint
from askdoc.types.ports import CatalogReader, Listener, ignore

AnswerCase = Callable[[EvalCase], Answer]


@dataclass(frozen=True, slots=True)
class Scored:
    """Event: a case is done; exactly one of `graded` and `failure` is there."""

    done: int
    total: int
    graded: Graded | None
    failure: CaseFailure | None


class Disk:
    """Tells whether a document's file is still what was indexed; looks at each file once."""

    def __init__(self) -> None:
        self._intact: dict[str, bool] = {}

    def __call__(self, document: Document) -> bool:
        """Compare the size and the SHA-256 of the file with the document's stamp."""
        if document.id not in self._intact:
            self._intact[document.id] = _is_intact(document)
        return self._intact[document.id]


def evaluate(
    suite: Suite | Sequence[EvalCase],
    answer: AnswerCase,
    catalog: CatalogReader,
    *,
    listen: Listener = ignore,
    intact: Callable[[Document], bool] | None = None,
) -> SuiteReport:
    """Answer and score every case of a suite, in its order.

    A case whose answering raises an `AskdocError`, or whose gold is not in the catalog, becomes a
    failure: listed apart and in no mean. Anything else that is raised is a bug and ends the run.
    `catalog` is where the gold is looked up; it must be what the answers come from. `listen` gets
    a `Scored` after each case.
    """
    suite = suite if isinstance(suite, Suite) else Suite("cases", tuple(suite))
    gold = GoldFinder(catalog)
    intact = intact or Disk()
    graded: list[Graded] = []
    failures: list[CaseFailure] = []
    for done, case in enumerate(suite.cases, start=1):
        result, failure = None, None
        try:
            result = grade(case, answer(case), gold, intact)
            graded.append(result)
        except AskdocError as error:
            failure = CaseFailure(case.id, str(error), error.hint)
            failures.append(failure)
        listen(Scored(done, len(suite.cases), result, failure))
    return report_suite(
        suite.name, suite.fingerprint, _fingerprint(graded, catalog), graded, failures
    )


def _fingerprint(graded: Sequence[Graded], catalog: CatalogReader) -> Fingerprint:
    if graded:
        return graded[0].answer.fingerprint
    return Fingerprint(catalog.corpus_fingerprint(), settings="", models={}, version="")


def _is_intact(document: Document) -> bool:
    if is_address(document.file):
        return True  # nothing is fetched to find out
    path = Path(document.file)
    try:
        if path.stat().st_size != document.stamp.size:
            return False
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return False
    return digest == document.stamp.content_hash
