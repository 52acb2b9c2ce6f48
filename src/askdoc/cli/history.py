"""`askdoc history`: what was asked in sessions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from askdoc.cli.base import Group, command
from askdoc.cli.options import here, open_workspace
from askdoc.errors import AskdocError, UsageError

if TYPE_CHECKING:
    from askdoc.adapters.sqlite_sessions import SqliteSessions
    from askdoc.history import Exchange, SessionSummary

app = typer.Typer(
    name="history",
    cls=Group,
    add_completion=False,
    help="""List, print, export and delete kept sessions.

    Sessions of `askdoc repl` are kept in your state folder, unless it is started with
    `--no-history` or the setting `history` is false.

    Alone, it lists those of this workspace.

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


Number = Annotated[int, typer.Argument(metavar="N", help="Number of the session.")]


@command(app, "list")
def list_(
    *,
    everywhere: Annotated[
        bool, typer.Option("--all", help="Those of all workspaces, not of this one alone.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the sessions of this workspace, the latest first.

    Examples:
        askdoc history list --all
    """
    from askdoc.render.console import output
    from askdoc.render.sessions import session_lines

    root = None if everywhere else str(open_workspace().root)
    with _opened() as store:
        found = store.sessions(root)
    if as_json:
        from askdoc.cli.output import print_json

        print_json({"schema": "askdoc.history/1", "sessions": [_plain(item) for item in found]})
        return
    page = output()
    page.show(session_lines(found, page, workspaces=everywhere))


@command(app, "show")
def show(number: Number) -> None:
    """Print a session: its questions, answers and sources.

    Examples:
        askdoc history show 12
    """
    from askdoc.render.answers import answer_lines
    from askdoc.render.console import output
    from askdoc.render.layout import BLANK
    from askdoc.render.sessions import exchange_lines

    page = output()
    for position, exchange in enumerate(_exchanges(number)):
        if position:
            page.show([BLANK])
        page.show(exchange_lines(exchange, page))
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
) -> None:
    """Write a session as Markdown or JSON, with all citations.

    Examples:
        askdoc history export 12 --output notes.md
        askdoc history export 12 --json
    """
    import sys

    from askdoc.formats import dumps
    from askdoc.history import title_of
    from askdoc.transcripts import to_json, to_markdown

    exchanges = _exchanges(number)
    title = title_of(exchanges[0].question)
    if as_json or (to is not None and to.suffix == ".json"):
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
        message = f"cannot write `{to}`: {(error.strerror or str(error)).lower()}"
        raise UsageError(message) from error


@command(app, "delete")
def delete(
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="N", help="Numbers of the sessions.")
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="All sessions of all workspaces.")
    ] = False,
) -> None:
    """Delete sessions; they cannot be brought back.

    Examples:
        askdoc history delete 3 4
        askdoc history delete --all
    """
    from rich.text import Text

    from askdoc.render.console import output
    from askdoc.render.indexing import count

    if everything is bool(numbers):
        message = "say which sessions to delete"
        raise UsageError(message, hint="`askdoc history delete N`, or `--all`")
    with _opened() as store:
        known = [item.id for item in store.sessions()]
        chosen = known if everything else numbers or []
        if missing := sorted(set(chosen) - set(known)):
            raise _unknown(missing[0])
        deleted = store.delete(chosen)
    output().show([Text(f"deleted {count(deleted, 'session')}")])


@contextmanager
def _opened() -> Iterator[SqliteSessions]:
    from askdoc.adapters import user_folders
    from askdoc.adapters.sqlite_sessions import SqliteSessions

    store = SqliteSessions(user_folders.state())
    try:
        yield store
    finally:
        store.close()


def _exchanges(number: int) -> list[Exchange]:
    with _opened() as store:
        found = store.exchanges(number)
    if not found:
        raise _unknown(number)
    return found


def _unknown(number: int) -> AskdocError:
    message = f"there is no session {number}"
    return AskdocError(message, hint="see what there is: `askdoc history list --all`")


def _plain(item: SessionSummary) -> dict[str, Any]:
    return {
        "id": item.id,
        "title": item.title,
        "workspace": item.workspace,
        "started": item.started.isoformat(timespec="seconds"),
        "updated": item.updated.isoformat(timespec="seconds"),
        "questions": item.exchanges,
    }
