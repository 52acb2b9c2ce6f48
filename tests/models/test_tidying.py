"""What is taken out of an exported model changes no bit of what it computes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime  # type: ignore[import-untyped]
import pytest

from askdoc.models.compiler import tidy
from askdoc.models.manifest import INPUT, MODEL


def _kinds(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def _run(model: onnx.ModelProto, length: int) -> bytes:
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    ids = 1 + np.arange(length, dtype=np.int64)[None] % 40
    return bytes(session.run(None, {INPUT: ids})[0].tobytes())


def _mask_first_token(model: onnx.ModelProto) -> None:
    """Compare positions with 1 instead of 0, so that nobody looks at the first token."""
    one = onnx.numpy_helper.from_array(np.array(1, np.int64), "test.one")
    model.graph.initializer.append(one)
    [compared] = [node for node in model.graph.node if node.op_type == "GreaterOrEqual"]
    compared.input[1] = one.name


@pytest.mark.parametrize("length", [2, 3, 7, 48])
def test_vectors_stay_the_same_to_the_bit(exported: Path, length: int) -> None:
    before, after = onnx.load(exported / MODEL), onnx.load(exported / MODEL)
    tidy(after.graph)
    assert _run(after, length) == _run(before, length)


def test_masks_that_mask_nothing_and_detours_are_taken_out(exported: Path) -> None:
    before, after = onnx.load(exported / MODEL), onnx.load(exported / MODEL)
    tidy(after.graph)
    layers = _kinds(before)["Softmax"]
    assert layers > 0
    assert _kinds(before)["IsNaN"] == layers
    gone = _kinds(before) - _kinds(after)
    assert gone["IsNaN"] == layers
    assert gone["Add"] == layers
    assert gone["Reshape"] == 2 * layers
    assert gone["Where"] == layers + 1
    onnx.checker.check_model(after)


def test_a_mask_that_hides_something_stays(exported: Path) -> None:
    plain, before, after = (onnx.load(exported / MODEL) for _ in range(3))
    _mask_first_token(before)
    _mask_first_token(after)
    tidy(after.graph)
    assert _kinds(after)["IsNaN"] == _kinds(before)["IsNaN"]
    assert _run(after, 7) == _run(before, 7) != _run(plain, 7)
