"""Builds the parts that change an index: discovery, reading, splitting, and writing."""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from askdoc import workspace as trust
from askdoc.addresses import is_object, without_secrets
from askdoc.app import opening
from askdoc.errors import AskdocError, FetchError, UsageError
from askdoc.index.embed import Cutters
from askdoc.index.files import discover
from askdoc.index.indexer import Indexer
from askdoc.index.objects import Objects
from askdoc.index.reading.pool import ReadingPool
from askdoc.index.reading.reading import in_line
from askdoc.index.sources import ANYWHERE, Files, Trust, Web
from askdoc.index.status import coverage
from askdoc.index.writer import RebuildPlace, Store
from askdoc.readers import expect_parts, reader_for, reader_named
from askdoc.store import files
from askdoc.store.catalog import SqliteCatalog
from askdoc.system.limits import Limits, cores, still_holds
from askdoc.system.safe_open import digest
from askdoc.text.sentences import split
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Found, ReadOptions, Skip
from askdoc.types.indexing import Permission
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from askdoc.app.cluster import Ray
    from askdoc.index.sources import Readout
    from askdoc.index.status import Coverage
    from askdoc.index.watch import Follower
    from askdoc.settings import Settings
    from askdoc.store.postgres.session import Database
    from askdoc.types.ports import VectorPlaces
    from askdoc.web.sources import WebSources
    from askdoc.workspace import Workspace

_AS_THEY_ARE = ReadOptions()

_MOST_WORKERS = 8
"""Most reading processes, for any number of cores."""

_PATIENCE_FOR_OCR = 20
"""A file with OCR gets this many times the time limit."""

_PAGES = "web"
"""The folder, inside that of the index, with fetched pages."""


@contextmanager
def indexer(
    workspace: Workspace,
    listen: Listener = ignore,
    *,
    options: ReadOptions = _AS_THEY_ARE,
    ray: str | None = None,
) -> Iterator[Indexer]:
    """Return an indexer for the workspace; `listen` gets events about models.

    `options` say how to read files, and `ray` is the address of a cluster that reads them. Nothing
    is opened, locked, loaded or connected before it is needed.

    Raises:
        UsageError: a cluster is named for an index in a folder.
        MissingPart: what `options` or `ray` need is not installed.

    """
    refuse_index_around(workspace, workspace.sources)

    expect_parts(options)
    with ExitStack() as stack:
        machines = None
        if ray is not None:
            from askdoc.app.cluster import Ray

            machines = stack.enter_context(Ray(ray, workspace, options))
        yield stack.enter_context(_indexer(workspace, listen, options, machines))


@contextmanager
def _indexer(
    workspace: Workspace, listen: Listener, options: ReadOptions, machines: Ray | None
) -> Iterator[Indexer]:
    load_embedder = cache(lambda made_by: opening.embedder(workspace, listen, indexed_with=made_by))
    with _leaving_nothing(workspace), files_of(workspace, options, listen) as opened:
        yield Indexer(
            _store(workspace, machines),
            opened,
            cutters(),
            workspace.settings,
            workspace.root,
            load_embedder=load_embedder,
            configured=(*workspace.sources, *workspace.addresses),
        )


@contextmanager
def files_of(
    workspace: Workspace, options: ReadOptions, listen: Listener = ignore
) -> Iterator[Files]:
    """Return the access to the files of a workspace."""
    settings = workspace.settings
    own = [path for path in (workspace.index, workspace.config) if path]
    look = partial(discover, root=workspace.root, ignore=settings.ignore, leave_out=own)
    with Objects(most_bytes(settings), settings.ignore) as objects:
        yield Files(
            discover=look,
            digest=objects.digesting(partial(digest, most=most_bytes(settings))),
            read=objects.reading(partial(_read, settings, options)),
            options=options,
            still_holds=partial(still_holds, limits=_limits(settings, options)),
            passed_over=lambda source: (
                item
                for item in look(source, tell_all=True)
                if isinstance(item, Skip) and item.code in ("hidden", "ignored")
            ),
            web=_web(workspace, objects, listen),
            trust=_trust(workspace),
        )


