"""Loads an embedder by its name: the packaged one, or a model of Sentence Transformers.

The packaged one is all-MiniLM-L6-v2; `training/embedder/export.py` makes it. Any other model is
exported on its first use, so that later ones start without torch.
"""

from __future__ import annotations

from pathlib import Path

from askdoc.errors import ModelError
from askdoc.models import sources
from askdoc.models.cache import cache_folder, cached
from askdoc.models.manifest import Precision, read_manifest
from askdoc.models.onnx import OnnxEmbedder
from askdoc.models.packaged import packaged_data
from askdoc.models.sources import Source
from askdoc.settings import DEFAULT_EMBEDDER, MULTILINGUAL
from askdoc.types import CompileStage, Compiling, NotCompiled
from askdoc.types.ports import Embedder, Listener, ignore


def load(
    name: str | None = None,
    *,
    allow_download: bool = False,
    listen: Listener = ignore,
    cache: Path | None = None,
) -> Embedder:
    """Load the embedder called `name`: None for the packaged one, a folder, or a model on a hub.

    `multilingual` is multilingual-e5-small from the extra of that name, which needs no hub.

    A model is exported on its first use, which takes about half a minute; `listen` gets the
    progress. With `allow_download`, a model that is not on this machine is fetched. `cache`
    replaces the user's cache folder.

    Raises:
        MissingPart: another model than the packaged one needs a library that is not installed.
        ModelError: there is no such model here, it cannot be fetched, or it does not work.

    """
    if name in (None, DEFAULT_EMBEDDER, f"sentence-transformers/{DEFAULT_EMBEDDER}"):
        return packaged()
    folder = (cache or cache_folder()) / "models" / "embedders"
    if name == MULTILINGUAL:
        return _multilingual(folder, listen)
    source = sources.find(name)

    def fetch() -> Path:
        if source.folder:
            return source.folder
        listen(Compiling(source.name, CompileStage.FETCH))
        return sources.fetch(source.name, allow_download=allow_download)

    def make(folder: Path, target: Path) -> None:
        from askdoc.models.compiler import compile_embedder  # imports torch

        compile_embedder(folder, target, name=source.name, listen=listen)

    return cached(
        source,
        folder,
        load=lambda home: _open(home, source, listen),
        make=make,
        fetch=fetch,
        listen=listen,
    )


def _multilingual(folder: Path, listen: Listener) -> Embedder:
    """Load the embedder for many languages; it is made on its first use."""
    from askdoc.models import multilingual  # with what builds models, which a question needs not

    source = Source(MULTILINGUAL, None)
    return cached(
        source,
        folder,
        load=lambda home: _open(home, source, listen),
        make=multilingual.write,
        fetch=multilingual.source,
        listen=listen,
        check=lambda _: None,
    )


def packaged() -> OnnxEmbedder:
    """Load the embedder that comes with the package.

    Raises:
        ModelError: its files are damaged, or compute other vectors on this machine.

    """
    folder = packaged_data() / "embedder"
    try:
        return OnnxEmbedder.open(folder, shared=packaged_data())
    except ModelError as error:
        raise ModelError(str(error), hint="pip install --force-reinstall askdoc") from error


def _open(home: Path, source: Source, listen: Listener) -> Embedder:
    manifest = read_manifest(home)
    if manifest.precision is not Precision.TORCH:
        return OnnxEmbedder.open(home, name=source.name)
    # A model that cannot be exported needs torch each time, which takes seconds to import.
    sources.need_sentence_transformers(source.name)
    from askdoc.models.sentence_transformers import TorchEmbedder, load_model

    listen(NotCompiled(source.name, manifest.reason))
    model = load_model(Path(manifest.folder), source.name)
    return TorchEmbedder(model, name=source.name, digest=manifest.digest)
