"""`askdoc repl`, which is also `askdoc` alone in a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from askdoc import __version__, paths
from askdoc.chat.store import SqliteSessions
from askdoc.cli.input import LONGEST, at_terminal
from askdoc.cli.input import lines as given_lines
from askdoc.cli.open import here, open_workspaces
from askdoc.cli.options import Embedder, Index, Libraries, Llm, Offline, Reranker, TopK, Unsupported
from askdoc.errors import StoreError
from askdoc.render import console
from askdoc.render.console import errors
from askdoc.render.errors import note_line
from askdoc.repl.run import interactive, script
from askdoc.repl.scope import Scope
from askdoc.repl.session import Pages, Session

if TYPE_CHECKING:
    from pathlib import Path

    from askdoc.chat.history import SessionStore


def repl(  # noqa: PLR0913 - one parameter for each option
    *,
    no_history: Annotated[
        bool, typer.Option("--no-history", help="Save neither this session nor its prompt history.")
    ] = False,
    top_k: TopK = None,
    llm: Llm = None,
    show_unsupported: Unsupported = None,
    offline: Offline = None,
    embedder: Embedder = None,
    reranker: Reranker = None,
    library: Libraries = None,
    index: Index = None,
) -> None:
    """Open a session to ask, follow up, look at sources and steer.

    Type `/help` in it for its commands. From a pipe, every line is a question or a command, and
    lines that begin with `#` are comments.

    Examples:
        askdoc
        askdoc repl --no-history
        askdoc repl --library law --library tax
        askdoc repl < questions.txt > answers.txt

    Exit codes: 0 the session ended, 1 a line from a pipe failed, 2 wrong usage. The other lines of
    a pipe run all the same.
    """
    workspaces = open_workspaces(
        library=library,
        index=index,
        embedder=embedder,
        reranker=reranker,
        top_k=top_k,
        llm=llm,
        show_unsupported=show_unsupported,
        offline=offline,
    )

    scope = Scope(workspaces)
    if at_terminal() and sys.stdout.isatty():
        _interactive(scope, keep=scope.settings.history and not no_history)
    else:
        _script(scope)


def _interactive(scope: Scope, *, keep: bool) -> None:
    from askdoc.repl.prompt import Prompt, history_file

    folder = _state() if keep else None
    base = here()
    pages = Pages(lambda: console.output(base), lambda: console.errors(base))
    session = Session(scope, pages, _store(folder))
    try:
        prompt = Prompt(session, folder and history_file(folder, scope.key))
        session.prompt = prompt.ask
        interactive(session, prompt, version=__version__)
    finally:
        session.close()


def _script(scope: Scope) -> None:
    lines = given_lines(LONGEST)
    base = here()
    plain = Pages(
        lambda: console.page(console.make_console(force_terminal=False), base),
        lambda: console.page(console.make_console(stderr=True, force_terminal=False), base),
    )
    session = Session(scope, plain, None)
    try:
        done = script(session, lines)
    finally:
        session.close()
    if not done:
        raise typer.Exit(1)


def _state() -> Path:
    return paths.state()


def _store(folder: Path | None) -> SessionStore | None:
    """Open the store of sessions; if that fails, print a note and continue without it."""
    if folder is None:
        return None

    try:
        return SqliteSessions(folder)
    except StoreError as error:
        stderr = errors()
        stderr.show([note_line(f"{error}; this session is not saved", stderr)])
        return None
