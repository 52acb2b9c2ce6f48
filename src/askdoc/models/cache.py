"""Keeps models that are compiled on their first use, in the user's cache.

`ASKDOC_CACHE_DIR` moves that cache:

    models/<kind>/<key>/        one compiled model, complete in itself
    models/<kind>/<key>.lock    held by the process that makes it

The key is a hash of the model's name and, for a model in a folder, of the names, sizes and times of
its files: once a model is compiled, neither torch nor the hub's library is imported.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from askdoc.addresses import expanded
from askdoc.errors import ModelError
from askdoc.models import sources
from askdoc.models.sources import Source
from askdoc.types import CompileStage, Compiling
from askdoc.types.ports import Listener

CACHE_VARIABLE = "ASKDOC_CACHE_DIR"

FORMAT = 3
"""Raise this when models are compiled differently: a cached model of another format is compiled
again."""

_PATIENCE = 1800  # seconds to wait for another process that compiles the same model

Model = TypeVar("Model")


def cache_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of compiled models: `ASKDOC_CACHE_DIR`, else the user's cache folder."""
    if chosen := environment.get(CACHE_VARIABLE):
        return expanded(chosen).absolute()
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("askdoc", appauthor=False))


def cached(
    source: Source,
    cache: Path,
    *,
    load: Callable[[Path], Model],
    make: Callable[[Path, Path], None],
    fetch: Callable[[], Path],
    listen: Listener,
    check: Callable[[str], None] = sources.need_sentence_transformers,
) -> Model:
    """Load a compiled model from the folder `cache`; `make` compiles it on its first use.

    `check` raises where a library is missing that compiling needs. `fetch` returns the folder of
    the original model. `make(original, empty_folder)` writes the
    compiled one. A damaged model in the cache is compiled again.

    Raises:
        ModelError: the model cannot be fetched, compiled or kept.

    """
    key = f"{FORMAT}\0{source.name}\0{sources.signature(source)}"
    digest = hashlib.blake2b(key.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
    home = cache / digest
    with suppress(ModelError):
        return load(home)
    check(source.name)
    folder = fetch()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _alone(home, source, listen):
            with suppress(ModelError):  # compiled by another process meanwhile
                return load(home)
            listen(Compiling(source.name, CompileStage.LOAD))
            _replace(home, lambda work: make(folder, work))
    except OSError as error:
        message = f"the model `{source.name}` cannot be kept in `{cache}`: "
        message += error.strerror or str(error)
        hint = f"make room there, or set `{CACHE_VARIABLE}` to another folder"
        raise ModelError(message, hint=hint) from error
    return load(home)


def _replace(home: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a draft folder, then rename it to `home`.

    A reader never sees half a model.
    """
    work = home.with_name(f"{home.name}.work")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    try:
        write(work)
        shutil.rmtree(home, ignore_errors=True)
        work.rename(home)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _alone(home: Path, source: Source, listen: Listener) -> Iterator[None]:
    """Keep other processes from compiling the same model; the lock ends with its process."""
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
