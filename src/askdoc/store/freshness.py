"""Tells how a cited file stands on disk against what was indexed."""

from __future__ import annotations

import hashlib
from pathlib import Path

from askdoc.addresses import is_address
from askdoc.system.safe_open import changed_ns
from askdoc.types import Document, FileState


def file_state(document: Document) -> FileState:
    """Compare size and time, and only where these differ the content.

    A page of the web counts as it was indexed, since answering fetches nothing.
    """
    if is_address(document.file):
        return FileState.CURRENT
    path = Path(document.file)
    stamp = document.stamp
    try:
        now = path.stat()
        if (now.st_size, changed_ns(now)) == (stamp.size, stamp.modified_ns):
            return FileState.CURRENT
        if now.st_size != stamp.size:
            return FileState.CHANGED
        with path.open("rb") as stream:
            same = hashlib.file_digest(stream, "sha256").hexdigest() == stamp.content_hash
    except (FileNotFoundError, NotADirectoryError):
        return FileState.MISSING
    except OSError:  # it may be there, and cannot be compared
        return FileState.CHANGED
    return FileState.CURRENT if same else FileState.CHANGED
