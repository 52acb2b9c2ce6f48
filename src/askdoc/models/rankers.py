"""Loads a ranker by its name: the packaged reader, or a cross-encoder of Sentence Transformers.

A cross-encoder is exported on its first use, so that later ones start without torch.
"""

from __future__ import annotations

from pathlib import Path

from askdoc.models import sources
from askdoc.models.cache import cache_folder, cached
from askdoc.models.ranker import TextRanker
from askdoc.models.reader import packaged
from askdoc.settings import RERANKER
from askdoc.types import CompileStage, Compiling
from askdoc.types.ports import Listener, Ranker, ignore

_PUBLISHER = "cross-encoder"
"""Who publishes a cross-encoder that is named without an organisation."""


def load(
    name: str | None = None,
    *,
    allow_download: bool = False,
    listen: Listener = ignore,
    cache: Path | None = None,
) -> Ranker:
    """Load the ranker called `name`: None for the packaged one, a folder, or a model on a hub.

    A cross-encoder is exported on its first use; `listen` gets the event. With `allow_download`, a
    model that is not on this machine is fetched. `cache` replaces the user's cache folder.

    Raises:
        MissingPart: another model than the packaged one needs a library that is not installed.
        ModelError: there is no such model here, it cannot be fetched, or it does not work.

    """
    if name in (None, RERANKER):
        return packaged()
    source = sources.find(name, option="--reranker", publisher=_PUBLISHER)

    def fetch() -> Path:
        return source.folder or sources.fetch(
            source.name, allow_download=allow_download, option="--reranker"
        )

    def make(folder: Path, target: Path) -> None:
        from askdoc.models.compiler import compile_ranker  # imports torch

        listen(Compiling(source.name, CompileStage.EXPORT))
        compile_ranker(folder, target)

    return cached(
        source,
        (cache or cache_folder()) / "models" / "rankers",
        load=lambda home: TextRanker(home, name=source.name),
        make=make,
        fetch=fetch,
        listen=listen,
    )
