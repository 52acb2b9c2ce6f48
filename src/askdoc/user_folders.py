"""Where the platform keeps a user's own files."""

from __future__ import annotations

from pathlib import Path

import platformdirs

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
