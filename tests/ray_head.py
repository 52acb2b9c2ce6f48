"""The head of a Ray cluster that tests start on this machine, as `ray start --head` does."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.chroma import free_port

_RUN = "import sys; from ray.scripts.scripts import main; sys.argv[0] = 'ray'; sys.exit(main())"
_LOWEST, _WIDTH = 20_000, 200


@dataclass(frozen=True, slots=True)
class Head:
    """A head; `environment` has what lets a process in."""

    address: str
    environment: Mapping[str, str]


@contextmanager
def head(processors: int) -> Iterator[Head]:
    """Run a head with so many processors, or skip the test where Ray is not installed.

    Ray listens for other machines, too, so the cluster takes orders only with a secret.
    """
    if find_spec("ray") is None:
        pytest.skip("Ray is not here: `pip install 'askdoc[ray]'`")
    folder = Path(tempfile.mkdtemp(prefix="askdoc-ray-"))  # a socket needs a short path
    port = free_port()
    workers = _LOWEST + port % 50 * _WIDTH
    environment = os.environ | {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    options = {
        "port": port,
        "num-cpus": processors,
        "include-dashboard": "false",
        "temp-dir": folder,
        "object-store-memory": 100_000_000,
        "min-worker-port": workers,
        "max-worker-port": workers + _WIDTH - 1,
        "ray-client-server-port": free_port(),
        "dashboard-agent-listen-port": free_port(),
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _RUN, "start", "--head", "--block", *words],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    try:
        _wait(process, port, folder / "log")
        yield Head(f"127.0.0.1:{port}", environment)
    finally:
        process.terminate()  # with `--block`, it ends what it has started
        with suppress(subprocess.TimeoutExpired):
            process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until the cluster runs."""
    until = time.monotonic() + 120
    while b"Ray runtime started" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(log.read_text(errors="replace"))
        time.sleep(0.2)
    socket.create_connection(("127.0.0.1", port), 10).close()
