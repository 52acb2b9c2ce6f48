"""Results of models, and events while they are prepared."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CompileStage(StrEnum):
    """The steps of preparing a model on its first use, in order.

    `WAIT`: another process is doing the same.
    """

    FETCH = "fetch"
    WAIT = "wait"
    LOAD = "load"
    EXPORT = "export"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Entailment:
    """The probabilities of an entailment model for a text and a claim; they add up to 1."""

    entailed: float
    neutral: float
    contradicted: float


@dataclass(frozen=True, slots=True)
class Compiling:
    """Event: a model's preparation for its first use has reached this stage."""

    name: str
    stage: CompileStage


@dataclass(frozen=True, slots=True)
class NotCompiled:
    """Event: a model runs on torch, slowly, since it cannot be compiled; `reason` says why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sending:
    """Event, once in each workspace: from now on questions and evidence go to this host."""

    host: str


@dataclass(frozen=True, slots=True)
class Busy:
    """Event: a language model's server is busy, and the request is repeated after `seconds`.

    `status` is its HTTP status; None if it asks to wait.
    """

    name: str
    seconds: float
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Fetching:
    """Event: downloaded bytes of a model's file, and its size."""

    name: str
    done: int
    total: int
