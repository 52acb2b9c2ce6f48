"""Opens the index of a workspace, and loads the models that its vectors and rankings come from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from askdoc.ask.confidence import Calibration
from askdoc.errors import EmbedderMismatch, NoIndex
from askdoc.index.writer import EMBEDDER_FINGERPRINT, EMBEDDER_NAME
from askdoc.settings import (
    AUTOMATIC,
    DEFAULT_EMBEDDER,
    ENGLISH,
    NO_RERANKER,
    RANKER_FINGERPRINT,
)
from askdoc.store import files as lock
from askdoc.store import schema
from askdoc.store.catalog import SqliteCatalog
from askdoc.text.languages import detect
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from pathlib import Path

    from askdoc.settings import Settings
    from askdoc.store.vectors import ChromaStore
    from askdoc.types.ports import CatalogReader, Embedder, Ranker
    from askdoc.workspace import Workspace

VECTORS = "chroma"
"""Name of the folder, within that of the index, that holds the vectors."""


def open_catalog(workspace: Workspace, *, write: bool = False) -> SqliteCatalog:
    """Open the catalog of the workspace's index, to read from unless `write`.

    Raises:
        NoIndex: there is none, and it is to be read.
        StoreError: it is damaged, or a newer askdoc made it.
    """
    with _naming(workspace):
        return SqliteCatalog(workspace.index, workspace.root, write=write)


@contextmanager
def _naming(workspace: Workspace) -> Iterator[None]:
    """Have the hint of an error name the library, where the workspace is one."""
    try:
        yield
    except NoIndex as error:
        error.hint = workspace.hint(error.hint or "")
        raise


def open_made(workspace: Workspace) -> SqliteCatalog:
    """Open the catalog of an index that there is something in, or that nobody is making.

    Raises:
        NoIndex: there is none.
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
    """Go on where no other process is just making the index, which holds nothing yet.

    Raises:
        IndexLocked: one is; its number, machine and command are named.

    """
    lock.refuse_while_written(workspace.index)


def expect_index(workspace: Workspace) -> None:
    """Go on where there is an index, whatever its state.

    Raises:
        NoIndex: there is none.

    """
    with _naming(workspace):
        schema.expect(workspace.index)


def vectors_folder(workspace: Workspace) -> Path:
    """Name the folder of the vectors of the workspace's index."""
    return workspace.index / VECTORS


def open_vectors(workspace: Workspace) -> ChromaStore:
    """Open the vectors of the workspace's index to read from."""
    from askdoc.store.vectors import ChromaStore

    return ChromaStore(vectors_folder(workspace))


def language_of(text: str, settings: Settings) -> str:
    """Name the language of a text: the one that is set, else what the text shows."""
    if settings.language != AUTOMATIC:
        return settings.language
    return detect(text)


def main_language(settings: Settings, catalog: CatalogReader) -> str:
    """Name the language that is set, else that of most documents."""
    if settings.language != AUTOMATIC:
        return settings.language
    return next(iter(catalog.languages()), ENGLISH)


def embedder(
    workspace: Workspace, listen: Listener = ignore, *, indexed_with: str | None = None
) -> Embedder:
    """Load the embedder that is set, else the one the index was made with, else the default.

    A model is fetched from a hub only if the user named it: what a workspace's own files name must
    be on this machine already.
    """
    from askdoc.models.embedder import load

    chosen = workspace.settings.embedder or indexed_with or DEFAULT_EMBEDDER
    named = workspace.settings.embedder is not None and workspace.origins["embedder"].trusted
    allowed = named and not workspace.settings.offline
    return load(chosen, allow_download=allowed, listen=listen)


def ranker(workspace: Workspace, listen: Listener = ignore) -> Ranker | None:
    """Load the ranker that is set, else the packaged one; None where none is wanted.

    It is fetched from a hub under the same condition as an embedder.

    Raises:
        ModelError: it is not here, or cannot be used.
    """
    settings = workspace.settings
    if settings.reranker == NO_RERANKER:
        return None
    from askdoc.models.rankers import load

    named = settings.reranker is not None and workspace.origins["reranker"].trusted
    return load(settings.reranker, allow_download=named and not settings.offline, listen=listen)


def fingerprint_of_packaged_ranker() -> str:
    """Return the fingerprint of the packaged ranker without loading it."""
    about = resources.files("askdoc").joinpath("data/ranker/about.json").read_text()
    return str(json.loads(about)["sha256"])[:RANKER_FINGERPRINT]


@cache
def calibration(ranker: str, *, in_context: bool = False) -> Calibration:
    """Read the confidence model for the ranker of that name that comes with the package.

    For a ranker that none was fitted with, it is the one that looks at no ranker. There are others
    for an index that keeps the vectors of sentences in their context.
    """
    fitted = json.loads(resources.files("askdoc").joinpath("data/confidence.json").read_text())
    if in_context:
        fitted = fitted["in context"]
    data = fitted.get(ranker, fitted[NO_RERANKER])
    return Calibration(weights=data["weights"], intercept=data["intercept"])


def refuse_other(catalog: CatalogReader, loaded: Embedder) -> None:
    """Refuse an embedder that did not make the vectors of an index.

    Raises:
        EmbedderMismatch: another one made them.
    """
    made_by = catalog.setting(EMBEDDER_FINGERPRINT)
    if made_by is not None and made_by != loaded.fingerprint:
        name = catalog.setting(EMBEDDER_NAME)
        message = f"the index was made with the embedder `{name}`, not with `{loaded.name}`"
        hint = "make it anew with `askdoc index --rebuild`, or leave out `--embedder`"
        raise EmbedderMismatch(message, hint=hint)
