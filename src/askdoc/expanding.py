"""Paths with `~` for a home folder."""

from __future__ import annotations

from pathlib import Path


def expanded(path: str | Path) -> Path:
    """Put a home folder for a `~` or `~name` that begins a path; where there is none, it stays."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)
