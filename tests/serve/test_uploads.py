"""Files that callers send, and files that change while the server runs."""

from __future__ import annotations

import io
import socket
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from fpdf import FPDF

import askdoc
from askdoc import workspace
from askdoc.serve import tokens
from askdoc.serve.engine import Engine, Limits
from askdoc.serve.guard import Rules
from askdoc.serve.indexing import Indexing

from .conftest import DAM, serving

FERRY = "The ferry to Holm island leaves at half past nine on Sundays.\n"
QUESTION = {"question": "When does the ferry to Holm island leave?"}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("island")
    (root / "docs").mkdir()
    (root / "docs" / "dam.txt").write_text(DAM)
    (root / "inbox").mkdir()
    with askdoc.open(root) as library:
        library.index(root / "docs")
    return root


@pytest.fixture(scope="module")
def indexing(root: Path) -> Iterator[tuple[Engine, Indexing]]:
    settings = {"llm": "extractive", "max_file_mb": 1.0}
    workspaces = {"island": workspace.find(root, overrides=settings)}
    engine = Engine(workspaces, Limits(threads=1))
    engine.start()
    engine.wait(120)
    opened = Indexing(workspaces, uploads={"island": root / "inbox"}, watch=True)
    yield engine, opened
    opened.close()
    engine.close()


@pytest.fixture(scope="module")
def caller(
    indexing: tuple[Engine, Indexing], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    file = tmp_path_factory.mktemp("tokens") / "tokens.json"
    secret = tokens.add(file, "anna", index=True, rate=1000)
    reader = tokens.add(file, "ben", rate=3)
    rules = Rules(tokens=tokens.read(file), upload=1_000_000, upload_seconds=2.0)
    headers = {"Authorization": f"Bearer {secret}", "X-Reader": reader}
    with (
        serving(indexing[0], rules, indexing[1]) as address,
        httpx.Client(base_url=address, headers=headers, timeout=120) as client,
    ):
        yield client


def send(caller: httpx.Client, name: str, body: bytes, **more: str) -> httpx.Response:
    return caller.post("/v1/documents", params={"name": name, **more}, content=body)


def reason(reply: httpx.Response) -> str:
    return str(reply.json()["error"]["message"])


def test_a_file_is_sent_and_answers(caller: httpx.Client, root: Path) -> None:
    reply = send(caller, "ferry.txt", FERRY.encode())
    assert reply.status_code == 201
    [document] = reply.json()["documents"]
    assert document["document"] == "ferry.txt"
    assert (root / "inbox" / "ferry.txt").read_text() == FERRY
    assert "half past nine" in caller.post("/v1/ask", json=QUESTION).json()["answer"]
    assert caller.get(f"/v1/documents/{document['id']}").json()["text"] == FERRY
    assert send(caller, "ferry.txt", b"another").status_code == 409
    later = FERRY.replace("nine", "ten").encode()
    assert send(caller, "ferry.txt", later, replace="true").status_code == 201
    assert "half past ten" in caller.post("/v1/ask", json=QUESTION).json()["answer"]


def test_a_token_may_only_read_and_has_a_rate_of_its_own(caller: httpx.Client) -> None:
    reader = {"Authorization": f"Bearer {caller.headers['X-Reader']}"}
    reply = caller.post("/v1/documents?name=a.txt", content=b"x", headers=reader)
    assert reply.status_code == 403
    assert "may only read" in reason(reply)
    codes = [caller.get("/v1/libraries", headers=reader).status_code for _ in range(3)]
    assert codes == [200, 200, 429]


def test_without_a_folder_nothing_is_taken(client: httpx.Client) -> None:
    reply = client.post("/v1/documents?name=a.txt", content=b"x")
    assert reply.status_code == 403
    assert "takes no uploads" in reason(reply)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../a.txt",
        "a/b.txt",
        "/a.txt",
        "..\\a.txt",
        "c:a.txt",
        "a\n.txt",
        "a\0.txt",
        "a\u202etxt.txt",
        ".askdocignore",
        ".a.txt",
        " a.txt",
        "askdoc.toml",
        f"{'a' * 300}.txt",
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str, caller: httpx.Client, root: Path) -> None:
    before = sorted(root.rglob("*.txt"))
    assert send(caller, name, b"hostile").status_code == 400
    assert sorted(root.rglob("*.txt")) == before


