"""A compiled model stands in for the original only where their vectors agree."""

from __future__ import annotations

import json
import shutil
import socket
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]
import pytest
from onnx import TensorProto, helper, numpy_helper, save

from askdoc.errors import ModelError
from askdoc.models import compiler as compiling
from askdoc.models import sentence_transformers
from askdoc.models.compiler import TEXTS, compile_model, parity, quantise
from askdoc.models.manifest import Precision, read_manifest
from askdoc.models.onnx import OnnxEmbedder
from askdoc.models.sentence_transformers import TorchEmbedder, load_model, traits
from askdoc.testing import HashEmbedder
from askdoc.types import CompileStage, Compiling

Array = npt.NDArray[np.float32]


def test_vectors_are_those_of_the_original(tiny: Path, tiny_compiled: Path) -> None:
    original = TorchEmbedder(load_model(tiny), name="tiny", digest="of tiny")
    compiled = OnnxEmbedder.open(tiny_compiled)
    assert compiled.dimensions == original.dimensions == 24
    assert compiled.max_tokens == original.max_tokens
    assert compiled.count_tokens(TEXTS) == original.count_tokens(TEXTS)
    assert compiled.fingerprint != original.fingerprint
    assert parity(compiled, original).mean >= 0.99
    # Random weights that are told apart: the cosines above would be low for another text.
    vectors = original.embed_passages(TEXTS)
    assert (vectors @ vectors.T).mean() < 0.8


def test_the_manifest_tells_how_the_model_wants_to_be_used(tiny_compiled: Path) -> None:
    manifest = read_manifest(tiny_compiled)
    assert (manifest.query_prompt, manifest.passage_prompt) == ("find: ", "passage: ")
    assert "cls" in manifest.pooling
    assert manifest.max_length == 48
    assert manifest.digest == "of tiny"
    assert set(manifest.files) == {"model.onnx", "tokenizer.json"}


@pytest.mark.usefixtures("quick_export")
@pytest.mark.usefixtures("quick_export")
@pytest.mark.parametrize(
    ("floor", "precision"), [(0.9999999, Precision.FP32), (1.1, Precision.TORCH)]
)
def test_the_fastest_form_that_is_close_enough_is_kept(
    tiny: Path, tmp_path: Path, floor: float, precision: Precision
) -> None:
    made = compile_model(tiny, tmp_path / "made", name="tiny", digest="d", floor=floor)
    assert made.precision is precision
    assert read_manifest(tmp_path / "made") == made
    if precision is Precision.TORCH:
        assert "cosine" in made.reason
    else:
        assert OnnxEmbedder.open(tmp_path / "made").embed_queries(["a"]).shape == (1, 24)


def test_a_pooling_that_leaves_out_the_prompt_stays_on_torch(
    prompt_free_pooling: Path, tmp_path: Path
) -> None:
    made = compile_model(prompt_free_pooling, tmp_path / "made", name="it", digest="d")
    assert made.precision is Precision.TORCH
    assert "prompt" in made.reason
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["askdoc.json"]


