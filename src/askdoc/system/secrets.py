"""Keys and tokens of servers, from the system's keyring or the environment; askdoc stores none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import import_module


def secret(name: str, variables: Sequence[str]) -> str | None:
    """Return what the keyring has for `name` under `askdoc`, else the first set variable."""
    stored = _from_keyring(name)
    return stored or next((os.environ[one] for one in variables if os.environ.get(one)), None)


def _from_keyring(name: str) -> str | None:
    try:
        keyring = import_module("keyring")
        found = keyring.get_password("askdoc", name)
    except Exception:  # noqa: BLE001 - a machine without a working keyring has no key in it
        return None
    return found if isinstance(found, str) else None
