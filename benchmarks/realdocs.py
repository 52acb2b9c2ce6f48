"""Answer every question of the corpora of real documents, and say where the right evidence stands.

    python benchmarks/realdocs.py DATA/realdocs FOLDER [--only specs] [--failures FILE]
    python benchmarks/realdocs.py DATA FOLDER --sets selqa,qed --held-out --most 300

Each corpus is a folder with `suite.jsonl` and `docs/`. `FOLDER` keeps the indexes, so that a later
run answers at once. For each corpus and each tag the table says

    first     gold evidence is the first of the evidence
    five      gold evidence is among the first five
    cited     gold evidence is cited
    answered  share of answerable questions that are answered, or of which it is unsure
    refused   share of the other questions that are refused, or of which it is unsure
    auroc     how well the confidence tells the two apart

`--held-out` leaves out questions on documents that the reader was trained on. Below the table stand
the questions that were taken to ask for an overview, which none of these sets has on purpose, and
the curve of risk against coverage: of the most confident questions, how many are not answerable or
do not have gold first.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from askdoc import app, workspace
from askdoc.ask.memo import remembering
from askdoc.evals import suite
from askdoc.evals.grade import GoldFinder, Graded, grade
from askdoc.types import Status

sys.path.insert(0, str(Path(__file__).parent.parent / "training"))
from groups import held_out

COLUMNS = ("first", "five", "cited", "answered", "refused")
"""What is a share of the questions that it applies to."""


@dataclass(frozen=True)
class Outcome:
    """One question and how it ended."""

    corpus: str
    graded: Graded
    seconds: float

    @property
    def shares(self) -> Mapping[str, bool]:
        """Each column that applies to the question, and whether it holds."""
        graded = self.graded
        answered = graded.answer.status is not Status.ABSTAINED
        if not graded.case.answerable:
            return {"refused": graded.answer.status is not Status.ANSWERED}
        needs = graded.needs
        return {
            "first": len(frozenset().union(*graded.evidence[:1])) > 0,
            "five": len(frozenset().union(*graded.evidence[:5])) == needs,
            "cited": answered and len(frozenset().union(*graded.cited)) == needs,
            "answered": answered,
        }


def main() -> None:
    """Index what is not indexed, ask everything, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", "--sets", help="names of corpora, with commas between them")
    parser.add_argument("--held-out", action="store_true")
    parser.add_argument("--most", type=int, help="questions of each corpus, chosen by chance")
    parser.add_argument("--signals", type=Path, help="file for the signals of the confidence")
    parser.add_argument("--failures", type=Path, help="file for the questions that went wrong")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else corpora(arguments.data)
    outcomes = [
        outcome
        for name in names
        for outcome in ask(
            arguments.data / name,
            arguments.folder / name,
            held=arguments.held_out,
            most=arguments.most,
        )
    ]
    print(table(outcomes))
    if arguments.signals:
        arguments.signals.write_text("\n".join(map(signals, outcomes)))
    if arguments.failures:
        arguments.failures.write_text("\n".join(failures(outcomes)))


def corpora(data: Path) -> list[str]:
    """List the folders that hold a suite."""
    return sorted(path.parent.name for path in data.glob("*/suite.jsonl"))


def ask(corpus: Path, index: Path, *, held: bool, most: int | None) -> Iterator[Outcome]:
    """Answer the questions of a corpus, which is indexed first where it is not."""
    docs = (corpus / "docs").resolve()
    place = replace(
        workspace.find(corpus), root=docs, config=None, index=index.resolve(), sources=(docs,)
    )
    if not (index / "catalog.sqlite").exists():
        with app.indexer(place) as indexer:
            indexer.sync(place.sources)
    cases = [
        case
        for case in suite.load(corpus / "suite.jsonl").cases
        if not held or not case.evidence or held_out(corpus.name, case.evidence[0].document)
    ]
    if most is not None and most < len(cases):
        cases = random.Random(1).sample(cases, most)
    with app.answerer(place, change=remembering) as answerer:
        gold = GoldFinder(answerer.parts.sources.catalog)
        for case in cases:
            started = time.perf_counter()
            answer = answerer.answer(case.question)
            seconds = time.perf_counter() - started
            yield Outcome(corpus.name, grade(case, answer, gold, lambda _: True), seconds)


