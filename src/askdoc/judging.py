"""A second opinion on free-text answers by a model: advisory, and held against what is certain.

A judge's verdicts are never part of the gate by default. How far they can be trusted is told by
how they agree with the deterministic verdicts over the same cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from askdoc.errors import AskdocError
from askdoc.reports import CaseFailure, CaseResult
from askdoc.types import Status


class Judge(Protocol):
    """Grades an answer against what is known to be right."""

    @property
    def fingerprint(self) -> str:
        """The model and the version of the prompt, pinned: another one is another judge."""

    def grade(self, question: str, answer: str, accepted: Sequence[str]) -> float:
        """Grade from 0 (wrong) to 1 (right); `accepted` holds accepted answers or gold quotes.

        Raises:
            AskdocError: the model cannot be asked, or does not answer in the form it was told.

        """


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge said, by case, and how far it agrees with the deterministic verdicts.

    `agreement` is the share of cases with the same verdict, `kappa` the same corrected for chance;
    both are None where no case has both. `failures` are cases that could not be judged.
    """

    judge: str
    grades: Mapping[str, float]
    agreement: float | None
    kappa: float | None
    n: int
    failures: tuple[CaseFailure, ...] = ()


def judge(results: Sequence[CaseResult], by: Judge) -> Judgement:
    """Have the answered cases judged that have something to be judged by."""
    grades: dict[str, float] = {}
    failures: list[CaseFailure] = []
    pairs: list[tuple[bool, bool]] = []
    for result in results:
        graded = result.graded
        accepted = graded.case.answers or tuple(gold.quote for gold in graded.case.evidence)
        if graded.answer.status is not Status.ANSWERED or not accepted:
            continue
        try:
            grade = by.grade(graded.case.question, graded.text, accepted)
        except AskdocError as error:
            failures.append(CaseFailure(result.id, str(error), error.hint))
            continue
        grades[result.id] = grade
        if graded.right is not None:
            pairs.append((graded.right, grade >= 0.5))  # noqa: PLR2004 - more right than wrong
    same = sum(one == other for one, other in pairs) / len(pairs) if pairs else None
    return Judgement(by.fingerprint, grades, same, kappa(pairs), len(pairs), tuple(failures))


def kappa(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    """Return Cohen's kappa of two sets of verdicts; None where chance alone explains all.

    κ = (pₒ - pₑ) / (1 - pₑ), with the share pₒ of equal verdicts and the share pₑ that is to be
    expected by chance. Cohen, *A coefficient of agreement for nominal scales* (1960).
    """
    if not pairs:
        return None
    n = len(pairs)
    observed = sum(one == other for one, other in pairs) / n
    yes = [sum(side) / n for side in zip(*pairs, strict=True)]
    expected = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return None if expected == 1 else (observed - expected) / (1 - expected)
