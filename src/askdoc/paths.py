"""How paths are written for people."""

from __future__ import annotations

import os
from pathlib import Path

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
