"""Exports models of Sentence Transformers to ONNX, so that a question needs no torch.

An export replaces the original only if both compute the same, up to rounding. Weights keep their 32
bits: each architecture would need its own care to be quantised.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import torch
from sentence_transformers import CrossEncoder, SentenceTransformer

from askdoc.errors import ModelError
from askdoc.models import manifest, sentence_transformers, sources
from askdoc.models.manifest import Manifest, Precision
from askdoc.models.onnx import OnnxEmbedder
from askdoc.models.packaged import ABOUT, IDS, MASK, MODEL, TOKENIZER, TYPES, digest
from askdoc.models.ranker import TextRanker
from askdoc.models.sentence_transformers import TorchEmbedder, quietly, write_onnx
from askdoc.types import Candidate, CompileStage, Compiling, Span
from askdoc.types.ports import Embedder, Listener, ignore

AGREEMENT = 0.999
"""An export must reach this mean cosine to the original's vectors, or this correlation of
scores."""

_DEFAULT_LENGTH = 512
_PAIRS = (
    ("Who wrote the report?", "The report was written by Ana Sousa in 1998."),
    ("Who wrote the report?", "Reports are kept in the archive for ten years."),
    ("Who wrote the report?", "Ana Sousa lives in Porto."),
    ("When does the ferry leave?", "The ferry leaves at nine in the morning, on Sundays at ten."),
    ("When does the ferry leave?", "Morning fog is common in autumn."),
    ("How is salt made?", "Sea water is led into flat basins, where the sun dries it to salt."),
    ("How is salt made?", "Salt was once as dear as silver, and towns grew rich on it."),
    ("How is salt made?", "The basins belong to the town."),
)
_TEXTS = tuple(dict.fromkeys(text for pair in _PAIRS for text in pair))


def compile_embedder(source: Path, target: Path, *, name: str, listen: Listener = ignore) -> None:
    """Export the embedder in the folder `source` into the empty folder `target`.

    A model that cannot be exported runs on torch; the manifest in `target` then gives the reason.

    Raises:
        ModelError: the model cannot be loaded.
        OSError: the disk is full, or `target` cannot be written.

    """
    model = sentence_transformers.load_model(source, name)
    made = describe(model, source, name=name)
    reason = sentence_transformers.obstacle(model)
    if reason is None:
        listen(Compiling(name, CompileStage.EXPORT))
        try:
            export_embedder(model, target, contextual=made.contextual)
            listen(Compiling(name, CompileStage.CHECK))
            original = TorchEmbedder(model, name=name, digest=made.digest)
            made = checked(OnnxEmbedder(target, made), original, _TEXTS)
            if made.similarity < AGREEMENT:
                reason = f"exported, it has a cosine of {made.similarity:.3f} to the original"
        except ModelError as error:
            reason = str(error)
    if reason is not None:
        for path in target.iterdir():
            path.unlink()
        made = msgspec.structs.replace(made, precision=Precision.TORCH, reason=reason, files={})
    manifest.write_manifest(target, made)


def describe(model: SentenceTransformer, source: Path, *, name: str) -> Manifest:
    """Return the manifest of a model before its export."""
    traits = sentence_transformers.traits(model)
    return Manifest(
        name=name,
        digest=sources.digest(source),
        precision=Precision.FP32,
        dimensions=traits.dimensions,
        max_length=traits.max_length,
        pooling=traits.pooling,
        query_prompt=traits.query_prompt,
        passage_prompt=traits.passage_prompt,
        contextual=traits.contextual,
        folder=str(source),
    )


def export_embedder(model: SentenceTransformer, target: Path, *, contextual: bool) -> None:
    """Write a model and its tokeniser as files; a `contextual` model also outputs token vectors.

    Raises:
        ModelError: torch cannot export this architecture.
        OSError: the disk is full, or `target` cannot be written.

    """
    outputs = [manifest.OUTPUT, manifest.TOKENS] if contextual else [manifest.OUTPUT]
    sentence_transformers.export(model, target / MODEL, input_name=manifest.INPUT, outputs=outputs)
    sentence_transformers.save_tokenizer(model, target / TOKENIZER)


def checked(made: OnnxEmbedder, original: Embedder, texts: Sequence[str]) -> Manifest:
    """Run the export, and return the manifest with its similarity, probe and file sizes.

    Raises:
        ModelError: onnxruntime cannot run the model.

    """
    try:
        cosines = [
            np.sum(made.embed_passages(texts) * original.embed_passages(texts), axis=1),
            np.sum(made.embed_queries(texts) * original.embed_queries(texts), axis=1),
        ]
        probe = made.probe()
    except Exception as error:  # onnxruntime raises bare exceptions for what it cannot do
        message = f"onnxruntime cannot run it: {error}"
        raise ModelError(message) from error
    # A vector of NaN compares as unequal to everything, so it must not pass as a match.
    similarity = float(np.nan_to_num(np.concatenate(cosines), nan=-1.0).mean())
    return msgspec.structs.replace(
        made.manifest,
        similarity=round(similarity, 6),
        probe=tuple(round(float(value), 6) for value in probe),
        files={path.name: path.stat().st_size for path in sorted(made.folder.iterdir())},
    )


def compile_ranker(source: Path, target: Path) -> None:
    """Export the cross-encoder in the folder `source` into the empty folder `target`.

    Raises:
        ModelError: it cannot be loaded, gives no single score, or cannot be exported.

    """
    model = _load(source)
    inputs = [name for name in (IDS, TYPES, MASK) if name in model.tokenizer.model_input_names]
    about = {"max_length": _length(model), "inputs": inputs}
    model.tokenizer.backend_tokenizer.save(str(target / TOKENIZER))
    _export(model, target / MODEL, inputs)
    (target / ABOUT).write_text(json.dumps({"sha256": digest(target / MODEL), **about}))
    found = _agreement(TextRanker(target, name=str(source)), model)
    if not found >= AGREEMENT:
        message = f"exported, `{source}` agrees with the original only to {found:.3f}"
        raise ModelError(message)


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
    """A cross-encoder as one function: from token ids (and types and masks) to one score."""

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
    # torch.export treats everything that a module takes by `*values` as one argument.
    shapes = (tuple({1: tokens} for _ in inputs),)
    write_onnx(_Scores(model.model, inputs), path, inputs, ["score"], shapes)


def _agreement(compiled: TextRanker, model: CrossEncoder) -> float:
    """Return the Pearson correlation between the scores of both models for fixed pairs."""
    with quietly():
        wanted = model.predict(
            list(_PAIRS), activation_fn=torch.nn.Identity(), show_progress_bar=False
        )
    found = [
        judged.score
        for question, passage in _PAIRS
        for judged in compiled.judge(question, [Candidate(passage, Span(0, len(passage)))])
        if judged is not None
    ]
    return float(np.corrcoef(np.asarray(wanted).ravel(), found)[0, 1])
