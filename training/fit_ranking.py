"""Fit the weights by which units of evidence are ranked.

    python training/fit_ranking.py KEPT.pickle DATA FOLDER --collect selqa,qed,realdocs/specs,...
    python training/fit_ranking.py KEPT.pickle

The first form answers the questions of those sets and keeps every part of the score of every unit;
`FOLDER` holds an index for each. The second fits: a softmax over the units of each question, with
all gold units together as the right one. Prints how often gold is first and among five for each
set by weights that were fitted without it, then the weights that are fitted on all.
"""

from __future__ import annotations

import argparse
import pickle
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from groups import held_out
from scipy.optimize import minimize

from askdoc import app, workspace
from askdoc.ask import rank
from askdoc.ask.memo import remembering
from askdoc.ask.rank import RANKER, WEIGHTS
from askdoc.evals import suite
from askdoc.evals.grade import GoldFinder, met
from askdoc.types import Kind

MOST = 150
"""Questions of a set that is not one of the corpora of real documents."""

PARTS = (
    *WEIGHTS,
    *("led", "below", "density", "own_figures", "names", "length", "passage_dense"),
    *("passage_lexical", "document"),
    *(kind.name.lower() for kind in Kind if kind is not Kind.PROSE),
)
REGULARISATION = 0.02
NEAR = 0.5


@dataclass(frozen=True)
class Trial:
    """One question: the parts of each unit, its place, and which needs it meets."""

    set: str
    id: str
    tags: tuple[str, ...]
    needs: int
    parts: np.ndarray
    places: list[tuple[str, int, int, int, int]]
    gold: list[frozenset[int]]


def main() -> None:
    """Collect or fit."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kept", type=Path)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--collect", default="", help="names of sets, with commas between them")
    arguments = parser.parse_args()
    if arguments.collect:
        trials = read(arguments.kept) if arguments.kept.exists() else []
        for name in arguments.collect.split(","):
            trials = [trial for trial in trials if trial.set != name]
            trials += collect(name, arguments.data / name, arguments.folder / Path(name).name)
            print(name, len(trials), flush=True)
            arguments.kept.write_bytes(pickle.dumps(trials))
        return
    report(read(arguments.kept))


def read(kept: Path) -> list[Trial]:
    """Read trials that an earlier run of this program kept."""
    return list(pickle.loads(kept.read_bytes()))  # noqa: S301 - its own file


def collect(name: str, source: Path, index: Path) -> Iterator[Trial]:
    """Answer the questions of a set, with every part in the scores."""
    docs = (source / "docs").resolve()
    place = replace(
        workspace.find(source), root=docs, config=None, index=index.resolve(), sources=(docs,)
    )
    cases = [case for case in suite.load(source / "suite.jsonl").cases if case.answerable]
    if "realdocs" not in name:
        cases = [case for case in cases if held_out(name, case.evidence[0].document)]
        cases = random.Random(1).sample(cases, min(MOST, len(cases)))
    rank.WEIGHTS = {**dict.fromkeys(PARTS, 0.0), **WEIGHTS}
    # Units that better ones show are left out only after the weights are known.
    rank._once = list  # noqa: SLF001
    with app.answerer(place, change=remembering) as answerer:
        gold = GoldFinder(answerer.parts.sources.catalog)
        for case in cases:
            needs = gold.needs(case)
            found = answerer.evidence(case.question)
            if not found:
                continue
            worst = min((e.scores[RANKER] for e in found if RANKER in e.scores), default=0.0)
            parts = [[{RANKER: worst, **e.scores}.get(name, 0.0) for name in PARTS] for e in found]
            yield Trial(
                name,
                case.id,
                case.tags,
                len(needs),
                np.array(parts),
                [
                    (e.passage.document.id, e.sentence.start, e.sentence.end, *_ends(e.span))
                    for e in found
                ],
                [met(e.passage.document.id, e.span, needs) for e in found],
            )


def _ends(span: object) -> tuple[int, int]:
    return span.start, span.end  # type: ignore[attr-defined]


def fit(trials: Sequence[Trial], used: Sequence[int]) -> np.ndarray:
    """Find the weights that make the gold units of each question likely."""
    kept = [t for t in trials if any(t.gold)]
    sizes: Mapping[str, int] = {
        name: sum(t.set == name for t in kept) for name in {t.set for t in kept}
    }
    groups = [
        (t.parts[:, used], np.array([bool(g) for g in t.gold]), 1 / np.sqrt(sizes[t.set]))
        for t in kept
    ]
    start = np.array([WEIGHTS.get(PARTS[k], 0.0) for k in used]) * 3
    scale = sum(weight for *_, weight in groups)

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = 0.0, np.zeros(len(weights))
        for rows, gold, weight in groups:
            scores = rows @ weights
            scores -= scores.max()
            shares = np.exp(scores)
            shares /= shares.sum()
            right = shares[gold].sum()
            total -= weight * np.log(right + 1e-12)
            slope -= weight * ((shares[gold] @ rows[gold]) / (right + 1e-12) - shares @ rows)
        off = weights - start * 0
        return total / scale + REGULARISATION * off @ off / len(off), slope / scale + (
            2 * REGULARISATION * off / len(off)
        )

    return minimize(loss, start, jac=True, method="L-BFGS-B").x


def ranked(trial: Trial, scores: np.ndarray, most: int = 5) -> list[frozenset[int]]:
    """Take the best units, leaving out those that better ones show."""
    taken: list[tuple[str, int, int]] = []
    gold = []
    for at in np.argsort(-scores):
        document, begin, end, first, last = trial.places[at]
        overlaps = [
            (first_ <= begin and end <= last_)
            or (min(last, last_) - max(first, first_)) > NEAR * (last - first)
            for other, first_, last_ in taken
            if other == document
        ]
        if any(overlaps):
            continue
        taken.append((document, first, last))
        gold.append(trial.gold[at])
        if len(taken) == most:
            break
    return gold


def judge(trials: Sequence[Trial], weights: np.ndarray, used: Sequence[int]) -> tuple[float, float]:
    """Return how often gold is first, and among five."""
    first = five = 0
    for trial in trials:
        gold = ranked(trial, trial.parts[:, used] @ weights)
        first += bool(gold and gold[0])
        five += len(frozenset().union(*gold)) == trial.needs
    return first / len(trials), five / len(trials)


def report(trials: Sequence[Trial], parts: Sequence[str] = PARTS) -> None:
    """Judge by folds over sets, then fit on all."""
    used = [PARTS.index(name) for name in parts]
    today = np.array([WEIGHTS.get(name, 0.0) for name in parts])
    sets = sorted({trial.set for trial in trials})
    rows = []
    for name in sets:
        own, others = [t for t in trials if t.set == name], [t for t in trials if t.set != name]
        rows.append((name, *judge(own, today, used), *judge(own, fit(others, used), used)))
        print(f"{name:22}" + "".join(f"{value:8.3f}" for value in rows[-1][1:]), flush=True)
    real = [row[1:] for row in rows if "realdocs" in row[0]]
    print(f"{'mean of real':22}" + "".join(f"{value:8.3f}" for value in np.mean(real, axis=0)))
    final = fit(trials, used)
    for name, weight in zip(parts, final, strict=True):
        print(f'    "{name}": {weight:.3f},')


if __name__ == "__main__":
    main()
