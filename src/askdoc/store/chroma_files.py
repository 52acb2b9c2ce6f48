"""Guards Chroma's files without loading Chroma or numpy.

With truncated or missing HNSW files Chroma answers without an error, and overwritten bytes can
crash the process. So a seal is stored next to the files: their sizes, times and checksums. The
files change only during a fold, which removes the seal and writes a new one. A missing or wrong
seal reveals damage before Chroma loads the files. A disk can also change bytes and leave
size and time as they are, so each opening reads a random sample of the files again, which is all of
a small index.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import sqlite3
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from askdoc.errors import StoreError

DATABASE = "chroma.sqlite3"
_SEAL = "seal.json"
_SUSPECT = "suspect"
_LOCK = "fold.lock"
_WRITER = "writer.lock"
_BLOCK = 1 << 20
"""Bytes that have a checksum of their own."""

_SAMPLE = 32
"""Blocks that each opening reads again: the vectors of 20,000 passages, in 15 ms."""

_MARKS = (_LOCK, _SEAL, _SUSPECT)
_OWN_FILES = {*_MARKS, _WRITER, f"{_SEAL}.new"} | {
    DATABASE + suffix for suffix in ("", "-wal", "-shm", "-journal")
}
_SEGMENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Chroma names the folder of each HNSW index by a UUID."""

_LAST_WRITTEN = "index_metadata.pickle"
"""Created by the first fold; before, the HNSW files are empty."""


def is_intact(folder: Path) -> bool:
    """Tell whether `folder` has a database without known damage."""
    return has_database(folder) and not (folder / _SUSPECT).exists() and seal_holds(folder)


def has_database(folder: Path) -> bool:
    """Tell whether there is a database in `folder`, in any state."""
    return (folder / DATABASE).is_file()


def can_write(folder: Path) -> bool:
    """Tell whether this process may write to the database in `folder`, if there is one."""
    return all(
        os.access(path, os.W_OK) for path in (folder, folder / DATABASE) if os.access(path, os.F_OK)
    )


@contextmanager
def readable(folder: Path) -> Iterator[Path]:
    """Return a folder in which Chroma can read the vectors of `folder`.

    Chroma also writes when it reads, so a read-only folder is copied to a temporary one.
    """
    if can_write(folder):
        yield folder
        return
    with TemporaryDirectory(prefix="askdoc-vectors-") as name:
        copied = Path(
            shutil.copytree(folder, Path(name) / folder.name, copy_function=shutil.copyfile)
        )
        for path in (copied, *copied.rglob("*")):  # the copies are read-only, too
            path.chmod(0o700 if path.is_dir() else 0o600)
        yield copied


def discard(folder: Path) -> None:
    """Delete the database in `folder`, and no other files; no store may have it open.

    Raises:
        StoreError: another program made it.

    """
    if not folder.is_dir():
        return
    refuse_foreign(folder)
    for path in list(folder.iterdir()):
        if path.name in _OWN_FILES:
            path.unlink()
        elif _SEGMENT.fullmatch(path.name) and path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
    with suppress(OSError):  # other files in it stay
        folder.rmdir()


def refuse_foreign(folder: Path) -> None:
    """Refuse a database in `folder` that askdoc did not make.

    Raises:
        StoreError: there is a database, without the files that askdoc writes next to its own.

    """
    if has_database(folder) and not any((folder / name).exists() for name in _MARKS):
        message = f"`{folder / DATABASE}` is another program's database"
        raise StoreError(message, hint="choose another folder with `--index`")


@contextmanager
def standing_still(folder: Path, *, alone: bool) -> Iterator[None]:
    """Lock the HNSW files: shared to load them, or exclusive (`alone`) to change them.

    Any number of processes may load them at once, but none while one changes them.
    """
    try:
        file = (folder / _LOCK).open("r+b" if alone else "rb")
    except OSError:  # the folder is read-only, or nothing has been written yet
        yield
        return
    with file:
        _lock(file, alone=alone)
        yield


@contextmanager
def writing_alone(folder: Path) -> Iterator[None]:
    """Wait until no other process writes; the process of a killed run may still be busy.

    Raises:
        StoreError: another program's database is there.

    """
    prepare(folder)
    with (folder / _WRITER).open("ab") as file:
        _lock(file, alone=True)
        yield


def prepare(folder: Path) -> None:
    """Create the folder, and the lock file for `standing_still`.

    Raises:
        StoreError: another program's database is there.

    """
    refuse_foreign(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _LOCK).touch()


