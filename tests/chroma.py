"""A Chroma server that tests start in a folder of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

_RUN = "import sys; from chromadb.cli.cli import app; sys.argv[0] = 'chroma'; app()"


def free_port() -> int:
    """Return a port on which nothing listens."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class ChromaServer:
    """A server, `chroma run`, on a port of this machine."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """The address for the setting `index`."""
        return f"chroma+http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        place = ["--host", "127.0.0.1", "--port", str(self.port), "--path", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _RUN, "run", *place],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=os.environ | {"ANONYMIZED_TELEMETRY": "False"},
            )
        until = time.monotonic() + 60
        while True:
            try:
                heartbeat = f"http://127.0.0.1:{self.port}/api/v2/heartbeat"
                with urllib.request.urlopen(heartbeat, timeout=5):
                    return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """Kill it, as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def chroma_serving() -> Iterator[ChromaServer]:
    """Run a server."""
    with tempfile.TemporaryDirectory(prefix="askdoc-chroma-") as folder:
        server = ChromaServer(Path(folder), free_port())
        try:
            server.start()
            yield server
        finally:
            server.stop()
