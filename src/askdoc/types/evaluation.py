"""Cases of a suite: questions with their known evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GoldEvidence:
    """One acceptable place of an answer: a document's path and a verbatim quote."""

    document: str
    quote: str


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class EvalCase:
    """One case of a suite; see `docs` of the suite format for what each field means."""

    id: str
    question: str
    answers: tuple[str, ...] = ()
    evidence: tuple[GoldEvidence, ...] = ()
    all_evidence: bool = False
    relevant: Mapping[str, int] = field(default_factory=dict)
    answerable: bool = True
    history: tuple[Turn, ...] = ()
    tags: tuple[str, ...] = ()
