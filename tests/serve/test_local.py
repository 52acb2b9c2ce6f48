"""Commands that an engine answers through its socket."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from askdoc import app, workspace
from askdoc.cli.app import make_app
from askdoc.render.console import make_console, page
from askdoc.repl.run import script
from askdoc.repl.scope import Scope
from askdoc.repl.session import Pages, Session
from askdoc.serve import client, local
from askdoc.serve.engine import Engine, Limits
from askdoc.serve.local import LocalServer
from askdoc.serve.mcp import own_server
from askdoc.serve.relay import Relay
from askdoc.serve.remote import Remote, connect
from askdoc.types import Busy, Sending

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sockets of Unix")

QUESTION = "When was the Oren dam completed?"
ABSENT = "Which moon of Jupiter has the thickest ice?"


@pytest.fixture(scope="module")
def runtime() -> Iterator[Path]:
    # The path of a socket may have a hundred characters.
    with tempfile.TemporaryDirectory(prefix="ad-") as name, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", name)
        patch.setenv("ASKDOC_LLM", "extractive")
        patch.delenv("COLUMNS", raising=False)
        yield Path(name)


@pytest.fixture(scope="module")
def stopped(engine: Engine, runtime: Path) -> Iterator[threading.Event]:
    event = threading.Event()
    server = LocalServer(engine, address="http://127.0.0.1:1", stop=event.set)
    server.start()
    yield event
    server.close()
    assert client.sockets() == []


def command(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run askdoc, and print at the end whether it loaded its own commands."""
    script = (
        "import os, sys; from askdoc import cli; end = os._exit\n"
        "def told(code):\n"
        "    print('typer' in sys.modules, file=sys.stderr, flush=True); end(code)\n"
        "os._exit = told; cli.command_line()"
    )
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def untimed(text: str) -> str:
    return re.sub(r"\d+ ms \(.*", "", text)


@pytest.mark.parametrize("arguments", [(QUESTION,), ("ask", "--explain", ABSENT)])
def test_a_command_prints_the_same_as_by_itself(
    arguments: tuple[str, ...], folder: Path, stopped: threading.Event
) -> None:
    served = command(folder, *arguments)
    alone = command(folder, *arguments, XDG_RUNTIME_DIR=str(folder))
    assert served.stderr.endswith("False\n")
    assert alone.stderr.endswith("True\n")
    assert served.returncode == alone.returncode
    assert untimed(served.stdout) == untimed(alone.stdout)


