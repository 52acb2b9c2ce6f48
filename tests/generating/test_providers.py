"""The OpenAI-compatible provider against llama.cpp's own server, and against one that fails."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.generating.conftest import evidence, terms

from askdoc import prompts
from askdoc.adapters.connecting import connect
from askdoc.adapters.llamaindex_llm import LlamaIndexGenerator
from askdoc.checking import Check
from askdoc.errors import GeneratorError
from askdoc.generation import Writer
from askdoc.providers import Provider, is_loopback, read_provider
from askdoc.types import Form, Prompt, Spent

KEY = "a-key-for-this-test"
FACT = "The Oren dam was completed in 1931."
PROMPT: Prompt = replace(
    prompts.build(
        "When was the Oren dam completed?", evidence(FACT), context=2048, evidence_tokens=300
    ).prompt,
    most_tokens=12,
)

pytestmark = [
    # The provider's library leaves its streams to the garbage collector when they break.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def llama(model_path: Path) -> Iterator[str]:
    """The base URL of a real llama.cpp server with SmolLM2, which wants a key."""
    import xllamacpp  # type: ignore[import-untyped]

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model_path)
    parameters.n_ctx = 1024
    parameters.n_parallel = 1
    parameters.warmup = False
    parameters.verbosity = -1
    parameters.api_keys = [KEY]
    if (os.cpu_count() or 1) <= 2:
        parameters.cpuparams.n_threads = 1
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server


Fault = Callable[[BaseHTTPRequestHandler], bool]
"""Answers a chat request in the server's place; False lets it through."""


