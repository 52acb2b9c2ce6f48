"""Every error that a user can act on, drawn as a tree.

    AskdocError                 exit code 1
    ├── UsageError              exit code 2: the command line or a setting is wrong
    │   └── SettingsError       a configuration file or environment variable is wrong
    ├── ReadError               a file cannot be read; becomes a skip with its reason
    ├── FetchError              there is nothing to index at an address
    ├── ModelError              a model is missing, broken or cannot be fetched
    │   └── Unreachable         what it is fetched from does not answer
    ├── GeneratorError          a language model cannot be reached, refuses, or breaks off
    ├── MissingPart             nothing installed goes by that name
    ├── SuiteError              an evaluation suite is malformed
    └── StoreError              the index cannot be used as it is
        ├── ConnectionLost      its database cannot be reached
        ├── NoIndex             there is none yet, or nothing in it
        ├── IndexLocked         another process writes to it
        ├── IndexCorrupt        it is damaged
        ├── IndexTooNew         a newer askdoc made it
        ├── BadExport           an exported index is damaged, or none
        ├── EmbedderMismatch    another embedder made its vectors
        └── DiskFull            there is no room to write

Anything that is not an `AskdocError` is a bug and keeps its traceback. Messages are lower case,
end without a full stop, and put names in back-ticks; a hint holds the next command to run.
"""

from __future__ import annotations

import errno
from typing import ClassVar

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Errors of a write that no user input causes: disk full, quota, read-only file system."""


class AskdocError(Exception):
    """Something the user can act on, with an optional hint about how."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(AskdocError):
    """The command was given something it cannot take."""

    exit_code = 2


class SettingsError(UsageError):
    """A configuration file or an environment variable is wrong."""


class ReadError(AskdocError):
    """A file cannot be read; `code` is the short, stable name of the reason."""

    def __init__(self, message: str, *, code: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code


class FetchError(AskdocError):
    """There is nothing to index at an address, or nothing that can be had now."""


class ModelError(AskdocError):
    """A model is missing, broken, or cannot be fetched."""


class Unreachable(ModelError):
    """The place that a model is fetched from does not answer."""


class GeneratorError(AskdocError):
    """A language model cannot be reached, refuses, or breaks off."""


class NoAnswerYet(GeneratorError):
    """A server does not answer when it is first looked for; it may, later."""


class MissingPart(AskdocError):
    """Nothing installed goes by the name that was asked for."""


class SuiteError(AskdocError):
    """An evaluation suite is malformed."""


class StoreError(AskdocError):
    """The index cannot be used as it is."""


class ConnectionLost(StoreError):
    """The database of the index cannot be reached, or not any more."""


class NoIndex(StoreError):
    """There is no index yet, or it holds nothing."""


class IndexLocked(StoreError):
    """Another process is writing to the index."""


class IndexCorrupt(StoreError):
    """The index is damaged."""


class IndexTooNew(StoreError):
    """A newer version of askdoc made the index."""


class BadExport(StoreError):
    """An exported index is damaged, or is none."""


class EmbedderMismatch(StoreError):
    """The vectors in the index come from another embedder."""


class DiskFull(StoreError):
    """There is no room left to write."""


def unwritable(file: str, error: OSError) -> AskdocError:
    """Return the error for a named file that cannot be written.

    Wrong usage, unless the disk is full.
    """
    message = f"cannot write `{file}`: {(error.strerror or str(error)).lower()}"
    return DiskFull(message) if error.errno in NO_ROOM else UsageError(message)
