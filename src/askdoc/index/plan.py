"""Decides what a run has to do, from the known documents and the found files.

Pure: it compares locations as text, and reads no file.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Protocol

from askdoc.addresses import is_address, is_object, object_within, prefix_of
from askdoc.errors import FetchError, UsageError
from askdoc.index.embed import document_id
from askdoc.types import Document, Found, Known, Skip
from askdoc.types.indexing import EXCLUDED, MISSING, NOT_NAMED, OUT_OF_REACH, SPECIAL


@dataclass(frozen=True, slots=True)
class Attempt:
    """A file that was skipped for its content in an earlier run, with its size and time then."""

    skip: Skip
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with each file.

    `add`: it is new. `examine`: size or time differ, so its content decides. `move`: it is
    unchanged, but belongs to another source now. `remove`: it is no longer in its source. `skip`:
    do not read it.
    """

    add: tuple[Found, ...] = ()
    examine: tuple[Found, ...] = ()
    move: tuple[Found, ...] = ()
    remove: tuple[Known, ...] = ()
    skip: tuple[Skip, ...] = ()
    unchanged: int = 0

    @property
    def is_idle(self) -> bool:
        """Tell whether there is nothing to read, move or remove."""
        return not (self.add or self.examine or self.move or self.remove)


def make_plan(
    known: Iterable[Known],
    seen: Iterable[Found | Skip],
    *,
    excluded: Collection[str] = (),
    attempts: Mapping[str, Attempt] | None = None,
    again: Collection[str] = (),
) -> Plan:
    """Decide what to do with the files `seen`, given the documents `known` in the same scope.

    Args:
        known: documents in the surveyed scope; parts of a file share its fate.
        seen: the files that exist; of several with one location the first counts.
        excluded: locations that the user has removed.
        attempts: files that were skipped for their content, by location.
        again: locations to examine although size and time are the same.

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
        # a run was interrupted after it stored the new file and before it removed its old parts
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
    """What to survey: a source, or the `part` of it that the user named; both are locations."""

    source: str
    part: str


def choose_scopes(
    known: Sequence[str], asked: Sequence[str], root: str
) -> tuple[list[str], list[Scope]]:
    """Decide which paths become sources and what to survey.

    A path inside a known source is a part of it. Any other path becomes a source, and replaces the
    sources inside it. Locations are relative to `root`.

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
    """A set of locations with everything below them, for `in`.

    A lookup takes the same time for any number of them.
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
    """Tell whether the location `inner` is `outer` or inside it.

    For pages, inside means below the same path of the site.
    """
    if is_object(outer):
        return object_within(outer, inner) is not None
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
    """Count the documents that are these files or parts of them."""
    locations = {file.location for file in files}
    return sum((item.within or item.location) in locations for item in known)


def excluded_skip(location: str) -> Skip:
    """Return the skip of a location that the user has removed."""
    return Skip(
        location,
        EXCLUDED,
        "it was removed from the index",
        f"`askdoc index {shlex.quote(location)}` brings it back",
    )


def moved(file: Found, part: Known) -> Found:
    """Return a known part with its file's current location, size and time."""
    return within(file, part.location[len(part.within or "") + 1 :])


def within(file: Found, name: str) -> Found:
    """Return the location of `name` inside a file."""
    return replace(file, location=f"{file.location}/{name}", path=f"{file.path}/{name}")


def wholes(location: str) -> Iterator[str]:
    """Yield the locations of all files that contain `location`."""
    for folder in PurePosixPath(location).parents:
        yield str(folder)


class Contents(Protocol):
    """What `Recogniser` reads from the catalog."""

    def with_content(self, content_hash: str) -> list[Known]:
        """List the places of documents whose file has this content."""

    def has_parts(self, location: str) -> bool:
        """Tell whether the file at a location has parts that are documents."""

    def is_taken(self, document_id: str, location: str) -> bool:
        """Tell whether a document has this id, other than one being read at this location."""


