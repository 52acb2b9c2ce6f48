"""`askdoc show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from askdoc.cli.completing import document_names
from askdoc.cli.options import Index, Library, here, open_workspace
from askdoc.errors import UsageError

if TYPE_CHECKING:
    from askdoc.types import Document, Span


def show(
    target: Annotated[
        str,
        typer.Argument(
            metavar="DOCUMENT[:LINE]",
            help="A document, with a line or `FIRST-LAST` if you like.",
            autocompletion=document_names,
        ),
    ],
    *,
    page_number: Annotated[
        int | None, typer.Option("--page", metavar="N", min=1, help="Print this page only.")
    ] = None,
    context: Annotated[
        int,
        typer.Option("--context", "-C", metavar="N", min=0, help="Lines around the place."),
    ] = 5,
    library: Library = None,
    index: Index = None,
) -> None:
    """Print the stored text of a document, or the lines around a place.

    Examples:
        askdoc show minutes/pier.txt
        askdoc show minutes/pier.txt:120
        askdoc show report.pdf --page 3
    """
    from askdoc import lookup, wiring
    from askdoc.render.console import output
    from askdoc.render.documents import line_lines, text_lines

    workspace = open_workspace(library=library, index=index)
    with wiring.open_catalog(workspace) as catalog:
        documents = catalog.documents()
        name, lines = target, None
        if not lookup.match(target, documents, here()):  # a name may itself end in `:7`
            name, lines = lookup.split_place(target)
            before, _, after = target.rpartition(":")
            if lines is None and lookup.match(before, documents, here()):
                message = f"`{after}` is no line number"
                raise UsageError(message, hint=f"write `{before}:12` or `{before}:12-15`")
        document = lookup.one(name, documents, here())
        span = None if page_number is None else _span_of_page(document, page_number)
        text = catalog.text(document.id, span)
    page = output()
    page.show(text_lines(text) if lines is None else line_lines(text, lines, context, page))


def _span_of_page(document: Document, number: int) -> Span:
    from askdoc.types import Span

    pages = document.pages
    if number > len(pages):
        message = f"`{document.location}` has no page {number}"
        raise UsageError(message, hint=f"it has {len(pages) or 'no'} pages")
    ends = (*pages[1:], document.length)
    return Span(pages[number - 1], ends[number - 1])
