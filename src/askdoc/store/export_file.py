"""The one file that an exported index is: a ZIP archive of a few members with their checksums.

Members have fixed names and are read by these alone, so nothing in an archive says where anything
is written. A manifest holds size and SHA-256 of each; the archive's comment holds that of the
manifest, and so of the whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from askdoc.errors import BadExport, DiskFull, IndexTooNew, UsageError

CATALOG, IDS, VECTORS = "catalog.sqlite", "vectors.ids", "vectors.f32"
MEMBERS = (CATALOG, IDS, VECTORS)

_MANIFEST = "manifest.json"
_FORMAT = "askdoc.export"
_VERSION = 1
_BLOCK = 1 << 20
_MOST_MANIFEST = 1 << 20
_MOST_RATIO = 200
_SMALL = 1 << 24
"""Bytes that a member may unpack to however small it is packed; above, the ratio counts."""

_HEADROOM = 1 << 26
_MARK = "sha256:"
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, KeyError, NotImplementedError)

Progress = Callable[[int, int], None]
"""Hears how many bytes are done, of how many."""


def write(
    target: Path, folder: Path, about: Mapping[str, Any], *, force: bool, progress: Progress
) -> None:
    """Pack the members that lie in `folder` into `target`, which appears when it is complete.

    Raises:
        UsageError: there is a file already, and no `force`.

    """
    expect_free(target, force=force)
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if not _pack(draft, folder, about, deflated=(CATALOG, IDS), progress=progress):
            _pack(draft, folder, about, deflated=(), progress=progress)
        with opened(draft) as written:
            written.expect_whole()
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _pack(
    draft: Path,
    folder: Path,
    about: Mapping[str, Any],
    *,
    deflated: Sequence[str],
    progress: Progress,
) -> bool:
    """Write the archive; tell whether nothing in it packs so well that it looks like a bomb.

    Vectors hardly pack, and the text of the catalog is packed within it.
    """
    sizes = {name: (folder / name).stat().st_size for name in MEMBERS}
    done = 0
    with zipfile.ZipFile(draft, "w") as archive:
        members = []
        for name in MEMBERS:
            digest = hashlib.sha256()
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED if name in deflated else zipfile.ZIP_STORED
            with (
                (folder / name).open("rb") as source,
                archive.open(info, "w", force_zip64=True) as packed,
            ):
                while block := source.read(_BLOCK):
                    digest.update(block)
                    packed.write(block)
                    done += len(block)
                    progress(done, sum(sizes.values()))
            members.append({"name": name, "size": sizes[name], "sha256": digest.hexdigest()})
        manifest = json.dumps(
            {"format": _FORMAT, "version": _VERSION, **about, "members": members}, indent=1
        ).encode()
        archive.writestr(_MANIFEST, manifest)
        archive.comment = f"{_MARK}{hashlib.sha256(manifest).hexdigest()}".encode()
        return not any(_is_bomb(member) for member in archive.infolist())


def _is_bomb(member: zipfile.ZipInfo) -> bool:
    return member.file_size > max(_SMALL, member.compress_size * _MOST_RATIO)


def expect_free(target: Path, *, force: bool) -> None:
    """Go on where a file may be made.

    Raises:
        UsageError: there is one already, and no `force`; or there is no folder for it.

    """
    if target.is_dir() or (target.exists() and not force):
        message = f"there is `{target}` already"
        raise UsageError(message, hint="name another file, or replace it: `--force`")
    if not target.parent.is_dir():
        message = f"there is no folder `{target.parent}`"
        raise UsageError(message, hint="make it, or name a file in another folder")


class ExportFile:
    """An exported index, open to be read; nothing of it is believed that was not compared."""

    def __init__(self, archive: zipfile.ZipFile, file: Path) -> None:
        self._archive = archive
        self._file = file
        self.about = self._manifest()

    def unpack(self, folder: Path, progress: Progress) -> None:
        """Write the members into `folder`, each bounded by the size it is said to have.

        Raises:
            BadExport: a member is not what the manifest says.
            DiskFull: there is no room for them.

        """
        total = sum(size for size, _ in self._members.values())
        if shutil.disk_usage(folder).free < total + _HEADROOM:
            message = f"no room for {total / 1e6:,.0f} MB in `{folder}`"
            raise DiskFull(message, hint="free some and run again")
        done = 0
        for name, (size, digest) in self._members.items():
            made = hashlib.sha256()
            written = 0
            with (
                self._translating(),
                self._archive.open(name) as packed,
                (folder / name).open("wb") as out,
            ):
                while written <= size and (block := packed.read(_BLOCK)):
                    made.update(block)
                    out.write(block)
                    written += len(block)
                    done += len(block)
                    progress(done, total)
            if written != size or made.hexdigest() != digest:
                message = f"`{name}` in it is not what was packed"
                raise self.damaged(message)

    def expect_whole(self) -> None:
        """Read all of it once.

        Raises:
            BadExport: a checksum does not hold.

        """
        with self._translating():
            bad = self._archive.testzip()
        if bad is not None:
            message = f"`{bad}` in it is not what was packed"
            raise self.damaged(message)

    def damaged(self, reason: str) -> BadExport:
        """Return the error that says what is wrong with the file."""
        return damaged(self._file, reason)

    def _manifest(self) -> dict[str, Any]:
        members = self._archive.infolist()
        names = [member.filename for member in members]
        if sorted(names) != sorted((*MEMBERS, _MANIFEST)):
            message = "it holds something else than an index"
            raise self.damaged(message)
        with self._translating():
            if self._archive.getinfo(_MANIFEST).file_size > _MOST_MANIFEST:
                message = "its manifest is too long"
                raise self.damaged(message)
            with self._archive.open(_MANIFEST) as packed:
                data = packed.read(_MOST_MANIFEST)
            said = self._archive.comment.decode("ascii", "replace")
            if said != f"{_MARK}{hashlib.sha256(data).hexdigest()}":
                message = "its checksum does not hold"
                raise self.damaged(message)
            about = json.loads(data)
            if about["format"] != _FORMAT:
                message = "it is no exported index"
                raise self.damaged(message)
            if about["version"] > _VERSION:
                message = f"a newer askdoc made `{self._file}`"
                raise IndexTooNew(message, hint="update askdoc, then import it again")
            self._members = {
                str(one["name"]): (int(one["size"]), str(one["sha256"])) for one in about["members"]
            }
        if tuple(self._members) != MEMBERS:
            message = "its manifest names other members"
            raise self.damaged(message)
        for member in members:
            size = self._members.get(member.filename, (member.file_size, ""))[0]
            if member.file_size != size or member.flag_bits & 1:
                message = f"`{member.filename}` in it is not what was packed"
                raise self.damaged(message)
            if _is_bomb(member):
                message = f"`{member.filename}` in it unpacks to far too much"
                raise self.damaged(message)
        return dict(about)

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except (*_BROKEN, TypeError, RuntimeError) as error:
            message = "it can't be unpacked"
            raise self.damaged(message) from error


@contextmanager
def opened(file: Path) -> Iterator[ExportFile]:
    """Open an exported index.

    Raises:
        BadExport: it is none, or it is damaged.
        IndexTooNew: a newer askdoc made it.
        UsageError: there is no such file.

    """
    if file.is_dir():
        message = f"`{file}` is a folder"
        hint = "name a file that `askdoc export` made; `askdoc index FOLDER` reads documents"
        raise UsageError(message, hint=hint)
    if not file.is_file():
        message = f"there is no file `{file}`"
        raise UsageError(message, hint="name a file that `askdoc export` made")
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise damaged(file, "it is no exported index, or only a part of one") from error
    with archive:
        yield ExportFile(archive, file)


def damaged(file: Path, reason: str) -> BadExport:
    """Return the error that says what is wrong with a file."""
    return BadExport(
        f"`{file}` can't be imported: {reason}", hint="export it again, and copy the whole file"
    )
