"""What an indexing run finds, does and reports."""

from __future__ import annotations

from dataclasses import dataclass

from askdoc.types.documents import Skip

INCOMPLETE = "incomplete"
"""The catalog's setting with the sources (JSON; "" for all) that a run is reading. It is set before
the first file and cleared after the last, so a crash leaves a mark."""

EXCLUDED = "excluded"
MISSING = "missing"
SPECIAL = "special"
GONE = "gone"
UNREACHABLE = "unreachable"
REFUSED = "refused"
PRIVATE = "private_address"
OFFLINE = "offline"
NOT_NAMED = "not_named"
PAGE_LIMIT = "page_limit"
KILLED = "killed"
OUT_OF_REACH = frozenset(
    {"unreadable", KILLED, MISSING, UNREACHABLE, REFUSED, PRIVATE, OFFLINE, NOT_NAMED, PAGE_LIMIT}
)
"""Skip codes that say nothing about a file's content, so its document stays in the index."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What the user allows for an address: how far to follow links, and private hosts."""

    depth: int = 0
    private: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A file found by discovery: its location, size and time; it has not been read."""

    location: str
    path: str
    source: str
    file: str
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Known:
    """A place of an indexed document, for planning.

    Several places may belong to one document with the same content.
    """

    id: str
    location: str
    path: str
    source: str
    size: int
    modified_ns: int
    content_hash: str
    within: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """The words of a document's names in the full text, and the paths of its places."""

    words: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Indexed:
    """Event: documents became visible; the counts are running totals of this run."""

    documents: int
    chunks: int
    total: int
    current: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """Event: a web page is about to be fetched; `number` counts the pages of its source."""

    address: str
    before: int


@dataclass(frozen=True, slots=True)
class Moving:
    """Event: progress of packing, unpacking or storing an index, in arbitrary units."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Stopping:
    """Event: a run was interrupted, and ends as soon as its last step is complete."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """The report of an indexing run; the lists have locations, `skipped` what could not be indexed.

    `renamed` has pairs of old and new location; `copies` are those of `added` with the content of
    another file, with which they form one document. `planned`: nothing has been done yet, and
    `unseen` web pages were not checked. `repaired` counts missing or damaged vectors that were
    computed again first.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: int = 0
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    copies: tuple[str, ...] = ()
    skipped: tuple[Skip, ...] = ()
    chunks: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    planned: bool = False
    unseen: int = 0
    repaired: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """The size of an index."""

    documents: int
    chunks: int
    sentences: int
    characters: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Event: the work continues as soon as another process is done; `reason` names it."""

    reason: str
