"""Language models on servers and at providers, through LlamaIndex's LLM classes.

Any LlamaIndex `LLM` can be a generator: `LlamaIndexGenerator(llm, …)`. What the libraries raise
becomes `GeneratorError`; a server that asks to wait is waited for, but only before it has said
anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole

from askdoc.errors import AskdocError, GeneratorError
from askdoc.types import Form, Prompt, Spent

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

_OLLAMA, _OPENAI, _OPENAI_LIKE = "Ollama_llm", "openai_llm", "OpenAILike"
"""Names of LlamaIndex's classes."""

CONTEXT = 8192
"""Tokens of prompt and answer at most: more would be memory and money for nothing."""

_TRIES = 3
_LONGEST_WAIT = 30.0
UNAUTHORISED, _MISSING, _TOO_MANY, _SERVER_ERROR = (401, 403), 404, 429, 500
_NOT_UNDERSTOOD = (400, 422)


class LlamaIndexGenerator:
    """A `Generator` over any LlamaIndex LLM that streams chat.

    Args:
        llm: the model.
        name: how answers name it.
        remote: the host that it sends to, or None where that is this machine.
        form: what holds it to the shape of an answer; a server that turns out not to know JSON
            schemas is asked again without.
        pause: waits a number of seconds; replaced in tests.

    """

    def __init__(
        self,
        llm: LLM,
        *,
        name: str,
        remote: str | None,
        form: Form = Form.FREE,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._llm = llm
        self._pause = pause
        self.name = name
        self.remote = remote
        self.form = form
        self.context = min(llm.metadata.context_window, CONTEXT)

    def close(self) -> None:
        """Do nothing: connections end with the object."""

    def stream(self, prompt: Prompt) -> Iterator[str | Spent]:
        """Yield the text piece by piece, and at last what it took as far as the server says.

        Raises:
            GeneratorError: see the class.

        """
        for attempt in range(1, _TRIES + 1):
            said = False
            try:
                for piece in self._once(prompt):
                    said = True
                    yield piece
            except AskdocError:
                raise
            except Exception as error:  # whatever the provider's library raises
                if prompt.schema and not said and _status(error) in _NOT_UNDERSTOOD:
                    self.form, prompt = Form.FREE, replace(prompt, schema=None)
                    continue
                wait = None if said or attempt == _TRIES else _wait(error, attempt)
                if wait is None:
                    raise explained(error, self.name, said=said) from error
                self._pause(wait)
            else:
                return

    def _once(self, prompt: Prompt) -> Iterator[str | Spent]:
        messages = [
            ChatMessage(role=MessageRole.SYSTEM, content=prompt.system),
            ChatMessage(role=MessageRole.USER, content=prompt.user),
        ]
        options = _options(prompt, self._llm.class_name())
        last: ChatResponse | None = None
        ended = False
        for last in self._llm.stream_chat(messages, **options):
            ended |= _finished(last.raw)
            if last.delta:
                yield last.delta
        if last is not None and not ended and _tells_its_end(last.raw):
            message = f"the stream of `{self.name}` broke off"
            raise GeneratorError(
                message, hint="ask again; if it happens again, see the server's log"
            )
        if last is None and self._llm.class_name() in (_OPENAI, _OPENAI_LIKE):
            raise foreign(self.name)  # a page of HTML, or other JSON: the stream holds no event
        if last is not None:
            yield _spent(last.raw)


def foreign(name: str) -> GeneratorError:
    """Return the error for a server that answers in another protocol."""
    message = f"`{name}` did not answer as an OpenAI-compatible server"
    return GeneratorError(message, hint="see its address: it usually ends in `/v1`")


def form_of(llm: LLM) -> Form:
    """Tell what can hold an LLM to a shape: classes that speak OpenAI's or Ollama's protocol do."""
    known = llm.class_name() in (_OLLAMA, _OPENAI, _OPENAI_LIKE)
    return Form.SCHEMA if known else Form.FREE


def _options(prompt: Prompt, kind: str) -> dict[str, Any]:
    """Say what holds the answer to its shape, in the words of the server behind an LLM class."""
    if prompt.grammar:
        template = {"enable_thinking": False}
        body = {"grammar": prompt.grammar, "chat_template_kwargs": template}
        return {"max_tokens": prompt.most_tokens, "extra_body": body}
    if prompt.schema and kind == _OLLAMA:
        return {"format": prompt.schema}
    if prompt.schema:
        schema = _without_lengths(prompt.schema) if kind == _OPENAI else prompt.schema
        named = {"name": "claims", "strict": True, "schema": schema}
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    return {}


_LENGTHS = ("minLength", "maxLength")


def _without_lengths(schema: Any) -> Any:
    """Leave out the lengths of strings, which OpenAI itself refuses to be told."""
    if isinstance(schema, dict):
        return {k: _without_lengths(v) for k, v in schema.items() if k not in _LENGTHS}
    return schema


def _tells_its_end(raw: Any) -> bool:
    return hasattr(raw, "choices") or (isinstance(raw, dict) and "done" in raw)


def _finished(raw: Any) -> bool:
    if isinstance(raw, dict):
        return bool(raw.get("done"))
    choices = getattr(raw, "choices", None) or ()
    return any(getattr(choice, "finish_reason", None) for choice in choices)


def _spent(raw: Any) -> Spent:
    usage = getattr(raw, "usage", None) or (raw.get("usage") if isinstance(raw, dict) else None)
    if usage is None:
        return Spent()

    def read(*names: str) -> int | None:
        values = (
            usage.get(name) if isinstance(usage, dict) else getattr(usage, name, None)
            for name in names
        )
        return next((int(value) for value in values if value is not None), None)

    return Spent(
        tokens_in=read("prompt_tokens", "input_tokens"),
        tokens_out=read("completion_tokens", "output_tokens"),
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _status(error: BaseException) -> int | None:
    for item in _chain(error):
        for name in ("status_code", "code"):
            if isinstance(value := getattr(item, name, None), int):
                return value
    return None


def _wait(error: BaseException, attempt: int) -> float | None:
    """Return how many seconds to wait before another try, or None where that would not help."""
    status = _status(error)
    if status is None or not (status == _TOO_MANY or status >= _SERVER_ERROR):
        return None
    for item in _chain(error):
        headers = getattr(getattr(item, "response", None), "headers", None) or {}
        try:
            return min(float(headers.get("retry-after", "")), _LONGEST_WAIT)
        except ValueError:
            continue
    return float(2 ** (attempt - 1))


def explained(error: BaseException, name: str, *, said: bool) -> GeneratorError:
    """Say what went wrong in words, and what to do; never more of it than its kind."""
    status = _status(error)
    kinds = " ".join(type(item).__name__ for item in _chain(error)).lower()
    if status in UNAUTHORISED:
        text, hint = "refused the key", "see whether the key is right and may use this model"
    elif status == _MISSING:
        text, hint = "does not have this model", "see the name of the model"
    elif status == _TOO_MANY:
        text, hint = "asks to wait: too many requests", "try again later"
    elif status is not None and status >= _SERVER_ERROR:
        text, hint = f"failed with status {status}", "see the server's log"
    elif "timeout" in kinds:
        text = "said nothing for too long"
        hint = "wait longer: `ASKDOC_LLM_TIMEOUT=300`"
    elif said:
        text, hint = "broke off in the middle", "ask again"
    elif "connect" in kinds or "urlerror" in kinds or "refused" in kinds:
        text, hint = "can't be reached", "see whether the server runs, and its address"
    else:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        text, hint = f"sent what can't be read: {reason}", "see whether it speaks this protocol"
    return GeneratorError(f"`{name}` {text}", hint=hint)
