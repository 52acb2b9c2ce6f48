"""`askdoc init`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

from askdoc.cli.open import here
from askdoc.errors import AskdocError, UsageError
from askdoc.render.console import output
from askdoc.render.layout import flat, hang
from askdoc.settings import HELP, Settings
from askdoc.workspace import CONFIG_NAME, FOLDER_NAME

_USERS_OWN = ("editor", "viewer", "keys", "history")
"""Settings of a person, not of a folder."""


def example(sources: Sequence[str]) -> str:
    """Write settings that index `sources`, with all others as comments at their defaults."""
    lines = [
        "# The settings of this folder; `askdoc config list` shows the values in use.",
        "",
        f"# {HELP['sources']}",
        f"sources = {_toml(list(sources))}",
    ]
    for field in msgspec.structs.fields(Settings):
        if field.name == "sources" or field.name in _USERS_OWN:
            continue
        value = '"…"' if field.default is None else _toml(field.default)
        lines += ["", f"# {HELP[field.name]}", f"# {field.name} = {value}"]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Write a plain value as TOML, whose numbers, strings and lists look like JSON's."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def init(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH", help="Files and folders to ask; by default this folder."),
    ] = None,
) -> None:
    """Make this folder a workspace.

    Writes an `askdoc.toml` that names what to index and lists all settings. The index goes into
    `.askdoc`, which git ignores.

    Examples:
        askdoc init docs
        askdoc init . && askdoc index
    """
    root = here()
    file = root / CONFIG_NAME
    if file.exists():
        message = f"`{CONFIG_NAME}` is here already"
        raise UsageError(message, hint="change it: `askdoc config edit --workspace`")
    wanted = sources or ["."]
    for source in wanted:
        if not (root / source).exists():
            message = f"there is no `{source}` here"
            raise UsageError(message, hint="name files and folders that exist")
        if not (root / source).resolve().is_relative_to(root.resolve()):
            message = f"`{source}` is outside this folder"
            raise UsageError(
                message, hint=f"index it from here: `askdoc index {shlex.quote(source)}`"
            )
    kept = root / FOLDER_NAME
    try:
        file.write_text(example(wanted), encoding="utf-8")
        kept.mkdir(exist_ok=True)
        (kept / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        message = f"cannot write `{error.filename or file}`: {str(error.strerror).lower()}"
        raise AskdocError(
            message, hint="make the workspace in a folder that you may write"
        ) from error
    page = output()
    page.show([hang(flat(f"wrote {CONFIG_NAME}; now run `askdoc index`"), page)])
