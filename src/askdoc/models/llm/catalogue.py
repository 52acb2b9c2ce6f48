"""The language models that askdoc knows by name; their files are the business of `model_files`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Model:
    """One GGUF file: where it comes from, what it needs, and whether it may be used unasked.

    `source` is `pypi:PACKAGE==VERSION` or `hf:OWNER/REPOSITORY[@REVISION]`; `size` counts bytes,
    `context` and `evidence_tokens` tokens. `template` names the chat template in the file. One that
    rewrites `follow_ups` worse than the rules do is not asked to, and of one whose `own_words` were
    found to be wrong too often, only what shortens a sentence is shown.
    """

    name: str
    about: str
    source: str
    file: str
    size: int
    sha256: str
    licence: str
    template: str
    context: int
    memory_mb: int
    evidence_tokens: int
    good_enough: bool
    follow_ups: bool = True
    own_words: bool = True


@cache
def catalogue() -> Mapping[str, Model]:
    """Return the models by name, smallest first."""
    text = resources.files("askdoc").joinpath("data/models.toml").read_text(encoding="utf-8")
    models = [Model(name=name, **entry) for name, entry in tomllib.loads(text).items()]
    ordered = sorted(models, key=lambda model: model.size)
    return MappingProxyType({model.name: model for model in ordered})
