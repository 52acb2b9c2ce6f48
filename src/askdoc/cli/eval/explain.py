"""`askdoc eval explain`."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from askdoc.cli.eval.options import Documents, open_bench, suite_path, suite_paths
from askdoc.cli.open import open_workspace
from askdoc.cli.options import Embedder, Index, Llm, Reranker, TopK
from askdoc.errors import SuiteError, UsageError
from askdoc.evals import diagnose
from askdoc.evals import suite as suite_files
from askdoc.evals.grade import GoldFinder, grade
from askdoc.evals.run import Disk
from askdoc.render.console import errors, output
from askdoc.render.evals import explanation_lines
from askdoc.types import EvalCase

_DEEP = 200


def explain(  # noqa: PLR0913 - one parameter for each option
    case: Annotated[str, typer.Argument(metavar="CASE", help="The id of the case.")],
    *,
    suite: Annotated[
        str | None,
        typer.Option(
            "--suite", metavar="SUITE", help="Its suite; by default all suites of the evals folder."
        ),
    ] = None,
    documents: Documents = None,
    top_k: TopK = None,
    llm: Llm = None,
    embedder: Embedder = None,
    reranker: Reranker = None,
    index: Index = None,
) -> None:
    """Show stage by stage where a case lost its evidence.

    Examples:
        askdoc eval explain xue-isolation
        askdoc eval explain dev-17 --suite law/suite.jsonl --documents law/docs
    """
    workspace = open_workspace(
        index=index, embedder=embedder, reranker=reranker, top_k=top_k, llm=llm
    )
    paths = [suite_path(suite, workspace)] if suite else suite_paths(None, workspace)
    found = _find(case, paths)
    with open_bench(workspace, documents, errors(), cache=False) as bench:
        answer = bench.ask(found)
        graded = grade(found, answer, GoldFinder(bench.catalog), Disk())
        deeper = bench.answerer.search(answer.question, limit=_DEEP)
        stages = diagnose.explain(graded, deeper, least=workspace.settings.min_confidence)
    page = output()
    page.show(explanation_lines(graded, stages, page))


def _find(case_id: str, paths: Sequence[Path]) -> EvalCase:
    """Find a case in suites; one that cannot be read matters only if no other has the case."""
    known: dict[str, EvalCase] = {}
    broken: list[SuiteError] = []
    for path in paths:
        try:
            known |= {case.id: case for case in suite_files.load(path).cases}
        except SuiteError as error:
            broken.append(error)
    if case_id not in known:
        if broken:
            raise broken[0]
        near = get_close_matches(case_id, known, n=1)
        message = f"there is no case `{case_id}`"
        hint = f"did you mean `{near[0]}`?" if near else "`--suite` names the suite to look in"
        raise UsageError(message, hint=hint)
    return known[case_id]
