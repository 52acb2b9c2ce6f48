"""A session with a language model: streaming, follow-ups, Ctrl-C; in a real terminal.

A process that has loaded the library for the server takes six seconds to start, so most tests
share one, and begin with `/clear`.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.write.conftest import model_path

from askdoc.chat.store import SqliteSessions

from .conftest import Terminal, live_in

Start = Callable[..., Terminal]

PIER = "What did Anna Berg say about the pier?"
CTRL_C = "\x03"

__all__ = ["model_path"]  # the fixture


@dataclass
class Server:
    """A model behind OpenAI's protocol: quotes the first sentence, completes follow-ups.

    Once it `hangs`, it says no more than one claim and waits. So often as it still `refuses`, it
    asks to wait for two seconds.
    """

    url: str = ""
    rewritten: str = "What did Anna Berg say about housing?"
    hangs: bool = False
    refuses: int = 0
    waiting: int = 0
    asked: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def forget(self) -> None:
        """Be as at first; what hangs goes on."""
        self.stopped.set()
        self.__dict__ = Server(self.url).__dict__

    def pieces(self, system: str, user: str) -> Iterator[str]:
        self.asked.append(user)
        if system.startswith("Rewrite"):
            yield self.rewritten
            return
        sentences = re.findall(r"^\[(\d+)\] (.+)$", user, re.MULTILINE)
        for number, text in sentences[:2]:
            yield f"- {text} [{number}]\n"
            if self.hangs:
                self.stopped.wait(60)


def _chunk(text: str) -> bytes:
    data = {
        "id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
    }  # fmt: skip
    return b"data: " + json.dumps(data).encode() + b"\n\n"


@pytest.fixture(scope="module")
def serving() -> Iterator[Server]:
    said = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._begin("application/json")
            self.wfile.write(b'{"object": "list", "data": [{"id": "m", "object": "model"}]}')

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if "response_format" in request:  # it knows no schemas, and is asked again without
                self.send_error(400)
                return
            if said.refuses:
                said.refuses -= 1
                self.send_response(429)
                self.send_header("Retry-After", "2")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            system, user = (message["content"] for message in request["messages"])
            self._begin("text/event-stream")
            for piece in said.pieces(system, user):
                self.wfile.write(_chunk(piece))
                self.wfile.flush()
            self.wfile.write(b"data: [DONE]\n\n")

        def _begin(self, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    http.block_on_close = False
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    said.url = f"http://127.0.0.1:{http.server_port}/v1#m"
    yield said
    said.stopped.set()
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def server(serving: Server) -> Iterator[Server]:
    """The server as at first."""
    serving.forget()
    yield serving
    serving.stopped.set()


@dataclass
class Shared:
    """A session that tests hold one after the other, and where it keeps its state."""

    screen: Terminal
    state: Path


@pytest.fixture(scope="module", params=["alone", "served"])
def opened(
    built: Path,
    serving: Server,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Shared]:
    home = tmp_path_factory.mktemp("models")
    root = shutil.copytree(built, home / "harbour")
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        live_in(home, patch)
        # The path of a socket may have a hundred characters.
        runtime = stack.enter_context(tempfile.TemporaryDirectory(prefix="ad-"))
        patch.setenv("XDG_RUNTIME_DIR", runtime)
        running = request.param == "served"
        address = stack.enter_context(engine(root, serving.url)) if running else None
        screen = Terminal(root, "repl", "--llm", serving.url, columns=120)
        patch.undo()
        stack.callback(screen.close)
        screen.ready()
        yield Shared(screen, home / "state" / "askdoc")
        assert screen.leave() == 0
        if address:  # it was asked, not passed over
            counted = httpx.get(f"{address}/metrics").text
            assert re.search(
                r'^askdoc_questions_total{status="answered"} [1-9]', counted, re.MULTILINE
            )


@contextmanager
def engine(root: Path, llm: str) -> Iterator[str]:
    """Run `askdoc serve`, and give its address."""
    command = [sys.executable, "-m", "askdoc", "serve", "--port", "0", "--llm", llm]
    with subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
            assert found
            yield found[0]
        finally:
            process.terminate()
            assert process.wait(30) == 0


@pytest.fixture
def shared(opened: Shared, server: Server) -> Shared:
    """The session with nothing asked, on a clear screen."""
    opened.screen.resize(120, 40)
    opened.screen.start_afresh()
    opened.screen.say("/clear")
    opened.screen.ready()
    opened.screen.raw = b""
    return opened


def test_a_follow_up_is_completed_by_the_model_and_cited_as_any_question(
    shared: Shared, server: Server
) -> None:
    screen = shared.screen
    screen.say(PIER)
    screen.until("must close before winter. [1]")
    screen.say("and on what does she insist for the young?")
    screen.until("→ On what does Anna Berg insist for the young?")  # by rule: the model lost words
    server.rewritten = "What did Anna Berg say about housing for young people?"
    screen.say("and what did she say about housing for young people?")
    screen.until(f"→ {server.rewritten}")
    screen.until("[1] docs/towns/housing.txt")
    assert "Follow-up question: and what did she say" in "".join(server.asked)


def test_ctrl_c_ends_a_generation_and_keeps_what_was_shown(shared: Shared, server: Server) -> None:
    screen = shared.screen
    server.hangs = True
    screen.say(PIER)
    screen.until("must close before winter. [1]")
    assert "docs/pier.txt" not in screen.text
    screen.press(CTRL_C)
    screen.until("[1] docs/pier.txt, line 2")
    screen.until("interrupted")
    server.hangs = False
    screen.say("/show 1")
    screen.until("Anna Berg, head of the harbour office")
    screen.say("Where do herons nest?")
    screen.until("tall trees near water. [1]")
    screen.ready()
    kept = SqliteSessions(shared.state)
    session, *_ = kept.sessions()
    assert session.exchanges == 2
    kept.close()


def test_ctrl_c_ends_what_has_not_begun_to_be_written(shared: Shared, server: Server) -> None:
    screen = shared.screen
    server.pieces = lambda *_: iter(_forever(server))  # type: ignore[method-assign]
    screen.say(PIER)
    screen.until("reading …")
    while server.waiting == 0:
        time.sleep(0.05)
    screen.press(CTRL_C)
    screen.until("note: interrupted")
    server.forget()
    screen.say("Where do herons nest?")
    screen.until("tall trees near water. [1]")


def test_a_resize_while_an_answer_comes_keeps_it_whole(shared: Shared, server: Server) -> None:
    screen = shared.screen
    server.hangs = True
    screen.say(PIER)
    screen.until("must close before winter. [1]")
    screen.resize(40, 40)
    server.stopped.set()
    screen.until("[2]")
    below = screen.ready().partition("[1] docs/pier.txt, line 2")[2]
    assert "Anna Berg, head of the harbour office" in " ".join(below.replace("│", "").split())
    assert all(len(line) <= 40 for line in below.splitlines())
    assert "Traceback" not in screen.raw.decode()


def test_a_server_that_asks_to_wait_is_reported_on_a_line_of_its_own(
    shared: Shared, server: Server
) -> None:
    screen = shared.screen
    screen.say(PIER)
    screen.until("must close before winter. [1]")
    server.refuses = 2
    screen.say("and what did she say about housing for young people?")
    screen.until(f"note: `{server.url}` asks to wait; it is asked again in 2 s")
    screen.until("[1] docs/towns/housing.txt")
    assert "reading …" in screen.raw.decode().split("asks to wait")[1]  # between the two
    below = screen.ready().partition("housing for young people?")[2]
    assert "reading …" not in below
    told = [line for line in below.splitlines() if "asks to wait" in line]
    assert len(told) == 2
    assert all(line.startswith("note: ") and line.endswith("again in 2 s") for line in told)


def test_a_server_that_hangs_holds_up_neither_the_session_nor_its_end(
    terminal: Start, server: Server
) -> None:
    screen = terminal("repl", "--llm", server.url)
    screen.say(PIER)
    screen.until("must close before winter. [1]")
    server.hangs = True
    server.pieces = lambda *_: iter(_forever(server))  # type: ignore[method-assign]
    screen.say("Where do herons nest?")
    screen.until("reading …")
    screen.press(CTRL_C)
    screen.until("note: interrupted")
    screen.say("/llm extractive")
    screen.until("answers are extractive")
    screen.say("Where do herons nest?")
    screen.until("tall trees near water.")
    assert screen.leave() == 0


def _forever(server: Server) -> Iterator[str]:
    server.waiting += 1
    server.stopped.wait(60)
    yield ""


def test_a_local_model_is_chosen_in_the_session_and_left_again(
    terminal: Start, model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKDOC_MODELS_DIR", str(model_path.parent))
    screen = terminal()
    screen.say("/llm smollm2-135m")
    screen.until("answers are written by smollm2-135m")
    screen.until("harbour · smollm2-135m")
    screen.say(PIER)
    screen.until("[1] docs/pier.txt")
    screen.ready()
    screen.say("/why")
    screen.until("smollm2-135m")
    screen.say("/llm nosuch")
    screen.until("error: there is no language model `nosuch`")
    screen.until("harbour · smollm2-135m")
    screen.say("/llm extractive")
    screen.until("harbour · extractive")
    assert screen.leave() == 0
