"""From passages to the units of evidence that answer: each is scored, the best come first.

A unit is scored by what it says (cosine to the question; as it reads in its passage where the index
knows that), by the question's words that it and what stands above it hold, by the figures and names
of the question that it lacks, by what kind of text it is, and by its passage and document. Where
there is a ranker, it reads the best of them together with the question. The weights are fitted by
`training/fit_ranking.py`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from askdoc.ask.names import figures, missing, name_terms
from askdoc.ask.retrieve import DENSE, FIELD, LEXICAL, Query
from askdoc.ask.units import Unit, plain_cells, units
from askdoc.types import Candidate, Document, Evidence, Kind, Passage, Span
from askdoc.types.ports import Ranker

if TYPE_CHECKING:
    from askdoc.types.ports import Scores

Terms = Callable[[str], list[str]]
EmbedTexts = Callable[[Sequence[str]], npt.NDArray[np.float32]]

RANKER, SHORT = "ranker", "short"
"""What a ranker says of a sentence, and of the short answer in it."""

WEIGHTS: Mapping[str, float] = {
    "lexical": 0.07,
    "context": 0.95,
    "passage": 0.63,
    "document": 0.27,
    "figures": -0.56,
    "named": 0.2,
    "opens": -0.09,
    "bare": -0.43,
    "key": 0.76,
    "quote": -0.2,
    DENSE: 1.5,
    RANKER: 0.065,
    SHORT: 0.04,
}
"""How much each part of a score counts."""

_EMBEDDED = 20
"""Units that are embedded where the index has no vectors.

With more, the right unit stands no higher (`benchmarks/RESULTS.md`), and each costs time.
"""

_CELL = re.compile(r"(?:\A|(?<= \| ))(?P<column>[^|:]+): +(?P<value>[^|]+?)(?= \||\s*\Z)")
"""A cell in a row as readers write it: `Year: 2024 | Total: 12`."""

Cells = Sequence[tuple[str, Span]]
"""The name of the column and the place in the row, for each cell."""

_MOST = 8.0
"""A ranker's score beyond this, up or down, says no more than this."""

_PLAIN, _FEW = 0.5, 3
"""From which match on a document is plainly named, and how many documents may share it."""

_SAME = 0.5
"""The share of a unit that a better one shows already, from which on it is left out."""


@dataclass(frozen=True)
class Asked:
    """What a question holds that units are compared with.

    `names` are the terms of what it names, `documents` says how well it names each document by id.
    """

    query: Query
    names: AbstractSet[str] = frozenset()
    documents: Mapping[str, float] | None = None

    @cached_property
    def figures(self) -> list[str]:
        """The numbers, versions and codes of the question."""
        return figures(self.query.text)

    def named(self) -> list[str]:
        """List the ids of the documents that the question names best, if it names any plainly."""
        best = max((self.documents or {}).values(), default=0.0)
        named = [key for key, match in (self.documents or {}).items() if match == best]
        return named if best >= _PLAIN else []

    def plainly_named(self) -> list[str]:
        """List the documents that the question names, if these are few."""
        named = self.named()
        return named if len(named) <= _FEW else []

    def share(self, held: AbstractSet[str]) -> float:
        """Return the share, by weight, of the question's terms that are held."""
        weights = self.query.weights
        return sum(weights[term] for term in weights.keys() & held) / (self.query.mass or 1.0)


@dataclass(frozen=True, slots=True)
class _Context:
    """The terms and figures of what stands above all units of a passage."""

    headings: AbstractSet[str]
    titles: AbstractSet[str]
    figures: Sequence[str]


def score(
    asked: Asked,
    passages: Sequence[Passage],
    terms: Terms,
    embed: EmbedTexts | None,
    ranker: Ranker | None = None,
    cosines: Mapping[str, Scores] | None = None,
) -> list[Evidence]:
    """Score every unit of `passages`, best first.

    What is cheap to know is known of all units. With `cosines`, which has a number for each
    sentence of each chunk by the chunk's id, so is what they mean; else the best are embedded.
    Without `embed` words and passages decide. The best of these are read by the ranker, if there is
    one. A unit that better ones show already is left out. Labels are `S1`, `S2`, … in order.
    """
    query = asked.query

    def known(best: Sequence[Evidence]) -> Scores:
        assert cosines is not None  # noqa: S101 - only asked where there are some
        return np.array([_of(cosines, item) for item in best], np.float32)

    def similar(best: Sequence[Evidence]) -> Scores:
        assert embed is not None  # noqa: S101 - only asked where there is one
        return embed([item.passage.chunk.sentence(item.sentence) for item in best]) @ query.vector

    evidence = sorted(_cheaply(asked, passages, terms), key=_by_score)
    if cosines is not None:
        evidence = _with(evidence, DENSE, known, len(evidence))
    elif embed is not None:
        evidence = _with(evidence, DENSE, similar, _EMBEDDED)
    if ranker is not None:
        evidence = _judged(evidence, asked, terms, ranker)
    kept = _once(evidence)
    return [replace(item, label=f"S{number}") for number, item in enumerate(kept, start=1)]


