"""Language models as lines of text, and the bar while one is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.text import Text

from askdoc.models.llm.catalogue import Model
from askdoc.render.console import Page
from askdoc.render.layout import hang
from askdoc.types import Fetching

_INDENT = "    "


def model_lines(model: Model, page: Page, *, here: bool) -> Iterator[Text]:
    """Lay out one model of a list: its name, its size, whether it is here, what it is for."""
    title = Text(model.name, style="file")
    title.append(f", {_size(model.size)}")
    if here:
        title.append(" (here)", style="good")
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


class FetchProgress:
    """Draws how much of a model has come, on a terminal; elsewhere it is silent."""

    def __init__(self, page: Page) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=page.console,
            transient=True,
            disable=page.width is None,
        )
        self._task = self._bar.add_task("fetching", total=None)

    def __call__(self, event: object) -> None:
        """Hear `Fetching`."""
        if isinstance(event, Fetching):
            self._bar.update(
                self._task, description=event.name, completed=event.done, total=event.total
            )

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()


def _size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"  # noqa: PLR2004
