"""Reads the parts of a file, such as attachments, as documents, each by its own reader."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod

from askdoc.errors import MissingPart, ReadError
from askdoc.readers import reader_for
from askdoc.system.safe_open import too_large
from askdoc.types import Part, Reading, ReadOptions, Unread

MOST_DEEP = 4
"""Most levels of nesting."""

_NO_OPTIONS = ReadOptions()


class Within:
    """Reads parts of parts; `depth` counts the levels so far."""

    def __init__(self, options: ReadOptions, depth: int = 0) -> None:
        self._options = options
        self._depth = depth

    def read(self, data: bytes, name: str) -> Part:
        """Read a part called `name`; a part that cannot be read becomes a skip with the reason."""
        content_hash = hashlib.sha256(data).hexdigest()
        if self._depth >= MOST_DEEP:
            reason = "it is in a file in a file in a file, and so on"
            return Part(name, content_hash, Unread("too_deep", reason, "unpack it by hand"))
        most = self._options.most_within
        if most is not None and len(data) > most:
            error = too_large(name, len(data), most)
            hint = "raise the setting `max_file_mb`"
            return Part(name, content_hash, Unread(error.code, str(error), hint))
        try:
            found = reader_for(name, self._options)
            deeper = self._depth + 1
            reader = found.below(deeper) if isinstance(found, ContainerReader) else found
            return Part(name, content_hash, reader.read(data, name=name.rpartition("/")[2]))
        except ReadError as error:
            return Part(name, content_hash, Unread(error.code, str(error), error.hint))
        except MissingPart as error:
            return Part(name, content_hash, Unread("missing_part", str(error), error.hint))


class ContainerReader(ABC):
    """A reader of files with parts; it passes options on to their readers."""

    def __init__(self, options: ReadOptions = _NO_OPTIONS, depth: int = 0) -> None:
        self._options = options
        self._within = Within(options, depth)

    def with_options(self, options: ReadOptions) -> ContainerReader:
        """Return a reader that passes on `options`."""
        return type(self)(options)

    @abstractmethod
    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`."""

    def below(self, depth: int) -> ContainerReader:
        """Return a reader for a file at this level of nesting."""
        return type(self)(self._options, depth)
