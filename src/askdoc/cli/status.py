"""`askdoc status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from askdoc import app
from askdoc.cli.open import open_workspace
from askdoc.cli.options import AsJson, Index, Library
from askdoc.cli.output import print_json
from askdoc.index.status import coverage_to_json, read_status, status_to_json
from askdoc.index.writer import EMBEDDER_NAME, UNFINISHED
from askdoc.render.console import output
from askdoc.render.indexing import coverage_lines, status_lines
from askdoc.store.files import file_state
from askdoc.types import INCOMPLETE

if TYPE_CHECKING:
    from askdoc.workspace import Workspace


def status(
    *,
    documents: Annotated[
        bool, typer.Option("--documents", help="List every document, too.")
    ] = False,
    skipped: Annotated[
        bool,
        typer.Option(
            "--skipped",
            help="List every missing or incomplete file, and why.",
        ),
    ] = False,
    as_json: AsJson = False,
    library: Library = None,
    index: Index = None,
) -> None:
    """Show what is indexed, what was skipped, and the model.

    Examples:
        askdoc status --documents
        askdoc status --skipped
        askdoc status --json
    """
    workspace = open_workspace(library=library, index=index)
    if skipped:
        _cover(workspace, as_json=as_json)
        return
    with app.open_made(workspace) as catalog:
        found = read_status(
            catalog,
            workspace.place,
            embedder_key=EMBEDDER_NAME,
            file_state=file_state,
            root=workspace.root,
            sources=catalog.sources(),
            unfinished_key=UNFINISHED,
            incomplete_key=INCOMPLETE,
        )
    if as_json:
        print_json(status_to_json(found))
    else:
        page = output()
        page.show(status_lines(found, page, documents=documents))


def _cover(workspace: Workspace, *, as_json: bool) -> None:
    """Print what is missing from the index, with hints."""
    found = app.coverage_of(workspace)
    if as_json:
        print_json(coverage_to_json(found))
        return

    page = output()
    page.show(coverage_lines(found, page))
