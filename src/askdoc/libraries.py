"""Named libraries: workspaces in the user's data folder, to be asked from anywhere."""

from __future__ import annotations

import difflib
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from askdoc import user_folders, workspace
from askdoc.errors import StoreError, UsageError
from askdoc.store import files
from askdoc.workspace import CONFIG_NAME, FOLDER_NAME, Workspace

VARIABLE = "ASKDOC_LIBRARY"

_NAME = re.compile(r"[^\W_][\w-]{0,63}")


def names() -> list[str]:
    """List the libraries there are."""
    folder = _folder()
    if not folder.is_dir():
        return []
    return sorted(path.parent.name for path in folder.glob(f"*/{FOLDER_NAME}") if path.is_dir())


def open_library(
    name: str, *, overrides: Mapping[str, Any] | None = None, create: bool = False
) -> Workspace:
    """Return the library of that name as a workspace; with `create`, it is made where missing.

    Raises:
        UsageError: there is none, it cannot be made, or `name` is not a name.
        SettingsError: its settings are wrong.

    """
    if not _NAME.fullmatch(name):
        message = f"not a name for a library: `{name}`"
        raise UsageError(message, hint="use letters, digits, `-` and `_`")
    root = _folder() / name
    if create:
        _make(root / FOLDER_NAME)
    elif not (root / FOLDER_NAME).is_dir():
        raise _unknown(name)
    return workspace.find(root, overrides=overrides, library=name)


def remove(name: str) -> Path | None:
    """Delete the index and the settings of a library; name its folder if that holds more.

    What else is there, such as suites of questions, is the user's own.

    Raises:
        UsageError: there is none of that name, or it lies elsewhere and is only linked to.
        IndexLocked: another process is writing to its index.
        StoreError: it cannot be deleted.

    """
    library = open_library(name)
    root = library.root
    for folder in (root, root / FOLDER_NAME):
        if folder.is_symlink():
            message = f"the library `{name}` lies elsewhere: `{folder}` is a link"
            raise UsageError(message, hint="take away the link yourself")
    if library.index.exists():
        with files.writing(library.index, f"askdoc libraries remove {name}"):
            pass  # nobody writes to it
    try:
        (root / CONFIG_NAME).unlink(missing_ok=True)
        shutil.rmtree(root / FOLDER_NAME)
    except OSError as error:
        message = f"cannot delete `{root}`: {(error.strerror or str(error)).lower()}"
        raise StoreError(message, hint="mend that, then run it again") from error
    with suppress(OSError):  # where something else is in it
        root.rmdir()
    return root if root.exists() else None


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"cannot make `{folder}`: {(error.strerror or str(error)).lower()}"
        hint = "libraries are kept in your data folder; `XDG_DATA_HOME` names another"
        raise UsageError(message, hint=hint) from error


def _folder() -> Path:
    return user_folders.data() / "libraries"


def _unknown(name: str) -> UsageError:
    known = names()
    message = f"there is no library `{name}`"
    if near := difflib.get_close_matches(name, known, 1):
        return UsageError(message, hint=f"did you mean `{near[0]}`?")
    return UsageError(message, hint=f"make it: `askdoc index --library {name} FOLDER`")
