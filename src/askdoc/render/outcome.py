"""An answer as a command prints it, and the exit code that goes with it."""

from __future__ import annotations

from dataclasses import dataclass

from askdoc.formats import Lines
from askdoc.render.answers import View, answer_lines, notes
from askdoc.render.console import Page
from askdoc.render.errors import note_line
from askdoc.render.explain import explain_lines
from askdoc.render.generation import generation_lines, prompt_lines
from askdoc.render.layout import BLANK
from askdoc.types import Answer, Status

ABSTAINED = 3
MODEL_FAILED = 4
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Style:
    """How an answer is printed; `withheld` shows what a model wrote without support."""

    view: View = View.CONTEXT
    explain: bool = False
    withheld: bool = False


def show_answer(
    answer: Answer, page: Page, stderr: Page, style: Style, *, lines: Lines, shown: int
) -> None:
    """Print an answer, of which the first `shown` claims are on the screen already."""
    page.show(answer_lines(answer, page, view=style.view, lines=lines, shown=shown))
    below = stderr if style.view is View.BRIEF else page
    below.show(generation_lines(answer, below, withheld=style.withheld))
    if style.explain:
        page.show([BLANK, *explain_lines(answer, page, lines=lines)])
        if answer.generation is not None:
            page.show(prompt_lines(answer.generation, page))


def show_notes(answer: Answer, stderr: Page) -> None:
    """Print what a reader should know besides."""
    stderr.show(note_line(note, stderr) for note in notes(answer))


def exit_code(answer: Answer, *, strict: bool) -> int:
    """Return the exit code of the command that printed the answer."""
    if answer.generation is not None and answer.generation.interrupted:
        return INTERRUPTED
    if answer.status is Status.ABSTAINED or (strict and answer.status is Status.UNSURE):
        return ABSTAINED
    if answer.generation is not None and answer.generation.failure is not None:
        return MODEL_FAILED
    return 0
