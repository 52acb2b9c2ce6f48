"""Tokens that callers show: made here, shown once, and kept as hashes in a file of the user."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import msgspec

from askdoc.errors import UsageError, unwritable
from askdoc.settings import explain

_PREFIX = "askdoc_"
_BYTES = 32


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A token by the name of its owner.

    `libraries` are those that it opens, None for all. With `index`, its owner may add documents.
    It shows what is open to all and the documents of `groups`. `rate` is how many calls a minute
    it has, None for as many as the server gives. `sha256` is empty where an issuer has signed the
    token.
    """

    name: str
    sha256: str
    libraries: tuple[str, ...] | None = None
    index: bool = False
    rate: int | None = None
    groups: tuple[str, ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    tokens: tuple[Token, ...] = ()


def read(file: Path) -> tuple[Token, ...]:
    """Read a file of tokens.

    Raises:
        UsageError: there is none, others may read it, or it is not as `add` writes it.

    """
    hint = f"make one: `askdoc serve --token-file {file} --add-token NAME`"
    try:
        data = file.read_bytes()
    except OSError as error:
        message = f"cannot read `{file}`: {(error.strerror or str(error)).lower()}"
        raise UsageError(message, hint=hint) from error
    try:
        return msgspec.json.decode(data, type=_File).tokens
    except msgspec.ValidationError as error:
        message = f"`{file}` is not a token file: {explain(error)}"
        raise UsageError(message, hint=hint) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"`{file}` is not a token file"
        raise UsageError(message, hint=hint) from error


def add(
    file: Path,
    name: str,
    libraries: Sequence[str] | None = None,
    *,
    index: bool = False,
    rate: int | None = None,
    groups: Sequence[str] = (),
) -> str:
    """Make a token, add its hash to the file, and return the token itself, which is kept nowhere.

    Raises:
        UsageError: there is a token of that name, or the file cannot be written.

    """
    known = read(file) if file.exists() else ()
    if any(token.name == name for token in known):
        message = f"there is a token `{name}` in `{file}` already"
        raise UsageError(message, hint="choose another name, or take that one out of the file")
    secret = _PREFIX + secrets.token_urlsafe(_BYTES)
    opened = None if libraries is None else tuple(libraries)
    token = Token(name, _hash(secret), opened, index, rate, tuple(groups))
    written = msgspec.json.format(msgspec.json.encode(_File((*known, token))))
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        with open(part, "wb", opener=_private) as stream:
            stream.write(written + b"\n")
        part.replace(file)
    except OSError as error:
        raise unwritable(str(file), error) from error
    return secret


def find(tokens: Sequence[Token], shown: str) -> Token | None:
    """Return the token that was shown; how long that takes does not depend on which it is."""
    digest = _hash(shown)
    found = None
    for token in tokens:
        if hmac.compare_digest(token.sha256, digest):
            found = token
    return found


def _hash(secret: str) -> str:
    """Hash a token. It is random and long, so that a slow hash would add nothing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
