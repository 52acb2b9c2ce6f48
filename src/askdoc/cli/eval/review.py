"""`askdoc eval review`: go through drafts one by one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import typer

from askdoc.cli.eval.options import Documents, SuiteName, indexed, suite_path
from askdoc.cli.open import open_workspace
from askdoc.cli.options import Index
from askdoc.evals import suite as suite_files
from askdoc.evals.grade import GoldFinder, GoldMissing
from askdoc.evals.suite import DRAFT
from askdoc.render.console import Page, output
from askdoc.render.evals import draft_lines
from askdoc.strings import escaped
from askdoc.types import EvalCase
from askdoc.types.ports import CatalogReader

_KEYS = {"k": "keep", "e": "edit", "d": "drop", "s": "skip", "q": "quit"}
_PROMPT = ", ".join(f"[{key}]{word[1:]}" for key, word in _KEYS.items()) + "? "
_MARGIN = 160
_LONGEST_KEY, _CTRL_D = 8, "\x04"


def review(suite: SuiteName, *, documents: Documents = None, index: Index = None) -> None:
    """Go through drafts one by one: keep, edit, drop.

    Each decision is written at once. A case that you keep loses the tag `draft`. In a terminal one
    key is enough, without Enter.

    Examples:
        askdoc eval review mine
    """
    workspace = open_workspace(index=index)
    path = suite_path(suite, workspace)
    with closing(indexed(workspace, documents)) as catalog:
        _review(path, catalog)


def _review(path: Path, catalog: CatalogReader) -> None:
    """Show every draft of the suite, and do what the key says."""
    page = output()
    gold = GoldFinder(catalog)
    drafts = [case for _, case in suite_files.read(path) if DRAFT in case.tags]
    counts = {"k": 0, "d": 0}
    for number, case in enumerate(drafts, start=1):
        page.show(draft_lines(case, _contexts(case, gold), page, number, len(drafts)))
        key = _key(page)
        if key == "q":
            break
        if key == "d":
            suite_files.put(path, {case.id: None})
            counts["d"] += 1
        elif key in "ke":
            edited = _edited(case) if key == "e" else case
            suite_files.put(path, {case.id: without_draft(edited)})
            counts["k"] += 1
    left = len(drafts) - sum(counts.values())
    page.console.print(f"kept {counts['k']}, dropped {counts['d']}, {left} drafts left")


def _key(page: Page) -> str:
    """Ask until the answer is one of the keys; the end of input means to quit."""
    while True:
        key = _read_key(page)
        if key in _KEYS:
            return key
        shown = escaped(key)
        page.console.print(f"there is no choice `{shown}`; choose one of {', '.join(_KEYS)}")


def _read_key(page: Page) -> str:
    if not sys.stdin.isatty():
        return (_line(_PROMPT) or "q").lower()
    try:
        key = _pressed(lambda: page.console.print(_PROMPT, end="")).lower()
    except EOFError:  # Ctrl-D
        key = "q"
    page.console.print(_KEYS.get(key, ""))
    return key


if sys.platform == "win32":

    def _pressed(ask: Callable[[], None]) -> str:
        """Ask, and return the key that is pressed."""
        ask()
        return str(typer.getchar())

else:
    import os
    import termios
    import tty

    def _pressed(ask: Callable[[], None]) -> str:
        """Ask, and return the key that is pressed, also where that is before the question shows.

        Enter after a key is no key: people press it from habit.
        `typer.getchar` drops what was pressed before it begins to wait.
        """
        terminal = sys.stdin.fileno()
        modes = termios.tcgetattr(terminal)
        tty.setcbreak(terminal, termios.TCSADRAIN)
        try:
            ask()
            while not (key := _read(terminal).strip("\r\n")):
                pass
        finally:
            termios.tcsetattr(terminal, termios.TCSADRAIN, modes)
        if key == _CTRL_D:
            raise EOFError
        return key

    def _read(terminal: int) -> str:
        """Return what is pressed; Ctrl-D where the terminal is gone."""
        return os.read(terminal, _LONGEST_KEY).decode(errors="replace") or _CTRL_D


def _edited(case: EvalCase) -> EvalCase:
    question = _line(f"question [{case.question}]: ") or case.question
    if not case.answerable:
        return replace(case, question=question)
    text = _line(f"answers, separated by | [{' | '.join(case.answers)}]: ")
    answers = tuple(part.strip() for part in text.split("|") if part.strip())
    return replace(case, question=question, answers=answers or case.answers)


def _line(prompt: str) -> str:
    """Ask for a line; empty at the end of input."""
    try:
        return input(prompt).strip()
    except EOFError:
        return ""


def without_draft(case: EvalCase) -> EvalCase:
    """Return the case without the tag `draft`."""
    return replace(case, tags=tuple(tag for tag in case.tags if tag != DRAFT))


def _contexts(case: EvalCase, gold: GoldFinder) -> list[tuple[str, str, str, str]]:
    """Return (document, before, quote, after) for each place of evidence that is found."""
    contexts = []
    for item in case.evidence:
        try:
            place = gold.places(item)[0]
        except GoldMissing:
            contexts.append((f"{item.document} (not found)", "", item.quote, ""))
            continue
        text = gold.text(place.document_id)
        before = text[max(0, place.span.start - _MARGIN) : place.span.start]
        after = text[place.span.end : place.span.end + _MARGIN]
        contexts.append((item.document, before, place.span.of(text), after))
    return contexts
