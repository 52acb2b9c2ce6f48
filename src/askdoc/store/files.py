"""The files of an index: the lock of its one writer, and the folder of a rebuild.

The operating system holds the lock, so a killed writer blocks nobody.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from askdoc.addresses import is_address
from askdoc.errors import IndexLocked, StoreError, UsageError
from askdoc.paths import make_private
from askdoc.store import embedded, schema
from askdoc.system.safe_open import changed_ns
from askdoc.types import Document, FileState

if TYPE_CHECKING:
    from askdoc.types.ports import VectorPlaces

_LOCK = "lock"
_HOLDER = "lock.json"


@contextmanager
def writing(folder: Path, command: str) -> Iterator[None]:
    """Hold the writer's lock of the index in `folder`, which is created if missing.

    Raises:
        IndexLocked: another process holds it; the message names its id, machine and command.
        StoreError: the folder cannot be created or written.

    """
    # Imported late: it loads asyncio, which a question does not need.
    from filelock import FileLock, Timeout

    lock = FileLock(folder / _LOCK)
    try:
        make_private(folder)
        lock.acquire(timeout=0)
    except Timeout as error:
        message = f"another process is writing to the index in `{folder}`{_holder(folder)}"
        raise IndexLocked(message, hint="wait for it to end, then run again") from error
    except OSError as error:
        message = (
            f"cannot write to the index in `{folder}`: {(error.strerror or str(error)).lower()}"
        )
        raise StoreError(message, hint="name another folder: `--index FOLDER`") from error
    try:
        _sign(folder, command)
        yield
    finally:
        with suppress(OSError):
            (folder / _HOLDER).unlink(missing_ok=True)
        lock.release()


def refuse_while_written(folder: Path) -> None:
    """Check that no other process is writing to the index in `folder`, which has no catalog yet.

    Raises:
        IndexLocked: a process is writing; the message names its id, machine and command.

    """
    from filelock import FileLock, Timeout

    if not (folder / _LOCK).exists():
        return
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        message = f"the index in `{folder}` is just being made{_holder(folder)}"
        raise IndexLocked(message, hint="wait for it to end, then run it again") from error
    except OSError:  # the lock cannot be read, so nothing is known
        return
    lock.release()


@contextmanager
def made(folder: Path, *, needs: str) -> Iterator[None]:
    """Create a folder; if the block fails before `needs` exists in it, remove what was created.

    The writer's lock must be free again by then.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        if missing and not (folder / needs).exists():
            take_away(missing)
        raise


def take_away(made: Sequence[Path]) -> None:
    """Remove a created folder with its contents, and the parent folders created for it.

    `made` starts with the folder itself.
    """
    shutil.rmtree(made[0], ignore_errors=True)
    with suppress(OSError):  # it may have other files by now
        for around in made[1:]:
            around.rmdir()


@contextmanager
def alone_with(file: Path) -> Iterator[None]:
    """Lock `file`, which need not exist, against other askdoc processes.

    Anything but a regular file, such as a pipe, is not locked.

    Raises:
        UsageError: another process writes to it.

    """
    from filelock import FileLock, Timeout

    target = file.resolve()
    if not target.parent.is_dir() or (target.exists() and not target.is_file()):
        yield  # opening the file will report the problem, if there is one
        return
    # Lock a file next to the output: filelock would truncate the output itself.
    name = hashlib.blake2b(os.fsencode(target.name), digest_size=6).hexdigest()
    lock = FileLock(target.parent / f".askdoc-{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        message = f"another process is writing to `{file}`"
        raise UsageError(message, hint="wait for it to end, or name another file") from error
    except OSError as error:
        message = f"cannot write `{file}`: {(error.strerror or str(error)).lower()}"
        raise UsageError(message) from error
    try:
        yield
    finally:
        with suppress(OSError):
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


def _sign(folder: Path, command: str) -> None:
    """Write down who holds the lock; it is only for messages, so a failure is ignored."""
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": command,
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    with suppress(OSError):
        (folder / _HOLDER).write_text(json.dumps(holder), encoding="utf-8")


def _holder(folder: Path) -> str:
    try:
        holder = json.loads((folder / _HOLDER).read_text(encoding="utf-8"))
        return ": process {pid} on {host}, `{command}`, since {since}".format(**holder)
    except (OSError, ValueError, LookupError, TypeError):
        return ""


_FOLDER = "rebuilding"


def rebuild_folder(index: Path) -> Path:
    """Return the folder in which a rebuild makes the new index."""
    return index / _FOLDER


def has_rebuild(index: Path) -> bool:
    """Tell whether there is a new index, complete or not."""
    return (rebuild_folder(index) / schema.FILE_NAME).is_file()


def take_over_rebuild(index: Path, vectors: VectorPlaces = embedded, *, has_passages: bool) -> None:
    """Replace the old index by the new one; no process may write to either.

    After an interrupt, call it again.

    Raises:
        StoreError: the folder has another program's files.

    """
    made = rebuild_folder(index)
    if vectors.exist(made):
        vectors.replace(index, made)
    elif not has_passages:  # else an interrupted call has moved them already
        vectors.discard(index)
    schema.replace(index, made)


def discard_rebuild(index: Path, vectors: VectorPlaces = embedded) -> None:
    """Delete the new index of a rebuild, complete or not."""
    made = rebuild_folder(index)
    schema.discard(made)
    vectors.discard(made)
    with suppress(OSError):
        made.rmdir()


def folder_bytes(folder: Path) -> int:
    """Add up the sizes of the files below `folder` in bytes; a file that vanishes counts 0."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def file_state(document: Document) -> FileState:
    """Compare size and time, and the content only if these differ.

    A web page always counts as unchanged, since answering fetches nothing.
    """
    if is_address(document.file):
        return FileState.CURRENT
    path = Path(document.file)
    stamp = document.stamp
    try:
        now = path.stat()
        if (now.st_size, changed_ns(now)) == (stamp.size, stamp.modified_ns):
            return FileState.CURRENT
        if now.st_size != stamp.size:
            return FileState.CHANGED
        with path.open("rb") as stream:
            same = hashlib.file_digest(stream, "sha256").hexdigest() == stamp.content_hash
    except (FileNotFoundError, NotADirectoryError):
        return FileState.MISSING
    except OSError:  # the file may exist, but cannot be compared
        return FileState.CHANGED
    return FileState.CURRENT if same else FileState.CHANGED
