"""What is wrong with a suite before it runs, and how to fix each quote."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from askdoc.errors import SuiteError
from askdoc.evals.grade import GoldFinder, occurrences
from askdoc.evals.scores import answer_contains, normalise
from askdoc.evals.suite import DRAFT
from askdoc.types import Document, EvalCase, GoldEvidence

ALIKE = 0.6
"""Likeness from which the nearest text is proposed in place of a quote."""

_OFTEN = 5
"""Places from which a quote is too common to say where an answer is."""

_WORD = re.compile(r"\w+")


class Level(StrEnum):
    """How serious a finding is: an error makes the case fail in a run, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `repaired` is the fixed case, where a fix is known.

    `case_id` is empty for a finding about the suite as a whole.
    """

    case_id: str
    level: Level
    code: str
    message: str
    repaired: EvalCase | None = None


def lint(
    cases: Sequence[EvalCase], gold: GoldFinder, intact: Callable[[Document], bool]
) -> list[Finding]:
    """Check cases against each other and against the documents, in the order of the suite.

    `intact` tells whether a document's file still is what was indexed.
    """
    findings = [*_repeated(cases)]
    for case in cases:
        findings += _shape(case)
        findings += _evidence(case, gold, intact)
        findings += _answers(case)
    order: dict[str, int] = {}
    for position, case in enumerate(cases):
        order.setdefault(case.id, position)
    return sorted(findings, key=lambda finding: order[finding.case_id])


def unreadable(error: SuiteError) -> Finding:
    """Make a finding of the error that prevents reading a suite."""
    message = f"{error}: {error.hint}" if error.hint else str(error)
    return Finding("", Level.ERROR, "unreadable", message)


def _repeated(cases: Sequence[EvalCase]) -> Iterator[Finding]:
    ids: Counter[str] = Counter()
    questions: dict[str, str] = {}
    for case in cases:
        ids[case.id] += 1
        if ids[case.id] == 2:  # noqa: PLR2004 - once, at the second
            yield Finding(case.id, Level.ERROR, "same_id", "another case has this id")
        asked = f"{normalise(case.question)} {case.history}"
        if asked in questions and questions[asked] != case.id:
            message = f"`{questions[asked]}` asks the same question"
            yield Finding(case.id, Level.WARNING, "same_question", message)
        questions.setdefault(asked, case.id)


def _shape(case: EvalCase) -> Iterator[Finding]:
    judged = case.evidence or case.answers or case.relevant
    if case.answerable and not judged:
        message = "nothing to judge an answer by: no evidence, no answers, no relevant documents"
        yield Finding(case.id, Level.WARNING, "nothing_to_judge", message)
    if not case.answerable and (case.evidence or case.answers):
        message = "it is unanswerable, but has evidence or answers"
        yield Finding(case.id, Level.WARNING, "contradiction", message)
    if DRAFT in case.tags:
        message = "it is a draft; runs leave it out until it is reviewed"
        yield Finding(case.id, Level.WARNING, "draft", message)


def _evidence(
    case: EvalCase, gold: GoldFinder, intact: Callable[[Document], bool]
) -> Iterator[Finding]:
    for position, item in enumerate(case.evidence):
        documents = gold.documents(item.document)
        if not documents:
            yield _no_document(case, position, gold)
            continue
        texts = [gold.text(document.id) for document in documents]
        found = [span.of(text) for text in texts for span in occurrences(item.quote, text)]
        if not found:
            yield _no_quote(case, position, documents, gold)
        elif len(found) >= _OFTEN:
            message = f"the quote is {len(found)} times in `{item.document}`: {item.quote!r}"
            yield Finding(case.id, Level.WARNING, "common_quote", message)
        elif item.quote not in found:
            message = f"the quote differs in white space from `{item.document}`"
            repaired = _with_quote(case, position, replace(item, quote=found[0]))
            yield Finding(case.id, Level.WARNING, "white_space", message, repaired)
        for document in documents:
            if not intact(document):
                message = f"`{item.document}` changed or was deleted after it was indexed"
                yield Finding(case.id, Level.WARNING, "stale_document", message)
    for path, grade in case.relevant.items():
        if grade > 0 and not gold.documents(path):
            message = f"there is no document `{path}` in the index"
            yield Finding(case.id, Level.ERROR, "no_document", message)


def _answers(case: EvalCase) -> Iterator[Finding]:
    for answer in case.answers:
        if not normalise(answer):
            message = f"`{answer}` has no word that an answer could contain"
            yield Finding(case.id, Level.ERROR, "empty_answer", message)
    if not case.answers or not case.evidence:
        return
    text = " ".join(item.quote for item in case.evidence)
    if not answer_contains(text, case.answers):
        message = f"the evidence contains none of the answers: {', '.join(case.answers)}"
        yield Finding(case.id, Level.WARNING, "answer_not_in_evidence", message)


def _no_document(case: EvalCase, position: int, gold: GoldFinder) -> Finding:
    """Propose the document that has the quote, or else the one with the nearest path."""
    item = case.evidence[position]
    paths = list(gold.paths())
    message = f"there is no document `{item.document}` in the index"
    for path in paths:
        if any(item.quote in gold.text(document.id) for document in gold.documents(path)):
            repaired = _with_quote(case, position, replace(item, document=path))
            return Finding(
                case.id,
                Level.ERROR,
                "no_document",
                f"{message}; `{path}` holds the quote",
                repaired,
            )
    near = difflib.get_close_matches(item.document, paths, n=1)
    nearest = f"; the nearest is `{near[0]}`" if near else ""
    return Finding(case.id, Level.ERROR, "no_document", message + nearest)


def _no_quote(
    case: EvalCase, position: int, documents: Sequence[Document], gold: GoldFinder
) -> Finding:
    item = case.evidence[position]
    message = f"`{item.document}` does not contain the quote {item.quote!r}"
    likeness, text = max(
        (nearest(item.quote, gold.text(document.id)) for document in documents),
        default=(0.0, ""),
    )
    if likeness < ALIKE:
        return Finding(case.id, Level.ERROR, "no_quote", message)
    repaired = _with_quote(case, position, replace(item, quote=text))
    return Finding(case.id, Level.ERROR, "no_quote", f"{message}; nearest: {text!r}", repaired)


def nearest(quote: str, text: str) -> tuple[float, str]:
    """Find the stretch of `text` most like `quote`; return its likeness, 0 to 1, and the stretch.

    The window of as many words that shares most words with the quote is found first, then cut to
    what matches in it, at whole words. Likeness is difflib's ratio.
    """
    wanted = Counter(word.lower() for word in _WORD.findall(quote))
    words = list(_WORD.finditer(text))
    size = min(max(1, wanted.total()), len(words))
    if not size:
        return 0.0, ""
    have: Counter[str] = Counter()
    best, best_start, shared = -1, 0, 0
    for position, match in enumerate(words):
        word = match[0].lower()
        have[word] += 1
        shared += have[word] <= wanted[word]
        if position >= size:
            gone = words[position - size][0].lower()
            shared -= have[gone] <= wanted[gone]
            have[gone] -= 1
        if shared > best:
            best, best_start = shared, max(0, position - size + 1)
    return _cut(quote, text, words[best_start : best_start + size])


def _cut(quote: str, text: str, window: Sequence[re.Match[str]]) -> tuple[float, str]:
    start, end = window[0].start(), window[-1].end()
    while end < len(text) and not text[end].isspace() and not quote[-1:].isalnum():
        end += 1
    stretch = text[start:end]
    ratio = difflib.SequenceMatcher(None, quote, stretch, autojunk=False).ratio()
    return ratio, stretch


def _with_quote(case: EvalCase, position: int, item: GoldEvidence) -> EvalCase:
    evidence = list(case.evidence)
    evidence[position] = item
    return replace(case, evidence=tuple(evidence))
