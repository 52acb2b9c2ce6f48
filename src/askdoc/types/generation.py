"""Prompts for a language model, and what it generates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from askdoc.types.citations import Citation, Claim, Support
from askdoc.types.documents import Span
from askdoc.types.retrieval import Evidence


class Form(StrEnum):
    """How the format of an answer is enforced.

    llama.cpp takes a grammar (GBNF), other servers a JSON schema; for all others the prompt has to
    do.
    """

    GRAMMAR = "grammar"
    SCHEMA = "schema"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt.

    `system` is the same for every question, so that a server can cache it. `labels` is the number
    of offered sentences, numbered from 1. At most one of `grammar` and `schema` is set.
    """

    system: str
    user: str
    labels: int
    most_tokens: int
    grammar: str | None = None
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens, time and cost of one generation, as far as known.

    `cost` in the currency of the settings.

    `cut_off`: it ended at its token limit.
    """

    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens_cached: int | None = None
    prompt_seconds: float | None = None
    first_token_seconds: float | None = None
    first_claim_seconds: float | None = None
    cost: float | None = None
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two citations, by label, that give different values for the same thing."""

    first: int
    second: int
    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Generation:
    """The part of a language model in an answer, whether or not its claims are shown.

    `withheld` are claims that their sources do not support, with the reasons. `unknown_labels` were
    cited but do not exist. `left_out` counts evidence that did not fit into the prompt;
    `suspicious` has, by evidence label, why a sentence that addresses the model was not shown to
    it. `fallback` says why the answer is extractive nevertheless, `failure` what ended the model
    early. `attributed` counts shown claims for which askdoc, not the model, chose the sentences.
    """

    model: str
    withheld: tuple[Claim, ...] = ()
    unknown_labels: tuple[str, ...] = ()
    left_out: int = 0
    suspicious: Mapping[str, str] = field(default_factory=dict)
    disagreements: tuple[Disagreement, ...] = ()
    fallback: str | None = None
    interrupted: bool = False
    failure: str | None = None
    attributed: int = 0
    spent: Spent = Spent()


@dataclass(frozen=True, slots=True)
class DraftClaim:
    """A checked claim before its citations are numbered: the evidence and the span of each."""

    text: str
    places: tuple[tuple[Evidence, Span], ...]
    support: Support
    reasons: tuple[str, ...] = ()
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """The result of a language model.

    `refusal` is its text if it found no answer; `failure` is the error that ended it early.
    """

    claims: tuple[DraftClaim, ...]
    generation: Generation
    refusal: str | None = None
    failure: Exception | None = None


@dataclass(frozen=True, slots=True)
class Wrote:
    """Event: a claim was written and checked; `citations` are the new ones."""

    claim: Claim
    citations: tuple[Citation, ...]
