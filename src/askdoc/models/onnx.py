"""A compiled embedder: onnxruntime and tokenizers alone, so that a question starts quickly.

Texts go through the model one at a time, on as many threads as there are cores. Batches would not
be faster: there is no padding to compute, and one text's activations fit the cache of a core. And a
batch would change the vectors, since dynamic quantisation takes one scale from all that is computed
together: next to seven others, a text has a cosine of 0.994 to itself alone. This way a text has
one vector, whatever it is embedded with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]
from tokenizers import Encoding, Tokenizer

from askdoc.models.manifest import (
    INPUT,
    MODEL,
    OUTPUT,
    TOKENIZER,
    TOKENS,
    Manifest,
    damaged,
    read_manifest,
)
from askdoc.strings import encodable
from askdoc.system.limits import cores

if TYPE_CHECKING:
    from askdoc.types import Span
    from askdoc.types.ports import Matrix

Input = TypeVar("Input", bound=Sized)
Output = TypeVar("Output")

WORDS = "words.npy"
"""The file of the word vectors that the packaged models share: uint8, shape (words, 384)."""

WORD_VECTORS = "words"
"""How a model that holds no word vectors names them."""

_PROBE = "Ist das noch dasselbe Modell? The probe says so: 27 of 31 checks passed, après l'orage."
_PROBE_SIMILARITY = 0.995
_TINY = 1e-9
_SLICE = 512  # texts to tokenise at once: bounds memory, and lets an interrupted run end soon


class OnnxEmbedder:
    """Embeds with a compiled model; a text's vector does not depend on the texts beside it.

    Safe to use from several threads.

    Raises:
        ModelError: the files in `folder` cannot be used.

    """

    def __init__(
        self,
        folder: Path,
        manifest: Manifest,
        *,
        name: str | None = None,
        shared: Path | None = None,
    ) -> None:
        self._folder = folder
        self._manifest = manifest
        self._name = name or manifest.name
        try:
            self._tokenizer = Tokenizer.from_file(str((shared or folder) / TOKENIZER))
            self._session = open_session(folder / MODEL, words=shared and shared / WORDS)
        except Exception as error:  # tokenizers and onnxruntime raise bare exceptions
            raise damaged(folder, str(error)) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(manifest.max_length)

    @classmethod
    def open(
        cls, folder: Path, *, name: str | None = None, shared: Path | None = None
    ) -> OnnxEmbedder:
        """Load the compiled model in `folder`, and compare its probe vector with the stored one.

        `shared` is the folder of the tokeniser and the word vectors, where the model does not hold
        its own. The check matters because another processor could round differently, and wrong
        vectors raise no error.

        Raises:
            ModelError: it is damaged, or gives other vectors on this machine.

        """
        embedder = cls(folder, read_manifest(folder), name=name, shared=shared)
        expected = np.array(embedder._manifest.probe, dtype=np.float32)
        similarity = float(embedder.probe() @ expected) if len(expected) else 0.0
        if not similarity >= _PROBE_SIMILARITY:
            raise damaged(folder, f"its vectors changed, with a cosine of {similarity:.3f}")
        return embedder

    @property
    def name(self) -> str:
        """The name that the model was asked for by."""
        return self._name

    @property
    def folder(self) -> Path:
        """Where the files of the compiled model are."""
        return self._folder

    @property
    def manifest(self) -> Manifest:
        """What the compiled model says of itself."""
        return self._manifest

    @property
    def fingerprint(self) -> str:
        """A hash of model, precision, pooling, prompts and length."""
        return self._manifest.fingerprint

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self._manifest.dimensions

    @cached_property
    def max_tokens(self) -> int:
        """How many tokens of a passage count, without special tokens and the prompt."""
        prompt = self._counter.encode(self._manifest.passage_prompt, add_special_tokens=False)
        special = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        return max(1, self._manifest.max_length - int(special) - len(prompt))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special ones; nothing is cut off."""
        return [
            len(encoding)
            for part in _slices(texts)
            for encoding in self._counter.encode_batch_fast(part, add_special_tokens=False)
        ]

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to be found; shape (len(texts), dimensions), unit length, in order."""
        return self._embed(texts, self._manifest.passage_prompt)

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to search by; shape (len(texts), dimensions), unit length, in order."""
        return self._embed(texts, self._manifest.query_prompt)

    @property
    def contextual(self) -> bool:
        """Whether it gives vectors of sentences as they read in their passage."""
        return self._manifest.contextual

    def embed_in_context(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]
    ) -> tuple[Matrix, list[Matrix]]:
        """Embed passages and the sentences at `spans` in each ("late chunking", Günther et al.

        2024). A sentence's vector is the mean of its token vectors while its passage is embedded,
        so that "It" means what it means there. Almost nothing more is computed.
        """
        if not self.contextual:
            nothing = np.empty((0, self.dimensions), np.float32)
            return self.embed_passages(texts), [nothing] * len(texts)
        prompt = self._manifest.passage_prompt
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        parts: list[Matrix] = []
        for part in _slices(texts):
            encodings = self._tokenizer.encode_batch([prompt + text for text in part])
            own = sentences[len(parts) : len(parts) + len(part)]
            marked = [_Marked(*pair, len(prompt)) for pair in zip(encodings, own, strict=True)]
            for vector, within in on_each_core(self._in_context, marked):
                vectors[len(parts)] = vector
                parts.append(within)
        return vectors, parts

    def probe(self) -> npt.NDArray[np.float32]:
        """Embed a fixed text, without a prompt; shape (dimensions,)."""
        vector: npt.NDArray[np.float32] = self._embed([_PROBE], "")[0]
        return vector

    @cached_property
    def _counter(self) -> Tokenizer:
        """A tokeniser without truncation. Only indexing needs it, so it is made on first use."""
        counter = Tokenizer.from_str(self._tokenizer.to_str())
        counter.no_truncation()
        return counter

    def _embed(self, texts: Sequence[str], prompt: str) -> Matrix:
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        start = 0
        for part in _slices(texts):
            encodings = self._tokenizer.encode_batch_fast([prompt + text for text in part])
            ids = [encoding.ids for encoding in encodings]
            for row, vector in enumerate(on_each_core(self._vector, ids), start=start):
                vectors[row] = vector
            start += len(part)
        return vectors

    def _vector(self, ids: Sequence[int]) -> npt.NDArray[np.float32]:
        # An empty text becomes one padding token if the model adds no special tokens.
        vector: npt.NDArray[np.float32] = self._session.run(
            [OUTPUT], {INPUT: np.array([ids or [0]], dtype=np.int64)}
        )[0][0]
        return vector

    def _in_context(self, text: _Marked) -> tuple[npt.NDArray[np.float32], Matrix]:
        """Return the vector of a text, and those of its n sentences, shape (n, dimensions)."""
        ids = np.array([text.encoding.ids or [0]], dtype=np.int64)
        vector, tokens = self._session.run([OUTPUT, TOKENS], {INPUT: ids})
        return vector[0], _pooled(text, tokens[0], vector[0])


