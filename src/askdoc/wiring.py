"""From a workspace to working parts. Everything heavy is imported only when it is asked for."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from askdoc.errors import EmbedderMismatch, NoIndex
from askdoc.ports import Listener, deaf
from askdoc.settings import DEFAULT_EMBEDDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from askdoc.adapters.chroma import ChromaStore
    from askdoc.adapters.sqlite import SqliteCatalog
    from askdoc.answering import Answerer
    from askdoc.confidence import Calibration
    from askdoc.indexing import Indexer
    from askdoc.ports import CatalogReader, Embedder
    from askdoc.workspace import Workspace

EMBEDDER_NAME = "embedder"
EMBEDDER_FINGERPRINT = "embedder_fingerprint"
"""Under these keys the catalog keeps which embedder made its vectors."""


def open_catalog(workspace: Workspace, *, write: bool = False) -> SqliteCatalog:
    """Open the catalog of the workspace's index, to read from unless `write`.

    Raises:
        NoIndex: there is none, and it is to be read.
        StoreError: it is damaged, or a newer askdoc made it.
    """
    from askdoc.adapters.sqlite import SqliteCatalog

    return SqliteCatalog(workspace.index, workspace.root, write=write)


def open_vectors(workspace: Workspace) -> ChromaStore:
    """Open the vectors of the workspace's index."""
    from askdoc.adapters.chroma import ChromaStore

    return ChromaStore(workspace.index / "chroma")


def embedder(
    workspace: Workspace, listen: Listener = deaf, *, indexed_with: str | None = None
) -> Embedder:
    """Load the embedder that is set, else the one the index was made with, else the default.

    A model is fetched from a hub only if the user named it: what a workspace's own files name must
    be on this machine already.
    """
    from askdoc.adapters.embedders import load

    chosen = workspace.settings.embedder or indexed_with or DEFAULT_EMBEDDER
    named = workspace.settings.embedder is not None and workspace.origins["embedder"].trusted
    return load(chosen, allow_download=named, listen=listen)


@contextmanager
def answerer(workspace: Workspace, listen: Listener = deaf) -> Iterator[Answerer]:
    """Open the workspace's index for questions, and close it in the end.

    Raises:
        NoIndex: there is none, or nothing is in it.
        EmbedderMismatch: another embedder than the one that is set made its vectors.
    """
    from askdoc.adapters.freshness import file_state
    from askdoc.adapters.snowball import SnowballAnalyser
    from askdoc.answering import Answerer, Parts

    with ExitStack() as stack:
        catalog = stack.enter_context(open_catalog(workspace))
        if catalog.counts().documents == 0:
            message = "nothing is indexed here yet"
            raise NoIndex(message, hint="index something first: `askdoc index FOLDER`")
        loaded = embedder(workspace, listen, indexed_with=catalog.setting(EMBEDDER_NAME))
        _refuse_other(catalog, loaded)
        vectors = open_vectors(workspace)
        stack.callback(vectors.close)
        parts = Parts(
            catalog=catalog,
            vectors=vectors,
            embedder=loaded,
            analyser=SnowballAnalyser(),
            calibration=calibration(),
            file_state=file_state,
        )
        yield Answerer(parts, workspace.settings)


@cache
def calibration() -> Calibration:
    """Read the confidence model that comes with the package."""
    from askdoc.confidence import Calibration

    data = json.loads(resources.files("askdoc").joinpath("data/confidence.json").read_text())
    return Calibration(weights=data["weights"], intercept=data["intercept"])


def _refuse_other(catalog: CatalogReader, loaded: Embedder) -> None:
    made_by = catalog.setting(EMBEDDER_FINGERPRINT)
    if made_by is not None and made_by != loaded.fingerprint:
        name = catalog.setting(EMBEDDER_NAME)
        message = f"the index was made with the embedder `{name}`, not with `{loaded.name}`"
        hint = "make it anew with `askdoc index --rebuild`, or leave out `--embedder`"
        raise EmbedderMismatch(message, hint=hint)
