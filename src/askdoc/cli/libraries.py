"""`askdoc libraries`."""

from __future__ import annotations

from typing import Annotated

import typer


def libraries(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the named libraries.

    A library is an index in your data folder that can be asked from anywhere, with `--library` or
    the variable `ASKDOC_LIBRARY`. Several can be asked at once.

    Examples:
        askdoc index --library law ~/law
        askdoc ask --library law "When is a contract void?"
        askdoc libraries
    """
    from askdoc import wiring
    from askdoc.errors import AskdocError, IndexLocked
    from askdoc.libraries import names, open_library
    from askdoc.render.console import errors, output
    from askdoc.render.errors import note_line
    from askdoc.render.indexing import count
    from askdoc.render.layout import table

    found: dict[str, int | None] = {}
    made: set[str] = set()
    for name in names():
        try:
            with wiring.open_made(open_library(name)) as catalog:
                found[name] = catalog.counts().documents
        except AskdocError as error:
            found[name] = None
            if isinstance(error, IndexLocked):
                made.add(name)
    if as_json:
        from askdoc.cli.output import print_json

        listed = [{"name": name, "documents": documents} for name, documents in found.items()]
        print_json({"schema": "askdoc.libraries/1", "libraries": listed})
        return
    if not found:
        aside = errors()
        told = "there is no library yet; make one: `askdoc index --library NAME FOLDER`"
        aside.show([note_line(told, aside)])
    page = output()
    page.show(
        table(
            [
                (
                    name,
                    count(documents, "document")
                    if documents is not None
                    else "being made"
                    if name in made
                    else "no index",
                )
                for name, documents in found.items()
            ],
            page,
        )
    )
