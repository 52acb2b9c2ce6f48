"""`askdoc sources`: the files and folders that `askdoc index` keeps in the index."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from askdoc import app as wiring
from askdoc.addresses import addresses_of, paths_of, targets
from askdoc.cli.base import Group, command
from askdoc.cli.open import here, open_workspace
from askdoc.cli.options import AllowPrivate, AsJson, Depth, Index, Library, expect_addresses
from askdoc.cli.output import print_json, say
from askdoc.render.console import output
from askdoc.render.indexing import count, source_kept_lines

_HELP = """List, add and remove the files and folders of the index.

Examples:
    askdoc sources list
    askdoc sources add docs report.pdf
    askdoc sources remove docs
"""

app = typer.Typer(cls=Group, add_completion=False, help=_HELP)

Given = Annotated[
    list[str], typer.Argument(metavar="PATH|URL", help="Files, folders and web addresses.")
]


@command(app, "list")
def show(*, as_json: AsJson = False, library: Library = None, index: Index = None) -> None:
    """List the sources, and how many files of each are indexed.

    Examples:
        askdoc sources list
    """
    with wiring.indexer(open_workspace(library=library, index=index)) as indexer:
        found = indexer.sources()
    if as_json:
        print_json({"schema": "askdoc.sources/1", "sources": [asdict(one) for one in found]})
        return

    page = output()
    page.show(source_kept_lines(found, page))


@command(app, "add")
def add(
    paths: Given,
    *,
    depth: Depth = None,
    allow_private: AllowPrivate = False,
    library: Library = None,
    index: Index = None,
) -> None:
    """Add files and folders to the sources; `askdoc index` reads them.

    Examples:
        askdoc sources add docs report.pdf
    """
    workspace = open_workspace(library=library, create=True, index=index)
    given = targets(paths, here())
    expect_addresses(given, depth=depth, allow_private=allow_private)
    wiring.refuse_index_around(workspace, paths_of(given))
    for address in addresses_of(given):
        wiring.permit(workspace, address, depth=depth, allow_private=allow_private)
    with wiring.indexer(workspace) as indexer:
        added = indexer.add_sources(given)
    lines = [f"added {location}; `askdoc index` reads it" for location in added]
    say(lines or ["nothing added: it is a source already; `askdoc index` brings it up to date"])


@command(app, "remove")
def remove(paths: Given, *, library: Library = None, index: Index = None) -> None:
    """Remove sources and their documents from the index. The files stay.

    Examples:
        askdoc sources remove docs
    """
    with wiring.indexer(open_workspace(library=library, index=index)) as indexer:
        removed = indexer.remove_sources(targets(paths, here()))
    say([f"removed {name} with {count(files, 'indexed file')}" for name, files in removed.items()])
