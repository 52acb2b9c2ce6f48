"""Lets a language model write claims from evidence, and checks each before it is shown.

build the prompt → stream → parse claims → attribute and check each claim

Unsupported claims are withheld; if none is left, the caller uses the extractive answer.
"""

from __future__ import annotations

import time
from collections.abc import Generator as TextPieces
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from askdoc.errors import GeneratorError
from askdoc.strings import one_line
from askdoc.text.words import Terms, is_light
from askdoc.types import (
    Claim,
    Disagreement,
    Draft,
    DraftClaim,
    Evidence,
    Generation,
    Span,
    Spent,
    Support,
)
from askdoc.types.ports import DraftListener, Generator
from askdoc.write import prompts
from askdoc.write.check.checker import Check, Checker, EmbedTexts, Source, Verdict
from askdoc.write.check.disagreement import Dispute, common, disagreements, parallel
from askdoc.write.check.shortening import altered
from askdoc.write.parse import Refused, Written, ends_sentence, is_label, read_claims
from askdoc.write.prompts import Built, Offer, Show


@dataclass(frozen=True, slots=True)
class Attributed:
    """A claim's sentences by number, the verdict, and whether the model named other sentences."""

    numbers: tuple[int, ...]
    verdict: Verdict
    moved: bool


def attribute(
    claim: str, cited: Sequence[int], offered: Sequence[tuple[int, Source]], check: Check
) -> Attributed:
    """Find the sentences that support `claim`: the cited ones if they do, else the best of all.

    A cited sentence stays only if it is needed; one that supports the claim alone is enough. A
    claim with cited sentences moves only to one that fully supports it: if its own sentence
    contradicts it, a sentence that merely shares words must not save it. Without citations, the
    sentence with most of its content decides.
    """
    sources = dict(offered)
    named = [number for number in cited if number in sources]
    if not offered:
        return Attributed((), check(claim, []), moved=False)
    if named:
        parts = named if len(named) > 1 else []
        own, *alone = check.each(
            [(claim, [sources[n] for n in named]), *((claim, [sources[n]]) for n in parts)]
        )
        best = max(
            zip(alone, parts, strict=True), key=lambda item: item[0].probability, default=None
        )
        if best is not None and best[0].support is Support.SUPPORTED:
            return Attributed((best[1],), best[0], moved=False)
        if own.support is Support.SUPPORTED:
            return Attributed(tuple(named), own, moved=False)
    verdicts = check.each([(claim, [source]) for _, source in offered])
    verdict, (number, _) = max(
        zip(verdicts, offered, strict=True),
        key=lambda item: (_ORDER.index(item[0].support), item[0].probability, item[0].coverage),
    )
    if named and verdict.support is not Support.SUPPORTED:
        return Attributed(tuple(named), own, moved=False)
    numbers = () if verdict.support is Support.UNSUPPORTED else (number,)
    return Attributed(numbers, verdict, moved=bool(named))


_ORDER = (Support.UNSUPPORTED, Support.PARTIAL, Support.SUPPORTED)


NEAR = 0.15
"""With at least this cosine, a sentence without a word of the question may answer it. "The blast
killed 40" has 0.41 to "How many people died?", "The work took until 1931" has 0.17 to "When was the
dam completed?", unrelated sentences have 0.1 or less.
"""


def beside_the_point(
    question: str, claim: str, sources: Sequence[str], terms: Terms, embed: EmbedTexts | None
) -> bool:
    """Tell whether neither a claim nor its sources share a word or the subject with `question`.

    A weak or injected model repeats what it was shown; such a claim is supported, but off the
    subject.
    """
    asked = {stem for stem in terms(question) if not is_light(stem)}
    covered = {stem for text in (claim, *sources) for stem in terms(text)}
    if asked & covered or not (asked or embed):
        return False
    if embed is None:
        return True
    vectors = embed([question, claim, *sources])
    return bool((vectors[1:] @ vectors[0]).max() < NEAR)


