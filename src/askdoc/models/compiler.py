"""Makes a Sentence Transformers model into one that runs without torch, if that changes nothing.

The model is exported to ONNX and its weights are quantised to 8 bits, per channel. Of the forms
that a model can take, the fastest whose vectors agree with the original's is kept; where none does,
the model stays on torch.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import onnx
import torch
from onnxruntime.quantization import (  # type: ignore[import-untyped]
    QuantType,
    quantize_dynamic,
)
from sentence_transformers import CrossEncoder, SentenceTransformer

from askdoc.errors import ModelError
from askdoc.models import manifest, sentence_transformers
from askdoc.models.manifest import Manifest, Precision
from askdoc.models.onnx import OnnxEmbedder
from askdoc.models.ranker import ABOUT, IDS, MASK, MODEL, TOKENIZER, TYPES, TextRanker, digest
from askdoc.models.sentence_transformers import quietly, write_onnx
from askdoc.types import Candidate, CompileStage, Compiling
from askdoc.types.ports import Embedder, Listener, deaf

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


_OPERATIONS = ["MatMul", "Gemm", "Gather"]
_SINGLE_FILE = 1_800_000_000  # bytes; a protobuf message holds 2 GiB
_LAST_AXIS = "askdoc.last_axis"
_TINY = "askdoc.tiny"


def quantise(plain: Path, target: Path, *, seven_bits: bool = False) -> None:
    """Write the ONNX model `plain` to `target` with quantised weights.

    With `seven_bits` the weights use half their range: processors of the x86 family without VNNI
    add pairs of 8-bit products in 16 bits, which may overflow, and with 7 bits may not.
    """
    model = onnx.load(plain)
    tidy(model.graph)
    _scale_by_token(model.graph)
    quantize_dynamic(
        model,
        target,
        op_types_to_quantize=_OPERATIONS,
        per_channel=True,
        reduce_range=seven_bits,
        weight_type=QuantType.QInt8,
        use_external_data_format=_size(plain.parent) > _SINGLE_FILE,
    )


def _scale_by_token(graph: onnx.GraphProto) -> None:
    """Divide each token by its largest value before products that narrow, multiply after them."""
    shapes = {weights.name: tuple(weights.dims) for weights in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in graph.node:
        shape = shapes.get(node.input[1], ()) if node.op_type == "MatMul" else ()
        nodes.extend(_scaled(node) if len(shape) == 2 and shape[0] > shape[1] else [node])  # noqa: PLR2004 - a matrix
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


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


TEXTS = (
    "Salt.",
    "What year did the bridge open?",
    "who repairs the north lighthouse",
    "The ferry leaves at 07:45, except on Sundays and public holidays.",
    "Dr. Amara Nwosu joined the institute in 1998 and retired as its director in 2021.",
    "Revenue rose by 12.4 % to $3.1 million, while costs fell to $2,760,500.",
    'She said: "We counted every nest twice, and the second count was lower."',
    "No, the warranty does not cover damage by water, frost, or use outside its purpose.",
    "- two cups of flour\n- a pinch of salt\n- 250 ml of warm milk, added slowly",
    "def area(radius: float) -> float:\n    return math.pi * radius**2  # in square metres",
    "Error 0x80070005: access denied while writing C:\\Temp\\log_2024-03-11.txt",
    "Der Vertrag verlängert sich um ein Jahr, wenn er nicht drei Monate vorher gekündigt wird.",
    "Le musée est fermé le mardi ; l'entrée est gratuite le premier dimanche du mois.",
    "¿Cuántos kilómetros hay entre la estación y el puerto?",
    "Вода закипает при более низкой температуре высоко в горах.",
    "会议改到星期四下午三点，地点不变。",
    "この機械は毎週点検しなければならない。",
    "المكتبة مفتوحة من الساعة التاسعة صباحا حتى السادسة مساء.",
    "बारिश के कारण मैच दो घंटे देर से शुरू हुआ।",
    (
        "Photosynthesis turns light into chemical energy. Chlorophyll absorbs mostly red and blue "
        "light, which is why leaves look green. The energy splits water, oxygen is released, and "
        "carbon dioxide is bound into sugars that feed the plant and all that eats it."
    ),
    (
        "The committee met three times before the vote. At the first meeting the treasurer set out "
        "the debts, which were larger than anyone had thought. At the second, two members proposed "
        "to sell the old mill; the others feared that the town would not forgive them. At the "
        "third they agreed on a loan, to be paid back over nine years, and on a yearly report to "
        "the public. The vote was five to two. Nobody was content, and the mill stands to this "
        "day, with a new roof, a bakery on the ground floor, and a small exhibition about the "
        "flood of 1953."
    ),
    (
        "Methods. Samples (n = 48) were stored at -80 °C, thawed on ice and diluted 1:10 in "
        "phosphate-buffered saline. Each plate held eight blanks, two positive controls and one "
        "reference serum. Absorbance was read at 450 nm after 15 minutes; values above the mean of "
        "the blanks plus three standard deviations counted as positive. Results. Antibodies were "
        "found in 31 of 48 samples (65 %; 95 % CI 49-78), more often in adults than in children "
        "(odds ratio 2.7, p = 0.03). Discussion. The share is higher than in the survey of the "
        "previous spring, which used another assay; the two should not be compared directly."
    ),
)


@dataclass(frozen=True, slots=True, order=True)
class Parity:
    """Cosines between two embedders' vectors of the same texts: their mean and the smallest."""

    mean: float
    minimum: float