class GroupPlaces:
    """Which groups see the documents at a location: those of the nearest place around it."""

    def __init__(self, places: Mapping[str, Sequence[str]], root: str) -> None:
        self._places = sorted(places, key=lambda place: len(_absolute(place, root)), reverse=True)
        self._groups = {place: tuple(sorted(groups)) for place, groups in places.items()}
        self._root = root

    def of(self, location: str) -> tuple[str, ...]:
        """Return the groups that alone see a document; none means everybody."""
        around = (place for place in self._places if covers(place, location, self._root))
        place = next(around, None)
        return () if place is None else self._groups[place]


class Recogniser:
    """Recognises copies and new versions.

    `waiting` has the ids of documents that are not stored yet, and `copied` those of which there
    will be one more copy. A document has copies only where the same groups see them.
    """

    def __init__(
        self,
        catalog: Contents,
        waiting: Collection[str],
        copied: Collection[str],
        groups: GroupPlaces,
    ) -> None:
        self._catalog = catalog
        self._waiting = waiting
        self._copied = copied
        self._groups = groups

    def twin(self, location: str, digest: str) -> str | None:
        """Return the id of a document with the same content and the same kind of reader."""
        for known in self._catalog.with_content(digest):
            if (
                known.id not in self._waiting
                and suffix(known.location) == suffix(location)
                and self._groups.of(known.location) == self._groups.of(location)
                and not self._catalog.has_parts(known.location)
            ):
                return known.id
        return None

    def identify(self, location: str, digest: str, former: Known | None) -> tuple[str, str | None]:
        """Choose the id for a file, and return the id of a document that may be similar.

        A document keeps its id unless other files still have its former content.
        """
        if former is not None:
            places = self._catalog.with_content(former.content_hash)
            shared = sum(one.id == former.id for one in places) > 1 or former.id in self._copied
            if former.content_hash == digest or not shared:
                return former.id, None
            like: str | None = former.id
        else:
            like = next((one.id for one in self._catalog.with_content(digest)), None)
        numbers = count(1)
        key = document_id(location)
        while self._catalog.is_taken(key, location) or key in self._waiting:
            key = document_id(location, next(numbers))
        return key, like


def suffix(location: str) -> str:
    """Return the suffix, which together with the content decides how a file is read."""
    return PurePosixPath(location).suffix.lower()


def pair(gone: Iterable[Known], came: Mapping[str, str]) -> list[tuple[str, str]]:
    """Pair removed locations with new ones of the same document: these are renamed files.

    `came` maps new locations to document ids.
    """
    arrived: dict[str, list[str]] = {}
    for location, key in came.items():
        arrived.setdefault(key, []).append(location)
    return [(item.location, arrived[item.id].pop(0)) for item in gone if arrived.get(item.id)]


class Discover(Protocol):
    """Lists the files to read at an existing path, and the skips."""

    def __call__(self, source: Path, *, only: Collection[Path] = ()) -> Iterable[Found | Skip]:
        """List everything, or at least the paths `only` and everything below them."""


Fetch = Callable[[str], Iterable[Found | Skip]]
"""Lists the pages at an address as files to read, and the skips."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The result of a survey.

    The files `seen`, and the documents and skips `known` of the same scopes.

    `sources` are the sources of the index from now on.
    """

    sources: tuple[str, ...]
    seen: tuple[Found | Skip, ...]
    known: tuple[Known, ...]
    skipped: tuple[Skip, ...]


class Surveyed(Protocol):
    """What `survey` reads from the catalog."""

    def known(self) -> list[Known]:
        """List every place of every document."""

    def sources(self) -> list[str]:
        """List the sources of the index."""

    def skipped(self) -> list[Skip]:
        """List the skipped files."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to list paths and addresses; locations are relative to `root`.

    `edited` is called once, as soon as a changed file is seen. Locations that `allows` refuses are
    not read.
    """

    root: Path
    discover: Discover
    fetch: Fetch
    allows: Callable[[str], bool] = lambda _: True
    edited: Callable[[], object] = lambda: None