def test_options_and_json(
    folder: Path,
    stopped: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    assert client.answered(["--json", QUESTION]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["citations"][0]["path"] == "dam.txt"
    assert answer["citations"][0]["library"] is None
    assert client.answered(["--brief", "--source=*.md", "How much honey does a colony need?"]) == 0
    assert "fifteen kilograms" in capsys.readouterr().out
    assert client.answered([ABSENT]) == 3
    assert client.answered(["-s", "none.txt", QUESTION]) == 2
    assert "none.txt" in capsys.readouterr().err


def test_what_an_engine_does_not_serve_the_command_does(
    folder: Path,
    tmp_path: Path,
    stopped: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    for arguments in (
        ["index"],
        ["ask", "what"],
        [],
        ["--top-k", "3", QUESTION],
        ["--library", "none", QUESTION],
        ["search", QUESTION],
        ["-f", "dam.txt", QUESTION],
        ["--", QUESTION],
    ):
        assert client.answered(arguments) is None, arguments
    monkeypatch.setattr(client, "__version__", "0.0.0")
    assert client.answered([QUESTION]) is None
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert client.answered([QUESTION]) is None
    monkeypatch.chdir(folder)
    request: Any = client._request([QUESTION])
    [path] = client.sockets()
    changed = {**request, "environment": {**request["environment"], "ASKDOC_TOP_K": "3"}}
    assert "refused" in next(client.exchange(path, changed))


def test_a_reader_that_has_gone_ends_it(folder: Path, stopped: threading.Event) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    script = "from askdoc.cli import command_line; command_line()"
    done = subprocess.run(
        [sys.executable, "-c", script, QUESTION],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_an_engine_that_says_nothing_is_passed_over(
    folder: Path, stopped: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    mute = Path(client.runtime_folder()) / "0.sock"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(mute))
        bound.listen()
        monkeypatch.setattr(client, "_MOMENT", 0.2)
        try:
            assert client.answered([QUESTION]) == 0
            connection = connect("session", [workspace.find(folder)])
            assert connection
            connection.close()
        finally:
            mute.unlink()
        for _ in range(2):  # what waited for it has hung up
            accepted, _ = bound.accept()
            with accepted:
                accepted.settimeout(5)
                while accepted.recv(1 << 16):
                    pass


def test_only_the_user_gets_in(runtime: Path, stopped: threading.Event) -> None:
    folder = runtime / "askdoc"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o755)
    assert client.sockets() == []
    folder.chmod(0o700)
    assert len(client.sockets()) == 1


def test_an_engine_says_what_it_serves_and_ends(folder: Path, stopped: threading.Event) -> None:
    [path] = client.sockets()
    [status] = client.exchange(path, {"do": "status"})
    assert (status["pid"], status["ready"]) == (os.getpid(), True)
    assert status["libraries"] == {"works": str(folder)}
    assert not stopped.is_set()
    done = CliRunner().invoke(make_app(), ["serve", "--status"])
    assert f"  process {os.getpid()} · ready · running for" in done.stdout
    assert f"  works  {folder}\n" in done.stdout
    done = CliRunner().invoke(make_app(), ["serve", "--status", "--json"])
    assert json.loads(done.stdout)["engines"][0]["pid"] == os.getpid()
    done = CliRunner().invoke(make_app(), ["serve", "--stop"])
    assert done.stdout == "1 engine told to end\n"
    assert stopped.wait(5)


def test_a_command_says_that_a_model_has_to_wait(
    folder: Path,
    stopped: threading.Event,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_answer = local._print

    def waits(*arguments: Any, **options: Any) -> Any:
        engine._tell(Busy("m", 2, None))
        return print_answer(*arguments, **options)

    monkeypatch.setattr(local, "_print", waits)
    monkeypatch.chdir(folder)
    assert client.answered([QUESTION]) == 0
    assert "note: `m` asks to wait; it is asked again in 2 s\n" in capsys.readouterr().err


def test_an_engine_says_where_its_model_sends_questions(folder: Path) -> None:
    llm = "https://models.example.org/v1#m"
    opened = Engine({"works": workspace.find(folder, overrides={"llm": llm})}, Limits(threads=1))
    heard: list[object] = []
    opened.on_event = heard.append
    opened.start()
    try:
        opened.wait(120)
    finally:
        opened.close()
    assert heard == [Sending("models.example.org")]


def test_what_an_engine_left_behind_is_taken_away(stopped: threading.Event) -> None:
    left = Path(client.runtime_folder()) / "1.sock"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(left))
    with pytest.raises(ConnectionRefusedError):
        list(client.exchange(str(left), {"do": "status"}))
    assert not left.exists()


def test_a_session_asks_the_engine(
    folder: Path, stopped: threading.Event, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the session opens the index by itself")

    monkeypatch.setattr(app, "asked", refuse)
    written = io.StringIO()
    shown = page(make_console(file=written), folder)
    session = Session(Scope.of(workspace.find(folder)), Pages(lambda: shown, lambda: shown), None)
    try:
        assert script(session, [QUESTION, "/filter bees.md", "How much honey does a colony need?"])
        assert "The Oren dam was completed in 1931." in written.getvalue()
        assert "fifteen kilograms" in written.getvalue()
        remote = session.engine._asked
        assert isinstance(remote, Remote)
        remote.close()  # as when the engine ends; the session finds the next one
        assert script(session, ["/filter off", QUESTION])
        assert not script(session, ["/filter none.txt"])
        assert "none.txt" in written.getvalue()
        session.change(top_k=3)
        with pytest.raises(BaseException, match="by itself"):
            session.engine.call(lambda _, __: None)
    finally:
        session.close()


def test_mcp_asks_the_engine_and_another_when_that_has_ended(
    folder: Path, stopped: threading.Event, engine: Engine
) -> None:
    used: list[socket.socket] = []

    def connected() -> socket.socket:
        running = None if used else connect("mcp", [workspace.find(folder)])
        assert running or used
        used.append(running or own_server(engine))
        return used[-1]

    (read, write), (replies, out) = os.pipe(), os.pipe()
    with os.fdopen(read, "rb") as incoming, os.fdopen(out, "wb") as outgoing:
        relay = threading.Thread(target=Relay(connected, outgoing).run, args=(incoming,))
        relay.start()
        with os.fdopen(write, "w") as sending, os.fdopen(replies) as answers:

            def say(method: str, number: int | None = None, **params: object) -> None:
                message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
                if number is None:
                    del message["id"]
                sending.write(f"{json.dumps(message)}\n")
                sending.flush()

            who = {"name": "test", "version": "1"}
            say("initialize", 1, protocolVersion="2025-06-18", capabilities={}, clientInfo=who)
            assert json.loads(answers.readline())["id"] == 1
            say("notifications/initialized")
            for number in (2, 3):
                say("tools/call", number, name="ask", arguments={"question": QUESTION})
                reply = json.loads(answers.readline())
                assert reply["id"] == number
                assert reply["result"]["structuredContent"]["status"] == "answered"
                used[-1].shutdown(socket.SHUT_RDWR)
        relay.join(30)
    assert not relay.is_alive()
    assert len(used) > 1
