"""Which of the offered sentences a claim rests on, whatever the model says it cites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from askdoc.checking import Check, Source, Verdict
from askdoc.types import Support


@dataclass(frozen=True, slots=True)
class Attributed:
    """A claim's sources by number, the verdict on it, and whether the model named others."""

    numbers: tuple[int, ...]
    verdict: Verdict
    moved: bool


def attribute(
    claim: str, cited: Sequence[int], offered: Sequence[tuple[int, Source]], check: Check
) -> Attributed:
    """Find the sentences that support `claim`: those cited if they do, else the best of all.

    A sentence that was cited is kept only if it helps: one that supports the claim alone stands
    alone. Where nothing supports the claim, it stays with what it cited and the reasons there.
    """
    sources = dict(offered)
    named = [number for number in cited if number in sources]
    own = check(claim, [sources[number] for number in named]) if named else None
    if own is not None and own.support is Support.SUPPORTED:
        return Attributed(_needed(claim, named, sources, check), own, moved=False)
    best_number, best = None, own
    for number, source in offered:
        verdict = check(claim, [source])
        if best is None or rank(verdict) > rank(best):
            best_number, best = number, verdict
    if best is None:
        return Attributed((), check(claim, []), moved=False)
    if best_number is None or best.support is Support.UNSUPPORTED:
        return Attributed(tuple(named), own or best, moved=False)
    return Attributed((best_number,), best, moved=bool(named))


def rank(verdict: Verdict) -> int:
    """Order verdicts by what they say, whatever the coverage."""
    return (Support.UNSUPPORTED, Support.PARTIAL, Support.SUPPORTED).index(verdict.support)


def _needed(
    claim: str, named: Sequence[int], sources: dict[int, Source], check: Check
) -> tuple[int, ...]:
    for number in named:
        if check(claim, [sources[number]]).support is Support.SUPPORTED:
            return (number,)
    return tuple(named)
