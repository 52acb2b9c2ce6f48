"""Which of the offered sentences a claim rests on, whatever the model says it cites."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from askdoc.types import Support
from askdoc.write.check import Check, Source, Verdict


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
    alone. A claim that named its sentences moves only to one that supports it wholly: one that is
    contradicted by what it names is not to be saved by a sentence that merely shares its words.
    Without a name, the sentence that holds most of it decides.
    """
    sources = dict(offered)
    named = [number for number in cited if number in sources]
    own = check(claim, [sources[number] for number in named]) if named else None
    if own is not None and own.support is Support.SUPPORTED:
        return Attributed(_needed(claim, named, sources, check), own, moved=False)
    verdicts = [(number, check(claim, [source])) for number, source in offered]
    for number, verdict in verdicts:
        if verdict.support is Support.SUPPORTED:
            return Attributed((number,), verdict, moved=bool(named))
    if own is not None:
        return Attributed(tuple(named), own, moved=False)
    if not verdicts:
        return Attributed((), check(claim, []), moved=False)
    number, best = max(verdicts, key=lambda item: item[1].coverage)
    numbers = () if best.support is Support.UNSUPPORTED else (number,)
    return Attributed(numbers, best, moved=False)


def _needed(
    claim: str, named: Sequence[int], sources: dict[int, Source], check: Check
) -> tuple[int, ...]:
    for number in named:
        if check(claim, [sources[number]]).support is Support.SUPPORTED:
            return (number,)
    return tuple(named)
