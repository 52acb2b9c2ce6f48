"""What an evaluation found, as values: cases, failures, suites, and the gate's verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from askdoc.evals.grade import Graded, Lost
from askdoc.evals.metrics import score, summarise
from askdoc.evals.statistics import Estimate
from askdoc.settings import EXTRACTIVE
from askdoc.types import Answer, Fingerprint, Status

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class RunFingerprint:
    """What a run's scores depend on: the suite's cases, and all that its answers depend on."""

    suite: str
    corpus: str
    settings: str
    models: Mapping[str, str]
    version: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case that was answered: its scores by metric; a metric that does not apply has none."""

    graded: Graded
    scores: Mapping[str, float]

    @property
    def id(self) -> str:
        """The id of the case."""
        return self.graded.case.id

    @property
    def lost(self) -> Lost | None:
        """Where the gold was lost, or None where the case ended as it should."""
        return self.graded.lost

    @property
    def outcome(self) -> Outcome:
        """How the case ended; not judged where the suite knows no answer and no evidence."""
        graded = self.graded
        if graded.answer.status is Status.ABSTAINED:
            answerable = graded.case.answerable
            return Outcome.REFUSED_WRONGLY if answerable else Outcome.REFUSED_RIGHTLY
        if graded.answer.status is Status.UNSURE and not graded.case.answerable:
            return Outcome.UNSURE_RIGHTLY
        if graded.right is None:
            return Outcome.NOT_JUDGED
        return Outcome.RIGHT if graded.right else Outcome.WRONG


class Outcome(StrEnum):
    """How a case ended."""

    RIGHT = "right"
    WRONG = "wrong"
    REFUSED_WRONGLY = "refused wrongly"
    REFUSED_RIGHTLY = "refused rightly"
    UNSURE_RIGHTLY = "unsure rightly"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class CaseFailure:
    """A case that could not be scored, and why; it is in no mean and makes the run fail."""

    id: str
    error: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class WritingCost:
    """What a language model did for the cases that it was asked, and what that took.

    Of `asked` answers it wrote `written` and `refused` others. The rest are `extracted`, because
    nothing that it wrote was supported. `withheld` counts claims. Tokens and cost are sums, None
    where they are unknown. `kept` answers come from an earlier run.
    """

    model: str
    asked: int
    written: int
    refused: int
    extracted: int
    withheld: int
    tokens_in: int | None
    tokens_out: int | None
    cost: float | None
    kept: int = 0


@dataclass(frozen=True, slots=True)
class SuiteReport:
    """One suite's run: estimates over all cases and by tag, results in the suite's order.

    `writing` is None where no language model was asked.
    """

    suite: str
    fingerprint: RunFingerprint
    metrics: Mapping[str, Estimate]
    tags: Mapping[str, Mapping[str, Estimate]]
    results: tuple[CaseResult, ...]
    failures: tuple[CaseFailure, ...] = ()
    writing: WritingCost | None = None

    @property
    def outcomes(self) -> Mapping[Outcome, int]:
        """How many cases ended in each way."""
        return {outcome: sum(r.outcome is outcome for r in self.results) for outcome in Outcome}

    @property
    def generator(self) -> str:
        """What wrote the answers: `extractive`, or a language model with the prompt's version."""
        return self.fingerprint.models.get("generator", EXTRACTIVE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A floor (or, where lower is better, a ceiling) held against what was measured.

    `mean` is None where the metric applied to no case, which does not pass.
    """

    suite: str
    metric: str
    floor: float
    mean: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class EvalReport:
    """All suites of a run, with the gate's verdicts and the comparisons with stored runs.

    `regressions` names the suite and metric of each clear drop.
    """

    suites: tuple[SuiteReport, ...]
    gate: tuple[Verdict, ...] = ()
    regressions: tuple[tuple[str, str], ...] = ()

    @property
    def failed(self) -> bool:
        """Whether any case could not be scored."""
        return any(suite.failures for suite in self.suites)

    @property
    def passed(self) -> bool:
        """Whether every case was scored, every floor held, and nothing dropped clearly."""
        held = all(verdict.passed for verdict in self.gate)
        return held and not self.regressions and not self.failed


def report_suite(
    name: str,
    suite_fingerprint: str,
    answers: Fingerprint,
    graded: Sequence[Graded],
    failures: Sequence[CaseFailure] = (),
) -> SuiteReport:
    """Sum up graded cases; neither the estimates nor their intervals depend on their order."""
    results = tuple(CaseResult(g, score(g)) for g in graded)
    ordered = sorted(results, key=lambda result: result.id)
    tags = sorted({tag for g in graded for tag in g.case.tags})
    return SuiteReport(
        suite=name,
        fingerprint=RunFingerprint(
            suite_fingerprint,
            answers.corpus,
            answers.settings,
            answers.models,
            answers.version,
        ),
        metrics=_summarise(ordered),
        tags={
            tag: _summarise([result for result in ordered if tag in result.graded.case.tags])
            for tag in tags
        },
        results=results,
        failures=tuple(failures),
        writing=_writing([g.answer for g in graded]),
    )


def _writing(answers: Sequence[Answer]) -> WritingCost | None:
    """Sum up how a language model took part in these answers."""
    asked = [(answer, answer.generation) for answer in answers]
    made = [(answer, generation) for answer, generation in asked if generation is not None]
    if not made:
        return None
    generations = [generation for _, generation in made]
    extracted = sum(generation.fallback is not None for generation in generations)
    refused = sum(answer.status is Status.ABSTAINED for answer, _ in made)
    return WritingCost(
        model=generations[0].model,
        asked=len(made),
        written=len(made) - extracted - refused,
        refused=refused,
        extracted=extracted,
        withheld=sum(len(generation.withheld) for generation in generations),
        tokens_in=_sum(generation.spent.tokens_in for generation in generations),
        tokens_out=_sum(generation.spent.tokens_out for generation in generations),
        cost=_sum(generation.spent.cost for generation in generations),
    )


def _sum(values: Iterable[Number | None]) -> Number | None:
    """Add what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    return sum(known[1:], known[0]) if known else None


def _summarise(results: Sequence[CaseResult]) -> dict[str, Estimate]:
    return summarise([r.graded for r in results], [r.scores for r in results])
