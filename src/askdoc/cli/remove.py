"""`askdoc remove`."""

from __future__ import annotations

from typing import Annotated

import typer

from askdoc.cli.options import Index, here, open_workspace


def remove(
    names: Annotated[
        list[str],
        typer.Argument(metavar="DOCUMENT", help="Path of a document or folder, or a glob."),
    ],
    *,
    index: Index = None,
) -> None:
    """Take documents out of the index.

    The files themselves are left alone.

    Examples:
        askdoc remove minutes/draft.txt
        askdoc remove "*.html" old/
    """
    from askdoc import wiring
    from askdoc.lookup import match_all
    from askdoc.render.console import output
    from askdoc.render.indexing import count
    from askdoc.render.layout import flat, hang

    workspace = open_workspace(index=index)
    with wiring.open_catalog(workspace) as catalog:
        found = match_all(names, catalog.documents(), here())
    with wiring.indexer(workspace) as indexer:
        indexer.remove([document.id for document in found])
    page = output()
    for document in found:
        page.show([hang(flat(f"removed {document.location}"), page, rest="  ")])
    del count
