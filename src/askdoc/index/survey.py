"""What lies where now, against what the catalog knows of the same places."""

from __future__ import annotations

import errno
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from askdoc.addresses import is_address
from askdoc.errors import FetchError, UsageError
from askdoc.index.plan import MISSING, OUT_OF_REACH, SPECIAL, Area, Scope, choose_scopes, covers
from askdoc.types import Document, Found, Known, Skip


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
class Looking:
    """How to look: at paths, which are relative to `root`, and at addresses.

    `edited` is called as soon as a file is seen that is surely not what it was.
    """

    root: Path
    discover: Discover
    fetch: Fetch
    edited: Callable[[], object] = lambda: None


def survey(
    catalog: Surveyed, wanted: Sequence[str], looking: Looking, asked: Collection[str] = ()
) -> Survey:
    """Look through the locations `wanted`, each a source, a part of one, or a source to be.

    `asked` are those that the user has just named.

    Raises:
        UsageError: there is nothing at a location, and nothing of it is known; or what was just
            named and is no source yet is a device, a pipe or a socket.
        FetchError: there is nothing at an address that was just named and is no source yet.

    """
    root, discover = looking.root, looking.discover
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
            fetched = list(looking.fetch(scope.source))
            pages = [one for one in fetched if one.location not in elsewhere]
            if scope.source in asked and scope.source not in standing:
                _expect_pages(scope.source, fetched)  # also those that another source has
            if any(isinstance(one, Skip) and one.code in OUT_OF_REACH for one in pages):
                partly.add(scope.source)
            seen += pages
            continue
        lying = _look(scope.source, [scope.part], single_files, discover, root)
        here = list(_telling(lying, sizes, looking.edited))
        if not here and scope.part != scope.source and is_there(root / scope.part):
            # The source leaves this out, such as a hidden file; but it was asked for by name.
            sources.append(scope.part)
            here = list(_look(scope.part, [scope.part], single_files, discover, root))
        if scope.source in asked and scope.source not in standing:
            _expect_file(scope.source, here)
        seen += here
    made = _survey(catalog, known, seen, scopes, sources, root)
    return replace(made, known=tuple(_met(made.known, seen, partly)))


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
    said = next((one for one in skips if one.location == address), skips[0] if skips else None)
    reason, hint = (said.reason, said.hint) if said else ("it leads to no page", None)
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


def _telling(
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
