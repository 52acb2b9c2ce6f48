"""Language models on servers and at providers, through LlamaIndex's LLM classes.

Any LlamaIndex `LLM` can be a generator: `LlamaIndexGenerator(llm, …)`. Errors of the libraries
become `GeneratorError`. A request is repeated after a wait (status 429 or 500 and above) only if
nothing of the answer has arrived.
"""

from __future__ import annotations

import re
import time
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole

from askdoc.errors import AskdocError, GeneratorError
from askdoc.models.llm.providers import without_secrets
from askdoc.strings import one_line
from askdoc.types import Busy, Form, Prompt, Spent
from askdoc.types.ports import Listener, ignore

if TYPE_CHECKING:
    from llama_index.core.llms import LLM


_CHARACTERS = 16
"""Characters per token, at most. A token has about four, so an answer within its limit stays far
below."""


class OutputLimit:
    """Limits one answer, whatever the server was asked for.

    Its length, and the time without output.

    Args:
        most_tokens: the token limit of the answer. timeout: seconds without output, or None for no
            limit. Blanks do not count as output, hidden reasoning does.
    """

    def __init__(self, most_tokens: int, timeout: float | None) -> None:
        self._room = most_tokens * _CHARACTERS
        self._timeout = timeout
        self._heard = time.monotonic()

    def is_over(self, piece: str, *, thinks: bool) -> bool:
        """Count a piece of output; return whether the answer is now too long."""
        text = " ".join(piece.split())
        if text or thinks:
            self._heard = time.monotonic()
        self._room -= max(len(text), 1)
        return self._room < 0

    @contextmanager
    def slack(self) -> Iterator[None]:
        """Exclude the time that the caller spends on a piece."""
        began = time.monotonic()
        yield
        self._heard += time.monotonic() - began

    def is_idle(self) -> bool:
        """Tell whether there was no output for `timeout` seconds."""
        return self._timeout is not None and time.monotonic() - self._heard > self._timeout


_OLLAMA, _OPENAI, _OPENAI_LIKE = "Ollama_llm", "openai_llm", "OpenAILike"
"""LlamaIndex's `class_name()` of these LLM classes."""

CONTEXT = 8192
"""Most tokens of prompt and answer together: more costs memory and money, and brings nothing."""

NO_KEY = "none"
"""The key for a server that needs none; the library insists on a value."""

_TRIES = 3
_LONGEST_WAIT = 30.0
UNAUTHORISED, _MISSING, _TOO_MANY, _SERVER_ERROR = (401, 403), 404, 429, 500
_NOT_UNDERSTOOD = (400, 422)
REDIRECTIONS = range(300, 400)
_CLIENT_ERRORS = range(400, 500)
_LONGEST_REASON = 200
_WHY_ENDED = ("finish_reason", "done_reason", "stop_reason")
_AT_ITS_LIMIT = ("length", "max_tokens")
_SHORTEST_KEY = 4
_SILENT = "said nothing for too long", "wait longer: `ASKDOC_LLM_TIMEOUT=300`"
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
"""Servers send hidden reasoning under these names."""


def _nothing() -> None:
    """Do nothing."""


