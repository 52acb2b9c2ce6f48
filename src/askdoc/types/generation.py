"""What a language model is given, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from askdoc.types.citations import Citation, Claim, Support
from askdoc.types.documents import Span
from askdoc.types.retrieval import Evidence


class Form(StrEnum):
    """What can hold a language model to the shape of an answer.

    llama.cpp takes a grammar (GBNF), other servers a JSON schema; of the rest one can only ask.
    """

    GRAMMAR = "grammar"
    SCHEMA = "schema"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a language model is asked.

    `system` is the same for every question, so that a server need not read it twice. `labels` is
    how many sentences are offered, numbered from 1. At most one of `grammar` and `schema` is set.
    """

    system: str
    user: str
    labels: int
    most_tokens: int
    grammar: str | None = None
    schema: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What one generation took, as far as it is known; `cost` in the currency of the settings.

    `cut_off` tells that it ended at its limit of tokens, and not because all was said.
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
    """How a language model took part in an answer, whether or not its claims are shown.

    `withheld` are the claims that their sources do not support, with the reasons. `unknown_labels`
    were cited and do not exist. `left_out` counts evidence that did not fit into the prompt;
    `suspicious` names, by evidence label, sentences that speak to the model and were kept from it.
    `fallback` says why the answer is extractive all the same, `failure` what ended the model early.
    `attributed` counts the shown claims whose sentences the model did not name, and askdoc found.
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


@dataclass(frozen=True, slots=True)
class Draft:
    """What a language model made of the evidence.

    `refusal` is what it said where it found no answer; `failure` the error that ended it early.
    """

    claims: tuple[DraftClaim, ...]
    generation: Generation
    refusal: str | None = None
    failure: Exception | None = None


@dataclass(frozen=True, slots=True)
class Wrote:
    """Event: a claim was written and checked; `citations` are those not heard of before."""

    claim: Claim
    citations: tuple[Citation, ...]
