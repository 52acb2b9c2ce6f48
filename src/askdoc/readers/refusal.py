"""The errors that all readers share.

Every message of a reader starts with the name of the file, and its code is one of `CODES`.
"""

from __future__ import annotations

from askdoc.errors import ReadError
from askdoc.types import ENCRYPTED, NO_TEXT

CODES = frozenset({"binary", "broken", "empty", ENCRYPTED, NO_TEXT, "too_large"})
"""The codes of errors that a reader raises."""


def damaged(name: str, what: str = "is damaged, or not what its name says") -> ReadError:
    """Return the error for a file that cannot be understood."""
    return ReadError(f"`{name}` {what}", code="broken")


def wordless(name: str, where: str = "") -> ReadError:
    """Return the error for an intact file without words."""
    return ReadError(f"`{name}` has no text{where}", code=NO_TEXT)


def locked(name: str, why: str = "needs a password") -> ReadError:
    """Return the error for an encrypted file that no option can open."""
    hint = "save a copy without the protection, then index that"
    return ReadError(f"`{name}` {why}", code=ENCRYPTED, hint=hint)


def too_large(name: str, most: int) -> ReadError:
    """Return the error for a file that unpacks to more than `most` bytes."""
    message = f"`{name}` unpacks to more than {most / 1e6:,.0f} MB"
    return ReadError(message, code="too_large", hint="unpack or split it, then index the pieces")
