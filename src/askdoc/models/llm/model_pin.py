"""Which very model a name stands for, so that what it said is not taken for what another says."""

from __future__ import annotations

import hashlib

from askdoc.expanding import expanded
from askdoc.models.llm.catalogue import catalogue

_DIGITS = 12


def model_pin(name: str) -> str:
    """Return the beginning of the SHA-256 of the model's file; empty where a server has it.

    The digest of a model in the catalogue is known, that of another file is taken now.
    """
    if name in catalogue():
        model = catalogue()[name]
        return (model.kept_sha256 or model.sha256)[:_DIGITS]
    try:
        with expanded(name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:_DIGITS]
    except OSError:
        return ""
