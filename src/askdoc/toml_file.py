"""Changing one value of a TOML file and leaving all else in it as it is, comments included."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from askdoc.errors import NO_ROOM, AskdocError, DiskFull, SettingsError


def put(file: Path, key: str, value: Any, *, editing: str) -> None:
    """Set `key`, making the file and its folder where they are missing.

    `editing` is the command that opens the file to be mended.

    Raises:
        SettingsError: the file is not TOML, or cannot be written.

    """
    document = _read(file, editing)
    document[key] = value
    _write(file, document)


def take_out(file: Path, key: str, *, editing: str) -> bool:
    """Remove `key`, and tell whether it was there; `editing` is that of `put`.

    Raises:
        SettingsError: the file is not TOML, or cannot be written.

    """
    document = _read(file, editing)
    if key not in document:
        return False
    del document[key]
    _write(file, document)
    return True


def create(file: Path) -> None:
    """Make the file, empty.

    Raises:
        SettingsError: it cannot be written.

    """
    _write(file, tomlkit.document())


def _read(file: Path, editing: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(file.read_bytes())
    except FileNotFoundError:
        return tomlkit.document()
    except (TOMLKitError, UnicodeDecodeError) as error:
        message = f"{file}: {str(error)[:1].lower()}{str(error)[1:]}"
        raise SettingsError(message, hint=f"mend it: `{editing}`") from error
    except OSError as error:
        raise _refused(file, "read", error) from error


def _write(file: Path, document: tomlkit.TOMLDocument) -> None:
    """Replace the file as one, so that no half of it is ever there."""
    fresh = file.with_name(f".{file.name}.new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_bytes(tomlkit.dumps(document).encode())
        fresh.replace(file)
    except OSError as error:
        raise _refused(file, "written", error) from error


def _refused(file: Path, what: str, error: OSError) -> AskdocError:
    message = f"{file}: cannot be {what}: {(error.strerror or str(error)).lower()}"
    return DiskFull(message) if error.errno in NO_ROOM else SettingsError(message)
