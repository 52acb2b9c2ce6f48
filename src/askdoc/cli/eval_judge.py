"""The judge of `askdoc eval --judge`: opening it, and having it grade a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from askdoc.errors import UsageError

if TYPE_CHECKING:
    from askdoc.judging import Judge, Judgement
    from askdoc.render.console import Page
    from askdoc.reports import SuiteReport
    from askdoc.workspace import Workspace


@contextmanager
def open_judge(workspace: Workspace, name: str, aside: Page) -> Iterator[Judge]:
    """Load the language model called `name` as a judge; what it said before is kept.

    Raises:
        UsageError: `name` stands for no language model.

    """
    import msgspec

    from askdoc import app, running
    from askdoc.adapters.judgements import RememberingJudge
    from askdoc.judging import PromptedJudge
    from askdoc.models.llm.model_pin import model_pin
    from askdoc.render.notices import ModelNotices

    settings = msgspec.structs.replace(workspace.settings, llm=name)
    with app.language_model(replace(workspace, settings=settings), ModelNotices(aside)) as model:
        if model is None:
            message = f"`{name}` can't judge, since it is no language model"
            raise UsageError(message, hint="see which there are: `askdoc models list`")
        judge = PromptedJudge(model.generator, pin=model_pin(name))
        yield RememberingJudge(judge, running.cache_folder() / "judgements")


def judge_all(
    reports: Sequence[SuiteReport], by: Judge, jobs: int, aside: Page
) -> dict[str, Judgement]:
    """Have every suite's answers judged, behind a progress bar."""
    from askdoc.judging import judge, to_judge
    from askdoc.render.counting import CountProgress

    judgements = {}
    for report in reports:
        total = len(to_judge(report.results))
        with CountProgress(f"Judging {report.suite}", total, aside) as progress:
            judgements[report.suite] = judge(report.results, by, jobs=jobs, listen=progress)
    return judgements