def test_what_torch_cannot_export_stays_on_torch(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        message = "torch cannot export it: no such operator"
        raise ModelError(message)

    monkeypatch.setattr(sentence_transformers, "export", fail)
    made = compile_model(tiny, tmp_path / "made", name="tiny", digest="d")
    assert (made.precision, made.reason) == (
        Precision.TORCH,
        "torch cannot export it: no such operator",
    )


def test_what_onnxruntime_cannot_quantise_is_kept_unquantised(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        message = "unknown operator"
        raise RuntimeError(message)

    monkeypatch.setattr(compiling, "quantise", fail)
    made = compile_model(tiny, tmp_path / "made", name="tiny", digest="d")
    assert made.precision is Precision.FP32


@pytest.mark.usefixtures("quick_export")
def test_a_failure_leaves_nothing_behind(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiling, "quantise", fail)
    with pytest.raises(OSError, match="No space"):
        compile_model(tiny, tmp_path / "made", name="tiny", digest="d")
    assert list(tmp_path.iterdir()) == []


def test_nothing_leaves_the_machine_and_nothing_is_printed(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    stages: list[object] = []
    compile_model(tiny, tmp_path / "made", name="tiny", digest="d", listen=stages.append)
    once = list(dict.fromkeys(stages))  # a processor whose sums overflow takes a second try
    assert once == [
        Compiling("tiny", stage)
        for stage in (
            CompileStage.EXPORT,
            CompileStage.QUANTISE,
            CompileStage.CHECK,
        )
    ]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("content", ["{", "{}", '{"model_type": "unheard of"}'])
def test_a_folder_that_is_no_model_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        load_model(tmp_path)
    assert caught.value.hint is not None


def test_code_that_comes_with_a_model_is_not_run(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        '{"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}'
    )
    marker = tmp_path / "ran"
    (tmp_path / "own.py").write_text(f"open({str(marker)!r}, 'w')\n")
    with pytest.raises(ModelError):
        load_model(tmp_path)
    assert not marker.exists()


def test_parity_tells_different_embedders_apart() -> None:
    one, other = HashEmbedder(), HashEmbedder()
    assert parity(one, other).mean == pytest.approx(1)
    other.embed_passages = lambda texts: one.embed_passages([text[::-1] for text in texts])  # type: ignore[method-assign]
    assert parity(one, other).mean < 0.8


def _narrowing(tmp_path: Path, weights: Array) -> Path:
    """Write a model that multiplies by `weights`, which have more rows than columns."""
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="narrow")],
        "one product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, None, weights.shape[0]])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, None, weights.shape[1]])],
        [numpy_helper.from_array(weights, "w")],
    )
    (tmp_path / "plain").mkdir()
    path = tmp_path / "plain" / "model.onnx"
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


def _overflows(tmp_path: Path) -> bool:
    """Tell whether this processor adds products of eight bits in sums that are too narrow."""
    folder = tmp_path / "overflow"
    folder.mkdir()
    target = folder / "quantised.onnx"
    with sentence_transformers.quietly():
        quantise(_narrowing(folder, np.ones((64, 16), np.float32)), target, seven_bits=False)
    ones = np.ones((1, 1, 64), np.float32)
    found = onnxruntime.InferenceSession(target).run(None, {"x": ones})[0]
    return bool(np.abs(found - 64).max() > 1)


@pytest.mark.parametrize("seven_bits", [False, True])
def test_a_token_with_large_values_costs_the_others_no_precision(
    tmp_path: Path, *, seven_bits: bool
) -> None:
    if not seven_bits and _overflows(tmp_path):
        pytest.skip("this processor needs seven bits: it has no exact sums of eight-bit products")
    random = np.random.default_rng(5)
    weights = random.standard_normal((64, 16)).astype(np.float32)
    tokens = random.standard_normal((1, 6, 64)).astype(np.float32)
    tokens[0, 2] *= 1000
    tokens[0, 4] = 0
    target = tmp_path / "quantised.onnx"
    with sentence_transformers.quietly():
        quantise(_narrowing(tmp_path, weights), target, seven_bits=seven_bits)
    found = onnxruntime.InferenceSession(target).run(None, {"x": tokens})[0]
    expected = tokens @ weights
    sizes = np.abs(expected).max(axis=2, keepdims=True)
    assert np.abs((found - expected) / np.where(sizes > 0, sizes, 1)).max() < 0.04


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("intfloat/e5-base-v2", "query: ", "passage: "),
        ("intfloat/multilingual-e5-large-instruct", "", ""),
        ("some/node5-small", "", ""),
    ],
)
def test_e5_models_get_the_prompts_that_they_want(
    tiny: Path, tmp_path: Path, name: str, query: str, passage: str
) -> None:
    bare = shutil.copytree(tiny, tmp_path / "bare")
    file = bare / "config_sentence_transformers.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"prompts": {}}))
    found = traits(load_model(bare, name))
    assert (found.query_prompt, found.passage_prompt) == (query, passage)
    own = traits(load_model(tiny, name))
    assert (own.query_prompt, own.passage_prompt) == ("find: ", "passage: ")
