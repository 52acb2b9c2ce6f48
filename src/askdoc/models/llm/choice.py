"""Loads a language model by its name: one of the catalogue, a GGUF file, or one at a provider."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from askdoc.addresses import expanded
from askdoc.errors import UsageError
from askdoc.models.llm.files import ModelFiles, require
from askdoc.models.llm.known import Model, known_models
from askdoc.models.llm.providers import Provider, read_provider
from askdoc.settings import EXTRACTIVE

if TYPE_CHECKING:
    from askdoc.types import Prompt
    from askdoc.types.ports import Generator

    Opening = Callable[..., Prompt]

_FILE = re.compile(r".*\.gguf", re.IGNORECASE)
_CONTEXT = 4096
_EVIDENCE = 1500


@dataclass(frozen=True, slots=True)
class Choice:
    """A generator, and what is known of its quality.

    `evidence_tokens` is how much evidence suits it. A `trusted` model may refuse to answer.
    `rewrites` says whether it may complete follow-ups. Without `own_words`, only sentences that it
    has shortened are shown. Models of the catalogue get these values from measurements.
    """

    generator: Generator
    evidence_tokens: int
    trusted: bool = True
    rewrites: bool = True
    own_words: bool = True


def choose(
    name: str | None,
    *,
    offline: bool,
    timeout: float,
    threads: int | None = None,
    opening: Opening | None = None,
) -> Choice | None:
    """Load the model called `name`; None stands for a local one that is good enough, if any is.

    `opening` returns the beginning of every prompt, for a model that may refuse to answer or for
    one that may not.

    A local model reads it while it loads. Returns None if answers are to be extractive.

    Raises:
        UsageError: nothing goes by that name.
        ModelError: the model's file is missing or broken.
        MissingPart: the provider's package is not installed.
        GeneratorError: the provider is remote and `offline` refuses it, or has no key.

    """
    files = ModelFiles()
    if name is None:
        fit = [m for m in known_models().values() if m.good_enough and files.present(m)]
        name = fit[-1].name if fit else EXTRACTIVE
    if name == EXTRACTIVE:
        return None
    if name in known_models():
        model = known_models()[name]
        return _known(model, require(model, files), threads, opening)
    if provider := read_provider(name):
        return Choice(_remote(provider, offline=offline, timeout=timeout), _EVIDENCE)
    path = expanded(name)
    if _FILE.fullmatch(name) or _is_file(path):
        if not _is_file(path):
            message = f"there is no model file `{name}`"
            raise UsageError(message, hint="see which models there are: `askdoc models list`")
        if (known := _same_file(path)) is not None:
            return _known(known, path, threads, opening)
        start = opening and opening(may_refuse=True)
        return Choice(_local(path, path.stem, _CONTEXT, threads, start), _EVIDENCE)
    message = f"there is no language model `{name}`"
    names = ", ".join(f"`{known}`" for known in known_models())
    hint = f"give one of {names}, a .gguf file, `ollama:NAME` or a server's URL; "
    hint += f"`{EXTRACTIVE}` is no model"
    raise UsageError(message, hint=hint)


def name_of(name: str | None) -> str | None:
    """Return the name that `choose` would give the model; None if only loading can tell."""
    if name is None or name == EXTRACTIVE:
        return None
    if name in known_models():
        return name
    if provider := read_provider(name):
        return provider.name if provider.model else None
    return expanded(name).stem


def _known(model: Model, path: Path, threads: int | None, opening: Opening | None) -> Choice:
    """Load a model of the catalogue."""
    start = opening and opening(may_refuse=model.good_enough)
    return Choice(
        _local(path, model.name, model.context, threads, start),
        evidence_tokens=model.evidence_tokens,
        trusted=model.good_enough,
        rewrites=model.follow_ups,
        own_words=model.own_words,
    )


def _same_file(path: Path) -> Model | None:
    """Return the model of the catalogue that has the size of this file, to the byte."""
    size = path.stat().st_size
    return next((model for model in known_models().values() if size == model.size), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no file can have such a name, for example one that is too long
        return False


def _local(
    path: Path, name: str, context: int, threads: int | None, opening: Prompt | None
) -> Generator:
    from askdoc.models.llm.local import LlamaCpp

    return LlamaCpp(path, name=name, context=context, threads=threads, opening=opening)


def _remote(provider: Provider, *, offline: bool, timeout: float) -> Generator:
    from askdoc.models.llm.connection import connect_later

    return connect_later(provider, offline=offline, timeout=timeout)
