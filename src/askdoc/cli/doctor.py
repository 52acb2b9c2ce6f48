"""`askdoc doctor`."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from askdoc import app
from askdoc.cli.open import open_workspace
from askdoc.cli.options import Embedder, Index, Library
from askdoc.errors import AskdocError, IndexCorrupt, IndexLocked, NoIndex, SettingsError
from askdoc.render.console import errors, output
from askdoc.render.errors import note_line
from askdoc.render.indexing import count
from askdoc.render.progress import Check, Health, IndexProgress, check_lines
from askdoc.settings import RERANKER
from askdoc.store.files import file_state
from askdoc.types import Candidate, Document, FileState, Span

if TYPE_CHECKING:
    from askdoc.types.ports import VectorStore
    from askdoc.workspace import Workspace


_PACKAGES = ("chromadb", "onnxruntime", "tokenizers", "sentence-transformers", "llama-index-core")
_LEAST_FREE = 500 * 1000**2
"""Bytes for a compiled model and an index of some thousand documents."""

_QUESTION, _RIGHT = "When was the harbour dug out?", "The harbour was dug out in 1883."
_UNRELATED = "Salt is won in flat basins by the sea."

_REBUILD = "build it again from all its files and folders: `askdoc index --rebuild PATH`"


def examine(
    workspace: Workspace, *, file_state: Callable[[Document], FileState]
) -> Iterator[Check]:
    """Run one check after the other; an error in a check is its finding."""
    checks = (
        ("python", _python),
        ("packages", _packages),
        ("sqlite", _sqlite),
        ("disk", lambda: _disk(workspace.index)),
        ("index", lambda: _index(workspace)),
        ("vectors", lambda: _vectors(workspace)),
        ("files", lambda: _files(workspace, file_state)),
        ("embedder", lambda: _embedder(workspace)),
        ("ranker", lambda: _ranker(workspace)),
    )
    reported: set[str] = set()
    making = missing = False
    for name, check in checks:
        try:
            yield check()
        except IndexCorrupt as error:
            damaged = str(error).partition(": ")[0]  # the next step depends on the check
            known = damaged in reported
            reported.add(damaged)
            finding = "unknown while that is damaged" if known else str(error)
            yield Check(name, Health.BROKEN, finding, None if known else error.hint)
        except IndexLocked as error:
            finding = "unknown until the index exists" if making else str(error)
            yield Check(name, Health.WARNING, finding, None if making else error.hint)
            making = True
        except NoIndex as error:
            finding = "unknown until there is an index" if missing else str(error)
            yield Check(name, Health.WARNING, finding, None if missing else error.hint)
            missing = True
        except AskdocError as error:
            yield Check(name, Health.BROKEN, str(error), error.hint)


def _python() -> Check:
    return Check("python", Health.GOOD, f"{sys.version.split()[0]} at {sys.executable}")


def _packages() -> Check:
    found: list[str] = []
    missing: list[str] = []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        names = " ".join(missing)
        finding = f"missing: {names}"
        return Check("packages", Health.BROKEN, finding, f"install them: `pip install {names}`")
    return Check("packages", Health.GOOD, ", ".join(found))


def _sqlite() -> Check:
    connection = sqlite3.connect(":memory:")
    try:
        connection.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
    except sqlite3.OperationalError:
        finding = f"SQLite {sqlite3.sqlite_version} has no full-text search (FTS5)"
        return Check("sqlite", Health.BROKEN, finding, "use a Python whose SQLite has FTS5")
    finally:
        connection.close()
    return Check("sqlite", Health.GOOD, f"{sqlite3.sqlite_version} with full-text search")


def _disk(index: Path) -> Check:
    folder = next(path for path in (index, *index.parents) if os.access(path, os.F_OK))
    free = shutil.disk_usage(folder).free
    finding = f"{free / 1000**3:.1f} GB free at {folder}"
    if free < _LEAST_FREE:
        return Check("disk", Health.WARNING, finding, "free some space before indexing")
    return Check("disk", Health.GOOD, finding)


def _index(workspace: Workspace) -> Check:
    with app.open_made(workspace) as catalog:
        if damage := catalog.check():
            return Check("index", Health.BROKEN, f"damaged: {damage[0]}", _REBUILD)
        counts = catalog.counts()
    documents = "1 document" if counts.documents == 1 else f"{counts.documents:,} documents"
    finding = f"{documents}, {counts.chunks:,} passages at {workspace.place}"
    if not counts.documents:
        hint = workspace.hint("add documents: `askdoc index FOLDER`")
        return Check("index", Health.WARNING, finding, hint)
    return Check("index", Health.GOOD, finding)


def _vectors(workspace: Workspace) -> Check:
    with app.open_made(workspace) as catalog:
        expected = set(catalog.chunk_ids())
        if not expected and not app.has_vectors(workspace):
            return Check("vectors", Health.GOOD, "none, and none are needed")
        with closing(app.open_vectors(workspace, catalog)) as vectors:
            return _compared(expected, vectors)


def _compared(expected: set[str], vectors: VectorStore) -> Check:
    if damage := vectors.check():
        remedy = "repair them: `askdoc doctor --repair`"
        return Check("vectors", Health.BROKEN, f"damaged: {damage[0]}", remedy)
    stored = set(vectors.ids())
    if missing := len(expected - stored):
        finding = f"{missing:,} of {len(expected):,} passages have no vector"
        return Check("vectors", Health.BROKEN, finding, "repair them: `askdoc doctor --repair`")
    if extra := len(stored - expected):
        finding = f"{extra:,} vectors belong to no passage; searches leave them out"
        return Check("vectors", Health.WARNING, finding, "clean up: `askdoc doctor --repair`")
    return Check("vectors", Health.GOOD, f"{len(stored):,}, one for each passage")


def _files(workspace: Workspace, file_state: Callable[[Document], FileState]) -> Check:
    with app.open_made(workspace) as catalog:
        states = [file_state(document) for document in catalog.documents()]
    changed, missing = states.count(FileState.CHANGED), states.count(FileState.MISSING)
    if changed or missing:
        finding = f"{changed:,} changed and {missing:,} gone since they were indexed"
        return Check("files", Health.WARNING, finding, "follow them: `askdoc index`")
    return Check("files", Health.GOOD, "all as they were indexed")


def _ranker(workspace: Workspace) -> Check:
    ranker = app.ranker(workspace)
    if ranker is None:
        return Check("ranker", Health.GOOD, "switched off: `reranker` is `none`")
    shown = [Candidate(text, Span(0, len(text))) for text in (_RIGHT, _UNRELATED)]
    right, unrelated = ranker.judge(_QUESTION, shown)
    if right is None or unrelated is None or not right.score > unrelated.score:
        finding = f"`{ranker.name}` ranks an unrelated sentence before the answer"
        remedy = "pip install --force-reinstall askdoc" if ranker.name == RERANKER else None
        return Check("ranker", Health.WARNING, finding, remedy or "choose another `--reranker`")
    return Check("ranker", Health.GOOD, ranker.name)


def _embedder(workspace: Workspace) -> Check:
    embedder = app.embedder(workspace)
    embedder.embed_queries(["Does it work?"])
    finding = f"{embedder.name}, {embedder.dimensions} dimensions, {embedder.max_tokens} tokens"
    return Check("embedder", Health.GOOD, finding)


def doctor(
    *,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="First repair vectors and full text that are damaged or missing.",
        ),
    ] = False,
    embedder: Embedder = None,
    library: Library = None,
    index: Index = None,
) -> None:
    """Check the installation, the settings and the index.

    Each problem comes with what repairs it. `--repair` works from the stored text and reads no
    file. If the stored text is damaged, `askdoc index --rebuild PATH` builds a new index.

    Examples:
        askdoc doctor
        askdoc doctor --repair

    Exit codes: 0 nothing is broken, 1 something is.
    """
    page = output()
    try:
        workspace = open_workspace(library=library, index=index, embedder=embedder)
    except SettingsError as error:
        for check in (_python(), _packages(), _sqlite()):
            page.show(check_lines(check, page))
        broken_settings = Check("settings", Health.BROKEN, str(error), error.hint)
        page.show(check_lines(broken_settings, page))
        raise typer.Exit(1) from error
    if repair:
        _repair(workspace)
    broken = False
    for check in examine(workspace, file_state=file_state):
        page.show(check_lines(check, page))
        broken |= check.health is Health.BROKEN
    if broken:
        raise typer.Exit(1)


def _repair(workspace: Workspace) -> None:
    try:
        app.expect_index(workspace)
    except NoIndex:
        app.refuse_while_made(workspace)
        raise
    stderr = errors()
    with IndexProgress(stderr) as progress, app.indexer(workspace, progress) as indexer:
        done = indexer.repair()
    done_text = f"repaired: {count(done.made, 'vector')} made, {done.removed:,} removed"
    stderr.show([note_line(done_text, stderr)])
