"""How files come to be read, and what becomes of those that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from askdoc.errors import MissingPart, ReadError
from askdoc.index.plan import Discover, Fetch
from askdoc.types import Found, Reading, ReadOptions, Skip
from askdoc.types.indexing import OUT_OF_REACH

NO_OPTIONS = ReadOptions()
MISSING_PART = "missing_part"

STAYS = OUT_OF_REACH | {MISSING_PART}
"""Reasons that say nothing of a file's content: what is indexed of it stays."""

PASSING = STAYS | {"special", "unsupported", "vanished"}
"""Reasons found without reading the content; whether they hold is looked at in each run."""


class Readout(Protocol):
    """One file being read. Its parts are to be taken to the end, before another file's."""

    @property
    def found(self) -> Found:
        """The file."""

    @property
    def content_hash(self) -> str:
        """The SHA-256 of the bytes that were read; known after the last part."""

    def parts(self) -> Iterator[Reading]:
        """Yield the file's text, part after part.

        Raises:
            ReadError: it cannot be read.
            MissingPart: its reader needs a package that is not installed.

        """


Read = Callable[[Iterable[Found]], AbstractContextManager[Iterator[Readout | None]]]
"""Reads files, in any order; gives None where none is ready yet. Files are taken from the iterable
as there is room for them."""


@dataclass(frozen=True, slots=True)
class Web:
    """How to get at pages of the web; `forget` deletes what is kept of an address."""

    fetch: Fetch
    forget: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trust:
    """Which locations may be read: an index that came from elsewhere can name any as its sources.

    `allow` remembers locations that the user has named.
    """

    allows: Callable[[str], bool]
    allow: Callable[[Iterable[str]], object]


ANYWHERE = Trust(lambda _: True, lambda _: None)

NO_WEB = Web(lambda _: (), lambda _: None)


@dataclass(frozen=True, slots=True)
class Files:
    """How to get at files; `digest`, the SHA-256 of one's bytes, raises `ReadError`.

    `options` are what `read` heeds. `passed_over` lists what `discover` says nothing of. `web` is
    for addresses, and `trust` says which locations may be read.
    `still_holds` tells whether reading would end as it did, for a skip that is remembered.
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
    """Say of a file why it was not read."""
    code = error.code if isinstance(error, ReadError) else MISSING_PART
    return Skip(found.location, code, str(error), error.hint)
