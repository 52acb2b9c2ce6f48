"""Entailment models: whether a text supports a claim, contradicts it, or says nothing of it.

One comes with the package (`training/entailment/README.md`); cross-encoders of Sentence
Transformers can be named beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Encoding, Tokenizer

from askdoc.errors import ModelError
from askdoc.models import sources
from askdoc.models.onnx import WORDS, on_each_core, open_session
from askdoc.models.packaged import ABOUT, IDS, MODEL, TOKENIZER, TYPES, packaged_data
from askdoc.strings import encodable
from askdoc.types import Entailment

OUTPUT = "scores"

_MOST_TOKENS = 256
"""Tokens of a pair; a longer text is cut, a claim never is."""
_MOST_CLAIM = 128

Judge = Callable[[Sequence[tuple[str, str]]], list[Entailment]]
"""Judges pairs of a text and a claim, in order."""


class PackagedEntailment:
    """Judges with the model that comes with the package; it reads English.

    A pair's result does not depend on the pairs beside it. Safe to use from several threads.

    Raises:
        ModelError: the files in `folder` cannot be used.

    """

    def __init__(self, folder: Path) -> None:
        shared = packaged_data()
        try:
            about = json.loads((folder / ABOUT).read_bytes())
            self._tokenizer = Tokenizer.from_file(str(shared / TOKENIZER))
            self._session = open_session(folder / MODEL, words=shared / WORDS)
        except Exception as error:  # tokenizers and onnxruntime raise little else
            message = f"the entailment model in `{folder}` cannot be used: {error}"
            raise ModelError(message, hint="pip install --force-reinstall askdoc") from error
        self._temperature = float(about["temperature"])
        self.fingerprint = str(about["sha256"])[:_FINGERPRINT]
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MOST_TOKENS, strategy="only_first")
        self._claims = Tokenizer.from_str(self._tokenizer.to_str())
        self._claims.enable_truncation(_MOST_CLAIM)

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> list[Entailment]:
        """Judge each text and claim."""
        encodings = self._tokenizer.encode_batch_fast(
            [(encodable(text), self._short(encodable(claim))) for text, claim in pairs]
        )
        return on_each_core(self._one, encodings)

    def _short(self, claim: str) -> str:
        """Cut a claim that would leave no room for its text."""
        encoding = self._claims.encode(claim, add_special_tokens=False)
        return claim[: encoding.offsets[-1][1]] if encoding.overflowing else claim

    def _one(self, pair: Encoding) -> Entailment:
        ids, types = (np.array([row], dtype=np.int64) for row in (pair.ids, pair.type_ids))
        [scores] = self._session.run([OUTPUT], {IDS: ids, TYPES: types})[0] / self._temperature
        chances = np.exp(scores - scores.max())
        return Entailment(*map(float, chances / chances.sum()))


@cache
def packaged() -> PackagedEntailment:
    """Load the model that comes with the package, once in a process.

    Raises:
        ModelError: its files are damaged.

    """
    return PackagedEntailment(packaged_data() / "entailment")


_OPTION = "--check"
_PUBLISHER = "cross-encoder"
_FINGERPRINT = 24
_KINDS = ("entail", "neutral", "contra")
_HINT = "it has to be a cross-encoder with the labels entailment, neutral and contradiction"


def load(name: str, *, allow_download: bool = False) -> tuple[str, Judge]:
    """Load the entailment model called `name`: a folder, or a model on a hub.

    Returns its full name, and the function that judges pairs of a text and a claim.

    Raises:
        MissingPart: a library that it needs is not installed.
        ModelError: there is no such model here, it cannot be fetched, or it is of another kind.

    """
    sources.need_sentence_transformers(name)
    try:
        source = sources.find(name, option=_OPTION, publisher=_PUBLISHER)
        folder = source.folder or sources.fetch(
            source.name, allow_download=allow_download, option=_OPTION
        )
    except ModelError as error:
        hint = f"{_OPTION} takes `llm`, a model's folder, or its name on the hub; "
        hint += f"without {_OPTION} there is no second check"
        raise ModelError(str(error), hint=hint) from error
    from sentence_transformers import CrossEncoder

    from askdoc.models.sentence_transformers import quietly

    try:
        with quietly():
            model = CrossEncoder(
                str(folder), device="cpu", trust_remote_code=False, local_files_only=True
            )
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f"the check in `{folder}` cannot be loaded: {reason}"
        raise ModelError(message, hint=_HINT) from error
    order = _order(model, name)

    def judge(pairs: Sequence[tuple[str, str]]) -> list[Entailment]:
        rows = model.predict(list(pairs), apply_softmax=True, show_progress_bar=False)
        return [Entailment(*(float(shares[index]) for index in order)) for shares in rows]

    return source.name, judge


def _order(model: Any, name: str) -> list[int]:
    """Return the positions of entailment, neutral and contradiction among the model's labels."""
    labels = {int(k): str(v).lower() for k, v in (model.config.id2label or {}).items()}
    found = [next((k for k, v in labels.items() if v.startswith(kind)), None) for kind in _KINDS]
    order = [index for index in found if index is not None]
    if len(order) != len(_KINDS):
        message = (
            f"`{name}` is not an entailment model: its labels are {', '.join(labels.values())}"
        )
        raise ModelError(message, hint=_HINT)
    return order
