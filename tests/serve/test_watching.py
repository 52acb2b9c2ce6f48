"""What the server tells about itself, how it bears many calls, and that it follows the index."""

from __future__ import annotations

import asyncio
import json
import logging
import platform
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import askdoc
from askdoc import workspace
from askdoc.serve import watching
from askdoc.serve.app import make_app
from askdoc.serve.engine import Engine, Limits, Overloaded
from askdoc.serve.libraries import Libraries, OpenInThread, Shared
from askdoc.text import words
from askdoc.types import Answer
from askdoc.types.ports import Listener, ignore

from .conftest import DAM

QUESTION = "When was the Oren dam completed?"


def test_it_counts(client: httpx.Client) -> None:
    reply = client.post("/v1/ask", json={"question": QUESTION})
    assert (reply.status_code, reply.json()["status"]) == (200, "answered")
    text = client.get("/metrics").text
    assert 'askdoc_questions_total{status="answered"}' in text
    assert 'askdoc_stage_seconds_count{stage="retrieve"}' in text
    assert 'askdoc_http_calls_total{route="ask",status="200"}' in text
    assert 'askdoc_documents{library="works"} 3.0' in text
    assert "askdoc_waiting 0.0" in text


def test_calls_and_answers_are_spans_without_text(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr(watching, "_TRACER", provider.get_tracer("askdoc"))
    above = f"{0x12AB:032x}"
    headers = {"traceparent": f"00-{above}-{1:016x}-01"}
    client.post("/v1/ask", json={"question": QUESTION}, headers=headers)
    until = time.monotonic() + 10
    while "POST ask" not in (spans := {span.name: span for span in kept.get_finished_spans()}):
        assert time.monotonic() < until
    assert {"answer", "retrieve", "select"} <= set(spans)
    told = {name: json.loads(span.to_json()) for name, span in spans.items()}
    assert {span["context"]["trace_id"] for span in told.values()} == {f"0x{above}"}
    assert told["answer"]["parent_id"] == told["POST ask"]["context"]["span_id"]
    assert told["retrieve"]["parent_id"] == told["answer"]["context"]["span_id"]
    assert told["answer"]["attributes"]["askdoc.status"] == "answered"
    assert "Oren" not in "".join(span.to_json() for span in spans.values())


def test_a_call_is_a_line_in_the_log(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "askdoc.access"):
        client.get("/v1/documents/x%0ay?secret=1")
        client.get("/healthz", headers={"Host": "evil.example"})
        # A line is written once the client has its answer.
        until = time.monotonic() + 30
        while len(caplog.records) < 2 and time.monotonic() < until:
            time.sleep(0.01)
    lines = [json.loads(record.getMessage()) for record in caplog.records][-2:]
    assert [(line["path"], line["status"]) for line in lines] == [
        ("/v1/documents/x%0ay", 404),
        ("/healthz", 421),
    ]


def test_every_route_is_described(engine: Engine, client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    served = {str(getattr(route, "path", "")) for route in make_app(engine).routes}
    paths = {path.replace("{n}", "{n:int}") for path in described["paths"]}
    assert {path for path in served if path.startswith("/v1/")} <= paths
    ask = described["paths"]["/v1/ask"]["post"]
    name = ask["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert "question" in described["components"]["schemas"][name]["required"]
    assert described["components"]["schemas"]["answer"]["title"]


def test_a_thousand_small_calls_are_borne(client: httpx.Client, engine: Engine) -> None:
    threads = threading.active_count()
    codes = {client.get("/v1/models").status_code for _ in range(1000)}
    assert codes == {200}
    assert threading.active_count() <= threads + 2
    assert engine.waiting == 0


def test_beyond_the_limit_a_question_is_refused_and_one_without_caller_ends(
    folder: Path,
) -> None:
    engine = Engine(
        {"works": workspace.find(folder, overrides={"llm": "extractive"})},
        Limits(waiting=1, threads=1, seconds=20),
    )
    engine.start()
    engine.wait(120)
    begun, ended = threading.Event(), threading.Event()

    def endless(_: Libraries, listen: Listener) -> None:
        begun.set()
        try:
            while True:
                listen(None)
                time.sleep(0.01)
        except KeyboardInterrupt:
            ended.set()
            raise

    async def calls() -> None:
        first = asyncio.create_task(engine.run(endless))
        while not begun.is_set():
            await asyncio.sleep(0.01)
        second = asyncio.create_task(engine.ask(QUESTION))
        await asyncio.sleep(0.05)
        with pytest.raises(Overloaded):
            await engine.ask(QUESTION)
        first.cancel()
        assert "1931" in (await second).text
        assert ended.wait(5)

    try:
        asyncio.run(calls())
    finally:
        engine.close()


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_caller_that_hangs_up_ends_its_question(
    accept: str, address: str, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(_: Libraries, listen: Listener) -> Answer:
        begun.set()
        try:
            while True:
                listen(None)
                time.sleep(0.01)
        finally:
            ended.set()

    async def ask(*_: object, listen: Listener = ignore, **__: object) -> Answer:
        return await engine.run(endless, listen)

    monkeypatch.setattr(engine, "ask", ask)
    target = urlsplit(address)
    body = b'{"question": "x"}'
    with socket.create_connection((target.hostname, target.port or 0)) as caller:
        head = f"POST /v1/ask HTTP/1.1\r\nHost: {target.netloc}\r\nAccept: {accept}\r\n"
        caller.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert begun.wait(20)
        assert not ended.is_set()
    assert ended.wait(20)


def test_a_changed_index_is_followed_without_a_lost_question(tmp_path: Path) -> None:
    file = tmp_path / "dam.txt"
    file.write_text(DAM)
    with askdoc.open(tmp_path) as library:
        library.index()
    found = workspace.find(tmp_path, overrides={"llm": "extractive"})
    engine = Engine({"works": found}, Limits(threads=2))
    engine.start()
    engine.wait(120)
    stop = threading.Event()

    def change() -> None:
        file.write_text(DAM.replace("1931", "1947"))
        with askdoc.open(tmp_path) as library:
            library.index()
        stop.set()

    async def ask_on() -> list[str]:
        answers = []
        while not stop.is_set():
            both = await asyncio.gather(engine.ask(QUESTION), engine.ask(QUESTION))
            answers += [answer.text for answer in both]
        return [*answers, (await engine.ask(QUESTION)).text]

    writing = threading.Thread(target=change)
    writing.start()
    try:
        answers = asyncio.run(ask_on())
    finally:
        writing.join()
        engine.close()
    assert "1931" in answers[0]
    assert "1947" in answers[-1]
    assert all("Oren dam was completed" in answer for answer in answers)


def test_an_index_that_is_opened_again_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "dam.txt"
    file.write_text(DAM)
    with askdoc.open(tmp_path) as library:
        library.index()
    found = workspace.find(tmp_path, overrides={"llm": "extractive"})
    shared = Shared({"works": found}, bool)
    opened = OpenInThread(shared)
    words._groups.cache_clear()
    made = []
    try:
        for year in ("1931", "1947", "1952"):
            file.write_text(DAM.replace("1931", year))
            with askdoc.open(tmp_path) as library:
                library.index()
            answer = opened.get().members["works"].answer("When was the Oren dam finished?")
            assert year in answer.text
            made.append(words._groups.cache_info().misses)
    finally:
        opened.close()
        shared.close()
    assert made == [1, 1, 1]  # the first question makes the table of synonyms


HEAPS = """
import ctypes, os, sys, threading
from askdoc.serve.libraries import Shared
Shared({}, bool)
together, libc = threading.Barrier(8), ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
def allocate():
    libc.malloc(1000)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
libc.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fflush(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="heaps of glibc")
def test_all_threads_allocate_from_two_heaps() -> None:
    done = subprocess.run([sys.executable, "-c", HEAPS], capture_output=True, text=True, check=True)
    assert done.stdout.count("<heap nr=") == 2
