"""Explains an answer: signals of the confidence, ranks of passages, scores of sentences.

Lists rather than tables, so that it reads at any width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.text import Text

from askdoc.ask.confidence import FEATURES
from askdoc.formats import Lines
from askdoc.render.console import Page
from askdoc.render.layout import BLANK, flat, hang, head, line_limit
from askdoc.render.places import file_name
from askdoc.types import Answer, Evidence, Passage
from askdoc.types.places import place_suffix

_SENTENCES = 10
_LINES = 3
"""About how many lines of a sentence are shown."""


def explain_lines(answer: Answer, page: Page, *, lines: Lines | None = None) -> Iterator[Text]:
    """Lay out how the answer came about: confidence and time, signals, passages, sentences.

    Without `lines`, the place of a passage without pages is given in characters.
    """
    yield Text("Why", style="heading")
    yield hang(_summary(answer), page, first="  ")
    if answer.signals:
        yield BLANK
        yield Text("Signals of the confidence", style="heading")
        yield from _signals(answer.signals, page)
    if answer.passages:
        yield BLANK
        yield Text("Passages, by fused score", style="heading")
        for number, passage in enumerate(answer.passages, start=1):
            yield from _passage(number, passage, page, lines)
    if answer.evidence:
        yield BLANK
        yield Text("Sentences, by score", style="heading")
        cited = {(item.document.id, item.span): item.label for item in answer.citations}
        for item in answer.evidence[:_SENTENCES]:
            label = cited.get((item.passage.document.id, item.span))
            yield from _sentence(item, label, page)


def passage_scores(passage: Passage) -> str:
    """Say in one line where each retriever ranked a passage."""
    parts = [f"score {_number(passage.score)}"]
    for name, rank in passage.ranks.items():
        score = passage.scores.get(name)
        parts.append(f"{name} #{rank}" + ("" if score is None else f" ({_number(score)})"))
    return " · ".join(parts)


def sentence_scores(item: Evidence) -> str:
    """Write in one line the score of a sentence and its parts."""
    return " · ".join([f"score {_number(item.score)}", *_parts(item.scores)])


def _summary(answer: Answer) -> Text:
    parts = [f"confidence {answer.confidence:.2f}"]
    stages = {stage.removesuffix("_ms"): took for stage, took in answer.timings.items()}
    total = stages.pop("total", None)
    if total is not None:
        parts.append(f"{total:.0f} ms")
    if named := ", ".join(f"{stage} {took:.0f}" for stage, took in stages.items() if round(took)):
        parts[-1] += f" ({named})"
    return Text(" · ".join(parts))


def _signals(signals: Mapping[str, float], page: Page) -> Iterator[Text]:
    widest = max(map(len, signals))
    for name, value in signals.items():
        first = Text.assemble("  ", (f"{name:<{widest}}  {_number(value):>7}  ", "label"))
        about = flat(FEATURES.get(name, ""), "faint")
        if page.width and page.width < 2 * first.cell_len:
            yield hang(first[2:].append_text(about), page, first="  ", rest="      ")
        else:
            yield hang(about, page, first=first)


def _passage(number: int, passage: Passage, page: Page, lines: Lines | None) -> Iterator[Text]:
    title = file_name(passage.document, page)
    span = passage.chunk.span
    if lines is None:
        title.append(f", characters {span.start}-{span.end}")
    else:
        first, last = lines(passage.document.id, span)
        title.append(place_suffix(passage.document.place_of(span), first, last))
    yield hang(title, page, first=Text(f"{number:>3}. ", style="label"))
    yield hang(flat(passage_scores(passage), "faint"), page, first="     ")
    yield hang(Text(head(passage.chunk.text, line_limit(page))), page, first="     ")


def _sentence(item: Evidence, label: int | None, page: Page) -> Iterator[Text]:
    first = Text(f"{item.label:>4} ", style="label")
    parts = [sentence_scores(item)]
    if label is not None:
        parts.append(f"cited as [{label}]")
    yield hang(Text(head(item.text, _LINES * line_limit(page))), page, first=first)
    yield hang(flat(" · ".join(parts), "faint"), page, first="     ")


def _parts(scores: Mapping[str, float]) -> Iterator[str]:
    """List the parts of a score that count."""
    for name, score in scores.items():
        if score:
            yield f"{name} {_number(score)}"


def _number(value: float) -> str:
    """Return a score with three significant digits."""
    return f"{value:.3g}"
