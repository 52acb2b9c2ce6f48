"""Rank documents by each retriever alone and by both, on a set with relevance judgements.

    python benchmarks/documents.py SUITE.jsonl DOCUMENTS

Prints the mean ndcg@10 of dense search, BM25, and the weighted sum that askdoc uses.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from askdoc import app, workspace
from askdoc.ask import retrieve
from askdoc.ask import retrieve as fusion
from askdoc.evals import bench, suite
from askdoc.evals.scores import ndcg_at
from askdoc.text.terms import SnowballAnalyser
from askdoc.types.ports import CatalogReader

DEPTH = 10


def main() -> None:
    """Rank every case in each way and print the means."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suite", type=Path)
    parser.add_argument("documents", type=Path)
    chosen = parser.parse_args()
    analyser = SnowballAnalyser()
    cases = [case for case in suite.load(chosen.suite).cases if case.relevant]
    place = bench.on_documents(workspace.find(Path.cwd()), chosen.documents)
    with app.indexer(place) as indexer:
        indexer.sync(place.sources)
    scores: dict[str, list[float]] = {}
    with app.open_catalog(place) as catalog, closing(app.open_vectors(place, catalog)) as vectors:
        embedded = app.embedder(place).embed_queries([case.question for case in cases])
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
            joined = fusion.weighted(rankings, retrieve.WEIGHTS, retrieve.DEPTH)
            orders = {name: [hit.chunk_id for hit in hits] for name, hits in rankings.items()}
            orders["both"] = [item.chunk_id for item in joined]
            grades = {path: float(grade) for path, grade in case.relevant.items()}
            ideal = sorted(grades.values(), reverse=True)
            for name, order in orders.items():
                gains = [grades.get(path, 0.0) for path in paths(order, catalog)]
                scores.setdefault(name, []).append(ndcg_at(gains, ideal, DEPTH))
    for name, values in scores.items():
        print(f"{name:8} ndcg@{DEPTH} {sum(values) / len(values):.4f} over {len(values)} questions")


def paths(order: Iterable[str], catalog: CatalogReader) -> list[str]:
    """List the documents of chunks, each where its first chunk stands."""
    chunks = catalog.chunks(list(order))
    known = {item.id: item.path for item in catalog.documents({c.document_id for c in chunks})}
    return list(dict.fromkeys(known[chunk.document_id] for chunk in chunks))


if __name__ == "__main__":
    main()
