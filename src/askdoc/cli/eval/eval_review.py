"""The dialogue of `askdoc eval review`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from askdoc.cli.eval.suites import kept
from askdoc.evals import suite
from askdoc.evals.gold import GoldFinder, GoldMissing
from askdoc.evals.suite import DRAFT
from askdoc.render.console import Page, output
from askdoc.render.eval_suites import draft_lines

if TYPE_CHECKING:
    from askdoc.types import EvalCase
    from askdoc.types.ports import CatalogReader

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
