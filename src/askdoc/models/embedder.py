"""Gives the embedder that goes by a name, compiled on its first use and quick from then on.

Compiled models are kept in the user's cache, which `ASKDOC_CACHE_DIR` moves:

    models/names/<hash of name>.json    which compiled model a name stands for
    models/<digest>-<format>/           one compiled model, complete in itself
    models/<digest>-<format>.lock       held by the process that makes it

Once a model is compiled, neither torch nor the hub's library is imported, and its source is looked
at only by names, sizes and times of its files.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from askdoc.addresses import expanded
from askdoc.errors import ModelError
from askdoc.models import sentence_transformers as model_sources
from askdoc.models.manifest import FORMAT, Manifest, Precision, read_manifest
from askdoc.models.onnx import OnnxEmbedder
from askdoc.models.sentence_transformers import Source
from askdoc.settings import DEFAULT_EMBEDDER
from askdoc.types import CompileStage, Compiling, NotCompiled
from askdoc.types.ports import Embedder, Listener, deaf

CACHE_VARIABLE = "ASKDOC_CACHE_DIR"

_DIGEST_LENGTH = 32
_PATIENCE = 1800  # seconds to wait for another process that compiles the same model


class _Known(msgspec.Struct, frozen=True):
    """Which compiled model a name stands for, as long as its source looks the same."""

    name: str
    signature: str
    folder: str


def load(
    name: str | None = None,
    *,
    allow_download: bool = False,
    listen: Listener = deaf,
    cache: Path | None = None,
) -> Embedder:
    """Load the embedder called `name`: None for the default, a folder, or a model on a hub.

    On a model's first use it is compiled, which takes about half a minute; `listen` hears how far
    it is. What is damaged in the cache is made anew. With `allow_download` a model that is not on
    this machine is fetched. `cache` replaces the user's cache.

    Raises:
        ModelError: there is no such model here, it cannot be fetched, or it does not work.

    """
    source = model_sources.find(name or DEFAULT_EMBEDDER)
    models = (cache or cache_folder()) / "models"
    known = _recall(models, source)
    if known is not None:
        with suppress(ModelError):
            return _open(known, source, listen)
    folder = source.folder
    if folder is None:
        listen(Compiling(source.name, CompileStage.FETCH))
        folder = model_sources.fetch(source.name, allow_download=allow_download)
    try:
        home = _prepare(models, source, folder, listen)
        _remember(models, source, home)
    except OSError as error:
        message = (
            f"the model `{source.name}` cannot be kept in `{models}`: {error.strerror or error}"
        )
        hint = f"make room there, or set `{CACHE_VARIABLE}` to another folder"
        raise ModelError(message, hint=hint) from error
    return _open(home, source, listen)


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Name the folder that askdoc keeps compiled models in."""
    if chosen := environment.get(CACHE_VARIABLE):
        return expanded(chosen).absolute()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("askdoc", appauthor=False))


def _prepare(models: Path, source: Source, folder: Path, listen: Listener) -> Path:
    """Return the compiled model made from `folder`, making it where there is none that works."""
    model_sources.verify(source)
    digest = model_sources.digest(folder)
    home = models / f"{digest[:_DIGEST_LENGTH]}-{FORMAT}"
    models.mkdir(parents=True, exist_ok=True)
    with alone(home, source, listen):
        if not _works(home):
            shutil.rmtree(home, ignore_errors=True)
            _compile(folder, home, source, digest, listen)
    return home


@contextmanager
def alone(home: Path, source: Source, listen: Listener) -> Iterator[None]:
    """Keep other processes from making the same model; the lock goes with a process that dies."""
    from filelock import FileLock, Timeout

    lock = FileLock(f"{home}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        listen(Compiling(source.name, CompileStage.WAIT))
        try:
            lock.acquire(timeout=_PATIENCE)
        except Timeout as error:
            message = f"another process is compiling the model `{source.name}` and does not finish"
            raise ModelError(message, hint="end it, then try again") from error
    try:
        yield
    finally:
        lock.release()


def _compile(folder: Path, home: Path, source: Source, digest: str, listen: Listener) -> Manifest:
    # Imports torch, which takes seconds, or half a minute on a busy machine.
    listen(Compiling(source.name, CompileStage.LOAD))
    from askdoc.models.compiler import compile_model

    return compile_model(folder, home, name=source.name, digest=digest, listen=listen)


def _works(home: Path) -> bool:
    try:
        if read_manifest(home).precision is not Precision.TORCH:
            OnnxEmbedder.open(home)
    except ModelError:
        return False
    return True


def _open(home: Path, source: Source, listen: Listener) -> Embedder:
    manifest = read_manifest(home)
    if manifest.precision is not Precision.TORCH:
        return OnnxEmbedder.open(home, name=source.name)
    # Imports torch, which takes seconds; there is no other way for such a model.
    from askdoc.models.sentence_transformers import TorchEmbedder, load_model

    listen(NotCompiled(source.name, manifest.reason))
    model = load_model(source.folder or Path(manifest.folder), source.name)
    return TorchEmbedder(model, name=source.name, digest=manifest.digest)


def _recall(models: Path, source: Source) -> Path | None:
    """Name the compiled model that was made from this source as it is now."""
    try:
        known = msgspec.json.decode(_note(models, source).read_bytes(), type=_Known)
    except (OSError, msgspec.MsgspecError):
        return None
    if (known.name, known.signature) != (source.name, model_sources.signature(source)):
        return None
    return models / known.folder


def _remember(models: Path, source: Source, home: Path) -> None:
    note = _note(models, source)
    note.parent.mkdir(parents=True, exist_ok=True)
    known = _Known(source.name, model_sources.signature(source), home.name)
    draft = note.with_name(f"{note.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(known))
    draft.replace(note)


def _note(models: Path, source: Source) -> Path:
    # Environments that share a cache each have the default model's files in a place of their own.
    made_of = f"{source.name}\0{source.folder or ''}"
    key = hashlib.blake2b(made_of.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    return models / "names" / f"{key}.json"
