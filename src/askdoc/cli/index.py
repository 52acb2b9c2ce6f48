"""`askdoc index`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from askdoc import app
from askdoc.addresses import Target, addresses_of, paths_of, targets
from askdoc.cli.base import INTERRUPTED
from askdoc.cli.input import at_terminal
from askdoc.cli.open import build, here, open_workspace
from askdoc.cli.options import (
    AllowPrivate,
    AsJson,
    Depth,
    Embedder,
    Index,
    Library,
    Offline,
    Watch,
    expect_addresses,
)
from askdoc.cli.output import print_json
from askdoc.errors import UsageError
from askdoc.index.status import report_to_json
from askdoc.paths import seen_from
from askdoc.render.console import errors, output
from askdoc.render.errors import hint_line, note_line
from askdoc.render.indexing import report_lines
from askdoc.render.layout import BLANK
from askdoc.render.progress import ChangeLines, ending_line
from askdoc.system.interrupt import ending_in_order
from askdoc.types import ReadOptions, Waiting
from askdoc.types.indexing import MISSING

if TYPE_CHECKING:
    from askdoc.types import IndexReport
    from askdoc.workspace import Workspace


_ELSEWHERE = (
    "put some there and run `askdoc index`, or index another folder: `askdoc index FOLDER`;"
    " `askdoc status --skipped` lists what is left out"
)


def keep_current(
    workspace: Workspace,
    sources: Sequence[Path] | None,
    done: IndexReport,
    options: ReadOptions,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Keep the index current after a first run, whose report is `done`; ends with Ctrl-C.

    Prints a line for each change, or with `as_json` an object for what was done at once.
    """
    page, stderr = output(), errors()
    lines = ChangeLines(done)
    changes = 0

    def on_event(event: object) -> None:
        if isinstance(event, Waiting):
            stderr.show([note_line(event.reason, stderr)])

    report = done
    with suppress(KeyboardInterrupt), app.indexer(workspace, options=options) as indexer:
        paths = sources or indexer.watched()
        names = ", ".join(f"`{seen_from(stderr.base, str(path))}`" for path in paths)
        stderr.show([note_line(f"watching {names}; Ctrl-C ends it", stderr)])
        for report in app.follower(workspace, indexer, sources, on_event).reports():
            shown = list(lines(report, page))
            changes += len(shown)
            if as_json and shown:
                _print(report)
            elif not quiet and not as_json:
                page.show(shown)
    with app.open_catalog(workspace) as catalog:
        documents = catalog.counts().documents
    stderr.show([ending_line(documents, changes, interrupted=report.interrupted, page=stderr)])
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)


def _print(report: IndexReport) -> None:
    print_json(report_to_json(report), in_a_line=True)
    sys.stdout.flush()


