"""What a run of indexing finds, does and reports."""

from __future__ import annotations

from dataclasses import dataclass

from askdoc.types.documents import Skip

INCOMPLETE = "incomplete"
"""Under this key the catalog lists, as JSON, the sources that a run is to read, or "" for all of
them, from before it reads the first file until it has read the last; else it is empty."""

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
"""Skip codes that say nothing about a file's content: what the index has of it stays."""


@dataclass(frozen=True, slots=True)
class Permission:
    """How the user has named an address: how far links are followed, whether to private hosts."""

    depth: int = 0
    private: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A file that discovery met: where it is, and its size and time without reading it."""

    location: str
    path: str
    source: str
    file: str
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Known:
    """What planning needs to know of a place of an indexed document, to compare it with a file.

    Several places may be of one document, whose content they share.
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
    """By which words of names full text finds a document, and the paths of its places."""

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
    """Event: a page of the web is about to be fetched, after so many others of its source."""

    address: str
    before: int


@dataclass(frozen=True, slots=True)
class Moving:
    """Event: so much of an index is packed, unpacked or stored, in units of no matter."""

    what: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Stopping:
    """Event: a run was interrupted, and ends as soon as nothing is left half done."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What one indexing run did; the lists hold locations, `skipped` what could not be indexed.

    `renamed` holds pairs of where a file was and where it is now; `copies` are those of `added`
    that have the content of another file and so are one document with it. With `planned`, nothing
    was done yet, and so many pages of the web as `unseen` were not looked at. So many vectors as
    `repaired` were missing or damaged, and were made anew first.
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
    """How much an index holds."""

    documents: int
    chunks: int
    sentences: int
    characters: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Event: work goes on as soon as another process is done; `reason` names it."""

    reason: str
