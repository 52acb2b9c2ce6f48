"""Collect what the ranker learns from: for each question, the sentences that are looked at.

    python training/ranker/collect.py SET_FOLDER OUT.jsonl [--within] [--limit 3600]

`SET_FOLDER` holds `suite.jsonl` and `docs/`. Each line of `OUT` is one question with its sentences,
best first by the score without a ranker, and for each whether it is the gold. With `--within` a
question looks only into the document that its case names.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

from askdoc import app, workspace
from askdoc.ask.answer import Answerer
from askdoc.ask.memo import remembering
from askdoc.ask.rank import candidate
from askdoc.evals import suite
from askdoc.evals.grade import GoldFinder, GoldMissing, met
from askdoc.types import EvalCase

SEED = 1
KEPT = 60
"""Sentences that are kept of a question."""


def main() -> None:
    """Index the documents, ask all questions, write what was looked at."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--within", action="store_true")
    parser.add_argument("--limit", type=int)
    arguments = parser.parse_args()
    cases = [case for case in suite.load(arguments.set / "suite.jsonl").cases if case.evidence]
    random.Random(SEED).shuffle(cases)
    with tempfile.TemporaryDirectory() as folder, arguments.out.open("w") as out:
        place = workspace.find(
            Path(folder), overrides={"index": f"{folder}/index", "reranker": "none"}
        )
        with app.indexer(place) as indexer:
            indexer.sync([arguments.set / "docs"])
        with app.open_catalog(place) as catalog:
            gold = GoldFinder(catalog)
            with app.answerer(place, change=remembering) as answerer:
                for case in cases[: arguments.limit]:
                    for row in ask(case, answerer, gold, within=arguments.within):
                        out.write(json.dumps({"set": arguments.set.name, **row}) + "\n")


def ask(
    case: EvalCase, answerer: Answerer, gold: GoldFinder, *, within: bool
) -> Iterator[dict[str, object]]:
    """Give the row of a case; none where its gold is not in the documents."""
    try:
        needs = gold.needs(case)
    except GoldMissing:
        return
    document = case.evidence[0].document
    scope = [found.id for found in gold.documents(document)] if within else None
    evidence = answerer.evidence(case.question, documents=scope)[:KEPT]
    sentences = []
    for item in evidence:
        shown = candidate(item.passage, item.span)
        is_gold = bool(met(item.passage.document.id, item.span, needs))
        sentences.append([shown.sentence, shown.before, shown.context, is_gold])
    yield {"document": document, "question": case.question, "sentences": sentences}


if __name__ == "__main__":
    main()
