"""A folder of documents, an engine on it, and a real server on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fpdf import FPDF

import askdoc
from askdoc import workspace
from askdoc.serve.app import make_app
from askdoc.serve.engine import Engine, Limits
from askdoc.serve.guard import Rules
from askdoc.serve.indexing import Indexing
from askdoc.serve.run import HttpProtocol

DAM = "The Oren dam was completed in 1931. It holds 90 million litres of water.\n"
BEES = "# Bees\n\nA colony needs fifteen kilograms of honey to live through the winter.\n"


WEIR = "The weir below the mill was rebuilt in 1988 after a flood had carried away its crest."


def write_pdf(file: Path) -> None:
    """Write two pages; the second has the sentence, broken into lines."""
    pdf = FPDF()
    pdf.set_font("helvetica", size=12)
    pdf.add_page()
    pdf.multi_cell(0, text="The mill pond is drained each autumn so that its banks can be cut.")
    pdf.add_page()
    pdf.multi_cell(70, text=f"Anglers need a permit from the parish for the whole of May. {WEIR}")
    pdf.output(str(file))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("served")
    (root / "dam.txt").write_text(DAM)
    (root / "bees.md").write_text(BEES)
    write_pdf(root / "weir.pdf")
    with askdoc.open(root) as library:
        library.index()
    return root


@pytest.fixture(scope="session")
def engine(folder: Path) -> Iterator[Engine]:
    opened = Engine(
        {"works": workspace.find(folder, overrides={"llm": "extractive"})}, Limits(threads=2)
    )
    opened.start()
    opened.wait(120)
    yield opened
    opened.close()


@contextmanager
def serving(
    engine: Engine, rules: Rules | None = None, indexing: Indexing | None = None
) -> Iterator[str]:
    """Run a server in a thread, and give its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    app = make_app(engine, rules, indexing)
    config = uvicorn.Config(app, http=HttpProtocol, log_config=None, lifespan="on", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()


@pytest.fixture(scope="session")
def address(engine: Engine) -> Iterator[str]:
    with serving(engine) as found:
        yield found


@pytest.fixture(scope="session")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=30) as opened:
        yield opened
