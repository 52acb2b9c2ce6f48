"""Loads entailment models (NLI cross-encoders) of Sentence Transformers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from askdoc.errors import ModelError
from askdoc.models import sources
from askdoc.types import Entailment

_OPTION = "--check"
_PUBLISHER = "cross-encoder"
_KINDS = ("entail", "neutral", "contra")
_HINT = "it has to be a cross-encoder with the labels entailment, neutral and contradiction"


def load(
    name: str, *, allow_download: bool = False
) -> tuple[str, Callable[[str, str], Entailment]]:
    """Load the entailment model called `name`: a folder, or a model on a hub.

    Returns its full name, and a function from (text, claim) to the probabilities of entailment and
    contradiction.

    Raises:
        MissingPart: a library that it needs is not installed.
        ModelError: there is no such model here, it cannot be fetched, or it is of another kind.

    """
    sources.need_sentence_transformers(name)
    try:
        source = sources.find(name, option=_OPTION, publisher=_PUBLISHER)
        folder = source.folder or sources.fetch(
            source.name, allow_download=allow_download, option=_OPTION
        )
    except ModelError as error:
        hint = f"{_OPTION} takes `llm`, a model's folder, or its name on the hub; "
        hint += f"without {_OPTION} there is no second check"
        raise ModelError(str(error), hint=hint) from error
    from sentence_transformers import CrossEncoder

    from askdoc.models.sentence_transformers import quietly

    try:
        with quietly():
            model = CrossEncoder(
                str(folder), device="cpu", trust_remote_code=False, local_files_only=True
            )
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        message = f"the check in `{folder}` cannot be loaded: {reason}"
        raise ModelError(message, hint=_HINT) from error
    order = _order(model, name)

    def judge(text: str, claim: str) -> Entailment:
        [shares] = model.predict([(text, claim)], apply_softmax=True, show_progress_bar=False)
        entailed, neutral, contradicted = (float(shares[index]) for index in order)
        return Entailment(entailed, neutral, contradicted)

    return source.name, judge


def _order(model: Any, name: str) -> list[int]:
    """Return the positions of entailment, neutral and contradiction among the model's labels."""
    labels = {int(k): str(v).lower() for k, v in (model.config.id2label or {}).items()}
    found = [next((k for k, v in labels.items() if v.startswith(kind)), None) for kind in _KINDS]
    order = [index for index in found if index is not None]
    if len(order) != len(_KINDS):
        message = (
            f"`{name}` is not an entailment model: its labels are {', '.join(labels.values())}"
        )
        raise ModelError(message, hint=_HINT)
    return order
