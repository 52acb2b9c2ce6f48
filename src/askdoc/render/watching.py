"""What happens while an index is kept current, a line for each change."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rich.text import Text

from askdoc.render.console import Page
from askdoc.render.indexing import KEPT, count
from askdoc.render.layout import flat, hang, named
from askdoc.types import IndexReport


class ChangeLines:
    """Lays out what was done, each change with its time.

    A file that is skipped is told of once, until its reason changes; `before` are reasons that the
    user has read already.
    """

    def __init__(self, before: IndexReport) -> None:
        self._reasons = {skip.location: skip.reason for skip in before.skipped}

    def __call__(self, report: IndexReport, page: Page) -> Iterator[Text]:
        """Yield a line for each change."""
        now = time.strftime("%H:%M:%S")
        for verb, locations in (
            ("added", report.added),
            ("changed", report.changed),
            ("removed", report.removed),
        ):
            for location in locations:
                self._reasons.pop(location, None)
                yield _line(now, verb, named(location, "file"), page)
        for before, after in report.renamed:
            self._reasons.pop(after, None)
            what = named(before, "file").append(" → ").append_text(named(after, "file"))
            yield _line(now, "renamed", what, page)
        for skip in report.skipped:
            if self._reasons.get(skip.location) != skip.reason:
                self._reasons[skip.location] = skip.reason
                what = named(skip.location, "file").append(": ").append_text(flat(skip.reason))
                yield _line(now, "skipped", what, page)


def ending_line(documents: int, changes: int, *, interrupted: bool, page: Page) -> Text:
    """Say what is kept, after so many changes were followed."""
    if interrupted:
        return hang(Text(f"Interrupted in the middle of a change; {KEPT}"), page)
    now = time.strftime("%H:%M:%S")
    held = f"the index holds {count(documents, 'document')}, as the files were at {now}"
    return hang(Text(f"Stopped after {count(changes, 'change')}; {held}"), page)


def _line(now: str, verb: str, what: Text, page: Page) -> Text:
    return hang(Text.assemble((now, "faint"), f" {verb} ", what), page, rest="  ")
