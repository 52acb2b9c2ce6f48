"""All rules by which a claim says something else than a sentence, or more, in order.

`contradictions` tells what makes a claim wrong, `left_open` what it says more surely or more widely
than its source.
"""

from __future__ import annotations

from collections.abc import Sequence

from askdoc.text.words import Terms, Word
from askdoc.write.check.amounts import (
    instead,
    loosened,
    miscounted,
    misdated,
    partly,
    timed_otherwise,
    unbounded,
)
from askdoc.write.check.binding import Values, misplaced, read_values
from askdoc.write.check.comparisons import unaltered, upside_down
from askdoc.write.check.context import (
    compared,
    excepted,
    misended,
    swept,
    unattributed,
    widened,
)
from askdoc.write.check.denials import denied_otherwise
from askdoc.write.check.exchanges import (
    crossed,
    misattributed,
    mistimed,
    opposed,
    readdressed,
)
from askdoc.write.check.languages import ENGLISH
from askdoc.write.check.names import misordered, turned_round
from askdoc.write.check.order import contrasted, exchanged, mirrored, reordered
from askdoc.write.check.polarity import certainty, direction, negation
from askdoc.write.check.rates import of_another_rate, singled
from askdoc.write.check.reasons import misreasoned
from askdoc.write.check.restrictions import restricted
from askdoc.write.check.roles import acting, misnamed, swapped
from askdoc.write.check.scope import (
    both,
    conditioned,
    conversed,
    generalised,
    obliged,
    transposed,
)
from askdoc.write.check.tense import outdated, undone
from askdoc.write.check.time import mistimed_by_date, nearly_timed
from askdoc.write.check.unspaced import exchanged_in


def left_open(
    claim: str, words: Sequence[Word], source: str, given: Sequence[Word], terms: Terms
) -> list[str]:
    """List what the claim leaves out of its source, so that it says more than that."""
    found = [
        certainty(words, source, given),
        unattributed(claim, source, terms),
        widened(claim, source, terms),
        restricted(claim, source, terms),
        outdated(claim, source, terms),
        loosened(claim, source),
        nearly_timed(claim, source),
        misordered(words, claim, given, source),
    ]
    return [reason for reason in found if reason]


def contradictions(
    claim: str,
    words: Sequence[Word],
    source: str,
    given: Sequence[Word],
    terms: Terms,
    language: str = ENGLISH,
) -> list[str]:
    """List what the claim says otherwise than its source; both are in `language`."""
    found = [
        _reversed_roles(claim, words, source, given, terms),
        negation(claim, words, source, given),
        direction(words, given),
        misplaced(claim, source, terms),
        misnamed(claim, source, terms),
        acting(claim, source, terms),
        compared(claim, source, terms),
        misended(claim, source),
        excepted(claim, source, terms),
        reordered(claim, source, terms),
        contrasted(claim, source, terms),
        mirrored(claim, source, terms),
        exchanged(claim, source),
        transposed(claim, source, terms),
        conversed(claim, source, terms),
        unbounded(claim, source),
        misdated(claim, source, terms),
        miscounted(claim, source, terms),
        instead(claim, source, terms),
        partly(claim, source, terms),
        timed_otherwise(claim, source),
        obliged(claim, source),
        generalised(claim, source, terms),
        both(claim, source),
        conditioned(claim, source, terms),
        swept(claim, source, terms),
        undone(claim, source, terms),
        mistimed(claim, source, terms),
        crossed(claim, source, terms),
        misattributed(claim, source, terms),
        readdressed(claim, source, terms),
        opposed(claim, source),
        of_another_rate(claim, source),
        singled(claim, source, terms),
        denied_otherwise(claim, source, language),
        mistimed_by_date(claim, source, language),
        misreasoned(claim, source, language),
        unaltered(claim, source),
        upside_down(claim, [source], terms),
        exchanged_in(claim, source, language),
    ]
    return [reason for reason in found if reason]


def _reversed_roles(
    claim: str, words: Sequence[Word], source: str, given: Sequence[Word], terms: Terms
) -> str | None:
    ours, theirs = _without_values(words, claim), _without_values(given, source)
    if turned_round(ours, claim, theirs, source) or swapped(claim, source, terms):
        return "who does what to whom is the other way round in"
    return None


def _without_values(words: Sequence[Word], text: str) -> list[Word]:
    """Leave out numbers and dates, which may stand anywhere; weekdays stay."""
    values = read_values(text)
    dates = tuple(date for date in values.dates if date.weekday is None)
    return outside(words, Values(dates, values.quantities))


def outside(words: Sequence[Word], values: Values) -> list[Word]:
    """Leave out the words that are part of a value."""
    taken = values.ranges
    return [word for word in words if not any(start <= word.start < end for start, end in taken)]
