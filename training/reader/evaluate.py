"""Measure the reader: over what askdoc finds, short answers, near misses, and its time.

    python training/reader/evaluate.py collect INDEX DOCS SUITE.jsonl OUT.pickle [--held-out SET]
    python training/reader/evaluate.py suites MODEL_FOLDER COLLECTED.pickle...
    python training/reader/evaluate.py spans MODEL_FOLDER DATA
    python training/reader/evaluate.py misses MODEL_FOLDER DATA
    python training/reader/evaluate.py time MODEL_FOLDER COLLECTED.pickle

`collect` asks every question of a suite over an index of DOCS and keeps what askdoc looked at, with
its scores. `suites` has the reader read the best eight passages and adds its scores, in several
weights, to those of askdoc, with and without today's ranker.
"""

from __future__ import annotations

import argparse
import gzip
import json
import pickle
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from encode import Encoded, Encoder, Floats, best_span, context_of, unit_scores
from examples import bare, sentences
from tokenizers import Tokenizer

from askdoc import app, workspace
from askdoc.ask.rank import RANKER, WEIGHTS
from askdoc.errors import AskdocError
from askdoc.evals import suite as suites
from askdoc.evals.grade import GoldFinder, met
from askdoc.models.onnx import on_each_core, open_session
from askdoc.models.ranker import IDS, MODEL, TOKENIZER, TYPES

sys.path.append(str(Path(__file__).parents[1] / "ranker"))
from groups import held_out

