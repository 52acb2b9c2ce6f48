"""Whether a claim says no more and nothing else than the sentences it cites.

First the facts, by rule and in many languages: each number, date, quotation and name of the claim
stands in its sources or follows from them; in English, also that nothing has changed places. Then
an entailment model judges the claim against all its sources together. The packaged model reads
English. In other languages the words that a claim shares with its sources decide, and whether both
deny or neither does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from askdoc.models.entailment import Judge, packaged
from askdoc.text.words import Terms, is_light, read_words
from askdoc.types import Entailment, Support
from askdoc.write.check.facts import denies, missing_facts, read_values
from askdoc.write.check.languages import ENGLISH, UNSPACED
from askdoc.write.check.places import exchanged

EmbedTexts = Callable[[Sequence[str]], npt.NDArray[np.float32]]

NameLanguage = Callable[[str, Sequence[str]], str]
"""Names the language of a text, one of several if there are any (`ports.Analyser.language`)."""

SURE = 0.62
"""Probability from which a claim counts as supported."""

LIKELY = 0.5
"""Probability from which a claim counts as partly supported."""

_RELATED = 0.2
"""Share of its content words below which a claim is about something else, so no model is asked."""

_MOST_WORDS = 0.5
"""Share of its content words below which a claim in another language is not supported."""

_NAMED = 3
"""Missing words or facts that a reason names."""


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence that a claim may rest on.

    `context` is what tells whom or what the sentence is about: title, headings, the sentence
    before. `language` is that of its document, for a sentence too short to tell its own.
    """

    label: str
    text: str
    context: str = ""
    language: str = ENGLISH


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check says, and why in words.

    `coverage` is the share of the claim's content words that the sources hold. `probability` is
    the model's that they support it; 0 or 1 where a rule decides.
    """

    support: Support
    reasons: tuple[str, ...]
    coverage: float
    probability: float = 0.0


class Checker(Protocol):
    """A second opinion on a claim, its sources and the first verdict, such as that of a model."""

    @property
    def name(self) -> str:
        """How reasons and fingerprints name it."""

    def __call__(self, claim: str, sources: Sequence[Source], verdict: Verdict) -> Verdict:
        """Return the verdict, or a lower one with the reason added."""


def _packaged(pairs: Sequence[tuple[str, str]]) -> list[Entailment]:
    return packaged()(pairs)


@dataclass(frozen=True, slots=True)
class Check:
    """Checks claims; `terms` makes stems, `judge` is the entailment model.

    `language` names the language of a text; without it, all are taken for English.
    """

    terms: Terms
    judge: Judge = _packaged
    language: NameLanguage | None = None

    def __call__(self, claim: str, sources: Sequence[Source]) -> Verdict:
        """Check `claim` against the sentences it cites, taken together."""
        [verdict] = self.each([(claim, sources)])
        return verdict

    def each(self, claims: Sequence[tuple[str, Sequence[Source]]]) -> list[Verdict]:
        """Check claims against their sentences; the model gets all of them in one batch."""
        first = [self._by_rule(claim, sources) for claim, sources in claims]
        undecided = [
            (premise(sources), claim)
            for (claim, sources), found in zip(claims, first, strict=True)
            if not isinstance(found, Verdict)
        ]
        judged = iter(self.judge(undecided) if undecided else ())
        return [
            found if isinstance(found, Verdict) else _by_model(next(judged), sources, found)
            for (_, sources), found in zip(claims, first, strict=True)
        ]

    def _by_rule(self, claim: str, sources: Sequence[Source]) -> Verdict | float:
        """Decide without the model; where that cannot be, return the coverage alone."""
        if not sources:
            return Verdict(Support.UNSUPPORTED, ("it cites nothing",), 0.0)
        if any(claim.split() == source.text.split() for source in sources):
            return Verdict(Support.SUPPORTED, (), 1.0, 1.0)
        text = " ".join(source.text for source in sources)
        context = " ".join(source.context for source in sources)
        language = self.language_of(f"{text} {claim}", sources[0].language)
        where = labels(sources)
        coverage = self.coverage(claim, f"{text} {context}")
        if wrong := self._wrong(claim, text, context, language):
            return Verdict(Support.UNSUPPORTED, (f"{wrong} in {where}",), coverage)
        if language != ENGLISH:
            return _by_words(claim, text, language, where, coverage)
        if coverage < _RELATED:
            return Verdict(Support.UNSUPPORTED, (f"{where} is about something else",), coverage)
        return coverage

    def _wrong(self, claim: str, text: str, context: str, language: str) -> str | None:
        """Say which facts of the claim its source lacks, or has in another place; else None."""
        if missing := missing_facts(claim, text, context, self.terms, language):
            verb = "is" if len(missing) == 1 else "are"
            return f"{', '.join(missing[:_NAMED])} {verb} not"
        return exchanged(claim, text, self.terms) if language == ENGLISH else None

    def language_of(self, text: str, document: str = ENGLISH) -> str:
        """Name the language of a text; where it has no sign of any, that of its document."""
        if self.language is None:
            return ENGLISH
        found = self.language(text, ())
        if found == ENGLISH != document:
            return self.language(text, (document, ENGLISH))
        return found

    def coverage(self, claim: str, source: str) -> float:
        """Return the share of the claim's content words, without values, that the source has."""
        ranges = read_values(claim).ranges
        stems = {word.stem for word in read_words(source, self.terms)}
        content = [
            word.stem
            for word in read_words(claim, self.terms)
            if word.stem
            and not is_light(word.stem)
            and not any(start <= word.start < end for start, end in ranges)
        ]
        return sum(stem in stems for stem in content) / len(content) if content else 1.0


