"""The vectors in the folder of an index: to open, check, delete and replace them.

The module is a `VectorPlaces`. The other packages use Chroma only by these functions. Another
embedded vector store takes its place here. `chroma_server.ServerVectors` does the same on a server.
PostgreSQL keeps vectors in the database of the catalog, and needs none of this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from askdoc.store import chroma_files

if TYPE_CHECKING:
    from pathlib import Path

    from askdoc.types.ports import VectorStore

VECTORS_FOLDER = "chroma"
"""The folder, inside that of the index, with the vectors."""


def open_to_read(index: Path) -> VectorStore:
    """Open the vectors of the index in `index`.

    Raises:
        IndexCorrupt: there are none, or they are damaged.

    """
    from askdoc.store.chroma import ChromaStore

    return ChromaStore(index / VECTORS_FOLDER)


def open_to_write(index: Path) -> VectorStore:
    """Open the vectors of the index in `index` to change them; they are created if missing."""
    from askdoc.store.chroma_writer import ChromaWriter

    return ChromaWriter(index / VECTORS_FOLDER, starts_here=not exist(index))


def exist(index: Path) -> bool:
    """Tell whether there are vectors, in any state."""
    return chroma_files.has_database(index / VECTORS_FOLDER)


def are_intact(index: Path) -> bool:
    """Tell whether there are vectors without known damage."""
    return chroma_files.is_intact(index / VECTORS_FOLDER)


def discard(index: Path) -> None:
    """Delete the vectors; no process may have them open.

    Raises:
        StoreError: the folder has another program's files.

    """
    chroma_files.discard(index / VECTORS_FOLDER)


def replace(index: Path, new: Path) -> None:
    """Replace the vectors of the index in `index` by those of the one in `new`.

    Raises:
        StoreError: the folder has another program's files.

    """
    discard(index)
    (new / VECTORS_FOLDER).replace(index / VECTORS_FOLDER)
