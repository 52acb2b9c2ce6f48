"""How paths are written for people."""

from __future__ import annotations

import os
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
