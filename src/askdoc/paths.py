"""Paths for messages, and the user's folders."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

import platformdirs

from askdoc.addresses import is_address


def seen_from(base: Path, file: str) -> str:
    """Return the path of `file` absolute or relative to `base`, whichever is shorter.

    An address stays as it is.
    """
    if is_address(file):
        return file
    try:
        relative = os.path.relpath(file, base)
    except ValueError:  # another drive
        return file
    return min(relative, file, key=len)


_NAME = "askdoc"


def state() -> Path:
    """Return the folder of state between runs: sessions and input history."""
    return platformdirs.user_state_path(_NAME)


def data() -> Path:
    """Return the folder of the user's data: named libraries."""
    return platformdirs.user_data_path(_NAME)


def config() -> Path:
    """Return the folder of the user's `config.toml`."""
    return platformdirs.user_config_path(_NAME)


def make_private(folder: Path) -> None:
    """Create a folder that only its user can read, or restrict an existing one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    tighten(folder)


def tighten(path: Path) -> None:
    """Remove all permissions of other users at `path`, if it exists."""
    with suppress(OSError):  # another user owns it, or its file system has no permissions
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(mode & 0o700)
