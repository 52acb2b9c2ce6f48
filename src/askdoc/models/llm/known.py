"""The language models that askdoc knows by name, from `data/models.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Model:
    """A GGUF file: its source, its needs, and its measured quality.

    `source` is `pypi:PACKAGE==VERSION` or `hf:OWNER/REPOSITORY[@REVISION]`; `size` counts bytes,
    `context` and `evidence_tokens` tokens. `template` names the chat template in the file. A
    `good_enough` model is used without being named. Without `follow_ups`, the rules complete
    follow-ups better than the model. Without `own_words`, only shortened sentences are shown,
    because its other claims were wrong too often.
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
def known_models() -> Mapping[str, Model]:
    """Return the models by name, smallest first."""
    text = resources.files("askdoc").joinpath("data/models.toml").read_text(encoding="utf-8")
    models = [Model(name=name, **entry) for name, entry in tomllib.loads(text).items()]
    ordered = sorted(models, key=lambda model: model.size)
    return MappingProxyType({model.name: model for model in ordered})
