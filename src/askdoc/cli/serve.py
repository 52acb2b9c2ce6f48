"""`askdoc serve`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from askdoc import app
from askdoc.cli.open import build_missing, open_workspaces
from askdoc.cli.options import Index, Libraries, Llm, Offline, Watch
from askdoc.cli.output import print_json, say
from askdoc.errors import MissingPart, NoIndex, UsageError, unwritable
from askdoc.render.console import errors, output
from askdoc.render.engines import engine_lines
from askdoc.render.errors import note_line
from askdoc.render.notices import ModelNotices
from askdoc.serve import client

if TYPE_CHECKING:
    from askdoc.serve.oidc import Issuer
    from askdoc.workspace import Workspace

_PARTS = {
    "PIL",
    "jwt",
    "limits",
    "mcp",
    "opentelemetry",
    "prometheus_client",
    "sse_starlette",
    "starlette",
    "uvicorn",
}
"""What the extra installs, as it is imported."""

_PORT = 8710
_RATE = 600


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
    may_index: Annotated[
        bool, typer.Option("--may-index", help="With `--add-token`: it may also add documents.")
    ] = False,
    group: Annotated[
        list[str] | None,
        typer.Option(
            "--group",
            metavar="NAME",
            help="With `--add-token`: it also shows the documents of this group; repeatable.",
        ),
    ] = None,
    rate: Annotated[
        int | None,
        typer.Option(
            "--rate",
            metavar="N",
            min=1,
            help="Calls a minute with one token, by default 600; with `--add-token`, for that one.",
        ),
    ] = None,
    oidc_issuer: Annotated[
        str | None,
        typer.Option(
            "--oidc-issuer",
            metavar="URL",
            help="Also let in callers with an access token of this OpenID Connect issuer.",
        ),
    ] = None,
    oidc_audience: Annotated[
        str | None,
        typer.Option(
            "--oidc-audience",
            metavar="NAME",
            help="What tokens of the issuer name this server as, in `aud`.",
        ),
    ] = None,
    oidc_groups_claim: Annotated[
        str | None,
        typer.Option(
            "--oidc-groups-claim",
            metavar="NAME",
            help="The claim, such as `groups`, in which tokens of the issuer name groups.",
        ),
    ] = None,
    uploads: Annotated[
        Path | None,
        typer.Option(
            "--uploads",
            metavar="FOLDER",
            help="Take files into this folder and index them; with several libraries, into a folder"
            " of its own for each.",
        ),
    ] = None,
    watch: Watch = False,
    status: Annotated[
        bool, typer.Option("--status", help="Print which engines run, and exit.")
    ] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Have the engines that run end, and exit.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", "-j", help="Print what `--status` says as JSON.")
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

    Only this machine can call, unless `--host` names another address, and `--token-file` or
    `--oidc-issuer` says who may.

    Examples:
        askdoc serve
        askdoc serve --library law --library tax --port 9000
        askdoc serve --watch --uploads inbox
        askdoc serve --token-file tokens.json --add-token anna
        askdoc serve --token-file tokens.json --host 0.0.0.0 --host-name docs.example.org
        askdoc serve --status
    """
    if status or stop:
        _exchange("stop" if stop else "status", as_json=as_json)
        return
    if add_token is not None:
        token = _add_token(
            token_file, add_token, library, may_index=may_index, rate=rate, groups=group or ()
        )
        typer.echo(token)
        return
    if group:
        message = "`--group` is for a new token"
        raise UsageError(message, hint="make one: `--add-token NAME --group NAME`")
    if may_index:
        message = "`--may-index` is for a new token"
        raise UsageError(message, hint="make one: `--add-token NAME --may-index`")
    _expect_parts()
    from askdoc.serve import tokens
    from askdoc.serve.guard import Rules
    from askdoc.serve.libraries import named
    from askdoc.serve.run import Options, refuse_open
    from askdoc.serve.run import serve as run

    workspaces = named(
        open_workspaces(library=library, index=index, llm=llm, offline=offline).values()
    )
    rules = Rules(
        hosts=tuple(name or ()),
        tokens=None if token_file is None else tokens.read(token_file),
        issuer=_issuer(oidc_issuer, oidc_audience, oidc_groups_claim, workspaces.values()),
        upload=_most_bytes(workspaces.values()) if uploads else 0,
        rate=rate or _RATE,
    )
    kept = _kept(uploads, workspaces) if uploads else {}
    options = Options(host=host, port=port, uploads=kept, watch=watch, rules=rules)
    refuse_open(options)
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

    run(workspaces, options, tell, ModelNotices(stderr))


def _exchange(what: str, *, as_json: bool) -> None:
    """Ask each engine that runs, and print what it says."""
    replies: list[dict[str, Any]] = []
    for path in client.sockets():
        with suppress(OSError, ValueError):
            replies += client.exchange(path, {"do": what})
    if what == "status":
        if as_json:
            print_json({"engines": replies})
            return
        page = output()
        page.show(engine_lines(replies, page))
        return
    count = len(replies)
    say(["no engine runs" if not count else f"{count} engine{'s' * (count > 1)} told to end"])


def _kept(folder: Path, workspaces: Mapping[str, Workspace]) -> dict[str, Path]:
    """Make the folder for uploads of each library.

    Raises:
        UsageError: it cannot be made, or is a folder of the index.

    """
    folder = folder.absolute()
    several = len(workspaces) > 1
    kept = {name: folder / name if several else folder for name in workspaces}
    for name, own in kept.items():
        app.refuse_index_around(workspaces[name], [own])
        try:
            own.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise unwritable(str(own), error) from error
    return kept


def _most_bytes(workspaces: Iterable[Workspace]) -> int:
    """Return how large a file may be that is indexed."""
    return int(max(one.settings.max_file_mb for one in workspaces) * 1_000_000)


def _add_token(
    file: Path | None,
    name: str,
    library: list[str] | None,
    *,
    may_index: bool,
    rate: int | None,
    groups: Sequence[str],
) -> str:
    from askdoc.serve import tokens

    if file is None:
        message = "`--add-token` needs a file to put the token's hash into"
        raise UsageError(message, hint="name it: `--token-file FILE`")
    secret = tokens.add(file, name, library, index=may_index, rate=rate, groups=groups)
    stderr = errors()
    text = f"this is the token of `{name}`; it is shown only now, and `{file}` keeps its hash"
    stderr.show([note_line(text, stderr)])
    return secret


def _issuer(
    address: str | None, audience: str | None, groups: str | None, workspaces: Iterable[Workspace]
) -> Issuer | None:
    """Ask the issuer that is named, if any, where its keys are.

    Raises:
        UsageError: it is named in part only, `offline` is set, or it does not reply.

    """
    from askdoc.serve import oidc

    if address is None and audience is None and groups is None:
        return None
    if address is None or audience is None:
        named = "`--oidc-issuer` and `--oidc-audience`"
        message = f"{named} belong together" if groups is None else f"the groups need {named}"
        hint = "`--oidc-audience` is what tokens of the issuer name this server as, in `aud`"
        raise UsageError(message, hint=hint)
    if any(one.settings.offline for one in workspaces):
        message = f"`--offline` refuses to fetch the keys of `{address}`"
        raise UsageError(message, hint="leave out `--offline`, or unset the setting `offline`")
    return oidc.discover(address, audience, groups)


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
