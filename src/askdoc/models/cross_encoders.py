"""Cross-encoders of Sentence Transformers, compiled so that they run without torch.

This module imports torch, which takes seconds; it is needed once per model.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from sentence_transformers import CrossEncoder

from askdoc.errors import ModelError
from askdoc.models.quantising import quantise
from askdoc.models.ranker import ABOUT, IDS, MASK, MODEL, TOKENIZER, TYPES, TextRanker, digest
from askdoc.models.sentence_transformers import quietly, write_onnx
from askdoc.types import Candidate

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
