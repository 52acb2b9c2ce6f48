"""What an Ollama on this machine has; asked without its library, which takes long to load."""

from __future__ import annotations

import json
from dataclasses import dataclass

from askdoc.models.llm.direct import opener
from askdoc.models.llm.providers import is_loopback, ollama_host, ollama_url

_LOOK = 0.5
"""Seconds to wait for an answer; on one machine it comes at once."""

_LATEST = ":latest"


@dataclass(frozen=True, slots=True)
class OllamaModel:
    """A model that Ollama has, and its size in bytes."""

    name: str
    size: int


def local_models(timeout: float = _LOOK) -> list[OllamaModel] | None:
    """List the models of the Ollama on this machine, by name; None where none answers.

    One that `OLLAMA_HOST` places on another machine is not asked: nobody has chosen it yet.
    """
    return models_of(ollama_url(), timeout) if is_loopback(ollama_host()) else None


def models_of(url: str, timeout: float) -> list[OllamaModel] | None:
    """List the models of the Ollama at `url`, by name; None where none answers."""
    try:
        with opener(url).open(f"{url}/api/tags", timeout=timeout) as answer:
            listed = json.load(answer)["models"]
        found = [OllamaModel(str(m["name"]), int(m.get("size", 0))) for m in listed]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return sorted(found, key=lambda model: model.name)


def holds(models: list[OllamaModel], name: str) -> bool:
    """Tell whether a model is among them; a name without a tag means the latest."""
    full = name if ":" in name else name + _LATEST
    return any(model.name in (name, full) for model in models)