def _by_model(chances: Entailment, sources: Sequence[Source], coverage: float) -> Verdict:
    where, held = labels(sources), chances.entailed
    if held >= SURE:
        return Verdict(Support.SUPPORTED, (), coverage, held)
    if chances.contradicted > max(held, chances.neutral):
        reason = f"contradicted by {where} ({chances.contradicted:.2f})"
        return Verdict(Support.UNSUPPORTED, (reason,), coverage, held)
    if held >= LIKELY:
        reason = f"{where} may not say all of it ({held:.2f})"
        return Verdict(Support.PARTIAL, (reason,), coverage, held)
    return Verdict(Support.UNSUPPORTED, (f"not in {where} ({held:.2f})",), coverage, held)


def _by_words(claim: str, text: str, language: str, where: str, coverage: float) -> Verdict:
    """Decide by the words alone, in a language that the model does not read."""
    if denies(claim, language) != denies(text, language):
        reason = f"the claim or {where} denies something, and the other does not"
        support = Support.UNSUPPORTED if denies(claim, language) else Support.PARTIAL
        return Verdict(support, (reason,), coverage)
    if language in UNSPACED:
        reason = "checked by its facts only: the model does not read its language"
        return Verdict(Support.PARTIAL, (reason,), coverage)
    if coverage < _MOST_WORDS:
        return Verdict(Support.UNSUPPORTED, (f"most of its words are not in {where}",), coverage)
    if coverage < 1:
        reason = f"checked by its words only, and some are not in {where}"
        return Verdict(Support.PARTIAL, (reason,), coverage)
    return Verdict(Support.SUPPORTED, (), coverage, 1.0)


def premise(sources: Sequence[Source]) -> str:
    """Write sentences with their context as the model reads them; each context stands once."""
    parts = dict.fromkeys(
        part for source in sources for part in (source.context, source.text) if part
    )
    return " ".join(" ".join(part.split()) for part in parts)


def labels(sources: Sequence[Source]) -> str:
    """Name sources as an answer does: `[1][2]`."""
    return "".join(f"[{source.label}]" for source in sources)
