"""`askdoc history`: what was asked in sessions."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from askdoc import paths
from askdoc.chat.history import is_json, missing_from, title_of, to_json, to_markdown
from askdoc.chat.store import SqliteSessions
from askdoc.cli.base import Group, command
from askdoc.cli.completion import session_numbers
from askdoc.cli.input import agreed
from askdoc.cli.open import here, open_workspace
from askdoc.cli.output import print_json
from askdoc.errors import NO_ROOM, UsageError, unwritable
from askdoc.formats import dumps
from askdoc.render.answers import answer_lines
from askdoc.render.console import output
from askdoc.render.indexing import count
from askdoc.render.layout import BLANK
from askdoc.render.sessions import exchange_lines, session_lines

if TYPE_CHECKING:
    from askdoc.chat.history import Exchange, SessionStore, SessionSummary

app = typer.Typer(
    name="history",
    cls=Group,
    add_completion=False,
    help="""List, print, export and delete saved sessions.

    Sessions of `askdoc repl` are saved in your state folder, unless it runs with `--no-history`
    or the setting `history` is false.

    Without a command, it lists the sessions of this workspace.

    Examples:
        askdoc history
        askdoc history show 12
        askdoc history export 12 --output notes.md
        askdoc history delete 12
    """,
)


@app.callback(invoke_without_command=True)
def _default(ctx: typer.Context) -> None:
    """List sessions where no command is given; its help is that of the group."""
    if ctx.invoked_subcommand is None:
        list_()


Number = Annotated[
    int,
    typer.Argument(metavar="N", help="Number of the session.", autocompletion=session_numbers),
]
NumberOrLatest = Annotated[
    int | None,
    typer.Argument(
        metavar="N",
        help="Number of the session; without, the latest.",
        autocompletion=session_numbers,
    ),
]
Everywhere = Annotated[bool, typer.Option("--all", help="Include the sessions of all workspaces.")]


@command(app, "list")
def list_(
    *,
    everywhere: Annotated[
        bool, typer.Option("--all", help="List the sessions of all workspaces.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the sessions of this workspace, the latest first.

    Examples:
        askdoc history list --all
    """
    with _opened() as store:
        found = store.sessions(_workspace(everywhere=everywhere))
    if as_json:
        print_json({"schema": "askdoc.history/1", "sessions": [_plain(item) for item in found]})
        return
    page = output()
    page.show(session_lines(found, page, workspaces=everywhere))


@command(app, "show")
def show(number: NumberOrLatest = None, *, everywhere: Everywhere = False) -> None:
    """Print a session, by default the latest: its questions, answers and sources.

    Examples:
        askdoc history show
        askdoc history show 12
        askdoc history show 12 --all
    """
    page = output()
    for turn, exchange in enumerate(_exchanges(number, everywhere=everywhere), start=1):
        if turn > 1:
            page.show([BLANK])
        page.show(exchange_lines(exchange, page, turn))
        page.show(answer_lines(exchange.answer, page))


@command(app, "export")
def export(
    number: Number,
    *,
    to: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Where to write it, not to the output."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, not as Markdown.")] = False,
    everywhere: Everywhere = False,
) -> None:
    """Write a session as Markdown or JSON, with all citations.

    Examples:
        askdoc history export 12 --output notes.md
        askdoc history export 12 --json
    """
    as_json = (to is not None and is_json(to)) or as_json
    exchanges = _exchanges(number, everywhere=everywhere)
    title = title_of(exchanges[0].question)
    if as_json:
        text = dumps(to_json(title, exchanges, base=here())) + "\n"
    else:
        text = to_markdown(title, exchanges, base=here())
    if to is None:
        sys.stdout.write(text)
        return
    try:
        with to.open("x", encoding="utf-8", errors="replace") as stream:
            stream.write(text)
    except FileExistsError as error:
        message = f"`{to}` is there already"
        raise UsageError(message, hint="choose another name") from error
    except OSError as error:
        if error.errno in NO_ROOM and to.is_file():  # half of it is of no use, and in the way
            to.unlink()
        raise unwritable(str(to), error) from error


@command(app, "delete")
def delete(
    numbers: Annotated[
        list[int] | None,
        typer.Argument(
            metavar="N", help="Numbers of the sessions.", autocompletion=session_numbers
        ),
    ] = None,
    *,
    everywhere: Annotated[
        bool,
        typer.Option("--all", help="Include all workspaces; without N, delete every session."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask before all sessions are deleted.")
    ] = False,
) -> None:
    """Delete sessions of this workspace; they cannot be brought back.

    askdoc asks before it deletes all sessions; outside a terminal it needs `--yes`.

    Examples:
        askdoc history delete 3 4
        askdoc history delete --all --yes
    """
    if not (everywhere or numbers):
        message = "say which sessions to delete"
        hint = "`askdoc history delete N`; with `--all`, all sessions of every workspace"
        raise UsageError(message, hint=hint)
    with _opened() as store:
        sessions = store.sessions()
        chosen = numbers or [item.id for item in sessions]
        if sessions and not (numbers or yes or _agreed(sessions)):
            return
        _refuse_unknown(store, chosen, everywhere=everywhere)
        deleted = store.delete(chosen)
    output().show([Text(f"deleted {count(deleted, 'session')}")])


def _agreed(sessions: Sequence[SessionSummary]) -> bool:
    """Ask whether all sessions are to be deleted."""
    workspaces = len({item.workspace for item in sessions})
    what = f"{count(len(sessions), 'session')} of {count(workspaces, 'workspace')}"
    return agreed(what, "askdoc history delete --all --yes")


@contextmanager
def _opened() -> Iterator[SqliteSessions]:
    store = SqliteSessions(paths.state())
    try:
        yield store
    finally:
        store.close()


def _workspace(*, everywhere: bool) -> str | None:
    """Return what sessions of this workspace are kept under; None stands for all of them."""
    return None if everywhere else str(open_workspace().root)


def _exchanges(number: int | None, *, everywhere: bool) -> list[Exchange]:
    with _opened() as store:
        if number is None:
            number = _latest(store, everywhere=everywhere)
        _refuse_unknown(store, [number], everywhere=everywhere)
        found = store.exchanges(number)
    if not found:
        message = f"session {number} is empty"
        raise UsageError(message, hint=f"delete it: `askdoc history delete {number}`")
    return found


def _latest(store: SessionStore, *, everywhere: bool) -> int:
    found = store.sessions(_workspace(everywhere=everywhere))
    if not found:
        message = "this workspace has no saved session"
        raise UsageError(message, hint="see those of all: `askdoc history list --all`")
    return found[0].id


def _refuse_unknown(store: SessionStore, numbers: Sequence[int], *, everywhere: bool) -> None:
    missing = missing_from(store, _workspace(everywhere=everywhere), numbers)
    if not missing:
        return
    if everywhere or missing_from(store, None, missing[:1]):
        message = f"there is no session {missing[0]}"
        raise UsageError(message, hint="see what there is: `askdoc history list --all`")
    message = f"session {missing[0]} is of another workspace"
    raise UsageError(message, hint="add `--all` for sessions of other workspaces")


def _plain(item: SessionSummary) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "workspace": item.workspace,
        "started": item.started.isoformat(timespec="seconds"),
        "updated": item.updated.isoformat(timespec="seconds"),
        "questions": item.exchanges,
    }
