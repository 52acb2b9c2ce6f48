"""The `askdoc.toml` that a new workspace begins with."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from askdoc.settings import HELP, Settings

_USERS_OWN = ("editor", "viewer", "keys", "history")
"""Settings that are a person's and not a folder's."""


def example(sources: Sequence[str]) -> str:
    """Write settings that index `sources`, with all others as comments at their defaults."""
    lines = [
        "# The settings of this folder; `askdoc config list` says what is in force.",
        "",
        f"# {HELP['sources']}",
        f"sources = {_toml(list(sources))}",
    ]
    for field in msgspec.structs.fields(Settings):
        if field.name == "sources" or field.name in _USERS_OWN:
            continue
        value = '"…"' if field.default is None else _toml(field.default)
        lines += ["", f"# {HELP[field.name]}", f"# {field.name} = {value}"]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    """Write a plain value as TOML, whose numbers, strings and lists look like JSON's."""
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)
