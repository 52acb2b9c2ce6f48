"""The judge of `askdoc eval --judge`: opening it, and having it grade a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from askdoc.errors import UsageError

if TYPE_CHECKING:
    from askdoc.evals.judge import Judge, Judgement
    from askdoc.evals.report import SuiteReport
    from askdoc.render.console import Page
    from askdoc.workspace import Workspace


@contextmanager
def open_judge(workspace: Workspace, name: str, aside: Page) -> Iterator[Judge]:
    """Load the language model called `name` as a judge; what it said before is kept.

    Raises:
        UsageError: `name` stands for no language model.

    """
    import msgspec

    from askdoc import app
    from askdoc.evals import bench
    from askdoc.evals.judge import PromptedJudge
    from askdoc.evals.judgements import RememberingJudge
    from askdoc.models.llm.model_pin import model_pin
    from askdoc.render.notices import ModelNotices

    settings = msgspec.structs.replace(workspace.settings, llm=name)
    with app.language_model(replace(workspace, settings=settings), ModelNotices(aside)) as model:
        if model is None:
            message = f"`{name}` can't judge, since it is no language model"
            raise UsageError(message, hint="see which there are: `askdoc models list`")
        judge = PromptedJudge(model.generator, pin=model_pin(name))
        yield RememberingJudge(judge, bench.cache_folder() / "judgements")


def judge_all(
    reports: Sequence[SuiteReport], by: Judge, jobs: int, aside: Page
) -> dict[str, Judgement]:
    """Have every suite's answers judged, behind a progress bar."""
    from askdoc.evals.judge import judge, to_judge
    from askdoc.render.counting import CountProgress

    judgements = {}
    for report in reports:
        total = len(to_judge(report.results))
        with CountProgress(f"Judging {report.suite}", total, aside) as progress:
            judgements[report.suite] = judge(report.results, by, jobs=jobs, listen=progress)
    return judgements
