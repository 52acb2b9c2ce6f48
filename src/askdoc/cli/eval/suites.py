"""`askdoc eval new`, `add`, `review`, `lint`: making suites, keeping them sound."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from askdoc.cli.eval.options import Documents, SuiteName, indexed, suite_path, suite_paths
from askdoc.cli.open import open_workspace
from askdoc.cli.options import AsJson, Index
from askdoc.errors import SuiteError, UsageError
from askdoc.evals import suite
from askdoc.evals.grade import GoldFinder, GoldMissing
from askdoc.evals.suite import DRAFT
from askdoc.paths import seen_from
from askdoc.render.console import Page, output
from askdoc.render.evals import draft_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from askdoc.evals.lint import Finding
    from askdoc.types import Document, EvalCase
    from askdoc.types.ports import CatalogReader


UNSOUND = 1


def new(
    suite: Annotated[str, typer.Argument(metavar="SUITE", help="Name or file to write.")] = "mine",
) -> None:
    """Write a commented example of a suite, to be filled in by hand or with `askdoc eval add`.

    Examples:
        askdoc eval new
        askdoc eval new evals/law.jsonl
    """
    from askdoc.cli.eval.suite_example import EXAMPLE
    from askdoc.evals import suite as suites

    path = suite_path(suite, open_workspace(), must_exist=False)
    if path.exists():
        message = f"`{path}` is there already"
        raise UsageError(message, hint=f"add to it: `askdoc eval add {suite}`")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(suites.comment_lines(EXAMPLE), encoding="utf-8")
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
            "--document", metavar="PATH", help="Where the quotes stand; else they are looked for."
        ),
    ] = None,
    all_evidence: Annotated[
        bool, typer.Option("--all-evidence", help="Every quote is needed, not any one.")
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
    from askdoc.evals import suite as suites
    from askdoc.evals.draft import case_name
    from askdoc.evals.grade import GoldFinder
    from askdoc.types import EvalCase, GoldEvidence

    if unanswerable and (answer or quote):
        message = "a question is answerable where there is an answer or a quote"
        raise UsageError(message, hint="leave out `--unanswerable`, or `--answer` and `--quote`")
    if not (unanswerable or answer or quote):
        message = "there is nothing to judge an answer by"
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
    suites.append(path, [case])
    say(f"added `{case.id}` to {path}")


def review(suite: SuiteName, *, documents: Documents = None, index: Index = None) -> None:
    """Go through drafts one by one: keep, edit, drop.

    Each decision is written at once. What is kept loses the tag `draft`.

    Examples:
        askdoc eval review mine
    """
    workspace = open_workspace(index=index)
    path = suite_path(suite, workspace)
    with closing(indexed(workspace, documents)) as catalog:
        review_drafts(path, catalog)


def lint(
    suites: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SUITE",
            help="Files, or names in the evals folder; without any, all that are there.",
        ),
    ] = None,
    *,
    fix: Annotated[
        bool, typer.Option("--fix", help="Write the repaired quotes into the suites.")
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

    Exit codes: 0 sound, 1 an error was found, 2 wrong usage.
    """
    from askdoc.evals.grade import GoldFinder
    from askdoc.evals.lint import Level
    from askdoc.evals.run import Disk

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
    """Check one suite, and mend it where that is wanted; one that can't be read is a finding."""
    from askdoc.evals import suite as suites
    from askdoc.evals.lint import lint as check
    from askdoc.evals.lint import unreadable
    from askdoc.render.indexing import count

    def look() -> list[Finding]:
        return check([case for _, case in suites.read_some(path)], gold, intact)

    try:
        findings = look()
        mended: list[Finding] = []
        while fix and (found := {f.case_id: f for f in findings if f.repaired}):
            if not suites.put(path, {case: finding.repaired for case, finding in found.items()}):
                break
            mended += found.values()  # a case with two wrong quotes is mended in two rounds
            findings = look()
    except SuiteError as error:
        return [unreadable(error)]
    for finding in mended:
        say(f"mended `{finding.case_id}`: {finding.message}")
    if fix:
        say(f"mended {count(len({finding.case_id for finding in mended}), 'case')} in {path}")
    return findings


def _show_findings(found: dict[Path, list[Finding]], *, as_json: bool) -> None:
    if as_json:
        from askdoc.cli.output import print_json

        print_json({"suites": [_findings_to_json(path, fs) for path, fs in found.items()]})
        return
    from askdoc.render.console import output
    from askdoc.render.evals import finding_lines

    page = output()
    for path, findings in found.items():
        page.show(finding_lines(seen_from(page.base, str(path.resolve())), findings, page))


