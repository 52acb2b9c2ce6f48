"""Exports an index to one file with portable paths, and imports it in place of another.

Vectors are exported as plain numbers, and the importer builds a new database: Chroma's own files
contain a pickle, which must not be trusted from elsewhere.
"""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from askdoc import __version__, app
from askdoc.addresses import is_address
from askdoc.errors import (
    BadExport,
    DiskFull,
    EmbedderMismatch,
    ModelError,
    NoIndex,
    StoreError,
    UsageError,
)
from askdoc.index.embed import WRITING
from askdoc.index.plan import covers
from askdoc.index.writer import EMBEDDER_FINGERPRINT, EMBEDDER_NAME, SETTINGS_FINGERPRINT
from askdoc.settings import index_fingerprint
from askdoc.store import archive as export_file
from askdoc.store import files
from askdoc.store.archive import (
    CATALOG,
    IDS,
    VECTORS,
    copy,
    expect_inside,
    expect_sound,
    homes,
    move_places,
)
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.schema import FILE_NAME, draft_in, replace
from askdoc.types import Moving
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from askdoc.store.sql_catalog import SqlCatalog
    from askdoc.types.ports import Embedder, Matrix, VectorPlaces
    from askdoc.workspace import Workspace

ELSEWHERE = "elsewhere"
"""After an import, sources outside of the workspace appear in this folder."""

_SETTINGS = ("chunk_tokens", "chunk_overlap", "language")
_INCOMING = "incoming"
_BATCH = 256
_BYTES = 4


@dataclass(frozen=True, slots=True)
class Moved:
    """The result of an export or import; `sources` are those without files here (yet)."""

    documents: int
    passages: int
    file: Path
    absent: tuple[str, ...] = ()


def export_index(
    workspace: Workspace, target: Path, listen: Listener = ignore, *, force: bool = False
) -> Moved:
    """Pack the index of a workspace into the file `target`.

    Raises:
        NoIndex: there is no index, or it is empty.
        UsageError: the file exists, and `force` is false.
        StoreError: the index is incomplete, or another process writes to it.

    """
    export_file.expect_free(target, force=force)
    app.expect_index(workspace)
    with ExitStack() as stack:
        stack.enter_context(_alone(workspace, "askdoc export"))
        folder = Path(
            stack.enter_context(TemporaryDirectory(dir=target.parent, prefix=".askdoc-export-"))
        )
        with closing(app.open_catalog(workspace)) as catalog:
            counts = catalog.counts()
            if not counts.chunks:
                message = "nothing is indexed here yet"
                hint = workspace.hint("index something first: `askdoc index FOLDER`")
                raise NoIndex(message, hint=hint)
            if catalog.setting(WRITING) == "yes":
                message = "the last run that changed the index did not come to its end"
                raise StoreError(message, hint="run `askdoc index` first")
            move = _relative([*catalog.sources(), *(one.source for one in catalog.known())])
            about = _about(workspace, catalog)
            draft = stack.enter_context(closing(SqliteCatalog(folder, workspace.root, write=True)))
            if workspace.database is None:
                copy(workspace.index / FILE_NAME, draft, move)
            else:
                _copy_out(catalog, draft, move)
            placed = list(homes(draft))
            about |= {"dimensions": _write_vectors(workspace, catalog, folder, placed, listen)}
        try:
            expect_sound(draft)
        except BadExport as error:
            message = f"the index can't be exported: {error}"
            raise StoreError(message, hint="rebuild it: `askdoc index --rebuild`") from error
        draft.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        draft.connection.execute("PRAGMA journal_mode = DELETE")
        export_file.write(target, folder, about, force=force, progress=_progress(listen, "Packing"))
    return Moved(counts.documents, counts.chunks, target)


