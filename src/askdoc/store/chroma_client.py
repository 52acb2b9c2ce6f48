"""How Chroma is opened, and what its errors mean."""

from __future__ import annotations

import shutil
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from askdoc.errors import DiskFull, EmbedderMismatch, IndexCorrupt, StoreError
from askdoc.store import vectors_files
from askdoc.store.vectors_import import importing, without_environment

if TYPE_CHECKING:
    from chromadb.api.client import Client

_API = "chromadb.api.rust"
"""The module that Chroma would import by its name once it is opened."""

REPAIR = "run `askdoc doctor --repair` to make the vectors anew from the stored text"


def translated(error: BaseException, doing: str, folder: Path) -> StoreError:
    """Name the error of ours that says what `error`, raised by Chroma, means."""
    text = " ".join(str(error).split())
    if "disk is full" in text or "No space left" in text or _is_full(folder):
        return full(folder)
    if "expecting embedding with dimension" in text:
        message = f"the vectors in `{folder}` come from another embedder: {text}"
        return EmbedderMismatch(message, hint="run `askdoc index --rebuild`")
    if not vectors_files.can_write(folder):
        message = f"the vectors in `{folder}` cannot be written to, and Chroma needs that to read"
        return StoreError(message, hint="allow it, or copy the index to a folder of your own")
    if isinstance(error, OSError):
        return StoreError(f"cannot use the vectors in `{folder}`: {text}")
    return IndexCorrupt(f"chromadb failed while {doing} in `{folder}`: {text}", hint=REPAIR)


def full(folder: Path) -> DiskFull:
    """Return the error for a disk without room."""
    return DiskFull(f"no room left on the disk of `{folder}`", hint="free some and run again")


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < 1 << 16
    except OSError:
        return False


def client(folder: Path) -> Client:
    """Open Chroma on `folder` with nothing taken from `.env` or the environment, and no telemetry.

    Loading Chroma takes half a second, which a run that needs no vectors need not pay.
    """
    try:
        with importing():
            from chromadb.api.client import Client
            from chromadb.config import Settings

            import_module(_API)
    except (ImportError, RuntimeError, ValueError) as error:
        message = f"chromadb cannot be loaded: {' '.join(str(error).split())}"
        hint = "it reads a file `.env` in the current folder; if there is one, mend it"
        raise StoreError(message, hint=hint) from error
    with without_environment():
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # pydantic-settings takes it, untyped
            anonymized_telemetry=False,
            chroma_api_impl=f"{_API}.RustBindingsAPI",
            chroma_otel_collection_endpoint="",
            chroma_otel_granularity=None,
            is_persistent=True,
            persist_directory=str(folder),
        )
    try:
        return Client(settings=settings)
    except BaseException:
        # Chroma keeps what it failed to open, and would hand it out at the next try.
        Client._identifier_to_system.pop(str(folder), None)  # noqa: SLF001
        raise
