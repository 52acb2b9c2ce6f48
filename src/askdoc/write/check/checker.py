"""Whether a claim says no more and nothing else than the sentences it cites. No model is called.

In order: numbers, dates and units; names; who does what to whom; negation; direction; which value
belongs to what; certainty; and at last how much of its content the sources hold. The first four
decide whether a claim stands; the rest tells `partial` from `supported`.

The rules read English. Numbers, negation, reasons and times are looked for in other languages too
(`other_languages`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from askdoc.text.english import BE, JOINING, NEGATORS
from askdoc.text.values import Quantity
from askdoc.text.words import Terms, Word, alike, is_light, read_words
from askdoc.types import Support
from askdoc.write.check.amounts import reckoned
from askdoc.write.check.binding import Values, read_values
from askdoc.write.check.borrowed import borrowed
from askdoc.write.check.clauses import read_clauses
from askdoc.write.check.comparisons import comparison, upside_down
from askdoc.write.check.context import lent
from askdoc.write.check.contradictions import contradictions, left_open, outside
from askdoc.write.check.languages import ENGLISH, UNSPACED, VERBAL, plain
from askdoc.write.check.names import known, names
from askdoc.write.check.numerals import unheld
from askdoc.write.check.polarity import sides
from askdoc.write.check.roles import displaced
from askdoc.write.check.substitutes import substituted
from askdoc.write.check.wording import reworded

EmbedTexts = Callable[[Sequence[str]], npt.NDArray[np.float32]]

NameLanguage = Callable[[str, Sequence[str]], str]
"""Names the language of a text, one of several if there are any (`ports.Analyser.language`)."""

COVERED = 0.78
"""Cosine from which two words are taken to say the same, such as `car` and `vehicle`.