def _findings_to_json(path: Path, findings: list[Finding]) -> dict[str, Any]:
    from askdoc.evals.suite import fields

    return {
        "suite": str(path),
        "findings": [
            {
                "id": finding.case_id,
                "level": finding.level.value,
                "code": finding.code,
                "message": finding.message,
                "repaired": fields(finding.repaired) if finding.repaired else None,
            }
            for finding in findings
        ],
    }


def _located(quote: str, document: str | None, gold: GoldFinder) -> Any:
    """Return a quote as evidence, verbatim as it stands in its document.

    Raises:
        UsageError: no document, or none of that path, holds it.

    """
    from askdoc.evals.grade import occurrences
    from askdoc.evals.lint import ALIKE, nearest
    from askdoc.types import GoldEvidence

    best = (0.0, "", "")
    for path in [document] if document else list(gold.paths()):
        for found in gold.documents(path):
            text = gold.text(found.id)
            if places := occurrences(quote, text):
                return GoldEvidence(path, places[0].of(text))
            best = max(best, (*nearest(quote, text), path))
    where = f"`{document}` does" if document else "the documents do"
    message = f"{where} not hold the quote `{quote}`"
    likeness, text, path = best
    near = f"the nearest text, in `{path}`: {text}"
    far = "copy the quote from where it stands: `askdoc search` finds the passage"
    raise UsageError(message, hint=near if likeness >= ALIKE else far)


def kept(case: EvalCase) -> EvalCase:
    """Return a case that is no draft any more."""
    from askdoc.evals.suite import DRAFT

    return replace(case, tags=tuple(tag for tag in case.tags if tag != DRAFT))


def say(message: str) -> None:
    """Tell on standard error what was done."""
    from askdoc.render.console import errors
    from askdoc.render.errors import note_line

    page = errors()
    page.show([note_line(message, page)])


_CHOICES = "[k]eep, [e]dit, [d]rop, [s]kip, [q]uit? "


def review_drafts(path: Path, catalog: CatalogReader) -> None:
    """Show every draft of the suite and do with it what is answered on standard input."""
    page = output()
    gold = GoldFinder(catalog)
    drafts = [case for _, case in suite.read(path) if DRAFT in case.tags]
    counts = {"kept": 0, "dropped": 0}
    for number, case in enumerate(drafts, start=1):
        page.show(draft_lines(case, _contexts(case, gold), page, number, len(drafts)))
        choice = _asked(_CHOICES)
        if choice.startswith("q"):
            break
        if choice.startswith("d"):
            suite.put(path, {case.id: None})
            counts["dropped"] += 1
        elif choice.startswith(("k", "e")):
            edited = _edited(case) if choice.startswith("e") else case
            suite.put(path, {case.id: kept(edited)})
            counts["kept"] += 1
    left = len(drafts) - sum(counts.values())
    told = f"kept {counts['kept']}, dropped {counts['dropped']}, {left} drafts left"
    _print(page, told)


def _edited(case: EvalCase) -> EvalCase:
    question = _asked(f"question [{case.question}]: ", plain=True) or case.question
    if not case.answerable:
        return replace(case, question=question)
    shown = " | ".join(case.answers)
    told = _asked(f"answers, parted by | [{shown}]: ", plain=True)
    answers = tuple(part.strip() for part in told.split("|") if part.strip())
    return replace(case, question=question, answers=answers or case.answers)


def _asked(prompt: str, *, plain: bool = False) -> str:
    """Ask for a line; the end of input means to quit, or to change nothing."""
    try:
        told = input(prompt).strip()
    except EOFError:
        return "" if plain else "q"
    return told if plain else told.lower()


def _contexts(case: EvalCase, gold: GoldFinder) -> list[tuple[str, str, str, str]]:
    """Return (document, before, quote, after) for each place of evidence that is found."""
    margin = 160
    contexts = []
    for item in case.evidence:
        try:
            place = gold.places(item)[0]
        except GoldMissing:
            contexts.append((f"{item.document} (not found)", "", item.quote, ""))
            continue
        text = gold.text(place.document_id)
        before = text[max(0, place.span.start - margin) : place.span.start]
        after = text[place.span.end : place.span.end + margin]
        contexts.append((item.document, before, place.span.of(text), after))
    return contexts


def _print(page: Page, text: str) -> None:
    page.console.print(text)
