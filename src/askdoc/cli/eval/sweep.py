"""`askdoc eval sweep`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from askdoc.cli.eval.options import Documents, SuiteName, load_suites, suite_path
from askdoc.cli.open import here, open_workspace
from askdoc.cli.options import Embedder
from askdoc.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from askdoc.evals.report import SuiteReport
    from askdoc.evals.suite import Suite
    from askdoc.render.console import Page
    from askdoc.workspace import Workspace


def sweep(  # noqa: PLR0913 - one parameter for each option
    suite: SuiteName,
    *,
    grid: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=A,B", help="A setting and its values; repeatable."),
    ] = None,
    metric: Annotated[
        str, typer.Option("--metric", metavar="NAME", help="What to make the best of.")
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

    A part of the cases is held out: the settings that do best on the others are then judged on
    these, since a choice looks better than it is on what it was chosen by. The index of each size
    of chunks and every answer are kept for the next run.

    Examples:
        askdoc eval sweep seeds --set top_k=5,10,20 --set max_sentences=1,2,3
        askdoc eval sweep law/suite.jsonl --documents law/docs --set chunk_tokens=96,160,240
    """
    from askdoc.evals import suite as suites
    from askdoc.evals import sweep as sweeping
    from askdoc.evals.metrics import NAMES
    from askdoc.render.console import errors, output
    from askdoc.render.evals import sweep_lines

    if metric not in NAMES:
        message = f"there is no metric `{metric}`"
        raise UsageError(message, hint=f"there are: {', '.join(NAMES)}")
    if not grid:
        message = "there is nothing to try"
        raise UsageError(message, hint="name a setting and its values: `--set top_k=5,10,20`")
    workspace = open_workspace(embedder=embedder)
    points = sweeping.parse_grid(grid, workspace.settings)
    (whole,) = load_suites([suite_path(suite, workspace)])
    tune, held = sweeping.folds(suites.choose(whole, limit=limit, seed=seed), hold_out)
    aside = errors()
    trials = [
        sweeping.trial(values, _run(tune, workspace, values, documents, aside), metric)
        for values in points
    ]
    chosen = sweeping.best(trials, metric)
    judged = {
        name: _run(held, workspace, values, documents, aside).metrics.get(metric)
        for name, values in (("current", points[0]), ("chosen", chosen.values))
    }
    page = output()
    page.show(sweep_lines(trials, metric, chosen, judged, page))


def _run(
    suite: Suite,
    workspace: Workspace,
    values: dict[str, Any] | Any,
    documents: Path | None,
    aside: Page,
) -> SuiteReport:
    from dataclasses import replace

    from askdoc import settings as known
    from askdoc.cli.open import build
    from askdoc.evals import bench as running
    from askdoc.render.evals import EvalProgress

    changed = known.parse(dict(values), origin="--set", base=workspace.settings)
    trial = replace(workspace, settings=changed)
    if documents:
        trial = running.on_documents(trial, here() / documents)
    else:
        trial = running.in_cache(trial, _sources(workspace))
    build(trial, trial.sources, aside)
    told = ", ".join(f"{name}={value}" for name, value in dict(values).items())
    with running.bench(trial) as bench, EvalProgress(aside, told, len(suite.cases)) as progress:
        return bench.run(suite, progress)


def _sources(workspace: Workspace) -> Sequence[Path]:
    """List what is configured, else what the workspace's own index keeps."""
    if workspace.sources:
        return workspace.sources
    from askdoc import app

    with app.open_catalog(workspace) as catalog:
        return [workspace.root / location for location in catalog.sources()]