def import_index(
    workspace: Workspace, file: Path, listen: Listener = ignore, *, force: bool = False
) -> Moved:
    """Replace the workspace's index by an exported one.

    Everything is checked before the workspace changes. An interrupted import leaves the old index,
    or one that the next run repairs.

    Raises:
        BadExport: the file is damaged, or has content that no index has.
        IndexTooNew: a newer askdoc made it.
        EmbedderMismatch: it was made with another embedder or other settings.
        UsageError: the file does not exist, or there is an index and `force` is false.

    """
    with export_file.opened(file) as packed:
        _expect_settings(workspace, packed.about)
        with (
            files.made(workspace.index, needs=FILE_NAME),
            _alone(workspace, "askdoc import"),
            _incoming(workspace) as folder,
        ):
            _expect_replaceable(workspace, force=force)
            loaded = _embedder(workspace, packed.about, listen)
            packed.unpack(folder, _progress(listen, "Unpacking"))
            try:
                return _put(workspace, folder, packed.about, loaded, listen, file)
            except BadExport as error:
                raise packed.damaged(str(error)) from error


def _put(
    workspace: Workspace,
    folder: Path,
    about: Mapping[str, Any],
    loaded: Embedder,
    listen: Listener,
    file: Path,
) -> Moved:
    """Build an index from the files unpacked into `folder`, and replace the old one."""
    vectors = app.vector_places(workspace)
    # A database needs the draft no longer than the unpacked files.
    place = workspace.index if workspace.database is None else folder
    with closing(SqliteCatalog(draft_in(place), workspace.root, write=True)) as draft:
        copy(folder / CATALOG, draft)
        expect_inside(draft)
        expect_sound(draft)
        stored = (draft.setting(EMBEDDER_FINGERPRINT), draft.setting(SETTINGS_FINGERPRINT))
        if stored != (loaded.fingerprint, about["settings_fingerprint"]):
            message = "its catalog is not that of its manifest"
            raise BadExport(message)
        with draft.transaction():
            draft.keep(EMBEDDER_NAME, loaded.name)
            draft.keep(WRITING, "no")
        placed = list(homes(draft))
        counts = draft.counts()
        sources = draft.sources()
        absent = [
            one for one in sources if not is_address(one) and not (workspace.root / one).exists()
        ]
        done = Moved(counts.documents, counts.chunks, file, tuple(absent))
        if workspace.database is not None:
            _copy_in(workspace, draft, folder, placed, loaded.dimensions)
            return done
        draft.rebuild_full_text()
        _store_vectors(folder, vectors, placed, loaded.dimensions, listen)
    # From here on the old index changes. Until the catalog is replaced, which is one step, the next
    # run can repair an interrupted import from the old catalog.
    with _former(workspace) as former:
        if former is not None:
            former.keep(WRITING, "yes")
    vectors.replace(workspace.index, folder)
    replace(workspace.index)
    files.discard_rebuild(workspace.index, vectors)  # an interrupted rebuild
    return done


def _about(workspace: Workspace, catalog: SqlCatalog) -> dict[str, Any]:
    """Return the manifest of an index."""
    counts = catalog.counts()
    name = catalog.setting(EMBEDDER_NAME) or ""
    return {
        "made_by": f"askdoc {__version__}",
        "embedder": Path(name).name if Path(name).is_absolute() else name,
        "embedder_fingerprint": catalog.setting(EMBEDDER_FINGERPRINT),
        "settings": {key: getattr(workspace.settings, key) for key in _SETTINGS},
        "settings_fingerprint": catalog.setting(SETTINGS_FINGERPRINT),
        "documents": counts.documents,
        "passages": counts.chunks,
    }


def _relative(sources: Sequence[str]) -> Callable[[str], str]:
    """Return a function that makes locations portable.

    Sources outside of the workspace get a folder inside it, each under its own name.
    """
    named: dict[str, str] = {}
    for source in dict.fromkeys(sources):
        if is_address(source) or not posixpath.isabs(source):
            continue
        name = f"{ELSEWHERE}/{posixpath.basename(source.rstrip('/')) or 'root'}"
        number = 1
        taken = {*named.values(), *sources}
        while (free := name if number == 1 else f"{name}-{number}") in taken:
            number += 1
        named[source] = free

    def move(location: str) -> str:
        if is_address(location) or not posixpath.isabs(location):
            return location
        around = [one for one in named if covers(one, location, "/")]
        if not around:
            return f"{ELSEWHERE}{location}"
        source = max(around, key=len)
        return named[source] + location[len(source.rstrip("/")) :]

    return move


