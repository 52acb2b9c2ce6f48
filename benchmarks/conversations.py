"""Measure whether the questions before help to find the passage of a follow-up.

    python benchmarks/conversations.py SUITE.jsonl DOCUMENTS [LIMIT]

There are no human conversations at hand, so they are made of a suite: questions about one document,
one after the other. `shortened` is a question without the words of the document's title that a
question before has, as a person leaves out what was said. `whole` is it as it stands, and `other
topic` is it after questions about another document, where the questions before can only harm.

What this cannot tell: how people really go on. They use pronouns, ask `why?`, and change the topic
half-way.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from askdoc import app, workspace
from askdoc.ask import retrieve
from askdoc.ask.retrieve import EARLIER, Query, in_conversation
from askdoc.evals import bench
from askdoc.evals import suite as suites
from askdoc.evals.grade import GoldFinder, hits
from askdoc.text.mentions import words
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Chunk, EvalCase

if TYPE_CHECKING:
    from askdoc.types.ports import CatalogReader, Embedder, VectorStore

CUT = 10
WAYS = ("question alone", "words of the questions before", "and their vectors")


def main() -> None:
    """Rank the passages for every question in every way, and print the means."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suite", type=Path)
    parser.add_argument("documents", type=Path)
    parser.add_argument("limit", type=int, nargs="?")
    chosen = parser.parse_args()
    suite, limit = suites.load(chosen.suite), chosen.limit
    place = bench.on_documents(workspace.find(Path.cwd()), chosen.documents)
    with app.indexer(place) as indexer:
        indexer.sync([chosen.documents.absolute()])
    with app.open_catalog(place) as catalog, closing(app.open_vectors(place, catalog)) as vectors:
        measure(suite.cases, limit, catalog, vectors, app.embedder(place))


def measure(
    cases: Sequence[EvalCase],
    limit: int | None,
    catalog: CatalogReader,
    vectors: VectorStore,
    embedder: Embedder,
) -> None:
    """Print recall and mean reciprocal rank for each kind of conversation and each way."""
    analyser, gold = SnowballAnalyser(), GoldFinder(catalog)

    def query(text: str) -> Query:
        terms, vector = analyser.question_terms(text, "en"), embedder.embed_queries([text])[0]
        return retrieve.prepare(
            text, terms, vector, catalog, lambda term: analyser.commonness(term, "en"), most=64
        )

    talks = conversations(cases)[:limit]
    for kind in ("shortened", "whole", "other topic"):
        ranks: dict[str, list[int | None]] = {way: [] for way in WAYS}
        for number, (case, before, short) in enumerate(talks):
            if kind == "shortened" and short is None:
                continue
            other = talks[(number + len(talks) // 2) % len(talks)][1]
            asked = query(short if kind == "shortened" and short else case.question)
            earlier = [query(one) for one in (other if kind == "other topic" else before)]
            joined = in_conversation(asked, earlier)
            queries = (asked, replace(joined, vector=asked.vector), joined)
            for way, one in zip(WAYS, queries, strict=True):
                found = retrieve.gather(one, catalog, vectors, limit=CUT)
                places = (n for n, p in enumerate(found, 1) if holds(p.chunk, case, gold))
                ranks[way].append(next(places, None))
        print(f"\n{kind}, {len(ranks[WAYS[0]])} questions")
        for way, got in ranks.items():
            recall = np.mean([rank is not None for rank in got])
            mrr = np.mean([1 / rank if rank else 0 for rank in got])
            print(f"  {way:32} recall@{CUT} {recall:.3f}  MRR {mrr:.3f}")


def conversations(cases: Sequence[EvalCase]) -> list[tuple[EvalCase, list[str], str | None]]:
    """List later questions about a document with those before, the latest first, and shortened."""
    about: dict[str, list[EvalCase]] = defaultdict(list)
    for case in cases:
        if case.evidence:
            about[case.evidence[0].document].append(case)
    found = []
    for document, asked in about.items():
        title = {word.lower() for word in words(Path(document).stem.replace("_", " "))}
        for number in range(len(EARLIER), len(asked)):
            before = [one.question for one in asked[number - len(EARLIER) : number]][::-1]
            said = {word.lower() for text in before for word in words(text)}
            left_out = title & said
            kept = [w for w in asked[number].question.split() if not _is(w, left_out)]
            short = " ".join(kept) if len(kept) < len(asked[number].question.split()) else None
            found.append((asked[number], before, short))
    return found


def holds(chunk: Chunk, case: EvalCase, gold: GoldFinder) -> bool:
    """Tell whether a sentence of the chunk is gold."""
    return any(
        place.document_id == chunk.document_id and hits(sentence, place.span)
        for item in case.evidence
        for place in gold.places(item)
        for sentence in chunk.sentences
    )


def _is(word: str, left_out: set[str]) -> bool:
    return bool(left_out.intersection(part.lower() for part in words(word)))


if __name__ == "__main__":
    main()
