"""`askdoc libraries`: the named libraries, and taking one away."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from askdoc import app as wiring
from askdoc.cli.base import Group, command
from askdoc.cli.completion import library_names
from askdoc.cli.input import agreed
from askdoc.cli.output import print_json
from askdoc.errors import AskdocError, IndexLocked
from askdoc.render.console import errors, output
from askdoc.render.errors import note_line
from askdoc.render.indexing import count
from askdoc.render.layout import table
from askdoc.workspace import names, open_library
from askdoc.workspace import remove as delete

_HELP = """List and remove the named libraries.

A library is an index in your data folder that can be asked from anywhere, with `--library` or
the variable `ASKDOC_LIBRARY`. Several can be asked at once.

Examples:
    askdoc index --library law ~/law
    askdoc ask --library law "When is a contract void?"
    askdoc libraries
    askdoc libraries remove law
"""

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = typer.Typer(cls=Group, add_completion=False, help=_HELP, invoke_without_command=True)


@app.callback()
def libraries(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the libraries where no command is named."""
    if context.invoked_subcommand is None:
        show_libraries(as_json=as_json)


@command(app, "list")
def show_libraries(*, as_json: AsJson = False) -> None:
    """List the named libraries, as `askdoc libraries` does.

    Examples:
        askdoc libraries list
    """
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
        listed = [{"name": name, "documents": documents} for name, documents in found.items()]
        print_json({"schema": "askdoc.libraries/1", "libraries": listed})
        return
    if not found:
        stderr = errors()
        text = "there is no library yet; make one: `askdoc index --library NAME FOLDER`"
        stderr.show([note_line(text, stderr)])
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


@command(app, "remove")
def remove(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A name from `askdoc libraries`.", autocompletion=library_names
        ),
    ],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before it is deleted.")] = False,
) -> None:
    """Delete a library: its index and its settings; its documents stay.

    askdoc asks first; outside a terminal it needs `--yes`.

    Examples:
        askdoc libraries remove law
        askdoc libraries remove law --yes
    """
    open_library(name)  # which may not be there
    what = f"the library `{name}`"
    if not (yes or agreed(what, f"askdoc libraries remove {name} --yes")):
        return
    left = delete(name)
    output().show([Text(f"deleted {what}; its documents stay where they are")])
    if left is not None:
        stderr = errors()
        stderr.show([note_line(f"`{left}` stays: it has files that are not askdoc's", stderr)])