class LlamaIndexGenerator:
    """A `Generator` over any LlamaIndex LLM that streams chat.

    Args:
        llm: the model.
        name: how answers name it.
        remote: the host that it sends to, or None where that is this machine.
        form: how the answer's format is enforced; without a schema if the server rejects schemas.
        limit: makes the limits of one answer.
        pause: sleeps for a number of seconds; tests replace it.
        hang_up: closes the model's connections; called at the latest when this object is collected.

    """

    def __init__(
        self,
        llm: LLM,
        *,
        name: str,
        remote: str | None,
        form: Form = Form.FREE,
        limit: Callable[[], OutputLimit] = partial(OutputLimit, CONTEXT, None),  # noqa: B008 - makes nothing yet
        pause: Callable[[float], None] = time.sleep,
        hang_up: Callable[[], object] = _nothing,
    ) -> None:
        self._llm = llm
        self._ending = weakref.finalize(self, hang_up)
        key = getattr(llm, "api_key", None)
        self._key = key if isinstance(key, str) else None
        self._pause = pause
        self._limit = limit
        self.listen: Listener = ignore
        self.name = name
        self.remote = remote
        self.form = form
        self.context = min(llm.metadata.context_window, CONTEXT)

    def close(self) -> None:
        """End the connections."""
        self._ending()

    def stream(self, prompt: Prompt) -> Iterator[str | Spent]:
        """Yield the text in pieces, and at last a `Spent` with the counts that the server sends.

        Raises:
            GeneratorError: the server cannot be reached, refuses, breaks off, or is silent for too
                long.

        """
        for attempt in range(1, _TRIES + 1):
            has_output = False
            try:
                for piece in self._once(prompt):
                    has_output = True
                    yield piece
            except AskdocError:
                raise
            except Exception as error:  # each provider's library has errors of its own
                if prompt.schema and not has_output and _status(error) in _NOT_UNDERSTOOD:
                    self.form, prompt = Form.FREE, replace(prompt, schema=None)
                    continue
                if has_output and _names_limit(error):
                    yield Spent(cut_off=True)
                    return
                wait = None if has_output or attempt == _TRIES else _wait(error, attempt)
                if wait is None:
                    raise explained(
                        error, self.name, has_output=has_output, key=self._key
                    ) from error
                status = _status(error)
                self.listen(Busy(self.name, wait, None if status == _TOO_MANY else status))
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
        ended = cut_off = False
        limit = self._limit()
        with _closing(self._llm.stream_chat(messages, **options)) as answer:
            for last in answer:
                ended |= _finished(last.raw)
                cut_off |= _cut_off(last.raw)
                over = limit.is_over(last.delta or "", thinks=_thinks(last.raw))
                if limit.is_idle() and not ended:
                    raise silent(self.name)
                if last.delta:
                    with limit.slack():
                        yield last.delta
                if over and not ended:
                    yield Spent(cut_off=True)
                    return
        if last is not None and not ended and _tells_its_end(last.raw):
            message = f"the stream of `{self.name}` broke off"
            raise GeneratorError(
                message, hint="ask again; if it happens again, see the server's log"
            )
        if last is None and self._llm.class_name() in (_OPENAI, _OPENAI_LIKE):
            raise foreign(self.name)  # an HTML page or other JSON: the stream has no event
        if last is not None:
            yield replace(_spent(last.raw), cut_off=cut_off)


@contextmanager
def _closing(answer: Iterable[ChatResponse]) -> Iterator[Iterable[ChatResponse]]:
    """Close the stream also if it is not read to its end; that ends the request."""
    try:
        yield answer
    finally:
        if callable(close := getattr(answer, "close", None)):
            close()


def silent(name: str) -> GeneratorError:
    """Return the error for a server without output, or with blanks only."""
    return GeneratorError(f"`{name}` {_SILENT[0]}", hint=_SILENT[1])


def foreign(name: str) -> GeneratorError:
    """Return the error for a server that answers in another protocol."""
    message = f"`{name}` did not answer as an OpenAI-compatible server"
    return GeneratorError(message, hint="see its address: it usually ends in `/v1`")


def form_of(llm: LLM) -> Form:
    """Return how an LLM's format can be enforced.

    By a schema where OpenAI's or Ollama's protocol is used.
    """
    known = llm.class_name() in (_OLLAMA, _OPENAI, _OPENAI_LIKE)
    return Form.SCHEMA if known else Form.FREE


def _options(prompt: Prompt, kind: str) -> dict[str, Any]:
    """Return the request options, in the server's terms, that enforce the answer's format."""
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
    """Remove the lengths of strings: OpenAI rejects a schema that has them."""
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


def _cut_off(raw: Any) -> bool:
    """Tell whether the answer ends here because it reached its token limit, in any protocol."""
    listed = (_of(raw, "choices"), _of(raw, "candidates"))
    parts = [raw, _of(raw, "delta"), *(part for parts in listed for part in parts or ())]
    reasons = [_of(part, name) for part in parts for name in _WHY_ENDED]
    return any(str(getattr(why, "value", why)).lower() in _AT_ITS_LIMIT for why in reasons if why)


def _thinks(raw: Any) -> bool:
    """Tell whether this part of the stream has hidden reasoning."""
    deltas = [_of(choice, "delta") for choice in _of(raw, "choices") or ()]
    return any(_of(part, n) for part in (*deltas, _of(raw, "message")) for n in _THOUGHTS)


