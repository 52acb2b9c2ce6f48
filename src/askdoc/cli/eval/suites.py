"""`askdoc eval new`, `add`, `lint`: make suites and check them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from askdoc.cli.eval.options import (
    Documents,
    SuiteName,
    Suites,
    indexed,
    say,
    suite_path,
    suite_paths,
)
from askdoc.cli.open import open_workspace
from askdoc.cli.options import AsJson, Index
from askdoc.cli.output import print_json
from askdoc.errors import SuiteError, UsageError
from askdoc.evals import lint as checks
from askdoc.evals import suite as suite_files
from askdoc.evals.draft import case_name
from askdoc.evals.grade import GoldFinder, occurrences
from askdoc.evals.lint import ALIKE, Finding, Level, nearest, unreadable
from askdoc.evals.run import Disk
from askdoc.paths import seen_from
from askdoc.render.console import output
from askdoc.render.evals import finding_lines
from askdoc.render.indexing import count
from askdoc.types import Document, EvalCase, GoldEvidence

UNSOUND = 1

_EXAMPLE = """\
A suite: one case a line, as JSON. Lines that start with `#`, like this one, are comments.

  id            unique within the suite
  question      as a user would type it
  answers       acceptable short answers, any of which counts; may be left out
  evidence      where the answer stands: verbatim text of a document; any one item is enough
  all_evidence  true where every item of the evidence is needed
  relevant      for suites that judge retrieval alone: {"document": grade}, 0 is not relevant
  answerable    false where the documents do not hold the answer, and askdoc should say so
  tags          results are also reported for each tag

Remove the `#` from these, add cases with `askdoc eval add`, or draft some from your documents
with `askdoc eval generate`. Then run `askdoc eval lint` and `askdoc eval`.

