"""What a run of indexing has to do, decided from what is known and what is found.

Pure: locations are compared as text, files are not looked at.
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

from askdoc.addresses import is_address, prefix_of
from askdoc.errors import FetchError, UsageError
from askdoc.index.embed import document_id
from askdoc.types import Document, Found, Known, Part, Reading, Skip
from askdoc.types.indexing import EXCLUDED, MISSING, NOT_NAMED, OUT_OF_REACH, SPECIAL


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


def placed(file: Found, parts: Iterable[Part]) -> Iterator[tuple[Found, Part]]:
    """Give each part a place below its file; of parts with one name all but one get a number.

    What lies in a part has a place below that.
    """
    taken: set[str] = set()
    for part in parts:
        name = _free(_inner(part.name), taken)
        taken.add(name)
        place = within(file, name)
        yield place, part
        if isinstance(part.outcome, Reading):
            yield from placed(place, part.outcome.parts)


def moved(file: Found, part: Known) -> Found:
    """Place a known part below its file, which is where and as `file` says now."""
    return within(file, part.location[len(part.within or "") + 1 :])


def within(file: Found, name: str) -> Found:
    """Place something called `name` below a file."""
    return replace(file, location=f"{file.location}/{name}", path=f"{file.path}/{name}")


def wholes(location: str) -> Iterator[str]:
    """List the locations that `location` lies below."""
    for folder in PurePosixPath(location).parents:
        yield str(folder)


def _inner(name: str) -> str:
    """Return a name that leads nowhere but down."""
    steps = name.replace("\\", "/").split("/")
    return "/".join(step for step in steps if step not in ("", ".", "..")) or "part"


def _free(name: str, taken: set[str]) -> str:
    path = PurePosixPath(name)
    number = 2
    while name in taken:
        name = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        number += 1
    return name


class Contents(Protocol):
    """What recognising asks of the catalog."""

    def with_content(self, content_hash: str) -> list[Known]:
        """List the places of the documents whose file has that content."""

    def has_parts(self, location: str) -> bool:
        """Tell whether documents are part of the file at a location, or lie below it."""

    def is_taken(self, document_id: str) -> bool:
        """Tell whether a document has that id."""


class Recogniser:
    """Compares files with what is indexed; `waiting` has the ids of what is on its way in."""

    def __init__(self, catalog: Contents, waiting: Collection[str]) -> None:
        self._catalog = catalog
        self._waiting = waiting

    def twin(self, found: Found, digest: str) -> str | None:
        """Name a document whose file has that content and is read in the same way."""
        for known in self._catalog.with_content(digest):
            if (
                known.id not in self._waiting
                and suffix(known.location) == suffix(found.location)
                and not self._catalog.has_parts(known.location)
            ):
                return known.id
        return None

    def identify(self, location: str, digest: str, former: Known | None) -> tuple[str, str | None]:
        """Choose the id for what is read at a location, and name a document that may be alike.

        The id stays with the document, unless other files still have what it was.
        """
        if former is not None:
            places = self._catalog.with_content(former.content_hash)
            shared = sum(one.id == former.id for one in places) > 1
            if former.content_hash == digest or not shared:
                return former.id, None
            like: str | None = former.id
        else:
            like = next((one.id for one in self._catalog.with_content(digest)), None)
        numbers = count(1)
        key = document_id(location)
        while self._catalog.is_taken(key) or key in self._waiting:
            key = document_id(location, next(numbers))
        return key, like


def suffix(location: str) -> str:
    """Return what decides how a file is read, besides its content."""
    return PurePosixPath(location).suffix.lower()


def pair(gone: Iterable[Known], came: Mapping[str, str]) -> list[tuple[str, str]]:
    """Tell a file that was renamed from one that went and one that came.

    `came` maps the locations that are new to the ids of the documents that have them.
    """
    arrived: dict[str, list[str]] = {}
    for location, key in came.items():
        arrived.setdefault(key, []).append(location)
    return [(item.location, arrived[item.id].pop(0)) for item in gone if arrived.get(item.id)]


class Discover(Protocol):
    """Lists what lies at a path that exists: the files to read, and what is left out."""

    def __call__(self, source: Path, *, only: Collection[Path] = ()) -> Iterable[Found | Skip]:
        """List all of it, or at least what lies at the paths `only`, and below them."""


Fetch = Callable[[str], Iterable[Found | Skip]]
"""Lists the pages at an address, as files to read, and what can't be had."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was looked through: files `seen` there, documents and skips `known` of the same places.

    `sources` are the locations to keep in the index from now on.
    """

    sources: tuple[str, ...]
    seen: tuple[Found | Skip, ...]
    known: tuple[Known, ...]
    skipped: tuple[Skip, ...]


class Surveyed(Protocol):
    """What a survey asks of the catalog."""

    def known(self) -> list[Known]:
        """List each place of each document."""

    def sources(self) -> list[str]:
        """List what is kept in the index."""

    def skipped(self) -> list[Skip]:
        """List what was seen and not indexed."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to look: at paths, which are relative to `root`, and at addresses.

    `edited` is called as soon as a file is seen that is surely not what it was. What `allows`
    refuses is not looked at.
    """

    root: Path
    discover: Discover
    fetch: Fetch
    allows: Callable[[str], bool] = lambda _: True
    edited: Callable[[], object] = lambda: None


def survey(
    catalog: Surveyed, wanted: Sequence[str], access: Access, asked: Collection[str] = ()
) -> Survey:
    """Look through the locations `wanted`, each a source, a part of one, or a source to be.

    `asked` are those that the user has just named.

    Raises:
        UsageError: there is nothing at a location, and nothing of it is known; or what was just
            named and is no source yet is a device, a pipe or a socket.
        FetchError: there is nothing at an address that was just named and is no source yet.

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
            # The source leaves this out, such as a hidden file; but it was asked for by name.
            sources.append(scope.part)
            here = list(_look(scope.part, [scope.part], single_files, discover, root))
        if scope.source in asked and scope.source not in standing:
            _expect_file(scope.source, here)
        seen += here
    made = _survey(catalog, known, seen, scopes, sources, root)
    return replace(made, known=tuple(_met(made.known, seen, partly)))