def survey(
    catalog: Surveyed, wanted: Sequence[str], access: Access, asked: Collection[str] = ()
) -> Survey:
    """Survey the locations `wanted`: sources, parts of sources, or new sources.

    `asked` are those that the user named in this command.

    Raises:
        UsageError: nothing exists at a location, and nothing is indexed of it; or a new source is a
            device, a pipe or a socket.
        FetchError: a new address has no page.

    """
    root, discover = access.root, access.discover
    known = catalog.known()
    _expect_there(wanted, known, root)
    standing = standing_sources(catalog, root)
    sources, scopes = choose_scopes(standing, wanted, str(root))
    single_files = {document.location for document in known if document.location == document.source}
    seen: list[Found | Skip] = []
    partly: set[str] = set()
    sizes = {document.location: document.size for document in known}
    for scope in scopes:
        if is_address(scope.source):
            elsewhere = {one.location for one in known if one.source != scope.source}
            elsewhere.discard(scope.source)
            fetched = list(access.fetch(scope.source))
            pages = [one for one in fetched if one.location not in elsewhere]
            if scope.source in asked and scope.source not in standing:
                _expect_pages(scope.source, fetched)  # also those that another source has
            if any(isinstance(one, Skip) and one.code in OUT_OF_REACH for one in pages):
                partly.add(scope.source)
            seen += pages
            continue
        if scope.part not in asked and not access.allows(scope.part):
            seen.append(_not_named(scope.part))
            partly.add(scope.source)
            continue
        lying = _look(scope.source, [scope.part], single_files, discover, root)
        here = list(_describe_files(lying, sizes, access.edited))
        if not here and scope.part != scope.source and is_there(root / scope.part):
            # The source leaves this file out (it may be hidden), but the user has named it.
            sources.append(scope.part)
            here = list(_look(scope.part, [scope.part], single_files, discover, root))
        if scope.source in asked and scope.source not in standing:
            _expect_file(scope.source, here)
        seen += here
    made = _survey(catalog, known, seen, scopes, sources, root)
    return replace(made, known=tuple(_met(made.known, seen, partly)))


def _not_named(location: str) -> Skip:
    reason = "it is outside the workspace, and nobody has named it on this machine"
    hint = f"if you trust it, `askdoc index {shlex.quote(location)}` reads it"
    return Skip(location, NOT_NAMED, reason, hint)


def survey_changes(
    catalog: Surveyed, changed: Collection[str], discover: Discover, root: Path
) -> Survey:
    """Survey the locations `changed` and everything below them, as far as they are in sources.

    Unlike in `survey`, files that a source leaves out stay out.
    """
    known = catalog.known()
    sources = catalog.sources()
    held = [part for part in changed if any(covers(one, part, str(root)) for one in sources)]
    _, scopes = choose_scopes(sources, sorted(held), str(root))
    single_files = {document.location for document in known if document.location == document.source}
    parts: dict[str, list[str]] = {}
    for scope in scopes:
        parts.setdefault(scope.source, []).append(scope.part)
    seen = [
        item
        for source, wanted in parts.items()
        for item in _look(source, wanted, single_files, discover, root)
    ]
    return _survey(catalog, known, seen, scopes, sources, root)


def _survey(
    catalog: Surveyed,
    known: Sequence[Known],
    seen: Sequence[Found | Skip],
    scopes: Sequence[Scope],
    sources: Sequence[str],
    root: Path,
) -> Survey:
    area = Area((scope.part for scope in scopes), str(root))
    return Survey(
        sources=tuple(sources),
        seen=tuple(seen),
        known=tuple(_within(known, scopes, sources, root)),
        skipped=tuple(skip for skip in catalog.skipped() if skip.location in area),
    )


def standing_sources(catalog: Surveyed, root: Path) -> list[str]:
    """List the sources that exist or have documents in the index."""
    sources = catalog.sources()
    absent = [source for source in sources if not (is_address(source) or is_there(root / source))]
    held = {document.source for document in catalog.known()} if absent else set()
    return [source for source in sources if source not in absent or source in held]


