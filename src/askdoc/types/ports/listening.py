"""How progress is told."""

from __future__ import annotations

from collections.abc import Callable

Listener = Callable[[object], None]
"""Hears the events of `askdoc.types`; what it returns is ignored."""


def deaf(_event: object) -> None:
    """Listen to nothing."""
