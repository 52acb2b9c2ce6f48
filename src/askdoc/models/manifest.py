"""What the folder of a compiled model holds, and what it says of itself."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from pathlib import Path

import msgspec

from askdoc.errors import ModelError

_VECTORS = 1
"""Changes whenever the vectors of passages and questions do; an index goes with one of them."""

MANIFEST = "askdoc.json"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
INPUT = "input_ids"
OUTPUT = "sentence_embedding"
TOKENS = "token_embeddings"


class Precision(StrEnum):
    """How a model computes: `INT7`, with weights of 7 bits, is the packaged one's."""

    INT7 = "int7"
    FP32 = "fp32"
    TORCH = "torch"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a compiled model's folder says of itself.

    `digest` is that of the model it was made from. `max_length` counts the special tokens too.
    `files` maps names to sizes in bytes. `similarity` is the mean cosine to the original's vectors.
    `probe` is the vector of a fixed text, and empty for `TORCH`, where `reason` says why the model
    could not be compiled and `folder` is where the original lies. `contextual` says that the model
    also gives the vectors of tokens, whose mean is a text's own.
    """

    name: str
    digest: str
    precision: Precision
    dimensions: int = 0
    max_length: int = 0
    pooling: str = ""
    contextual: bool = False
    query_prompt: str = ""
    passage_prompt: str = ""
    similarity: float = 0.0
    files: dict[str, int] = {}
    probe: tuple[float, ...] = ()
    reason: str = ""
    folder: str = ""

    @property
    def fingerprint(self) -> str:
        """A hash of what the vectors depend on; names and places are not among it."""
        parts = (
            _VECTORS,
            self.digest,
            self.precision,
            self.max_length,
            self.pooling,
            self.query_prompt,
            self.passage_prompt,
        )
        return hashlib.blake2b(msgspec.json.encode(parts), digest_size=12).hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Read what the compiled model in `folder` says of itself, and check that it is complete.

    Raises:
        ModelError: there is none, or it is damaged.

    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
        sizes = {name: (folder / name).stat().st_size for name in manifest.files}
    except (OSError, msgspec.MsgspecError) as error:
        raise damaged(folder, str(error)) from error
    if sizes != manifest.files:
        raise damaged(folder, "a file does not have the size it was written with")
    return manifest


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write what the compiled model in `folder` says of itself, for people to read too."""
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))


def damaged(folder: Path, reason: str) -> ModelError:
    """Make the error for a compiled model that cannot be used."""
    message = f"the compiled model in `{folder}` cannot be used: {reason}"
    return ModelError(message, hint="delete that folder; it is made again when needed")
