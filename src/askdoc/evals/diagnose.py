"""Where an answer went wrong: retrieval, selection, confidence, writing, citation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from askdoc.ask.confidence import shortfall
from askdoc.evals.grade import Graded, met
from askdoc.evals.scores import first_rank
from askdoc.types import Evidence, Passage, Status


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage did with the gold.

    `held` says whether the gold was still there after it; None where that cannot be said. `places`
    are (what, where or how far, text) of the sentences and passages that matter, best first.
    """

    name: str
    finding: str
    held: bool | None
    places: tuple[tuple[str, str, str], ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)


def explain(graded: Graded, deeper: Sequence[Passage], *, least: float) -> list[Stage]:
    """Follow the gold of a case through the stages of its answer.

    `deeper` is a longer list of passages for the same question, best first; `least` is the
    confidence from which a question is answered.
    """
    return [
        *_retrieval(graded, deeper),
        *_selection(graded),
        _confidence(graded, least),
        *_writing(graded),
        _citation(graded),
    ]


def _retrieval(graded: Graded, deeper: Sequence[Passage]) -> Iterator[Stage]:
    if graded.documents is not None:
        rank = first_rank(graded.documents.gains)
        finding = f"a right document ranks {_th(rank)}" if rank else "no right document was found"
        yield Stage("documents", finding, rank is not None)
    if not graded.needs:
        return
    looked_at = len(graded.answer.passages)
    rank = _rank_of_gold(graded, graded.answer.passages)
    if rank is not None:
        passage = graded.answer.passages[rank - 1]
        finding = f"the gold is in passage {rank} of the {looked_at} that were looked at"
        yield Stage(
            "passages", finding, held=True, places=(_passage(passage),), numbers=passage.scores
        )
        return
    rank = _rank_of_gold(graded, deeper)
    if rank is None:
        finding = f"the gold is in none of the {max(looked_at, len(deeper))} best passages"
        yield Stage("passages", finding, held=False, places=_first(deeper))
        return
    passage = deeper[rank - 1]
    finding = f"the gold is in passage {rank}, and {looked_at} were looked at"
    yield Stage(
        "passages",
        finding,
        held=False,
        places=(_passage(passage), *_first(deeper)),
        numbers=passage.scores,
    )


def _selection(graded: Graded) -> Iterator[Stage]:
    if not graded.needs:
        return
    best = graded.answer.evidence
    rank = first_rank([float(bool(meets)) for meets in graded.evidence])
    if rank is None:
        finding = f"the gold is not among the {len(best)} best sentences"
        yield Stage("sentences", finding, held=False, places=tuple(_sentence(e) for e in best[:3]))
        return
    finding = f"the gold is sentence {rank} of the {len(best)} best"
    shown = (best[rank - 1],) if rank == 1 else (best[rank - 1], best[0])
    yield Stage(
        "sentences",
        finding,
        held=True,
        places=tuple(_sentence(e) for e in shown),
        numbers=shown[0].scores,
    )


def _confidence(graded: Graded, least: float) -> Stage:
    answer = graded.answer
    answered = answer.status is Status.ANSWERED or (
        answer.status is Status.UNSURE and graded.case.answerable
    )
    finding = shortfall(answer.confidence, least)
    if answer.reason:
        finding += f": {answer.reason.message}"
    return Stage("confidence", finding, answered is graded.case.answerable, numbers=answer.signals)


def _writing(graded: Graded) -> Iterator[Stage]:
    """Say what a language model made of the sentences, where one was asked."""
    answer, generation = graded.answer, graded.answer.generation
    if generation is None:
        return
    finding = f"`{generation.model}` wrote {len(answer.claims)} supported claims"
    if generation.fallback:
        finding = f"the answer is extractive: {generation.fallback}"
    elif answer.status is Status.ABSTAINED:
        finding = f"`{generation.model}` found no answer in the sentences"
    if generation.withheld:
        finding += f"; {len(generation.withheld)} withheld"
    withheld = tuple(
        ("withheld", "; ".join(claim.reasons), claim.text) for claim in generation.withheld
    )
    held = graded.case.answerable is (answer.status is Status.ANSWERED)
    yield Stage("writing", finding, held and not generation.fallback, withheld)


def _citation(graded: Graded) -> Stage:
    answer = graded.answer
    if answer.status is Status.ABSTAINED:
        return Stage("citations", "nothing is cited, since it abstained", None)
    places = tuple(
        (
            f"[{citation.label}]{' gold' if meets else ''}",
            f"{citation.document.path}:{citation.line_start}",
            citation.quote,
        )
        for citation, meets in zip(answer.citations, graded.cited, strict=True)
    )
    hits = sum(bool(meets) for meets in graded.cited)
    if not graded.needs:
        return Stage("citations", f"{len(places)} cited", None, places)
    finding = f"{hits} of {len(places)} citations hit the gold"
    return Stage("citations", finding, graded.right, places)


def _rank_of_gold(graded: Graded, passages: Sequence[Passage]) -> int | None:
    return first_rank(
        [float(bool(met(p.document.id, p.chunk.span, graded.gold))) for p in passages]
    )


def _passage(passage: Passage) -> tuple[str, str, str]:
    ranks = ", ".join(f"{name} {rank}" for name, rank in passage.ranks.items())
    return ("passage", f"{passage.document.path} ({ranks})", passage.chunk.text)


def _first(passages: Sequence[Passage]) -> tuple[tuple[str, str, str], ...]:
    return tuple(_passage(passage) for passage in passages[:1])


def _sentence(evidence: Evidence) -> tuple[str, str, str]:
    return (evidence.label, f"score {evidence.score:.3f}", evidence.text)


def _th(rank: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    teens = 10 <= rank % 100 <= 20  # noqa: PLR2004 - eleventh, twelfth, …
    return f"{rank}{'th' if teens else endings.get(rank % 10, 'th')}"
