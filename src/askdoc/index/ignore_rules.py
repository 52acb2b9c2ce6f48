"""Which paths to leave out, by files such as `.gitignore`, through pathspec. Paths are text."""

# ruff: noqa: PTH123 - see `askdoc.index.files`

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from pathspec import GitIgnoreSpec

from askdoc.errors import SettingsError

IGNORE_FILES = (".askdocignore", ".ignore", ".gitignore")
"""Files with rules; where two in one folder speak of a path, the first of these wins."""

_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a folder, and those of the folders above, which count where these are silent."""

    spec: GitIgnoreSpec
    folder: str
    above: Rules | None = None


def is_left_out(path: str, *, is_folder: bool, rules: Rules | None, settings: Rules) -> bool:
    """Ask the settings, then the nearest rules, and so on upwards; the first to speak decides."""
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
    """Return the rules that the setting `ignore` states; their paths start at `folder`.

    Raises:
        SettingsError: one of them is no pattern.

    """
    try:
        return Rules(GitIgnoreSpec.from_lines(ignore), folder)
    except ValueError as error:
        message = f"`ignore` holds something that is no pattern: {error}"
        raise SettingsError(message, hint="patterns are written as in `.gitignore`") from error


def rules_in(folder: str, entries: Sequence[os.DirEntry[str]], above: Rules | None) -> Rules | None:
    """Return the rules that hold in a folder; a line that is no pattern says nothing, as in git."""
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
        if not entry.is_file(follow_symlinks=False):  # reading a pipe would wait for ever
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
