"""Which of the sentences that extraction would cite stand beside what a language model says."""

from __future__ import annotations

from collections.abc import Container, Sequence

from askdoc.ask.cite import Chosen, readable
from askdoc.text.mentions import content_words
from askdoc.types import Evidence


def unpoisoned(
    question: str,
    chosen: Sequence[Chosen],
    evidence: Sequence[Evidence],
    suspicious: Container[str],
) -> list[Chosen]:
    """Leave out the chosen sentences that speak to a model, unless the question is about them.

    `suspicious` holds their labels. The question is about such a sentence where they share a word
    that no other sentence of the evidence has; it comes last. Where nothing is left, the best other
    one is taken; where there is none, nothing is left out.
    """
    others = [item for item in evidence if item.label not in suspicious]
    known = {word for item in others for word in _words(item.text)}
    asked = _words(question) - known
    kept = [
        item
        for item in chosen
        if item.evidence.label not in suspicious or asked & _words(item.evidence.text)
    ]
    if kept or not others:
        return sorted(kept, key=lambda one: one.evidence.label in suspicious) or list(chosen)
    return [Chosen(others[0], readable(others[0]))]


def _words(text: str) -> set[str]:
    return {word.casefold() for word in content_words(text)}
