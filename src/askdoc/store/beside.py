"""The folder in which an index is made anew, within that of the index that it is to replace."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from askdoc.store import schema, vectors_files

_FOLDER = "rebuilding"


def folder_of(index: Path) -> Path:
    """Name the folder for the new index."""
    return index / _FOLDER


def is_begun(index: Path) -> bool:
    """Tell whether there is a new index, be it complete or not."""
    return (folder_of(index) / schema.FILE_NAME).is_file()


def take_over(index: Path, vectors: str, *, has_passages: bool) -> None:
    """Put the new index in place of the other; nobody may write to either.

    `vectors` is the name of the folder of the vectors in both. A broken one can be called again.

    Raises:
        StoreError: another program's files lie there.

    """
    made = folder_of(index)
    if vectors_files.has_database(made / vectors):
        vectors_files.discard(index / vectors)
        (made / vectors).replace(index / vectors)
    elif not has_passages:  # else they are in their place already
        vectors_files.discard(index / vectors)
    schema.replace(index, made)


def discard(index: Path, vectors: str) -> None:
    """Delete what is there of a new index."""
    made = folder_of(index)
    schema.discard(made)
    vectors_files.discard(made / vectors)
    with suppress(OSError):
        made.rmdir()