@contextmanager
def in_front_of(url: str, fault: Fault) -> Iterator[tuple[str, list[str]]]:
    """Put a server before the real one that may fail; yields its URL and the requests it got."""
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._pass_on(b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.path)
            if not fault(self):
                self._pass_on(body)

        def _pass_on(self, body: bytes) -> None:
            real = http.client.HTTPConnection("127.0.0.1", port)
            real.request(self.command, self.path, body, dict(self.headers))
            answer = real.getresponse()
            data = answer.read()
            real.close()
            reply(self, answer.status, data, answer.getheader("Content-Type") or "text/plain")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reply(
    handler: BaseHTTPRequestHandler, status: int, data: bytes, kind: str, **headers: str
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(data)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


def failing(status: int, times: int = 99, **headers: str) -> Fault:
    left = [times]

    def fault(handler: BaseHTTPRequestHandler) -> bool:
        left[0] -= 1
        if left[0] < 0:
            return False
        error = json.dumps({"error": {"message": "no", "code": status}}).encode()
        reply(handler, status, error, "application/json", **headers)
        return True

    return fault


def chunk(text: str) -> bytes:
    data = {
        "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
    }  # fmt: skip
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def breaking(*parts: bytes, promised: int) -> Fault:
    """Send a stream of `parts` that is shorter than it promised to be."""

    def fault(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Content-Length", str(promised))
        handler.end_headers()
        for part in parts:
            handler.wfile.write(part)
        handler.wfile.flush()
        handler.close_connection = True
        return True

    return fault


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKDOC_LLM_KEY", KEY)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


def ask(url: str, timeout: float = 60) -> tuple[LlamaIndexGenerator, list[float]]:
    waits: list[float] = []
    generator = connect(Provider("compatible", "smollm2", url), offline=True, timeout=timeout)
    generator._pause = waits.append
    return generator, waits


def text_of(generator: LlamaIndexGenerator) -> str:
    return "".join(piece for piece in generator.stream(PROMPT) if isinstance(piece, str))


def test_it_streams_from_a_real_server_held_to_the_grammar(llama: str) -> None:
    generator, _ = ask(llama)
    assert generator.form is Form.GRAMMAR
    pieces = list(generator.stream(PROMPT))
    text = "".join(piece for piece in pieces if isinstance(piece, str))
    assert len(pieces) > 2
    assert text.startswith(("- ", "NO ANSWER"))
    assert isinstance(pieces[-1], Spent)
    assert pieces[-1].tokens_out


def test_a_server_is_asked_for_its_model_where_none_is_named(llama: str) -> None:
    provider = read_provider(llama)
    assert provider is not None
    assert connect(provider, offline=False, timeout=5).name.startswith(f"{llama}#")


def test_a_wrong_key_is_said_to_be_wrong(llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKDOC_LLM_KEY", "wrong")
    with pytest.raises(GeneratorError, match="refused the key") as caught:
        text_of(ask(llama)[0])
    assert "wrong" not in str(caught.value)
    assert KEY not in str(caught.value)


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(GeneratorError, match="can't be reached") as caught:
            ask(url)
    assert str(caught.value) == f"`{url}#smollm2` can't be reached"
    assert caught.value.hint


@pytest.mark.parametrize(
    ("status", "says", "tries"),
    [(401, "refused the key", 1), (404, "does not have this model", 1),
     (429, "asks to wait", 3), (500, "failed with status 500", 3)],
)  # fmt: skip
def test_a_status_is_explained(llama: str, status: int, says: str, tries: int) -> None:
    with in_front_of(llama, failing(status)) as (url, seen):
        generator, _ = ask(url)
        with pytest.raises(GeneratorError, match=says) as caught:
            text_of(generator)
    assert len(seen) == tries
    assert caught.value.hint


def test_a_busy_server_is_waited_for_as_long_as_it_asks(llama: str) -> None:
    with in_front_of(llama, failing(429, 2, Retry_After="7")) as (url, seen):
        generator, waits = ask(url)
        assert text_of(generator)
    assert waits == [7.0, 7.0]
    assert len(seen) == 3


def test_a_server_that_fails_once_is_asked_again(llama: str) -> None:
    with in_front_of(llama, failing(500, 1)) as (url, _):
        generator, waits = ask(url)
        assert text_of(generator)
    assert waits == [1.0]


def test_a_stream_that_breaks_is_not_taken_for_whole_nor_begun_again(llama: str) -> None:
    parts = [chunk("- The Oren dam "), chunk("was completed in 1931. [1]\n- The")]
    with in_front_of(llama, breaking(*parts, promised=5000)) as (url, seen):
        generator, _ = ask(url)
        with pytest.raises(GeneratorError, match="broke off"):
            text_of(generator)
    assert len(seen) == 1


def test_a_stream_that_just_ends_is_not_taken_for_whole(llama: str) -> None:
    part = chunk("- The Oren dam was completed in 1931. [1]\n")
    with in_front_of(llama, breaking(part, promised=len(part))) as (url, _):
        generator, _ = ask(url)
        with pytest.raises(GeneratorError, match="broke off"):
            text_of(generator)


def test_malformed_chunks_are_an_error(llama: str) -> None:
    part = b'data: {"choices": [{"delta"\n\n'
    with in_front_of(llama, breaking(part, promised=len(part))) as (url, _):
        generator, _ = ask(url)
        with pytest.raises(GeneratorError):
            text_of(generator)


def test_a_server_that_says_nothing_is_given_up(llama: str) -> None:
    release = threading.Event()

    def silent(_handler: BaseHTTPRequestHandler) -> bool:
        release.wait(10)
        _handler.close_connection = True
        return True

    with in_front_of(llama, silent) as (url, _):
        generator, _ = ask(url, timeout=0.3)
        with pytest.raises(GeneratorError, match="too long") as caught:
            text_of(generator)
        release.set()
    assert "ASKDOC_LLM_TIMEOUT" in (caught.value.hint or "")


def test_what_came_before_a_failure_is_kept_and_the_reason_told(llama: str) -> None:
    part = chunk("- The Oren dam was completed in 1931. [1]\n- The")
    with in_front_of(llama, breaking(part, promised=5000)) as (url, _):
        generator, _ = ask(url)
        draft = Writer(generator, Check(terms), terms).write(
            "When?", evidence(FACT), lambda _: None
        )
    assert [claim.text for claim in draft.claims] == [FACT]
    assert "broke off" in str(draft.failure)


def test_offline_refuses_whatever_is_not_on_this_machine() -> None:
    for name in ("openai:gpt-4o", "http://llm.example.org/v1#m", "anthropic:x", "google:y"):
        provider = read_provider(name)
        assert provider is not None
        with pytest.raises(GeneratorError, match="offline"):
            connect(provider, offline=True, timeout=1)


def test_a_provider_without_a_key_says_where_to_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(GeneratorError, match="no key") as caught:
        connect(Provider("openai", "gpt-4o"), offline=False, timeout=1)
    assert "OPENAI_API_KEY" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("name", "kind", "remote"),
    [
        ("ollama:qwen3", "ollama", None),
        ("http://127.0.0.1:8080/v1", "compatible", None),
        ("http://localhost:8080/v1/#m", "compatible", None),
        ("http://[::1]:8080/v1", "compatible", None),
        ("https://llm.example.org/v1#m", "compatible", "llm.example.org"),
        ("http://127.0.0.1.example.org/v1", "compatible", "127.0.0.1.example.org"),
        ("openai:gpt-4o", "openai", "api.openai.com"),
    ],
)
def test_names_of_providers(name: str, kind: str, remote: str | None) -> None:
    provider = read_provider(name)
    assert provider is not None
    assert provider.kind == kind
    assert provider.remote == remote
    assert read_provider("smollm2-135m") is None
    assert not is_loopback("example.org")
