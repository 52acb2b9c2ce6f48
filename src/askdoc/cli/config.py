"""`askdoc config get`, `set`, `unset`, `list`, `path`, `edit`."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from askdoc.addresses import is_server, without_secrets
from askdoc.cli.base import Group, command
from askdoc.cli.completion import setting_names
from askdoc.cli.open import here, open_workspace
from askdoc.cli.output import say
from askdoc.errors import SettingsError, UsageError
from askdoc.models.llm.providers import redacted
from askdoc.render.console import Page, output
from askdoc.render.layout import BLANK, flat, hang, plain
from askdoc.repl import editor
from askdoc.settings import GROUPS, HELP, RARE, Settings, expect_known, from_words
from askdoc.workspace import (
    CONFIG_NAME,
    Origin,
    create,
    is_for_one,
    put,
    root_of,
    take_out,
    user_config_file,
)

app = typer.Typer(
    name="config",
    cls=Group,
    add_completion=False,
    no_args_is_help=False,
    help="""Read and change settings.

    A setting comes, strongest first, from the command line, from `ASKDOC_KEY` in the environment,
    from the workspace's `askdoc.toml`, from your own `config.toml`, and from its default.

    Your own file holds in every workspace, so it refuses `sources` and a fixed folder for the
    index. Set those with `--workspace`.

    Examples:
        askdoc config list
        askdoc config set editor "code --goto {file}:{line}"
        askdoc config set --workspace sources docs papers
    """,
)


_UNSET = "not set"
_BESIDE = 27
"""Cells for a setting and its value beside what it does."""


Key = Annotated[
    str, typer.Argument(metavar="KEY", help="Name of the setting.", autocompletion=setting_names)
]
InWorkspace = Annotated[
    bool,
    typer.Option("--workspace", help="In the workspace's `askdoc.toml`, not in your own file."),
]


@command(app, "list")
def list_(
    *,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="List rarely used settings, too.")
    ] = False,
) -> None:
    """List settings with their values, where each comes from, and what it does.

    Rarely used settings are listed with `--all`, or where they are set. Where a file or a variable
    is wrong, the defaults are listed, and then what is wrong.

    Examples:
        askdoc config list
        askdoc config list --all
    """
    wrong: SettingsError | None = None
    settings, origins = Settings(), dict.fromkeys(HELP, Origin.DEFAULT)
    try:
        workspace = open_workspace()
        settings, origins = workspace.settings, dict(workspace.origins)
    except SettingsError as error:
        wrong = error
    page = output()
    hidden = 0
    for title, keys in GROUPS.items():
        shown = [
            key
            for key in keys
            if everything or key not in RARE or origins[key] is not Origin.DEFAULT
        ]
        hidden += len(keys) - len(shown)
        if shown:
            page.show([Text(title, style="heading")])
        for key in shown:
            page.show(_setting_lines(key, getattr(settings, key), origins[key], page))
        if shown:
            page.show([BLANK])
    if hidden:
        text = f"{hidden} rarely used settings are not shown; `askdoc config list --all`"
        page.show([hang(Text(text, style="faint"), page)])
    if wrong is not None:
        raise wrong


def _setting_lines(key: str, setting: Any, origin: Origin, page: Page) -> Iterator[Text]:
    """Lay out a setting; in a terminal, what it does stands beside a short value."""
    value = flat(_written(setting))
    line = Text.assemble((key, "label"), " = ").append_text(value)
    if origin is not Origin.DEFAULT or not page.width:
        line.append(f"  ({origin})", style="faint")
    about = flat(HELP[key], "faint")
    if page.width and line.cell_len <= _BESIDE - 2 and page.width >= 2 * _BESIDE:
        line.pad_right(_BESIDE - line.cell_len)
        yield hang(about, page, first=Text("  ").append_text(line))
    else:
        yield hang(line, page, first="  ", rest="    ")
        yield hang(about, page, first="      ")


@command(app, "get")
def get(key: Key) -> None:
    """Print the value of one setting, a list with one item a line.

    Examples:
        askdoc config get top_k
    """
    expect_known(key)
    value = getattr(open_workspace().settings, key)
    items = value if isinstance(value, tuple) else [] if value is None else [value]
    output().show(plain(_written(item)) for item in items)


@command(app, "set")
def set_(
    key: Key,
    values: Annotated[list[str], typer.Argument(metavar="VALUE", help="What to set it to.")],
    *,
    in_workspace: InWorkspace = False,
) -> None:
    """Set one setting, in your own file or in the workspace's.

    Examples:
        askdoc config set max_sentences 5
        askdoc config set --workspace sources docs papers
    """
    value = from_words(key, values)
    if not in_workspace:
        _refuse_for_all(key, values)
    file = _file(in_workspace=in_workspace)
    before = file.read_bytes() if file.exists() else None
    stored = list(value) if isinstance(value, tuple) else value
    put(file, key, stored, editing=_editing(in_workspace=in_workspace))
    try:
        open_workspace()
    except BaseException:
        _restore(file, before)
        raise
    say([f"{key} = {_written(value)} in {file}"])


@command(app, "unset")
def unset(key: Key, *, in_workspace: InWorkspace = False) -> None:
    """Remove one setting from your own file or the workspace's.

    Examples:
        askdoc config unset editor
    """
    expect_known(key)
    file = _file(in_workspace=in_workspace)
    gone = take_out(file, key, editing=_editing(in_workspace=in_workspace))
    say([f"{key} is no longer set in {file}" if gone else f"{key} was not set in {file}"])


@command(app, "path")
def path(*, in_workspace: InWorkspace = False) -> None:
    """Print the path of your own settings file, which need not exist.

    Examples:
        askdoc config path
    """
    output().show([plain(str(_file(in_workspace=in_workspace)))])


@command(app, "edit")
def edit(*, in_workspace: InWorkspace = False) -> None:
    """Edit your own settings or the workspace's, then check them.

    Examples:
        askdoc config edit
    """
    file = _file(in_workspace=in_workspace)
    if not file.exists():
        create(file)
    chosen = _editor()
    target = editor.Target(str(file))
    editor.run(
        editor.command_for(target, editor=chosen, viewer=None, environment=os.environ), wait=True
    )
    open_workspace()


def _refuse_for_all(key: str, values: list[str]) -> None:
    """Go on where the value makes sense in every workspace, as one in the user's own file is.

    Raises:
        UsageError: it names what is to be indexed, or a single folder for all indexes.

    """
    if is_for_one(key, values if key == "sources" else values[0]):
        message = f"`{key}` in your own file would apply to every workspace"
        typed = shlex.join(["askdoc", "config", "set", "--workspace", key, *values])
        raise UsageError(message, hint=f"set it for this one: `{typed}`")


def _editor() -> str | None:
    """Read which editor is set, if the settings can be read at all."""
    try:
        return open_workspace().settings.editor
    except SettingsError:
        return None


def _file(*, in_workspace: bool) -> Path:
    if in_workspace:
        return root_of(here()) / CONFIG_NAME
    return user_config_file()


def _editing(*, in_workspace: bool) -> str:
    return "askdoc config edit --workspace" if in_workspace else "askdoc config edit"


def _restore(file: Path, before: bytes | None) -> None:
    if before is None:
        file.unlink(missing_ok=True)
    else:
        file.write_bytes(before)


def _written(value: Any) -> str:
    """Write a value as it would be typed, but for what an address may hold of secrets."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return " ".join(map(redacted, value)) or _UNSET
    if value is None:
        return _UNSET
    return without_secrets(value) if is_server(str(value)) else redacted(str(value))
