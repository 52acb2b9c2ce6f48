"""`askdoc trust`."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated

import typer

from askdoc import workspace as workspaces
from askdoc.addresses import without_secrets
from askdoc.cli.open import here
from askdoc.errors import SettingsError, UsageError
from askdoc.render.console import errors
from askdoc.render.errors import note_line
from askdoc.workspace import CONFIG_NAME, root_of

_ALLOWS = (
    "it may now name a language model's server, which gets your questions and the sentences found;"
    " a server for the index; models to fetch from a hub; addresses to read; programs to open"
    " places with; and paths outside this folder"
)
_OUTWARD = ("llm", "check", "embedder", "reranker", "sources", "index", "evals", "editor", "viewer")
"""Settings that may reach out of the folder."""


def _set_here(config: Path) -> list[str]:
    """Return which of these settings the file has."""
    try:
        values = tomllib.loads(config.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        message = f"{config} cannot be read: {str(error)[:1].lower()}{str(error)[1:]}"
        raise SettingsError(message, hint="repair it, then run `askdoc trust`") from error
    shown = {
        key: without_secrets(value) if isinstance(value, str) else value
        for key, value in values.items()
    }
    found = [f"`{key}` = {json.dumps(shown[key], default=str)}" for key in _OUTWARD if key in shown]
    return [f"it sets {', '.join(found)}"] if found else ["it sets none of these now"]


def trust(
    *,
    forget: Annotated[bool, typer.Option("--forget", help="Take the trust back.")] = False,
) -> None:
    """Trust this workspace's settings as they are now.

    A folder of documents can come with an `askdoc.toml`. Until you trust it, that file can't name
    a language model's server, a model to fetch, or anything outside the folder. Trust ends when
    the file changes.

    A workspace that belongs to another user is not used at all until you trust it.

    Examples:
        askdoc trust
        askdoc trust --forget
    """
    root = root_of(here())
    config = root / CONFIG_NAME
    owner = workspaces.foreign_owner(root)
    if owner is not None and not forget:
        workspaces.trust_owner(root)
    elif forget and workspaces.distrust_owner(root):
        owner = owner or "another user"
    if owner is not None:
        page = errors()
        word = "no longer trusted" if forget else "trusted"
        page.show([note_line(f"{word}, though it belongs to `{owner}`: {root}", page)])
        if not config.is_file():
            return
    if not config.is_file():
        message = f"there is no `{CONFIG_NAME}` here or above"
        raise UsageError(message, hint="a workspace without settings needs no trust")
    page = errors()
    allowed: list[str] = []
    if forget:
        was = workspaces.distrust(config)
        text = f"no longer trusted: {config}" if was else f"it was not trusted: {config}"
    else:
        allowed = [_ALLOWS, *_set_here(config)]
        workspaces.trust(config)
        text = f"trusted until it changes: {config}"
    page.show([note_line(text, page), *(note_line(one, page) for one in allowed)])
