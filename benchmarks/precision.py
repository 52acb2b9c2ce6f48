"""Compare the compiled embedder with torch in 32 bits: how often the gold sentence stands first.

    python benchmarks/precision.py SUITE.jsonl --workspace DIR --cases 800

The workspace is one whose index holds the suite's documents. The same questions are answered twice,
from the same passages: with the vectors of the compiled model, and with those that
sentence-transformers makes of the same weights on torch. Everything else is the same: both sets of
vectors are searched exactly, so that only their precision can make a difference.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from sentence_transformers import SentenceTransformer

from askdoc import app, workspace
from askdoc.ask.answer import Parts
from askdoc.ask.memo import RememberingEmbedder
from askdoc.evals.grade import GoldFinder, grade
from askdoc.evals.suite import load
from askdoc.index.embed import passages
from askdoc.testing import MemoryVectors
from askdoc.types.ports import Embedder

sys.path.append(str(Path(__file__).parents[1] / "training"))
from base import base_folder

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix


class TorchEmbedder:
    """The default embedder as sentence-transformers runs it; counts tokens as the other does."""

    def __init__(self, like: Embedder) -> None:
        self._model = SentenceTransformer(str(base_folder()), device="cpu", local_files_only=True)
        self._like = like
        self.name, self.fingerprint = like.name, "torch"
        self.dimensions, self.max_tokens = like.dimensions, like.max_tokens

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text."""
        return self._like.count_tokens(texts)

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Embed texts; shape (len(texts), dimensions)."""
        vectors = self._model.encode(
            list(texts), batch_size=16, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)

    embed_queries = embed_passages


def main() -> None:
    """Answer the cases with both and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path())
    parser.add_argument("--cases", type=int, default=800)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()

    cases = [case for case in load(options.suite).cases if case.answerable and case.evidence]
    cases = random.Random(options.seed).sample(cases, min(options.cases, len(cases)))
    here = workspace.find(options.workspace, overrides={"llm": "extractive"})
    hits: dict[str, list[float]] = {}
    with app.open_catalog(here) as catalog:
        gold = GoldFinder(catalog)
        pairs = [pair for document in catalog.documents() for pair in passages(catalog, document)]
        for name in ("compiled", "torch"):

            def change(parts: Parts, name: str = name) -> Parts:
                own = parts.sources.embedder
                embedder = RememberingEmbedder(own if name == "compiled" else TorchEmbedder(own))
                vectors = MemoryVectors()
                embedded = embedder.embed_passages([passage for _, passage in pairs])
                ids = [chunk.id for chunk, _ in pairs]
                vectors.add(ids, [chunk.document_id for chunk, _ in pairs], embedded)
                sources = replace(parts.sources, embedder=embedder, vectors=vectors)
                return replace(parts, sources=sources)

            with app.answerer(here, change=change) as answerer:
                graded = [
                    grade(case, answerer.answer(case.question), gold, lambda _: True)
                    for case in cases
                ]
            hits[name] = [float(bool(one.evidence and one.evidence[0])) for one in graded]
            print(f"{name}: {np.mean(hits[name]):.4f} of {len(cases)}", flush=True)
    only = [sum(a > b for a, b in zip(hits[x], hits[y], strict=True)) for x, y in _WAYS]
    print(f"right by the compiled one alone: {only[0]}, by torch alone: {only[1]}")


_WAYS = (("compiled", "torch"), ("torch", "compiled"))

if __name__ == "__main__":
    main()
