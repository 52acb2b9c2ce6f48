"""What models say and do: verdicts on claims, and events as they are made ready."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CompileStage(StrEnum):
    """What is being done to a model on its first use, in this order.

    `WAIT` is for another process that is doing the same.
    """

    FETCH = "fetch"
    WAIT = "wait"
    LOAD = "load"
    EXPORT = "export"
    CHECK = "check"


@dataclass(frozen=True, slots=True)
class Entailment:
    """What an entailment model gives for a text and a claim; the three add up to 1."""

    entailed: float
    neutral: float
    contradicted: float


@dataclass(frozen=True, slots=True)
class Compiling:
    """Event: a model is made ready for its first use and has reached this stage."""

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
    """Event: a language model's server can't answer now, and is asked again after so many seconds.

    `status` is what it failed with, None where it asks to wait.
    """

    name: str
    seconds: float
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Fetching:
    """Event: bytes of a model's file that are here, of how many."""

    name: str
    done: int
    total: int