def table(outcomes: Sequence[Outcome]) -> str:
    """Write a line for each corpus, for each tag, and for all."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.corpus].append(outcome)
    lines = [_line("", [*COLUMNS, "auroc", "n", "p50 ms"])]
    lines += [_row(name, group) for name, group in groups.items()]
    means = [_shares(group) for group in groups.values()]
    mean = [_mean([m[c] for m in means if c in m]) for c in COLUMNS]
    lines += [_line("mean of corpora", mean), _row("all questions", outcomes), ""]
    tags: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        for tag in outcome.graded.case.tags:
            tags[tag].append(outcome)
    lines += [_row(tag, group) for tag, group in sorted(tags.items())]
    overviews = [o for o in outcomes if "overview" in o.graded.answer.signals]
    lines += ["", f"taken to ask for an overview: {len(overviews)} of {len(outcomes)}"]
    lines += [f"  {outcome.graded.case.question}" for outcome in overviews]
    return "\n".join([*lines, "", *curve(outcomes)])


def curve(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Write the risk of answering only the most confident share of the questions."""
    ordered = sorted(outcomes, key=lambda outcome: -outcome.graded.answer.confidence)
    wrong = [not outcome.shares.get("first", False) for outcome in ordered]
    yield _line("coverage", ["confidence", "risk"])
    for tenth in range(1, 11):
        count = max(1, round(len(ordered) * tenth / 10))
        least = ordered[count - 1].graded.answer.confidence
        yield _line(f"{tenth / 10:.1f}", [least, _mean(wrong[:count])])


def failures(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Write each question whose gold is not first, or that should have been refused or answered."""
    for outcome in outcomes:
        shares, graded = outcome.shares, outcome.graded
        if all(held for name, held in shares.items() if name in ("first", "answered", "refused")):
            continue
        case, answer = graded.case, graded.answer
        told = " ".join(name for name, held in shares.items() if held)
        yield f"== {case.id} | {case.question} | {','.join(case.tags)}"
        yield f"   has: {told}; confidence {answer.confidence:.2f}, {graded.lost}"
        for gold in case.evidence[:2]:
            yield f"   GOLD {gold.document}: {json.dumps(gold.quote[:200], ensure_ascii=False)}"
        for number, item in enumerate(answer.evidence[:6]):
            mark = "*" if graded.evidence[number] else " "
            scores = " ".join(f"{name} {score:.2f}" for name, score in item.scores.items())
            text = json.dumps(item.text[:160], ensure_ascii=False)
            where = f"{item.passage.document.path} {item.passage.chunk.headings[-1:]}"
            yield f"  {mark}{item.score:.2f} [{scores}] {where} {text}"


def signals(outcome: Outcome) -> str:
    """Write one question for `training/fit_confidence.py`: its signals, and how it ended."""
    answer, case = outcome.graded.answer, outcome.graded.case
    told = {
        "corpus": outcome.corpus,
        "id": case.id,
        "answerable": case.answerable,
        "first": outcome.shares.get("first"),
        "confidence": answer.confidence,
        "signals": dict(answer.signals),
    }
    return json.dumps(told)


def _row(name: str, outcomes: Sequence[Outcome]) -> str:
    shares = _shares(outcomes)
    labels = [outcome.graded.case.answerable for outcome in outcomes]
    scores = [outcome.graded.answer.confidence for outcome in outcomes]
    times = sorted(outcome.seconds for outcome in outcomes)
    apart = _auroc(scores, labels)
    middle = f"{1000 * times[len(times) // 2]:.0f}"
    return _line(name, [*(shares.get(c) for c in COLUMNS), apart, str(len(outcomes)), middle])


def _shares(outcomes: Sequence[Outcome]) -> dict[str, float]:
    found: dict[str, list[bool]] = defaultdict(list)
    for outcome in outcomes:
        for name, held in outcome.shares.items():
            found[name].append(held)
    return {name: _mean(values) for name, values in found.items()}


def _auroc(scores: Sequence[float], labels: Sequence[bool]) -> float | None:
    """Return how often an answerable question is surer than another one; ties count half."""
    pairs = [
        (yes > no) + (yes == no) / 2
        for yes, label in zip(scores, labels, strict=True)
        if label
        for no, other in zip(scores, labels, strict=True)
        if not other
    ]
    return _mean(pairs) if pairs else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _line(name: str, cells: Sequence[float | str | None]) -> str:
    told = ["" if c is None else c if isinstance(c, str) else f"{c:.3f}" for c in cells]
    return f"{name:18}" + "".join(f"{cell:>10}" for cell in told)


if __name__ == "__main__":
    main()
