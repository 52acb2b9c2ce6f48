"""`askdoc doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from askdoc.cli.options import Embedder, Index, Library, open_workspace

if TYPE_CHECKING:
    from askdoc.workspace import Workspace


def doctor(
    *,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="First make vectors and full text anew where they are damaged or missing.",
        ),
    ] = False,
    embedder: Embedder = None,
    library: Library = None,
    index: Index = None,
) -> None:
    """Check the installation and the index, and say how to mend them.

    A repair works from the text that is stored; no file is read for it. Where that text is damaged
    itself, `askdoc index --rebuild PATH` makes the index anew from its files and folders.

    Examples:
        askdoc doctor
        askdoc doctor --repair

    Exit codes: 0 nothing is broken, 1 something is.
    """
    from askdoc.cli.doctor_more import examine
    from askdoc.render.checks import check_lines
    from askdoc.render.console import output
    from askdoc.render.health import Health
    from askdoc.store.freshness import file_state

    workspace = open_workspace(library=library, index=index, embedder=embedder)
    page = output()
    if repair:
        _repair(workspace)
    broken = False
    for check in examine(workspace, file_state=file_state):
        page.show(check_lines(check, page))
        broken |= check.health is Health.BROKEN
    if broken:
        raise typer.Exit(1)


def _repair(workspace: Workspace) -> None:
    from askdoc import app
    from askdoc.errors import NoIndex
    from askdoc.render.console import errors
    from askdoc.render.errors import note_line
    from askdoc.render.indexing import count
    from askdoc.render.progress import IndexProgress

    try:
        app.expect_index(workspace)
    except NoIndex:
        app.refuse_while_made(workspace)
        raise
    aside = errors()
    with IndexProgress(aside) as progress, app.indexer(workspace, progress) as indexer:
        done = indexer.repair()
    told = f"repaired: {count(done.made, 'vector')} made, {done.removed:,} removed"
    aside.show([note_line(told, aside)])
