"""The OpenAI-compatible provider against llama.cpp's own server, and against one that fails."""

from __future__ import annotations

import io
import json
import socket
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from tests.write.conftest import evidence, terms
from tests.write.servers import KEY, breaking, chunk, failing, in_front_of, reply

from askdoc.addresses import is_loopback
from askdoc.errors import GeneratorError, NoAnswerYet
from askdoc.models.llm.connection import connect, connect_later
from askdoc.models.llm.providers import Provider, read_provider
from askdoc.models.llm.remote import LlamaIndexGenerator
from askdoc.render.console import Console, page
from askdoc.render.notices import ModelNotices
from askdoc.types import Busy, Form, Prompt, Spent
from askdoc.write import prompts
from askdoc.write.check.checker import Check
from askdoc.write.writer import Writer

FACT = "The Oren dam was completed in 1931."
QUESTION = "When was the Oren dam completed?"
PROMPT: Prompt = replace(
    prompts.build(QUESTION, evidence(FACT), context=2048, evidence_tokens=300).prompt,
    most_tokens=12,
)
SCHEMA_PROMPT: Prompt = prompts.build(
    QUESTION, evidence(FACT), context=1024, evidence_tokens=100, may_refuse=False, form=Form.SCHEMA
).prompt

pytestmark = [
    # The provider's library leaves its streams to the garbage collector when they break.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASKDOC_LLM_KEY", KEY)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


def ask(url: str, timeout: float = 60) -> tuple[LlamaIndexGenerator, list[float]]:
    waits: list[float] = []
    generator = connect(Provider("compatible", "smollm2", url), offline=True, timeout=timeout)
    generator._pause = waits.append
    generator._llm.max_tokens = PROMPT.most_tokens  # type: ignore[attr-defined]
    return generator, waits


def text_of(generator: LlamaIndexGenerator, prompt: Prompt = PROMPT) -> str:
    return "".join(piece for piece in generator.stream(prompt) if isinstance(piece, str))


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


def test_a_server_that_comes_later_is_found_then(llama: str) -> None:
    with in_front_of(llama, failing(500)) as (url, _):
        gone = url
    provider = read_provider(f"{gone}#smollm2")
    assert provider is not None
    generator = connect_later(provider, offline=False, timeout=60)
    with pytest.raises(GeneratorError, match="can't be reached"):
        list(generator.stream(PROMPT))
    with in_front_of(llama, failing(500, 0), port=int(gone.split(":")[2].split("/")[0])):
        assert any(isinstance(piece, str) for piece in generator.stream(PROMPT))
    generator.close()


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
        told: list[object] = []
        generator.listen = told.append
        assert text_of(generator)
    assert waits == [7.0, 7.0]
    assert told == [Busy(generator.name, 7.0)] * 2
    out = io.StringIO()
    ModelNotices(page(Console(file=out, width=200)))(told[0])
    assert "asks to wait; it is asked again in 7 s" in out.getvalue()
    assert len(seen) == 3


def test_a_server_that_fails_once_is_asked_again(llama: str) -> None:
    with in_front_of(llama, failing(500, 1)) as (url, _):
        generator, waits = ask(url)
        told: list[object] = []
        generator.listen = told.append
        assert text_of(generator)
    assert waits == [1.0]
    out = io.StringIO()
    ModelNotices(page(Console(file=out, width=200)))(told[0])
    assert "answered 500; it is asked again in 1 s" in out.getvalue()


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

    def silent(_handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
        release.wait(10)
        _handler.close_connection = True
        return True

    with in_front_of(llama, silent) as (url, _):
        generator, _ = ask(url, timeout=0.3)
        with pytest.raises(GeneratorError, match="too long") as caught:
            text_of(generator)
        release.set()
    assert "ASKDOC_LLM_TIMEOUT" in (caught.value.hint or "")


def test_what_came_before_a_failure_is_kept_and_the_reason_reported(llama: str) -> None:
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


UNKNOWN = json.dumps({"data": [{"id": "smollm2", "owned_by": "somebody"}]}).encode()
"""What a server says that is not known to take grammars."""


def test_a_server_of_another_kind_is_held_to_a_json_schema(llama: str) -> None:
    asked: list[dict[str, Any]] = []

    def look(_handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        asked.append(json.loads(body))
        return False

    with in_front_of(llama, look, served=UNKNOWN) as (url, _):
        generator, _ = ask(url)
        assert generator.form is Form.SCHEMA
        text = text_of(generator, SCHEMA_PROMPT)
    assert asked[0]["response_format"]["json_schema"]["schema"] == SCHEMA_PROMPT.schema
    assert text.replace(" ", "").startswith('{"claims":[{"text":"')


def test_a_server_that_knows_no_schemas_is_asked_again_without(llama: str) -> None:
    def refuse(handler: BaseHTTPRequestHandler, body: bytes) -> bool:
        if b"response_format" not in body:
            return False
        reply(handler, 400, b'{"error": {"message": "unknown field"}}', "application/json")
        return True

    with in_front_of(llama, refuse, served=UNKNOWN) as (url, seen):
        generator, waits = ask(url)
        assert text_of(generator, SCHEMA_PROMPT)
        assert generator.form is Form.FREE
    assert len(seen) == 2
    assert not waits


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"<html><body>Welcome</body></html>", "text/html"), (b'{"hello": 1}', "application/json")],
)
def test_a_server_of_another_protocol_is_an_error(body: bytes, kind: str) -> None:
    def fault(handler: BaseHTTPRequestHandler, asked: bytes) -> bool:
        reply(handler, 200, body, kind)
        return True

    nobody = "http://127.0.0.1:1/v1"  # never passed on to
    says = "did not answer as an OpenAI-compatible server"
    with (
        in_front_of(nobody, fault, served=b'{"data": [{"id": "smollm2"}]}') as (url, _),
        pytest.raises(GeneratorError, match=says),
    ):
        text_of(ask(url)[0])
    for served in (b"<html>", b"[1]"):
        with (
            in_front_of(nobody, fault, served=served) as (url, _),
            pytest.raises(GeneratorError, match=says),
        ):
            ask(url)


@pytest.mark.parametrize(
    ("status", "kind", "says"),
    [
        (404, "text/html", "did not answer as an OpenAI-compatible server"),
        (500, "text/html; charset=utf-8", "did not answer as an OpenAI-compatible server"),
        (502, "text/html", "can't be reached: 502"),
        (503, "application/json", "can't be reached: 503"),
        (504, "text/plain", "can't be reached: 504"),
    ],
)
def test_a_page_in_place_of_what_a_server_serves_is_reported(
    status: int, kind: str, says: str
) -> None:
    with (
        in_front_of(
            "http://127.0.0.1:1/v1", failing(500), served=b"<html>no", status=status, kind=kind
        ) as (url, _),
        pytest.raises(NoAnswerYet, match=says) as caught,
    ):
        connect(Provider("compatible", "", url), offline=True, timeout=5)
    assert f"`{url}`" in str(caught.value)
    assert caught.value.hint
