"""Readers, one module per format; which reads what is declared by entry point.

Each suffix is an entry of the group `askdoc.readers` that names a class implementing
`askdoc.ports.Reader`. Another package adds a format the same way. Nothing is imported before a file
asks for it.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from askdoc.errors import ReadError
from askdoc.ports import Reader

_GROUP = "askdoc.readers"
_WITHOUT_SUFFIX = "txt"
"""Files such as `README` and `Makefile` are text; a binary one is found out when it is read."""


def suffix_of(name: str) -> str:
    """Return what decides how a file is read: its last suffix in lower case, without the dot."""
    suffix = os.path.splitext(name)[1]  # noqa: PTH122 - asked of every file of a folder
    return suffix.lower().removeprefix(".") or _WITHOUT_SUFFIX


def suffixes() -> list[str]:
    """List every suffix that something installed reads, in order."""
    return sorted(_offered())


def is_readable(name: str) -> bool:
    """Tell whether something installed reads files of that name."""
    return suffix_of(name) in _offered()


def reader_for(name: str) -> Reader:
    """Return what reads a file of that name; nothing else is imported.

    Raises:
        ReadError: nothing installed reads such files.

    """
    entry = _offered().get(suffix_of(name))
    if entry is None:
        message = f"no reader for `.{suffix_of(name)}` files"
        raise ReadError(message, code="unsupported", hint=f"askdoc reads {', '.join(suffixes())}")
    return _load(entry)


@cache
def _offered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=_GROUP)}


@cache
def _load(entry: EntryPoint) -> Reader:
    return cast("Reader", entry.load()())