{"id": "chair", "question": "Who chairs the board?", "answers": ["Ada Hill"], "evidence": \
[{"document": "minutes.txt", "quote": "Ada Hill, who chairs the board"}], "tags": ["name"]}
{"id": "bees", "question": "Who keeps the bees?", "answerable": false, "tags": ["near miss"]}
"""


def new(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="Name or file to write.")] = "mine",
) -> None:
    """Write a commented example of a suite, to fill in by hand or with `askdoc eval add`.

    Examples:
        askdoc eval new
        askdoc eval new evals/law.jsonl
    """
    path = suite_path(suite, open_workspace(), must_exist=False)
    if path.exists():
        message = f"`{path}` is there already"
        raise UsageError(message, hint=f"add to it: `askdoc eval add {suite}`")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(suite_files.comment_lines(_EXAMPLE), encoding="utf-8")
    say(f"wrote {path}")


def add(  # noqa: PLR0913 - one parameter for each option
    suite: SuiteName,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="As a user would type it.")],
    *,
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", metavar="TEXT", help="An acceptable answer; repeatable."),
    ] = None,
    quote: Annotated[
        list[str] | None,
        typer.Option("--quote", metavar="TEXT", help="Verbatim text that answers; repeatable."),
    ] = None,
    document: Annotated[
        str | None,
        typer.Option(
            "--document",
            metavar="PATH",
            help="Which document holds the quotes; by default all are searched.",
        ),
    ] = None,
    all_evidence: Annotated[
        bool, typer.Option("--all-evidence", help="All quotes are needed, not any one.")
    ] = False,
    unanswerable: Annotated[
        bool, typer.Option("--unanswerable", help="The documents do not hold the answer.")
    ] = False,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="A tag; repeatable.")
    ] = None,
    case_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="By default made from the question.")
    ] = None,
    documents: Documents = None,
    index: Index = None,
) -> None:
    """Add a case to a suite; its quotes are checked against the documents.

    Examples:
        askdoc eval add mine "Who chairs the board?" --answer "Ada Hill" --quote "Ada Hill, chair"
        askdoc eval add mine "Who keeps the bees?" --unanswerable
    """
    if unanswerable and (answer or quote):
        message = "an unanswerable question has no answer and no quote"
        raise UsageError(message, hint="leave out `--unanswerable`, or `--answer` and `--quote`")
    if not (unanswerable or answer or quote):
        message = "the case has nothing to judge an answer by"
        raise UsageError(message, hint="give `--quote`, `--answer` or `--unanswerable`")
    workspace = open_workspace(index=index)
    evidence: tuple[GoldEvidence, ...] = ()
    if quote:
        with closing(indexed(workspace, documents)) as catalog:
            gold = GoldFinder(catalog)
            evidence = tuple(_located(text, document, gold) for text in quote)
    case = EvalCase(
        id=case_id or case_name(question),
        question=question,
        answers=tuple(answer or ()),
        evidence=evidence,
        all_evidence=all_evidence,
        answerable=not unanswerable,
        tags=tuple(tag or ()),
    )
    path = suite_path(suite, workspace, must_exist=False)
    suite_files.append(path, [case])
    say(f"added `{case.id}` to {path}")


def lint(
    suites: Suites = None,
    *,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write the fixed quotes into the suites.")
    ] = False,
    as_json: AsJson = False,
    documents: Documents = None,
    index: Index = None,
) -> None:
    """Check a suite against the documents.

    Finds repeated ids and questions, evidence that is not in the documents (with the nearest text),
    answers that are not in their evidence, and documents that changed since they were indexed.

    Examples:
        askdoc eval lint
        askdoc eval lint mine --fix

    Exit codes: 0 no error, 1 an error was found, 2 wrong usage.
    """
    workspace = open_workspace(index=index)
    paths = suite_paths(suites, workspace)
    with closing(indexed(workspace, documents)) as catalog:
        gold, intact = GoldFinder(catalog), Disk()
        found = {path: _checked(path, gold, intact, fix=fix) for path in paths}
    _show_findings(found, as_json=as_json)
    if any(finding.level is Level.ERROR for findings in found.values() for finding in findings):
        raise typer.Exit(UNSOUND)


def _checked(
    path: Path, gold: GoldFinder, intact: Callable[[Document], bool], *, fix: bool
) -> list[Finding]:
    """Check one suite, and fix it if `fix`; a suite that cannot be read is a finding."""

    def check() -> list[Finding]:
        return checks.lint([case for _, case in suite_files.read_some(path)], gold, intact)

    try:
        findings = check()
        fixed: list[Finding] = []
        while fix and (found := {f.case_id: f for f in findings if f.repaired}):
            repaired = {case: finding.repaired for case, finding in found.items()}
            if not suite_files.put(path, repaired):
                break
            fixed += found.values()  # a case with two wrong quotes takes two rounds
            findings = check()
    except SuiteError as error:
        return [unreadable(error)]
    for finding in fixed:
        say(f"fixed `{finding.case_id}`: {finding.message}")
    if fix:
        say(f"fixed {count(len({finding.case_id for finding in fixed}), 'case')} in {path}")
    return findings


def _show_findings(found: dict[Path, list[Finding]], *, as_json: bool) -> None:
    if as_json:
        print_json({"suites": [_findings_to_json(path, fs) for path, fs in found.items()]})
        return
    page = output()
    for path, findings in found.items():
        page.show(finding_lines(seen_from(page.base, str(path.resolve())), findings, page))


def _findings_to_json(path: Path, findings: list[Finding]) -> dict[str, Any]:
    return {
        "suite": str(path),
        "findings": [
            {
                "id": finding.case_id,
                "level": finding.level.value,
                "code": finding.code,
                "message": finding.message,
                "repaired": suite_files.fields(finding.repaired) if finding.repaired else None,
            }
            for finding in findings
        ],
    }


def _located(quote: str, document: str | None, gold: GoldFinder) -> GoldEvidence:
    """Return a quote as evidence, verbatim as it stands in its document.

    Raises:
        UsageError: no document, or none of that path, holds it.

    """
    best = (0.0, "", "")
    for path in [document] if document else list(gold.paths()):
        for found in gold.documents(path):
            text = gold.text(found.id)
            if places := occurrences(quote, text):
                return GoldEvidence(path, places[0].of(text))
            best = max(best, (*nearest(quote, text), path))
    where = f"`{document}` does" if document else "the documents do"
    message = f"{where} not contain the quote `{quote}`"
    likeness, text, path = best
    near = f"the nearest text, in `{path}`: {text}"
    far = "copy the quote from its document: `askdoc search` finds the passage"
    raise UsageError(message, hint=near if likeness >= ALIKE else far)