@contextmanager
def _leaving_nothing(workspace: Workspace) -> Iterator[None]:
    """Remove a new index in case the command fails, for example because of a typo."""
    missing = [one for one in (workspace.index, *workspace.index.parents) if not one.exists()]
    try:
        yield
    except (UsageError, FetchError):
        if missing and workspace.index.exists() and workspace.database is None:
            with suppress(AskdocError), files.writing(workspace.index, "askdoc index"):
                with closing(opening.open_catalog(workspace)) as catalog:
                    holds = bool(catalog.counts().documents or catalog.sources())
                if not holds:
                    files.take_away(missing)
        raise


def follower(
    workspace: Workspace,
    indexer: Indexer,
    sources: Sequence[Path] | None = None,
    listen: Listener = ignore,
) -> Follower:
    """Return a follower that keeps the index current with `sources`, by default all sources."""
    from askdoc.index.watch import FolderWatch, Follower

    watch = partial(FolderWatch, leave_out=[workspace.index])
    return Follower(indexer, watch, sources, listen)


def expect_readable(workspace: Workspace, file: Path) -> None:
    """Read a file as a run of indexing would, and store nothing.

    Raises:
        ReadError: it cannot be read.
        MissingPart: its reader needs a package that is not installed.

    """
    info = file.stat()
    found = Found(str(file), file.name, "", str(file), info.st_size, info.st_mtime_ns)
    with _read(workspace.settings, _AS_THEY_ARE, [found]) as readouts:
        for readout in filter(None, readouts):
            for _ in readout.parts():
                pass


def coverage_of(workspace: Workspace) -> Coverage:
    """Return which files are not, or not completely, indexed; nothing is changed.

    Raises:
        NoIndex: there is no index. IndexLocked: another process is creating the index.

    """
    with opening.open_made(workspace) as catalog:
        documents = catalog.documents()
    with indexer(workspace) as opened:
        return coverage(documents, opened.preview(), opened.passed_over())


def permit(
    workspace: Workspace, address: str, *, depth: int | None = None, allow_private: bool = False
) -> None:
    """Permit an address that the user has named, now and for later runs.

    Raises:
        UsageError: `offline` is set.

    """
    if workspace.settings.offline:
        message = f"`--offline` refuses to fetch `{address}`"
        raise UsageError(message, hint="leave out `--offline`, or unset the setting `offline`")

    trust.permit(workspace.root, address, depth=depth, private=allow_private)


def refuse_index_around(workspace: Workspace, sources: Iterable[Path]) -> None:
    """Refuse an index whose folder contains a source: files there are never indexed.

    Raises:
        UsageError: the folder of the index is a source, or contains one.

    """
    folder = workspace.index.resolve()
    for source in sources:
        if source.resolve().is_relative_to(folder):
            message = f"the source `{source}` is in the folder of the index, `{workspace.index}`"
            hint = "keep the index in a folder of its own: change `index` or pass `--index`"
            raise UsageError(message, hint=hint)


def _web(workspace: Workspace, objects: Objects, listen: Listener) -> Web:
    """Return the access to web pages and object stores; the libraries are loaded on first use."""
    trusted = workspace.addresses if workspace.origins["sources"].trusted else ()

    def permission(address: str) -> Permission | None:
        return trust.permission(workspace.root, address, trusted)

    def opened() -> WebSources:
        from askdoc.web.sources import WebSources

        return WebSources(
            workspace.index / _PAGES,
            workspace.settings,
            most=most_bytes(workspace.settings),
            permission=permission,
            listen=listen,
        )

    def found_at(address: str) -> Iterable[Found | Skip]:
        if not is_object(address):
            return opened().pages(address)
        from askdoc.web.sources import refusal

        refused = refusal(address, permission(address), workspace.settings)
        return objects.listed(address) if refused is None else [refused]

    def forget(address: str) -> None:
        if not is_object(address):
            opened().forget(address)
        trust.forbid(workspace.root, [address])

    return Web(found_at, forget)


def _trust(workspace: Workspace) -> Trust:
    """Return which paths may be read: those in the workspace, and others that the user has named.

    The sources of a named library are always outside of it, and only the user makes libraries.
    """
    if workspace.library is not None:
        return ANYWHERE
    root = workspace.root
    return Trust(
        allows=lambda location: trust.may_read(root, location, workspace.sources),
        allow=lambda locations: trust.allow_paths(root, locations),
    )