@dataclass(frozen=True, slots=True)
class _Marked:
    """A tokenised text, with the spans of its sentences in characters, counted from `offset`."""

    encoding: Encoding
    sentences: Sequence[Span]
    offset: int

    def __len__(self) -> int:
        return len(self.encoding)


def _pooled(text: _Marked, tokens: Matrix, whole: npt.NDArray[np.float32]) -> Matrix:
    """Return the mean token vector of each sentence at unit length.

    A sentence beyond the model's length gets the vector of the text.
    """
    own = np.array([not special for special in text.encoding.special_tokens_mask], dtype=bool)
    # A token may include the space before it, so its end says which sentence it belongs to.
    ends = np.array([end - 1 for _, end in text.encoding.offsets], dtype=np.int64)[own]
    seen = tokens[: len(own)][own]
    vectors = np.empty((len(text.sentences), len(whole)), dtype=np.float32)
    for row, span in enumerate(text.sentences):
        first, last = np.searchsorted(ends, (span.start + text.offset, span.end + text.offset))
        mean = seen[first:last].mean(axis=0) if first < last else whole
        vectors[row] = mean / max(float(np.linalg.norm(mean)), _TINY)
    return vectors


def open_session(path: Path, *, words: Path | None = None) -> onnxruntime.InferenceSession:
    """Open a model that computes one text at a time, on the thread that asks.

    `words` is the file of its word vectors, where other models share them. They are half of a small
    model, and training leaves them as they are.
    """
    options = onnxruntime.SessionOptions()
    # One thread per text. One text per core is faster than two cores per text, no idle thread
    # spins, and sums have a fixed order, so that vectors are reproducible.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    if words is not None:
        values = onnxruntime.OrtValue.ortvalue_from_numpy(np.load(words))
        options.add_external_initializers([WORD_VECTORS], [values])
    # onnxruntime 1.32 adds and normalises at half the speed in the fused kernel.
    return onnxruntime.InferenceSession(
        path,
        options,
        providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion"],
    )


def on_each_core(run: Callable[[Input], Output], inputs: Sequence[Input]) -> list[Output]:
    """Run a model on each input, on all cores; outputs have the order of the inputs.

    The longest input starts first, so that no core waits long for the last one. Concurrent callers
    share one pool, so that there are never more threads than cores.
    """
    if cores() == 1 or len(inputs) < 2:  # noqa: PLR2004 - threads would only cost
        return [run(item) for item in inputs]
    order = sorted(range(len(inputs)), key=lambda place: -len(inputs[place]))
    outputs = _threads().map(run, [inputs[place] for place in order])
    found = dict(zip(order, outputs, strict=True))
    return [found[place] for place in range(len(inputs))]


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="askdoc-model")


def _slices(texts: Sequence[str]) -> Iterable[list[str]]:
    for start in range(0, len(texts), _SLICE):
        yield [encodable(text) for text in texts[start : start + _SLICE]]
