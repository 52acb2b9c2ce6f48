"""Stores fetched pages as files next to the index, so that a later run need not fetch them again.

Each page has a folder named by a hash of its address, with the page and a note of its validators.
Everything can be fetched again, so a damaged folder counts as missing.
"""

from __future__ import annotations

import filecmp
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from askdoc.addresses import name_in
from askdoc.errors import ReadError
from askdoc.readers import is_readable
from askdoc.web.fetch import Answer, Validators
from askdoc.web.kinds import ending_for, in_utf8

_NOTE = "about.json"
_NOT_IN_NAMES = re.compile(r"[^\w-]+")
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A stored page: `address` is the requested address, `source` the source that it belongs to."""

    address: str
    source: str
    file: Path
    validators: Validators

    @property
    def is_markup(self) -> bool:
        """Tell whether it may have links."""
        return self.file.suffix in (".html", ".xhtml")

    @property
    def is_xml(self) -> bool:
        """Tell whether it may be a sitemap."""
        return self.file.suffix in (".xml", ".gz")


class Mirror:
    """The pages in a folder, which is created with the first page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def page(self, address: str) -> StoredPage | None:
        """Return the stored page of an address."""
        return self._read(self._place(address))

    def of(self, source: str) -> list[StoredPage]:
        """List the stored pages of a source, by address."""
        if not self._folder.is_dir():
            return []
        found = (self._read(place) for place in self._folder.iterdir() if place.is_dir())
        return sorted(
            (page for page in found if page and page.source == source),
            key=lambda page: page.address,
        )

    def drop(self, page: StoredPage) -> None:
        """Delete a page."""
        shutil.rmtree(self._place(page.address), ignore_errors=True)

    @contextmanager
    def incoming(self) -> Iterator[IO[bytes]]:
        """Open a temporary file for a page; it is deleted at the end unless `keep` has moved it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self._folder, prefix="new-", delete=False) as file:
            try:
                yield file
            finally:
                Path(file.name).unlink(missing_ok=True)

    def keep(self, address: str, source: str, answer: Answer, file: IO[bytes]) -> StoredPage:
        """Store a fetched page; with unchanged content the file stays the same.

        Raises:
            ReadError: no reader reads this type.

        """
        file.flush()
        came = Path(file.name)
        ending = ending_for(answer.type, answer.at) or _sitemap_ending(came)
        if ending is None:
            message = f"the server sends `{answer.type}`, which nothing reads"
            raise ReadError(message, code="unsupported")
        if answer.charset:
            data = came.read_bytes()
            written = in_utf8(data, ending, answer.charset)
            if written is not data:
                came.write_bytes(written)
        place = self._place(address)
        place.mkdir(exist_ok=True)
        target = place / f"{_file_name(answer.at)}.{ending}"
        if not (target.is_file() and filecmp.cmp(came, target, shallow=False)):
            came.replace(target)
        for other in place.iterdir():
            if other.name not in (target.name, _NOTE):
                other.unlink()
        page = StoredPage(
            address, source, target, Validators(answer.at, answer.etag, answer.modified)
        )
        self._note(page)
        return page

    def belongs_to(self, page: StoredPage, source: str) -> StoredPage:
        """Record that a page now belongs to another source."""
        if page.source == source:
            return page
        moved = StoredPage(page.address, source, page.file, page.validators)
        self._note(moved)
        return moved

    def _note(self, page: StoredPage) -> None:
        validators = page.validators
        note = {
            "address": page.address,
            "source": page.source,
            "file": page.file.name,
            "at": validators.at,
            "etag": validators.etag,
            "modified": validators.modified,
        }
        draft = page.file.parent / f"{_NOTE}.part"
        draft.write_text(json.dumps(note), encoding="utf-8")
        draft.replace(page.file.parent / _NOTE)

    def _read(self, place: Path) -> StoredPage | None:
        try:
            note = json.loads((place / _NOTE).read_text(encoding="utf-8"))
            address, source, at = (str(note[key]) for key in ("address", "source", "at"))
            validators = [note[key] and str(note[key]) for key in ("etag", "modified")]
            file = place / str(note["file"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        # The folder may come from an untrusted index, so its note must not name files outside of
        # it.
        if self._place(address) != place or file.parent != place or file.is_symlink():
            return None
        if not file.is_file() or not (is_readable(file.name) or file.suffix == ".gz"):
            return None
        return StoredPage(address, source, file, Validators(at, *validators))

    def _place(self, address: str) -> Path:
        name = hashlib.blake2b(address.encode("utf-8", "surrogatepass"), digest_size=12)
        return self._folder / name.hexdigest()


def _file_name(address: str) -> str:
    """Derive a file name from an address, for messages."""
    name = name_in(address).rpartition(".")[0] or name_in(address)
    return _NOT_IN_NAMES.sub("-", name).strip("-")[:_LONGEST_NAME] or "index"


def _sitemap_ending(file: Path) -> str | None:
    """Return the suffix of a gzipped sitemap."""
    with file.open("rb") as opened:
        return "gz" if opened.read(2) == b"\x1f\x8b" else None
