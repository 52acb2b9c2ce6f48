"""Put the same generated passages into a folder and into PostgreSQL, and measure both in one run.

    python -m benchmarks.shared_scaling 10000 100000

The text is that of `scaling.py`; vectors are random ones of unit length, the worst case for a graph
of neighbours. PostgreSQL with pgvector comes from Debian's packages; the script starts a server of
its own in a temporary folder, with the settings of the package, and asks it by a Unix socket.

A question is what the finder retrieves for it: six terms and a vector, both searches, their fusion,
and the ten best passages with their texts. Each is asked of both stores, in turns first, so that a
busy machine slows down both alike. `cold` is the first question of a process whose files are
dropped from the machine's memory, with the time to open the index; the server was started again
before. Processor time is that of all threads and processes, without the server's background ones.
"""

from __future__ import annotations

import argparse
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from benchmarks.scaling import (
    GROUP,
    NEAREST,
    PER_DOCUMENT,
    Texts,
    forget,
    near_to_none,
    question,
    tell,
    vectors_for,
)
from tests.postgres import Server, serving

from askdoc import app, workspace
from askdoc.app.opening import database_of
from askdoc.ask.retrieve import gather, prepare
from askdoc.index.embed import remove_obsolete
from askdoc.store import embedded
from askdoc.store.postgres.catalog import PostgresCatalog
from askdoc.store.postgres.library import writing
from askdoc.store.postgres.vectors import PostgresVectors
from askdoc.types import Chunk, Document, Passage
from askdoc.workspace import Workspace

QUESTIONS = 100
FILTERED = 30
WARM_UP = 10
PASSAGES = 10
GROUPED = "legal"
QUESTION = "question.pickle"

Asked = tuple[list[str], np.ndarray]


@dataclass(frozen=True, slots=True)
class Made:
    """Documents that are written together, the terms of their chunks, and the vectors."""

    documents: list[tuple[Document, str, list[Chunk], list[str]]]
    vectors: np.ndarray

    @property
    def chunks(self) -> list[Chunk]:
        """The chunks of all documents."""
        return [chunk for _, _, chunks, _ in self.documents for chunk in chunks]

    @property
    def ids(self) -> list[str]:
        """The ids of the documents."""
        return [document.id for document, *_ in self.documents]


def make(texts: Texts, passages: int) -> list[Made]:
    """Generate the passages."""
    documents, step = passages // PER_DOCUMENT, GROUP // PER_DOCUMENT
    made = []
    for first in range(0, documents, step):
        own = []
        for number in range(first, min(first + step, documents)):
            document, text, chunks, words = texts.document(number)
            terms = [" ".join(texts.terms[word] for word in part) for part in words]
            own.append((document, text, chunks, terms))
        numbers = np.arange(len(own) * PER_DOCUMENT) + first * PER_DOCUMENT
        made.append(Made(own, vectors_for(numbers)))
    return made


def write_folder(here: Workspace, made: Sequence[Made]) -> None:
    """Write as indexing does: each group is staged, its vectors are stored, and it is published."""
    catalog, vectors = app.open_catalog(here, write=True), embedded.open_to_write(here.index)
    for group in made:
        with catalog.transaction():
            stage(catalog, group)
        chunks = group.chunks
        vectors.add([c.id for c in chunks], [c.document_id for c in chunks], group.vectors)
        catalog.publish(group.ids)
        remove_obsolete(catalog, vectors)
    vectors.close()
    catalog.close()


def write_database(here: Workspace, made: Sequence[Made]) -> None:
    """Write as indexing does: all groups are staged, and one transaction publishes them."""
    database = database_of(here)
    assert database is not None
    with writing(database, "benchmark") as run:
        catalog = PostgresCatalog(database, here.root, write=True, run=run)
        arriving = PostgresVectors.of(catalog, write=True, into="staged_vectors")
        vectors = PostgresVectors.of(catalog, write=True)
        with timing("  of it, stage"):
            for group in made:
                chunks = group.chunks
                with catalog.staging():
                    stage(catalog, group)
                    arriving.add(
                        [c.id for c in chunks], [c.document_id for c in chunks], group.vectors
                    )
                    for document, *_ in group.documents:
                        catalog.complete(document)
        with timing("  of it, publish"):
            catalog.publish([key for group in made for key in group.ids])
        with timing("  of it, build the graph"):
            vectors.close()
        with timing("  of it, tidy up"):
            catalog.close()


def stage(catalog: object, group: Made) -> None:
    """Stage the documents of a group."""
    for document, text, chunks, terms in group.documents:
        catalog.stage(document)
        catalog.append(document.id, text)
        catalog.extend(document.id, chunks, terms)


