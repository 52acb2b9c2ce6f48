"""The files and the manifest of a compiled model."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from pathlib import Path

import msgspec

from askdoc.errors import ModelError

_VECTORS = 1
"""Raise this when the packaged embedder's vectors change: an index belongs to one version."""

MANIFEST = "askdoc.json"
MODEL = "model.onnx"
TOKENIZER = "tokenizer.json"
INPUT = "input_ids"
OUTPUT = "sentence_embedding"
TOKENS = "token_embeddings"


class Precision(StrEnum):
    """How a model computes: `INT4` and `INT7` have weights of so many bits."""

    INT4 = "int4"
    INT7 = "int7"
    FP32 = "fp32"
    TORCH = "torch"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of a compiled model.

    `digest` is the SHA-256 of the original. `max_length` includes special tokens. `files` maps
    names to sizes in bytes. `similarity` is the mean cosine to the original's vectors. `probe` is
    the vector of a fixed text, and empty for `TORCH`, where `reason` says why the model could not
    be compiled and `folder` is where the original lies. `contextual` says that the model also gives
    the vectors of tokens, whose mean is a text's own.
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
        """A hash of all that the vectors depend on; names and paths are not part of it."""
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
    """Read the manifest in `folder`, and check that all its files are there.

    Raises:
        ModelError: there is no manifest, or the model is damaged.

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
    """Write the manifest into `folder`, as indented JSON."""
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))


def damaged(folder: Path, reason: str) -> ModelError:
    """Make the error for a compiled model that cannot be used."""
    message = f"the compiled model in `{folder}` cannot be used: {reason}"
    return ModelError(message, hint="delete that folder; it is made again when needed")