Lower, pairs such as `married` and `divorced` (0.73) would pass.
"""

_CLAUSES = re.compile(r"[;,]\s+(?:and|while|but|whereas)?\b|\b(?:and|while|but|whereas)\b")

_SHORTEST = 3
"""Words of the shortest clause that can be checked by itself."""

_OFTEN = 2
"""Times that a claim may say a word that its source says less often."""

_NAMED = 3
"""Missing words that a reason names."""

_FOLLOWED = 0.3
"""Share of its content words that a claim may have from elsewhere and still follow a sentence."""

LEAST_COVERAGE = 0.5
"""Share of its content words below which a claim is about something else."""


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence that a claim may rest on.

    `context` is what the sentence can lean on for its subject: title, headings, the sentence
    before. Names of a claim's subject may come from there, where the sentence has a pronoun for it
    or says less of it, such as "the mill"; other names, words and values may not. `language` is
    that of its document, for a sentence that does not tell its own.
    """

    label: str
    text: str
    context: str = ""
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check says, with the reasons in words, and the share of content words held."""

    support: Support
    reasons: tuple[str, ...]
    coverage: float


class Checker(Protocol):
    """A second opinion on a claim, its sources and the first verdict, such as that of a model."""

    @property
    def name(self) -> str:
        """How reasons and fingerprints name it."""

    def __call__(self, claim: str, sources: Sequence[Source], verdict: Verdict) -> Verdict:
        """Return the verdict, or a lower one with the reason added."""


@dataclass(frozen=True, slots=True)
class Check:
    """Checks claims; `terms` makes stems, `embed` (optional) knows words that mean the same.

    `language` names the language of a text; without it, all are taken for English.
    """

    terms: Terms
    embed: EmbedTexts | None = None
    language: NameLanguage | None = None

    def __call__(self, claim: str, sources: Sequence[Source]) -> Verdict:
        """Check `claim` against the sentences it cites.

        One sentence that supports it is enough. Where it takes several, it is at most partly
        supported, unless each of its own clauses is supported by one of them.
        """
        if not sources:
            return Verdict(Support.UNSUPPORTED, ("it cites nothing",), 0.0)
        single = max((self._against(claim, source) for source in sources), key=_rank)
        if single.support is Support.SUPPORTED or len(sources) == 1:
            return single
        joined = self._against(claim, _joined(sources))
        best = max(single, joined, key=_rank)
        if best.support is Support.UNSUPPORTED or self._by_clause(claim, sources):
            return best
        if reason := self._turned(claim, sources):
            return Verdict(Support.UNSUPPORTED, (reason,), best.coverage)
        if best is single or joined.support is not Support.SUPPORTED:
            return best
        return Verdict(Support.PARTIAL, ("no single sentence says all of it",), joined.coverage)

    def _turned(self, claim: str, sources: Sequence[Source]) -> str | None:
        """Say which of several sentences the claim follows, and turns into something else."""
        if found := upside_down(claim, [source.text for source in sources], self.terms):
            return f"{found} [{_joined(sources).label}]"
        words = read_words(claim, self.terms)
        content = _content(words, read_values(claim))
        whole = len([part for part in _CLAUSES.split(claim) if part]) == 1
        for source in sources:
            others = " ".join(other.text for other in sources if other is not source)
            given = read_words(source.text, self.terms)
            found = borrowed(claim, source.text, others, self.terms)
            if (
                found is None
                and whole
                and len(self._missing(content, given)) <= _FOLLOWED * len(content)
            ):
                found = next(
                    iter(contradictions(claim, words, source.text, given, self.terms)), None
                )
            if found is not None:
                return f"{found} [{source.label}]"
        return None

    def _by_clause(self, claim: str, sources: Sequence[Source]) -> bool:
        clauses = [part for part in _CLAUSES.split(claim) if len(part.split()) >= _SHORTEST]
        return len(clauses) > 1 and all(
            any(self._against(part, s).support is Support.SUPPORTED for s in sources)
            for part in clauses
        )

    def _against(self, claim: str, source: Source) -> Verdict:
        """Check against one sentence, as both stand or else in one wording of what they say."""
        verdict = self._as_worded(claim, source)
        if verdict.support is not Support.SUPPORTED:
            for one, other in reworded(claim, source.text):
                again = self._as_worded(one, replace(source, text=other))
                if again.support is Support.SUPPORTED:
                    return again
        return verdict

    def _as_worded(self, claim: str, source: Source) -> Verdict:
        words = read_words(claim, self.terms)
        given = read_words(source.text, self.terms)
        if claim.split() == source.text.split():
            return Verdict(Support.SUPPORTED, (), 1.0)
        context = read_words(source.context, self.terms)
        around = [*given, *(word for word in context if word.capital)]
        values = read_values(claim)
        content = _content(words, values)
        named = [n for n in outside(names(words, claim), values) if n.folded not in JOINING]
        leaning = lent(claim, source.text, named, context, self.terms) if context else frozenset()
        told = comparison(claim, [source.text], self.terms)
        if told and told.agrees:  # what the values say need not be said in words
            content = [w for w in content if not told.start <= w.start < told.end]
        language = self.language_of(f"{source.text} {claim}", source.language)
        missing = self._missing([w for w in content if w.start not in leaning], given)
        missing += self._missing([w for w in content if w.start in leaning], around)
        coverage = 1 - len(missing) / len(content) if content else 1.0
        where = f"[{source.label}]"
        wrong = _values_missing(claim, values, read_values(source.text))
        wrong += [f"“{n}” is not in" for n in unheld(claim, source.text, language, values.ranges)]
        wrong += [
            f"“{name.text}” is not in"
            for name in named
            if not known(name, around if name.start in leaning else given)
        ]
        if told and told.agrees and not wrong and not missing:
            return Verdict(Support.SUPPORTED, (), coverage)
        wrong += contradictions(claim, words, source.text, given, self.terms, language)
        moved = displaced(claim, source.text, self.terms)
        if moved is not None and moved.named:
            wrong.append(str(moved))
        if exchanged_for := substituted(words, given, missing):
            new, old = exchanged_for
            wrong.append(f"“{new.text}” stands in the place of “{old.text}” in")
        if not wrong and coverage < LEAST_COVERAGE:
            wrong = [_listed(missing)]
        if wrong:
            return Verdict(Support.UNSUPPORTED, tuple(f"{w} {where}" for w in wrong), coverage)
        if empty := self._says_nothing(claim, words, content, given, language):
            return Verdict(Support.PARTIAL, (empty,), coverage)
        doubts = left_open(claim, words, source.text, given, self.terms)
        doubts += [str(moved)] if moved else []
        doubts += [_listed(missing)] if missing else []
        if doubts:
            return Verdict(Support.PARTIAL, tuple(f"{d} {where}" for d in doubts), coverage)
        return Verdict(Support.SUPPORTED, (), coverage)

    def language_of(self, text: str, document: str = ENGLISH) -> str:
        """Name the language of a text; where it has no sign of any, that of its document."""
        if self.language is None:
            return ENGLISH
        found = self.language(text, ())
        if found == ENGLISH != document:
            return self.language(text, (document, ENGLISH))
        return found

    def _says_nothing(
        self,
        claim: str,
        words: Sequence[Word],
        content: Sequence[Word],
        given: Sequence[Word],
        language: str,
    ) -> str | None:
        """Say why a claim is no statement, or can't be told to be one, else None."""
        if language in UNSPACED:
            return "words of its language are not told apart"
        if not _has_verb(claim, self.terms) and not _has_verb_form(content):
            if language == ENGLISH:
                return "it names something and states nothing"
            if not any(plain(word.text) in VERBAL for word in words):
                return "its verb is not known"
        if repeated := _circular(words, given):
            return f"it says “{repeated.text}” of “{repeated.text}”"
        return None

    def _missing(self, content: Sequence[Word], source: Sequence[Word]) -> list[Word]:
        """List the words of the claim that the source has neither as they are nor by meaning."""
        stems = {word.stem for word in source}
        turns = {key for word in source for key in sides(word)}
        missing = [
            word
            for word in content
            if word.stem not in stems
            and not sides(word) & turns
            and not any(alike(word, other, self.terms) for other in source)
        ]
        against = {(family, 1 - side) for word in missing for family, side in sides(word)}
        given = sorted({w.folded for w in source if w.stem and not sides(w) & against})
        if not missing or not given or self.embed is None:
            return missing
        vectors = self.embed([*(word.folded for word in missing), *given])
        likeness = vectors[: len(missing)] @ vectors[len(missing) :].T
        best: npt.NDArray[np.float32] = likeness.max(axis=1)
        return [w for w, cosine in zip(missing, best, strict=True) if cosine < COVERED]


