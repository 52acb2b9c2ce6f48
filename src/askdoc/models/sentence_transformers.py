"""Sentence Transformers models on torch.

Loads and exports them, or runs them as they are. torch takes seconds to import.

It is needed once to compile a model, and afterwards only for the few models that cannot be
compiled.
"""

from __future__ import annotations

import hashlib
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import transformers
from sentence_transformers import SentenceTransformer

from askdoc.errors import ModelError
from askdoc.strings import encodable

if TYPE_CHECKING:
    from askdoc.types import Span
    from askdoc.types.ports import Matrix


OPSET = 20  # the first ONNX opset that knows Gelu as one operation
_PASSAGE_PROMPTS = ("document", "passage", "corpus")
_E5 = re.compile(r"(?<![a-z])e5-(?:small|base|large)(?!.*instruct)", re.IGNORECASE)
"""Prompts of model families that need them; most do not state them in their files."""
_E5_PROMPTS = {"query": "query: ", "document": "passage: "}
_DEFAULT_LENGTH = 512
_CONTEXTUAL = re.compile(r"Transformer\(\)\+Pooling\(mean\)(?:\+Normalize\(\))?")
"""Pipelines whose text vector is the normalised mean of its token vectors."""
_BATCH = 16


@dataclass(frozen=True, slots=True)
class Traits:
    """What a compiled model takes over from the original.

    `max_length` includes special tokens. `contextual` means that the text vector is the normalised
    mean of the token vectors.
    """

    dimensions: int
    max_length: int
    pooling: str
    query_prompt: str
    passage_prompt: str
    contextual: bool


@contextmanager
def quietly() -> Iterator[None]:
    """Keep warnings, log lines and progress bars of model libraries off the terminal.

    Errors still show.
    """
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    before = logging.root.manager.disable
    # Without a handler, `logging.warning` would install one for the whole process.
    placeholder = logging.NullHandler()
    logging.root.addHandler(placeholder)
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        logging.root.removeHandler(placeholder)


def load_model(folder: Path, name: str = "") -> SentenceTransformer:
    """Load a model from its folder; code that comes with it is not run.

    `name` or the folder's name selects the prompts that its files do not state.

    Raises:
        ModelError: the files are damaged, or no Sentence Transformers model, or need such code.

    """
    try:
        with quietly():
            model = SentenceTransformer(
                str(folder), device="cpu", trust_remote_code=False, local_files_only=True
            )
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        message = f"the model in `{folder}` cannot be loaded: {reason[0]}"
        hint = "it has to be a Sentence Transformers model that needs no code of its own"
        raise ModelError(message, hint=hint) from error
    if _E5.search(f"{name} {folder}") and not any(model.prompts.values()):
        model.prompts.update(_E5_PROMPTS)
    return model.eval()


def traits(model: SentenceTransformer) -> Traits:
    """Read from a model's own configuration how it wants to be used."""
    with quietly():
        dimensions = len(model.encode("dimensions", show_progress_bar=False))
    length = model.get_max_seq_length() or _DEFAULT_LENGTH
    positions = getattr(getattr(model[0], "config", None), "max_position_embeddings", None)
    pooling = "+".join(
        f"{type(module).__name__}({getattr(module, 'pooling_mode', '')})" for module in model
    )
    return Traits(
        dimensions=dimensions,
        max_length=min(int(length), int(positions or length)),
        pooling=pooling,
        query_prompt=_prompt(model, ("query",)),
        passage_prompt=_prompt(model, _PASSAGE_PROMPTS),
        contextual=_CONTEXTUAL.fullmatch(pooling) is not None,
    )


def obstacle(model: SentenceTransformer) -> str | None:
    """Return why a model cannot be compiled, as far as its parts show without trying."""
    first = model[0]
    if type(first).__name__ != "Transformer":
        return f"its first module is a `{type(first).__name__}`, not a `Transformer`"
    if not getattr(model.tokenizer, "is_fast", False):
        return "its tokeniser has no `tokenizers` form"
    if any(getattr(module, "include_prompt", True) is False for module in model):
        return "its pooling leaves out the prompt"
    modalities = getattr(first, "modality_config", {"text": None})
    if set(modalities) != {"text"}:
        return f"it takes {', '.join(sorted(map(str, modalities)))}"
    for attribute in ("query_length", "document_length", "query_expansion"):
        if getattr(first, attribute, None) is not None:
            return f"it sets `{attribute}`"
    return None


def export(
    model: SentenceTransformer, path: Path, *, input_name: str, outputs: Sequence[str]
) -> None:
    """Write the model as ONNX, from token ids to vectors of unit length.

    Input: one text, shape (1, tokens). Outputs: its vector, shape (1, dimensions), and with two
    outputs also the token vectors before pooling, shape (1, tokens, dimensions). One text needs no
    padding, so there is no attention mask.

    Raises:
        ModelError: torch cannot export this architecture.

    """
    shapes = ({1: torch.export.Dim.DYNAMIC},)
    write_onnx(_Pipeline(model, tokens=len(outputs) > 1), path, [input_name], outputs, shapes)


