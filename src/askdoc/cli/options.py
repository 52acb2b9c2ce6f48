"""Options and arguments that several commands share, and the workspace they lead to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from askdoc.errors import UsageError

if TYPE_CHECKING:
    from askdoc.workspace import Workspace

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="QUESTION", help="The question; words are joined, `-` reads it from stdin."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; see `askdoc schema`.")]
Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--source", metavar="GLOB", help="Look only into documents whose path fits; repeatable."
    ),
]
TopK = Annotated[
    int | None, typer.Option("--top-k", metavar="N", help="Look at this many passages.")
]
Index = Annotated[
    Path | None, typer.Option("--index", metavar="DIR", help="Use the index in this folder.")
]
Embedder = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        metavar="NAME",
        help="Use this Sentence Transformers model: a folder, or a name on the model hub.",
    ),
]


def here() -> Path:
    """Return the current folder.

    Raises:
        UsageError: it no longer exists.

    """
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        message = "the current folder no longer exists"
        raise UsageError(message, hint="change to another one: `cd ~`") from error


def open_workspace(**overrides: Any) -> Workspace:
    """Find the workspace here; options that were not given are None and change nothing."""
    from askdoc import workspace

    given = {
        key: str(value) if isinstance(value, Path) else value for key, value in overrides.items()
    }
    return workspace.find(here(), overrides=given)