def _content(words: Sequence[Word], values: Values) -> list[Word]:
    """List the words that the source must hold; values are compared on their own."""
    return [
        word
        for word in outside(words, values)
        if word.stem
        and not is_light(word.stem)
        and word.folded not in (NEGATORS | JOINING)
        and word.stem != "lack"  # denies, and is compared as a denial
    ]


def _values_missing(claim: str, values: Values, source: Values) -> list[str]:
    """Say which dates and quantities of the claim the source does not give."""
    wrong = [
        f"“{date.text}” is not in"
        for date in values.dates
        if not any(date.within(other) for other in source.dates)
    ]
    return wrong + [
        f"“{quantity.text}” is not in"
        for quantity in values.quantities
        if not any(quantity.equals(other) for other in source.quantities)
        and not _is_article(quantity)
        and not reckoned(claim, quantity, source.quantities)
    ]


def _has_verb(claim: str, terms: Terms) -> bool:
    return any(clause.verb_at is not None for clause in read_clauses(claim, terms))


def _circular(words: Sequence[Word], source: Sequence[Word]) -> Word | None:
    """Return what a claim says of itself, such as "the sport is a sport", and its source does not.

    Or what it says over and over, as a model does that has lost its way.
    """
    said = Counter(word.stem or "" for word in words if not is_light(word.stem or ""))
    given = Counter(word.stem or "" for word in source)
    copula = next((word.start for word in words if word.folded in BE), None)
    for word in words:
        stem = word.stem
        if stem is None or said[stem] <= max(1, given[stem]) or not word.text.isalpha():
            continue
        places = {copula is not None and w.start > copula for w in words if w.stem == stem}
        if said[stem] > _OFTEN or len(places) > 1:
            return word
    return None


def _has_verb_form(content: Sequence[Word]) -> bool:
    """Tell whether a word that is no known verb may be one, by its ending."""
    return any(w.folded.endswith(("s", "ed")) and w.text.islower() for w in content)


def _is_article(quantity: Quantity) -> bool:
    """Tell whether a number is a word such as `one`, which also stands for `a`."""
    return quantity.bare and quantity.number == 1 and quantity.text.lower() == "one"


def _joined(sources: Sequence[Source]) -> Source:
    return Source(
        "][".join(source.label for source in sources),
        " ".join(source.text for source in sources),
        " ".join(source.context for source in sources),
        sources[0].language,
    )


def _listed(missing: Sequence[Word]) -> str:
    """Say that words are missing, the first few by name."""
    shown = ", ".join(f"“{word.text}”" for word in missing[:_NAMED])
    more = f" and {len(missing) - _NAMED} more words" if len(missing) > _NAMED else ""
    return f"{shown}{more} {'is' if len(missing) == 1 else 'are'} not in"


def _rank(verdict: Verdict) -> tuple[int, float]:
    order = (Support.UNSUPPORTED, Support.PARTIAL, Support.SUPPORTED)
    return order.index(verdict.support), verdict.coverage
