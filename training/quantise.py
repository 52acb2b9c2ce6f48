"""Turns an exported ONNX model into the form that the package carries: weights of 7 bits.

Weights use 7 of the 8 bits, so that all processors compute the same: those of the x86 family
without VNNI add pairs of 8-bit products in 16 bits, which may overflow, and with 7 bits may not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import QuantType, quantize_dynamic

from askdoc.models.onnx import WORD_VECTORS

_TURNED = [0, 2, 3, 1]
"""What two swaps of axes come to: tokens and heads, then tokens and values."""


def tidy(graph: onnx.GraphProto) -> None:
    """Take out masks that mask nothing, and turn keys over in one go."""
    found = _Graph(graph)
    for node in list(graph.node):
        if node.op_type == "Softmax":
            _unmask(found, node)
        elif node.op_type == "Reshape":
            _turn_at_once(found, node)
    found.sweep()


class _Graph:
    """A graph, with what makes each value and what is known beforehand."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._made = {name: node for node in graph.node for name in node.output}
        self._known = {one.name: one for one in graph.initializer}

    def maker(self, value: str, kinds: Collection[str]) -> onnx.NodeProto | None:
        """Return what makes a value, if it is of one of those kinds."""
        node = self._made.get(value)
        return node if node is not None and node.op_type in kinds else None

    def back(self, value: str, kinds: Collection[str]) -> str:
        """Go back over operations of those kinds, each by its first input."""
        while node := self.maker(value, kinds):
            value = node.input[0]
        return value

    def number(self, value: str) -> float | None:
        """Return a value that is known beforehand and is a single number."""
        tensor = self._known.get(value)
        if tensor is None and (node := self.maker(value, ("Constant",))):
            tensor = next((one.t for one in node.attribute if one.name == "value"), None)
        if tensor is None:
            return None
        numbers = onnx.numpy_helper.to_array(tensor)
        return float(numbers.item()) if numbers.size == 1 else None

    def users(self, value: str) -> list[onnx.NodeProto]:
        """List what takes a value."""
        return [node for node in self._graph.node if value in node.input]

    def give(self, old: str, new: str) -> None:
        """Give a value to all that took another."""
        for node in self.users(old):
            for place, value in enumerate(node.input):
                if value == old:
                    node.input[place] = new

    def sweep(self) -> None:
        """Take out what makes values that nobody takes."""
        nodes = list(self._graph.node)
        taken = Counter(value for node in nodes for value in node.input)
        taken.update(output.name for output in self._graph.output)
        for node in reversed(nodes):  # a value is made before it is taken
            if not any(taken[value] for value in node.output):
                taken.subtract(node.input)
                self._graph.node.remove(node)
        kept = [one for one in self._graph.initializer if taken[one.name]]
        del self._graph.initializer[:]
        self._graph.initializer.extend(kept)


def _unmask(graph: _Graph, softmax: onnx.NodeProto) -> None:
    """Leave the scores of tokens as they are where nothing is added to any, and no row is empty."""
    added = graph.maker(softmax.input[0], ("Add",))
    if added is None or not graph.maker(added.input[0], ("MatMul",)):
        return
    mask = graph.maker(added.input[1], ("Where",))
    if mask is None or graph.number(mask.input[1]) != 0 or not _always(graph, mask.input[0]):
        return
    graph.give(added.output[0], added.input[0])
    for guard in graph.users(softmax.output[0]):
        if guard.op_type == "Where" and graph.maker(guard.input[0], ("IsNaN",)):
            graph.give(guard.output[0], softmax.output[0])


def _always(graph: _Graph, condition: str) -> bool:
    """Tell whether a condition compares positions, which count from 0, with 0."""
    compared = graph.maker(graph.back(condition, ("Expand", "Unsqueeze")), ("GreaterOrEqual",))
    if compared is None or graph.number(compared.input[1]) != 0:
        return False
    positions = graph.maker(graph.back(compared.input[0], ("Expand", "Unsqueeze")), ("Range",))
    return (
        positions is not None
        and graph.number(positions.input[0]) == 0
        and graph.number(positions.input[2]) == 1
    )