def test_a_link_is_never_followed(caller: httpx.Client, root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    link = root / "inbox" / "link.txt"
    link.symlink_to(secret)
    assert send(caller, "link.txt", b"hostile").status_code == 409
    assert send(caller, "link.txt", b"A buoy lies off Holm.", replace="true").status_code == 201
    assert secret.read_text() == "secret"
    assert not link.is_symlink()


def test_what_cannot_be_read_is_not_kept(caller: httpx.Client, root: Path) -> None:
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * 30_000_000)
    files = {"bomb.docx": bomb.getvalue(), "damaged.pdf": b"%PDF-1.4 broken", "run.exe": b"MZ"}
    for name, body in files.items():
        reply = send(caller, name, body)
        assert reply.status_code == 422, (name, reply.text)
        assert not (root / "inbox" / name).exists()
    assert "damaged" not in caller.get("/documents").text


def test_a_file_is_replaced_only_by_one_that_can_be_read(caller: httpx.Client, root: Path) -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("helvetica")
    pdf.multi_cell(0, text="The bell buoy off Holm rings in fog.")
    good = bytes(pdf.output())
    assert send(caller, "buoy.pdf", good).status_code == 201
    before = caller.get("/v1/documents").json()["documents"]
    reply = send(caller, "buoy.pdf", b"%PDF-1.4 broken", replace="true")
    assert reply.status_code == 422
    assert reason(reply) == "`buoy.pdf` is damaged or not a PDF"
    assert reason(send(caller, "empty.txt", b"")) == "`empty.txt` is empty"
    (root / "inbox" / ".askdocignore").write_text("kept.txt\n")
    (root / "inbox" / "kept.txt").write_text("by hand")
    reply = send(caller, "kept.txt", b"another", replace="true")
    assert "leaves it out" in reason(reply)
    assert (root / "inbox" / "kept.txt").read_text() == "by hand"
    assert (root / "inbox" / "buoy.pdf").read_bytes() == good
    assert caller.get("/v1/documents").json()["documents"] == before
    (root / "inbox" / ".askdocignore").unlink()
    assert not list((root / "inbox").glob(".*"))


def test_a_body_has_limits(caller: httpx.Client, root: Path) -> None:
    assert send(caller, "large.txt", b"x" * 1_000_001).status_code == 413
    pieces = (b"y" * 100_000 for _ in range(11))
    reply = caller.post("/v1/documents?name=pieces.txt", content=pieces)
    assert reply.status_code == 413
    host = urlsplit(str(caller.base_url))
    with socket.create_connection((host.hostname, host.port)) as slow:
        head = (
            f"POST /v1/documents?name=slow.txt HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: {caller.headers['Authorization']}\r\nContent-Length: 1000\r\n\r\nx"
        )
        slow.sendall(head.encode())
        assert slow.recv(100).startswith(b"HTTP/1.1 408 ")
    assert list((root / "inbox").glob("large.txt")) == []
    assert list((root / "inbox").glob(".*.part")) == []


def test_changes_of_the_sources_are_followed(
    caller: httpx.Client, root: Path, indexing: tuple[Engine, Indexing]
) -> None:
    indexing[1].start()
    file = root / "docs" / "lamp.txt"
    file.write_text("The lamp of Holm light burns colza oil.\n")
    asked = {"question": "What does the lamp of Holm light burn?"}
    until = time.monotonic() + 120
    while "colza" not in caller.post("/v1/ask", json=asked).json()["answer"]:
        assert time.monotonic() < until
        time.sleep(0.2)


def test_what_was_never_started_can_be_closed(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    place = workspace.find(tmp_path, overrides={"index": str(tmp_path / "index")})
    Indexing({"one": place}, watch=True).close()
