"""How a language model took part in the answers of several libraries, as one account of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from askdoc.types import Disagreement, Generation, Spent

Number = TypeVar("Number", int, float)


def join_generations(
    generations: Mapping[str, Generation],
    *,
    heard: Collection[str],
    labels: Mapping[tuple[str, int], int],
    evidence: Mapping[tuple[str, str], str],
) -> Generation | None:
    """Join what is known of the generations in libraries, by name; None where there was none.

    What was withheld, left out or failed is told of the libraries that are `heard`, the use of all,
    since all of it was spent. `labels` and `evidence` give the labels of the joined answer for a
    library and its own label; what is not among them is named by both.
    """
    if not generations:
        return None
    told = {name: item for name, item in generations.items() if name in heard}
    shown = list(told.values())
    return Generation(
        model=next(iter(shown or generations.values())).model,
        withheld=tuple(claim for item in shown for claim in item.withheld),
        unknown_labels=tuple(dict.fromkeys(one for item in shown for one in item.unknown_labels)),
        left_out=sum(item.left_out for item in generations.values()),
        suspicious={
            evidence.get((name, label), f"{name}:{label}"): reason
            for name, item in generations.items()
            for label, reason in item.suspicious.items()
        },
        disagreements=relabelled({name: item.disagreements for name, item in told.items()}, labels),
        fallback=_fallback(told),
        interrupted=any(item.interrupted for item in shown),
        failure=next((item.failure for item in generations.values() if item.failure), None),
        attributed=sum(item.attributed for item in shown),
        spent=_spent([item.spent for item in generations.values()]),
    )


def relabelled(
    pairs: Mapping[str, Sequence[Disagreement]], labels: Mapping[tuple[str, int], int]
) -> tuple[Disagreement, ...]:
    """Name by the labels of the joined answer what disagrees within a library and is cited."""
    return tuple(
        replace(pair, first=labels[name, pair.first], second=labels[name, pair.second])
        for name, own in pairs.items()
        for pair in own
        if _kept(pair, name, labels)
    )


def _kept(pair: Disagreement, name: str, labels: Mapping[tuple[str, int], int]) -> bool:
    return (name, pair.first) in labels and (name, pair.second) in labels


def _fallback(generations: Mapping[str, Generation]) -> str | None:
    """Say why the answer is extractive, or which part of it."""
    reasons = {name: item.fallback for name, item in generations.items() if item.fallback}
    if not reasons:
        return None
    if len(reasons) == len(generations):
        return "; ".join(dict.fromkeys(reasons.values()))
    return "; ".join(f"the part from `{name}`, since {why}" for name, why in reasons.items())


def _spent(spent: Sequence[Spent]) -> Spent:
    """Add up what was used; the seconds to the first word are those of the first that was asked."""
    return Spent(
        tokens_in=_sum([one.tokens_in for one in spent]),
        tokens_out=_sum([one.tokens_out for one in spent]),
        tokens_cached=_sum([one.tokens_cached for one in spent]),
        prompt_seconds=_sum([one.prompt_seconds for one in spent]),
        first_token_seconds=spent[0].first_token_seconds,
        first_claim_seconds=next(
            (one.first_claim_seconds for one in spent if one.first_claim_seconds is not None), None
        ),
        cost=_sum([one.cost for one in spent]),
        cut_off=any(one.cut_off for one in spent),
    )


def _sum(parts: Sequence[Number | None]) -> Number | None:
    """Add up what is known; None where nothing is."""
    known = [part for part in parts if part is not None]
    return sum(known[1:], start=known[0]) if known else None
