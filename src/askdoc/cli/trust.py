"""`askdoc trust`."""

from __future__ import annotations

from typing import Annotated

import typer

from askdoc.cli.options import here
from askdoc.errors import UsageError


def trust(
    *,
    forget: Annotated[bool, typer.Option("--forget", help="Take the trust back.")] = False,
) -> None:
    """Trust this workspace's settings as they are now.

    A folder of documents can come with an `askdoc.toml`. Until you trust it, that file can't name
    a language model's server, a model to fetch, or anything outside the folder. Trust ends when
    the file changes.

    Examples:
        askdoc trust
        askdoc trust --forget
    """
    from askdoc import trust as kept
    from askdoc.render.console import errors
    from askdoc.render.errors import note_line
    from askdoc.workspace import CONFIG_NAME, root_of

    config = root_of(here()) / CONFIG_NAME
    if not config.is_file():
        message = f"there is no `{CONFIG_NAME}` here or above"
        raise UsageError(message, hint="a workspace without settings needs no trust")
    page = errors()
    if forget:
        was = kept.distrust(config)
        text = f"no longer trusted: {config}" if was else f"it was not trusted: {config}"
    else:
        kept.trust(config)
        text = f"trusted until it changes: {config}"
    page.show([note_line(text, page)])
