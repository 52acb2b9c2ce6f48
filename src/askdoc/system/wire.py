"""Messages between askdoc and the processes that work for it.

A message is pickled, with its length before it. What comes back from a process that has read a
hostile file may be hostile itself, so only values of askdoc's own are unpickled.
"""

from __future__ import annotations

import io
import os
import pickle
import struct
from dataclasses import dataclass
from typing import IO, Any

from askdoc.system.limits import Limits
from askdoc.types import Found, Reading, ReadOptions, Skip

_LENGTH = struct.Struct("<Q")
_LONGEST = 1 << 32
_OURS = frozenset({"askdoc.types.places", "askdoc.system.limits", "askdoc.system.wire"})
_NOUNS = "askdoc.types."
_PLAIN = frozenset({("builtins", "set"), ("builtins", "frozenset"), ("builtins", "bytearray")})


@dataclass(frozen=True, slots=True)
class Request:
    """A file to read, and by which reader, as `readers.reader_named` names it."""

    found: Found
    reader: str
    options: ReadOptions
    limits: Limits


@dataclass(frozen=True, slots=True)
class Done:
    """All parts have been sent; `retires` says that the process ends with this file."""

    content_hash: str
    retires: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The file cannot be read; `skip` says why."""

    skip: Skip
    retires: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A method to carry out, with plain values."""

    method: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Returned:
    """What the method returned; `retires` asks for a fresh process before the next call."""

    value: Any
    retires: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """An error of askdoc's by the name of its class; or, without a name, the trace of a bug."""

    error: str
    message: str
    hint: str | None = None


Message = Request | Reading | Done | Refused | Call | Returned | Failed


def standard_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Take this process's standard streams for messages; what a library prints is lost."""
    incoming = os.fdopen(os.dup(0), "rb")
    outgoing = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1):
        os.dup2(null, stream)
    return incoming, outgoing


def send(stream: IO[bytes], message: Message) -> None:
    """Write a message."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:
    """Read a message.

    Raises:
        EOFError: there is none, or only the beginning of one.
        pickle.UnpicklingError: it is none of askdoc's.

    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    if length > _LONGEST:
        message = f"a message of {length:,} bytes"
        raise pickle.UnpicklingError(message)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return _Unpickler(io.BytesIO(data)).load()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Find a class of askdoc's own."""
        ours = module in _OURS or module.startswith(_NOUNS)
        if (module, name) in _PLAIN or (ours and "." not in name):
            found = super().find_class(module, name)
            if isinstance(found, type):
                return found
        message = f"a message holds a `{module}.{name}`"
        raise pickle.UnpicklingError(message)