@ending_in_order()
def index(  # noqa: PLR0913 - one parameter for each option
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH|URL",
            help=(
                "Files, folders and web addresses; without any, those of `askdoc.toml` and of "
                "earlier runs."
            ),
        ),
    ] = None,
    *,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Build a new index instead of following changes.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what would change, and change nothing.")
    ] = False,
    watch: Watch = False,
    ocr: Annotated[
        bool, typer.Option("--ocr", help="Recognise the text of pages that are images.")
    ] = False,
    password: Annotated[
        list[str] | None,
        typer.Option(
            "--password",
            metavar="WORD",
            help="Try this password on encrypted files; `-` asks for it; repeatable.",
        ),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(
            "--group",
            metavar="NAME",
            help="Show the documents of these paths to this group alone, in a shared library;"
            " repeatable, and `-` opens them to all.",
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            "--ray",
            metavar="ADDRESS",
            help="Let a Ray cluster read the files of a shared library: `local`, `auto`"
            " or the `HOST:PORT` of one that this machine belongs to.",
        ),
    ] = None,
    depth: Depth = None,
    allow_private: AllowPrivate = False,
    offline: Offline = None,
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    embedder: Embedder = None,
    library: Library = None,
    folder: Index = None,
) -> None:
    """Bring the index up to date with files and folders.

    Unchanged files are not read again, and deleted files leave the index. A web address adds its
    page. With `--depth` it also adds the pages below it that it links to. A sitemap adds the pages
    that it lists.

    Examples:
        askdoc index docs report.pdf
        askdoc index --depth 2 https://example.org/manual/
        askdoc index
        askdoc index --watch

    Exit codes: 0 done, 1 an error, a missing file, or nothing could be indexed.
    """
    if watch and (dry_run or ray is not None):
        message = f"`{'--dry-run' if dry_run else '--ray'}` and `--watch` do not go together"
        raise UsageError(message, hint="leave out one of them")

    workspace = open_workspace(
        library=library, create=not dry_run, index=folder, embedder=embedder, offline=offline
    )
    sources = targets(paths, here()) if paths else None
    if watch and sources and not paths_of(sources):
        message = "`--watch` needs a file or folder"
        raise UsageError(message, hint="name one, or leave out `--watch`")
    groups = _groups(workspace, group)
    expect_addresses(sources or (), depth=depth, allow_private=allow_private)
    options = ReadOptions(passwords=tuple(map(_asked, password or ())), ocr=ocr)
    if dry_run:
        report = _planned(workspace, sources, rebuild=rebuild)
    else:
        for address in addresses_of(sources or ()):
            app.permit(workspace, address, depth=depth, allow_private=allow_private)
        report = build(
            workspace, sources, errors(), rebuild=rebuild, options=options, groups=groups, ray=ray
        )
    if as_json:
        print_json(report_to_json(report), in_a_line=watch)
    elif not quiet:
        page = output()
        page.show(report_lines(report, page, rebuilt=rebuild))
    if report.interrupted:
        raise typer.Exit(INTERRUPTED)
    if not (dry_run or watch):
        _expect_something(report, paths or ())
    if watch:
        followed = paths_of(sources or ()) or None
        keep_current(workspace, followed, report, options, as_json=as_json, quiet=quiet)


def _groups(workspace: Workspace, given: Sequence[str] | None) -> list[str] | None:
    """Return the groups that alone see what is indexed; none of them means everybody."""
    if given is None:
        return None
    if workspace.database is None:
        message = "`--group` needs a shared library; this index is in a folder"
        hint = "keep it in PostgreSQL: `--index postgresql://HOST/NAME`"
        raise UsageError(message, hint=hint)
    return [one for one in given if one != "-"]


def _expect_something(report: IndexReport, paths: Sequence[str]) -> None:
    """Exit with 1 if the paths have only skipped files, or one is missing.

    Print a note if a run found nothing at all.
    """
    if paths and any(skip.code == MISSING for skip in report.skipped):
        raise typer.Exit(1)
    if any((report.added, report.changed, report.renamed, report.removed, report.unchanged)):
        return
    if report.skipped:
        if paths:
            raise typer.Exit(1)
        return
    stderr = errors()
    looked = ", ".join(f"`{path}`" for path in paths) or "the sources of this index"
    note = f"there are no documents in {looked}; looked for PDF, office files, e-books, mail,"
    note += " web pages, text, data and code, but not for hidden or ignored files"
    stderr.show([note_line(note, stderr), BLANK, hint_line(_ELSEWHERE, stderr)])


def _planned(
    workspace: Workspace, sources: Sequence[Target] | None, *, rebuild: bool
) -> IndexReport:
    """Return what a run would do."""
    if rebuild:
        message = "`--dry-run` and `--rebuild` do not go together"
        raise UsageError(message, hint="leave out one of them")
    if addresses := addresses_of(sources or ()):
        message = f"`--dry-run` fetches nothing, so it cannot check `{addresses[0]}`"
        raise UsageError(message, hint="leave out the address, or `--dry-run`")
    paths = paths_of(sources or ())
    app.refuse_index_around(workspace, paths)
    with app.indexer(workspace) as indexer:
        return indexer.preview(paths or None)


def _asked(given: str) -> str:
    """Return a password, or ask for it if it is `-`."""
    if given != "-":
        return given

    if not at_terminal():
        message = "`--password -` asks at a terminal, and there is none"
        raise UsageError(message, hint="pass the word itself: `--password WORD`")
    return getpass("password: ")