def _cheaply(asked: Asked, passages: Sequence[Passage], terms: Terms) -> list[Evidence]:
    """Score by words, figures, names, kinds, passages and documents."""
    contexts: dict[str, _Context] = {}
    best: dict[str, float] = {}
    for passage in passages:
        contexts[passage.chunk.id] = _context(passage, terms)
        document = passage.document.id
        best[document] = max(best.get(document, 0.0), passage.score)
    found = []
    for unit in units(passages):
        parts = _parts(asked, unit, contexts[unit.passage.chunk.id], terms)
        parts["document"] = best[unit.passage.document.id]
        parts = {name: value for name, value in parts.items() if name in WEIGHTS}
        total = sum(WEIGHTS[name] * value for name, value in parts.items())
        text = unit.passage.chunk.sentence(unit.span)
        found.append(Evidence("", unit.span, text, unit.passage, total, parts, unit.core))
    return found


def _context(passage: Passage, terms: Terms) -> _Context:
    document, headings = passage.document, " › ".join(passage.chunk.headings)
    titles = title_terms(document, terms)
    return _Context(frozenset(terms(headings)), titles, [*figures(headings), *titles])


def title_terms(document: Document, terms: Terms) -> frozenset[str]:
    """List the terms and figures of what a document is called: title, file and folder."""
    path, title = PurePosixPath(document.path), document.title or ""
    names = name_terms(path.stem, terms) | name_terms(path.parent.name, terms)
    return frozenset(names | {*terms(title), *figures(title)})


def _parts(asked: Asked, unit: Unit, context: _Context, terms: Terms) -> dict[str, float]:
    """Measure a unit; what has no weight is not computed."""
    own, lead = frozenset(terms(unit.text)), frozenset(terms(unit.lead))
    below = own | lead | context.headings
    around = below | context.titles
    passage = unit.passage
    weights, mass = asked.query.weights, asked.query.mass or 1.0
    measures: dict[str, Callable[[], float]] = {
        "lexical": lambda: asked.share(own),
        "led": lambda: asked.share(own | lead),
        "below": lambda: asked.share(below),
        "context": lambda: asked.share(around),
        "density": lambda: asked.share(own) / math.log1p(2 + len(own)),
        "figures": lambda: _lacking(asked, (unit.text, unit.lead), context.figures),
        "own_figures": lambda: _lacking(asked, (unit.text,)),
        "names": lambda: sum(weights[term] for term in asked.names - around) / mass,
        "named": lambda: (asked.documents or {}).get(passage.document.id, 0.0),
        "opens": lambda: float(unit.opens),
        "bare": lambda: float(own <= weights.keys()),
        "length": lambda: math.log1p(len(unit.text.split())),
        "key": lambda: passage.scores.get(FIELD, 0.0),
        "passage": lambda: passage.score,
        "passage_dense": lambda: passage.scores.get(DENSE, 0.0),
        "passage_lexical": lambda: passage.scores.get(LEXICAL, 0.0),
    }
    parts = {name: measure() for name, measure in measures.items() if name in WEIGHTS}
    kinds = {kind.name.lower(): kind for kind in Kind if kind is not Kind.PROSE}
    return parts | {n: float(unit.kind is kind) for n, kind in kinds.items() if n in WEIGHTS}


def _lacking(asked: Asked, texts: Iterable[str], known: Sequence[str] = ()) -> float:
    """Return the share of the question's figures that are neither in the texts nor known."""
    if not asked.figures:
        return 0.0
    given = [*(figure for text in texts for figure in figures(text)), *known]
    return len(missing(asked.figures, given)) / len(asked.figures)


def _with(
    evidence: Sequence[Evidence],
    name: str,
    measure: Callable[[Sequence[Evidence]], Scores],
    depth: int,
) -> list[Evidence]:
    """Add a part to the scores of the `depth` best, and put all in order again.

    Those that are not measured count as the worst of those that are.
    """
    if not evidence:
        return []
    values = [float(value) for value in measure(evidence[:depth])]
    values += [min(values)] * (len(evidence) - len(values))
    found = [
        replace(
            item,
            score=item.score + WEIGHTS[name] * value,
            scores={**item.scores, name: value} if at < depth else item.scores,
        )
        for at, (item, value) in enumerate(zip(evidence, values, strict=True))
    ]
    return sorted(found, key=_by_score)