READ = 8
SWEEP = (0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
SHOWN, FEW = ("today", "reader 0.3", "reader 0.5", "both 0.3", "both 0.5", "both 1.0"), 8
"""Ways of scoring that are told by kind of question, and how many questions of a kind it takes."""


@dataclass(slots=True)
class Looked:
    """A passage that was found, and its sentences as ranges of characters in it."""

    context: str
    text: str
    units: list[tuple[int, int]]


@dataclass(slots=True)
class Seen:
    """A sentence that was looked at: its passages and places there, and whether it is gold.

    `today` is its score in askdoc, `score` the same without the ranker, and `ranker` the ranker's.
    """

    places: list[tuple[int, int]]
    today: float
    score: float
    ranker: float
    gold: bool


@dataclass(slots=True)
class Asked:
    """A question of a suite with what was looked at, best first."""

    suite: str
    question: str
    tags: tuple[str, ...]
    answerable: bool
    passages: list[Looked]
    sentences: list[Seen]


class OnnxReader:
    """Reads with an exported model."""

    def __init__(self, folder: Path) -> None:
        self.encoder = Encoder(Tokenizer.from_file(str(folder / TOKENIZER)))
        self._session = open_session(folder / MODEL)

    def encode(self, question: str, passages: Sequence[Looked]) -> list[Encoded]:
        """Write a question over passages."""
        texts = [question, *(text for p in passages for text in (p.context, p.text))]
        asked, *rest = self.encoder.tokens(texts)
        return [
            self.encoder.encode(asked.ids, context.ids, text, passage.units)
            for passage, context, text in zip(passages, rest[::2], rest[1::2], strict=True)
        ]

    def read(self, sequence: Encoded) -> list[np.ndarray]:
        """Return units, starts, ends, not here, yes."""
        ids, types = (np.array([row], np.int64) for row in (sequence.ids, sequence.types))
        return self._session.run(None, {IDS: ids, TYPES: types})

    def all(self, question: str, passages: Sequence[Looked]) -> list[list[np.ndarray]]:
        """Read passages on all cores."""
        return on_each_core(self.read, self.encode(question, passages))


def collect(index: Path, docs: Path, suite: Path, only: str | None, name: str) -> Iterator[Asked]:
    """Ask the questions of a suite; with `only`, those on held-out documents of that set."""
    place = replace(
        workspace.find(Path("/tmp")),  # noqa: S108 - a folder without settings
        root=docs.resolve(),
        config=None,
        index=index,
        sources=(docs.resolve(),),
    )
    with app.open_catalog(place) as catalog, app.answerer(place) as answerer:
        finder = GoldFinder(catalog)
        for case in suites.load(suite).cases:
            if only and not (case.evidence and held_out(only, case.evidence[0].document)):
                continue
            try:
                needs = finder.needs(case)
            except AskdocError:
                print(f"no gold: {case.question}")
                continue
            found = answerer.evidence(case.question)
            passages = {item.passage.chunk.id: item.passage for item in found}
            order = sorted(passages.values(), key=lambda passage: -passage.score)
            looked, where = [], {}
            for at, passage in enumerate(order):
                chunk, document = passage.chunk, passage.document
                units = [
                    (s.start - chunk.span.start, s.end - chunk.span.start) for s in chunk.sentences
                ]
                for unit, span in enumerate(chunk.sentences):
                    where.setdefault((document.id, span), []).append((at, unit))
                title = document.title or document.path
                looked.append(Looked(context_of(title, chunk.headings), chunk.text, units))
            worst = min(
                (item.scores[RANKER] for item in found if RANKER in item.scores), default=0.0
            )
            seen = [
                Seen(
                    where[item.passage.document.id, item.sentence],
                    item.score,
                    item.score - WEIGHTS[RANKER] * item.scores.get(RANKER, worst),
                    item.scores.get(RANKER, worst),
                    bool(met(item.passage.document.id, item.span, needs)),
                )
                for item in found
            ]
            yield Asked(name, case.question, tuple(case.tags), case.answerable, looked, seen)


def auroc(right: Sequence[float], wrong: Sequence[float]) -> float:
    """How often a right one has more than a wrong one."""
    both = np.concatenate([right, wrong])
    order = both.argsort(kind="stable")
    ranks = np.empty(len(both))
    ranks[order] = np.arange(len(both))
    for value in np.unique(both):
        same = both == value
        ranks[same] = ranks[same].mean()
    count = len(right)
    return float((ranks[:count].sum() - count * (count - 1) / 2) / (count * len(wrong)))


@dataclass(slots=True)
class Ranked:
    """What the reader makes of the questions of one suite.

    `ranks` holds, for each way of scoring, the rank of the best gold sentence, from 0. `reader` and
    `ranker` hold the best score of each for answerable questions and for near misses.
    """

    name: str
    ranks: dict[str, list[int]]
    tags: list[tuple[str, ...]]
    reader: tuple[list[float], list[float]]
    ranker: tuple[list[float], list[float]]


def on_suites(reader: OnnxReader, paths: Sequence[Path], most: int) -> None:
    """Print gold first and in five, with today's ranker and with the reader, in several weights."""
    found = [rank(reader, path, most) for path in paths]
    for suite in found:
        right, wrong = suite.reader
        told = f"{suite.name}: {len(right)} questions, best score below 0 for {below(right):.3f}"
        if wrong:
            told += f"; {len(wrong)} near misses, AUROC {auroc(right, wrong):.3f}"
            told += f" (today's ranker {auroc(*suite.ranker):.3f})"
        print(told)
    print(f"{'':12}" + "".join(f"{suite.name[-12:]:>15}" for suite in found) + f"{'mean':>15}")
    for way in found[0].ranks:
        shares = [[share(suite.ranks[way], most) for suite in found] for most in (1, 5)]
        cells = [*zip(*shares, strict=True), [np.mean(column) for column in shares]]
        print(f"{way:12}" + "".join(f"    {first:.3f} {five:.3f}" for first, five in cells))
    print(f"by kind, gold first: {', '.join(SHOWN)}")
    for tag in sorted({tag for suite in found for tags in suite.tags for tag in tags}):
        own = [
            [
                rank
                for suite in found
                for rank, tags in zip(suite.ranks[way], suite.tags, strict=True)
                if tag in tags
            ]
            for way in SHOWN
        ]
        if len(own[0]) >= FEW:
            print(
                f"  {tag} ({len(own[0])}): {', '.join(f'{share(ranks, 1):.2f}' for ranks in own)}"
            )


def rank(reader: OnnxReader, path: Path, most: int) -> Ranked:
    """Read the best passages of each question of a collected suite."""
    with path.open("rb") as file:
        asked: list[Asked] = pickle.load(file)  # noqa: S301 - our own file
    suite = Ranked(path.stem, {}, [], ([], []), ([], []))
    for item in asked[:most]:
        if not item.sentences:
            continue
        own, ranker = read_values(reader, item), np.array([s.ranker for s in item.sentences])
        side = 0 if item.answerable else 1
        suite.reader[side].append(float(own.max()))
        suite.ranker[side].append(float(ranker.max()))
        if item.answerable:
            suite.tags.append(item.tags)
            for way, total in ways(item, own).items():
                suite.ranks.setdefault(way, []).append(rank_of_gold(item, total))
    return suite


def read_values(reader: OnnxReader, item: Asked) -> Floats:
    """Return the reader's score of each sentence; the worst where it did not read one."""
    sequences = reader.encode(item.question, item.passages[:READ])
    read = on_each_core(reader.read, sequences)
    scores = [unit_scores(s, found[0]) for s, found in zip(sequences, read, strict=True)]
    values = np.array(
        [
            np.max([scores[at][unit] for at, unit in seen.places if at < READ], initial=-np.inf)
            for seen in item.sentences
        ]
    )
    known = np.isfinite(values)
    values[~known] = values[known].min(initial=0)
    return values.clip(-8, 8).astype(np.float32)


def ways(item: Asked, own: Floats) -> dict[str, Floats]:
    """Score the sentences in all ways that are compared."""
    words = np.array([seen.score for seen in item.sentences])
    today = np.array([seen.today for seen in item.sentences])
    found = {"no ranker": words, "today": today}
    for weight in SWEEP:
        found[f"reader {weight}"] = words + weight * own
        found[f"both {weight}"] = today + weight * own
    return found


def rank_of_gold(item: Asked, total: Floats) -> int:
    """Return the rank of the best gold sentence, from 0; very low where there is none."""
    hits = np.flatnonzero([item.sentences[at].gold for at in np.argsort(-total, kind="stable")])
    return int(hits[0]) if len(hits) else 10**6


def share(ranks: Sequence[int], most: int) -> float:
    """Return the share of ranks among the first `most`."""
    return float(np.mean(np.array(ranks) < most))


def below(scores: Sequence[float]) -> float:
    """Return the share of scores below 0, which say that rather nothing answers."""
    return float(np.mean(np.array(scores) < 0))


def rows(path: Path) -> Iterator[dict]:
    """Read compressed JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def cut(title: str, text: str, most: int = 900) -> list[Looked]:
    """Cut a text into passages of whole sentences."""
    units = sentences(text)
    passages, first = [], 0
    for at in range(1, len(units) + 1):
        if at == len(units) or units[at][1] - units[first][0] > most:
            start, end = units[first][0], units[at - 1][1]
            own = [(a - start, b - start) for a, b in units[first:at]]
            passages.append(Looked(title, text[start:end], own))
            first = at
    return passages


def short(text: str) -> str:
    """Compare answers as SQuAD does: without articles, case and punctuation."""
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return " ".join(word for word in words if word not in ("a", "an", "the"))


def on_spans(reader: OnnxReader, data: Path, most: int) -> None:
    """Print how often the short answer is right, on held-out articles of squad_train_du44.

    The right passage stands among three others of its article.
    """
    folder = data / "training/reading"
    texts = {row["pid"]: row for row in rows(folder / "squad_train_du44.passages.jsonl.gz")}
    asked = [
        row
        for row in rows(folder / "squad_train_du44.questions.jsonl.gz")
        if held_out("squad_train_du44", texts[row["pid"]]["title"])
    ]
    random.seed(2)
    asked = random.sample(asked, min(most, len(asked)))
    own: dict[str, list[str]] = {}
    for pid, row in texts.items():
        own.setdefault(row["title"], []).append(pid)
    counts: Counter[str] = Counter()
    for row in asked:
        passage = texts[row["pid"]]
        others = [pid for pid in own[passage["title"]] if pid != row["pid"]]
        pids = [row["pid"], *random.sample(others, min(3, len(others)))]
        looked = [cut(passage["title"], texts[pid]["text"]) for pid in pids]
        parts = [part for passages in looked for part in passages]
        sequences = reader.encode(row["question"], parts)
        read = list(zip(parts, sequences, map(reader.read, sequences), strict=True))
        right = short(row["answers"][0]["text"])
        for prefix, known in (("", read), ("its passage alone: ", read[: len(looked[0])])):
            sentence, said = short_answer(known)
            counts[f"{prefix}sentence"] += f" {right} " in f" {short(sentence)} "
            counts[f"{prefix}exact"] += said == right
            counts[f"{prefix}right answer in what is said"] += f" {right} " in f" {said} "
            counts[f"{prefix}one in the other"] += near(said, right)
    print(f"squad_train_du44, {len(asked)} questions")
    for name, count in counts.items():
        print(f"  {name}: {count / len(asked):.3f}")


def short_answer(read: Sequence[tuple[Looked, Encoded, list[Floats]]]) -> tuple[str, str]:
    """Return the best sentence of some passages, and the best span in it, as it is compared."""
    best, sentence, said = -np.inf, "", ""
    for looked, sequence, found in read:
        values = unit_scores(sequence, found[0])
        unit = int(np.nanargmax(values))
        if values[unit] > best:
            span = best_span(sequence, found[1], found[2], unit)
            best, sentence = values[unit], looked.text[slice(*looked.units[unit])]
            said = short(looked.text[span.start : span.end])
    return sentence, said


def near(said: str, right: str) -> bool:
    """Tell whether one answer holds the other and is not much longer."""
    long = len(said.split()) > 3 * len(right.split()) + 3
    inside = f" {right} " in f" {said} " or f" {said} " in f" {right} "
    return bool(said) and inside and not long


def on_misses(reader: OnnxReader, data: Path, most: int) -> None:
    """Print how well answerable and unanswerable questions of unansq_dev are told apart."""
    folder = data / "training/reading"
    texts = {row["pid"]: row["text"] for row in rows(folder / "unansq_dev.passages.jsonl.gz")}
    asked = list(rows(folder / "unansq_dev.questions.jsonl.gz"))
    known = {row["id"]: row for row in asked}
    chosen = random.Random(2).sample([row for row in asked if row["answerable"]], min(most, 1800))
    signals: dict[str, tuple[list[float], list[float]]] = {}
    first = 0
    for row in (each for right in chosen for each in (right, known.get(right["pair"])) if each):
        looked = cut("", texts[row["pid"]])
        sequences = reader.encode(row["question"], looked)
        read = list(zip(looked, sequences, map(reader.read, sequences), strict=True))
        if row["answerable"]:
            first += bare(row["sentence"]["text"]) in bare(short_answer(read)[0])
        for name, value in signals_of([(s, found) for _, s, found in read]).items():
            signals.setdefault(name, ([], []))[not row["answerable"]].append(value)
    print(f"unansq_dev, {len(chosen)} pairs: right sentence first {first / len(chosen):.3f}")
    for name, (answerable, not_) in signals.items():
        print(f"  AUROC of {name}: {auroc(answerable, not_):.3f}")


def signals_of(read: Sequence[tuple[Encoded, list[Floats]]]) -> dict[str, float]:
    """Return what may tell whether some passages answer; more means rather yes."""
    units = [float(np.nanmax(unit_scores(sequence, found[0]))) for sequence, found in read]
    spans = [best_span(sequence, found[1], found[2]).score for sequence, found in read]
    here = [unit - float(found[3][0]) for unit, (_, found) in zip(units, read, strict=True)]
    unit, span, over = max(units), max(spans), max(here)
    return {
        "best unit": unit,
        "best span over none": span,
        "best unit over not here": over,
        "mean of the three": (unit + span / 2 + over) / 3,
    }


def timed(reader: OnnxReader, path: Path) -> None:
    """Print how long it takes to read the best eight passages of a question, on all cores."""
    with path.open("rb") as file:
        asked: list[Asked] = pickle.load(file)  # noqa: S301 - our own file
    lengths, took = [], []
    for item in asked[:120]:
        started = time.perf_counter()
        sequences = reader.encode(item.question, item.passages[:READ])
        on_each_core(reader.read, sequences)
        took.append(time.perf_counter() - started)
        lengths += [len(sequence) for sequence in sequences]
    tokens, (middle, late) = np.median(lengths), np.percentile(took, [50, 95]) * 1000
    print(f"{path.stem}: {READ} passages, {tokens:.0f} tokens each (p50)")
    print(f"  p50 {middle:.0f} ms, p95 {late:.0f} ms a question")


def main() -> None:
    """Run one of the evaluations."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("collect")
    for name in ("index", "docs", "suite", "out"):
        command.add_argument(name, type=Path)
    command.add_argument("--held-out")
    command = commands.add_parser("suites")
    command.add_argument("model", type=Path)
    command.add_argument("collected", type=Path, nargs="+")
    command.add_argument("--most", type=int, default=10**6, help="questions of each, the first")
    for name in ("spans", "misses"):
        command = commands.add_parser(name)
        command.add_argument("model", type=Path)
        command.add_argument("data", type=Path)
        command.add_argument("--most", type=int, default=2000)
    command = commands.add_parser("time")
    command.add_argument("model", type=Path)
    command.add_argument("collected", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "collect":
        found = list(
            collect(
                arguments.index,
                arguments.docs,
                arguments.suite,
                arguments.held_out,
                arguments.out.stem,
            )
        )
        with arguments.out.open("wb") as file:
            pickle.dump(found, file)
        print(f"{arguments.out.stem}: {len(found)} questions")
        return
    reader = OnnxReader(arguments.model)
    if arguments.command == "suites":
        on_suites(reader, arguments.collected, arguments.most)
    elif arguments.command == "spans":
        on_spans(reader, arguments.data, arguments.most)
    elif arguments.command == "misses":
        on_misses(reader, arguments.data, arguments.most)
    else:
        timed(reader, arguments.collected)


if __name__ == "__main__":
    main()
