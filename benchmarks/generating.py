"""Compares answers by a language model with extractive ones on a set of questions.

    python benchmarks/generating.py smollm2-135m path/to/suite.jsonl --workspace DIR --cases 200

The workspace is one whose index holds the set's documents. For each of the cases drawn at random:
does the answer cite a gold sentence, by extraction and by the model; how many claims were shown,
how many withheld, and how long the first took. `--keep FILE` writes every claim with its sentences,
for a reader to judge. A model is `good_enough` when evidence, wrong claims and abstention are at
least as good as by extraction.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from pathlib import Path

from askdoc import wiring, workspace
from askdoc.types import Answer


def cites_gold(answer: Answer, case: dict) -> bool:
    """Tell whether the answer cites any of the case's gold sentences."""
    for citation in answer.citations:
        cited = " ".join(citation.quote.split())
        for gold in case["evidence"]:
            quote = " ".join(gold["quote"].split())
            if citation.document.path == gold["document"] and (quote in cited or cited in quote):
                return True
    return False


def kept(case: dict, answer: Answer) -> dict:
    """Return what a reader needs to judge the claims of an answer."""
    quotes = {citation.label: citation.quote for citation in answer.citations}
    claims = [
        {
            "text": claim.text,
            "support": claim.support,
            "sources": [quotes[n] for n in claim.citations],
        }
        for claim in answer.claims
    ]
    withheld = answer.generation.withheld if answer.generation else ()
    return {
        "question": case["question"],
        "claims": claims,
        "withheld": [{"text": claim.text, "reasons": claim.reasons} for claim in withheld],
    }


def main() -> None:
    """Run the comparison and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("llm")
    parser.add_argument("suite", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path())
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()

    cases = [json.loads(line) for line in options.suite.read_text().splitlines()]
    cases = [case for case in cases if case.get("answerable", True) and case.get("evidence")]
    random.Random(options.seed).shuffle(cases)  # noqa: S311 - a sample, not a secret
    cases = cases[: options.cases]

    plain = workspace.find(options.workspace, overrides={"llm": "extractive"})
    written = workspace.find(options.workspace, overrides={"llm": options.llm})
    hits = {"extraction": 0, options.llm: 0}
    counts = {"abstained": 0, "fell back": 0, "shown": 0, "partial": 0, "withheld": 0}
    waits: list[float] = []
    records = []
    with wiring.answerer(plain) as one, wiring.answerer(written) as two:
        for case in cases:
            by_hand, by_model = one.answer(case["question"]), two.answer(case["question"])
            hits["extraction"] += cites_gold(by_hand, case)
            hits[options.llm] += cites_gold(by_model, case)
            generation = by_model.generation
            if generation is None:
                counts["abstained"] += 1
                continue
            counts["fell back"] += generation.fallback is not None
            counts["withheld"] += len(generation.withheld)
            own = () if generation.fallback else by_model.claims
            counts["shown"] += len(own)
            counts["partial"] += sum(claim.support != "supported" for claim in own)
            if generation.spent.first_claim_seconds is not None:
                waits.append(generation.spent.first_claim_seconds)
            records.append(kept(case, by_model))
    for name, count in hits.items():
        print(f"cites a gold sentence, {name}: {count}/{len(cases)} = {count / len(cases):.3f}")
    for name, count in counts.items():
        print(f"{name}: {count}")
    if waits:
        print(f"seconds to the first claim, median: {statistics.median(waits):.2f}")
    if options.keep:
        options.keep.write_text("".join(json.dumps(record) + "\n" for record in records))


if __name__ == "__main__":
    main()