def _judged(
    evidence: Sequence[Evidence], asked: Asked, terms: Terms, ranker: Ranker
) -> list[Evidence]:
    """Add what the ranker says of the evidence that it reads, and put all in order again.

    What it leaves unread counts as the worst that it read. All parts of a row of a table count as
    the best of them, since only one of them has the name of the row. The short answer in a row is
    the cell whose column the question names: a reader takes one number for another.
    """
    shown = [candidate(item.passage, item.sentence) for item in evidence]
    found = ranker.judge(asked.query.text, shown)
    scores = [None if one is None else _within(one.score) for one in found]
    worst = min((score for score in scores if score is not None), default=0.0)
    worst_short = min((one.short_score for one in found if one is not None), default=0.0)
    rows = [_row(item) for item in evidence]
    best: dict[tuple[str, int], float] = {}
    for row, score in zip(rows, scores, strict=True):
        if row and score is not None:
            best[row] = max(score, best.get(row, score))
    judged = []
    for item, row, score, one in zip(evidence, rows, scores, found, strict=True):
        parts = {
            RANKER: best.get(row, worst) if row else worst if score is None else score,
            SHORT: worst_short if one is None else one.short_score,
        }
        total = item.score + sum(WEIGHTS[name] * value for name, value in parts.items())
        if one is None:
            judged.append(replace(item, score=total))
            continue
        short = one.short and one.short.moved(item.passage.chunk.span.start)
        if row and (cells := _cells(item)):
            short = _asked_cell(item, asked, cells, terms)
        judged.append(replace(item, score=total, scores={**item.scores, **parts}, short=short))
    return sorted(judged, key=_by_score)


def _within(score: float) -> float:
    return max(-_MOST, min(_MOST, score))


def _row(item: Evidence) -> tuple[str, int] | None:
    """Name the row of a table that a unit is in."""
    document = item.passage.document
    block = document.structure.block_at(item.sentence.start)
    return (document.id, block.span.start) if block and block.kind is Kind.ROW else None


def _asked_cell(item: Evidence, asked: Asked, cells: Cells, terms: Terms) -> Span | None:
    """Find the value in a row whose column the question names more than any other."""
    shares = sorted(
        ((asked.share(frozenset(terms(name))), value) for name, value in cells),
        key=lambda one: -one[0],
    )
    if not shares[0][0] or (len(shares) > 1 and shares[0][0] == shares[1][0]):
        return None
    return shares[0][1].moved(item.sentence.start)


def _cells(item: Evidence) -> Cells:
    """List the cells of a row that have a name, in the row or in the line of names above it."""
    text = item.passage.chunk.sentence(item.sentence)
    if named := [(cell["column"], Span(*cell.span("value"))) for cell in _CELL.finditer(text)]:
        return named
    above = item.passage.chunk.sentence(Span(item.span.start, item.sentence.start))
    head = above.partition("\n")[0]
    names, values = plain_cells(head), plain_cells(text)
    # The first column, of what the rows are about, may have no name.
    if len(names) < len(values) - 1 or not 1 < len(names) <= len(values):
        return []
    return [
        (name.of(head), value) for name, value in zip(names, values[-len(names) :], strict=True)
    ]


def _once(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Leave out what better evidence shows already: its core, or most of its span."""
    kept: list[Evidence] = []
    shown: dict[str, list[Span]] = {}
    for item in evidence:
        spans = shown.setdefault(item.passage.document.id, [])
        if any(_shows(span, item) for span in spans):
            continue
        spans.append(item.span)
        kept.append(item)
    return kept


def _shows(span: Span, item: Evidence) -> bool:
    return span.covers(item.sentence) or span.overlap(item.span) > _SAME * len(item.span)


def _of(cosines: Mapping[str, Scores], item: Evidence) -> float:
    """Look up a sentence by its place in its chunk."""
    chunk = item.passage.chunk
    return float(cosines[chunk.id][chunk.sentences.index(item.sentence)])


def _by_score(item: Evidence) -> float:
    return -item.score


def candidate(passage: Passage, span: Span) -> Candidate:
    """Show a sentence of a passage as a ranker sees it."""
    chunk, document = passage.chunk, passage.document
    place = span.moved(-chunk.span.start)
    context = dict.fromkeys((document.title or document.path, *chunk.headings))
    return Candidate(chunk.text, place, " › ".join(context))


def coverage(query: Query, terms: Sequence[str]) -> float:
    """Return the share, by weight, of the query's terms that a text holds; 0 to 1."""
    if not query.weights:
        return 0.0
    return sum(query.weights[term] for term in {*terms} & query.weights.keys()) / query.mass
