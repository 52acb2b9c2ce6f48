"""Read ZIP archives: what is in one is a document of its own each."""

from __future__ import annotations

from pathlib import PurePosixPath

from askdoc.adapters.readers import is_readable
from askdoc.adapters.readers.composing import Composer
from askdoc.adapters.readers.refusing import wordless
from askdoc.adapters.readers.unpacking import Package
from askdoc.adapters.readers.within import HoldingReader
from askdoc.types import Part, Reading

_MOST_UNPACKED = 100_000_000
"""Bytes of an archive whose files are all in memory at once."""


class ZipReader(HoldingReader):
    """Reads the files in an archive by their own readers; the archive itself lists their names."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is broken, encrypted, too large when unpacked, or empty.

        """
        package = Package(data, name, most=_MOST_UNPACKED)
        composer = Composer()
        parts: list[Part] = []
        for member in package.names():
            if _is_left_out(member):
                continue
            composer.row(member)
            if is_readable(member) and (content := package.read(member)):
                parts.append(self._within.read(content, member))
        if not composer:
            raise wordless(name)
        return composer.reading(parts=parts)


def _is_left_out(member: str) -> bool:
    """Tell whether a name is that of a folder, or one that is passed over in folders too."""
    steps = PurePosixPath(member).parts
    return member.endswith("/") or any(step.startswith((".", "__MACOSX")) for step in steps)