def _read(
    settings: Settings, options: ReadOptions, items: Iterable[Found]
) -> AbstractContextManager[Iterator[Readout | None]]:
    """Read files, in separate processes unless there are none."""
    most = most_bytes(settings)
    options = replace(options, most_within=most)
    workers = min(cores(), _MOST_WORKERS) if settings.workers is None else settings.workers
    if not workers:
        return in_line(most, partial(reader_for, options=options))(items)
    return ReadingPool(workers, _limits(settings, options), reader_named, options).read(items)


def _limits(settings: Settings, options: ReadOptions) -> Limits:
    seconds = settings.max_read_seconds * (_PATIENCE_FOR_OCR if options.ocr else 1)
    return Limits(most_bytes(settings), seconds, int(settings.max_read_mb * 1_000_000))


def most_bytes(settings: Settings) -> int:
    """Return how large a file may be."""
    return int(settings.max_file_mb * 1_000_000)


def _store(workspace: Workspace, machines: Ray | None) -> Store:
    """Return the access to catalog and vectors of the workspace's index, and of a rebuild."""
    if (database := opening.database_of(workspace)) is not None:
        return _shared_store(database, workspace, machines)
    index, vectors = workspace.index, opening.vector_places(workspace)
    return _folder_store(
        index,
        workspace,
        vectors,
        RebuildPlace(
            store=_folder_store(files.rebuild_folder(index), workspace, vectors),
            is_begun=lambda: files.has_rebuild(index),
            take_over=lambda has: files.take_over_rebuild(index, vectors, has_passages=has),
            discard=lambda: files.discard_rebuild(index, vectors),
        ),
    )


def _folder_store(
    folder: Path,
    workspace: Workspace,
    vectors: VectorPlaces,
    rebuild: RebuildPlace | None = None,
) -> Store:
    return Store(
        lock=lambda _alone: files.writing(folder, _command()),
        catalog=lambda: SqliteCatalog(folder, workspace.root, write=True),
        reading=lambda: SqliteCatalog(folder, workspace.root),
        vectors=lambda _: vectors.open_to_write(folder),
        has_vectors=lambda: vectors.are_intact(folder),
        discard_vectors=lambda: vectors.discard(folder),
        rebuild=rebuild,
    )


def _shared_store(database: Database, workspace: Workspace, machines: Ray | None) -> Store:
    """Return the access to a shared library, and to its rebuild."""
    from askdoc.store.postgres import library

    runs: list[int] = []
    """The number of the run, while it holds the lock."""
    rebuild = RebuildPlace(
        store=database_store(database.for_rebuild(), workspace, runs, machines),
        is_begun=lambda: library.is_begun(database),
        take_over=lambda _: library.take_over(database),
        discard=lambda: library.discard(database),
    )
    return database_store(database, workspace, runs, machines, rebuild)


def database_store(
    database: Database,
    workspace: Workspace,
    runs: list[int],
    machines: Ray | None = None,
    rebuild: RebuildPlace | None = None,
) -> Store:
    """Return the access to a database for the run that is the last of `runs`."""
    from askdoc.store.postgres import library
    from askdoc.store.postgres.catalog import PostgresCatalog
    from askdoc.store.postgres.claims import Claims
    from askdoc.store.postgres.vectors import PostgresVectors

    @contextmanager
    def locked(alone: bool) -> Iterator[None]:  # noqa: FBT001 - as `Store.lock`
        with library.writing(database, _command(), alone=alone) as run:
            runs.append(run)
            try:
                yield
            finally:
                runs.pop()

    return Store(
        lock=locked,
        catalog=lambda: PostgresCatalog(database, workspace.root, write=True, run=runs[-1]),
        reading=lambda: PostgresCatalog(database, workspace.root, groups=None),
        vectors=partial(PostgresVectors.of, write=True),
        has_vectors=lambda: True,
        discard_vectors=lambda: library.discard_vectors(database),
        rebuild=rebuild,
        claims=Claims.of,
        arriving=partial(PostgresVectors.of, into="staged_vectors"),
        cluster=None if machines is None else lambda _: machines.cluster(database, runs[-1]),
    )


def _command() -> str:
    """Return the command line, for messages; without the passwords of addresses."""
    words = []
    for word in sys.argv:
        option, sign, value = word.partition("=")
        if word.startswith("-"):
            words.append(f"{option}{sign}{without_secrets(value)}")
        else:
            words.append(without_secrets(word))
    return " ".join(words)


def cutters() -> Cutters:
    """Return the functions that cut a text into sentences and terms."""
    return Cutters(split, SnowballAnalyser())
