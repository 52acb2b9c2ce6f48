"""`askdoc eval sweep` and `calibrate`: find settings by what they do to a suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from askdoc import app
from askdoc import settings as known
from askdoc import workspace as workspaces
from askdoc.cli.eval.options import (
    Documents,
    Jobs,
    SuiteName,
    load_suites,
    open_bench,
    say,
    suite_path,
)
from askdoc.cli.open import build, here, open_workspace
from askdoc.cli.options import Embedder, Index, Llm
from askdoc.errors import UsageError
from askdoc.evals import bench as benches
from askdoc.evals import calibrate as calibration
from askdoc.evals import suite as suite_files
from askdoc.evals import sweep as sweeping
from askdoc.evals.metrics import NAMES
from askdoc.evals.report import SuiteReport
from askdoc.evals.suite import Suite
from askdoc.paths import seen_from
from askdoc.render.console import Page, errors, output
from askdoc.render.evals import EvalProgress, calibration_lines, sweep_lines
from askdoc.workspace import Workspace


def sweep(  # noqa: PLR0913 - one parameter for each option
    suite: SuiteName,
    *,
    grid: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=A,B", help="A setting and its values; repeatable."),
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", metavar="NAME", help="The score to improve.")
    ] = "citation_f1",
    hold_out: Annotated[
        float,
        typer.Option("--hold-out", metavar="P", min=0.05, max=0.9, help="Share held out."),
    ] = 0.3,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=2, help="Run this many cases, drawn at random."),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="S", help="Draw other cases.")] = 0,
    documents: Documents = None,
    embedder: Embedder = None,
) -> None:
    """Try a grid of settings and show the best trade-offs of quality and time.

    The settings are chosen on a part of the cases and judged on the rest, because a choice looks
    better than it is on the cases it was made by. A gain within noise is not recommended. The
    indexes and the answers are kept for the next run.

    Examples:
        askdoc eval sweep seeds --set top_k=5,10,20 --set max_sentences=1,2,3
        askdoc eval sweep law/suite.jsonl --documents law/docs --set chunk_tokens=96,160,240
    """
    if metric not in NAMES:
        message = f"there is no metric `{metric}`"
        raise UsageError(message, hint=f"there are: {', '.join(NAMES)}")
    if not grid:
        message = "there is nothing to try"
        raise UsageError(message, hint="name a setting and its values: `--set top_k=5,10,20`")
    workspace = open_workspace(embedder=embedder)
    points = sweeping.parse_grid(grid, workspace.settings)
    (everything,) = load_suites([suite_path(suite, workspace)])
    tune, held_out = sweeping.folds(
        suite_files.choose(everything, limit=limit, seed=seed), hold_out
    )
    stderr = errors()
    trials = [
        sweeping.trial(values, _run(tune, workspace, values, documents, stderr), metric)
        for values in points
    ]
    chosen = sweeping.best(trials, metric)
    current = _run(held_out, workspace, points[0], documents, stderr)
    candidate = _run(held_out, workspace, chosen.values, documents, stderr)
    choice = sweeping.judge_choice(chosen, metric, current, candidate)
    page = output()
    page.show(sweep_lines(trials, metric, choice, page))


def _run(
    suite: Suite,
    workspace: Workspace,
    values: Mapping[str, Any],
    documents: Path | None,
    stderr: Page,
) -> SuiteReport:
    changed = known.parse(dict(values), origin="--set", base=workspace.settings)
    trial = replace(workspace, settings=changed)
    if documents:
        trial = benches.on_documents(trial, here() / documents)
    else:
        trial = benches.in_cache(trial, _sources(workspace))
    build(trial, trial.sources, stderr)
    name = sweeping.written(values)
    with benches.bench(trial) as bench, EvalProgress(stderr, name, len(suite.cases)) as progress:
        return bench.run(suite, progress)


def _sources(workspace: Workspace) -> Sequence[Path]:
    """List the sources in the settings, or else those of the workspace's own index."""
    if workspace.sources:
        return workspace.sources
    with app.open_catalog(workspace) as catalog:
        return [workspace.root / location for location in catalog.sources()]


def calibrate(  # noqa: PLR0913 - one parameter for each option
    suite: SuiteName,
    *,
    price: Annotated[
        float,
        typer.Option(
            "--refusal-cost",
            metavar="X",
            min=0.01,
            help="What refusing a right answer costs; a wrong answer costs 1.",
        ),
    ] = 0.5,
    doubt: Annotated[
        float,
        typer.Option(
            "--doubt-cost",
            metavar="X",
            min=0.01,
            help="What calling a right answer unsure costs; calling a wrong one sure costs 1.",
        ),
    ] = 0.25,
    write: Annotated[
        bool, typer.Option("--write", help="Set both in the workspace's `askdoc.toml`.")
    ] = False,
    documents: Documents = None,
    llm: Llm = None,
    jobs: Jobs = None,
    index: Index = None,
) -> None:
    """Fit `min_confidence` and `sure_confidence` to a suite.

    Every question of the suite is answered, and the thresholds are chosen that cost least. From
    `min_confidence` on evidence is shown: a wrong answer costs 1, and a refusal where the answer
    would have been right costs `--refusal-cost`. From `sure_confidence` on an answer is sure: a
    wrong one that is called sure costs 1, a right one that is called unsure `--doubt-cost`.
    The suite needs questions that the documents do not answer.

    Examples:
        askdoc eval calibrate mine
        askdoc eval calibrate mine --refusal-cost 1 --write
    """
    workspace = open_workspace(index=index, llm=llm)
    settings = workspace.settings
    (whole,) = load_suites([suite_path(suite, workspace)])
    chosen = suite_files.choose(whole)
    open_to_all = known.parse({"min_confidence": 0.0}, origin="--set", base=settings)
    stderr = errors()
    with (
        open_bench(replace(workspace, settings=open_to_all), documents, stderr) as bench,
        EvalProgress(stderr, chosen.name, len(chosen.cases)) as progress,
    ):
        report = bench.run(chosen, progress, jobs=jobs)
    found = calibration.samples(report)
    shown = calibration.compare(found, price, current=settings.min_confidence)
    sure = calibration.compare(found, doubt, current=settings.sure_confidence)
    page = output()
    page.show(calibration_lines(chosen.name, shown, sure, page))
    if not write:
        say("to write them into your settings, add `--write`")
        return
    file = workspace.config or workspace.root / workspaces.CONFIG_NAME
    edit = "askdoc config edit --workspace"
    values = {
        "min_confidence": shown.fitted.value,
        "sure_confidence": max(shown.fitted.value, sure.fitted.value),
    }
    for name, value in values.items():
        workspaces.put(file, name, value, editing=edit)
        say(f"{name} = {value:g} in {seen_from(here(), str(file))}")
