"""Compiled cross-encoders of any make on onnxruntime alone: they see question and sentence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tokenizers import Encoding, Tokenizer

from askdoc.errors import ModelError
from askdoc.models.onnx import on_each_core, open_session
from askdoc.models.packaged import ABOUT, IDS, MASK, MODEL, TOKENIZER, TYPES
from askdoc.settings import RANKER_FINGERPRINT
from askdoc.strings import encodable
from askdoc.types import Candidate, Judgement

_MOST = 12
"""Sentences that are scored for a question; each costs time."""


class TextRanker:
    """Scores with a compiled cross-encoder of any make, which sees the question and the sentence.

    Raises:
        ModelError: the files in `folder` cannot be used.

    """

    def __init__(self, folder: Path, *, name: str) -> None:
        self.name = name
        try:
            about = json.loads((folder / ABOUT).read_bytes())
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
            self._session = open_session(folder / MODEL)
        except Exception as error:  # tokenizers and onnxruntime raise little else
            message = f"the compiled reranker in `{folder}` cannot be used: {error}"
            raise ModelError(
                message, hint="delete that folder; it is made again when needed"
            ) from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(about["max_length"], strategy="only_second")
        self._inputs: list[str] = about["inputs"]
        self.fingerprint = str(about["sha256"])[:RANKER_FINGERPRINT]

    def judge(self, question: str, candidates: Sequence[Candidate]) -> list[Judgement | None]:
        """Score the first few candidates; the others are None."""
        read = candidates[:_MOST]
        pairs = [(encodable(question), encodable(item.sentence)) for item in read]
        encodings = self._tokenizer.encode_batch_fast(pairs)
        scores = on_each_core(self._one, encodings)
        return [*map(Judgement, scores), *[None] * (len(candidates) - len(read))]

    def _one(self, encoding: Encoding) -> float:
        values = {IDS: encoding.ids, TYPES: encoding.type_ids, MASK: encoding.attention_mask}
        fed = {name: np.array([values[name]], dtype=np.int64) for name in self._inputs}
        return float(self._session.run(None, fed)[0].item())
