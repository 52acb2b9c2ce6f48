"""`/v1/chat/completions`, `/v1/responses` and `/v1/models`, as OpenAI's clients speak them.

A model is a library, and `default` is all of them. The last message is the question, those before
are the conversation; what a system message says is not used, since the documents answer.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.routing import Route

from askdoc.errors import AskdocError, UsageError
from askdoc.formats import answer_to_json, dumps
from askdoc.serve.asking import ROOT
from askdoc.serve.http import (
    NotFound,
    allowed_to,
    engine_of,
    error_body,
    json_response,
    read_json,
    unless_gone,
)
from askdoc.serve.links import base_of, with_links
from askdoc.serve.wording import Link, Piece, pieces, without_links
from askdoc.types import Answer, Turn

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from askdoc.serve.steps import Ask

DEFAULT = "default"
"""The model that stands for all libraries."""

OWN = "askdoc"
"""The key under which a reply has the whole answer."""


class Part(msgspec.Struct, frozen=True):
    """A part of a message; those that are no text are refused."""

    type: str
    text: str = ""


class Message(msgspec.Struct, frozen=True):
    """A message of a conversation."""

    role: str = "user"
    content: str | tuple[Part, ...] | None = None


class StreamOptions(msgspec.Struct, frozen=True):
    """What a stream has besides the text."""

    include_usage: bool = False


class ChatRequest(msgspec.Struct, frozen=True):
    """A conversation whose last message is the question; other fields of OpenAI's are ignored."""

    messages: tuple[Message, ...]
    model: str = DEFAULT
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None


class ResponsesRequest(msgspec.Struct, frozen=True):
    """A question, or a conversation that ends with it; other fields of OpenAI's are ignored."""

    input: str | tuple[Message, ...]
    model: str = DEFAULT
    stream: bool | None = False
    previous_response_id: str | None = None


async def models(request: Request) -> Response:
    """List the models: `default`, and one for each library."""
    names = [DEFAULT, *_libraries(request)]
    return json_response({"object": "list", "data": [_model(name) for name in names]})


async def model(request: Request) -> Response:
    """Describe one model."""
    name = request.path_params["model"]
    _library(request, name)
    return json_response(_model(name))


async def chat_completions(request: Request) -> Response:
    """Answer the last message of a conversation, with links to the passages."""
    asked = await read_json(request, ChatRequest)
    ask = _ask(request, asked.messages, asked.model)
    head = {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "created": int(time.time()),
        "model": asked.model,
    }
    if asked.stream:
        usage = asked.stream_options is not None and asked.stream_options.include_usage
        stream = _chat_events(ask, base_of(request), head, usage=usage)
        return EventSourceResponse(stream, sep="\n")
    text, links, answer = await unless_gone(request, _complete(ask, base_of(request)))
    message = {
        "role": "assistant",
        "content": text,
        "refusal": None,
        "annotations": _annotations(links),
    }
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    return json_response(
        {
            **head,
            "object": "chat.completion",
            "choices": [choice],
            "usage": _usage(answer),
            OWN: _own(answer, base_of(request)),
        }
    )


async def responses(request: Request) -> Response:
    """Answer a question or the last message of a conversation, as OpenAI's Responses do."""
    asked = await read_json(request, ResponsesRequest)
    if asked.previous_response_id is not None:
        message = "`previous_response_id` cannot be used: answers are not kept here"
        raise UsageError(message, hint="send the earlier messages in `input`")
    messages = (Message("user", asked.input),) if isinstance(asked.input, str) else asked.input
    ask = _ask(request, messages, asked.model)
    head = {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "model": asked.model,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": False,
        "temperature": None,
        "tool_choice": "none",
        "tools": [],
        "top_p": None,
    }
    if asked.stream:
        stream = _response_events(ask, base_of(request), head)
        return EventSourceResponse(stream, sep="\n")
    text, links, answer = await unless_gone(request, _complete(ask, base_of(request)))
    own = _own(answer, base_of(request))
    item = _item(f"msg_{uuid.uuid4().hex}", text, links)
    return json_response({**_completed(head, item, answer), OWN: own})


# ── what is asked ───────────────────────────────────────────────────────────────────────────────


def _ask(request: Request, messages: tuple[Message, ...], model_name: str) -> Ask:
    """Make ready to ask what the last message says.

    Raises:
        UsageError: the last message is not a user's, or has something else than text.
        NotFound: there is no such model.

    """
    said = [(one.role, _text(one)) for one in messages if one.role in ("user", "assistant")]
    if not said or said[-1][0] != "user":
        message = "the last message must be a question of the user"
        raise UsageError(message)
    turns: list[Turn] = []
    for role, text in said[:-1]:
        if role == "user":
            turns.append(Turn(text, ""))
        elif turns:
            turns[-1] = Turn(
                turns[-1].question, f"{turns[-1].answer} {without_links(text)}".strip()
            )
    return partial(
        engine_of(request).ask,
        said[-1][1],
        library=_library(request, model_name),
        allowed=allowed_to(request),
        history=turns,
    )


def _text(message: Message) -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    for part in message.content:
        if part.type not in ("text", "input_text", "output_text"):
            error = f"a message can have text only, not `{part.type}`"
            raise UsageError(error)
    return "\n".join(part.text for part in message.content)


def _libraries(request: Request) -> list[str]:
    allowed = allowed_to(request)
    return [name for name in engine_of(request).workspaces if allowed is None or name in allowed]


