"""MCP as the official SDK's client sees it: in process, over stdio and over HTTP."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.server import Server
from mcp.shared.exceptions import MCPError
from mcp.types import CallToolResult, TextContent, TextResourceContents

import askdoc
from askdoc import workspace
from askdoc.errors import UsageError
from askdoc.serve import mcp
from askdoc.serve.engine import Engine, Limits
from askdoc.serve.libraries import Libraries
from askdoc.serve.mcp import make_server
from askdoc.serve.results import Range, parsed
from askdoc.strings import one_line

T = TypeVar("T")

QUESTION = "When was the Oren dam completed?"
QUOTE = "The Oren dam was completed in 1931."
GENERATIONS = ("legacy", "auto")
"""Clients of the first generation shake hands; those of the second ask what there is."""


def talk(
    to: Server[Any] | StdioServerParameters | str,
    say: Callable[[Client], Awaitable[T]],
    mode: str = "auto",
) -> T:
    """Run a conversation with a server."""

    async def main() -> T:
        async with asyncio.timeout(90), Client(to, mode=mode) as client:
            return await say(client)

    return asyncio.run(main())


def text_of(result: CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


@pytest.fixture
def call(engine: Engine) -> Callable[..., CallToolResult]:
    """Call a tool in process."""

    def calling(name: str, **arguments: Any) -> CallToolResult:
        return talk(make_server(engine), lambda client: client.call_tool(name, arguments))

    return calling


@pytest.mark.parametrize("mode", GENERATIONS)
def test_tools_are_described_to_both_generations(engine: Engine, mode: str) -> None:
    listed = talk(make_server(engine), Client.list_tools, mode)
    assert [tool.name for tool in listed.tools] == ["search", "fetch", "ask", "list_documents"]
    for tool in listed.tools:
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint
        assert tool.input_schema["type"] == "object"
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"


async def _ask(client: Client) -> CallToolResult:
    messages: list[str | None] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        messages.append(message)

    await client.list_tools()  # with it, the client checks results against their schemas
    result = await client.call_tool("ask", {"question": QUESTION}, progress_callback=hear)
    assert set(messages) <= {"opening the libraries", "working"}
    return result


def check_answer(result: CallToolResult, link: str) -> None:
    """Expect the answer whole in the text, and whole in the values."""
    assert not result.is_error
    text = text_of(result)
    assert text.startswith(f"[1] “{QUOTE}” – [dam.txt, line 1]({link}")
    assert "Status: answered. Confidence: " in text
    assert f"Checked: supported: {QUOTE} [1]" in text
    values = result.structured_content
    assert next(iter(values)) == "citations"
    [citation] = values["citations"]
    assert list(citation)[:2] == ["quote", "link"]
    assert citation["quote"] == QUOTE
    assert citation["link"].startswith(link)
    assert (citation["start"], citation["end"]) == (0, len(QUOTE))
    assert values["answer"] == f"{QUOTE} [1]"
    assert values["status"] == "answered"
    assert values["confidence"] > 0.5
    assert [claim["support"] for claim in values["claims"]] == ["supported"]


@pytest.mark.parametrize("mode", GENERATIONS)
def test_an_answer_arrives_over_stdio(folder: Path, mode: str) -> None:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "askdoc", "mcp", "--llm", "extractive"],
        cwd=folder,
    )
    check_answer(talk(server, _ask, mode), f"file://{folder}/dam.txt")


@pytest.mark.parametrize("mode", GENERATIONS)
def test_an_answer_arrives_over_http(address: str, mode: str) -> None:
    check_answer(talk(f"{address}/mcp", _ask, mode), f"{address}/v1/documents/works:")


def test_a_foreign_page_does_not_reach_the_server(client: Any) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accepted = {"Accept": "application/json, text/event-stream"}
    for headers in ({"Origin": "https://example.org"}, {"Host": "example.org"}):
        answer = client.post("/mcp", json=body, headers={**accepted, **headers})
        assert answer.status_code in (403, 421)


def test_a_refusal_is_a_result_with_what_is_nearest(call: Callable[..., CallToolResult]) -> None:
    result = call("ask", question="Who won the football cup?")
    assert not result.is_error
    values = result.structured_content
    assert values["status"] == "abstained"
    assert values["citations"] == values["claims"] == []
    assert values["reason"]["message"]
    [*nearest] = values["nearest"]
    assert all(item["quote"] and item["link"] and item["line_start"] for item in nearest)
    text = text_of(result)
    assert nearest
    assert all(one_line(item["quote"]) in text and item["link"] in text for item in nearest)


def test_a_follow_up_means_what_was_asked_before(call: Callable[..., CallToolResult]) -> None:
    history = [{"question": "When was the Oren dam completed?", "answer": QUOTE}]
    result = call("ask", question="and how much water does it hold?", history=history)
    assert "90 million litres" in text_of(result)
    assert "Oren" in result.structured_content["question"]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ask", {"question": "  "}, "the question is empty"),
        ("ask", {"question": QUESTION, "library": "law"}, "no library `law`"),
        ("ask", {"question": QUESTION, "source": ["*.docx"]}, "no indexed document matches"),
        ("ask", {}, "`question` is missing"),
        ("ask", {"question": QUESTION, "where": "dam"}, "unknown field"),
        ("fetch", {"id": "askdoc://works/../etc/passwd"}, "no such document"),
        ("fetch", {"id": "dam.txt"}, "not the id of a document"),
        ("fetch", {"id": "askdoc://works/dam.txt#900-901"}, "no such document"),
        ("list_documents", {"start": -1}, "`start` must be"),
    ],
)
def test_what_is_wrong_is_an_error_that_says_so(
    call: Callable[..., CallToolResult], name: str, arguments: dict[str, Any], message: str
) -> None:
    result = call(name, **arguments)
    assert result.is_error
    assert message in text_of(result)


def test_what_search_finds_can_be_fetched(call: Callable[..., CallToolResult]) -> None:
    found = call("search", query="honey for the winter")
    assert json.loads(text_of(found)) == found.structured_content
    best = found.structured_content["results"][0]
    assert {"id", "title", "url"} <= best.keys()
    assert best["title"].startswith("bees.md")
    fetched = call("fetch", id=best["id"])
    assert json.loads(text_of(fetched)) == fetched.structured_content
    assert fetched.structured_content.keys() == {"id", "title", "text", "url", "metadata"}
    assert best["text"] in fetched.structured_content["text"]
    assert fetched.structured_content["url"] == best["url"]


def test_a_long_document_is_fetched_in_parts_that_make_up_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp, "_SHOWN", 800)
    text = "".join(f"Line {number} of the long report.\n" for number in range(60))
    (tmp_path / "a #1 report.txt").write_text(text)
    with askdoc.open(tmp_path) as library:
        library.index()
    found = workspace.find(tmp_path, overrides={"llm": "extractive"})
    engine = Engine({"long": found}, Limits(threads=1))
    engine.start()
    try:

        async def fetch_all(client: Client) -> str:
            listed = await client.call_tool("list_documents", {})
            wanted = listed.structured_content["documents"][0]["id"]
            parts = []
            while wanted:
                part = (await client.call_tool("fetch", {"id": wanted})).structured_content
                parts.append(part["text"])
                wanted = part["metadata"].get("next")
            assert len(parts) > 2
            return "".join(parts)

        assert talk(make_server(engine), fetch_all) == text
    finally:
        engine.close()


def test_documents_are_listed_and_are_resources(engine: Engine) -> None:
    async def read(client: Client) -> None:
        listed = (await client.call_tool("list_documents", {})).structured_content
        assert [item["document"] for item in listed["documents"]] == [
            "bees.md",
            "dam.txt",
            "weir.pdf",
        ]
        assert listed["total"] == 3
        some = await client.call_tool("list_documents", {"source": ["*.md"]})
        assert "bees.md" in text_of(some)
        assert "dam.txt" not in text_of(some)
        resources = (await client.list_resources()).resources
        assert [one.uri for one in resources] == [item["id"] for item in listed["documents"]]
        [contents] = (await client.read_resource("askdoc://works/dam.txt")).contents
        assert isinstance(contents, TextResourceContents)
        assert contents.text.startswith(QUOTE)
        with pytest.raises(MCPError, match="no such document"):
            await client.read_resource("askdoc://works/nothing.txt")

    talk(make_server(engine), read)


def test_an_index_that_is_not_there_is_an_error_of_the_tool(tmp_path: Path) -> None:
    engine = Engine({"none": workspace.find(tmp_path)})
    engine.start()
    result = talk(make_server(engine), lambda one: one.call_tool("ask", {"question": QUESTION}))
    assert result.is_error
    assert "askdoc index" in text_of(result)
    engine.close()


def test_a_caller_sees_its_own_libraries_alone(engine: Engine) -> None:
    def refuse(libraries: Libraries, _: object) -> None:
        for wanted in ("askdoc://works/dam.txt", "askdoc://other/dam.txt"):
            with pytest.raises(UsageError, match="no library"):
                mcp._find(libraries, wanted, {"other"})
        with pytest.raises(UsageError, match="no library"):
            mcp._documents(libraries, None, (), {"other"})

    asyncio.run(engine.run(refuse))


@pytest.mark.parametrize(
    ("uri", "meant"),
    [
        ("askdoc://law/a/b.txt", ("law", "a/b.txt", None)),
        ("askdoc://law//home/a%20%23b.txt#3-9", ("law", "/home/a #b.txt", Range(3, 9))),
        ("askdoc://law/b.txt#3-", ("law", "b.txt", Range(3, None))),
    ],
)
def test_uris_name_documents_and_places(uri: str, meant: object) -> None:
    assert parsed(uri) == meant


@pytest.mark.parametrize(
    "uri", ["", "askdoc://", "askdoc://law", "file:///a", "askdoc://law/a#9-3", "askdoc://law/a#x"]
)
def test_other_uris_are_refused(uri: str) -> None:
    with pytest.raises(UsageError, match="not the id"):
        parsed(uri)
