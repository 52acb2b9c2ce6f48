"""What all routes share: JSON in and out, errors, and callers that hang up."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.exceptions import HTTPException
from starlette.responses import Response

from askdoc.errors import AskdocError, GeneratorError, UsageError
from askdoc.formats import dumps
from askdoc.serve.engine import Ended, Engine, Overloaded, TookTooLong
from askdoc.settings import explain, lowered

if TYPE_CHECKING:
    from starlette.requests import Request

    from askdoc.serve.tokens import Token

T = TypeVar("T")

JSON = "application/json"

TOKEN = "askdoc.token"  # noqa: S105 - the name of a key
"""The key, in the scope of a request, of the token that the caller has shown."""

_COMMAND = re.compile(r"`(?:(?:askdoc|pip|ollama|keyring)[ `]|--?\w|[A-Z]+_[A-Z_]+)")
"""A command, an option or a variable of the terminal of whoever runs askdoc."""

_GONE = 499
"""The status, seen by nobody but the log, for a caller that has hung up."""


class NotFound(AskdocError):
    """There is nothing of that name."""


class Changed(AskdocError):
    """A file is no longer what was indexed."""


class HungUp(AskdocError):
    """The caller is gone."""


class Forbidden(AskdocError):
    """The caller may not do that."""


class Taken(AskdocError):
    """There is a file of that name already."""


class Unusable(AskdocError):
    """A file that was sent cannot be read."""


class NoRoom(AskdocError):
    """A file cannot be saved."""


_STATUS: tuple[tuple[type[AskdocError], int, str], ...] = (
    (NotFound, 404, "not_found"),
    (Changed, 409, "changed"),
    (Forbidden, 403, "forbidden"),
    (Taken, 409, "exists"),
    (Unusable, 422, "unusable"),
    (NoRoom, 507, "no_room"),
    (UsageError, 400, "invalid_request_error"),
    (Overloaded, 503, "overloaded"),
    (TookTooLong, 504, "timeout"),
    (HungUp, _GONE, "hung_up"),
    (Ended, 503, "stopping"),
    (GeneratorError, 502, "language_model"),
    (AskdocError, 500, "index"),
)
"""The status and the type for each error, the first that fits."""


def engine_of(request: Request) -> Engine:
    """Return the engine that the app answers from."""
    engine: Engine = request.app.state.engine
    return engine


def allowed_to(request: Request) -> frozenset[str] | None:
    """Return the libraries that the caller may see; None stands for all."""
    token: Token | None = request.scope.get(TOKEN)
    return None if token is None or token.libraries is None else frozenset(token.libraries)


def json_response(
    data: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with JSON."""
    body = dumps(data, indent=None).encode()
    return Response(body, status, headers=headers, media_type=JSON)


def error_body(error: AskdocError) -> dict[str, Any]:
    """Write an error with its hint."""
    return plain_error(str(error), _kind(error)[1], type(error).__name__, hint_for_caller(error))


def hint_for_caller(error: AskdocError) -> str | None:
    """Return the hint of an error for one who calls the server, and has no terminal there.

    A command against wrong usage is of no use to a caller; others are for whoever runs askdoc.
    """
    hint = (error.hint or "").replace("`askdoc status --documents`", "`/v1/documents`")
    if not _COMMAND.search(hint):
        return hint or None
    if isinstance(error, UsageError):
        return "; ".join(part for part in hint.split("; ") if not _COMMAND.search(part)) or None
    return f"for whoever runs askdoc: {hint}"


def error_response(error: AskdocError) -> Response:
    """Answer with an error."""
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Overloaded) else None
    return json_response(error_body(error), status=_kind(error)[0], headers=headers)


def _kind(error: AskdocError) -> tuple[int, str]:
    return next((status, kind) for type_, status, kind in _STATUS if isinstance(error, type_))


async def handle_error(_: Request, error: Exception) -> Response:
    """Answer with an `AskdocError` that a route has raised."""
    if not isinstance(error, AskdocError):
        raise error
    return error_response(error)


async def handle_http_error(request: Request, error: Exception) -> Response:
    """Answer to a path or a method that there is not."""
    if not isinstance(error, HTTPException):
        raise error
    message, path = error.detail, request.url.path
    if error.status_code == HTTPStatus.NOT_FOUND:
        message = f"there is nothing at `{path}`"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"`{path}` does not take {request.method}"
        if takes := (error.headers or {}).get("Allow"):
            message += f", but {takes}"
    code, kind = error.status_code, "invalid_request_error"
    details = plain_error(message, kind, code, hint="see `/openapi.json`")
    return json_response(details, status=error.status_code, headers=error.headers)


async def handle_bug(_: Request, __: Exception) -> Response:
    """Answer where askdoc is at fault; the log has the traceback."""
    return json_response(plain_error("an error inside askdoc", "bug", 500), status=500)


def plain_error(message: str, kind: str, code: object, hint: str | None = None) -> dict[str, Any]:
    """Write an error as OpenAI's clients read it, with a hint besides."""
    details = {"message": message, "type": kind, "code": code, "param": None, "hint": hint}
    return {"error": details}


async def read_json(request: Request, kind: type[T]) -> T:
    """Read the body of a request.

    Raises:
        UsageError: it is no JSON, or not of that kind.

    """
    body = await request.body()
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise UsageError(explain(error), hint="see `/openapi.json`") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"the body is not JSON: {lowered(str(error))}"
        raise UsageError(message) from error


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Do work that ends as soon as the caller hangs up; the body has been read before.

    Raises:
        HungUp: the caller is gone.

    """
    doing = asyncio.ensure_future(work)
    listening = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({doing, listening}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        message = "the caller is gone"
        raise HungUp(message)
    finally:
        for task in (doing, listening):
            task.cancel()
        await asyncio.gather(doing, listening, return_exceptions=True)