def parity(one: Embedder, other: Embedder) -> Parity:
    """Compare two embedders, on `TEXTS` as passages and as queries."""
    cosines = np.concatenate(
        [
            np.sum(one.embed_passages(TEXTS) * other.embed_passages(TEXTS), axis=1),
            np.sum(one.embed_queries(TEXTS) * other.embed_queries(TEXTS), axis=1),
        ]
    )
    # Rounded, so that a manifest stays readable; a vector that is not a number is no match at all.
    cosines = np.nan_to_num(cosines, nan=-1.0)
    return Parity(round(float(cosines.mean()), 6), round(float(cosines.min()), 6))


FLOOR = 0.99
"""The mean cosine to the original's vectors from which on a compiled model may stand in for it."""

_FASTEST_FIRST = (Precision.INT8, Precision.INT7, Precision.FP32)


@dataclass(frozen=True, slots=True)
class _Job:
    model: SentenceTransformer
    original: Embedder
    draft: Manifest
    work: Path
    floor: float
    listen: Listener

    def tell(self, stage: CompileStage) -> None:
        self.listen(Compiling(self.draft.name, stage))

    def stays_on_torch(self, reason: str) -> Manifest:
        return msgspec.structs.replace(self.draft, precision=Precision.TORCH, reason=reason)


def compile_model(
    source: Path,
    target: Path,
    *,
    name: str,
    digest: str,
    floor: float = FLOOR,
    listen: Listener = deaf,
) -> Manifest:
    """Compile the model in the folder `source` into the folder `target`, which must not exist.

    Returns what the new folder says of itself. Where its precision is `TORCH`, that is all there is
    in it, and it says why. `target` appears whole or not at all. Only one process at a time may
    compile into it.

    Raises:
        ModelError: the model cannot be loaded.
        OSError: there is no room, or no right to write.

    """
    model = sentence_transformers.load_model(source, name)
    work = target.with_name(f"{target.name}.work")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        job = _Job(
            model=model,
            original=sentence_transformers.TorchEmbedder(model, name=name, digest=digest),
            draft=_draft(model, source, name=name, digest=digest),
            work=work,
            floor=floor,
            listen=listen,
        )
        made = _make(job)
        chosen = work / made.precision
        chosen.mkdir(exist_ok=True)
        manifest.write_manifest(chosen, made)
        chosen.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return made


def _draft(model: SentenceTransformer, source: Path, *, name: str, digest: str) -> Manifest:
    traits = sentence_transformers.traits(model)
    return Manifest(
        name=name,
        digest=digest,
        precision=Precision.FP32,
        dimensions=traits.dimensions,
        max_length=traits.max_length,
        pooling=traits.pooling,
        query_prompt=traits.query_prompt,
        passage_prompt=traits.passage_prompt,
        contextual=traits.contextual,
        folder=str(source),
    )


def _make(job: _Job) -> Manifest:
    """Try one form after another; the one that is returned is in a folder of its name."""
    if reason := sentence_transformers.obstacle(job.model):
        return job.stays_on_torch(reason)
    job.tell(CompileStage.EXPORT)
    plain = job.work / Precision.FP32
    plain.mkdir()
    try:
        sentence_transformers.export(
            job.model,
            plain / manifest.MODEL,
            input_name=manifest.INPUT,
            outputs=[manifest.OUTPUT, manifest.TOKENS][: 1 + job.draft.contextual],
        )
    except ModelError as error:
        return job.stays_on_torch(str(error))
    best = Parity(-1.0, -1.0)
    for precision in _FASTEST_FIRST:
        made = _candidate(job, precision)
        if made is None:
            continue
        if made.similarity >= job.floor:
            return made
        best = max(best, Parity(made.similarity, made.similarity_min))
    return job.stays_on_torch(f"compiled, it has a cosine of only {best.mean:.3f} to the original")


