"""How likely it is that the documents answer a question: a small logistic model.

The features describe the best evidence; the coefficients come with the package and are fitted by
`training/fit_confidence.py`, which also reports how well they do on documents they never saw.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from askdoc.ask.rank import RANKER, Terms, coverage
from askdoc.ask.retrieve import DENSE, LEXICAL, Query
from askdoc.ask.unmet import named, unmet
from askdoc.text.chunking import lexical_text
from askdoc.types import Evidence, Passage

FEATURES = (
    "sentence_dense",
    "sentence_coverage",
    "passage_coverage",
    "agreement",
    "library_size",
    "unmet",
    "unmet_names",
    "ranker",
)

_MOST_DIGITS = 15
"""More would only show how a number is kept."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The fitted model: a weight for each of `FEATURES` that it uses, and the intercept."""

    weights: Mapping[str, float]
    intercept: float


def features(
    query: Query, passages: Sequence[Passage], evidence: Sequence[Evidence], terms: Terms
) -> dict[str, float]:
    """Describe the evidence for a question by `FEATURES`.

    sentence_dense      cosine of the best sentence to the question
    sentence_coverage   share of the question's terms, by weight, that the best sentence holds
    passage_coverage    most that one of the three best passages holds, with title and headings
    agreement           1 where dense and lexical search rank the same passage first
    library_size        decimal logarithm of the number of chunks: among more of them, some come
                        near a question by chance
    unmet               weight of the heaviest term that the best sentence's passage, title,
                        headings and path hold in no form (`unmet`), against the heaviest of the
                        question: the one word in which another thing than was asked for differs
    unmet_names         share of the question's terms, by weight, that are names or numbers and are
                        not there in any form: another person, year or model
    ranker              what a ranker thinks of the sentence that it likes best, in its own measure;
                        0 where there is none
    """
    if not passages or not evidence:
        return dict.fromkeys(FEATURES, 0.0)
    weights = query.weights
    best = evidence[0].passage
    told = f"{best.document.path}\n{context(best)}"
    missed = unmet(query.text, weights, told, terms, query.language)
    names = named(query.text, terms, query.language)
    return {
        "sentence_dense": max(item.scores.get(DENSE, 0.0) for item in evidence[:3]),
        "sentence_coverage": max(coverage(query, terms(item.text)) for item in evidence[:3]),
        "passage_coverage": max(coverage(query, terms(context(p))) for p in passages[:3]),
        "agreement": float(
            any(p.ranks.get(DENSE) == 1 and p.ranks.get(LEXICAL) == 1 for p in passages[:3])
        ),
        "library_size": math.log10(max(query.among, 1)),
        "unmet": max((weights[term] for term in missed), default=0.0)
        / max(weights.values(), default=1.0),
        "unmet_names": sum(weights[term] for term in missed if term in names) / (query.mass or 1.0),
        "ranker": max(
            (item.scores[RANKER] for item in evidence if RANKER in item.scores), default=0.0
        ),
    }


def probability(values: Mapping[str, float], calibration: Calibration) -> float:
    """Turn features into a probability: the logistic function of their weighted sum."""
    total = calibration.intercept + sum(
        weight * values[name] for name, weight in calibration.weights.items()
    )
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def context(passage: Passage) -> str:
    """Return a passage's text with its file's name, title and headings."""
    document, chunk = passage.document, passage.chunk
    return lexical_text(
        document.path, document.title, chunk.headings, chunk.text, author=document.author
    )


def shortfall(confidence: float, least: float) -> str:
    """Tell a confidence and what it falls short of, with the digits that show it to be less."""
    digits = 2
    while (
        confidence < least
        and digits < _MOST_DIGITS
        and f"{confidence:.{digits}f}" == f"{least:.{digits}f}"
    ):
        digits += 1
    return f"confidence {confidence:.{digits}f}, needed {least:.{digits}f}"
