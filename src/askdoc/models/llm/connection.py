"""Connects to a language model on a server or at a provider.

Finds the address, key and model name.
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from askdoc.addresses import is_loopback
from askdoc.errors import GeneratorError, MissingPart, NoAnswerYet
from askdoc.models.llm.providers import (
    COMPATIBLE,
    KEY_VARIABLES,
    Provider,
    ollama_host,
    ollama_url,
)
from askdoc.models.llm.remote import (
    CONTEXT,
    NO_KEY,
    REDIRECTIONS,
    UNAUTHORISED,
    LlamaIndexGenerator,
    OutputLimit,
    explained,
    foreign,
)
from askdoc.system.secrets import secret
from askdoc.types import Form, Prompt, Spent
from askdoc.types.ports import Generator, Listener, ignore

if TYPE_CHECKING:
    import httpx


_MOST_BYTES = 1 << 26
"""Bytes of one streamed answer. Each token comes in an event of several hundred bytes."""


class _Staying(urllib.request.HTTPRedirectHandler):
    """Turns a redirection into an `HTTPError`: evidence and key must not go to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


def opener(url: str) -> urllib.request.OpenerDirector:
    """Return an opener for `url`. A redirection raises `HTTPError`; loopback ignores proxies."""
    local = is_loopback(urlsplit(url).hostname or "")
    proxies = [urllib.request.ProxyHandler({})] if local else []
    return urllib.request.build_opener(_Staying, *proxies)


def client_options(url: str) -> dict[str, Any]:
    """Return the options for an `httpx.Client` that treats `url` as `opener` does."""
    local = is_loopback(urlsplit(url).hostname or "")
    return {"follow_redirects": False, "trust_env": not local}


def client(url: str, timeout: float) -> httpx.Client:
    """Return a client for `url`; a redirection is an error of status 300 to 399.

    Reading fails after `timeout` seconds in which only keep-alive comments arrive, and once the
    server has sent more than any answer needs.
    """
    import httpx

    class _Watched(httpx.SyncByteStream):
        def __init__(self, stream: httpx.SyncByteStream) -> None:
            self._stream = stream

        def __iter__(self) -> Iterator[bytes]:
            bytes_left, last_sent = _MOST_BYTES, time.monotonic()
            for part in self._stream:
                bytes_left -= len(part)
                if bytes_left < 0:
                    message = "the server sends without end"
                    raise httpx.ReadError(message)
                if says_nothing(part) and time.monotonic() - last_sent > timeout:
                    message = "the server only keeps the connection alive"
                    raise httpx.ReadTimeout(message)
                yield part
                if not says_nothing(part):
                    last_sent = time.monotonic()

        def close(self) -> None:
            self._stream.close()

    def watch(response: httpx.Response) -> None:
        if isinstance(response.stream, httpx.SyncByteStream):
            response.stream = _Watched(response.stream)

    return httpx.Client(timeout=timeout, event_hooks={"response": [watch]}, **client_options(url))


def says_nothing(part: bytes) -> bool:
    """Tell whether a part of an event stream has only comments and blank lines (keep-alives)."""
    return all(not line or line.startswith(b":") for line in part.splitlines())


_LOOK = 0.5
"""Seconds to wait for a server on this machine, which answers at once or not at all."""

_LATEST = ":latest"


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """A model that Ollama has, and its size in bytes."""

    name: str
    size: int


def local_models(timeout: float = _LOOK) -> list[OllamaModel] | None:
    """List the models of the Ollama on this machine, by name; None where none answers.

    An Ollama on another machine, by `OLLAMA_HOST`, is not asked: the user has not chosen it yet.
    """
    return models_of(ollama_url(), timeout) if is_loopback(ollama_host()) else None


def models_of(url: str, timeout: float) -> list[OllamaModel] | None:
    """List the models of the Ollama at `url`, by name; None where none answers."""
    try:
        with opener(url).open(f"{url}/api/tags", timeout=timeout) as answer:
            listed = json.load(answer)["models"]
        found = [OllamaModel(str(m["name"]), int(m.get("size", 0))) for m in listed]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return sorted(found, key=lambda model: model.name)


def has_model(models: list[OllamaModel], name: str) -> bool:
    """Tell whether `models` has the model `name`; a name without a tag means `:latest`."""
    full = name if ":" in name else name + _LATEST
    return any(model.name in (name, full) for model in models)


_CLASSES = {
    COMPATIBLE: ("llama_index.llms.openai_like", "OpenAILike", "servers"),
    "ollama": ("llama_index.llms.ollama", "Ollama", "ollama"),
    "openai": ("llama_index.llms.openai", "OpenAI", "openai"),
    "anthropic": ("llama_index.llms.anthropic", "Anthropic", "anthropic"),
    "google": ("llama_index.llms.google_genai", "GoogleGenAI", "google"),
}
_Made = tuple[Any, Callable[[], object]]
"""A LlamaIndex LLM, and the function that closes its connections."""

