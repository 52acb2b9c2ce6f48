"""Messages between askdoc and its child processes.

A message is a pickle with its length before it. A process that has read a hostile file may send a
hostile message, so only askdoc's own types are unpickled.
"""

from __future__ import annotations

import io
import os
import pickle
import struct
from dataclasses import dataclass
from typing import IO, Any

from askdoc import errors
from askdoc.system.limits import Limits
from askdoc.types import Found, Part, Reading, ReadOptions, Skip

_LENGTH = struct.Struct("<Q")
_LONGEST = 1 << 32
_OURS = frozenset({"askdoc.types.places", "askdoc.system.limits", "askdoc.system.wire"})
_NOUNS = "askdoc.types."
_PLAIN = frozenset({("builtins", "set"), ("builtins", "frozenset"), ("builtins", "bytearray")})


@dataclass(frozen=True, slots=True)
class Request:
    """A file to read, and the name of the reader for `readers.reader_named`."""

    found: Found
    reader: str
    options: ReadOptions
    limits: Limits


@dataclass(frozen=True, slots=True)
class Done:
    """All parts have been sent; `retires` means that the process ends now."""

    content_hash: str
    retires: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The file cannot be read; `skip` says why."""

    skip: Skip
    retires: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A method to call, with plain values."""

    method: str
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of the method that is called."""

    event: Any


@dataclass(frozen=True, slots=True)
class Returned:
    """The method's result; `retires` asks for a fresh process before the next call."""

    value: Any
    retires: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """An error of askdoc by the name of its class; without a name, the traceback of a bug."""

    error: str
    message: str
    hint: str | None = None

    def raised(self) -> Exception:
        """Return the error to raise."""
        kind = getattr(errors, self.error, None)
        if kind is None:
            return RuntimeError(self.message)
        made: Exception = kind(self.message, hint=self.hint)
        return made


Message = Request | Reading | Part | Done | Refused | Call | Heard | Returned | Failed


def standard_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Use the standard streams for messages; what a library prints is discarded."""
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

    Raises: EOFError: the stream ends before or within a message. pickle.UnpicklingError: the
    message has a type that is not askdoc's.

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
        """Return a class only if it is one of askdoc's types."""
        ours = module in _OURS or module.startswith(_NOUNS)
        if (module, name) in _PLAIN or (ours and "." not in name):
            found = super().find_class(module, name)
            if isinstance(found, type):
                return found
        message = f"a message contains a `{module}.{name}`"
        raise pickle.UnpicklingError(message)
