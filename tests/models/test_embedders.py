"""The cache of compiled models: made once, used from then on, made again where it is damaged."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from askdoc.errors import MissingPart, ModelError
from askdoc.models import sources
from askdoc.models.cache import cache_folder
from askdoc.models.embedder import load
from askdoc.models.onnx import OnnxEmbedder
from askdoc.types import CompileStage, Compiling, NotCompiled
from askdoc.types.ports import Embedder

QUESTION = ["Where are the boats?"]

pytestmark = [pytest.mark.torch, pytest.mark.usefixtures("quick_export")]

SCRIPT = """
import sys
from pathlib import Path
from askdoc.models.embedder import load

def listen(event):
    if event.stage == "export":
        print("exporting", flush=True)
        sys.stdin.readline()

load(sys.argv[1], cache=Path(sys.argv[2]), listen=listen)
"""


@pytest.fixture
def model(tiny: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny, tmp_path / "model")


@pytest.fixture
def cache(filled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(filled, tmp_path / "cache")


def _compiled(cache: Path) -> Path:
    (folder,) = (cache / "models" / "embedders").glob("*/")
    return folder


def test_a_model_is_compiled_once(tiny: Path, cache: Path) -> None:
    events: list[object] = []
    embedder = load(str(tiny), cache=cache, listen=events.append)
    assert isinstance(embedder, OnnxEmbedder)
    assert embedder.name == str(tiny)
    assert events == []


def test_a_model_that_was_only_touched_or_moved_keeps_its_vectors(
    tiny: Path, model: Path, cache: Path
) -> None:
    before = load(str(tiny), cache=cache)
    for _ in range(2):
        again = load(str(model), cache=cache)
        assert again.fingerprint == before.fingerprint
        np.testing.assert_array_equal(again.embed_queries(QUESTION), before.embed_queries(QUESTION))
        os.utime(model / "config.json", (1, 1))


def test_a_model_that_changed_is_another_one(model: Path, cache: Path) -> None:
    before = load(str(model), cache=cache)
    settings = model / "config_sentence_transformers.json"
    changed = json.loads(settings.read_text())
    changed["prompts"]["query"] = "search for: "
    settings.write_text(json.dumps(changed))
    after = load(str(model), cache=cache)
    assert after.fingerprint != before.fingerprint
    assert not np.allclose(after.embed_queries(QUESTION), before.embed_queries(QUESTION))
    np.testing.assert_array_equal(after.embed_passages(QUESTION), before.embed_passages(QUESTION))


def test_a_model_from_a_hub_is_fetched_once_and_stays_as_it_was(
    tiny: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []

    def fetch(name: str, *, allow_download: bool) -> Path:
        asked.append((name, allow_download))
        return tiny

    monkeypatch.setattr(sources, "fetch", fetch)
    first = load("boats/tiny", allow_download=True, cache=cache)
    second = load("boats/tiny", cache=cache)
    assert asked == [("boats/tiny", True)]
    assert first.name == second.name == "boats/tiny"
    np.testing.assert_array_equal(first.embed_queries(QUESTION), second.embed_queries(QUESTION))


def _cut(folder: Path) -> None:
    path = folder / "model.onnx"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _remove(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize("damage", [_cut, _remove])
def test_what_is_damaged_is_compiled_again(
    tiny: Path, cache: Path, damage: Callable[[Path], None]
) -> None:
    expected = load(str(tiny), cache=cache).embed_queries(QUESTION)
    damage(_compiled(cache))
    events: list[object] = []
    embedder = load(str(tiny), cache=cache, listen=events.append)
    assert Compiling(str(tiny), CompileStage.CHECK) in events
    np.testing.assert_array_equal(embedder.embed_queries(QUESTION), expected)
    assert not list((cache / "models" / "embedders").glob("*.work"))


def test_without_the_library_the_command_to_install_it_is_named(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("askdoc.models.sources.util.find_spec", lambda _: None)
    with pytest.raises(MissingPart, match="needs the package `sentence-transformers`") as caught:
        load(str(tiny), cache=tmp_path)
    assert caught.value.hint == "pip install 'askdoc[models]'"


def test_a_model_that_cannot_be_compiled_runs_on_torch(
    prompt_free_pooling: Path, tmp_path: Path
) -> None:
    from askdoc.models.sentence_transformers import TorchEmbedder

    load(str(prompt_free_pooling), cache=tmp_path)
    events: list[object] = []
    embedder = load(str(prompt_free_pooling), cache=tmp_path, listen=events.append)
    assert isinstance(embedder, TorchEmbedder)
    (event,) = events
    assert isinstance(event, NotCompiled)
    assert "prompt" in event.reason
    assert embedder.embed_queries(QUESTION).shape == (1, 24)
    assert embedder.count_tokens(["a b"]) == [2]


def test_a_cache_that_cannot_be_written_is_an_error_with_a_way_out(
    tiny: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelError, match="cannot be kept in") as caught:
        load(str(tiny), cache=tmp_path / "file")
    assert caught.value.hint is not None
    assert "ASKDOC_CACHE_DIR" in caught.value.hint


def test_a_full_disk_is_an_error_with_a_way_out(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("askdoc.models.compiler.export_embedder", full)
    with pytest.raises(ModelError, match="No space left") as caught:
        load(str(tiny), cache=tmp_path)
    assert caught.value.hint is not None
    assert not list((tmp_path / "models" / "embedders").glob("*/"))


def test_the_cache_can_be_moved(tmp_path: Path) -> None:
    assert cache_folder({"ASKDOC_CACHE_DIR": str(tmp_path)}) == tmp_path
    assert cache_folder({}).name == "askdoc"


def test_a_run_that_is_killed_is_taken_over_by_one_that_waits(tiny: Path, tmp_path: Path) -> None:
    events: list[object] = []
    with ThreadPoolExecutor(1) as pool, _exporting(tiny, tmp_path) as process:
        waiting = pool.submit(load, str(tiny), cache=tmp_path, listen=events.append)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.5)
        assert events == [Compiling(str(tiny), CompileStage.WAIT)]
        process.kill()
        assert isinstance(waiting.result(timeout=120), OnnxEmbedder)
    assert not list((tmp_path / "models" / "embedders").glob("*.work"))


def test_two_at_once_compile_a_model_once(tiny: Path, tmp_path: Path) -> None:
    events: list[object] = []

    def run(_: int) -> Embedder:
        return load(str(tiny), cache=tmp_path, listen=events.append)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(run, range(2))
    assert one.fingerprint == other.fingerprint
    stages = Counter(event.stage for event in events if isinstance(event, Compiling))
    once = (CompileStage.EXPORT, CompileStage.LOAD, CompileStage.WAIT, CompileStage.CHECK)
    assert [stages[stage] for stage in once] == [1, 1, 1, 1]


@contextmanager
def _exporting(model: Path, cache: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that is in the middle of compiling, and stays there."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(model), str(cache)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "exporting\n"
        try:
            yield process
        finally:
            process.kill()