def _write_vectors(
    workspace: Workspace,
    catalog: SqlCatalog,
    folder: Path,
    placed: Sequence[tuple[str, str]],
    listen: Listener,
) -> int:
    """Write the vectors of all chunks; return their dimensions."""
    progress = _progress(listen, "Reading vectors")
    dimensions = 0
    with (
        closing(app.open_vectors(workspace, catalog)) as vectors,
        (folder / IDS).open("w", encoding="ascii") as ids,
        (folder / VECTORS).open("wb") as numbers,
    ):
        for done, batch in _batches(placed):
            chunks = [chunk for chunk, _ in batch]
            found = vectors.vectors(chunks)
            dimensions = int(found.shape[1])
            numbers.write(found.astype("<f4").tobytes())
            ids.write("".join(f"{chunk}\n" for chunk in chunks))
            progress(done, len(placed))
    return dimensions


def _store_vectors(
    folder: Path,
    vectors: VectorPlaces,
    placed: Sequence[tuple[str, str]],
    dimensions: int,
    listen: Listener,
) -> None:
    """Build a database of vectors from the unpacked ones.

    Raises:
        BadExport: they do not match the chunks, or do not have unit length.

    """
    progress = _progress(listen, "Storing vectors")
    done = 0
    with closing(vectors.open_to_write(folder)) as store:
        store.open()  # also for an index without vectors
        for batch, matrix in _unpacked(folder, placed, dimensions):
            store.add([chunk for chunk, _ in batch], [document for _, document in batch], matrix)
            done += len(batch)
            progress(done, len(placed))


def _unpacked(
    folder: Path, placed: Sequence[tuple[str, str]], dimensions: int
) -> Iterator[tuple[list[tuple[str, str]], Matrix]]:
    """Yield chunks with their documents, and the unpacked vectors of these, shape (n, dimensions).

    Raises:
        BadExport: they do not match the chunks, or do not have unit length.

    """
    import numpy as np

    ids = (folder / IDS).read_bytes().decode("ascii", "replace").split("\n")[:-1]
    size = (folder / VECTORS).stat().st_size
    if ids != [chunk for chunk, _ in placed] or size != len(ids) * dimensions * _BYTES:
        message = "its vectors are not those of its passages"
        raise BadExport(message)
    with (folder / VECTORS).open("rb") as numbers:
        for _, batch in _batches(placed):
            data = numbers.read(len(batch) * dimensions * _BYTES)
            matrix = np.frombuffer(data, dtype="<f4").reshape(len(batch), dimensions)
            lengths = np.linalg.norm(matrix, axis=1)
            if not bool(np.all(np.abs(lengths - 1) < 0.01)):  # noqa: PLR2004 - also where not a number
                message = "its vectors are damaged"
                raise BadExport(message)
            yield batch, matrix.astype(np.float32)


def _batches(
    placed: Sequence[tuple[str, str]],
) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    rest = iter(placed)
    done = 0
    while batch := list(islice(rest, _BATCH)):
        done += len(batch)
        yield done, batch


def _expect_settings(workspace: Workspace, about: Mapping[str, Any]) -> None:
    """Refuse an index that was made with other settings or another embedder."""
    if about["settings_fingerprint"] != index_fingerprint(workspace.settings):
        stored = about.get("settings")
        other = {
            key: value
            for key, value in (stored if isinstance(stored, dict) else {}).items()
            if key in _SETTINGS and value != getattr(workspace.settings, key)
        }
        changes = ", ".join(f"`{key} = {value}`" for key, value in other.items())
        message = f"the index was made with other settings{': ' if changes else ''}{changes}"
        hints = [f"`askdoc config set {key} {value}`" for key, value in other.items()]
        hint = f"set them here: {', '.join(hints)}" if hints else "update askdoc on both machines"
        raise EmbedderMismatch(message, hint=hint)


