"""`askdoc serve`."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import Annotated

import typer

from askdoc import app
from askdoc.cli.open import build_missing, open_workspaces
from askdoc.cli.options import Index, Libraries, Llm, Offline
from askdoc.cli.output import print_json, say
from askdoc.errors import MissingPart, NoIndex, UsageError
from askdoc.render.console import errors
from askdoc.render.errors import note_line
from askdoc.serve import client

_PARTS = {"PIL", "limits", "mcp", "prometheus_client", "sse_starlette", "starlette", "uvicorn"}
"""What the extra installs, as it is imported."""

_PORT = 8710


def serve(  # noqa: PLR0913 - one parameter for each option
    *,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Listen at this address.")
    ] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option("--port", "-p", metavar="N", min=0, max=65535, help="Listen at this port."),
    ] = _PORT,
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--host-name",
            metavar="NAME",
            help="A name by which callers know this machine; repeatable.",
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file", metavar="FILE", help="Let in only callers with a token of this file."
        ),
    ] = None,
    add_token: Annotated[
        str | None,
        typer.Option(
            "--add-token",
            metavar="NAME",
            help="Make a token, print it once, and add its hash to the file of tokens;"
            " with `--library`, it opens these libraries only.",
        ),
    ] = None,
    rate: Annotated[
        int,
        typer.Option("--rate", metavar="N", min=1, help="Calls a minute with one token."),
    ] = 600,
    status: Annotated[
        bool, typer.Option("--status", help="Print which engines run, as JSON, and exit.")
    ] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Have the engines that run end, and exit.")
    ] = False,
    llm: Llm = None,
    offline: Offline = None,
    library: Libraries = None,
    index: Index = None,
) -> None:
    """Keep libraries open and answer over HTTP until it is stopped.

    Models and indexes are loaded once, so that an answer takes a moment. A changed index is noticed
    and opened again. Ctrl-C ends it after what is being answered. While it runs, it also answers
    `askdoc "QUESTION"` where that would use the same index.

    Only this machine can call, unless `--host` names another address and `--token-file` says who
    may.

    Examples:
        askdoc serve
        askdoc serve --library law --library tax --port 9000
        askdoc serve --token-file tokens.json --add-token anna
        askdoc serve --token-file tokens.json --host 0.0.0.0 --host-name docs.example.org
        askdoc serve --status
    """
    if status or stop:
        _exchange("stop" if stop else "status")
        return
    if add_token is not None:
        _add_token(token_file, add_token, library)
        return
    _expect_parts()
    from askdoc.serve import tokens
    from askdoc.serve.guard import Rules
    from askdoc.serve.libraries import named
    from askdoc.serve.run import Options, refuse_open
    from askdoc.serve.run import serve as run

    rules = Rules(
        hosts=tuple(name or ()),
        tokens=None if token_file is None else tokens.read(token_file),
        rate=rate,
    )
    options = Options(host=host, port=port, rules=rules)
    refuse_open(options)
    workspaces = named(
        open_workspaces(library=library, index=index, llm=llm, offline=offline).values()
    )
    stderr = errors()
    for workspace in workspaces.values():
        try:
            with closing(app.open_made(workspace)) as catalog:
                if catalog.counts().documents == 0:
                    message = "nothing is indexed here yet"
                    raise NoIndex(message)  # noqa: TRY301 - what is missing is built below
        except NoIndex:
            build_missing(workspace, stderr)

    def tell(address: str) -> None:
        several = (
            f"{len(workspaces)} libraries" if len(workspaces) > 1 else f"`{next(iter(workspaces))}`"
        )
        stderr.show([note_line(f"serving {several} at {address}; Ctrl-C ends it", stderr)])

    run(workspaces, options, tell)


def _exchange(what: str) -> None:
    """Ask each engine that runs, and print what it says."""
    replies: list[object] = []
    for path in client.sockets():
        with suppress(OSError, ValueError):
            replies += client.exchange(path, {"do": what})
    if what == "status":
        print_json({"engines": replies})
        return
    count = len(replies)
    say(["no engine runs" if not count else f"{count} engine{'s' * (count > 1)} told to end"])


def _add_token(file: Path | None, name: str, library: list[str] | None) -> None:
    from askdoc.serve import tokens

    if file is None:
        message = "`--add-token` needs a file to put the token's hash into"
        raise UsageError(message, hint="name it: `--token-file FILE`")
    secret = tokens.add(file, name, library)
    stderr = errors()
    text = f"this is the token of `{name}`; it is shown only now, and `{file}` keeps its hash"
    stderr.show([note_line(text, stderr)])
    typer.echo(secret)


def _expect_parts() -> None:
    """Go on where the extra is installed.

    Raises:
        MissingPart: it is not.

    """
    try:
        import askdoc.serve.run  # noqa: F401 - it imports all of the extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _PARTS:
            raise
        message = f"`askdoc serve` needs packages that are not installed, such as `{error.name}`"
        raise MissingPart(message, hint="pip install 'askdoc[serve]'") from error
