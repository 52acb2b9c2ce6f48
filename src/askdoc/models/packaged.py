"""Where the packaged models are, and how their files and inputs are called."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

MODEL, TOKENIZER, ABOUT = "model.onnx", "tokenizer.json", "about.json"
IDS, TYPES, MASK = "input_ids", "token_type_ids", "attention_mask"


def packaged_data() -> Path:
    """Name the folder of the packaged models, and of the tokeniser and word vectors they share."""
    return Path(str(resources.files("askdoc").joinpath("data")))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