def _not_named(location: str) -> Skip:
    reason = "it lies outside the workspace, and nobody has named it on this machine"
    hint = f"if you trust it, `askdoc index {shlex.quote(location)}` reads it"
    return Skip(location, NOT_NAMED, reason, hint)


def survey_changes(
    catalog: Surveyed, changed: Collection[str], discover: Discover, root: Path
) -> Survey:
    """Look at the locations `changed`, and what lies below them, as far as sources hold them.

    What a source leaves out stays so, though it is named here.
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
    """List the sources of which anything is left, on the disk or in the index."""
    sources = catalog.sources()
    absent = [source for source in sources if not (is_address(source) or is_there(root / source))]
    held = {document.source for document in catalog.known()} if absent else set()
    return [source for source in sources if source not in absent or source in held]


def absent_sources(
    sources: Iterable[str], documents: Iterable[Known | Document], root: Path
) -> list[str]:
    """List the sources that are not there and whose documents a run keeps nevertheless."""
    single_files = {one.location for one in documents if one.location == one.source}
    return [
        source
        for source in sources
        if not (is_address(source) or is_there(root / source))
        and _may_come_back(source, single_files, root)
    ]


def _may_come_back(source: str, single_files: Collection[str], root: Path) -> bool:
    """Tell a source that may lie on a drive that is not there from a file that was deleted.

    A whole folder that is gone may, and so may a file whose folder is gone, too.
    """
    return source not in single_files or not is_there((root / source).parent)


def is_there(path: Path) -> bool:
    """Tell whether something is at `path`, be it out of reach."""
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
    """Refuse an address at which there is nothing to read, rather than keep it as a source."""
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
