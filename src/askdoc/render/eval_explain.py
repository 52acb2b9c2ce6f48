"""Where the gold of a case was lost, in the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from askdoc.evals.diagnose import Stage
from askdoc.evals.eval_data import WHY
from askdoc.evals.grade import Graded
from askdoc.render.console import Page
from askdoc.render.layout import BLANK, flat, hang, head

_MARKS = {True: ("held", "good"), False: ("failed", "bad"), None: ("", "faint")}


def explanation_lines(graded: Graded, stages: Sequence[Stage], page: Page) -> Iterator[Text]:
    """Lay out a case and what each stage did with its gold."""
    case = graded.case
    yield hang(flat(case.question, "heading"), page)
    if case.history and graded.answer.question != case.question:
        yield hang(flat(graded.answer.question), page, first=Text("asked as  ", "label"))
    for item in case.evidence if case.answerable else ():
        yield hang(flat(f"{item.document}: {item.quote}"), page, first=Text("gold  ", "label"))
    if not case.answerable:
        yield Text("the documents do not hold the answer, so it should abstain", style="faint")
    for stage in stages:
        yield BLANK
        yield from _stage(stage, page)
    yield BLANK
    if graded.lost is None:
        yield Text("ended as it should", style="good")
    else:
        yield Text(f"lost: {WHY[graded.lost]}", style="bad")


def _stage(stage: Stage, page: Page) -> Iterator[Text]:
    mark, style = _MARKS[stage.held]
    first = Text.assemble((f"{stage.name}  ", "heading"), (f"{mark}  " if mark else "", style))
    yield hang(flat(stage.told), page, first=first, rest="  ")
    for what, where, text in stage.places:
        place = Text.assemble((f"{what}  {where}  ", "faint"), flat(head(text, 240)))
        yield hang(place, page, first="  ", rest="    ")
    if stage.numbers:
        told = ", ".join(f"{name} {value:.2f}" for name, value in stage.numbers.items())
        yield hang(Text(told, style="faint"), page, first="  ", rest="    ")
