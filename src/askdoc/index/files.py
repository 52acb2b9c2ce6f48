# ruff: noqa: PTH100, PTH110, PTH116, PTH123 - paths are kept as the user wrote them
"""Finds files to index.

Paths are strings here: each run visits every file of a folder, and creating `Path` objects would
take longer than everything else.
"""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from askdoc.errors import SettingsError
from askdoc.index.plan import locate
from askdoc.readers import is_readable, remedy_for, suffix_of
from askdoc.system.safe_open import changed_ns, reason, remedy
from askdoc.types import Found, Skip
from askdoc.types.indexing import MISSING, SPECIAL

IGNORE_FILES = (".askdocignore", ".ignore", ".gitignore")
"""Ignore files; if two in one folder match a path, the first of these wins."""

_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Rules:
    """The ignore rules of a folder; those of parent folders apply where these do not match."""

    spec: GitIgnoreSpec
    folder: str
    above: Rules | None = None


def is_left_out(path: str, *, is_folder: bool, rules: Rules | None, settings: Rules) -> bool:
    """Check the settings, then the rules of this folder and its parents.

    The first match decides.
    """
    for start in (settings, rules):
        level = start
        while level is not None:
            inside = path[len(level.folder.rstrip(os.sep)) + 1 :] + (os.sep if is_folder else "")
            verdict = level.spec.check_file(inside).include if level.spec.patterns else None
            if verdict is not None:
                return verdict
            level = level.above
    return False


def rules_of_settings(ignore: Sequence[str], folder: str) -> Rules:
    """Return the rules of the setting `ignore`, relative to `folder`.

    Raises:
        SettingsError: a rule is not a valid pattern.

    """
    try:
        return Rules(GitIgnoreSpec.from_lines(ignore), folder)
    except ValueError as error:
        message = f"`ignore` has an invalid pattern: {error}"
        raise SettingsError(message, hint="patterns are written as in `.gitignore`") from error


def rules_in(folder: str, entries: Sequence[os.DirEntry[str]], above: Rules | None) -> Rules | None:
    """Return the rules for a folder; an invalid line is ignored, as in git."""
    there = {entry.name: entry for entry in entries if entry.name in IGNORE_FILES}
    rules = above
    for name in reversed(IGNORE_FILES):
        entry = there.get(name)
        if entry is None:
            continue
        lines = _lines(entry)
        usable = [line for line in lines if _is_pattern(line)]
        if usable:
            rules = Rules(GitIgnoreSpec.from_lines(usable), folder, rules)
    return rules


def _lines(entry: os.DirEntry[str]) -> list[str]:
    try:
        if not entry.is_file(follow_symlinks=False):  # reading a pipe would block
            return []
        with open(entry.path, "rb") as file:
            text = file.read(_LONGEST).decode("utf-8-sig", "surrogateescape")
    except OSError:
        return []
    return text.splitlines()


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return bool(line.strip())


_INDEX_MARK = "catalog.sqlite"
"""A folder with this file is an index."""

_OWN = frozenset({".askdoc", *IGNORE_FILES})
_HIDDEN = ("hidden", "its name begins with a dot", "name it to `askdoc index` all the same")
_IGNORED = (
    "ignored",
    "an ignore file or the setting `ignore` leaves it out",
    "bring it back with a line `!NAME` in `.askdocignore`",
)
_NAME = ("name", "its name is not UTF-8", "rename it")


def discover(
    source: Path,
    *,
    root: Path,
    ignore: Sequence[str] = (),
    leave_out: Collection[Path] = (),
    readable: Callable[[str], bool] = is_readable,
    tell_all: bool = False,
    only: Collection[Path] = (),
) -> Iterator[Found | Skip]:
    """List the files at `source`, a file or a folder, sorted by name, depth first.

    In a folder, these are left out silently: hidden names, matches of `ignore` and of ignore files,
    indexes, and `leave_out`. With `tell_all`, hidden and ignored ones are listed as skips (codes
    `hidden` and `ignored`; one skip for a folder). Every other file is listed, or skipped with a
    reason. Links are not followed: a target inside the folder is found under its own name. A file
    that is itself the source is always listed. Locations inside `root` are relative to it.

    Raises:
        SettingsError: a rule of `ignore` is not a valid pattern.

    """
    path = os.path.abspath(source)
    origin = _Origin(path, str(root), locate(path, str(root)), readable)
    if not _is_text(path):
        yield origin.skip(path, *_NAME)
        return
    try:
        info = os.stat(path)
    except FileNotFoundError:
        yield origin.skip(path, MISSING, "there is no such file or folder")
    except OSError as error:
        yield origin.skip(path, "unreadable", reason(error), remedy(error))
    else:
        if stat.S_ISDIR(info.st_mode):
            yield from _Walk(origin, ignore, leave_out, tell_all=tell_all, only=only).items()
        else:
            yield origin.take(path, info)