_REPEATED = 0.8
_ENDLESS = 4
"""A model that writes this many times the requested claims is stopped."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits for a model: its input, its output, and what is shown.

    `evidence_tokens` limits the evidence in a prompt. A model that is not `trusted` (not measured
    to be good enough) may not refuse, may not leave out the best evidence, and its partly supported
    claims are withheld. Without `own_words`, only shortened sentences are shown. Prices are per
    million tokens, in any currency.
    """

    evidence_tokens: int = 1500
    trusted: bool = True
    own_words: bool = True
    most_claims: int = prompts.MOST_CLAIMS
    price_in: float | None = None
    price_out: float | None = None


@dataclass(slots=True)
class _Progress:
    """The state of one generation."""

    started: float
    question: str
    shown: list[DraftClaim] = field(default_factory=list)
    withheld: list[Claim] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    spent: Spent = field(default_factory=Spent)
    disputes: list[Dispute] = field(default_factory=list)
    refusal: str | None = None
    failure: GeneratorError | None = None
    interrupted: bool = False
    attributed: int = 0
    first_claim: float | None = None
    claimed: list[frozenset[str]] = field(default_factory=list)


class Writer:
    """Writes checked claims with a language model; has no state between questions."""

    def __init__(
        self, generator: Generator, check: Check, terms: Terms, *, limits: Limits | None = None,
        second_check: Checker | None = None, show: Show | None = None,
        embed: EmbedTexts | None = None,
    ) -> None:  # fmt: skip
        self._generator = generator
        self._check = check
        self._terms = terms
        self._limits = limits or Limits()
        self._second = second_check
        self._show = show
        self._embed = embed

    @property
    def name(self) -> str:
        """The model's name in answers."""
        return self._generator.name

    @property
    def fingerprint(self) -> str:
        """A hash of what the claims depend on besides the evidence."""
        checked = f"/check-{self._second.name}" if self._second else ""
        return f"{self._generator.name}/prompt-{prompts.VERSION}{checked}"

    @property
    def stands_alone(self) -> bool:
        """Whether its claims alone are the answer; else extractive citations are added."""
        return self._limits.trusted

    def write(self, question: str, evidence: Sequence[Evidence], on_claim: DraftListener) -> Draft:
        """Let the model answer `question` from `evidence`; `on_claim` gets each supported claim.

        Ctrl-C ends the generation and keeps the claims so far. If the model fails, the draft has
        the reason and the claims so far.

        Raises:
            KeyboardInterrupt: interrupted before the first claim.

        """
        built = prompts.build(
            question,
            evidence,
            context=self._generator.context,
            evidence_tokens=self._limits.evidence_tokens,
            may_refuse=self._limits.trusted,
            form=self._generator.form,
            show=self._show,
        )
        progress = _Progress(time.perf_counter(), question)
        if built.beyond and not built.offers:
            progress.failure = _too_long(self.name, built)
        if built.offers:
            try:
                self._run(built, progress, on_claim)
            except KeyboardInterrupt:
                if not progress.shown:
                    raise
                progress.interrupted = True
            except GeneratorError as error:
                progress.failure = error
            if progress.shown and not progress.interrupted:
                self._both_sides(built, progress, on_claim)
        return self._draft(built, progress)

    def _run(self, built: Built, progress: _Progress, on_claim: DraftListener) -> None:
        with closing(self._pieces(self._generator.stream(built.prompt), progress)) as pieces:
            for number, item in enumerate(read_claims(pieces, self._check.language_of)):
                if isinstance(item, Refused):
                    progress.refusal = item.text
                    return
                if number >= _ENDLESS * self._limits.most_claims:
                    progress.spent = replace(progress.spent, cut_off=True)
                    return
                if number >= self._limits.most_claims:
                    continue  # read on: the end of the stream has the token counts
                if progress.spent.cut_off and not item.labels and not ends_sentence(item.text):
                    continue  # the last claim may be incomplete
                self._take(item, built.offers, progress, on_claim)

    def _pieces(
        self, stream: Iterator[str | Spent], progress: _Progress
    ) -> TextPieces[str, None, None]:
        """Yield the text, and record the time of the first piece and the token counts."""
        first: float | None = None
        try:
            for piece in stream:
                if isinstance(piece, Spent):
                    progress.spent = self._priced(piece)
                elif piece:
                    first = first or _since(progress.started)
                    yield piece
        finally:
            if hasattr(stream, "close"):
                stream.close()
            progress.spent = replace(progress.spent, first_token_seconds=first)

    def _take(
        self, item: Written, offers: Sequence[Offer], progress: _Progress, on_claim: DraftListener
    ) -> None:
        words = frozenset(self._terms(item.text))
        if any(_alike(words, others) for others in progress.claimed):
            return  # small models repeat themselves
        progress.claimed.append(words)
        known = {str(offer.number): offer for offer in offers}
        progress.unknown += [
            label for label in item.labels if label not in known and is_label(label)
        ]
        cited = [int(label) for label in item.labels if label in known]
        sources = [(offer.number, source_of(offer)) for offer in offers]
        found = attribute(item.text, cited, sources, self._check)
        verdict = self._confirmed(item.text, found.numbers, dict(sources), found.verdict)
        cited_texts = [offers[number - 1].text for number in found.numbers]
        if verdict.support is Support.SUPPORTED and not self._limits.own_words:
            verdict = self._only_shortened(item.text, offers, found.numbers, verdict)
        if verdict.support is not Support.UNSUPPORTED and beside_the_point(
            progress.question, item.text, cited_texts, self._terms, self._embed
        ):
            reasons = ("it has nothing to do with the question",)
            progress.withheld.append(
                Claim(item.text, (), verdict.support, reasons, verdict.probability)
            )
            return
        if verdict.support is Support.UNSUPPORTED or (
            verdict.support is Support.PARTIAL
            and not (self._limits.trusted and self._limits.own_words)
        ):
            progress.withheld.append(
                Claim(item.text, (), verdict.support, verdict.reasons, verdict.probability)
            )
            return
        claim = DraftClaim(
            text=item.text,
            places=tuple((offers[n - 1].evidence, offers[n - 1].span) for n in found.numbers),
            support=verdict.support,
            reasons=verdict.reasons,
            probability=verdict.probability,
        )
        progress.shown.append(claim)
        progress.attributed += found.moved or not cited
        if len(progress.shown) == 1:
            progress.first_claim = _since(progress.started)
        on_claim(claim)

    def _only_shortened(
        self, claim: str, offers: Sequence[Offer], numbers: Sequence[int], verdict: Verdict
    ) -> Verdict:
        """Lower the verdict on a claim that is not just a shortened sentence."""
        reasons = []
        for number in numbers:
            reason = altered(claim, offers[number - 1].text, self._terms)
            if reason is None:
                return verdict
            reasons.append(f"{reason} [{number}]")
        return replace(verdict, support=Support.PARTIAL, reasons=tuple(reasons))

    def _confirmed(
        self, claim: str, numbers: Sequence[int], sources: dict[int, Source], verdict: Verdict
    ) -> Verdict:
        """Ask the second check, if there is one, about claims that pass the first."""
        if self._second is None or verdict.support is Support.UNSUPPORTED:
            return verdict
        return self._second(claim, [sources[number] for number in numbers], verdict)

    def _priced(self, spent: Spent) -> Spent:
        prices = (self._limits.price_in, self._limits.price_out)
        counts = (spent.tokens_in, spent.tokens_out)
        if None in prices or None in counts:
            return spent
        cost = sum((p or 0) * (n or 0) for p, n in zip(prices, counts, strict=True)) / 1e6
        return replace(spent, cost=cost)

    def _both_sides(self, built: Built, progress: _Progress, on_claim: DraftListener) -> None:
        """Add a sentence of the evidence that contradicts a cited one."""
        cited = {(e.label, span) for claim in progress.shown for e, span in claim.places}
        offers = {offer.number: offer for offer in (*built.offers, *built.beyond)}
        sources = [(offer.number, source_of(offer)) for offer in built.offers]
        beyond = [(offer.number, source_of(offer)) for offer in built.beyond]
        for pair in disagreements(sources, self._terms, beyond=beyond):
            two = [offers[pair.first], offers[pair.second]]
            uncited = [o for o in two if (o.evidence.label, o.span) not in cited]
            if len(uncited) == len(two) or self._on_different_things(*two):
                continue
            progress.disputes.append(pair)
            for offer in uncited:
                cited.add((offer.evidence.label, offer.span))
                claim = DraftClaim(
                    one_line(offer.text), ((offer.evidence, offer.span),), Support.SUPPORTED
                )
                progress.shown.append(claim)
                on_claim(claim)

    def _on_different_things(self, one: Offer, other: Offer) -> bool:
        """Tell whether title and headings show that two sentences are about different things."""
        passages = [offer.evidence.passage for offer in (one, other)]
        title, their_title = (passage.document.title or "" for passage in passages)
        heading, their_heading = (" ".join(passage.chunk.headings) for passage in passages)
        if passages[0].document.id == passages[1].document.id:
            return heading != their_heading and not common(one.text, other.text, self._terms)
        return parallel(title, their_title, self._terms) or parallel(
            heading, their_heading, self._terms
        )

    def _draft(self, built: Built, progress: _Progress) -> Draft:
        generation = Generation(
            model=self.name,
            withheld=tuple(progress.withheld),
            unknown_labels=tuple(dict.fromkeys(progress.unknown)),
            left_out=built.left_out,
            suspicious=built.suspicious,
            disagreements=_labelled(progress, (*built.offers, *built.beyond)),
            interrupted=progress.interrupted,
            failure=None if progress.failure is None else _failure_text(progress.failure),
            attributed=progress.attributed,
            spent=replace(progress.spent, first_claim_seconds=progress.first_claim),
        )
        return Draft(
            claims=tuple(progress.shown),
            generation=generation,
            refusal=progress.refusal,
            failure=progress.failure,
        )


