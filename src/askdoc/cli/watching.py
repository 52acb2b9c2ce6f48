"""`askdoc index --watch`: say what is done as files change, until Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from askdoc.cli.base import INTERRUPTED
from askdoc.paths import seen_from
from askdoc.types import Waiting

if TYPE_CHECKING:
    from askdoc.types import IndexReport, ReadOptions
    from askdoc.workspace import Workspace


def keep_current(
    workspace: Workspace,
    sources: Sequence[Path] | None,
    done: IndexReport,
    options: ReadOptions,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Keep the index current after a run that has `done` so much; ends with Ctrl-C.

    Prints a line for each change, or with `as_json` an object for what was done at once.
    """
    from askdoc import app
    from askdoc.render.console import errors, output
    from askdoc.render.errors import note_line
    from askdoc.render.watching import ChangeLines, ending_line

    page, aside = output(), errors()
    lines = ChangeLines(done)
    changes = 0

    def hear(event: object) -> None:
        if isinstance(event, Waiting):
            aside.show([note_line(event.reason, aside)])

    report = done
    with suppress(KeyboardInterrupt), app.indexer(workspace, options=options) as indexer:
        paths = sources or indexer.watched()
        names = ", ".join(f"`{seen_from(aside.base, str(path))}`" for path in paths)
        aside.show([note_line(f"watching {names}; Ctrl-C ends it", aside)])
        for report in app.follower(workspace, indexer, sources, hear).reports():
            told = list(lines(report, page))
            changes += len(told)
            if as_json and told:
                _print(report)
            elif not quiet and not as_json:
                page.show(told)
    with app.open_catalog(workspace) as catalog:
        documents = catalog.counts().documents
    aside.show([ending_line(documents, changes, interrupted=report.interrupted, page=aside)])
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)


def _print(report: IndexReport) -> None:
    from askdoc.cli.output import print_json
    from askdoc.index.status import report_to_json

    print_json(report_to_json(report), in_a_line=True)
    sys.stdout.flush()
