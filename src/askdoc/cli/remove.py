"""`askdoc remove`."""

from __future__ import annotations

from typing import Annotated

import typer

from askdoc import app
from askdoc.ask.lookup import match_all
from askdoc.cli.completion import document_names
from askdoc.cli.open import here, open_workspace
from askdoc.cli.options import Index, Library
from askdoc.render.console import output
from askdoc.render.layout import hang, named


def remove(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="DOCUMENT",
            help="Path of a document or folder, or a glob.",
            autocompletion=document_names,
        ),
    ],
    *,
    library: Library = None,
    index: Index = None,
) -> None:
    """Take documents out of the index.

    The files stay. A removed file returns to the index when `askdoc index` names its path.

    Examples:
        askdoc remove minutes/draft.txt
        askdoc remove "*.html" old/
    """
    workspace = open_workspace(library=library, index=index)
    with app.open_made(workspace) as catalog:
        found = match_all(names, catalog.documents(), here())
    with app.indexer(workspace) as indexer:
        removed = indexer.remove([document.location for document in found])
    page = output()
    page.show(hang(named(f"removed {location}"), page, rest="  ") for location in removed)
