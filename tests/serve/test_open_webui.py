"""The requests that Open WebUI sends to an OpenAI-compatible server, and what it reads of replies.

It passes on what other servers put into the text, makes source chips of streamed annotations, and
drops all unknown fields.
"""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

QUESTION = "When was the Oren dam completed?"
FOLLOW_UP = "How much water does it hold?"
SYSTEM = {"role": "system", "content": "You are a friendly assistant. Today is a Wednesday."}
HEADERS = {
    "Authorization": "Bearer any",
    "X-OpenWebUI-User-Name": "Ada",
    "X-OpenWebUI-User-Role": "user",
    "X-OpenWebUI-Chat-Id": "5f0c",
}
_LINK = re.compile(r'\[\[\d+\]\]\((\S+) "([^"]+)"\)')


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def streamed(client: httpx.Client, messages: list[dict[str, str]]) -> tuple[str, list[Any], Any]:
    """Read a streamed answer as Open WebUI does: its text, its source chips, and the usage."""
    asked = {
        "stream": True,
        "model": "works",
        "messages": messages,
        "temperature": 0.8,
        "max_tokens": 500,
        "stream_options": {"include_usage": True},
        "user": {"name": "Ada", "id": "7", "email": "ada@example.org", "role": "user"},
    }
    text, sources, usage, done = "", [], None, False
    with client.stream("POST", "/v1/chat/completions", json=asked, headers=HEADERS) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        for line in reply.iter_lines():
            if not line.startswith("data:"):
                continue
            data = line.removeprefix("data:").strip()
            if data == "[DONE]":
                done = True
                continue
            chunk = json.loads(data)
            assert "error" not in chunk
            usage = chunk.get("usage") or usage
            for choice in chunk["choices"][:1]:
                text += choice["delta"].get("content") or ""
                sources += [
                    (one["url_citation"]["url"], one["url_citation"]["title"])
                    for one in choice["delta"].get("annotations") or []
                    if one["type"] == "url_citation"
                ]
    assert done
    return text, sources, usage


def test_each_library_is_a_model(client: httpx.Client) -> None:
    listed = client.get("/v1/models", headers=HEADERS).json()
    assert [one["id"] for one in listed["data"]] == ["default", "works"]
    assert all(one["object"] == "model" and one["owned_by"] for one in listed["data"])


def test_a_conversation_has_links_and_sources_in_each_answer(client: httpx.Client) -> None:
    first, sources, usage = streamed(client, [SYSTEM, user(QUESTION)])
    assert first.startswith("The Oren dam was completed in 1931. [[1]](")
    assert _LINK.findall(first) == sources != []
    assert usage["total_tokens"] == 0
    history = [SYSTEM, user(QUESTION), {"role": "assistant", "content": first}, user(FOLLOW_UP)]
    second, sources, _ = streamed(client, history)
    assert "90 million litres" in second
    assert _LINK.findall(second) == sources != []
    [(address, title)] = sources
    assert title.startswith("dam.txt, line")
    opened = client.get(address)
    assert opened.status_code == 200
    assert "90 million litres" in opened.text


TITLE = 'Generate a title of 3-5 words for the chat. ### Output: JSON format: { "title": "..." }'
TAGS = 'Generate 1-3 tags for the chat. ### Output: JSON format: { "tags": ["tag1", "tag2"] }'
NEXT = 'Suggest 3-5 follow-up questions. ### Output: JSON format: { "follow_ups": ["Question 1?"] }'


@pytest.mark.parametrize("task", [TITLE, TAGS, NEXT])
def test_a_task_for_a_language_model_is_no_error(task: str, client: httpx.Client) -> None:
    """Open WebUI falls back, such as to the question as the title, if it finds no JSON."""
    said = f"USER: {QUESTION}\nASSISTANT: The Oren dam was completed in 1931.\n" * 3
    asked = {
        "model": "works",
        "messages": [user(f"### Task:\n{task}\n<chat_history>\n{said}</chat_history>")],
        "stream": False,
        "max_completion_tokens": 1000,
    }
    reply = client.post("/v1/chat/completions", json=asked, headers=HEADERS)
    assert reply.status_code == 200
    content = reply.json()["choices"][0]["message"]["content"]
    assert content
    assert "{" not in content
