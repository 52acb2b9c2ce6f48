"""What all routes share: JSON in and out, errors, and callers that hang up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.responses import Response

from askdoc.errors import AskdocError, GeneratorError, UsageError
from askdoc.formats import dumps
from askdoc.serve.engine import Ended, Engine, Overloaded, TookTooLong
from askdoc.settings import explain

if TYPE_CHECKING:
    from starlette.requests import Request

T = TypeVar("T")

JSON = "application/json"

_GONE = 499
"""The status, seen by nobody but the log, for a caller that has hung up."""


class NotFound(AskdocError):
    """There is nothing of that name."""


class HungUp(AskdocError):
    """The caller is gone."""


_STATUS: tuple[tuple[type[AskdocError], int, str], ...] = (
    (NotFound, 404, "not_found"),
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


def json_response(
    data: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with JSON."""
    body = dumps(data, indent=None).encode()
    return Response(body, status, headers=headers, media_type=JSON)


def error_body(error: AskdocError) -> dict[str, Any]:
    """Write an error as OpenAI's clients read it, with a hint besides."""
    return {
        "error": {
            "message": str(error),
            "type": _kind(error)[1],
            "code": type(error).__name__,
            "param": None,
            "hint": error.hint,
        }
    }


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
        message = f"the body is not JSON: {str(error)[:1].lower()}{str(error)[1:]}"
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