_LISTING_TIMEOUT = 5
_LONGEST_LISTING = 1 << 22
_ANSWER_TOKENS = 400
_IN_ITS_PLACE = (502, 503, 504)
"""A proxy sends these for a server that it cannot reach; a server may send 503 while it starts."""


def connect_later(provider: Provider, *, offline: bool, timeout: float) -> Generator:
    """Connect as `connect` does; if the server does not answer, try again at the second question.

    The first question then gets the extractive answer and the reason.

    Raises:
        MissingPart: the extra for that provider is not installed.
        GeneratorError: `offline` refuses it, or it has no key.

    """
    try:
        return connect(provider, offline=offline, timeout=timeout)
    except NoAnswerYet as error:
        return _Awaited(
            provider, error, lambda: connect(provider, offline=offline, timeout=timeout)
        )


class _Awaited:
    """A `Generator` whose server did not answer.

    The first use raises the error, later ones retry.
    """

    form = Form.FREE
    context = CONTEXT

    def __init__(
        self, provider: Provider, error: NoAnswerYet, look: Callable[[], LlamaIndexGenerator]
    ) -> None:
        self.name = provider.name.rstrip("#")
        self.remote = provider.remote
        self._error: NoAnswerYet | None = error
        self._look = look
        self._found: LlamaIndexGenerator | None = None
        self.listen: Listener = ignore

    def stream(self, prompt: Prompt) -> Iterator[str | Spent]:
        """Yield the server's answer in pieces.

        Raises:
            NoAnswerYet: it still does not answer.
            GeneratorError: it fails.

        """
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        self._found = self._found or self._look()
        self._found.listen = self.listen
        yield from self._found.stream(prompt)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._found is not None:
            self._found.close()


def connect(provider: Provider, *, offline: bool, timeout: float) -> LlamaIndexGenerator:
    """Connect to a provider. So far, a server is only asked which models it serves.

    Raises:
        MissingPart: the extra for that provider is not installed.
        GeneratorError: `offline` refuses it, it has no key, or it redirects.
        NoAnswerYet: the server does not answer, or does not have the model.

    """
    if offline and provider.remote:
        message = f"`--offline` refuses to ask `{provider.remote}`"
        raise GeneratorError(message, hint="take a model on this machine: `askdoc models list`")
    module, class_name, extra = _CLASSES[provider.kind]
    try:
        made = getattr(import_module(module), class_name)
    except ImportError as error:
        who = "a server" if provider.kind == COMPATIBLE else f"`{provider.kind}`"
        message = f"asking {who} for answers needs a package that is not installed"
        raise MissingPart(message, hint=f"pip install 'askdoc[{extra}]'") from error
    if provider.kind == COMPATIBLE:
        return _compatible(made, provider, timeout)
    if provider.kind == "ollama":
        _look_for(provider)
        asked = _ollama_client(provider.url or "", timeout)
        ending = {"hang_up": asked.close}
        llm = made(
            model=provider.model,
            base_url=provider.url,
            client=asked,
            request_timeout=timeout,
            temperature=0.0,
            context_window=CONTEXT,  # else Ollama reserves memory for the model's longest context
            thinking=False,
            additional_kwargs={"num_predict": _ANSWER_TOKENS},
        )
    else:
        known = {"model": provider.model, "api_key": _key(provider), "max_retries": 0}
        llm, hang_up = _OF_PROVIDERS[provider.kind](made, provider.address, timeout, known)
        ending = {"hang_up": hang_up}
    form = Form.SCHEMA if provider.kind in ("ollama", "openai") else Form.FREE
    return LlamaIndexGenerator(
        llm, name=provider.name, remote=provider.remote, form=form,
        limit=partial(OutputLimit, _ANSWER_TOKENS, timeout), **ending,
    )  # fmt: skip


def _openai(made: Any, address: str, timeout: float, known: dict[str, Any]) -> _Made:
    connections = client(address, timeout)
    there = {"api_base": f"{address}/v1", "http_client": connections, "timeout": timeout}
    return made(temperature=0.0, **there, **known), connections.close


def _anthropic(made: Any, address: str, timeout: float, known: dict[str, Any]) -> _Made:
    """Make the LlamaIndex class.

    Replace its client's connections by those that follow no redirection.
    """
    package = import_module("anthropic")
    connections = package.DefaultHttpxClient(timeout=timeout, **client_options(address))
    llm = made(temperature=0.0, base_url=address, timeout=timeout, **known)
    # The class has no public access to its client.
    llm._client = llm._client.with_options(http_client=connections)  # noqa: SLF001
    return llm, connections.close


def _google(made: Any, address: str, timeout: float, known: dict[str, Any]) -> _Made:
    """Make the LlamaIndex class.

    Without a context window and a limit, it would fetch them at once. The limit is generous, since
    hidden reasoning counts as output.
    """
    options = {
        "base_url": address,
        "timeout": int(timeout * 1000),
        "client_args": client_options(address),
    }
    window = {"context_window": CONTEXT, "max_tokens": CONTEXT}
    llm = made(temperature=0.0, http_options=options, **window, **known)
    return llm, llm._client.close  # noqa: SLF001 - as above


