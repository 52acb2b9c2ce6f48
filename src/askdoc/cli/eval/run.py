"""`askdoc eval run`, which is also `askdoc eval [SUITE]...`, and `askdoc eval floors`."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer

from askdoc.cli.eval.generate import judge_all, open_judge
from askdoc.cli.eval.options import (
    Documents,
    Jobs,
    Suites,
    load_readable,
    load_suites,
    open_bench,
    say,
    suite_paths,
)
from askdoc.cli.open import here, open_workspace
from askdoc.cli.options import (
    AsJson,
    Embedder,
    Index,
    Llm,
    MaxSentences,
    MinConfidence,
    Offline,
    Reranker,
    TopK,
)
from askdoc.cli.output import print_json
from askdoc.errors import UsageError, unwritable
from askdoc.evals import baseline as baselines
from askdoc.evals import files as eval_files
from askdoc.evals import gate
from askdoc.evals import suite as suite_files
from askdoc.evals.baseline import Comparison
from askdoc.evals.bench import default_jobs
from askdoc.evals.gate import Rules
from askdoc.evals.judge import Judgement
from askdoc.evals.report import EvalReport, SuiteReport
from askdoc.evals.report_json import report_to_json
from askdoc.evals.suite import Suite, names_in
from askdoc.paths import seen_from
from askdoc.render.console import Page, errors, output
from askdoc.render.errors import note_line
from askdoc.render.evals import EvalProgress, floor_lines, report_lines
from askdoc.render.indexing import count
from askdoc.workspace import Workspace

FAILED = 1
MISSED = 3
_NAMED = 3

_FileOption = Path | None


def run(  # noqa: PLR0913 - one parameter for each option
    suites: Suites = None,
    *,
    documents: Documents = None,
    within: Annotated[
        bool,
        typer.Option("--within", help="Look only into the documents that each case names."),
    ] = False,
    only: Annotated[
        str | None, typer.Option("--only", metavar="TAG", help="Run the cases of this tag.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", metavar="N", min=1, help="Run this many cases, drawn at random."),
    ] = None,
    seed: Annotated[
        int, typer.Option("--seed", metavar="S", help="Draw other cases with another number.")
    ] = 0,
    drafts: Annotated[
        bool, typer.Option("--drafts", help="Run cases that nobody has reviewed, too.")
    ] = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Ask again what was asked before.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", metavar="BASELINE", help="Compare with a stored run: a file, or a folder."
        ),
    ] = None,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Compare even if the suite or the documents differ."),
    ] = False,
    save_baseline: Annotated[
        bool,
        typer.Option("--save-baseline", help="Store the run in `baselines/` beside the suites."),
    ] = False,
    as_json: AsJson = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every metric, tag and wrong case.")
    ] = False,
    html: Annotated[
        _FileOption, typer.Option("--html", metavar="FILE", help="Write a page to look through.")
    ] = None,
    junit: Annotated[
        _FileOption, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")
    ] = None,
    markdown: Annotated[
        _FileOption,
        typer.Option("--markdown", metavar="FILE", help="Write Markdown, for pull requests."),
    ] = None,
    table: Annotated[
        _FileOption, typer.Option("--csv", metavar="FILE", help="Write a table of every case.")
    ] = None,
    top_k: TopK = None,
    max_sentences: MaxSentences = None,
    min_confidence: MinConfidence = None,
    llm: Llm = None,
    jobs: Jobs = None,
    judge: Annotated[
        str | None,
        typer.Option(
            "--judge",
            metavar="NAME",
            help="Let this language model grade the answers, too; the gate does not use it.",
        ),
    ] = None,
    offline: Offline = None,
    embedder: Embedder = None,
    reranker: Reranker = None,
    index: Index = None,
) -> None:
    """Run suites of questions with known answers, and score the answers.

    Scores come with 95 % intervals. `askdoc-eval.toml` beside the suites sets floors, which apply
    to whole suites. Answers are kept, so a second run takes seconds. If a suite cannot be read,
    the others still run.

    Examples:
        askdoc eval
        askdoc eval seeds --save-baseline
        askdoc eval seeds --against evals/baselines --markdown comment.md
        askdoc eval law/suite.jsonl --documents law/docs --limit 200 --html report.html
        askdoc eval seeds --llm http://localhost:8080/v1 --jobs 8

    Exit codes: 0 passed, 1 an error, or a case or a suite failed, 2 wrong usage, 3 a floor was
    missed or a score is clearly worse than the baseline.
    """
    workspace = open_workspace(
        index=index,
        embedder=embedder,
        reranker=reranker,
        top_k=top_k,
        max_sentences=max_sentences,
        min_confidence=min_confidence,
        llm=llm,
        offline=offline,
    )
    files = {"html": html, "junit": junit, "markdown": markdown, "csv": table}
    _expect_reports(files)
    rules = gate.load(workspace.evals)
    stderr = errors()
    suites_read, broken = load_readable(suite_paths(suites, workspace), stderr)
    _expect_known(rules, suites_read, workspace)
    chosen = [
        suite_files.choose(suite, tag=only, limit=limit, seed=seed, drafts=drafts)
        for suite in suites_read
    ]
    narrowed = only is not None or limit is not None
    if save_baseline and narrowed:
        message = "only a run of a whole suite can be a baseline"
        raise UsageError(message, hint="leave out `--only` and `--limit`")
    with ExitStack() as stack:
        by = stack.enter_context(open_judge(workspace, judge, stderr)) if judge else None
        reports = _run_all(
            chosen, workspace, documents, stderr, cache=not no_cache, within=within, jobs=jobs
        )
        outcome = _compare(reports, rules, workspace, against, anyway=anyway, floors=not narrowed)
        if by is not None:
            judgements = judge_all(reports, by, jobs or default_jobs(judge), stderr)
            outcome = replace(outcome, judgements=judgements)
    if save_baseline:
        _store(outcome, workspace, stderr)
    _write_files(outcome, files)
    _note_changed(reports, stderr)
    _print(outcome, as_json=as_json, everything=everything, narrowed=narrowed)
    if outcome.report.failed or broken:
        raise typer.Exit(FAILED)
    if not outcome.report.passed:
        raise typer.Exit(MISSED)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A run with its floors, its comparisons with stored runs, and what a judge says of it."""

    report: EvalReport
    comparisons: dict[str, Comparison]
    rules: Rules
    workspace: Workspace
    judgements: dict[str, Judgement] = field(default_factory=dict)


