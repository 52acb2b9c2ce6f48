"""What reading a file returns, and the skips of files that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from askdoc.errors import MissingPart, ReadError
from askdoc.index.plan import Discover, Fetch
from askdoc.types import Found, Part, Reading, ReadOptions, Skip
from askdoc.types.indexing import OUT_OF_REACH

NO_OPTIONS = ReadOptions()
MISSING_PART = "missing_part"

STAYS = OUT_OF_REACH | {MISSING_PART}
"""Skips that say nothing about a file's content: its document stays in the index."""

PASSING = STAYS | {"special", "unsupported", "vanished"}
"""Skips that need no reading, so each run checks them again."""


class Readout(Protocol):
    """One file being read. Take all its parts before those of another file."""

    @property
    def found(self) -> Found:
        """The file."""

    @property
    def content_hash(self) -> str:
        """The SHA-256 of the bytes that were read; known after the last part."""

    def parts(self) -> Iterator[Reading | Part]:
        """Yield the documents inside the file, then its own text, in parts.

        A `Part` has the first part of a document inside, and the readings after it are the rest.

        Raises:
            ReadError: the file cannot be read.
            MissingPart: its reader needs a package that is not installed.

        """


Read = Callable[[Iterable[Found]], AbstractContextManager[Iterator[Readout | None]]]
"""Reads files in any order; yields None while none is ready. It takes files from the iterable when
a process is free."""


@dataclass(frozen=True, slots=True)
class Web:
    """Access to web pages; `forget` deletes the stored pages of an address."""

    fetch: Fetch
    forget: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trust:
    """Which locations may be read.

    An index from another machine could name any file as a source, so only locations that the user
    named on this machine are allowed; `allow` stores them.
    """

    allows: Callable[[str], bool]
    allow: Callable[[Iterable[str]], object]


ANYWHERE = Trust(lambda _: True, lambda _: None)

NO_WEB = Web(lambda _: (), lambda _: None)


@dataclass(frozen=True, slots=True)
class Files:
    """Access to files.

    `digest` returns the SHA-256 of a file's bytes, or raises `ReadError`. `read` uses `options`.
    `passed_over` lists the files that `discover` leaves out. `web` serves addresses, and `trust`
    says which locations may be read. `still_holds` tells whether an earlier skip would happen
    again.
    """

    discover: Discover
    digest: Callable[[Found], str]
    read: Read
    options: ReadOptions = NO_OPTIONS
    passed_over: Callable[[Path], Iterable[Skip]] = lambda _: ()
    web: Web = NO_WEB
    trust: Trust = ANYWHERE
    still_holds: Callable[[Skip], bool] = lambda _: True


def skip_of(found: Found, error: ReadError | MissingPart) -> Skip:
    """Return the skip of a file that was not read."""
    code = error.code if isinstance(error, ReadError) else MISSING_PART
    return Skip(found.location, code, str(error), error.hint)
