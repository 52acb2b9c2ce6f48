"""Compare the two rules of fusion: how often the passage with the gold sentence comes first.

    python benchmarks/fusion.py SUITE.jsonl DOCUMENTS [LIMIT]

Both rules join the same rankings of the same questions, so the comparison is paired. Prints the
shares, each retriever's alone beside them, and the cases in which only one of the rules is right.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from askdoc import app, workspace
from askdoc.ask import retrieve
from askdoc.evals import bench
from askdoc.evals import suite as suites
from askdoc.evals.grade import GoldFinder, hits
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Chunk, EvalCase, Hit


def main() -> None:
    """Rank every case by both rules and print the shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suite", type=Path)
    parser.add_argument("documents", type=Path)
    parser.add_argument("limit", type=int, nargs="?")
    chosen = parser.parse_args()
    suite, limit = suites.load(chosen.suite), chosen.limit
    cases = [case for case in suites.choose(suite, limit=limit, seed=1).cases if case.evidence]
    place = bench.on_documents(workspace.find(Path.cwd()), chosen.documents)
    with app.indexer(place) as indexer:
        indexer.sync([chosen.documents.absolute()])
    right = rank_all(cases, place)
    for name, outcomes in right.items():
        print(f"{name:16} {sum(outcomes) / len(outcomes):.3f}")
    pairs = list(zip(right["weighted sum"], right["reciprocal rank"], strict=True))
    print(f"only weighted sum right: {pairs.count((True, False))}, ", end="")
    print(f"only reciprocal rank right: {pairs.count((False, True))}, of {len(pairs)}")


def rank_all(cases: list[EvalCase], place: workspace.Workspace) -> dict[str, list[bool]]:
    """Tell for each rule and case whether the first passage holds gold."""
    analyser = SnowballAnalyser()
    outcomes: dict[str, list[bool]] = {}
    with (
        app.open_catalog(place) as catalog,
        closing(app.open_vectors(place, catalog)) as vectors,
    ):
        gold = GoldFinder(catalog)
        embedder = app.embedder(place)
        embedded = embedder.embed_queries([case.question for case in cases])
        for case, vector in zip(cases, embedded, strict=True):
            query = retrieve.prepare(
                case.question,
                analyser.question_terms(case.question, "en"),
                vector,
                catalog,
                lambda term: analyser.commonness(term, "en"),
                most=64,
            )
            rankings = retrieve.rank(query, catalog, vectors, retrieve.DEPTH)
            orders = {
                "dense": [hit.chunk_id for hit in rankings[retrieve.DENSE]],
                "BM25": [hit.chunk_id for hit in rankings[retrieve.LEXICAL]],
                "reciprocal rank": reciprocal_rank(rankings),
                "weighted sum": [
                    f.chunk_id
                    for f in retrieve.weighted(rankings, retrieve.WEIGHTS, retrieve.DEPTH)
                ],
            }
            for name, order in orders.items():
                first = catalog.chunks(order[:1])
                outcomes.setdefault(name, []).append(bool(first) and holds(first[0], case, gold))
    return outcomes


def reciprocal_rank(rankings: Mapping[str, Sequence[Hit]]) -> list[str]:
    """Order chunks by the sum of 1 / (60 + rank): Cormack, Clarke and Büttcher, SIGIR 2009."""
    scores: dict[str, float] = {}
    for ranked in rankings.values():
        for rank, hit in enumerate(ranked, start=1):
            scores[hit.chunk_id] = scores.get(hit.chunk_id, 0.0) + 1 / (60 + rank)
    return sorted(scores, key=lambda chunk_id: -scores[chunk_id])


def holds(chunk: Chunk, case: EvalCase, gold: GoldFinder) -> bool:
    """Tell whether a sentence of the chunk is gold."""
    return any(
        place.document_id == chunk.document_id and hits(sentence, place.span)
        for item in case.evidence
        for place in gold.places(item)
        for sentence in chunk.sentences
    )


if __name__ == "__main__":
    main()
