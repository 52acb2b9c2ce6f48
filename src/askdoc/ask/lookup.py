"""Finding documents by the names that people type."""

from __future__ import annotations

import difflib
import fnmatch
import os
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from askdoc.errors import UsageError
from askdoc.types import Document

_PLACE = re.compile(
    r"^(?P<name>.+):(?P<first>[1-9]\d{0,8})(?:-(?P<last>[1-9]\d{0,8}))?$", re.DOTALL
)
_SHOWN = 5
_CLOSE = 0.7
"""Similarity from which a name is suggested."""
_STEMS = 20


def match(name: str, documents: Sequence[Document], base: Path) -> list[Document]:
    """List the documents that `name` means, by the first rule that matches any.

    Rules: path in the source, location in the workspace, or file relative to `base`; a folder of
    these; a glob over path or location; the end of a path; path or location with other case or
    Unicode normalisation. A document with copies is listed once per matching place.
    """
    if not name:
        return []
    places = list(_everywhere(documents))
    file = os.path.normpath(base / name)
    folder = name.rstrip("/") + "/"
    readings = (
        lambda item: (
            name in (item.path, item.location, item.within)
            or item.path.removesuffix(item.inside) == name
            or item.file == file
        ),
        lambda item: (
            item.path.startswith(folder)
            or item.location.startswith(folder)
            or item.file.startswith(file + os.sep)
        ),
        lambda item: fnmatch.fnmatch(item.path, name) or fnmatch.fnmatch(item.location, name),
        lambda item: item.path.endswith("/" + name),
        lambda item: _folded(name) in (_folded(item.path), _folded(item.location)),
    )
    for reading in readings:
        if found := [item for item in places if reading(item)]:
            return found
    return []


def match_all(names: Sequence[str], documents: Sequence[Document], base: Path) -> list[Document]:
    """List every document that any of `names` means, once per place.

    Raises:
        UsageError: a name means no document.
    """
    found: dict[str, Document] = {}
    for name in names:
        matched = match(name, documents, base)
        if not matched:
            raise _unknown(name, documents)
        found |= {item.location: item for item in matched}
    return list(found.values())


def one(name: str, documents: Sequence[Document], base: Path) -> Document:
    """Return the document that `name` means.

    Raises:
        UsageError: there is none, or several.
    """
    found = match(name, documents, base)
    if not found:
        raise _unknown(name, documents)
    wholes = [item for item in found if item.within is None]
    if len(wholes) == 1 and all(
        item.within == wholes[0].location for item in found if item is not wholes[0]
    ):
        return wholes[0]  # the others are parts of it
    if len({item.id for item in found}) > 1:
        message = f"`{name}` means {len(found)} documents"
        names = ", ".join(f"`{item.location}`" for item in found[:_SHOWN])
        more = ", …" if len(found) > _SHOWN else ""
        raise UsageError(message, hint=f"name one of them: {names}{more}")
    return found[0]


def fitting(pattern: str, names: Mapping[str, Sequence[str]]) -> list[str]:
    """List the documents that match `pattern`, by the first rule that matches any.

    Rules: the exact name, a folder, a glob.
    """
    plain = pattern.removeprefix("./")
    folder = plain.rstrip("/") + "/"
    readings: tuple[Callable[[str], bool], ...] = (
        lambda name: name in (pattern, plain),
        lambda name: name.startswith(folder),
        lambda name: fnmatch.fnmatch(name, plain),
    )
    for fits in readings:
        if found := [key for key, own in names.items() if any(map(fits, own))]:
            return found
    return []


def none_fits(patterns: Sequence[str]) -> UsageError:
    """Return the error that no document matches any of `patterns`."""
    named = ", ".join(f"`{pattern}`" for pattern in patterns)
    message = f"no indexed document matches {named}"
    return UsageError(message, hint="see what is indexed: `askdoc status --documents`")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _everywhere(documents: Iterable[Document]) -> Iterator[Document]:
    for document in documents:
        yield document
        for copy in document.copies:
            yield replace(
                document,
                location=copy.location,
                path=copy.path,
                source=copy.source,
                file=copy.file,
                within=copy.within,
                copies=(),
            )


def split_place(target: str) -> tuple[str, tuple[int, int] | None]:
    """Split `NAME:LINE` or `NAME:FIRST-LAST` into name and lines; without lines, they are None."""
    found = _PLACE.match(target)
    if found is None:
        return target, None
    first = int(found["first"])
    last = int(found["last"] or first)
    return found["name"], (min(first, last), max(first, last))


def _unknown(name: str, documents: Sequence[Document]) -> UsageError:
    message = f"no indexed document is called `{name}`"
    known = {name for item in documents for name in item.names}
    near = difflib.get_close_matches(name, _alike(name, known), n=1, cutoff=0)
    hint = (
        f"did you mean `{near[0]}`?" if near else "see what is indexed: `askdoc status --documents`"
    )
    return UsageError(message, hint=hint)


def _alike(name: str, known: Iterable[str]) -> list[str]:
    """List names similar to `name` without regard to suffixes."""
    by_stem: dict[str, list[str]] = {}
    for other in sorted(known):
        by_stem.setdefault(_stem(other), []).append(other)
    near = difflib.get_close_matches(_stem(name), by_stem, n=_STEMS, cutoff=_CLOSE)
    return [other for stem in near for other in by_stem[stem]]


def _stem(name: str) -> str:
    return _folded(PurePosixPath(name).stem)
