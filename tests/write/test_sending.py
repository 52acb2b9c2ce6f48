"""Where questions and sentences go, and what is told of a key: nowhere else, and nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler

import pytest
from tests.write.conftest import evidence
from tests.write.servers import Fault, chunk, endless, in_front_of, reply

from askdoc.errors import GeneratorError, UsageError
from askdoc.models.llm import connection as direct
from askdoc.models.llm import connection as ollama
from askdoc.models.llm.choice import choose
from askdoc.models.llm.connection import connect
from askdoc.models.llm.providers import Provider
from askdoc.models.llm.remote import LlamaIndexGenerator
from askdoc.types import Spent
from askdoc.write import prompts

FACT = "The Oren dam was completed in 1931."
PROMPT = prompts.build(
    "When was the Oren dam completed?", evidence(FACT), context=2048, evidence_tokens=300
).prompt
KEY = "sk-a-key-of-nobody-5930"
SAID = "- The Oren dam was completed in 1931. [1]\n"
NOBODY = "http://127.0.0.1:1/v1"
"""A server that nothing is passed on to."""

LISTED = json.dumps({"data": [{"id": "m"}], "models": [{"name": "m:latest", "size": 1}]}).encode()
END = (
    b'data: {"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
    b'[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKDOC_LLM_KEY", KEY)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


PROVIDERS = {
    "openai": ("llama_index.llms.openai", "gpt-4o-mini"),
    "anthropic": ("llama_index.llms.anthropic", "claude-sonnet-4-5"),
    "google": ("llama_index.llms.google_genai", "gemini-2.5-flash"),
}


def of_provider(kind: str, url: str, monkeypatch: pytest.MonkeyPatch) -> LlamaIndexGenerator:
    """Connect to `url` as to a provider; variables of its library say another address."""
    module, model = PROVIDERS[kind]
    pytest.importorskip(module, reason=f"needs the extra `{kind}`")
    for name in ("OPENAI", "ANTHROPIC", "GOOGLE"):
        monkeypatch.setenv(f"{name}_API_KEY", KEY)
    for name in ("OPENAI_API_BASE", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"):
        monkeypatch.setenv(name, NOBODY)
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", NOBODY)
    asked = Provider(kind, model, url.removesuffix("/v1"))
    return connect(asked, offline=True, timeout=5)


def events(*items: tuple[str, dict[str, object]]) -> bytes:
    return b"".join(f"event: {n}\ndata: {json.dumps(d)}\n\n".encode() for n, d in items)


def cut_off(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
    """Say one claim and begin another, up to the limit of tokens, in the provider's protocol."""
    said = f"{SAID}- It was"
    if handler.path == "/v1/messages":
        used = {"input_tokens": 12, "output_tokens": 1}
        begun: dict[str, object] = {
            "id": "m", "type": "message", "role": "assistant", "content": [], "model": "m",
            "stop_reason": None, "stop_sequence": None, "usage": used,
        }  # fmt: skip
        data = events(
            ("message_start", {"type": "message_start", "message": begun}),
            ("content_block_start", {"type": "content_block_start", "index": 0,
                                     "content_block": {"type": "text", "text": ""}}),
            ("content_block_delta", {"type": "content_block_delta", "index": 0,
                                     "delta": {"type": "text_delta", "text": said}}),
            ("content_block_stop", {"type": "content_block_stop", "index": 0}),
            ("message_delta", {"type": "message_delta", "usage": {"output_tokens": 9},
                               "delta": {"stop_reason": "max_tokens", "stop_sequence": None}}),
            ("message_stop", {"type": "message_stop"}),
        )  # fmt: skip
    elif "streamGenerateContent" in handler.path:
        one, other = (
            {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
            for text in (SAID, "- It was")
        )
        ending = {**other, "finishReason": "MAX_TOKENS"}
        lines = (json.dumps({"candidates": [part]}).encode() for part in (one, ending))
        data = b"".join(b"data: " + line + b"\r\n\r\n" for line in lines)
    elif handler.path == "/api/chat":
        message = {"role": "assistant", "content": said}
        end = {"model": "m", "message": message, "done": True, "done_reason": "length"}
        reply(handler, 200, json.dumps(end).encode() + b"\n", "application/x-ndjson")
        return True
    else:
        data = chunk(said) + END.replace(b"stop", b"length")
    reply(handler, 200, data, "text/event-stream")
    return True


def answering(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
    """Answer in Ollama's protocol or OpenAI's, by the path."""
    if handler.path == "/api/chat":
        message = {"role": "assistant", "content": SAID}
        line = json.dumps({"model": "m", "message": message, "done": True}).encode()
        reply(handler, 200, line + b"\n", "application/x-ndjson")
    else:
        reply(handler, 200, chunk(SAID) + END, "text/event-stream")
    return True


@contextmanager
def a_server(fault: Fault) -> Iterator[tuple[str, list[str]]]:
    with in_front_of(NOBODY, fault, served=LISTED) as (url, seen):
        yield url, seen


def text_of(generator: LlamaIndexGenerator) -> str:
    return "".join(piece for piece in generator.stream(PROMPT) if isinstance(piece, str))


def provider(kind: str, url: str) -> Provider:
    return Provider(kind, "m", url if kind == "compatible" else url.removesuffix("/v1"))


@pytest.mark.parametrize("kind", ["compatible", "ollama"])
def test_a_server_on_this_machine_is_not_reached_through_a_proxy(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def proxy(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        reply(handler, 502, b"no", "text/plain")
        return True

    with a_server(proxy) as (between, passed), a_server(answering) as (url, seen):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, between.removesuffix("/v1"))
            monkeypatch.setenv(name.lower(), between.removesuffix("/v1"))
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        generator = connect(provider(kind, url), offline=True, timeout=5)
        assert text_of(generator) == SAID
        assert ollama.models_of(url.removesuffix("/v1"), 5)
    assert len(seen) == 1
    assert not passed


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("kind", ["compatible", "ollama"])
def test_a_server_cannot_pass_on_what_it_is_asked(kind: str, status: int) -> None:
    with a_server(answering) as (elsewhere, passed):
        aim = f"{elsewhere}/chat/completions"

        def redirecting(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
            reply(handler, status, b"", "text/plain", Location=f"{aim}?key={KEY}")
            return True

        with a_server(redirecting) as (url, seen):
            generator = connect(provider(kind, url), offline=True, timeout=5)
            with pytest.raises(GeneratorError, match="redirects to") as caught:
                text_of(generator)
    assert aim in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.hint
    assert len(seen) == 1
    assert not passed


@pytest.mark.parametrize("status", [302, 307])
@pytest.mark.parametrize("kind", PROVIDERS)
def test_a_provider_cannot_pass_on_what_it_is_asked(
    kind: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_server(answering) as (elsewhere, passed):

        def redirecting(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
            reply(handler, status, b"", "text/plain", Location=f"{elsewhere}/messages")
            return True

        with a_server(redirecting) as (url, seen):
            generator = of_provider(kind, url, monkeypatch)
            assert not seen  # nothing is asked before there is a question
            with pytest.raises(GeneratorError, match="redirects to"):
                text_of(generator)
            generator.close()
    assert len(seen) == 1
    assert not passed


@pytest.mark.parametrize("kind", [*PROVIDERS, "compatible", "ollama"])
def test_an_answer_that_its_limit_of_tokens_cut_off_is_distinguished_from_a_whole_one(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_server(cut_off) as (url, _):
        if kind in PROVIDERS:
            generator = of_provider(kind, url, monkeypatch)
        else:
            generator = connect(provider(kind, url), offline=True, timeout=5)
        *said, spent = generator.stream(PROMPT)
        generator.close()
    whole = "".join(str(piece) for piece in said)
    assert whole in (f"{SAID}- It was", SAID)  # Google's class drops the part that ends it
    assert isinstance(spent, Spent)
    assert spent.cut_off
    with a_server(answering) as (url, _):
        *_, spent = connect(provider("compatible", url), offline=True, timeout=5).stream(PROMPT)
    assert isinstance(spent, Spent)
    assert not spent.cut_off


def test_the_question_what_it_serves_is_not_passed_on_either() -> None:
    with (
        a_server(answering) as (elsewhere, _),
        in_front_of(elsewhere, answering, moved=f"{elsewhere}/models") as (url, _),
    ):
        with pytest.raises(GeneratorError, match="redirects to") as caught:
            connect(Provider("compatible", "", url), offline=True, timeout=5)
        assert ollama.models_of(url.removesuffix("/v1"), 5) is None
    assert f"{elsewhere}/models" in str(caught.value)


@pytest.mark.parametrize("status", [400, 402, 413])
def test_what_a_server_says_of_a_refusal_is_shown_without_the_key(status: int) -> None:
    words = f"the account of {KEY} has no credit; Authorization: Bearer {KEY[:-3]} is known"

    def refusing(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        told = json.dumps({"error": {"message": words, "code": status}}).encode()
        reply(handler, status, told, "application/json")
        return True

    with a_server(refusing) as (url, _):
        generator = connect(provider("compatible", url), offline=True, timeout=5)
        with pytest.raises(GeneratorError, match="has no credit") as caught:
            text_of(generator)
    assert str(status) in str(caught.value)
    assert KEY[:-3] not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://me:secret-5930@127.0.0.1:9/v1", "user and password"),
        ("HTTP://secret-5930@127.0.0.1:9/v1#m", "user and password"),
        ("http://127.0.0.1:9/v1?key=secret-5930", "a query"),
        ("http://127.0.0.1:9/v1?key=secret-5930#m", "a query"),
        ("http://[secret-5930/v1", "not the address of a server"),
    ],
)
def test_an_address_with_a_secret_is_refused_without_showing_it(address: str, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        choose(address, offline=False, timeout=5)
    assert "secret-5930" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint


def test_a_server_that_dies_before_it_says_anything_is_reported_as_that() -> None:
    def dying(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.close_connection = True
        return True

    with a_server(dying) as (url, _):
        generator = connect(provider("compatible", url), offline=True, timeout=5)
        with pytest.raises(GeneratorError, match="broke off before it had said anything"):
            text_of(generator)


def test_a_server_that_asks_to_wait_too_long_is_given_up_at_once() -> None:
    def busy(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        reply(handler, 429, b"{}", "application/json", Retry_After="3600")
        return True

    waits: list[float] = []
    with a_server(busy) as (url, seen):
        generator = connect(provider("compatible", url), offline=True, timeout=5)
        generator._pause = waits.append
        with pytest.raises(GeneratorError, match="3600 s"):
            text_of(generator)
    assert len(seen) == 1
    assert not waits


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        (SAID, "word "),
        (SAID, "\n"),
        (SAID, SAID),
        ('{"answered": true, "claims": [', '{"text": "The Oren dam holds.", "sentences": [1]}, '),
        (SAID, "<think>"),
    ],
)
def test_a_server_whose_answer_never_ends_is_cut_off(begin: str, again: str) -> None:
    with a_server(endless(begin, again)) as (url, seen):
        generator = connect(provider("compatible", url), offline=True, timeout=30)
        *said, spent = generator.stream(PROMPT)
        generator.close()
    assert said[0] == begin
    assert spent == Spent(cut_off=True)
    assert len(seen) == 1


def test_a_server_that_says_nothing_but_blanks_is_given_up() -> None:
    with a_server(endless(SAID, " ", pause=0.05)) as (url, _):
        generator = connect(provider("compatible", url), offline=True, timeout=0.5)
        said = generator.stream(PROMPT)
        assert next(said) == SAID
        with pytest.raises(GeneratorError, match="said nothing for too long") as caught:
            list(said)
        generator.close()
    assert "ASKDOC_LLM_TIMEOUT" in (caught.value.hint or "")


def test_time_spent_with_what_a_server_said_is_not_its_silence() -> None:
    with a_server(endless("- The Oren dam", "\n", pause=0.01)) as (url, _):
        generator = connect(provider("compatible", url), offline=True, timeout=1)
        said = generator.stream(PROMPT)
        for _ in range(3):
            next(said)
            time.sleep(0.6)
        assert next(said) == "\n"
        said.close()  # type: ignore[attr-defined]
        generator.close()


def test_a_server_that_only_keeps_the_connection_alive_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def alive(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        handler.close_connection = True
        with suppress(OSError):
            for _ in range(200):
                handler.wfile.write(b": still working\n\n")
                handler.wfile.flush()
                time.sleep(0.05)
        return True

    with a_server(alive) as (url, seen):
        generator = connect(provider("compatible", url), offline=True, timeout=0.5)
        with pytest.raises(GeneratorError, match="said nothing for too long"):
            text_of(generator)
        generator.close()
    assert len(seen) == 1
    monkeypatch.setattr(direct, "_MOST_BYTES", 400)
    with a_server(alive) as (url, _):
        generator = connect(provider("compatible", url), offline=True, timeout=30)
        with pytest.raises(GeneratorError, match="without end"):
            text_of(generator)
        generator.close()
