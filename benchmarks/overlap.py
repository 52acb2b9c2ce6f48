"""What indexing costs beyond its embedding, and what embedding costs beyond onnxruntime.

    python benchmarks/overlap.py FOLDER --rounds 3

Each round, one after the other so that whatever else the machine does hits all three:

- `onnxruntime`: the tokens of all passages go through the compiled model, a passage on each core;
- `embedding`: the embedder is given the passages as text, as indexing gives them;
- `index`: `askdoc index` in a process of its own, from nothing: reads, cuts, embeds, writes both
  halves of the index.

The passages are those that the first index holds. Prints seconds of each, and the two ratios.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from askdoc import app, workspace
from askdoc.index.embed import passages
from askdoc.models.manifest import INPUT, MODEL, TOKENIZER
from askdoc.models.onnx import OnnxEmbedder, open_session
from askdoc.system.limits import cores


def index(folder: Path, root: Path) -> None:
    """Index `folder` from nothing into a workspace at `root`."""
    command = [sys.executable, "-m", "askdoc", "index", str(folder), "--index", str(root / "index")]
    subprocess.run(command, check=True, cwd=root, stdout=subprocess.DEVNULL)


def read(root: Path) -> list[str]:
    """List the texts that were embedded for the index at `root`."""
    here = workspace.find(root, overrides={"index": str(root / "index")}, environment={})
    with app.open_catalog(here) as catalog:
        return [text for document in catalog.documents() for _, text in passages(catalog, document)]


def bare(embedder: OnnxEmbedder, folder: Path, texts: list[str]) -> Callable[[], object]:
    """Make ready what runs the model on the tokens of all texts and does nothing else."""
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.enable_truncation(embedder.manifest.max_length)
    encodings = tokenizer.encode_batch_fast(texts)
    fed = [{INPUT: np.array([encoding.ids], dtype=np.int64)} for encoding in encodings]
    session = open_session(folder / MODEL)
    pool = ThreadPoolExecutor(cores())
    return lambda: list(pool.map(lambda one: session.run(None, one)[0][0], fed))


def seconds(run: Callable[[], object]) -> float:
    """Time one run by the clock."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder = given.folder.absolute()
    with tempfile.TemporaryDirectory() as scratch:
        first = Path(scratch) / "first"
        first.mkdir()
        index(folder, first)
        texts = read(first)
        embedder = app.embedder(workspace.find(first, environment={}))
        if not isinstance(embedder, OnnxEmbedder):
            parser.error("the embedder is not compiled on this machine")
        raw = bare(embedder, embedder.folder, texts)
        taken: dict[str, list[float]] = {"onnxruntime": [], "embedding": [], "index": []}
        for number in range(given.rounds):
            root = Path(scratch) / str(number)
            root.mkdir()
            taken["onnxruntime"].append(seconds(raw))
            taken["embedding"].append(seconds(lambda: embedder.embed_passages(texts)))
            taken["index"].append(seconds(lambda root=root: index(folder, root)))
            print("  ".join(f"{name} {times[-1]:.1f} s" for name, times in taken.items()))
    load = os.getloadavg()[0]
    print(f"{len(texts):,} passages, {cores()} cores, load {load:.1f}")
    for one, other in (("embedding", "onnxruntime"), ("index", "embedding")):
        ratios = [a / b for a, b in zip(taken[one], taken[other], strict=True)]
        each = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        print(f"{one} / {other}: {statistics.median(ratios):.2f} ({each})")


if __name__ == "__main__":
    main()
