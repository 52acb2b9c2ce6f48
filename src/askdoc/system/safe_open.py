"""Opens a regular file safely: never a pipe or a device that has replaced it.

Imports little, since every reading process loads it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader

from askdoc.errors import ReadError
from askdoc.system.limits import TOO_LARGE, over
from askdoc.types import Found

_BLOCK = 1 << 18
_PERMIT = "give yourself the right to read it, or leave it out with `ignore`"


@contextmanager
def opened(found: Found, most: int) -> Iterator[BufferedReader]:
    """Open a file for reading, unless it has more than `most` bytes.

    Raises:
        ReadError: it is gone (`vanished`), over the limit (`too_large`, before it is read), no
            longer a file (`special`), or cannot be read (`unreadable`).

    """
    name = found.location
    try:
        with open(found.file, "rb", opener=_open) as file:
            info = os.fstat(file.fileno())
            if not stat.S_ISREG(info.st_mode):
                raise _special(name)
            if info.st_size > most:
                raise too_large(name, info.st_size, most)
            yield file
    except IsADirectoryError as error:
        raise _special(name) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        message = f"`{name}` vanished before it was read"
        raise ReadError(message, code="vanished") from error
    except PermissionError as error:
        message = f"there is no permission to read `{name}`"
        raise ReadError(message, code="unreadable", hint=_PERMIT) from error
    except OSError as error:
        message = f"`{name}` cannot be read: {reason(error)}"
        raise ReadError(message, code="unreadable") from error


def read_bytes(found: Found, most: int) -> bytes:
    """Read a whole file, unless it has more than `most` bytes.

    Raises: ReadError: as `opened`.

    """
    with opened(found, most) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise too_large(found.location, len(data), most)
    return data


def digest(found: Found, most: int) -> str:
    """Return the SHA-256 of a file's bytes, unless it has more than `most`.

    Raises: ReadError: as `opened`.

    """
    made = hashlib.sha256()
    size = 0
    with opened(found, most) as file:
        while block := file.read(_BLOCK):
            made.update(block)
            size += len(block)
            if size > most:  # it has grown since its size was read
                raise too_large(found.location, size, most)
    return made.hexdigest()


def changed_ns(info: os.stat_result) -> int:
    """Return when a file was last written or renamed, in nanoseconds since 1970.

    The modification time alone is not enough: tools set it back, and a rename keeps it. No tool can
    set the change time of the inode. (Windows has the creation time instead, which is never later.)
    """
    return max(info.st_mtime_ns, info.st_ctime_ns)


def reason(error: OSError) -> str:
    """Return in plain words why the system refused."""
    if isinstance(error, PermissionError):
        return "there is no permission to read it"
    return f"the system says: {(error.strerror or str(error)).lower()}"


def remedy(error: OSError) -> str | None:
    """Return what helps against the refusal, if that is known."""
    return _PERMIT if isinstance(error, PermissionError) else None


def _open(path: str, flags: int) -> int:
    """Open a file without blocking, so that a pipe in its place does not hang."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _special(name: str) -> ReadError:
    return ReadError(f"`{name}` is no longer a file", code="special")


def too_large(name: str, size: int, most: int) -> ReadError:
    """Return the error for a file over the limit."""
    message = f"`{name}` has {size / 1e6:,.1f} MB, {over(most)}"
    hint = "raise the setting `max_file_mb`, or leave the file out with `ignore`"
    return ReadError(message, code=TOO_LARGE, hint=hint)
