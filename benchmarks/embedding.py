"""Measure how many tokens a second are embedded, against sentence-transformers on torch.

    python benchmarks/embedding.py                 # the text in seeds/
    python benchmarks/embedding.py FOLDER          # all .txt and .md files of a folder

Both embed the same chunks with the same weights in this one process, in turns, so that whatever
else the machine does hits both. sentence-transformers gets the batch size that is fastest for it.
Prints the tokens per second of each round, their medians, and the ratio.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from askdoc.models import embedder as embedders
from askdoc.text.chunking import Budget, chunk, sentence_spans
from askdoc.text.sentences import split
from askdoc.types import Reading, Span
from askdoc.types.ports import Embedder

sys.path.append(str(Path(__file__).parents[1] / "training"))
from base import base_folder

SEEDS = Path(__file__).parent.parent / "seeds"
BATCH_SIZES = (4, 8, 16, 32, 64)


def read_chunks(folder: Path, embedder: Embedder, tokens: int, limit: int) -> list[str]:
    """Cut the text files of a folder into chunks as indexing does; at most `limit` of them."""
    found: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".txt", ".md"):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        reading = Reading(text, (Span(0, len(text)),))
        sentences = sentence_spans(reading, split, "en")
        chunks = chunk(
            reading,
            sentences,
            path.name,
            budget=Budget(tokens),
            count_tokens=embedder.count_tokens,
        )
        found.extend(one.text for one in chunks)
        if len(found) >= limit:
            break
    return found[:limit]


def timed(run: Callable[[], object]) -> tuple[float, float]:
    """Run once; return seconds on the clock and seconds of processor time."""
    wall, processor = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - processor


def best_batch_size(model: SentenceTransformer, texts: Sequence[str]) -> int:
    """Find the batch size with which sentence-transformers is fastest on some of the texts."""
    sample = list(texts[:: max(1, len(texts) // 64)])
    seconds = {
        size: min(timed(lambda size=size: encode(model, sample, size))[0] for _ in range(2))  # type: ignore[misc]
        for size in BATCH_SIZES
    }
    return min(seconds, key=lambda size: seconds[size])


def encode(model: SentenceTransformer, texts: Sequence[str], batch_size: int) -> np.ndarray:
    """Embed as sentence-transformers does; it sorts by length itself."""
    return model.encode(
        list(texts),
        batch_size=batch_size,
        normalize_embeddings=True,
        show_progress_bar=False,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=SEEDS)
    parser.add_argument("--chunk-tokens", type=int, default=160)
    parser.add_argument("--chunks", type=int, default=200, help="how many chunks to embed")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    embedder = embedders.load(listen=print)
    texts = read_chunks(options.folder, embedder, options.chunk_tokens, options.chunks)
    tokens = sum(embedder.count_tokens(texts))
    model = SentenceTransformer(str(base_folder()), device="cpu", local_files_only=True)
    size = best_batch_size(model, texts)
    cosines = np.sum(embedder.embed_passages(texts) * encode(model, texts, size), axis=1)
    print(f"{len(texts)} chunks, {tokens} tokens, {os.cpu_count()} cores")
    print(f"sentence-transformers: best batch size {size}")
    print(f"cosine of the two: mean {cosines.mean():.4f}, least {cosines.min():.4f}")

    rates: dict[str, list[tuple[float, float]]] = {"torch": [], "askdoc": []}
    for number in range(1, options.rounds + 1):
        for name, run in (
            ("torch", lambda: encode(model, texts, size)),
            ("askdoc", lambda: embedder.embed_passages(texts)),
        ):
            wall, processor = timed(run)
            rates[name].append((tokens / wall, tokens / processor))
        torch_rate, own_rate = rates["torch"][-1][0], rates["askdoc"][-1][0]
        print(
            f"round {number}: torch {torch_rate:,.0f} tokens/s, askdoc {own_rate:,.0f} tokens/s, "
            f"{own_rate / torch_rate:.2f} times"
        )
    for index, what in enumerate(("by the clock", "by processor time")):
        one, other = (
            statistics.median(rate[index] for rate in rates[name]) for name in ("torch", "askdoc")
        )
        print(f"median {what}: {one:,.0f} and {other:,.0f} tokens/s, {other / one:.2f} times")


if __name__ == "__main__":
    main()
