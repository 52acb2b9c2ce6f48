"""Which document a file is, by its content: the one it was, a copy of another, or a new one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import count
from pathlib import PurePosixPath
from typing import Protocol

from askdoc.index.embed import document_id
from askdoc.types import Found, Known


class Contents(Protocol):
    """What recognising asks of the catalog."""

    def with_content(self, content_hash: str) -> list[Known]:
        """List the places of the documents whose file has that content."""

    def has_parts(self, location: str) -> bool:
        """Tell whether documents are part of the file at a location, or lie below it."""

    def is_taken(self, document_id: str) -> bool:
        """Tell whether a document has that id."""


class Recogniser:
    """Compares files with what is indexed; `waiting` has the ids of what is on its way in."""

    def __init__(self, catalog: Contents, waiting: Collection[str]) -> None:
        self._catalog = catalog
        self._waiting = waiting

    def twin(self, found: Found, digest: str) -> str | None:
        """Name a document whose file has that content and is read in the same way."""
        for known in self._catalog.with_content(digest):
            if (
                known.id not in self._waiting
                and suffix(known.location) == suffix(found.location)
                and not self._catalog.has_parts(known.location)
            ):
                return known.id
        return None

    def identify(self, location: str, digest: str, former: Known | None) -> tuple[str, str | None]:
        """Choose the id for what is read at a location, and name a document that may be alike.

        The id stays with the document, unless other files still have what it was.
        """
        if former is not None:
            places = self._catalog.with_content(former.content_hash)
            shared = sum(one.id == former.id for one in places) > 1
            if former.content_hash == digest or not shared:
                return former.id, None
            like: str | None = former.id
        else:
            like = next((one.id for one in self._catalog.with_content(digest)), None)
        numbers = count(1)
        key = document_id(location)
        while self._catalog.is_taken(key) or key in self._waiting:
            key = document_id(location, next(numbers))
        return key, like


def suffix(location: str) -> str:
    """Return what decides how a file is read, besides its content."""
    return PurePosixPath(location).suffix.lower()


def pair(gone: Iterable[Known], came: Mapping[str, str]) -> list[tuple[str, str]]:
    """Tell a file that was renamed from one that went and one that came.

    `came` maps the locations that are new to the ids of the documents that have them.
    """
    arrived: dict[str, list[str]] = {}
    for location, key in came.items():
        arrived.setdefault(key, []).append(location)
    return [(item.location, arrived[item.id].pop(0)) for item in gone if arrived.get(item.id)]
