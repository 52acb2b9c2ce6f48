"""Chooses what to cite for a question. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from askdoc.ask.cite import Chosen, choose
from askdoc.ask.rank import Terms
from askdoc.ask.wanted import wanted
from askdoc.types import Evidence


def settle(
    question: str,
    evidence: Sequence[Evidence],
    terms: Terms,
    weights: Mapping[str, float],
    *,
    limit: int,
) -> list[Chosen]:
    """Choose up to `limit` sentences, as `choose` does, and see to a value that is asked for."""
    chosen = choose(evidence, terms, weights, limit=limit)
    want = wanted(question, terms)
    if not chosen or want is None:
        return chosen
    # What reads values takes a while to load, and most questions ask for none.
    from askdoc.ask.values import with_value

    return with_value(chosen, want, evidence, terms, weights, limit=limit)
