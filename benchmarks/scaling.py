"""Measure how an index grows: build, open, search, update and delete at any number of passages.

    python benchmarks/scaling.py 10000 100000           # one after the other
    python benchmarks/scaling.py 1000000 --folder F     # keep what is built in F

Documents of 20 passages of about 100 words are generated, seeded: words follow Zipf's law over a
vocabulary of half a million, and each document has a topic whose words it repeats. They go through
the project's own catalog and vector store in groups, as indexing writes them. The first passages
get the default embedder's vectors, the others random ones of unit length, the worst case for a
graph of neighbours. What reading costs is measured in processes of their own: `cold` with the
files dropped from the machine's memory, `warm` with them there. Each figure is printed as soon as
it is known.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache, partial
from importlib import resources
from pathlib import Path

import numpy as np

from askdoc import app, workspace
from askdoc.index.embed import remove_obsolete
from askdoc.store import embedded
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Chunk, Document, Span, Stamp
from askdoc.workspace import Workspace

PER_DOCUMENT = 20
WORDS, SENTENCE = 100, 17
VOCABULARY = 500_000
TOPIC, TOPICAL = 40, 0.25
GROUP = 256
REAL = 2000
QUERIES = 200
NEAREST = 50
DIMENSIONS = 384


class Texts:
    """The generated text: any document at any time, the same at each run."""

    def __init__(self) -> None:
        known = resources.files("askdoc").joinpath("data/words_en.txt").read_text().split()
        random = np.random.default_rng(1)
        letters = np.array(list("etaoinshrdlucmfwypvbgk"))
        lengths = random.integers(5, 12, VOCABULARY)
        made = letters[random.integers(0, len(letters), int(lengths.sum()))]
        ends = np.cumsum(lengths)
        rare = ("".join(made[end - n : end]) for end, n in zip(ends, lengths, strict=True))
        self.words = [*known, *rare][:VOCABULARY]
        analyser = SnowballAnalyser()
        self.terms = [" ".join(analyser.terms(word, "en")) for word in self.words]
        share = 1 / (np.arange(VOCABULARY) + 2.7)
        self._shares = np.cumsum(share / share.sum())

    def _draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        return np.minimum(np.searchsorted(self._shares, random.random(count)), VOCABULARY - 1)

    def document(self, number: int, version: int = 0) -> tuple[Document, str, list[Chunk], list]:
        """Make a document with its text, its chunks, and the words of each chunk."""
        random = np.random.default_rng([number, version])
        drawn = self._draw(random, PER_DOCUMENT * WORDS)
        topic = 1000 + self._draw(random, TOPIC)
        topical = random.random(len(drawn)) < TOPICAL
        drawn[topical] = topic[random.integers(0, TOPIC, int(topical.sum()))] % VOCABULARY
        name = f"document-{number:07}.txt"
        key = hashlib.blake2b(name.encode(), digest_size=8).hexdigest()
        parts: list[str] = []
        chunks: list[Chunk] = []
        position = 0
        for first in range(0, len(drawn), WORDS):
            spans: list[Span] = []
            start = position
            for at in range(first, first + WORDS, SENTENCE):
                words = drawn[at : min(at + SENTENCE, first + WORDS)]
                sentence = " ".join([self.words[word] for word in words]) + "."
                parts.append(sentence)
                spans.append(Span(position, position + len(sentence)))
                position += len(sentence) + 1
            span = Span(start, position - 1)
            text = " ".join(parts[-len(spans) :])
            digest = hashlib.blake2b(f"{key}{span}{version}".encode(), digest_size=16).hexdigest()
            chunks.append(Chunk(digest, key, span, text, tuple(spans)))
        whole = " ".join(parts)
        stamp = Stamp(len(whole), version, hashlib.sha256(whole.encode()).hexdigest())
        document = Document(key, name, name, ".", name, None, len(whole), stamp, (), "en")
        return document, whole, chunks, np.split(drawn, PER_DOCUMENT)


def vectors_for(numbers: np.ndarray) -> np.ndarray:
    """Make a random unit vector for each number."""
    random = np.random.default_rng([3, int(numbers[0])])
    vectors = random.normal(size=(len(numbers), DIMENSIONS)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Builder:
    """Writes documents as indexing does, in groups, and keeps count of where time goes.

    Time is that of the processors, all threads together: on a machine that others use too, the
    time on the wall says little. Without `vectors` the catalog is written alone.
    """

    def __init__(self, here: Workspace, texts: Texts, *, vectors: bool) -> None:
        self._texts = texts
        self._catalog = app.open_catalog(here, write=True)
        self._vectors = embedded.open_to_write(here.index) if vectors else None
        self.seconds = {"catalog": 0.0, "vectors": 0.0}
        self.wall = -time.perf_counter()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self._ended = before.ru_utime + before.ru_stime

    def count(self) -> int:
        """Count the documents that are there: a build that was broken off goes on behind them."""
        return self._catalog.counts().documents

    def write(self, numbers: range, *, real: int = 0, version: int = 0) -> None:
        """Write documents; the first `real` passages get the embedder's vectors."""
        step = GROUP // PER_DOCUMENT
        for first in range(numbers.start, numbers.stop, step):
            group = range(first, min(first + step, numbers.stop))
            made = [self._texts.document(number, version) for number in group]
            chunks = [chunk for item in made for chunk in item[2]]
            passages = np.arange(len(chunks)) + group.start * PER_DOCUMENT
            if self._vectors is None:
                pass
            elif passages[0] < real:
                vectors = embed([chunk.text for chunk in chunks])
            else:
                vectors = vectors_for(passages + 10_000_000 * version)
            started = time.process_time()
            with self._catalog.transaction():
                for document, text, own, words in made:
                    self._catalog.stage(document)
                    self._catalog.append(document.id, text)
                    terms = [" ".join(self._texts.terms[w] for w in part) for part in words]
                    self._catalog.extend(document.id, own, terms)
            between = time.process_time()
            if self._vectors is not None:
                self._vectors.add([c.id for c in chunks], [c.document_id for c in chunks], vectors)
            after = time.process_time()
            self._catalog.publish([item[0].id for item in made])
            then = time.process_time()
            self._clean_up()
            self.seconds["catalog"] += between - started + then - after
            self.seconds["vectors"] += after - between + time.process_time() - then

    def drop(self, count: int) -> None:
        """Delete every tenth of the first `count` documents."""
        places = [self._texts.document(number)[0].location for number in range(0, count, 10)]
        started = time.process_time()
        for first in range(0, len(places), 100):
            self._catalog.release(places[first : first + 100])
        between = time.process_time()
        self._clean_up()
        self.seconds["catalog"] += between - started
        self.seconds["vectors"] += time.process_time() - between

    def close(self) -> None:
        """Fold the vectors' log and close."""
        started = time.process_time()
        if self._vectors is not None:
            self._vectors.close()
            ended = resource.getrusage(resource.RUSAGE_CHILDREN)  # the process that keeps vectors
            self.seconds["vectors"] += ended.ru_utime + ended.ru_stime - self._ended
        self.seconds["vectors"] += time.process_time() - started
        self._catalog.close()
        self.wall += time.perf_counter()

    def _clean_up(self) -> None:
        if self._vectors is not None:
            remove_obsolete(self._catalog, self._vectors)
        else:
            self._catalog.clear_obsolete(self._catalog.obsolete())


