"""Language models as lines of text, and the bar while one is fetched."""

from __future__ import annotations

from collections.abc import Iterator

from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.text import Text

from askdoc.models.llm.known import Model
from askdoc.render.console import Page
from askdoc.render.layout import hang
from askdoc.render.progress import Bar
from askdoc.types import Fetching

_INDENT = "    "


def model_lines(model: Model, page: Page, *, here: bool) -> Iterator[Text]:
    """Lay out one model of a list: its name, its size, whether it is here, what it is for."""
    mark = " (here)" if here else ""
    title = Text.assemble((model.name, "file"), f", {_size(model.size)}", (mark, "good"))
    yield hang(title, page)
    yield hang(Text(model.about, style="faint"), page, first=_INDENT)


def served_line(name: str, size: int, page: Page) -> Text:
    """Lay out a model that another program on this machine serves."""
    return hang(Text.assemble((name, "file"), f", {_size(size)}", (" (here)", "good")), page)


def fact_lines(model: Model, page: Page, *, path: str | None) -> Iterator[Text]:
    """Lay out all that is known of a model, one fact a line."""
    facts = {
        "model": model.name,
        "for": model.about,
        "size": _size(model.size),
        "memory": f"{model.memory_mb} MB",
        "context": f"{model.context} tokens",
        "template": model.template,
        "licence": model.licence,
        "source": model.source,
        "sha-256": model.sha256,
        "unasked": "yes" if model.good_enough else "no, only by name",
        "file": path or f"not on this machine; fetch it: askdoc models pull {model.name}",
    }
    for name, value in facts.items():
        yield hang(Text.assemble((f"{name:<10}", "label"), value), page, rest=" " * 10)


class FetchProgress(Bar):
    """Draws how much of a model is downloaded."""

    def __init__(self, page: Page) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        super().__init__(page, *columns, TransferSpeedColumn())
        self._task = self._progress.add_task("fetching", total=None)

    def __call__(self, event: object) -> None:
        """Draw a `Fetching` event."""
        if isinstance(event, Fetching):
            self._progress.update(
                self._task, description=event.name, completed=event.done, total=event.total
            )


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"  # noqa: PLR2004
