"""Reads one file: opens it, computes its digest, and lets its reader return the text in parts.

The documents inside a file, such as attachments, come before its own text, each in parts, too. So
whoever takes the parts has one of them in memory at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from io import BufferedReader
from pathlib import PurePath, PurePosixPath
from typing import BinaryIO, Protocol, runtime_checkable

from askdoc.errors import AskdocError, ReadError
from askdoc.index.sources import Read, Readout
from askdoc.system.limits import TOO_LARGE, over
from askdoc.system.safe_open import opened, too_large
from askdoc.text.chunking import windows
from askdoc.types import Found, Part, Reading, Unread
from askdoc.types.ports import Reader

LONG = 4_000_000
"""A file of more bytes is read in parts, if its reader supports that."""


_APART = Unread("apart", "it is a document of its own")
"""The outcome of a document that was yielded before the file that contains it."""


@runtime_checkable
class _Streaming(Protocol):
    def stream(self, file: BinaryIO, *, name: str) -> Iterator[Reading] | None: ...


class FileReading:
    """Reads a file in this process; `content_hash` is known after the last part."""

    def __init__(self, found: Found, most: int, load: Callable[[], Reader]) -> None:
        self.found = found
        self.content_hash = ""
        self._most = most
        self._load = load

    def parts(self) -> Iterator[Reading | Part]:
        """Yield the documents inside the file, then its own text, part after part.

        A `Part` has the first part of a document inside, and the readings after it are the rest.

        A small file can hold the text of a huge one, packed. Of that, as many characters are kept
        as a file may have bytes; the same holds for all documents inside together.

        Raises:
            ReadError: it cannot be opened, or its reader cannot read it.
            MissingPart: the reader needs a package that is not installed.

        """
        with opened(self.found, self._most) as file:
            reader = self._load()
            try:
                for part in _shortened(self._read(file, reader), self._most):
                    yield from _inside(part.parts, PurePath(self.found.file).name, self._most)
                    yield _without_parts(part)
            except (AskdocError, MemoryError, GeneratorExit, OSError):
                raise
            except Exception as error:  # a broken file can make a library raise any error
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                message = f"reading it failed ({reason[:200]})"
                raise ReadError(message, code="failed") from error

    def _read(self, file: BufferedReader, reader: Reader) -> Iterator[Reading]:
        name = PurePath(self.found.file).name
        if self.found.size > LONG and isinstance(reader, _Streaming):
            self.content_hash = hashlib.file_digest(file, "sha256").hexdigest()
            file.seek(0)
            parts = reader.stream(file, name=name)
            if parts is not None:
                for part in parts:
                    yield from windows(part)
                return
            file.seek(0)
        data = file.read(self._most + 1)
        if len(data) > self._most:  # the file has grown
            raise too_large(self.found.location, len(data), self._most)
        self.content_hash = hashlib.sha256(data).hexdigest()
        reading = reader.read(data, name=name)
        del data
        yield from windows(reading)


def _inside(parts: Sequence[Part], name: str, most: int) -> Iterator[Reading | Part]:
    """Yield the documents inside file `name`, in parts, up to `most` characters in all."""
    taken = 0
    for part in flattened(parts):
        outcome = part.outcome
        if isinstance(outcome, Unread):
            yield part
            continue
        taken += len(outcome.text)
        if taken > most:
            reason = f"the files in `{name}` have too much text together, {over(most)}"
            hint = "unpack them, then index the folder"
            yield replace(part, outcome=Unread(TOO_LARGE, reason, hint))
            continue
        first, *rest = map(_without_parts, windows(outcome))
        yield replace(part, outcome=first)
        yield from rest


def _without_parts(reading: Reading) -> Reading:
    """Return a reading that names its parts, but does not contain them."""
    if not reading.parts:
        return reading
    return replace(reading, parts=tuple(replace(part, outcome=_APART) for part in reading.parts))


def flattened(parts: Iterable[Part], below: str = "") -> Iterator[Part]:
    """Yield parts and the parts in them, by their path in the file.

    Parts with the same name get a number.
    """
    taken: set[str] = set()
    for part in parts:
        name = _free(_inner(part.name), taken)
        taken.add(name)
        yield replace(part, name=below + name)
        if isinstance(part.outcome, Reading):
            yield from flattened(part.outcome.parts, f"{below}{name}/")


def _inner(name: str) -> str:
    """Return a name without parts such as `..` that lead upwards."""
    steps = name.replace("\\", "/").split("/")
    return "/".join(step for step in steps if step not in ("", ".", "..")) or "part"


def _free(name: str, taken: set[str]) -> str:
    path = PurePosixPath(name)
    number = 2
    while name in taken:
        name = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        number += 1
    return name


def _shortened(parts: Iterator[Reading], most: int) -> Iterator[Reading]:
    """Yield parts up to so many characters, and say where that is not all."""
    waiting: Reading | None = None
    for part in parts:
        if waiting is not None:
            if part.origin >= most:
                note = f"only the first {waiting.end:,} characters are indexed"
                waiting = replace(waiting, warnings=(*waiting.warnings, note))
                break
            yield waiting
        waiting = part
    if waiting is not None:
        yield waiting


def in_line(most: int, reader_for: Callable[[str], Reader]) -> Read:
    """Return a function that reads files one by one in this process, limited only to `most` bytes.

    It serves to debug a reader, and systems where no process can be started.
    """

    @contextmanager
    def read(items: Iterable[Found]) -> Iterator[Iterator[Readout | None]]:
        yield (FileReading(found, most, partial(reader_for, found.file)) for found in items)

    return read
