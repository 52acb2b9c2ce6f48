"""The embedder for many languages: weights of the package's form, against numpy."""

from __future__ import annotations

import hashlib
import math
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from askdoc.errors import ModelError
from askdoc.models import multilingual
from askdoc.models.manifest import Precision, read_manifest
from askdoc.models.onnx import OnnxEmbedder

Floats = npt.NDArray[np.float64]

WIDTH, LAYERS, HEADS, INNER, WORDS, PLACES = 32, 2, 2, 64, 40, 512
PIECES = [
    "<s>",
    "<pad>",
    "</s>",
    "<unk>",
    "▁",
    "▁the",
    "▁ferry",
    "▁leaves",
    ":",
    *"abcdefghiklmnopqrstuvwxyz",
]
MATRICES = {"q": WIDTH, "k": WIDTH, "v": WIDTH, "ao": WIDTH, "fi": INNER, "fo": WIDTH}


class Weights:
    """Random weights, as the package writes them down and as plain numbers."""

    def __init__(self) -> None:
        self.random = np.random.default_rng(3)
        self.plain: dict[str, Floats] = {}
        self.packed: dict[str, bytes] = {}
        self.matrix("emb.word", WORDS, WIDTH)
        self.vector("emb.pos", PLACES * WIDTH)
        self.vector("emb.type", WIDTH)
        self.norm("emb.ln")
        for layer in range(LAYERS):
            for name, rows in MATRICES.items():
                self.matrix(f"l{layer}.{name}.w", rows, INNER if name == "fo" else WIDTH)
                self.vector(f"l{layer}.{name}.b", rows)
            self.norm(f"l{layer}.aln")
            self.norm(f"l{layer}.oln")

    def vector(self, name: str, size: int, around: float = 0.0) -> None:
        self.plain[name] = (self.random.normal(size=size) * 0.1 + around).astype("<f4")
        self.packed[name] = self.plain[name].tobytes()

    def norm(self, name: str) -> None:
        self.vector(f"{name}.w", WIDTH, around=1.0)
        self.vector(f"{name}.b", WIDTH)

    def matrix(self, name: str, rows: int, columns: int) -> None:
        numbers = self.random.integers(0, 16, (rows, columns // 32, 32)).astype(np.uint8)
        scales = self.random.uniform(0.01, 0.05, (rows, columns // 32)).astype("<f2")
        self.plain[name] = ((numbers - 8.0) * scales[..., None]).reshape(rows, columns)
        self.packed[name] = b"".join(
            scale.tobytes() + (block[:16] | block[16:] << 4).tobytes()
            for row, own in zip(numbers, scales, strict=True)
            for block, scale in zip(row, own, strict=True)
        )

    def file(self) -> bytes:
        """Write all down."""
        head = struct.pack(
            "<4sI7ifi", b"E5S1", 1, WIDTH, LAYERS, HEADS, INNER, WORDS, PLACES, 1, 1e-5, 32
        )
        texts = [piece.encode() for piece in PIECES]
        ends = np.cumsum([0, *map(len, texts)]).astype("<u4")
        scores = -np.arange(len(texts), dtype="<f4")
        head += struct.pack("<5iQ", len(texts), 0, 2, 1, 3, int(ends[-1]))
        head += ends.tobytes() + scores.tobytes() + b"".join(texts) + struct.pack("<iI", 0, 0)
        at = len(head) + 4 + sum(2 + len(name) + 21 for name in self.packed)
        listed = struct.pack("<i", len(self.packed))
        for name, data in self.packed.items():
            listed += struct.pack("<H", len(name)) + name.encode()
            listed += struct.pack("<BIQQ", 0, 0, at, len(data))
            at += len(data)
        return head + listed + b"".join(self.packed.values())

    def vector_of(self, ids: list[int]) -> Floats:
        """Compute the mean of the tokens' vectors, at unit length."""
        plain = self.plain
        places = plain["emb.pos"].reshape(PLACES, WIDTH)[: len(ids)]
        hidden = self.normed(plain["emb.word"][ids] + places + plain["emb.type"], "emb.ln")
        for layer in range(LAYERS):
            hidden = self.layer(hidden, f"l{layer}.")
        mean: Floats = hidden.mean(axis=0)
        unit: Floats = mean / np.linalg.norm(mean)
        return unit

    def layer(self, hidden: Floats, name: str) -> Floats:
        def linear(given: Floats, part: str) -> Floats:
            return given @ self.plain[f"{name}{part}.w"].T + self.plain[f"{name}{part}.b"]

        query, key, value = (
            linear(hidden, part).reshape(len(hidden), HEADS, -1).transpose(1, 0, 2)
            for part in ("q", "k", "v")
        )
        scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(WIDTH // HEADS))
        seen = scores / scores.sum(axis=2, keepdims=True) @ value
        seen = linear(seen.transpose(1, 0, 2).reshape(len(hidden), WIDTH), "ao")
        hidden = self.normed(hidden + seen, f"{name}aln")
        inner = linear(hidden, "fi")
        inner = inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2))) / 2
        return self.normed(hidden + linear(inner, "fo"), f"{name}oln")

    def normed(self, rows: Floats, name: str) -> Floats:
        rows = rows - rows.mean(axis=1, keepdims=True)
        rows = rows / np.sqrt((rows**2).mean(axis=1, keepdims=True) + 1e-5)
        scaled: Floats = rows * self.plain[f"{name}.w"] + self.plain[f"{name}.b"]
        return scaled


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Weights, OnnxEmbedder]:
    folder, target = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("made")
    weights = Weights()
    data = weights.file()
    (folder / "e5-small-q4.bin").write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multilingual, "_SHA256", hashlib.sha256(data).hexdigest())
        multilingual.write(folder, target)
    return weights, OnnxEmbedder.open(target)


def test_vectors_are_those_of_the_weights_without_what_all_texts_share(
    made: tuple[Weights, OnnxEmbedder],
) -> None:
    weights, embedder = made
    tokenizer = embedder._tokenizer

    def own(text: str) -> Floats:
        return weights.vector_of(tokenizer.encode(text).ids)

    prompts = ("passage: ", "query: ")
    shared = np.mean([own(p + text) for p in prompts for text in multilingual._TEXTS], axis=0)
    wanted: Floats = own("passage: the ferry leaves") - shared
    [found] = embedder.embed_passages(["the ferry leaves"])
    assert found @ wanted / np.linalg.norm(wanted) > 0.99
    assert tokenizer.encode("the  ferry").tokens == ["<s>", "▁the", "▁ferry", "</s>"]


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "e5-small-q4.bin").write_bytes(Weights().file())
    with pytest.raises(ModelError, match="other weights"):
        multilingual.write(tmp_path, tmp_path)


def test_the_manifest_has_the_prompts_of_the_model(made: tuple[Weights, OnnxEmbedder]) -> None:
    described = read_manifest(made[1].folder)
    assert described.precision is Precision.INT4
    assert (described.query_prompt, described.passage_prompt) == ("query: ", "passage: ")
    assert described.contextual
