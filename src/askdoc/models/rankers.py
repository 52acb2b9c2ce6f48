"""Gives the ranker that goes by a name: the packaged one, or a cross-encoder, compiled once.

Compiled cross-encoders are kept in the user's cache, under `models/rankers/`, in a folder for each
model as it is: where its files change, it is compiled anew.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import suppress
from pathlib import Path

from askdoc.errors import ModelError
from askdoc.models import sentence_transformers
from askdoc.models.embedder import alone, cache_folder
from askdoc.models.ranker import TextRanker, packaged
from askdoc.models.sentence_transformers import Source
from askdoc.settings import RERANKER
from askdoc.types import CompileStage, Compiling
from askdoc.types.ports import Listener, Ranker, deaf

_FORMAT = 1
"""Changes whenever the way rankers are compiled does."""

_PUBLISHER = "cross-encoder"
"""Who publishes a cross-encoder that is named without an organisation."""


def load(
    name: str | None = None,
    *,
    allow_download: bool = False,
    listen: Listener = deaf,
    cache: Path | None = None,
) -> Ranker:
    """Load the ranker called `name`: None for the packaged one, a folder, or a model on a hub.

    A cross-encoder is compiled on its first use; `listen` hears of it. With `allow_download` one
    that is not on this machine is fetched. `cache` replaces the user's cache.

    Raises:
        ModelError: there is no such model here, it cannot be fetched, or it does not work.

    """
    if name in (None, RERANKER):
        return packaged()
    source = sentence_transformers.find(name, option="--reranker", publisher=_PUBLISHER)
    folder = source.folder or sentence_transformers.fetch(
        source.name, allow_download=allow_download, option="--reranker"
    )
    found = Source(source.name, folder)
    key = f"{_FORMAT}\0{folder}\0{sentence_transformers.signature(found)}"
    digest = hashlib.blake2b(key.encode(), digest_size=12).hexdigest()
    home = (cache or cache_folder()) / "models" / "rankers" / digest
    with suppress(ModelError):
        return TextRanker(home, name=source.name)
    try:
        _compile(found, folder, home, listen)
    except OSError as error:
        message = f"the model `{source.name}` cannot be kept in `{home}`: {error.strerror or error}"
        raise ModelError(message, hint="make room there") from error
    return TextRanker(home, name=source.name)


def _compile(source: Source, folder: Path, home: Path, listen: Listener) -> None:
    """Compile into `home`, which appears whole or not at all; one process at a time."""
    home.parent.mkdir(parents=True, exist_ok=True)
    with alone(home, source, listen):
        with suppress(ModelError):
            TextRanker(home, name=source.name)
            return
        listen(Compiling(source.name, CompileStage.LOAD))
        from askdoc.models.compiler import compile_ranker  # imports torch

        work = home.with_name(f"{home.name}.work")
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            listen(Compiling(source.name, CompileStage.EXPORT))
            compile_ranker(folder, work)
            shutil.rmtree(work / "plain", ignore_errors=True)
            shutil.rmtree(home, ignore_errors=True)
            work.rename(home)
        finally:
            shutil.rmtree(work, ignore_errors=True)