def _names_limit(error: BaseException) -> bool:
    """Tell whether the error is only that the answer reached its token limit."""
    return "max_tokens" in str(error).lower()


def _of(item: Any, name: str) -> Any:
    return item.get(name) if isinstance(item, dict) else getattr(item, name, None)


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
    """Return the seconds to wait before a retry, or None if a retry would not help."""
    status = _status(error)
    if status is None or not (status == _TOO_MANY or status >= _SERVER_ERROR):
        return None
    asked = _asked_to_wait(error)
    if asked is None:
        return float(2 ** (attempt - 1))
    return asked if asked <= _LONGEST_WAIT else None


def _asked_to_wait(error: BaseException) -> float | None:
    """Return the seconds of a `Retry-After` header, which has a number or a date."""
    value = _header(error, "retry-after")
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
    except (ValueError, OverflowError):
        return None


def _header(error: BaseException, name: str) -> str:
    for item in _chain(error):
        of_answer = getattr(getattr(item, "response", None), "headers", None)
        headers = of_answer or getattr(item, "headers", None) or {}
        if value := headers.get(name):
            return str(value)
    return ""


def explained(
    error: BaseException, name: str, *, has_output: bool, key: str | None = None
) -> GeneratorError:
    """Return an error that says what failed and what to do; `key` never appears in it."""
    reason = _of_status(error, key) or _of_kind(error, key, has_output=has_output)
    return GeneratorError(f"`{name}` {reason[0]}", hint=reason[1])


def _of_status(error: BaseException, key: str | None) -> tuple[str, str] | None:
    """Return message and hint for the HTTP status; None without a status."""
    status = _status(error)
    if status in UNAUTHORISED:
        text, hint = "refused the key", "see whether the key is right and may use this model"
    elif status == _MISSING:
        text, hint = "does not have this model", "see the name of the model"
    elif status in REDIRECTIONS:
        where = without_secrets(_header(error, "location")) or "another address"
        text = f"redirects to {where}, where nothing is sent"
        hint = "if you mean that server, name its address with `--llm`"
    elif status == _TOO_MANY:
        wait = _asked_to_wait(error)
        text = "asks to wait: too many requests" + (f", for {wait:.0f} s" if wait else "")
        hint = f"try again in {wait:.0f} s" if wait else "try again later"
    elif status is not None and status >= _SERVER_ERROR:
        text, hint = f"failed with status {status}", "see the server's log"
    elif status in _CLIENT_ERRORS:
        text = f"refused with status {status}: {_reason(error, key)}"
        hint = "see what it says; the name of the model and the account may matter"
    else:
        return None
    return text, hint


def _of_kind(error: BaseException, key: str | None, *, has_output: bool) -> tuple[str, str]:
    """Return message and hint for an error without an HTTP status."""
    kinds = " ".join(type(item).__name__ for item in _chain(error)).lower()
    if "timeout" in kinds:
        return _SILENT
    if has_output:
        return "broke off in the middle", "ask again"
    if "remoteprotocol" in kinds or "incompleteread" in kinds:
        text = "broke off before it had said anything"
        return text, "see whether the server still runs, and ask again"
    if "connect" in kinds or "urlerror" in kinds or "refused" in kinds:
        return "can't be reached", "see whether the server runs, and its address"
    return f"sent what can't be read: {_reason(error, key)}", "see whether it speaks this protocol"


def _reason(error: BaseException, key: str | None) -> str:
    """Return the server's message on one line, shortened and without a key."""
    body = getattr(error, "body", None)
    message = body.get("message") if isinstance(body, dict) else None
    text = " ".join(str(message or error).split()) or type(error).__name__
    return one_line(_redacted(text, key))[:_LONGEST_REASON]


_AUTHORISATION = re.compile(
    r"(\b(?:authorization|x-api-key|api[_-]?key)\b\W{0,4}(?:bearer\s+)?|\bbearer\s+)[^\s\"',;}]+",
    re.IGNORECASE,
)


def _redacted(text: str, key: str | None) -> str:
    if key and len(key) >= _SHORTEST_KEY and key != NO_KEY:
        text = text.replace(key, "***")
    return _AUTHORISATION.sub(r"\1***", text)
