"""Reads one file: opens it, computes its digest, and lets its reader return the text in parts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from io import BufferedReader
from pathlib import PurePath
from typing import BinaryIO, Protocol, runtime_checkable

from askdoc.errors import AskdocError, ReadError
from askdoc.index.sources import Read, Readout
from askdoc.system.safe_open import opened, too_large
from askdoc.text.chunking import windows
from askdoc.types import Found, Reading
from askdoc.types.ports import Reader

LONG = 4_000_000
"""A file of more bytes is read in parts, if its reader supports that."""


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

    def parts(self) -> Iterator[Reading]:
        """Yield the text of the file, part after part.

        A small file can hold the text of a huge one, packed. Of that, as many characters are kept
        as a file may have bytes.

        Raises:
            ReadError: it cannot be opened, or its reader cannot read it.
            MissingPart: the reader needs a package that is not installed.

        """
        with opened(self.found, self._most) as file:
            reader = self._load()
            try:
                yield from _shortened(self._read(file, reader), self._most)
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


def _shortened(parts: Iterator[Reading], most: int) -> Iterator[Reading]:
    """Yield parts up to so many characters, and say where that is not all."""
    waiting: Reading | None = None
    for part in parts:
        if waiting is not None:
            if part.origin >= most:
                told = f"only the first {waiting.end:,} characters are indexed"
                waiting = replace(waiting, warnings=(*waiting.warnings, told))
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
