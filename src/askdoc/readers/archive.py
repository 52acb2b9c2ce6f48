"""Reads ZIP archives; each file in one becomes a document."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import PurePosixPath

from askdoc.readers.attachments import ContainerReader
from askdoc.readers.composer import Composer
from askdoc.readers.package import Package
from askdoc.readers.refusal import wordless
from askdoc.types import UNSTRUCTURED, Part, Reading, Unread

_MOST_UNPACKED = 100_000_000
"""Most bytes of an archive, since all of its files are in memory at once."""


class ZipReader(ContainerReader):
    """Reads the files in an archive by their own readers; the archive itself lists their names.

    The list is there to be shown; no sentence of it can be found or cited.
    """

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is broken, encrypted, too large when unpacked, or empty.

        """
        package = Package(data, name, most=_MOST_UNPACKED)
        composer = Composer()
        parts: list[Part] = []
        for member, content in package.files():
            if _is_hidden(member):
                digest = hashlib.sha256(content).hexdigest()
                parts.append(Part(member, digest, Unread("hidden", "it is hidden", None)))
                continue
            composer.row(member)
            parts.append(self._within.read(content, member))
        if not composer:
            raise wordless(name)
        return replace(composer.reading(parts=parts), blocks=(), structure=UNSTRUCTURED)


def _is_hidden(member: str) -> bool:
    """Tell whether a name is hidden, as in a folder."""
    steps = (step for step in PurePosixPath(member).parts if step != "..")
    return any(step.startswith((".", "__MACOSX")) for step in steps)
