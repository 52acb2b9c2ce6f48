"""`askdoc status`."""

from __future__ import annotations

from typing import Annotated

import typer

from askdoc.cli.options import AsJson, Index, Library, open_workspace


def status(
    *,
    documents: Annotated[
        bool, typer.Option("--documents", help="List every document, too.")
    ] = False,
    as_json: AsJson = False,
    library: Library = None,
    index: Index = None,
) -> None:
    """Say what is indexed, what was skipped, and with which model.

    Examples:
        askdoc status --documents
        askdoc status --json
    """
    from askdoc import wiring
    from askdoc.adapters.freshness import file_state
    from askdoc.status import read_status, status_to_json
    from askdoc.writing import EMBEDDER_NAME

    workspace = open_workspace(library=library, index=index)
    with wiring.open_catalog(workspace) as catalog:
        found = read_status(
            catalog, workspace.index, embedder_key=EMBEDDER_NAME, file_state=file_state
        )
    if as_json:
        from askdoc.cli.output import print_json

        print_json(status_to_json(found))
    else:
        from askdoc.render.console import output
        from askdoc.render.indexing import status_lines

        page = output()
        page.show(status_lines(found, page, documents=documents))
