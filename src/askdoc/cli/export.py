"""`askdoc export` and `askdoc import`: an index as one file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from askdoc.addresses import expanded
from askdoc.app.export import export_index, import_index
from askdoc.cli.open import here, open_workspace
from askdoc.cli.options import Embedder, Index, Library
from askdoc.cli.output import say
from askdoc.render.console import errors
from askdoc.render.indexing import count, size
from askdoc.render.progress import IndexProgress

Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to make.")],
    *,
    force: Force = False,
    library: Library = None,
    index: Index = None,
) -> None:
    """Pack the index into one file, to be imported on another machine.

    It holds the text of the documents and the index, with checksums. Paths are relative to the
    workspace; sources outside it appear in its folder `elsewhere`.

    Examples:
        askdoc export library.askdoc
    """
    workspace = open_workspace(library=library, index=index)
    with IndexProgress(errors()) as progress:
        done = export_index(workspace, _absolute(file), progress, force=force)
    counts = f"{count(done.documents, 'document')}, {count(done.passages, 'passage')}"
    say([f"exported {counts} to {file} ({size(done.file.stat().st_size)})"])


def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A file that `askdoc export` has made.")
    ],
    *,
    force: Force = False,
    embedder: Embedder = None,
    library: Library = None,
    index: Index = None,
) -> None:
    """Install an exported index; questions work at once.

    The file is checked before anything changes. If you move the documents too, `askdoc index`
    finds them unchanged and embeds nothing again.

    Examples:
        askdoc import library.askdoc
        askdoc import --force library.askdoc
    """
    workspace = open_workspace(library=library, create=True, index=index, embedder=embedder)
    with IndexProgress(errors()) as progress:
        done = import_index(workspace, _absolute(file), progress, force=force)
    counts = f"{count(done.documents, 'document')}, {count(done.passages, 'passage')}"
    lines = [f"imported {counts} from {file}"]
    if done.absent:
        names = ", ".join(done.absent)
        lines.append(f"not here yet: {names}; bring them before you run `askdoc index`")
    say(lines)


def _absolute(file: Path) -> Path:
    return Path(os.path.normpath(here() / expanded(file)))
