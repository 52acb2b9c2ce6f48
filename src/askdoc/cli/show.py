"""`askdoc show`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from askdoc import app
from askdoc.ask import lookup
from askdoc.ask import show as showing
from askdoc.cli.completion import document_names
from askdoc.cli.open import here, open_workspace
from askdoc.cli.options import Index, Library
from askdoc.errors import UsageError
from askdoc.render.console import output
from askdoc.render.documents import line_lines, text_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from askdoc.render.console import Page
    from askdoc.types import Document


def show(
    target: Annotated[
        str,
        typer.Argument(
            metavar="DOCUMENT[:LINE]",
            help="A document, with an optional line or `FIRST-LAST`.",
            autocompletion=document_names,
        ),
    ],
    place: Annotated[
        str | None,
        typer.Argument(metavar="PLACE", help='A place as a citation names it, such as "slide 2".'),
    ] = None,
    *,
    page_number: Annotated[
        int | None,
        typer.Option("--page", metavar="N", min=1, help="Print this page or slide only."),
    ] = None,
    context: Annotated[
        int,
        typer.Option("--context", "-C", metavar="N", min=0, help="Lines around the place."),
    ] = 5,
    library: Library = None,
    index: Index = None,
) -> None:
    """Print the stored text of a document, or the lines around a place.

    Name lines and other places as citations do.

    Examples:
        askdoc show minutes/pier.txt
        askdoc show minutes/pier.txt:120
        askdoc show report.pdf --page 3
        askdoc show book.xlsx "sheet Stock, row 10"
    """
    workspace = open_workspace(library=library, index=index)
    with app.open_made(workspace) as catalog:
        documents = catalog.documents()
        name, lines = target, None
        if not lookup.match(target, documents, here()):  # a file name may itself end in `:7`
            name, lines = lookup.split_place(target)
            before, _, after = target.rpartition(":")
            if lines is None and lookup.match(before, documents, here()):
                message = f"`{after}` is not a line number"
                raise UsageError(message, hint=f"write `{before}:12` or `{before}:12-15`")
        document = lookup.one(name, documents, here())
        text = catalog.text(document.id)
    if place is not None and page_number is None and lines is None:
        lines, place = (found, None) if (found := showing.lines_in(place)) else (None, place)
    if sum(one is not None for one in (place, page_number, lines)) > 1:
        message = "name one place: a line, a page or another one"
        raise UsageError(message, hint=f"for instance `askdoc show {name} --page 1`")
    page = output()
    page.show(_laid_out(document, text, place, page_number, lines, context, page))


def _laid_out(
    document: Document,
    text: str,
    place: str | None,
    page_number: int | None,
    lines: tuple[int, int] | None,
    context: int,
    page: Page,
) -> Iterator[Text]:
    if page_number is not None:
        spans = showing.spans_of_page(document, page_number)
    elif place is not None:
        spans = showing.spans(document, place)
    elif lines is None:
        return text_lines(text)
    elif (counted := showing.spans_counted(document, lines)) is not None:
        spans = counted
    else:
        numbers = showing.file_lines(document, text)
        if numbers is not None:
            lines = showing.stored_lines(document, text, lines)
        return line_lines(text, lines, context, page, numbers)
    return (line for span in spans for line in text_lines(span.of(text)))
