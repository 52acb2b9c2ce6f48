"""The embedder that answers questions: exact, quick to load, and quiet when idle."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import pytest

from askdoc.errors import ModelError
from askdoc.models import embedder as embedders
from askdoc.models import onnx
from askdoc.models.manifest import Precision, read_manifest, write_manifest
from askdoc.models.onnx import OnnxEmbedder

pytestmark = pytest.mark.torch

TEXTS = [f"{'Some words to fill a line. ' * (n % 13)}Number {n} is about boats." for n in range(40)]


@pytest.fixture(scope="module")
def default() -> OnnxEmbedder:
    embedder = embedders.load()
    assert isinstance(embedder, OnnxEmbedder)
    return embedder


@pytest.fixture
def copy(tiny_compiled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_compiled, tmp_path / "copy")


def test_the_default_model_has_weights_of_7_bits(default: OnnxEmbedder) -> None:
    manifest = default.manifest
    assert manifest.precision is Precision.INT7
    assert manifest.similarity >= 0.99
    assert (default.name, default.dimensions, default.max_tokens) == ("all-MiniLM-L6-v2", 384, 254)


def test_a_vector_is_the_same_to_the_last_bit_in_any_company(default: OnnxEmbedder) -> None:
    together = default.embed_passages(TEXTS)
    alone = np.concatenate([default.embed_passages([text]) for text in TEXTS])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("cores", [1, 3])
def test_the_number_of_cores_does_not_change_vectors(
    default: OnnxEmbedder, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = default.embed_passages(TEXTS)
    monkeypatch.setattr(onnx, "cores", lambda: cores)
    np.testing.assert_array_equal(default.embed_passages(TEXTS), expected)


def test_many_texts_keep_their_order(
    default: OnnxEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, counts = default.embed_passages(TEXTS), default.count_tokens(TEXTS)
    monkeypatch.setattr(onnx, "_SLICE", 7)
    np.testing.assert_array_equal(default.embed_passages(TEXTS), expected)
    assert default.count_tokens(TEXTS) == counts


def test_several_threads_may_embed_at_once(default: OnnxEmbedder) -> None:
    expected = default.embed_queries(TEXTS)
    with ThreadPoolExecutor(4) as pool:
        for vectors in pool.map(default.embed_queries, [TEXTS] * 4):
            np.testing.assert_array_equal(vectors, expected)


def test_no_thread_is_busy_when_nothing_is_asked(default: OnnxEmbedder) -> None:
    default.embed_passages(TEXTS)
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.1


def test_prompts_of_the_model_are_put_before_texts(tiny_compiled: Path) -> None:
    embedder = OnnxEmbedder.open(tiny_compiled)
    queries, passages = embedder.embed_queries(TEXTS), embedder.embed_passages(TEXTS)
    bare = OnnxEmbedder(
        tiny_compiled,
        msgspec.structs.replace(embedder.manifest, query_prompt="", passage_prompt=""),
    )
    np.testing.assert_array_equal(queries, bare.embed_queries([f"find: {t}" for t in TEXTS]))
    np.testing.assert_array_equal(passages, bare.embed_queries([f"passage: {t}" for t in TEXTS]))
    assert (np.abs(queries - passages).max(axis=1) > 1e-3).all()


def test_a_prompt_takes_its_share_of_the_length(tiny_compiled: Path) -> None:
    # 48 tokens, less [CLS] and [SEP], less `passage` and `:`
    assert OnnxEmbedder.open(tiny_compiled).max_tokens == 44


def test_the_name_is_the_one_that_was_asked_for(tiny: Path, tiny_compiled: Path) -> None:
    assert OnnxEmbedder.open(tiny_compiled).name == str(tiny)
    other = OnnxEmbedder.open(tiny_compiled, name="another")
    assert other.name == "another"
    assert other.fingerprint == OnnxEmbedder.open(tiny_compiled).fingerprint


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "other"},
        {"precision": Precision.INT7},
        {"pooling": "other"},
        {"query_prompt": "other"},
        {"passage_prompt": "other"},
        {"max_length": 3},
    ],
    ids=lambda change: next(iter(change)),
)
def test_the_fingerprint_tells_what_vectors_depend_on(
    tiny_compiled: Path, change: dict[str, object]
) -> None:
    manifest = read_manifest(tiny_compiled)
    assert msgspec.structs.replace(manifest, **change).fingerprint != manifest.fingerprint


def test_a_file_that_is_cut_short_is_noticed(copy: Path) -> None:
    model = copy / "model.onnx"
    model.write_bytes(model.read_bytes()[:-100])
    with pytest.raises(ModelError, match="does not have the size") as caught:
        OnnxEmbedder.open(copy)
    assert caught.value.hint is not None


def test_a_file_of_the_right_size_with_other_content_is_noticed(copy: Path) -> None:
    model = copy / "model.onnx"
    model.write_bytes(b"\xff" * model.stat().st_size)
    with pytest.raises(ModelError, match="cannot be used"):
        OnnxEmbedder.open(copy)


@pytest.mark.parametrize("name", ["askdoc.json", "model.onnx", "tokenizer.json"])
def test_a_file_that_is_gone_is_noticed(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ModelError, match="cannot be used"):
        OnnxEmbedder.open(copy)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"name": 1}', b"\xff"])
def test_a_manifest_that_makes_no_sense_is_noticed(copy: Path, content: bytes) -> None:
    (copy / "askdoc.json").write_bytes(content)
    with pytest.raises(ModelError, match="cannot be used"):
        OnnxEmbedder.open(copy)


def test_a_machine_that_computes_other_vectors_is_noticed(copy: Path) -> None:
    manifest = read_manifest(copy)
    turned = tuple(reversed(manifest.probe))
    write_manifest(copy, msgspec.structs.replace(manifest, probe=turned))
    with pytest.raises(ModelError, match="vectors changed"):
        OnnxEmbedder.open(copy)


def test_embedding_imports_nothing_heavy(default: OnnxEmbedder) -> None:
    script = (
        "import sys\n"
        "from askdoc.models.embedder import load\n"
        "load().embed_queries(['What is it?'])\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'llama_index', 'onnx',\n"
        "         'huggingface_hub', 'filelock', 'scipy', 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    outcome = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert outcome.stdout.decode().strip() == "[]"
    assert outcome.stderr == b""
