"""`askdoc outline`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.text import Text

from askdoc import app
from askdoc.ask import lookup
from askdoc.cli.completion import document_names
from askdoc.cli.open import here, open_workspace
from askdoc.cli.options import AsJson, Index, Library
from askdoc.cli.output import print_json
from askdoc.errors import UsageError
from askdoc.render.console import Page, output
from askdoc.render.layout import flat, hang
from askdoc.strings import one_line
from askdoc.types import Chunk, Document, Span
from askdoc.types.documents import Kind
from askdoc.types.places import PROPERTIES, name_place


@dataclass(frozen=True, slots=True)
class _Part:
    """A heading of a document: how deep it is, its place, and the first sentence below it."""

    level: int
    heading: str
    start: int
    sentence: str | None


def outline(
    name: Annotated[
        str,
        typer.Argument(
            metavar="DOCUMENT", help="Path of a document.", autocompletion=document_names
        ),
    ],
    *,
    as_json: AsJson = False,
    library: Library = None,
    index: Index = None,
) -> None:
    """Print the headings of a document, each with a sentence.

    The sentence is the first one below the heading. `askdoc show DOCUMENT:LINE` prints more.

    Examples:
        askdoc outline report.pdf
        askdoc outline manual.md --json
    """
    with app.open_made(open_workspace(library=library, index=index)) as catalog:
        document = lookup.one(name, catalog.documents(), here())
        parts = list(_parts(document, catalog.text(document.id), catalog.chunks_of(document.id)))
        if not parts:
            message = f"`{document.location}` has no headings"
            raise UsageError(message, hint=f"print its text: `askdoc show {name}`")
        places = [_place(document, part.start, catalog.lines) for part in parts]
    if as_json:
        listed = [
            {"level": part.level, "heading": part.heading, "place": place, "text": part.sentence}
            for part, place in zip(parts, places, strict=True)
        ]
        print_json({"schema": "askdoc.outline/1", "document": document.location, "parts": listed})
        return
    page = output()
    for part, place in zip(parts, places, strict=True):
        page.show(_lines(part, place, page))


def _parts(document: Document, text: str, chunks: Sequence[Chunk]) -> Iterator[_Part]:
    """List the headings that begin a section, in the order of the text."""
    starts = {
        (one_line(block.span.of(text)), block.span.start)
        for block in document.structure.blocks
        if block.kind is Kind.HEADING
    }
    before: tuple[str, ...] = ()
    for chunk in chunks:
        if chunk.headings == before or document.place_of(chunk.span) == PROPERTIES:
            continue
        shared = 0
        while chunk.headings[: shared + 1] == before[: shared + 1] and shared < len(before):
            shared += 1
        for level in range(shared, len(chunk.headings)):
            innermost = level == len(chunk.headings) - 1
            sentence = _first_sentence(document, chunk) if innermost else None
            heading = chunk.headings[level]
            before_chunk = [
                start
                for title, start in starts
                if start <= chunk.span.start and one_line(heading) in title
            ]
            start = max(before_chunk, default=chunk.span.start)
            yield _Part(level + 1, heading, start, sentence)
        before = chunk.headings


def _first_sentence(document: Document, chunk: Chunk) -> str | None:
    """Return the first sentence of a chunk that is no heading."""
    for span in chunk.sentences:
        if document.structure.kind_at(span.start) is not Kind.HEADING:
            return one_line(chunk.sentence(span))
    return None


def _place(document: Document, start: int, lines: Callable[[str, Span], tuple[int, int]]) -> str:
    """Return the place at `start` as in a citation."""
    span = Span(start, start)
    return name_place(document.place_of(span), *lines(document.id, span))


def _lines(part: _Part, place: str, page: Page) -> Iterator[Text]:
    """Lay out a heading with its place, and its sentence below."""
    indent = "  " * (part.level - 1)
    title = flat(part.heading, "heading").append(f"  {place}", style="faint")
    yield hang(title, page, first=indent, rest=f"{indent}    ")
    if part.sentence:
        yield hang(flat(part.sentence), page, first=f"{indent}  ")