def _run_all(
    suites: list[Suite],
    workspace: Workspace,
    documents: Path | None,
    stderr: Page,
    *,
    cache: bool,
    within: bool,
    jobs: int | None,
) -> list[SuiteReport]:
    with open_bench(workspace, documents, stderr, cache=cache) as bench:
        reports = []
        for suite in suites:
            with EvalProgress(stderr, suite.name, len(suite.cases)) as progress:
                reports.append(bench.run(suite, progress, within=within, jobs=jobs))
        return reports


def _expect_known(rules: Rules, suites: list[Suite], workspace: Workspace) -> None:
    """Refuse floors for a suite whose name is misspelled: nothing would be held to them."""
    gate.expect_suites(rules, {*names_in(workspace.evals), *(suite.name for suite in suites)})


def _note_changed(reports: list[SuiteReport], stderr: Page) -> None:
    """Name the documents that changed since they were indexed, which makes quotes invalid."""
    changed = {
        citation.document.path
        for report in reports
        for result in report.results
        for citation, valid in zip(result.graded.answer.citations, result.graded.valid, strict=True)
        if not valid
    }
    if changed:
        first = ", ".join(f"`{path}`" for path in sorted(changed)[:_NAMED])
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        text = f"{count(len(changed), 'document')} changed since indexed: {first}{more}"
        stderr.show([note_line(f"{text}; run `askdoc index`", stderr)])


def _compare(
    reports: list[SuiteReport],
    rules: Rules,
    workspace: Workspace,
    against: Path | None,
    *,
    anyway: bool,
    floors: bool,
) -> _Outcome:
    used_rules = rules if floors else gate.Rules()
    verdicts = tuple(verdict for report in reports for verdict in gate.judge(report, used_rules))
    comparisons = {}
    if against is not None:
        for report in reports:
            baseline = baselines.load(here() / against, report.suite)
            comparisons[report.suite] = baselines.compare(baseline, report, anyway=anyway)
    dropped = tuple(
        (suite, metric)
        for suite, comparison in comparisons.items()
        for metric, change in comparison.changes.items()
        if gate.is_regression(metric, change, rules)
    )
    return _Outcome(EvalReport(tuple(reports), verdicts, dropped), comparisons, rules, workspace)


