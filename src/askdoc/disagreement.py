"""Where two sentences give different values for the same thing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from askdoc.binding import Values, read_values
from askdoc.checking import Source
from askdoc.words import Terms, is_light, read_words

_SAME_THING = 0.6
"""Share of the shorter sentence's content words that the other must hold as well."""

_NEARLY_ALL = 0.8
"""The same for a sentence that was not offered, which may well be about something else."""

_FEWEST = 3


@dataclass(frozen=True, slots=True)
class Dispute:
    """Two sentences by number, and the value that each gives."""

    first: int
    second: int
    one: str
    other: str


def disagreements(
    sources: Sequence[tuple[int, Source]],
    terms: Terms,
    *,
    beyond: Sequence[tuple[int, Source]] = (),
) -> list[Dispute]:
    """List the pairs of sentences that say different things of the same, by their numbers.

    One of a pair is among `sources`; the other may be among those `beyond`, if it has nearly all
    words in common and no other value that differs.

    Two sentences speak of the same thing where they share most of their content words and each
    gives one value of the same kind; they disagree where the values differ.
    """
    found = []
    read = [(label, read_values(s.text), _content(s.text, terms)) for label, s in sources]
    for index, (first, values, words) in enumerate(read):
        for second, others, their_words in read[index + 1 :]:
            smaller = min(len(words), len(their_words))
            if smaller < _FEWEST or len(words & their_words) < _SAME_THING * smaller:
                continue
            if pair := _differing(values, others):
                found.append(Dispute(first, second, *pair))
        for second, other in beyond:
            their_words, others = _content(other.text, terms), read_values(other.text)
            shorter, longer = sorted((words, their_words), key=len)
            if len(shorter) < _FEWEST or len(shorter & longer) < _NEARLY_ALL * len(longer):
                continue
            if (pair := _differing(values, others)) and _only_one_differs(values, others):
                found.append(Dispute(first, second, *pair))
    return found


def _only_one_differs(one: Values, other: Values) -> bool:
    """Tell whether all values but one are in both."""
    apart = sum(not any(d.within(e) for e in other.dates) for d in one.dates)
    apart += sum(not any(q.equals(r) for r in other.quantities) for q in one.quantities)
    counts = [(len(v.dates), len(v.quantities)) for v in (one, other)]
    return apart == 1 and counts[0] == counts[1]


def _content(text: str, terms: Terms) -> frozenset[str]:
    taken = read_values(text).ranges
    return frozenset(
        word.stem
        for word in read_words(text, terms)
        if word.stem
        and not is_light(word.stem)
        and not any(start <= word.start < end for start, end in taken)
    )


def _differing(one: Values, other: Values) -> tuple[str, str] | None:
    """Return the values of the first kind of which each has only one, if they differ."""
    for mine in one.quantities:
        rivals = [q for q in other.quantities if q.same_kind(mine)]
        alone = sum(q.same_kind(mine) for q in one.quantities) == 1 == len(rivals)
        if alone and not mine.equals(rivals[0]):
            return mine.text, rivals[0].text
    if len(one.dates) == 1 == len(other.dates):
        (mine_date,), (their_date,) = one.dates, other.dates
        shared = mine_date.parts.keys() & their_date.parts.keys()
        if any(mine_date.parts[name] != their_date.parts[name] for name in shared):
            return mine_date.text, their_date.text
    return None
