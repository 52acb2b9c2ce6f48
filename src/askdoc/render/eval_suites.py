"""Suites in the terminal: what is wrong with one, and a draft to be looked at."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from rich.text import Text

from askdoc.evals.lint import Finding, Level
from askdoc.render.console import Page
from askdoc.render.indexing import count
from askdoc.render.layout import BLANK, flat, hang, head, tail
from askdoc.types import EvalCase


def finding_lines(name: str, findings: Sequence[Finding], page: Page) -> Iterator[Text]:
    """Lay out what was found in a suite, errors and warnings in the order of its cases."""
    errors = sum(finding.level is Level.ERROR for finding in findings)
    warnings = len(findings) - errors
    told = f"{count(errors, 'error')}, {count(warnings, 'warning')}" if findings else "sound"
    yield Text.assemble((name, "heading"), f"  {told}")
    for finding in findings:
        style = "bad" if finding.level is Level.ERROR else "label"
        case = flat(finding.case_id)
        first = Text.assemble("  ", case, "  " if case else "", (finding.level.value, style))
        if page.width is not None and 2 * first.cell_len > page.width:
            yield hang(first[2:], page, first="  ")
            yield hang(flat(finding.message), page, first="    ")
        else:
            first.append("  ")
            yield hang(flat(finding.message), page, first=first, rest="    ")
    if mendable := sum(finding.repaired is not None for finding in findings):
        yield BLANK
        command = f"askdoc eval lint {shlex.quote(name)} --fix"
        yield hang(Text(f"{mendable} can be mended: {command}", style="faint"), page)


def draft_lines(
    case: EvalCase,
    contexts: Sequence[tuple[str, str, str, str]],
    page: Page,
    number: int,
    total: int,
) -> Iterator[Text]:
    """Lay out a draft: the question, its answers, and each quote within its context."""
    yield BLANK
    tags = ", ".join(case.tags)
    yield Text.assemble((f"{number} of {total}", "faint"), f"  {case.id}  ", (tags, "faint"))
    yield hang(flat(case.question, "heading"), page, first="  ")
    if not case.answerable:
        yield Text("  the documents should not answer this", style="label")
    for answer in case.answers:
        yield hang(flat(answer), page, first="  answer: ")
    for document, before, quote, after in contexts:
        text = Text.assemble(
            (f"{tail(before, 120)} " if before.strip() else "", "faint"),
            flat(quote, "heading"),
            (f" {head(after, 120)}" if after.strip() else "", "faint"),
        )
        yield hang(text, page, first=f"  {document}: ", rest="    ")