def _store(outcome: _Outcome, workspace: Workspace, stderr: Page) -> None:
    folder = workspace.evals / baselines.FOLDER_NAME
    commit = baselines.commit_of(workspace.root)
    for report in outcome.report.suites:
        path = baselines.save(baselines.make(report, commit=commit), folder)
        say(f"stored `{report.suite}` in {seen_from(stderr.base, str(path))}")


def _write_files(outcome: _Outcome, wanted: dict[str, Path | None]) -> None:
    report, comparisons, rules = outcome.report, outcome.comparisons, outcome.rules
    for kind, path in wanted.items():
        if path is None:
            continue
        if kind == "html":
            from askdoc.evals.html import page as eval_html  # pygal and jinja2 are heavy

            folder = outcome.workspace.evals / baselines.FOLDER_NAME
            past = {s.suite: baselines.history(folder, s.suite) for s in report.suites}
            text = eval_html.page(
                report, eval_html.Background(comparisons, past, rules, outcome.judgements)
            )
        elif kind == "junit":
            text = eval_files.junit(report)
        elif kind == "markdown":
            text = eval_files.markdown(report, comparisons, rules, outcome.judgements)
        else:
            text = eval_files.table(report)
        _write(here() / path, text)


def _expect_reports(wanted: dict[str, Path | None]) -> None:
    """Refuse to write a report over anything that is not one, or nowhere, before the run.

    Raises:
        UsageError: something else is there, the folder is not, or two reports would be one file.

    """
    taken: dict[Path, str] = {}
    for kind, name in wanted.items():
        if name is None:
            continue
        path = (here() / name).resolve()
        if path in taken:
            message = f"`--{taken[path]}` and `--{kind}` name the same file"
            raise UsageError(message, hint="give each report a file of its own")
        taken[path] = kind
        if not path.parent.is_dir():
            folder = shlex.quote(str(Path(name).parent))
            message = f"there is no folder `{Path(name).parent}` for the {kind} report"
            raise UsageError(message, hint=f"make it: `mkdir -p {folder}`")
        if path.exists() and not eval_files.is_report(kind, path):
            message = f"`{name}` is there already, and is no {kind} report"
            raise UsageError(message, hint="name another file")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise unwritable(str(path), error) from error


def _print(outcome: _Outcome, *, as_json: bool, everything: bool, narrowed: bool) -> None:
    report, comparisons, judgements = outcome.report, outcome.comparisons, outcome.judgements
    if as_json:
        data = report_to_json(
            report,
            base=here(),
            comparisons=comparisons,
            rules=outcome.rules,
            judgements=judgements,
        )
        print_json(data)
        return
    page = output()
    page.show(
        report_lines(
            report,
            comparisons,
            outcome.rules,
            page,
            judgements=judgements,
            everything=everything,
            narrowed=narrowed,
        )
    )


def floors(
    suites: Suites = None,
    *,
    documents: Documents = None,
    write: Annotated[
        bool, typer.Option("--write", help="Write them into `askdoc-eval.toml`.")
    ] = False,
    llm: Llm = None,
    jobs: Jobs = None,
    index: Index = None,
) -> None:
    """Show floors that a run of the suites meets, or write them.

    Each floor lies below what the run scores by the tolerance of `askdoc-eval.toml`. Times have no
    floors, since they depend on the machine.

    Examples:
        askdoc eval floors
        askdoc eval floors seeds --write
    """
    workspace = open_workspace(index=index, llm=llm)
    rules = gate.load(workspace.evals)
    stderr = errors()
    chosen = [suite_files.choose(s) for s in load_suites(suite_paths(suites, workspace))]
    reports = _run_all(chosen, workspace, documents, stderr, cache=True, within=False, jobs=jobs)
    found = {report.suite: gate.floors_of(report, rules) for report in reports}
    page = output()
    for suite, of_suite in found.items():
        page.show(floor_lines(suite, of_suite, rules.floors(suite)))
    if write:
        path = gate.write_floors(workspace.evals, found)
        say(f"wrote {seen_from(here(), str(path))}")
    else:
        say("to write them into `askdoc-eval.toml`, add `--write`")
