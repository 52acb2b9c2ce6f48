"""What a check found: the nouns of `askdoc doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How a check came out; only `broken` makes the doctor fail."""

    GOOD = "good"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, what was found, and what would mend it."""

    name: str
    health: Health
    finding: str
    remedy: str | None = None