_OF_PROVIDERS = {"openai": _openai, "anthropic": _anthropic, "google": _google}
"""How to make the class for each provider. The address is explicit: no environment variable may
change it."""


def _ollama_client(url: str, timeout: float) -> Any:
    made = import_module("ollama").Client
    return made(host=url, timeout=timeout, **client_options(url))


def _look_for(provider: Provider) -> None:
    """Check that Ollama runs and has the model, so that the error names the next step.

    Raises:
        NoAnswerYet: it does not run, or lacks the model.

    """
    found = models_of(provider.url or "", _LISTING_TIMEOUT)
    if found is None:
        message = f"`{provider.name}` can't be reached: nothing answers at {provider.url}"
        raise NoAnswerYet(message, hint="start it: `ollama serve`")
    if not has_model(found, provider.model):
        message = f"Ollama does not have the model `{provider.model}`"
        there = ", ".join(model.name for model in found) or "none yet"
        hint = f"fetch it: `ollama pull {provider.model}`; it has {there}"
        raise NoAnswerYet(message, hint=hint)


def _compatible(made: Any, provider: Provider, timeout: float) -> LlamaIndexGenerator:
    key = _key(provider, needed=False) or NO_KEY
    served = _served(provider, key)
    names = [str(item.get("id")) for item in served]
    if not provider.model and not names:
        message = f"the server at `{provider.url}` lists no model"
        raise GeneratorError(message, hint=f"name one: `--llm {provider.url}#NAME`")
    model = provider.model or names[0]
    connections = client(provider.url or "", timeout)
    llm = made(
        model=model,
        api_base=provider.url,
        api_key=key,
        is_chat_model=True,
        context_window=CONTEXT,
        temperature=0.0,
        max_tokens=_ANSWER_TOKENS,
        timeout=timeout,
        http_client=connections,
        max_retries=0,
        additional_kwargs={"stream_options": {"include_usage": True}},
    )
    return LlamaIndexGenerator(
        llm,
        name=Provider(COMPATIBLE, model, provider.url).name,
        remote=provider.remote,
        form=Form.GRAMMAR if _is_llama_cpp(served) else Form.SCHEMA,
        limit=partial(OutputLimit, _ANSWER_TOKENS, timeout),
        hang_up=connections.close,
    )


def _is_llama_cpp(served: Sequence[Mapping[str, Any]]) -> bool:
    return any(item.get("owned_by") == "llamacpp" for item in served)


def _served(provider: Provider, key: str) -> list[dict[str, Any]]:
    """List the models that a server serves; empty if it does not list them."""
    request = urllib.request.Request(  # noqa: S310 - http or https, by `read_provider`
        f"{provider.url}/models", headers={"Authorization": f"Bearer {key}"}
    )
    try:
        with opener(request.full_url).open(request, timeout=_LISTING_TIMEOUT) as answer:
            listed = json.loads(answer.read(_LONGEST_LISTING))
            return [dict(item) for item in listed.get("data", [])]
    except urllib.error.HTTPError as error:
        with error:
            return _unserved(error, provider)
    except (AttributeError, TypeError, ValueError) as error:  # HTML, or other JSON
        raise _not_such(provider) from error
    except OSError as error:
        raise _not_yet(error, provider) from error


def _unserved(error: urllib.error.HTTPError, provider: Provider) -> list[dict[str, Any]]:
    """Raise what a refused listing means, or return an empty list: the server may still answer."""
    name = provider.name.rstrip("#")
    if error.code in UNAUTHORISED:
        raise _not_yet(error, provider) from error
    if error.code in REDIRECTIONS:
        raise explained(error, name, has_output=False) from error
    if error.code in _IN_ITS_PLACE:
        message = f"`{name}` can't be reached: {error.code} is answered"
        hint = "see whether the server runs, its address, and the proxy if there is one"
        raise NoAnswerYet(message, hint=hint) from error
    if not provider.model and error.headers.get_content_type() == "text/html":
        raise _not_such(provider) from error
    return []


def _not_such(provider: Provider) -> NoAnswerYet:
    reason = foreign(provider.name.rstrip("#"))
    return NoAnswerYet(str(reason), hint=reason.hint)


def _not_yet(error: Exception, provider: Provider) -> NoAnswerYet:
    reason = explained(error, provider.name.rstrip("#"), has_output=False)
    return NoAnswerYet(str(reason), hint=reason.hint)


def _key(provider: Provider, *, needed: bool = True) -> str | None:
    """Find a provider's key in the system's keyring under `askdoc`, else in the environment."""
    variables = KEY_VARIABLES[provider.kind]
    name = provider.host if provider.kind == COMPATIBLE else provider.kind
    found = secret(name, variables)
    if found is None and needed:
        message = f"there is no key for `{provider.kind}`"
        hint = f"set `{variables[0]}`, or keep it: `keyring set askdoc {provider.kind}`"
        raise GeneratorError(message, hint=hint)
    return found