def embed(passages: list[str]) -> np.ndarray:
    """Embed with the default embedder."""
    return _embedder().embed_passages(passages)


@cache
def _embedder() -> object:
    from askdoc.models.embedder import load

    return load()


def build(here: Workspace, texts: Texts, passages: int, real: int, *, dense: bool) -> None:
    """Build, and say how fast and how large."""
    documents = passages // PER_DOCUMENT
    embedded = min(real // PER_DOCUMENT, documents) if dense else 0
    builder = Builder(here, texts, vectors=dense)
    had = builder.count()
    builder.write(range(had, embedded), real=real)
    builder.seconds = dict.fromkeys(builder.seconds, 0.0)
    rest = range(max(had, embedded), documents)
    tell_every = max(1, len(rest) // 10)
    for first in range(rest.start, rest.stop, tell_every):
        builder.write(range(first, min(first + tell_every, rest.stop)))
        clock = f"{builder.wall + time.perf_counter():.0f} s"
        print(f"  {first * PER_DOCUMENT:,} … {clock}", file=sys.stderr, flush=True)
    builder.close()
    written = len(rest) * PER_DOCUMENT
    for name, seconds in builder.seconds.items():
        if seconds > 1e-3:
            rate = written / seconds
            tell(f"write, {name}", f"{rate:,.0f} passages/s of processor ({seconds:.1f} s)")
    tell("write, on the wall", f"{builder.wall:.0f} s, with making the texts")
    tell("memory of the writer", memory())
    text = sum(len(texts.document(n)[1]) for n in range(0, documents, 100)) * 100
    for name in ("catalog.sqlite", "chroma"):
        place = here.index / name
        files = place.rglob("*") if place.is_dir() else [place]
        size = sum(file.stat().st_size for file in files)
        tell(f"size of {name}", f"{size / 1e6:,.0f} MB ({size / text:.2f} times the text)")


def change(here: Workspace, texts: Texts, passages: int, *, dense: bool) -> None:
    """Change 1 % of the documents, then delete 10 %, and say how long each took."""
    documents = passages // PER_DOCUMENT
    builder = Builder(here, texts, vectors=dense)
    some = range(documents // 2, documents // 2 + documents // 100)
    builder.write(some, version=1)
    builder.close()
    tell("update of 1 %", _each(builder))
    builder = Builder(here, texts, vectors=dense)
    builder.drop(documents)
    builder.close()
    tell("deletion of 10 %", _each(builder))


def _each(builder: Builder) -> str:
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in builder.seconds.items())
    return f"{parts} of processor; {builder.wall:.1f} s on the wall"


def measure(here: Workspace, texts: Texts, passages: int, *, dense: bool) -> None:
    """Open the index as a question does and search it; in a fresh process."""
    import chromadb  # noqa: F401 - loading it is not opening

    documents = passages // PER_DOCUMENT
    random = np.random.default_rng(5)
    asked = [question(texts, int(n)) for n in random.integers(0, documents, QUERIES)]
    near = [
        near_to_none(int(n)) for n in random.integers(min(REAL, passages // 2), passages, QUERIES)
    ]
    before = resident()
    catalog = timed("open the catalog", lambda: app.open_catalog(here))
    timed("count documents and passages", catalog.counts)
    vectors = timed("open the vectors", lambda: app.open_vectors(here, catalog)) if dense else None
    timed("first lexical search", lambda: catalog.search(asked[0], NEAREST))
    if vectors:
        timed("first dense search", lambda: vectors.search(near[0], NEAREST))
    tell("memory of a reader", f"{(resident() - before) / 1e6:,.0f} MB above an empty one")
    several("lexical search", lambda n: catalog.search(asked[n], NEAREST))
    several("term frequencies", lambda n: catalog.frequencies(asked[n]))
    if vectors:
        several("dense search", lambda n: vectors.search(near[n], NEAREST))
    several("load ten passages", lambda n: _load(catalog, catalog.search(asked[n], 10)))
    for count in (10, documents // 10):
        few = [texts.document(number)[0].id for number in range(count)]
        find = partial(catalog.search, limit=NEAREST, documents=few)
        several(f"lexical in {count:,} documents", lambda n, find=find: find(asked[n]), 40)
        if vectors:
            near_by = partial(vectors.search, limit=NEAREST, documents=few)
            several(f"dense in {count:,} documents", lambda n, find=near_by: find(near[n]), 10)
    if vectors:
        vectors.close()
    catalog.close()


def _load(catalog: object, hits: list) -> None:
    chunks = catalog.chunks([hit.chunk_id for hit in hits])
    catalog.documents({chunk.document_id for chunk in chunks})


def question(texts: Texts, number: int) -> list[str]:
    """Choose six words of one of a document's sentences, as a question does."""
    random = np.random.default_rng([4, number])
    words = texts.document(number)[3][int(random.integers(0, PER_DOCUMENT))][:SENTENCE]
    return " ".join(texts.terms[w] for w in random.choice(words, 10)).split()[:6]


def near_to_none(number: int) -> np.ndarray:
    """Make a random vector to search for; none of the stored ones is near it."""
    return vectors_for(np.array([20_000_000 + number]))[0]


def several(name: str, search: Callable[[int], object], count: int = QUERIES) -> None:
    """Time a search over many queries, and tell the median and the 95th percentile."""
    wall, work = [], []
    for number in range(count):
        started, before = time.perf_counter(), time.process_time()
        search(number)
        wall.append(time.perf_counter() - started)
        work.append(time.process_time() - before)
    figures = (
        f"{half:.1f} / {most:.1f}"
        for half, most in (np.percentile(seconds, [50, 95]) * 1e3 for seconds in (wall, work))
    )
    tell(name, " ms, of processor ".join(figures) + " ms (p50 / p95)")


def timed(name: str, call: Callable[[], object]) -> object:
    """Time one call and tell."""
    started, before = time.perf_counter(), time.process_time()
    found = call()
    wall, work = time.perf_counter() - started, time.process_time() - before
    tell(name, f"{wall * 1e3:.1f} ms, of processor {work * 1e3:.1f} ms")
    return found


def tell(name: str, figure: str) -> None:
    """Print a figure."""
    print(f"{name:36} {figure}", flush=True)


def resident() -> int:
    """Count the bytes of memory that this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def memory() -> str:
    """Tell the most memory that this process has had."""
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB at most"


def forget(folder: Path) -> None:
    """Drop the files in a folder, and nothing else, from the machine's memory."""
    os.sync()
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb") as stream:
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def run(folder: Path, passages: int, *options: str) -> None:
    """Build an index of so many passages and measure it, each step in a process of its own."""
    (folder / workspace.FOLDER_NAME).mkdir(parents=True, exist_ok=True)
    here = workspace.find(folder, environment={})
    for step in ("build", "cold", "warm", "change", "changed"):
        print(f"\n{passages:,} passages: {step}", flush=True)
        if step == "cold":
            forget(here.index)
        command = [sys.executable, __file__, str(passages), "--folder", str(folder)]
        subprocess.run([*command, *options, "--step", step], check=True)


def main() -> None:
    """Measure each of the sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("passages", nargs="+", type=int)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--real", type=int, default=REAL, help="passages with real vectors")
    parser.add_argument("--no-vectors", action="store_true", help="the catalog alone")
    parser.add_argument("--step", choices=["build", "cold", "warm", "change", "changed"])
    chosen = parser.parse_args()
    if chosen.step:
        here = workspace.find(chosen.folder, environment={})
        [passages], dense = chosen.passages, not chosen.no_vectors
        match chosen.step:
            case "build":
                build(here, Texts(), passages, chosen.real, dense=dense)
            case "change":
                change(here, Texts(), passages, dense=dense)
            case _:
                measure(here, Texts(), passages, dense=dense)
        return
    with tempfile.TemporaryDirectory() as scratch:
        for passages in chosen.passages:
            folder = (chosen.folder or Path(scratch)).absolute() / str(passages)
            options = ["--real", str(chosen.real), *(["--no-vectors"] * chosen.no_vectors)]
            run(folder, passages, *options)


if __name__ == "__main__":
    main()
