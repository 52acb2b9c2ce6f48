"""Ollama, spoken to over its API: a loopback server that has the real model behind it."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.write.conftest import evidence
from tests.write.servers import KEY, reply

from askdoc.cli.completion import model_names
from askdoc.errors import GeneratorError
from askdoc.models.llm import connection as ollama
from askdoc.models.llm.connection import connect
from askdoc.models.llm.providers import Provider, ollama_url, read_provider
from askdoc.types import Form, Spent
from askdoc.write import prompts

FACT = "The Oren dam was completed in 1931."
TOKENS = 12
TAGS = {"models": [{"name": "smollm2:135m", "model": "smollm2:135m", "size": 98_000_000}]}

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def served(llama: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """An Ollama with one model, where `OLLAMA_HOST` says; yields what it is asked."""
    port = int(llama.split(":")[2].split("/", maxsplit=1)[0])
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/api/tags"
            reply(self, 200 if found else 404, json.dumps(TAGS).encode(), "application/json")

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body)
            text, usage = self._generate(body)
            lines = [{"message": {"role": "assistant", "content": c}, "done": False} for c in text]
            counts = {"prompt_eval_count": usage["prompt_tokens"],
                      "eval_count": usage["completion_tokens"]}  # fmt: skip
            end = {"message": {"role": "assistant", "content": ""}, "done": True, **counts}
            data = "".join(json.dumps({"model": body["model"], **line}) + "\n"
                           for line in [*lines, end])  # fmt: skip
            reply(self, 200, data.encode(), "application/x-ndjson")

        def _generate(self, body: dict[str, Any]) -> tuple[str, dict[str, int]]:
            shape = {"type": "json_schema", "json_schema": {"schema": body["format"]}}
            request = {
                "messages": body["messages"], "temperature": 0, "response_format": shape,
                "max_tokens": TOKENS,
            }  # fmt: skip
            real = http.client.HTTPConnection("127.0.0.1", port)
            headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
            real.request("POST", "/v1/chat/completions", json.dumps(request), headers)
            answer = json.loads(real.getresponse().read())
            real.close()
            return answer["choices"][0]["message"]["content"], answer["usage"]

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{server.server_port}")
    yield asked
    server.shutdown()
    thread.join()
    server.server_close()


def provider(name: str) -> Provider:
    found = read_provider(name)
    assert found is not None
    return found


def test_an_answer_is_held_to_the_schema_and_counted(served: list[dict[str, Any]]) -> None:
    generator = connect(provider("ollama:smollm2:135m"), offline=True, timeout=60)
    assert generator.form is Form.SCHEMA
    prompt = prompts.build(
        "When was the Oren dam completed?", evidence(FACT), context=1024, evidence_tokens=100,
        form=Form.SCHEMA,
    ).prompt  # fmt: skip
    *pieces, spent = generator.stream(prompt)
    assert "".join(map(str, pieces)).replace(" ", "").startswith('{"answered":')
    assert isinstance(spent, Spent)
    assert spent.tokens_in
    assert spent.tokens_out == TOKENS
    assert served[0]["format"] == prompt.schema
    assert served[0]["options"]["num_ctx"] == 8192


def test_its_models_are_listed_and_completed(served: list[dict[str, Any]]) -> None:
    assert ollama.local_models() == [ollama.OllamaModel("smollm2:135m", 98_000_000)]
    assert model_names("ollama:") == ["ollama:smollm2:135m"]
    assert model_names("smol") == ["smollm2-135m"]


def test_a_model_that_it_does_not_have_is_reported_with_those_that_it_has(
    served: list[dict[str, Any]],
) -> None:
    with pytest.raises(GeneratorError, match="does not have the model `qwen3`") as caught:
        connect(provider("ollama:qwen3"), offline=True, timeout=5)
    assert caught.value.hint == "fetch it: `ollama pull qwen3`; it has smollm2:135m"


def test_where_none_runs_that_is_said_and_nothing_is_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    assert ollama.local_models() is None
    with pytest.raises(GeneratorError, match="can't be reached") as caught:
        connect(provider("ollama:qwen3"), offline=False, timeout=5)
    assert caught.value.hint == "start it: `ollama serve`"


def test_one_on_another_machine_is_remote_and_not_looked_into(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", "http://gpu.example.org:8080")
    assert provider("ollama:qwen3").remote == "gpu.example.org"
    assert ollama.local_models() is None
    with pytest.raises(GeneratorError, match="offline"):
        connect(provider("ollama:qwen3"), offline=True, timeout=1)


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),  # noqa: S104 - what a server is told
        (":8000", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost:11434"),
        ("https://models.example.org/", "https://models.example.org:443"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("host:port", "http://host:11434"),
    ],
)
def test_the_address_is_read_as_ollama_reads_it(
    said: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", said)
    assert ollama_url() == url
