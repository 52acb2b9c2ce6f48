"""How paths are written for people."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

import platformdirs

from askdoc.addresses import is_address


def seen_from(base: Path, file: str) -> str:
    """Write the path of `file` as one in the folder `base` would type it, whichever is shorter.

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
    """Return the folder for what is kept between runs: sessions, what was typed at the prompt."""
    return platformdirs.user_state_path(_NAME)


def data() -> Path:
    """Return the folder for what the user made and would miss: named libraries."""
    return platformdirs.user_data_path(_NAME)


def config() -> Path:
    """Return the folder of the user's `config.toml`."""
    return platformdirs.user_config_path(_NAME)


def make_private(folder: Path) -> None:
    """Make a folder that only its user can read, or see to it that it is so."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    tighten(folder)


def tighten(path: Path) -> None:
    """Take from all others the right to read what is at `path`; where nothing is, do nothing."""
    with suppress(OSError):  # it is somebody else's, or its disk knows no rights
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(mode & 0o700)
