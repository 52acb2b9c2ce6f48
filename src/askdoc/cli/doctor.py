"""`askdoc doctor`."""

from __future__ import annotations

import typer

from askdoc.cli.options import Embedder, Index, Library, open_workspace


def doctor(*, embedder: Embedder = None, library: Library = None, index: Index = None) -> None:
    """Check the installation and the index, and say how to mend them.

    Examples:
        askdoc doctor

    Exit codes: 0 nothing is broken, 1 something is.
    """
    from askdoc.adapters.freshness import file_state
    from askdoc.doctor import examine
    from askdoc.health import Health
    from askdoc.render.checks import check_lines
    from askdoc.render.console import output

    workspace = open_workspace(library=library, index=index, embedder=embedder)
    page = output()
    broken = False
    for check in examine(workspace, file_state=file_state):
        page.show(check_lines(check, page))
        broken |= check.health is Health.BROKEN
    if broken:
        raise typer.Exit(1)