def _embedder(workspace: Workspace, about: Mapping[str, Any], listen: Listener) -> Embedder:
    """Load the embedder of the index.

    Raises:
        EmbedderMismatch: it is not here, or is another one.

    """
    name = str(about["embedder"])
    hint = f"let questions and documents use it: `--embedder {name}` (a name, or its folder here)"
    try:
        loaded = app.embedder(workspace, listen, indexed_with=name)
    except ModelError as error:
        message = f"the index was made with the embedder `{name}`, which is not here"
        raise EmbedderMismatch(message, hint=error.hint or hint) from error
    if loaded.fingerprint != about["embedder_fingerprint"]:
        message = f"the index was made with the embedder `{name}`, not with `{loaded.name}` as here"
        raise EmbedderMismatch(message, hint=hint)
    return loaded


def _expect_replaceable(workspace: Workspace, *, force: bool) -> None:
    """Refuse to replace an index that is not empty, unless forced.

    Raises:
        UsageError: there is such an index.

    """
    if force:
        return
    with _former(workspace) as former:
        if former is None:
            return
        counts = former.counts()
    if counts.documents:
        message = f"there is an index of {counts.documents:,} documents in `{workspace.place}`"
        hint = "replace it with `--force`, or choose another folder with `--index`"
        raise UsageError(message, hint=hint)


@contextmanager
def _former(workspace: Workspace) -> Iterator[SqlCatalog | None]:
    """Open the old index, if it exists and can be opened."""
    try:
        app.expect_index(workspace)
        catalog = app.open_catalog(workspace, write=True)
    except DiskFull:
        raise
    except StoreError:
        yield None
        return
    with closing(catalog):
        yield catalog


@contextmanager
def _incoming(workspace: Workspace) -> Iterator[Path]:
    """Create a temporary folder on the disk of the index."""
    folder = workspace.index / _INCOMING
    vectors = app.vector_places(workspace)
    _take_away(folder, vectors)
    folder.mkdir()
    try:
        yield folder
    finally:
        _take_away(folder, vectors)


def _take_away(folder: Path, vectors: VectorPlaces) -> None:
    with suppress(StoreError):  # a server may have ended meanwhile
        vectors.discard(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _alone(workspace: Workspace, command: str) -> AbstractContextManager[object]:
    """Hold the writer's lock of the index."""
    if (database := app.database_of(workspace)) is None:
        return files.writing(workspace.index, command)
    from askdoc.store.postgres import library

    return library.writing(database, command)


def _copy_out(catalog: SqlCatalog, draft: SqliteCatalog, move: Callable[[str], str]) -> None:
    """Copy a shared library into an empty catalog."""
    from askdoc.store.postgres import library

    library.copy_out(catalog, draft)
    with draft.transaction():
        move_places(draft.connection, move)


def _copy_in(
    workspace: Workspace,
    draft: SqliteCatalog,
    folder: Path,
    placed: Sequence[tuple[str, str]],
    dimensions: int,
) -> None:
    """Replace the content of a shared library by a checked catalog and the unpacked vectors."""
    from askdoc.store.postgres import library

    def rows() -> Iterator[tuple[str, str, Any]]:
        for batch, matrix in _unpacked(folder, placed, dimensions):
            for (chunk, document), vector in zip(batch, matrix, strict=True):
                yield chunk, document, vector

    with closing(app.open_catalog(workspace, write=True)) as catalog:
        library.copy_in(draft, catalog, rows)


def _progress(listen: Listener, what: str) -> Callable[[int, int], None]:
    return partial(_report_progress, listen, what)


def _report_progress(listen: Listener, what: str, done: int, total: int) -> None:
    listen(Moving(what, done, total))
