"""Opens the index of a workspace, and loads its embedder and ranker."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from askdoc.ask.confidence import Calibration
from askdoc.errors import EmbedderMismatch, IndexCorrupt, MissingPart, NoIndex, UsageError
from askdoc.index.writer import EMBEDDER_FINGERPRINT, EMBEDDER_NAME
from askdoc.settings import (
    AUTOMATIC,
    DEFAULT_EMBEDDER,
    ENGLISH,
    NO_RERANKER,
    RANKER_FINGERPRINT,
)
from askdoc.store import embedded, files, schema
from askdoc.store.catalog import SqliteCatalog
from askdoc.text.languages import detect
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from askdoc.settings import Settings
    from askdoc.store.postgres.session import Database
    from askdoc.store.sql_catalog import SqlCatalog
    from askdoc.types.ports import CatalogReader, Embedder, Ranker, VectorPlaces, VectorStore
    from askdoc.workspace import Workspace


def open_catalog(workspace: Workspace, *, write: bool = False) -> SqlCatalog:
    """Open the catalog of the workspace's index for reading, or for writing.

    Raises:
        NoIndex: there is no catalog to read.
        StoreError: it is damaged, or a newer askdoc made it.
    """
    with _naming(workspace):
        if (database := database_of(workspace)) is None:
            return SqliteCatalog(workspace.index, workspace.root, write=write)
        from askdoc.store.postgres.catalog import PostgresCatalog

        groups = workspace.settings.groups
        return PostgresCatalog(database, workspace.root, write=write, groups=groups)


def database_of(workspace: Workspace) -> Database | None:
    """Return the database of the workspace's index; None if the index is in a folder.

    Raises:
        MissingPart: the extra for PostgreSQL is not installed.
        UsageError: `offline` is set, and the database is on another machine.

    """
    if workspace.database is None:
        return None
    try:
        from askdoc.store.postgres.session import Database
    except ImportError as error:
        message = f"an index in PostgreSQL needs more packages ({error.name} is missing)"
        raise MissingPart(message, hint="install them: `pip install 'askdoc[postgres]'`") from error
    database = Database.of(workspace.database)
    if workspace.settings.offline and not database.is_here:
        message = f"`--offline` refuses to connect to `{database.shown}`"
        raise UsageError(message, hint="leave out `--offline`, or unset the setting `offline`")
    return database


@contextmanager
def _naming(workspace: Workspace) -> Iterator[None]:
    """Let the hint of an error name the library, if the workspace is one."""
    try:
        yield
    except NoIndex as error:
        error.hint = workspace.hint(error.hint or "")
        raise


def open_made(workspace: Workspace) -> SqlCatalog:
    """Open the catalog of an index that is not empty.

    Raises:
        NoIndex: there is no index.
        IndexLocked: nothing is in it yet, but another process is about to put something there.
        StoreError: it is damaged, or a newer askdoc made it.
    """
    try:
        catalog = open_catalog(workspace)
    except NoIndex:
        refuse_while_made(workspace)
        raise
    try:
        if not catalog.counts().documents:
            refuse_while_made(workspace)
    except BaseException:
        catalog.close()
        raise
    return catalog


def refuse_while_made(workspace: Workspace) -> None:
    """Check that no other process is creating the index, which is still empty.

    Raises:
        IndexLocked: a process is; the message names its id, machine and command.

    """
    if (database := database_of(workspace)) is None:
        files.refuse_while_written(workspace.index)
        return
    from askdoc.store.postgres import library

    library.refuse_while_written(database)


def expect_index(workspace: Workspace) -> None:
    """Check that there is an index, in any state.

    Raises:
        NoIndex: there is none.

    """
    with _naming(workspace):
        if workspace.database is None:
            schema.expect(workspace.index)
        else:
            open_catalog(workspace).close()


def has_index(workspace: Workspace) -> bool:
    """Tell whether there is an index, in any state."""
    try:
        expect_index(workspace)
    except NoIndex:
        return False
    return True


def index_state(workspace: Workspace) -> object:
    """Return a value that changes with every write to the index."""
    if (database := database_of(workspace)) is not None:
        from askdoc.store.postgres import library

        return library.state(database)
    found = []
    for suffix in ("", "-wal"):
        try:
            stat = (workspace.index / f"{schema.FILE_NAME}{suffix}").stat()
        except OSError:
            continue
        if stat.st_size:  # a reader creates an empty log
            found.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
    return found


def has_vectors(workspace: Workspace) -> bool:
    """Tell whether there is a place with vectors, in any state."""
    return workspace.database is not None or vector_places(workspace).exist(workspace.index)


def vector_places(workspace: Workspace) -> VectorPlaces:
    """Return what keeps the vectors of an index in a folder: this folder, or a Chroma server.

    Raises:
        SettingsError: the address of the server is wrong or not safe, or there is no token for it.
        UsageError: `offline` is set, and the server is on another machine.

    """
    if workspace.vectors is None:
        return embedded
    from askdoc.store.chroma_server import Server, ServerVectors

    server = Server.of(workspace.vectors)
    if workspace.settings.offline and not server.is_here:
        message = f"`--offline` refuses to connect to `{server.url}`"
        raise UsageError(message, hint="leave out `--offline`, or unset the setting `offline`")
    server.token()  # refuses before anything is made
    return ServerVectors(server, workspace.index)


def open_vectors(workspace: Workspace, catalog: SqlCatalog) -> VectorStore:
    """Open the vectors of the workspace's index for reading.

    In a database, they share the connection of its catalog, and see the same state.
    """
    if workspace.database is not None:
        from askdoc.store.postgres.vectors import PostgresVectors

        return PostgresVectors.of(catalog)
    places = vector_places(workspace)
    if workspace.vectors is None and not places.exist(workspace.index):
        _refuse_elsewhere(workspace)
    return places.open_to_read(workspace.index)


def _refuse_elsewhere(workspace: Workspace) -> None:
    """Check that the vectors of an index are not on a server that the settings do not name.

    Raises:
        IndexCorrupt: they are.

    """
    from askdoc.store.chroma_server import place_of

    if (place := place_of(workspace.index)) is not None:
        message = f"the vectors of this index are on the Chroma server at `{place}`"
        hint = f"pass `--index {place}`, or run `askdoc index` to have them in the folder"
        raise IndexCorrupt(message, hint=hint)


def language_of(text: str, settings: Settings) -> str:
    """Return the language of a text: the one of the settings, else the detected one."""
    if settings.language != AUTOMATIC:
        return settings.language
    return detect(text)


def main_language(settings: Settings, catalog: CatalogReader) -> str:
    """Return the language of the settings, else that of most documents."""
    if settings.language != AUTOMATIC:
        return settings.language
    return next(iter(catalog.languages()), ENGLISH)


def embedder(
    workspace: Workspace, listen: Listener = ignore, *, indexed_with: str | None = None
) -> Embedder:
    """Load the embedder of the settings, else the one that made the index, else the packaged one.

    A model is downloaded only if the user named it: one that a workspace's file names must be on
    this machine already.
    """
    from askdoc.models.embedder import load

    chosen = workspace.settings.embedder or indexed_with or DEFAULT_EMBEDDER
    named = workspace.settings.embedder is not None and workspace.origins["embedder"].trusted
    allowed = named and not workspace.settings.offline
    return load(chosen, allow_download=allowed, listen=listen)


def ranker(workspace: Workspace, listen: Listener = ignore) -> Ranker | None:
    """Load the ranker of the settings, else the packaged one; None if it is switched off.

    It is downloaded under the same condition as an embedder.

    Raises:
        ModelError: it is not here, or cannot be used.
    """
    settings = workspace.settings
    if settings.reranker == NO_RERANKER:
        return None
    from askdoc.models.rankers import load

    named = settings.reranker is not None and workspace.origins["reranker"].trusted
    return load(settings.reranker, allow_download=named and not settings.offline, listen=listen)


def fingerprint_of_packaged_reader() -> str:
    """Return the fingerprint of the packaged reader without loading it."""
    about = resources.files("askdoc").joinpath("data/reader/about.json").read_text()
    return str(json.loads(about)["sha256"])[:RANKER_FINGERPRINT]


@cache
def calibration(ranker: str, *, in_context: bool = False) -> Calibration:
    """Read the packaged confidence model for a ranker.

    An unknown ranker gets the model without the signals of a ranker. An index with contextual
    sentence vectors has other models.
    """
    fitted = json.loads(resources.files("askdoc").joinpath("data/confidence.json").read_text())
    if in_context:
        fitted = fitted["in context"]
    data = fitted.get(ranker, fitted[NO_RERANKER])
    return Calibration(weights=data["weights"], intercept=data["intercept"])


def refuse_other(catalog: CatalogReader, loaded: Embedder) -> None:
    """Check that an embedder made the vectors of an index.

    Raises:
        EmbedderMismatch: another one made them.
    """
    made_by = catalog.setting(EMBEDDER_FINGERPRINT)
    if made_by is not None and made_by != loaded.fingerprint:
        name = catalog.setting(EMBEDDER_NAME)
        message = f"the index was made with the embedder `{name}`, not with `{loaded.name}`"
        hint = "rebuild it with `askdoc index --rebuild`, or leave out `--embedder`"
        raise EmbedderMismatch(message, hint=hint)