def write_onnx(
    module: torch.nn.Module,
    path: Path,
    inputs: Sequence[str],
    outputs: Sequence[str],
    shapes: Any,
) -> None:
    """Write a module as ONNX; each input has shape (1, tokens).

    `shapes` are the dynamic dimensions, in the form of `torch.export`.

    Raises:
        ModelError: torch cannot export this architecture.

    """
    example = torch.ones((1, 7), dtype=torch.int64)
    try:
        with quietly(), torch.inference_mode():
            torch.onnx.export(
                module,
                tuple(example.clone() for _ in inputs),
                str(path),
                input_names=list(inputs),
                output_names=list(outputs),
                dynamic_shapes=shapes,
                opset_version=OPSET,
                dynamo=True,
                external_data=True,
                verbose=False,
            )
    except OSError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        message = f"torch cannot export it: {reason[0]}"
        raise ModelError(message) from error


def save_tokenizer(model: SentenceTransformer, path: Path) -> None:
    """Write the tokeniser as the model uses it, for `tokenizers` alone."""
    model.tokenizer.backend_tokenizer.save(str(path))


class TorchEmbedder:
    """Embeds on torch, several times slower than a compiled model.

    `digest` is the SHA-256 of the model's files.
    """

    def __init__(self, model: SentenceTransformer, *, name: str, digest: str) -> None:
        self._model = model
        self._name = name
        self._digest = digest
        self._traits = traits(model)

    @property
    def name(self) -> str:
        """The name that the model was asked for by."""
        return self._name

    @property
    def fingerprint(self) -> str:
        """A hash of model and precision; prompts and pooling come with the model."""
        return hashlib.blake2b(f"torch\0{self._digest}".encode(), digest_size=12).hexdigest()

    @property
    def dimensions(self) -> int:
        """The length of a vector."""
        return self._traits.dimensions

    @cached_property
    def max_tokens(self) -> int:
        """How many tokens of a passage count, without special tokens and the prompt."""
        bare, full = self._tokens([""], special=True), self._tokens([self._traits.passage_prompt])
        return max(1, self._traits.max_length - len(bare[0]) - len(full[0]))

    @property
    def contextual(self) -> bool:
        """False: it computes no vectors of sentences within their passage."""
        return False

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without special ones; nothing is cut off."""
        return [len(tokens) for tokens in self._tokens(texts)]

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to be found; shape (len(texts), dimensions), unit length, in order."""
        return self._encode(self._model.encode_document, texts)

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to search by; shape (len(texts), dimensions), unit length, in order."""
        return self._encode(self._model.encode_query, texts)

    def embed_in_context(
        self,
        texts: Sequence[str],
        sentences: Sequence[Sequence[Span]],  # noqa: ARG002 - a part of the protocol
    ) -> tuple[Matrix, list[Matrix]]:
        """Embed passages; the vectors of their sentences are empty."""
        return self.embed_passages(texts), [np.empty((0, self.dimensions), np.float32)] * len(texts)

    def _encode(self, encode: Callable[..., Any], texts: Sequence[str]) -> Matrix:
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        with quietly():
            vectors = encode(
                [encodable(text) for text in texts],
                batch_size=_BATCH,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        return np.asarray(vectors, dtype=np.float32)

    def _tokens(self, texts: Sequence[str], *, special: bool = False) -> Sequence[Sequence[Any]]:
        """Tokenise with any kind of tokeniser that a model may have."""
        if not texts:  # transformers fails on an empty list
            return []
        tokenizer = self._model.tokenizer
        readable = [encodable(text) for text in texts]
        if isinstance(tokenizer, transformers.PreTrainedTokenizerBase):
            with quietly():
                encoded = tokenizer(
                    readable, add_special_tokens=special, truncation=False, padding=False
                )
            return encoded["input_ids"]  # type: ignore[no-any-return]
        if hasattr(tokenizer, "encode_batch"):
            return [one.ids for one in tokenizer.encode_batch(readable, add_special_tokens=special)]
        return [tokenizer.tokenize(text) for text in readable]


class _Pipeline(torch.nn.Module):
    """All modules of a model as one function, from token ids to a vector of unit length."""

    def __init__(self, model: SentenceTransformer, *, tokens: bool) -> None:
        super().__init__()
        self.model = model
        self.tokens = tokens

    def forward(self, input_ids: torch.Tensor) -> tuple[torch.Tensor, ...]:
        made = self.model({"input_ids": input_ids})
        vector = torch.nn.functional.normalize(made["sentence_embedding"], p=2.0, dim=-1)
        return (vector, made["token_embeddings"]) if self.tokens else (vector,)


def _prompt(model: SentenceTransformer, names: Sequence[str]) -> str:
    """Return the prompt that `encode_query` or `encode_document` would use."""
    chosen = next((name for name in names if name in model.prompts), model.default_prompt_name)
    return (model.prompts.get(chosen) or "") if chosen is not None else ""