@contextmanager
def unsealed(folder: Path) -> Iterator[None]:
    """Remove the seal while the HNSW files change in this block, and write a new one.

    Unchanged files keep their checksum: of a million vectors, one fold changes one of fifteen
    collections.
    """
    before = _sealed(folder) if (folder / _SEAL).exists() and seal_holds(folder) else {}
    (folder / _SEAL).unlink(missing_ok=True)
    yield
    sealed = {}
    for file in _files(folder):
        name, stamp = _name(folder, file), _stamp(file)
        kept = before.get(name, (0, 0, []))
        unchanged = kept[:2] == stamp
        sealed[name] = (*stamp, kept[2] if unchanged else _checksums(file))
    draft = folder / f"{_SEAL}.new"
    draft.write_text(json.dumps(sealed), encoding="utf-8")
    draft.replace(folder / _SEAL)
    (folder / _SUSPECT).unlink(missing_ok=True)


def folded(folder: Path) -> dict[str, int]:
    """Map the folder of each collection to the time of its last fold."""
    return {mark.parent.name: mark.stat().st_mtime_ns for mark in folder.glob(f"*/{_LAST_WRITTEN}")}


def suspect(folder: Path) -> None:
    """Mark `folder` after a failure of Chroma, so that the next writer checks every byte."""
    with suppress(OSError):
        (folder / _SUSPECT).touch()


def seal_holds(folder: Path, *, thoroughly: bool = False) -> bool:
    """Tell whether the HNSW files match the seal, or do not exist yet.

    Size and time decide, with the checksums of a sample of the files; `thoroughly`, those of all.
    """
    try:
        sealed = _sealed(folder)
        if set(sealed) != {_name(folder, file) for file in _files(folder)}:
            return False
        to_sample: list[tuple[Path, int, int]] = []
        for name, (size, modified, checksums) in sealed.items():
            file = folder / name
            if _stamp(file)[0] != size:
                return False
            if thoroughly or _stamp(file)[1] != modified:
                if _checksums(file, len(checksums)) != checksums:
                    return False
            elif size <= len(checksums) * _BLOCK:  # an older version took one of a whole file
                to_sample += [(file, number, one) for number, one in enumerate(checksums)]
        sample = random.sample(to_sample, min(_SAMPLE, len(to_sample)))
        return all(_checksum_of(file, number) == one for file, number, one in sample)
    except FileNotFoundError:
        return not _files(folder)
    except (ValueError, TypeError):
        return False


def compact(folder: Path) -> None:
    """Compact the SQLite file if most of it is free.

    A folded log leaves free pages: three quarters of a small database. If a reader is active or the
    disk is full, the file stays as it is.
    """
    with suppress(sqlite3.Error), closing(sqlite3.connect(folder / DATABASE, timeout=0)) as opened:
        [[pages]] = opened.execute("PRAGMA page_count").fetchall()
        [[free]] = opened.execute("PRAGMA freelist_count").fetchall()
        if free > pages / 2:
            opened.execute("VACUUM")


def faults(folder: Path) -> list[str]:
    """Return one sentence per damage; reads every byte."""
    found = [] if seal_holds(folder, thoroughly=True) else ["files of vectors are damaged"]
    uri = f"{(folder / DATABASE).absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            rows = database.execute("PRAGMA quick_check(5)").fetchall()
    except sqlite3.Error as error:
        return [*found, f"{DATABASE}: {error}"]
    return [*found, *(f"{DATABASE}: {row[0]}" for row in rows if row[0] != "ok")]


_Sealed = tuple[int, int, list[int]]
"""Size, time and checksums of a file."""


def _sealed(folder: Path) -> dict[str, _Sealed]:
    """Read the seal."""
    read = json.loads((folder / _SEAL).read_text(encoding="utf-8"))
    return {
        name: (size, modified, sums if isinstance(sums, list) else [sums])
        for name, (size, modified, sums) in read.items()
    }


def _files(folder: Path) -> list[Path]:
    """List the HNSW files, without those of an unfinished index."""
    written = (mark.parent for mark in folder.glob(f"*/{_LAST_WRITTEN}"))
    return sorted(file for part in written for file in part.iterdir())


def _name(folder: Path, file: Path) -> str:
    return file.relative_to(folder).as_posix()


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns


def _checksums(file: Path, most: int | None = None) -> list[int]:
    """Take the checksum of each block of a file; the last of `most` is that of all that follows."""
    found: list[int] = []
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            if len(found) == most:
                found[-1] = zlib.crc32(block, found[-1])
            else:
                found.append(zlib.crc32(block))
    return found or [zlib.crc32(b"")]


def _checksum_of(file: Path, number: int) -> int:
    """Take the checksum of one block of a file."""
    with file.open("rb") as stream:
        stream.seek(number * _BLOCK)
        return zlib.crc32(stream.read(_BLOCK))


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO, *, alone: bool) -> None:  # noqa: ARG001 - there is one kind of lock
        """Wait for the lock; closing the file releases it."""
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO, *, alone: bool) -> None:
        """Wait for the lock; closing the file releases it."""
        fcntl.flock(file, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
