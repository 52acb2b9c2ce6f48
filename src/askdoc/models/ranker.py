"""Cross-encoders on onnxruntime alone: the one that comes with the package, and compiled others.

The packaged ranker scores a question together with a sentence, its titles and the sentence before
it. `training/ranker/README.md` says how it was trained and how well it works.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Encoding, Tokenizer

from askdoc.errors import ModelError
from askdoc.models.onnx import WORDS, on_each_core, open_session
from askdoc.models.pairs import Pair, PairEncoder
from askdoc.settings import RANKER_FINGERPRINT, RERANKER
from askdoc.strings import encodable
from askdoc.types import Candidate

if TYPE_CHECKING:
    from askdoc.types.ports import Scores

MODEL, TOKENIZER, ABOUT = "model.onnx", "tokenizer.json", "about.json"
IDS, TYPES, MASK = "input_ids", "token_type_ids", "attention_mask"


class OnnxRanker:
    """Scores with the packaged model; a pair's score does not depend on the pairs beside it.

    Raises:
        ModelError: the files in `folder` cannot be used.

    """

    def __init__(self, folder: Path) -> None:
        try:
            about = json.loads((folder / ABOUT).read_bytes())
            shared = packaged_data()
            self._encoder = PairEncoder(Tokenizer.from_file(str(shared / TOKENIZER)))
            self._session = open_session(folder / MODEL, words=shared / WORDS)
        except Exception as error:  # tokenizers and onnxruntime raise little else
            message = f"the ranker in `{folder}` cannot be used: {error}"
            raise ModelError(message, hint="pip install --force-reinstall askdoc") from error
        self._fingerprint = str(about["sha256"])[:RANKER_FINGERPRINT]

    @property
    def name(self) -> str:
        """The name that it was asked for by."""
        return RERANKER

    @property
    def fingerprint(self) -> str:
        """The beginning of the SHA-256 of its weights."""
        return self._fingerprint

    def score(self, question: str, candidates: Sequence[Candidate]) -> Scores:
        """Score each candidate, shape (len(candidates),), as a logit.

        Above 0 it more likely answers.
        """
        pairs = self._encoder.encode(question, candidates)
        return np.array(on_each_core(self._one, pairs), np.float32)

    def _one(self, pair: Pair) -> float:
        ids, types = (np.array([row], dtype=np.int64) for row in (pair.ids, pair.types))
        return float(self._session.run(None, {IDS: ids, TYPES: types})[0].item())


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

    def score(self, question: str, candidates: Sequence[Candidate]) -> Scores:
        """Score each candidate, shape (len(candidates),), as a logit.

        Above 0 it more likely answers.
        """
        pairs = [(encodable(question), encodable(item.sentence)) for item in candidates]
        encodings = self._tokenizer.encode_batch_fast(pairs)
        return np.array(on_each_core(self._one, encodings), np.float32)

    def _one(self, encoding: Encoding) -> float:
        values = {IDS: encoding.ids, TYPES: encoding.type_ids, MASK: encoding.attention_mask}
        fed = {name: np.array([values[name]], dtype=np.int64) for name in self._inputs}
        return float(self._session.run(None, fed)[0].item())


def packaged() -> OnnxRanker:
    """Load the ranker that comes with the package.

    Raises:
        ModelError: its files are damaged.

    """
    return OnnxRanker(packaged_data() / "ranker")


def packaged_data() -> Path:
    """Name the folder of the packaged models, and of the tokeniser and word vectors they share."""
    return Path(str(resources.files("askdoc").joinpath("data")))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
