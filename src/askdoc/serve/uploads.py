"""`POST /v1/documents`: takes a file into a folder that is kept for that, and indexes it."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import shutil
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from askdoc.errors import MissingPart, ReadError, UsageError
from askdoc.index.plan import locate
from askdoc.readers import is_readable, remedy_for, suffix_of
from askdoc.serve.documents import describe
from askdoc.serve.engine import Overloaded
from askdoc.serve.http import (
    TOKEN,
    Forbidden,
    NoRoom,
    Taken,
    Unusable,
    allowed_to,
    engine_of,
    json_response,
)
from askdoc.serve.links import base_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from starlette.requests import Request
    from starlette.responses import Response

    from askdoc.serve.indexing import Indexing
    from askdoc.serve.libraries import Libraries
    from askdoc.types.ports import Listener

_AT_ONCE = 4
_LONGEST = 200
"""Bytes of a name; most file systems take 255."""

_SETTINGS = "askdoc.toml"
_UNSEEN = "an ignore file or a setting leaves it out, or its folder is for other groups than yours"
_NAME_HINT = "pass the name of the file without folders: `?name=report.pdf`"


async def upload(request: Request) -> Response:
    """Save a file, which is the body, under `name` and index it."""
    indexing: Indexing = request.app.state.indexing
    library = _library(request, indexing)
    name = file_name(request.query_params.get("name", ""))
    replace = request.query_params.get("replace", "") == "true"
    file = indexing.uploads[library] / name
    with _naming_errors(name), _hidden_folder(file.parent) as hidden:
        async with _turn(request):
            if not replace and os.path.lexists(file):
                raise _taken(file)
            await _save(request, hidden / name)
        before = await _replaceable(indexing, library, file, hidden)
        await asyncio.to_thread(_publish, hidden / name, file, replace=replace)
        skip = await indexing.add(library, file)
        found = None if skip else await _found(request, library, file)
        if not found:
            if before is None:
                file.unlink(missing_ok=True)
            else:
                before.replace(file)
            await indexing.update(library)
            reason = skip.reason if skip else _UNSEEN
            raise _unusable(name, reason, skip.hint if skip else None)
    return json_response({"documents": found}, status=201)


def takes_uploads(request: Request, library: str) -> bool:
    """Tell whether the caller may add documents to a library."""
    indexing: Indexing = request.app.state.indexing
    token = request.scope.get(TOKEN)
    allowed = allowed_to(request)
    return (
        library in indexing.uploads
        and (token is None or token.index)
        and (allowed is None or library in allowed)
    )


def _library(request: Request, indexing: Indexing) -> str:
    """Return the library to add to.

    Raises:
        Forbidden: the server takes no uploads, or none from this caller.
        UsageError: there are several, and none is named.

    """
    if not indexing.uploads:
        message = "this server takes no uploads"
        raise Forbidden(message, hint="start it with `--uploads FOLDER`")
    token = request.scope.get(TOKEN)
    if token is not None and not token.index:
        message = "this token may only read"
        raise Forbidden(message, hint="make one with `--add-token NAME --may-index`")
    open_to_caller = [one for one in indexing.uploads if takes_uploads(request, one)]
    named = request.query_params.get("library")
    if named is None and len(open_to_caller) == 1:
        return open_to_caller[0]
    if named is None or named not in open_to_caller:
        message = f"there is no library `{named}` here" if named else "name the library to add to"
        raise UsageError(message, hint=f"`?library=NAME`; there are: {', '.join(open_to_caller)}")
    return named


def file_name(given: str) -> str:
    """Return the name under which a file is saved.

    Raises:
        UsageError: it leads to another folder, is hidden, or has characters that nobody sees.
        Unusable: no reader reads files of such a name.

    """
    if (
        not given
        or not given.isprintable()
        or given.startswith(".")
        or given != given.strip()
        or any(mark in given for mark in "/\\:")
        or len(given.encode()) > _LONGEST
        or given.lower() == _SETTINGS
    ):
        message = "that is not a name for a file here"
        raise UsageError(message, hint=_NAME_HINT)
    if not is_readable(given):
        message = f"no reader for `.{suffix_of(given)}` files"
        raise Unusable(message, hint=remedy_for(given))
    return given


@asynccontextmanager
async def _turn(request: Request) -> AsyncIterator[None]:
    """Let a few callers send at once.

    Raises:
        Overloaded: so many do already.

    """
    state = request.app.state
    if state.uploading >= _AT_ONCE:
        message = "too many files are being sent"
        raise Overloaded(message, hint="send it again in a moment")
    state.uploading += 1
    try:
        yield
    finally:
        state.uploading -= 1


@contextmanager
def _naming_errors(name: str) -> Iterator[None]:
    """Say which file cannot be saved.

    Raises:
        NoRoom: it cannot be written.

    """
    try:
        yield
    except OSError as error:
        why = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or "").lower()
        message = f"`{name}` cannot be saved: {why}"
        raise NoRoom(message) from error


@contextmanager
def _hidden_folder(folder: Path) -> Iterator[Path]:
    """Make a folder that is never indexed, for files that do not have their place yet."""
    hidden = folder / f".{secrets.token_hex(8)}.part"
    hidden.mkdir(mode=0o700)
    try:
        yield hidden
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


async def _save(request: Request, file: Path) -> None:
    """Write the body to a new file."""
    with open(file, "xb", opener=_private) as stream:
        async for piece in request.stream():
            stream.write(piece)


async def _replaceable(indexing: Indexing, library: str, file: Path, hidden: Path) -> Path | None:
    """Return a copy of the file that is to be replaced, if there is one.

    It answers until the new one is indexed, so the new one is read first.

    Raises:
        Unusable: the new one cannot be read.

    """
    if not os.path.lexists(file):
        return None
    try:
        await indexing.expect_readable(library, hidden / file.name)
    except (ReadError, MissingPart) as error:
        raise _unusable(file.name, str(error), error.hint) from error
    before = hidden / ".before"
    await asyncio.to_thread(shutil.copy2, file, before, follow_symlinks=False)
    return before


def _unusable(name: str, reason: str, hint: str | None) -> Unusable:
    named = reason if f"`{name}`" in reason else f"`{name}` cannot be indexed: {reason}"
    return Unusable(named, hint=hint)


def _publish(part: Path, file: Path, *, replace: bool) -> None:
    """Give a file its name. A link of that name is replaced, never followed."""
    if not replace:
        try:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError as error:
            raise _taken(file) from error
    part.replace(file)


def _taken(file: Path) -> Taken:
    message = f"there is a file `{file.name}` already"
    return Taken(message, hint="replace it: `&replace=true`")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


async def _found(request: Request, library: str, file: Path) -> list[dict[str, Any]]:
    """List what was indexed of a file: a document, or those inside an archive."""
    engine, base = engine_of(request), base_of(request)
    location = locate(str(file), str(engine.workspaces[library].root))

    def job(opened: Libraries, _: Listener) -> list[dict[str, Any]]:
        return [
            describe(item, library, base)
            for item in opened.catalog(library).documents()
            if location in (item.location, item.within)
            or any(location in (copy.location, copy.within) for copy in item.copies)
        ]

    return await engine.run(job)


ROUTES = (Route("/v1/documents", upload, methods=["POST"]),)