@dataclass(frozen=True, slots=True)
class _Origin:
    """The source of found files; all paths are absolute."""

    path: str
    root: str
    location: str
    readable: Callable[[str], bool]

    def take(self, path: str, info: os.stat_result) -> Found | Skip:
        """Return a file that can be read, or a skip with the reason."""
        if not stat.S_ISREG(info.st_mode):
            return self.skip(path, SPECIAL, "it is a device, pipe or socket, not a file")
        if not self.readable(path):
            reason = f"no reader for `.{suffix_of(path)}` files"
            return self.skip(path, "unsupported", reason, remedy_for(path))
        inside = path[len(self.path) :].replace(os.sep, "/").lstrip("/")
        return Found(
            location=self._within(inside),
            path=inside or path.rpartition(os.sep)[2],
            source=self.location,
            file=path,
            size=info.st_size,
            modified_ns=changed_ns(info),
        )

    def _within(self, inside: str) -> str:
        if not inside or self.location == ".":
            return inside or self.location
        return f"{self.location.rstrip('/')}/{inside}"

    def skip(self, path: str, code: str, reason: str, hint: str | None = None) -> Skip:
        """Return a skip; bytes of the name that are not text are escaped."""
        location = os.fsencode(locate(path, self.root)).decode("utf-8", "backslashreplace")
        return Skip(location, code, reason, hint)


class _Walk:
    """Walks a folder without recursion, so that no depth is too much."""

    def __init__(
        self,
        origin: _Origin,
        ignore: Sequence[str],
        leave_out: Collection[Path],
        *,
        tell_all: bool,
        only: Collection[Path],
    ) -> None:
        self._origin = origin
        self._tell_all = tell_all
        self._only = {os.path.abspath(path) for path in only}
        self._on_the_way = {str(above) for path in self._only for above in Path(path).parents}
        self._leave_out = {os.path.abspath(left) for left in leave_out}
        inside = origin.location != origin.path
        self._settings = rules_of_settings(ignore, origin.root if inside else origin.path)
        self._real = os.path.realpath(origin.path)

    def items(self) -> Iterator[Found | Skip]:
        """Yield files and skips."""
        pending: list[tuple[os.DirEntry[str], Rules | None]] = []
        yield from self._list(self._origin.path, None, pending)
        while pending:
            entry, rules = pending.pop()
            try:
                yield from self._item(entry, rules, pending)
            except FileNotFoundError:
                continue  # deleted since its folder was listed
            except OSError as error:
                yield self._origin.skip(entry.path, "unreadable", reason(error), remedy(error))

    def _list(
        self,
        folder: str,
        above: Rules | None,
        pending: list[tuple[os.DirEntry[str], Rules | None]],
    ) -> Iterator[Skip]:
        """Put the entries of a folder in front of the pending ones."""
        try:
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=lambda entry: entry.name, reverse=True)
        except FileNotFoundError:
            return
        except OSError as error:
            yield self._origin.skip(folder, "unreadable", reason(error), remedy(error))
            return
        if any(entry.name == _INDEX_MARK for entry in inside):
            return
        rules = rules_in(folder, inside, above)
        if self._only and not self._is_wanted(folder):
            inside = [
                entry
                for entry in inside
                if entry.path in self._only or entry.path in self._on_the_way
            ]
        pending.extend((entry, rules) for entry in inside)

    def _is_wanted(self, folder: str) -> bool:
        """Tell whether to visit a folder; yields its skip if not."""
        while folder not in self._only:
            above = folder.rpartition(os.sep)[0]
            if len(above) < len(self._origin.path):
                return False
            folder = above
        return True

    def _item(
        self,
        entry: os.DirEntry[str],
        rules: Rules | None,
        pending: list[tuple[os.DirEntry[str], Rules | None]],
    ) -> Iterator[Found | Skip]:
        path = entry.path
        is_folder = entry.is_dir(follow_symlinks=False)
        if path in self._leave_out:
            return
        if entry.name.startswith("."):
            if self._tell_all and entry.name not in _OWN:
                yield self._origin.skip(path, *_HIDDEN)
            return
        if is_left_out(path, is_folder=is_folder, rules=rules, settings=self._settings):
            if self._tell_all:
                yield self._origin.skip(path, *_IGNORED)
            return
        if not _is_text(entry.name):
            yield self._origin.skip(path, *_NAME)
        elif entry.is_symlink():
            yield self._link(path)
        elif is_folder:
            yield from self._list(path, rules, pending)
        else:
            yield self._origin.take(path, entry.stat(follow_symlinks=False))

    def _link(self, path: str) -> Skip:
        target = os.path.realpath(path)
        if not os.path.exists(target):
            return self._origin.skip(path, "broken_link", "it is a link to nothing")
        if target == self._real or target.startswith(self._real.rstrip(os.sep) + os.sep):
            return self._origin.skip(path, "link", "it is a link to something in the same folder")
        hint = f"`askdoc index {shlex.quote(target)}` takes what it points to"
        return self._origin.skip(
            path, "link_out", "it is a link that leads out of the folder", hint
        )


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