def _candidate(job: _Job, precision: Precision) -> Manifest | None:
    """Make one form of an exported model and compare it; None where onnxruntime cannot run it."""
    folder = job.work / precision
    try:
        if precision is not Precision.FP32:
            job.tell(CompileStage.QUANTISE)
            folder.mkdir()
            plain = job.work / Precision.FP32 / manifest.MODEL
            with sentence_transformers.quietly():
                quantise(plain, folder / manifest.MODEL, seven_bits=precision is Precision.INT7)
        sentence_transformers.save_tokenizer(job.model, folder / manifest.TOKENIZER)
        job.tell(CompileStage.CHECK)
        embedder = OnnxEmbedder(folder, msgspec.structs.replace(job.draft, precision=precision))
        agreement = parity(embedder, job.original)
        probe = embedder.probe()
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - onnxruntime raises bare exceptions for what it cannot do
        return None
    return msgspec.structs.replace(
        embedder.manifest,
        similarity=agreement.mean,
        similarity_min=agreement.minimum,
        probe=tuple(round(float(value), 6) for value in probe),
        files={path.name: path.stat().st_size for path in sorted(folder.iterdir())},
    )


AGREEMENT = 0.99
"""Correlation of scores with the original's from which on a compiled model may stand in for it."""

_DEFAULT_LENGTH = 512
_PROBES = (
    ("Who wrote the report?", "The report was written by Ana Sousa in 1998."),
    ("Who wrote the report?", "Reports are kept in the archive for ten years."),
    ("Who wrote the report?", "Ana Sousa lives in Porto."),
    ("When does the ferry leave?", "The ferry leaves at nine in the morning, on Sundays at ten."),
    ("When does the ferry leave?", "Morning fog is common in autumn."),
    ("How is salt made?", "Sea water is led into flat basins, where the sun dries it to salt."),
    ("How is salt made?", "Salt was once as dear as silver, and towns grew rich on it."),
    ("How is salt made?", "The basins belong to the town."),
)


def compile_ranker(source: Path, target: Path) -> None:
    """Compile the cross-encoder in the folder `source` into the folder `target`.

    Raises:
        ModelError: it cannot be loaded, gives no single score, or cannot be compiled.

    """
    model = _load(source)
    inputs = [name for name in (IDS, TYPES, MASK) if name in model.tokenizer.model_input_names]
    about = {"max_length": _length(model), "inputs": inputs}
    model.tokenizer.backend_tokenizer.save(str(target / TOKENIZER))
    plain = target / "plain"
    plain.mkdir()
    _export(model, plain / MODEL, inputs)
    with quietly():
        quantise(plain / MODEL, target / MODEL, seven_bits=True)
    _describe(target, about)
    if _agreement(TextRanker(target, name=str(source)), model) < AGREEMENT:
        for path in plain.iterdir():  # the weights may lie in a file of their own
            path.replace(target / path.name)
        _describe(target, about)
        if (agreement := _agreement(TextRanker(target, name=str(source)), model)) < AGREEMENT:
            message = f"compiled, `{source}` agrees with the original only to {agreement:.3f}"
            raise ModelError(message)


def _describe(target: Path, about: dict[str, object]) -> None:
    (target / ABOUT).write_text(json.dumps({"sha256": digest(target / MODEL), **about}))


def _load(source: Path) -> CrossEncoder:
    try:
        with quietly():
            model = CrossEncoder(
                str(source), device="cpu", trust_remote_code=False, local_files_only=True
            )
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        message = f"the reranker in `{source}` cannot be loaded: {reason[0]}"
        raise ModelError(message, hint="it has to be a cross-encoder with one output") from error
    if model.num_labels != 1 or model.model is None:
        message = f"the reranker in `{source}` gives {model.num_labels} scores instead of one"
        raise ModelError(message, hint="it has to be a cross-encoder with one output")
    model.eval()
    return model  # type: ignore[no-any-return]  # it inherits from what has no types


def _length(model: CrossEncoder) -> int:
    positions = getattr(getattr(model.model, "config", None), "max_position_embeddings", None)
    length = min(int(model.get_max_seq_length() or _DEFAULT_LENGTH), _DEFAULT_LENGTH)
    return min(length, int(positions or length))


class _Scores(torch.nn.Module):
    """Token ids, and what else the model takes, to one number."""

    def __init__(self, model: torch.nn.Module | None, inputs: Sequence[str]) -> None:
        super().__init__()
        if model is None:
            message = "it has no transformer of its own"
            raise TypeError(message)
        self.model = model
        self.inputs = inputs

    def forward(self, *values: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.model(**dict(zip(self.inputs, values, strict=True))).logits
        return scores[:, 0]


def _export(model: CrossEncoder, path: Path, inputs: Sequence[str]) -> None:
    tokens = torch.export.Dim("tokens", min=2, max=_DEFAULT_LENGTH)
    # All that a module takes by `*values` is one argument to torch.
    shapes = (tuple({1: tokens} for _ in inputs),)
    write_onnx(_Scores(model.model, inputs), path, inputs, ["score"], shapes)


def _agreement(compiled: TextRanker, model: CrossEncoder) -> float:
    """Correlate the scores of fixed pairs."""
    with quietly():
        wanted = model.predict(
            list(_PROBES), activation_fn=torch.nn.Identity(), show_progress_bar=False
        )
    found = [compiled.score(asked, [Candidate(told)])[0] for asked, told in _PROBES]
    return float(np.corrcoef(np.asarray(wanted).ravel(), found)[0, 1])
