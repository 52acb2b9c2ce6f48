"""What a run of indexing has to do, decided from what is known and what is found.

Pure: locations are compared as text, files are not looked at.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from askdoc.addresses import is_address, prefix_of
from askdoc.types import Found, Known, Skip

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
OUT_OF_REACH = frozenset(
    {"unreadable", MISSING, UNREACHABLE, REFUSED, PRIVATE, OFFLINE, NOT_NAMED, PAGE_LIMIT}
)
"""Reasons that say nothing of a file's content: what is indexed of it, or below it, stays."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A file that was read before and skipped for its content, and the file as it was then."""

    skip: Skip
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with each file, by location.

    `add` is new. `examine` differs in size or time from what was indexed; its content decides.
    `move` is unchanged but belongs to another source now. `remove` has left its source. `skip` is
    not to be read.
    """

    add: tuple[Found, ...] = ()
    examine: tuple[Found, ...] = ()
    move: tuple[Found, ...] = ()
    remove: tuple[Known, ...] = ()
    skip: tuple[Skip, ...] = ()
    unchanged: int = 0

    @property
    def is_idle(self) -> bool:
        """Tell whether no document is to be read, moved or removed."""
        return not (self.add or self.examine or self.move or self.remove)


def make_plan(
    known: Iterable[Known],
    seen: Iterable[Found | Skip],
    *,
    excluded: Collection[str] = (),
    attempts: Mapping[str, Attempt] | None = None,
    again: Collection[str] = (),
) -> Plan:
    """Decide what to do with the files `seen`, given the documents `known` in the same place.

    Args:
        known: documents within what was looked through; those that are parts of a file share
            its fate.
        seen: what is there; of several with one location the first counts.
        excluded: locations that were removed and are not to come back by themselves.
        attempts: files that were skipped for their content, by location.
        again: locations to examine although they look the same.

    """
    everything = list(known)
    former = {document.location: document for document in everything if document.within is None}
    found: dict[str, Found] = {}
    skips: dict[str, Skip] = {}
    for item in seen:
        if isinstance(item, Skip):
            skips.setdefault(item.location, item)
        elif item.location in excluded and item.location not in former:
            skips.setdefault(item.location, excluded_skip(item.location))
        else:
            found.setdefault(item.location, item)
    add: list[Found] = []
    examine: list[Found] = []
    move: list[Found] = []
    for location, item in found.items():
        before = former.get(location)
        attempt = (attempts or {}).get(location)
        if before is None and attempt and _is_same(item, attempt):
            skips[location] = attempt.skip
        elif before is None:
            add.append(item)
        elif location in again or not _is_same(item, before):
            examine.append(item)
        elif (item.source, item.path) != (before.source, before.path):
            move.append(item)
    gone = [item for item in everything if (item.within or item.location) not in found]
    examined = {item.location for item in examine}
    gone += [
        item
        for item in everything
        if (whole := former.get(item.within or ""))
        and whole.location not in examined
        # a run was broken off between the new version of the file and the end of its old parts
        and whole.location in found
        and not _is_same(whole, item)
    ]
    kept_back = [skip.location for skip in skips.values() if skip.code in OUT_OF_REACH]
    remove = [document for document in gone if not _lies_in_any(document.location, kept_back)]
    return Plan(
        add=_by_location(add),
        examine=_by_location(examine),
        move=_by_location(move),
        remove=tuple(sorted(remove, key=lambda document: document.location)),
        skip=tuple(sorted(skips.values(), key=lambda skip: skip.location)),
        unchanged=len(everything) - len(remove) - _count_in(everything, (*examine, *move)),
    )


@dataclass(frozen=True, slots=True)
class Scope:
    """What to look through: a source, or the `part` of it that was asked for; both locations."""

    source: str
    part: str


def choose_scopes(
    known: Sequence[str], asked: Sequence[str], root: str
) -> tuple[list[str], list[Scope]]:
    """Decide what becomes a source and what is to be looked through.

    A path inside a known source is a part of it. Any other path becomes a source, and takes the
    place of the sources inside it. `root` is the folder that locations are relative to.

    Returns:
        The sources from now on, and the scopes in the order asked.

    """
    sources = list(known)
    for part in asked:
        if is_address(part):  # another page of the same site is another source
            sources += [part] if part not in sources else []
        elif not any(covers(source, part, root) for source in sources):
            sources = [source for source in sources if not covers(part, source, root)]
            sources.append(part)
    scopes: list[Scope] = []
    for part in dict.fromkeys(asked):
        around = [source for source in sources if covers(source, part, root)]
        if is_address(part):
            around = [part]
        scopes.append(Scope(max(around, key=lambda source: len(_absolute(source, root))), part))
    return sources, scopes


class Area:
    """Some locations with all that lies below them; ask it by `in`.

    It costs the same however many they are.
    """

    def __init__(self, locations: Iterable[str], root: str) -> None:
        self._root = root
        places = list(locations)
        self._addresses = list(filter(is_address, places))
        self._places = {_absolute(one, root) for one in places if not is_address(one)}

    def __contains__(self, location: str) -> bool:
        if is_address(location):
            return any(covers(one, location, self._root) for one in self._addresses)
        path = _absolute(location, self._root)
        while path not in self._places:
            above = os.path.dirname(path)  # noqa: PTH120 - text, not files
            if above == path:
                return False
            path = above
        return True


def covers(outer: str, inner: str, root: str) -> bool:
    """Tell whether the location `inner` is `outer` or lies in it.

    In an address lies what lies in the same part of its site.
    """
    if is_address(outer):
        return inner == outer or inner.startswith((prefix_of(outer), f"{outer}/"))
    return not is_address(inner) and _lies_in(_absolute(inner, root), _absolute(outer, root))


def locate(path: str, root: str) -> str:
    """Return the location of an absolute path: inside `root` relative to it, with `/`.

    An address is its own.
    """
    if is_address(path):
        return path
    path = os.path.normpath(path)
    if _lies_in(path, root):
        return os.path.relpath(path, root).replace(os.sep, "/")
    return path


def _absolute(location: str, root: str) -> str:
    return os.path.normpath(os.path.join(root, location))  # noqa: PTH118 - text, not files


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _lies_in_any(location: str, folders: Sequence[str]) -> bool:
    return any(folder in (location, ".") or location.startswith(f"{folder}/") for folder in folders)


def _is_same(now: Found | Known, then: Known | Attempt) -> bool:
    return (now.size, now.modified_ns) == (then.size, then.modified_ns)


def _by_location(items: list[Found]) -> tuple[Found, ...]:
    return tuple(sorted(items, key=lambda item: item.location))


def _count_in(known: Sequence[Known], files: Sequence[Found]) -> int:
    """Count the documents that those files hold."""
    locations = {file.location for file in files}
    return sum((item.within or item.location) in locations for item in known)


def excluded_skip(location: str) -> Skip:
    """Return why a location that was removed is left out."""
    return Skip(
        location,
        EXCLUDED,
        "it was removed from the index",
        f"`askdoc index {shlex.quote(location)}` brings it back",
    )