def absent_sources(
    sources: Iterable[str], documents: Iterable[Known | Document], root: Path
) -> list[str]:
    """List the missing sources whose documents a run keeps."""
    single_files = {one.location for one in documents if one.location == one.source}
    return [
        source
        for source in sources
        if not (is_address(source) or is_there(root / source))
        and _may_come_back(source, single_files, root)
    ]


def _may_come_back(source: str, single_files: Collection[str], root: Path) -> bool:
    """Tell whether a missing source may be on a drive that is not mounted.

    That may be so for a folder, and for a file whose folder is missing, too; otherwise the file was
    deleted.
    """
    return source not in single_files or not is_there((root / source).parent)


def is_there(path: Path) -> bool:
    """Tell whether `path` exists, even if it cannot be accessed."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        return error.errno != errno.ENAMETOOLONG
    return True


def _expect_there(wanted: Sequence[str], known: Sequence[Known], root: Path) -> None:
    for location in wanted:
        if (
            not is_address(location)
            and not is_there(root / location)
            and not any(covers(location, document.location, str(root)) for document in known)
        ):
            message = f"there is no file or folder `{location}`"
            raise UsageError(message, hint="check the path")


def _expect_pages(address: str, pages: Sequence[Found | Skip]) -> None:
    """Raise an error for an address without a readable page: it must not become a source."""
    if any(isinstance(one, Found) for one in pages):
        return
    skips = [one for one in pages if isinstance(one, Skip)]
    skip = next((one for one in skips if one.location == address), skips[0] if skips else None)
    reason, hint = (skip.reason, skip.hint) if skip else ("it leads to no page", None)
    if hint:  # it is not kept, so it has to be named again
        hint = hint.replace("`askdoc index`", f"`askdoc index {shlex.quote(address)}`")
    message = f"`{address}` can't be indexed: {reason}"
    raise FetchError(message, hint=hint)


def _expect_file(location: str, here: Sequence[Found | Skip]) -> None:
    """Refuse a device or a pipe, which never becomes a file, rather than keep it as a source."""
    for one in here:
        if isinstance(one, Skip) and one.location == location and one.code == SPECIAL:
            message = f"`{location}` can't be indexed: {one.reason}"
            raise UsageError(message, hint="name files and folders")


def _met(
    known: Iterable[Known], seen: Sequence[Found | Skip], partly: Collection[str]
) -> Iterator[Known]:
    """Leave out the pages that were not come upon in a source that could be read in part only."""
    met = {one.location for one in seen}
    for document in known:
        if document.source not in partly or {document.location, document.within} & met:
            yield document


def _look(
    source: str, parts: Sequence[str], single_files: set[str], discover: Discover, root: Path
) -> Iterator[Found | Skip]:
    path = root / source
    if is_there(path):
        if source in parts:
            yield from discover(path)
            return
        within = Area(parts, str(root))
        for item in discover(path, only=[root / part for part in parts]):
            if item.location in within:
                yield item
    elif _may_come_back(source, single_files, root):
        hint = f"bring it back, or run `askdoc remove {shlex.quote(source)}`"
        yield Skip(source, MISSING, "there is no such file or folder", hint)


def _describe_files(
    items: Iterable[Found | Skip], sizes: Mapping[str, int], edited: Callable[[], object]
) -> Iterator[Found | Skip]:
    """Pass items on, and tell at once of the first file whose size is another than it was."""
    rest = iter(items)
    for item in rest:
        yield item
        if isinstance(item, Found) and sizes.get(item.location, item.size) != item.size:
            edited()
            break
    yield from rest


def _within(
    known: Sequence[Known], scopes: Sequence[Scope], sources: Sequence[str], root: Path
) -> Iterator[Known]:
    """Choose the documents that the scopes speak of.

    A source inside another one, such as a hidden file, speaks for itself.
    """
    whole = {scope.source for scope in scopes if scope.part == scope.source}
    area = Area((scope.part for scope in scopes), str(root))
    pages = set(filter(is_address, whole))  # one may have been met in a crawl before
    others = set(sources) - {scope.source for scope in scopes}
    for document in known:
        if (
            document.source in whole
            or (document.within or document.location) in pages
            or (document.source not in others and document.location in area)
        ):
            yield document