def _turn_at_once(graph: _Graph, last: onnx.NodeProto) -> None:
    """Swap tokens and heads, and then tokens and values, in one go.

    torch does the second by putting all heads into one axis, swapping, and parting them again.
    """
    swap = graph.maker(last.input[0], ("Transpose",))
    joined = graph.maker(swap.input[0], ("Reshape",)) if swap else None
    first = graph.maker(joined.input[0], ("Transpose",)) if joined else None
    if swap is None or first is None or (_order(first), _order(swap)) != ([0, 2, 1, 3], [0, 2, 1]):
        return
    last.op_type = "Transpose"
    del last.input[1:]
    last.input[0] = first.input[0]
    del last.attribute[:]
    last.attribute.append(onnx.helper.make_attribute("perm", np.array(_TURNED)))


def _order(transpose: onnx.NodeProto) -> list[int]:
    return [axis for one in transpose.attribute if one.name == "perm" for axis in one.ints]


_TABLE = "word_embeddings.weight_quantized"
_OPERATIONS = ["MatMul", "Gemm", "Gather"]
_LAST_AXIS = "askdoc.last_axis"
_TINY = "askdoc.tiny"


def quantise(plain: Path, target: Path) -> None:
    """Write the ONNX model `plain` to `target` with quantised weights."""
    model = onnx.load(plain)
    tidy(model.graph)
    _scale_by_token(model.graph)
    quantize_dynamic(
        model,
        target,
        op_types_to_quantize=_OPERATIONS,
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
    )


def share_words(path: Path, words: Path) -> None:
    """Take the word vectors out of a quantised model; write them to `words` unless they are there.

    Models made from the same base have the same ones, since training leaves them as they are.

    Raises:
        ValueError: those in `words` are others.

    """
    model = onnx.load(path)
    [table] = [one for one in model.graph.initializer if one.name.endswith(_TABLE)]
    values = onnx.numpy_helper.to_array(table)
    if not words.exists():
        np.save(words, values)
    elif not np.array_equal(np.load(words), values):
        message = f"the word vectors of {path} are not those in {words}"
        raise ValueError(message)
    for node in model.graph.node:
        for at, name in enumerate(node.input):
            if name == table.name:
                node.input[at] = WORD_VECTORS
    table.name = WORD_VECTORS
    table.ClearField("raw_data")
    table.data_location = onnx.TensorProto.EXTERNAL
    table.external_data.add(key="location", value=words.name)
    onnx.save(model, path)


def _scale_by_token(graph: onnx.GraphProto) -> None:
    """Divide each token by its largest value before products that narrow, multiply after them."""
    shapes = {weights.name: tuple(weights.dims) for weights in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        shape = shapes.get(node.input[1], ()) if node.op_type == "MatMul" else ()
        nodes.extend(_scaled(node) if len(shape) == 2 and shape[0] > shape[1] else [node])
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.append(onnx.numpy_helper.from_array(np.array([-1], np.int64), _LAST_AXIS))
    graph.initializer.append(onnx.numpy_helper.from_array(np.array(1e-9, np.float32), _TINY))


def _scaled(product: onnx.NodeProto) -> list[onnx.NodeProto]:
    values, weights = product.input
    result = product.output[0]
    size, largest, scale = f"{result}.size", f"{result}.largest", f"{result}.scale"
    even, raw = f"{result}.even", f"{result}.raw"
    return [
        onnx.helper.make_node("Abs", [values], [size]),
        onnx.helper.make_node("ReduceMax", [size, _LAST_AXIS], [largest], keepdims=1),
        onnx.helper.make_node("Max", [largest, _TINY], [scale]),
        onnx.helper.make_node("Div", [values, scale], [even]),
        onnx.helper.make_node("MatMul", [even, weights], [raw], name=product.name),
        onnx.helper.make_node("Mul", [raw, scale], [result]),
    ]