def number_places(claims: Sequence[DraftClaim]) -> dict[tuple[str, Span], int]:
    """Give the cited places (document, span) numbers from 1 in order of first use."""
    numbers: dict[tuple[str, Span], int] = {}
    for claim in claims:
        for evidence, span in claim.places:
            numbers.setdefault((evidence.passage.document.id, span), len(numbers) + 1)
    return numbers


def _labelled(progress: _Progress, offers: Sequence[Offer]) -> tuple[Disagreement, ...]:
    """Return contradictions with the labels of the answer."""
    labels = number_places(progress.shown)
    places = {o.number: (o.evidence.passage.document.id, o.span) for o in offers}
    return tuple(
        Disagreement(labels[places[d.first]], labels[places[d.second]], d.one, d.other)
        for d in progress.disputes
    )


def _too_long(name: str, built: Built) -> GeneratorError:
    """Return why a model was not asked although there are sentences for it."""
    if built.is_crowded:
        message = f"`{name}` was not asked, since the question is too long for it"
        return GeneratorError(message, hint="ask in fewer words")
    return GeneratorError(f"`{name}` was not asked, since no sentence is short enough for it")


def _failure_text(failure: GeneratorError) -> str:
    return f"{failure} ({failure.hint})" if failure.hint else str(failure)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether two claims have nearly the same words (Jaccard index)."""
    union = one | other
    return not union or len(one & other) / len(union) >= _REPEATED


def source_of(offer: Offer) -> Source:
    """Return an offered sentence as the check reads it."""
    language = offer.evidence.passage.document.language
    return Source(str(offer.number), offer.text, offer.context, language)


def _since(start: float) -> float:
    return round(time.perf_counter() - start, 3)