def _library(request: Request, name: str) -> str | None:
    """Return the library that a model stands for; None for all."""
    if name == DEFAULT:
        return None
    if name not in _libraries(request):
        message = f"there is no model `{name[:100]}`"
        raise NotFound(message, hint="see `/v1/models`")
    return name


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "askdoc"}


# ── what is answered ────────────────────────────────────────────────────────────────────────────


async def _complete(ask: Ask, base: str) -> tuple[str, list[Link], Answer]:
    text, links = "", list[Link]()
    async with aclosing(pieces(ask, base)) as found:
        async for piece in found:
            if isinstance(piece, Answer):
                return text, links, piece
            text += piece.text
            links += piece.links
    raise AssertionError


async def _chat_events(
    ask: Ask, base: str, head: Mapping[str, Any], *, usage: bool
) -> AsyncIterator[ServerSentEvent]:
    def chunk(delta: Mapping[str, Any], finish: str | None = None, **more: Any) -> ServerSentEvent:
        choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
        return _data({**head, "object": "chat.completion.chunk", "choices": [choice], **more})

    yield chunk({"role": "assistant", "content": ""})
    try:
        async with aclosing(pieces(ask, base)) as found:
            async for piece in found:
                if isinstance(piece, Piece):
                    more = {"annotations": _annotations(piece.links)} if piece.links else {}
                    yield chunk({"content": piece.text, **more})
                    continue
                yield chunk({}, "stop", **{OWN: _own(piece, base)})
                if usage:
                    body = {**head, "object": "chat.completion.chunk", "choices": []}
                    yield _data({**body, "usage": _usage(piece)})
    except AskdocError as error:
        yield _data(error_body(error))
    yield ServerSentEvent(data="[DONE]", sep="\n")


async def _response_events(
    ask: Ask, base: str, head: Mapping[str, Any]
) -> AsyncIterator[ServerSentEvent]:
    number = 0
    message_id = f"msg_{uuid.uuid4().hex}"
    place = {"item_id": message_id, "output_index": 0, "content_index": 0}

    def event(kind: str, **fields: Any) -> ServerSentEvent:
        nonlocal number
        number += 1
        data = {"type": kind, "sequence_number": number - 1, **fields}
        return ServerSentEvent(event=kind, data=dumps(data, indent=None), sep="\n")

    text, links = "", list[Link]()
    begun = {**head, "status": "in_progress", "output": [], "usage": None}
    yield event("response.created", response=begun)
    yield event("response.in_progress", response=begun)
    item = {**_item(message_id, "", ()), "status": "in_progress", "content": []}
    yield event("response.output_item.added", output_index=0, item=item)
    yield event("response.content_part.added", **place, part=_part("", ()))
    try:
        async with aclosing(pieces(ask, base)) as found:
            async for piece in found:
                if isinstance(piece, Piece):
                    text += piece.text
                    yield event(
                        "response.output_text.delta", **place, delta=piece.text, logprobs=[]
                    )
                    for link in piece.links:
                        links.append(link)
                        yield event(
                            "response.output_text.annotation.added",
                            **place,
                            annotation_index=len(links) - 1,
                            annotation={"type": "url_citation", **link.plain()},
                        )
                    continue
                yield event("response.output_text.done", **place, text=text, logprobs=[])
                yield event("response.content_part.done", **place, part=_part(text, links))
                item = _item(message_id, text, links)
                yield event("response.output_item.done", output_index=0, item=item)
                done = {**_completed(head, item, piece), OWN: _own(piece, base)}
                yield event("response.completed", response=done)
    except AskdocError as error:
        body = error_body(error)["error"]
        yield event("error", code=body["code"], message=body["message"], param=None)


def _data(data: Mapping[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(data=dumps(data, indent=None), sep="\n")


def _annotations(links: list[Link] | tuple[Link, ...]) -> list[dict[str, Any]]:
    return [{"type": "url_citation", "url_citation": link.plain()} for link in links]


def _part(text: str, links: list[Link] | tuple[Link, ...]) -> dict[str, Any]:
    found = [{"type": "url_citation", **link.plain()} for link in links]
    return {"type": "output_text", "text": text, "annotations": found, "logprobs": []}


def _item(name: str, text: str, links: list[Link] | tuple[Link, ...]) -> dict[str, Any]:
    return {
        "type": "message",
        "id": name,
        "status": "completed",
        "role": "assistant",
        "content": [_part(text, links)],
    }


def _completed(head: Mapping[str, Any], item: Mapping[str, Any], answer: Answer) -> dict[str, Any]:
    used = _usage(answer)
    usage = {
        "input_tokens": used["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": used["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": used["total_tokens"],
    }
    return {**head, "status": "completed", "output": [item], "usage": usage}


def _usage(answer: Answer) -> dict[str, int]:
    """Count the tokens of a language model; 0 where there was none."""
    spent = answer.generation.spent if answer.generation else None
    read = (spent.tokens_in if spent else None) or 0
    written = (spent.tokens_out if spent else None) or 0
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    }


def _own(answer: Answer, base: str) -> dict[str, Any]:
    return with_links(answer_to_json(answer, base=ROOT), answer, base)


ROUTES = (
    Route("/v1/chat/completions", chat_completions, methods=["POST"]),
    Route("/v1/responses", responses, methods=["POST"]),
    Route("/v1/models", models),
    Route("/v1/models/{model}", model),
)
