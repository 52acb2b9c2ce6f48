"""Language models on servers and at providers, through LlamaIndex's LLM classes.

Any LlamaIndex `LLM` can be a generator: `LlamaIndexGenerator(llm, …)`. What the libraries raise
becomes `GeneratorError`; a server that asks to wait is waited for, but only before it has said
anything.
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole

from askdoc.errors import AskdocError, GeneratorError, MissingPart
from askdoc.providers import COMPATIBLE, KEY_VARIABLES, Provider
from askdoc.types import Prompt, Spent

if TYPE_CHECKING:
    from llama_index.core.llms import LLM

_CLASSES = {
    COMPATIBLE: ("llama_index.llms.openai_like", "OpenAILike", "servers"),
    "ollama": ("llama_index.llms.ollama", "Ollama", "ollama"),
    "openai": ("llama_index.llms.openai", "OpenAI", "openai"),
    "anthropic": ("llama_index.llms.anthropic", "Anthropic", "anthropic"),
    "google": ("llama_index.llms.google_genai", "GoogleGenAI", "google"),
}
_CONTEXT = 8192
_TRIES = 3
_LONGEST_WAIT = 30.0
_UNAUTHORISED, _MISSING, _TOO_MANY, _SERVER_ERROR = (401, 403), 404, 429, 500
_LISTING_TIMEOUT = 5


class LlamaIndexGenerator:
    """A `Generator` over any LlamaIndex LLM that streams chat.

    Args:
        llm: the model.
        name: how answers name it.
        remote: the host that it sends to, or None where that is this machine.
        takes_grammar: whether it is llama.cpp, which keeps to a grammar.
        pause: waits a number of seconds; replaced in tests.

    """

    def __init__(
        self,
        llm: LLM,
        *,
        name: str,
        remote: str | None,
        takes_grammar: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._llm = llm
        self._pause = pause
        self.name = name
        self.remote = remote
        self.takes_grammar = takes_grammar
        self.context = min(llm.metadata.context_window, _CONTEXT)

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
                wait = None if said or attempt == _TRIES else _wait(error, attempt)
                if wait is None:
                    raise _explained(error, self.name, said=said) from error
                self._pause(wait)
            else:
                return

    def _once(self, prompt: Prompt) -> Iterator[str | Spent]:
        messages = [
            ChatMessage(role=MessageRole.SYSTEM, content=prompt.system),
            ChatMessage(role=MessageRole.USER, content=prompt.user),
        ]
        options: dict[str, Any] = {}
        if prompt.grammar and self.takes_grammar:
            options["max_tokens"] = prompt.most_tokens
            options["extra_body"] = {
                "grammar": prompt.grammar,
                "chat_template_kwargs": {"enable_thinking": False},
            }
        last: ChatResponse | None = None
        ended = False
        for last in self._llm.stream_chat(messages, **options):
            ended |= _finished(last.raw)
            if last.delta:
                yield last.delta
        if last is not None and not ended and hasattr(last.raw, "choices"):
            message = f"the stream of `{self.name}` broke off"
            raise GeneratorError(
                message, hint="ask again; if it happens again, see the server's log"
            )
        if last is not None:
            yield _spent(last.raw)


def connect(provider: Provider, *, offline: bool, timeout: float) -> LlamaIndexGenerator:
    """Get ready to ask a provider; nothing is sent yet but, to a server, what it serves.

    Raises:
        MissingPart: the extra for that provider is not installed.
        GeneratorError: `offline` refuses it, it has no key, or the server does not answer.

    """
    if offline and provider.remote:
        message = f"`--offline` refuses to ask `{provider.remote}`"
        raise GeneratorError(message, hint="take a model on this machine: `askdoc models list`")
    module, class_name, extra = _CLASSES[provider.kind]
    try:
        made = getattr(import_module(module), class_name)
    except ImportError as error:
        message = f"`{provider.name}` needs the package of `{provider.kind}`"
        raise MissingPart(message, hint=f"pip install 'askdoc[{extra}]'") from error
    if provider.kind == COMPATIBLE:
        return _compatible(made, provider, timeout)
    if provider.kind == "ollama":
        llm = made(
            model=provider.model, base_url=provider.url, request_timeout=timeout, temperature=0.0
        )
    else:
        llm = made(model=provider.model, api_key=_key(provider), temperature=0.0, max_retries=0)
    return LlamaIndexGenerator(llm, name=provider.name, remote=provider.remote)


def _compatible(made: Any, provider: Provider, timeout: float) -> LlamaIndexGenerator:
    key = _key(provider, needed=False) or "none"
    served = _served(provider, key)
    names = [str(item.get("id")) for item in served]
    if not provider.model and not names:
        message = f"the server at `{provider.url}` lists no model"
        raise GeneratorError(message, hint=f"name one: `--llm {provider.url}#NAME`")
    model = provider.model or names[0]
    llm = made(
        model=model,
        api_base=provider.url,
        api_key=key,
        is_chat_model=True,
        context_window=_CONTEXT,
        temperature=0.0,
        max_tokens=400,
        timeout=timeout,
        max_retries=0,
        additional_kwargs={"stream_options": {"include_usage": True}},
    )
    return LlamaIndexGenerator(
        llm,
        name=Provider(COMPATIBLE, model, provider.url).name,
        remote=provider.remote,
        takes_grammar=any(item.get("owned_by") == "llamacpp" for item in served),
    )


def _served(provider: Provider, key: str) -> list[dict[str, Any]]:
    """List the models that a server says it serves; none where it can't tell."""
    request = urllib.request.Request(  # noqa: S310 - http or https, by `read_provider`
        f"{provider.url}/models", headers={"Authorization": f"Bearer {key}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_LISTING_TIMEOUT) as answer:  # noqa: S310
            return [dict(item) for item in json.load(answer).get("data", [])]
    except urllib.error.HTTPError as error:
        if error.code in _UNAUTHORISED:
            raise _explained(error, provider.name.rstrip("#"), said=False) from error
        return []
    except (OSError, ValueError) as error:
        raise _explained(error, provider.name.rstrip("#"), said=False) from error


def _key(provider: Provider, *, needed: bool = True) -> str | None:
    """Find a provider's key: in the system's keyring under `askdoc`, else in the environment."""
    variables = KEY_VARIABLES[provider.kind]
    stored = _from_keyring(provider.host if provider.kind == COMPATIBLE else provider.kind)
    found = stored or next((os.environ[name] for name in variables if os.environ.get(name)), None)
    if found is None and needed:
        message = f"there is no key for `{provider.kind}`"
        hint = f"set `{variables[0]}`, or keep it: `keyring set askdoc {provider.kind}`"
        raise GeneratorError(message, hint=hint)
    return found


def _from_keyring(name: str) -> str | None:
    try:
        keyring = import_module("keyring")
        found = keyring.get_password("askdoc", name)
    except Exception:  # noqa: BLE001 - a machine without a working keyring has no key in it
        return None
    return found if isinstance(found, str) else None


def _finished(raw: Any) -> bool:
    choices = getattr(raw, "choices", None) or ()
    return any(getattr(choice, "finish_reason", None) for choice in choices)


def _spent(raw: Any) -> Spent:
    usage = getattr(raw, "usage", None) or (raw.get("usage") if isinstance(raw, dict) else None)
    if usage is None:
        return Spent()

    def read(*names: str) -> int | None:
        values = (getattr(usage, name, None) for name in names)
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


def _explained(error: BaseException, name: str, *, said: bool) -> GeneratorError:
    """Say what went wrong in words, and what to do; never more of it than its kind."""
    status = _status(error)
    kinds = " ".join(type(item).__name__ for item in _chain(error)).lower()
    if status in _UNAUTHORISED:
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
