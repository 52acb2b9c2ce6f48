"""Models are found without reaching out, and fetched only where that was asked for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from askdoc.errors import ModelError
from askdoc.models.sources import Source, digest, find, signature

REVISION = "1234567890123456789012345678901234567890"
FILES = {
    "config.json": b"{}",
    "modules.json": b"[]",
    "1_Pooling/config.json": b"{}",
    "tokenizer.json": b"{}",
    "model.safetensors": b"weights",
    "pytorch_model.bin": b"the same weights again",
    "onnx/model.onnx": b"another edition",
    "onnx/config.json": b"{}",
    "modeling_own.py": b"raise SystemExit",
    "README.md": b"read me",
}


def test_a_folder_goes_by_its_full_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert find("own") == find("./own") == Source(str(tmp_path / "own"), tmp_path / "own")


@pytest.mark.parametrize("name", ["./absent", "../absent", "/absent/model", "~/absent", "", "a b"])
def test_a_path_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(ModelError, match=r"no model folder|has no"):
        find(name)


def test_a_folder_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no Sentence Transformers model"):
        find(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "full"),
    [("intfloat/e5-small-v2", "intfloat/e5-small-v2"), ("x-v2", "sentence-transformers/x-v2")],
)
def test_any_other_name_is_one_on_a_hub(name: str, full: str) -> None:
    assert find(name) == Source(full, None)


def test_the_digest_is_of_what_makes_a_model_what_it_is(tmp_path: Path) -> None:
    model, source = tmp_path / "model", Source("model", tmp_path / "model")
    for name, content in FILES.items():
        (model / name).parent.mkdir(parents=True, exist_ok=True)
        (model / name).write_bytes(content)
    first, seen = digest(model), signature(source)
    (model / "README.md").write_bytes(b"changed")
    (model / "onnx" / "model.onnx").write_bytes(b"changed")
    assert (digest(model), signature(source)) == (first, seen)
    os.utime(model / "config.json", (1, 1))
    assert digest(model) == first
    assert signature(source) != seen
    (model / "1_Pooling" / "config.json").write_bytes(b"[]")
    assert digest(model) != first
    shutil.move(model / "1_Pooling", model / "2_Pooling")
    assert digest(model) != first


@dataclass
class Hub:
    """A model hub on this machine that serves one model, and notes what it was asked for."""

    address: str
    files: dict[str, bytes]
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def hub() -> Iterator[Hub]:
    served = Hub("", dict(FILES))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            served.asked.append(path)
            if path.startswith("/api/models/tiny/model"):
                siblings = [{"rfilename": name} for name in served.files]
                entries = [
                    {"type": "file", "path": name, "size": len(content), "oid": name}
                    for name, content in served.files.items()
                ]
                about = {"id": "tiny/model", "sha": REVISION, "siblings": siblings}
                self._send(json.dumps(entries if "/tree/" in path else about).encode())
            elif path.startswith("/tiny/model/resolve/"):
                self._send(served.files[path.split("/", 5)[5]])
            else:
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()

        do_HEAD = do_GET  # noqa: N815 - the name that the base class looks for

        def _send(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("ETag", f'"{hash(content):x}"')
            self.send_header("X-Repo-Commit", REVISION)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield served
        server.shutdown()


def fetch(name: str, endpoint: str, home: Path, *, allow: bool) -> str:
    """Fetch in a process of its own, since the hub's library reads its settings once."""
    script = (
        "import sys\n"
        "from askdoc.models.sources import fetch\n"
        "from askdoc.errors import ModelError\n"
        "try:\n"
        f"    print(fetch({name!r}, allow_download={allow}))\n"
        "except ModelError as error:\n"
        "    print(f'error: {error}; hint: {error.hint}')\n"
    )
    environment = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(home)}
    environment.pop("HF_HUB_OFFLINE", None)
    outcome = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, check=True, text=True
    )
    assert outcome.stderr == ""
    return outcome.stdout.strip()


def test_nothing_is_fetched_unless_it_is_allowed(hub: Hub, tmp_path: Path) -> None:
    said = fetch("tiny/model", hub.address, tmp_path, allow=False)
    assert said.startswith("error: the model `tiny/model` is not on this machine; hint: ")
    assert "askdoc index --embedder tiny/model" in said
    assert hub.asked == []


def test_a_model_is_fetched_once_and_without_what_is_not_needed(hub: Hub, tmp_path: Path) -> None:
    folder = Path(fetch("tiny/model", hub.address, tmp_path, allow=True))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {
        "config.json",
        "modules.json",
        "1_Pooling/config.json",
        "tokenizer.json",
        "model.safetensors",
    }
    assert [path for path in hub.asked if "/tiny/model/" not in path] == []
    hub.asked.clear()
    for allow in (True, False):
        assert fetch("tiny/model", hub.address, tmp_path, allow=allow) == str(folder)
    assert hub.asked == []


def test_weights_in_the_older_format_are_fetched_where_there_are_no_others(
    hub: Hub, tmp_path: Path
) -> None:
    del hub.files["model.safetensors"]
    folder = Path(fetch("tiny/model", hub.address, tmp_path, allow=True))
    assert (folder / "pytorch_model.bin").read_bytes() == FILES["pytorch_model.bin"]


def test_a_model_that_no_hub_has_is_an_error(hub: Hub, tmp_path: Path) -> None:
    said = fetch("nobody/nothing", hub.address, tmp_path, allow=True)
    assert said.startswith("error: the hub has no public model `nobody/nothing`; hint: ")


def test_a_hub_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    said = fetch("tiny/model", "http://127.0.0.1:9", tmp_path, allow=True)
    assert said.startswith("error: the model `tiny/model` could not be fetched: ")
    assert "online" in said