@contextmanager
def timing(name: str) -> Iterator[None]:
    """Tell how long a step takes."""
    started = time.perf_counter()
    yield
    tell(name, f"{time.perf_counter() - started:.1f} s")


def served(server: Server) -> float:
    """Return the processor seconds of the server's processes, ended ones too."""
    main = (server.folder / "data" / "postmaster.pid").read_text().split()[0]
    running = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    ticks = 0
    for number in (main, *running):
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def own() -> float:
    """Return the processor seconds of this process, and of those that it has started."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def build(folder: Workspace, database: Workspace, made: Sequence[Made], server: Server) -> None:
    """Write to both, one after the other, and tell rate and size."""
    passages = sum(len(group.chunks) for group in made)
    text = sum(len(text) for group in made for _, text, *_ in group.documents)
    tell("text", f"{text / 1e6:,.0f} MB")
    for name, here in (("folder", folder), ("database", database)):
        before, server_before, started = own(), served(server), time.perf_counter()
        if here is folder:
            write_folder(here, made)
        else:
            write_database(here, made)
        wall = time.perf_counter() - started
        spent = f"{own() - before:.0f} s"
        if here is database:
            spent += f", of the server {served(server) - server_before:.0f} s"
        tell(f"write, {name}", f"{passages / wall:,.0f} passages/s ({wall:.0f} s)")
        tell("  processor", spent)
        with closing(app.open_catalog(here)) as catalog:
            size = catalog.size()
        tell(f"size, {name}", f"{size / 1e6:,.0f} MB, {size / passages / 1e3:.1f} KB a passage")


class Store:
    """An open index that is asked as the finder asks it."""

    def __init__(self, here: Workspace) -> None:
        self._catalog = app.open_catalog(here)
        self._vectors = app.open_vectors(here, self._catalog)

    def ask(self, asked: Asked, documents: Collection[str] | None = None) -> list[Passage]:
        """Retrieve the best passages."""
        terms, vector = asked
        query = prepare("", terms, vector, self._catalog, lambda _: 0.0, most=64)
        found = gather(query, self._catalog, self._vectors, limit=PASSAGES, documents=documents)
        self._catalog.rest()
        return found

    def nearest(self, vector: np.ndarray) -> set[str]:
        """Return the ids of the nearest passages."""
        return {hit.chunk_id for hit in self._vectors.search(vector, NEAREST)}

    def close(self) -> None:
        """Close the index."""
        self._vectors.close()
        self._catalog.close()


def questions(texts: Texts, passages: int, count: int, seed: int = 5) -> list[Asked]:
    """Make questions: words of one sentence, and a random vector."""
    numbers = np.random.default_rng(seed).integers(0, passages // PER_DOCUMENT, count)
    return [(question(texts, int(n)), near_to_none(1000 * seed + i)) for i, n in enumerate(numbers)]


def alternately(
    name: str,
    one: Store,
    other: Store,
    asked: Sequence[Asked],
    server: Server,
    documents: Collection[str] | None = None,
) -> None:
    """Ask both stores the same questions in turns, and tell the times and how they compare."""
    taken: dict[int, list[float]] = {0: [], 1: []}
    worked = {0: 0.0, 1: 0.0}
    equal = 0
    before = served(server)
    for number, each in enumerate(asked):
        found = {}
        for which in (0, 1) if number % 2 else (1, 0):
            started, worked_before = time.perf_counter(), time.process_time()
            found[which] = (one, other)[which].ask(each, documents)
            taken[which].append(time.perf_counter() - started)
            worked[which] += time.process_time() - worked_before
        first, second = ([passage.chunk.id for passage in found[which]] for which in (0, 1))
        equal += first == second
    shown = [np.percentile(taken[which][WARM_UP:], [50, 95]) * 1e3 for which in (0, 1)]
    ratio = np.median(np.array(taken[1][WARM_UP:]) / np.array(taken[0][WARM_UP:]))
    figures = " ms, database ".join(f"{half:.1f} / {most:.1f}" for half, most in shown)
    tell(name, f"folder {figures} ms (p50 / p95); median ratio {ratio:.2f}")
    worked[1] += served(server) - before
    each_took = [worked[which] / len(asked) * 1e3 for which in (0, 1)]
    tell("  processor", f"folder {each_took[0]:.1f} ms, database {each_took[1]:.1f} ms")
    tell("  the same ten passages", f"{equal} of {len(asked)}")


def share_found(stores: Sequence[Store], made: Sequence[Made], asked: Sequence[Asked]) -> None:
    """Compare the nearest vectors that each store finds with those of an exact search."""
    ids = np.array([chunk.id for group in made for chunk in group.chunks])
    vectors = np.concatenate([group.vectors for group in made])
    found = [0, 0]
    for _, vector in asked:
        exact = set(ids[np.argpartition(-(vectors @ vector), NEAREST)[:NEAREST]])
        for which, store in enumerate(stores):
            found[which] += len(exact & store.nearest(vector))
    shares = [count / (NEAREST * len(asked)) for count in found]
    tell(f"found of the {NEAREST} nearest", f"folder {shares[0]:.3f}, database {shares[1]:.3f}")


def warm(
    folder: Workspace, database: Workspace, made: Sequence[Made], texts: Texts, server: Server
) -> None:
    """Ask both stores, in everything and in some documents."""
    passages = sum(len(group.chunks) for group in made)
    asked = questions(texts, passages, QUESTIONS + WARM_UP)
    ids = [key for group in made for key in group.ids]
    with closing(Store(folder)) as one, closing(Store(database)) as other:
        alternately("warm question", one, other, asked, server)
        share_found((one, other), made, asked[:FILTERED])
        some = questions(texts, passages, FILTERED + WARM_UP, seed=6)
        for count in (10, len(ids) // 10):
            alternately(f"in {count} documents", one, other, some, server, ids[:count])


def grouped(database: Workspace, made: Sequence[Made], texts: Texts) -> None:
    """Give a tenth of the documents to a group, and ask as a member and as a stranger."""
    passages = sum(len(group.chunks) for group in made)
    places = [document.location for group in made for document, *_ in group.documents][::10]
    wanted = set(places)
    with closing(app.open_catalog(database, write=True)) as catalog:
        catalog.restrict({place: [GROUPED] for place in places})
        catalog.regroup(lambda place: [GROUPED] if place in wanted else [])
    asked = questions(texts, passages, FILTERED + WARM_UP, seed=7)
    for name, groups in (("a member", (GROUPED,)), ("a stranger", ())):
        here = workspace.find(
            database.root, overrides={"index": database.database, "groups": groups}
        )
        with closing(Store(here)) as store:
            taken = []
            for each in asked:
                started = time.perf_counter()
                store.ask(each)
                taken.append(time.perf_counter() - started)
        half, most = np.percentile(taken[WARM_UP:], [50, 95]) * 1e3
        tell(f"a tenth is for a group, {name}", f"database {half:.1f} / {most:.1f} ms (p50 / p95)")


def cold(here: Workspace) -> None:
    """Tell the time of the first question of this process."""
    import chromadb  # noqa: F401 - loading it is not opening

    asked = pickle.loads((here.root / QUESTION).read_bytes())  # noqa: S301 - made by `run`
    started = time.perf_counter()
    store = Store(here)
    opened = time.perf_counter()
    store.ask(asked)
    done = time.perf_counter()
    print(f"{(done - started) * 1e3:.0f} ms, of which opening {(opened - started) * 1e3:.0f} ms")
    store.close()


def run(root: Path, passages: int, texts: Texts) -> None:
    """Measure one size."""
    root.mkdir()
    print(f"\n{passages:,} passages, load {os.getloadavg()[0]:.0f}", flush=True)
    made = make(texts, passages)
    with serving("") as server:
        (root / workspace.FOLDER_NAME).mkdir()
        folder = workspace.find(root, environment={})
        database = workspace.find(root, overrides={"index": server.address()})
        build(folder, database, made, server)
        server.run("pg_ctl", "-D", str(server.folder / "data"), "-m", "fast", "-w", "stop")
        forget(folder.index)
        forget(server.folder)
        server.start()
        (root / QUESTION).write_bytes(pickle.dumps(questions(texts, passages, 1, seed=8)[0]))
        for name, index in (("folder", str(folder.index)), ("database", database.database)):
            command = [sys.executable, "-m", "benchmarks.shared_scaling", str(passages)]
            done = subprocess.run(
                [*command, "--cold", str(index), "--folder", str(root)],
                check=True,
                capture_output=True,
                text=True,
            )
            tell(f"cold question, {name}", done.stdout.strip())
        warm(folder, database, made, texts, server)
        grouped(database, made, texts)
    print(f"load {os.getloadavg()[0]:.0f}", flush=True)


def main() -> None:
    """Measure each of the sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("passages", nargs="+", type=int)
    parser.add_argument("--cold", metavar="INDEX", help="only ask the first question of this index")
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    if chosen.cold:
        here = workspace.find(chosen.folder, overrides={"index": chosen.cold})
        cold(here)
        return
    texts = Texts()
    with tempfile.TemporaryDirectory() as scratch:
        for passages in chosen.passages:
            run(Path(scratch) / str(passages), passages, texts)


if __name__ == "__main__":
    main()
