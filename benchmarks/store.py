"""Measure the index itself: its size, how fast it opens, what a run without changes costs, recall.

    python benchmarks/store.py              # the text in seeds/
    python benchmarks/store.py FOLDER       # any folder
    python benchmarks/store.py --of INDEX   # where the bytes of an index are, .askdoc/index say

Indexes the folder into a temporary workspace with the default embedder. Recall compares the search
of Chroma with an exact one over the same vectors; the queries are stored vectors with noise on
them. The run without changes is on 2,000 generated files, in a process of its own.
"""

from __future__ import annotations

import argparse
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from askdoc import app, workspace
from askdoc.store.chroma import ChromaStore
from askdoc.testing import HashEmbedder
from askdoc.workspace import Workspace

SEEDS = Path(__file__).parent.parent / "seeds"
NEAREST = 50
QUERIES = 200
FILES = 2000

SYNC = """
import sys, time
from pathlib import Path
from askdoc import wiring, workspace
started = time.perf_counter()
with wiring.indexer(workspace.find(Path(sys.argv[1]), environment={})) as indexer:
    report = indexer.sync()
print(f"{report.unchanged:,} unchanged files: {time.perf_counter() - started:.2f} s")
"""


_TABLES = """
SELECT name, sum(payload), sum(pgsize) FROM dbstat GROUP BY name HAVING sum(pgsize) > 40000
ORDER BY 3 DESC
"""


def measure_folder(root: Path, source: Path) -> None:
    """Index a folder and print time, sizes and recall."""
    here = open_workspace(root)
    started = time.perf_counter()
    with app.indexer(here) as indexer:
        report = indexer.sync([source])
    seconds = time.perf_counter() - started
    print(f"indexed {len(report.added):,} files, {report.chunks:,} passages: {seconds:.1f} s")
    started = time.perf_counter()
    catalog = app.open_catalog(here)
    print(f"open the catalog: {(time.perf_counter() - started) * 1000:.1f} ms")
    with catalog:
        text = sum(len(catalog.text(one.id).encode()) for one in catalog.documents())
    size = (here.index / "catalog.sqlite").stat().st_size
    vectors = sum(file.stat().st_size for file in (here.index / "chroma").rglob("*"))
    print(f"text {text:,} bytes, catalog {size:,} ({size / text:.2f} times), vectors {vectors:,}")
    measure_recall(here.index / "chroma")


def measure_recall(folder: Path) -> None:
    """Print how many of the exact nearest are found, and how long a search takes."""
    store = ChromaStore(folder)
    ids = sorted(store.ids())
    stored = store.vectors(ids)
    random = np.random.default_rng(0)
    queries = stored[random.integers(0, len(ids), QUERIES)]
    queries = queries + random.normal(scale=0.03, size=queries.shape).astype(np.float32)
    found = wanted = 0
    seconds = 0.0
    for query in queries:
        exact = {ids[row] for row in np.argsort(-(stored @ query))[:NEAREST]}
        started = time.perf_counter()
        hits = store.search(query, NEAREST)
        seconds += time.perf_counter() - started
        found += len(exact & {hit.chunk_id for hit in hits})
        wanted += len(exact)
    store.close()
    print(
        f"recall of the {NEAREST} nearest: {found / wanted:.4f}, {seconds / QUERIES * 1e3:.1f} ms"
    )


def measure_no_change(root: Path) -> None:
    """Print what bringing unchanged files up to date takes, imports included."""
    docs = root / "docs"
    docs.mkdir(parents=True)
    for number in range(FILES):
        (docs / f"file-{number}.txt").write_text(f"File {number}. It says hello.", encoding="utf-8")
    here = open_workspace(root)
    app.opening.embedder = lambda *_, **__: HashEmbedder()  # the vectors do not matter here
    with app.indexer(here) as indexer:
        indexer.sync([docs])
    for _ in range(3):
        subprocess.run([sys.executable, "-c", SYNC, str(root)], check=True)


def show_bytes(index: Path) -> None:
    """Print the bytes of each file and, of databases, of each table: as stored, and on pages."""
    files = {file: file.stat().st_size for file in sorted(index.rglob("*")) if file.is_file()}
    for file, size in files.items():
        print(f"{size:12,}  {file.relative_to(index)}")
        if file.suffix in (".sqlite", ".sqlite3"):
            with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as base:
                for name, stored, paged in base.execute(_TABLES):
                    print(f"{paged:12,}      {name}, {stored:,} stored")
                [[free]] = base.execute("PRAGMA freelist_count")
                [[page]] = base.execute("PRAGMA page_size")
                print(f"{free * page:12,}      free pages")
    print(f"{sum(files.values()):12,}  all")


def open_workspace(root: Path) -> Workspace:
    """Make a workspace in a folder."""
    (root / workspace.FOLDER_NAME).mkdir(parents=True)
    return workspace.find(root, environment={})


def main() -> None:
    """Show an index that is there, or measure a folder, then a run without changes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SEEDS)
    parser.add_argument("--of", type=Path, metavar="INDEX")
    given = parser.parse_args()
    if given.of:
        show_bytes(given.of)
        return
    folder = given.folder.absolute()
    with tempfile.TemporaryDirectory() as scratch:
        measure_folder(Path(scratch) / "folder", folder)
        measure_no_change(Path(scratch) / "unchanged")


if __name__ == "__main__":
    main()
