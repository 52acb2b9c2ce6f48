"""The command `askdoc serve` as a process."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from askdoc.cli.app import make_app
from askdoc.serve import client

ASK = """
import sys
from askdoc.serve import client

client._MOMENT = 60  # a busy machine answers later
code = client.answered(sys.argv[1:])
sys.exit(9 if code is None else code)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_it_answers_when_it_is_ready_and_ends_in_order(folder: Path) -> None:
    command = [sys.executable, "-m", "askdoc", "serve", "--port", "0", "--llm", "extractive"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        text = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", text)
        assert found, text
        address = found[0]
        assert httpx.get(f"{address}/readyz").json() == {"status": "ready"}
        asked = {"question": "When was the Oren dam completed?"}
        assert "1931" in httpx.post(f"{address}/v1/ask", json=asked, timeout=30).json()["answer"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert "Traceback" not in process.stderr.read()


def test_an_address_that_is_taken_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(make_app(), ["serve", "--port", str(port)])
    assert (
        f"error: cannot listen at http://127.0.0.1:{port}: address already in use\n" in done.stderr
    )


def test_without_the_extra_it_says_what_to_install(folder: Path) -> None:
    blocked = "import sys; sys.modules['uvicorn'] = None; from askdoc.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", blocked, "serve"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'askdoc[serve]'" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="sockets of Unix")
def test_an_engine_is_left_behind_without_the_extra_and_ends_by_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = (
        "import sys; sys.modules.update(starlette=None, uvicorn=None, sse_starlette=None);"
        "from askdoc.serve import warm; warm.main()"
    )
    monkeypatch.setenv("ASKDOC_LLM", "extractive")
    monkeypatch.chdir(folder)
    with tempfile.TemporaryDirectory(prefix="ad-") as runtime:
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        with subprocess.Popen([sys.executable, "-c", blocked, "1"], cwd=folder) as process:
            while not client.sockets():
                assert process.poll() is None
                time.sleep(0.05)
            [path] = client.sockets()
            [status] = client.exchange(path, {"do": "status"})
            assert (status["pid"], status["address"]) == (process.pid, None)
            # In a process of its own: streams and COLUMNS depend on how the tests are run.
            environment = {k: v for k, v in os.environ.items() if k != "COLUMNS"}
            asked = subprocess.run(
                [sys.executable, "-c", ASK, "When was the Oren dam completed?"],
                cwd=folder,
                env={**environment, "PYTHONUTF8": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            assert asked.returncode == 0, asked.stderr
            assert "1931" in asked.stdout
            assert process.wait(60) == 0
        assert client.sockets() == []
