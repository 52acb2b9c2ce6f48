"""Fit the confidence model: how likely it is that the documents answer a question.

    python training/fit_confidence.py SUITE.jsonl DOCUMENTS [--write]

The suite needs answerable and unanswerable cases. Each question is answered as a user's would be;
the signals of the answer are the features, `answerable` is the label. So that a small library is
judged as well as a large one, questions are also put to single documents and to groups of twenty:
their own questions, which are answerable there, and as many of other documents, which are not.

Folds are made over documents, so that none is both fitted on and judged on; a case without
evidence goes by its id. Prints AUROC, expected calibration error and accuracy over the folds for
each kind of library, then fits on all and, with `--write`, puts the coefficients into the package.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from askdoc import suites, wiring, workspace
from askdoc.confidence import FEATURES
from askdoc.remembering import RememberingEmbedder
from askdoc.types import EvalCase

TARGET = Path(__file__).parent.parent / "src" / "askdoc" / "data" / "confidence.json"
FOLDS = 5
REGULARISATION = 10.0
SINGLE = 100
MOST = {"single": 4, "twenty": 40}
"""Questions of its own that a small library is asked."""
SEED = 1


@dataclass(frozen=True)
class Trial:
    """One question put to one library."""

    kind: str
    features: list[float]
    answerable: bool
    fold: int


def main() -> None:
    """Collect signals, judge by folds, fit on all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", type=Path)
    parser.add_argument("documents", type=Path)
    parser.add_argument("--write", action="store_true", help="put the coefficients in the package")
    arguments = parser.parse_args()
    cases = list(suites.load(arguments.suite).cases)
    trials = [*collect(cases, arguments.documents), *small_libraries(cases, arguments.documents)]
    rows = np.array([trial.features for trial in trials])
    labels = np.array([trial.answerable for trial in trials])
    folds = np.array([trial.fold for trial in trials])
    kinds = np.array([trial.kind for trial in trials])
    held_out = np.zeros(len(labels))
    for fold in range(FOLDS):
        model = fit(rows[folds != fold], labels[folds != fold])
        held_out[folds == fold] = model.predict_proba(rows[folds == fold])[:, 1]
    for kind in dict.fromkeys(kinds):
        report(kind, labels[kinds == kind], held_out[kinds == kind])
    model = fit(rows, labels)
    fitted = {
        "weights": dict(zip(FEATURES, np.round(model.coef_[0], 4).tolist(), strict=True)),
        "intercept": round(float(model.intercept_[0]), 4),
    }
    print(json.dumps(fitted, indent=2))
    if arguments.write:
        TARGET.write_text(json.dumps(fitted, indent=2) + "\n")


def collect(cases: Sequence[EvalCase], documents: Path) -> Iterator[Trial]:
    """Put every case to an index of the whole folder."""
    for case, values in ask(cases, [documents]):
        yield Trial("whole", values, case.answerable, fold_of(case))


def small_libraries(cases: Sequence[EvalCase], documents: Path) -> Iterator[Trial]:
    """Put questions to single documents and to groups of twenty, all of one fold."""
    chance = random.Random(SEED)
    about: dict[str, list[EvalCase]] = {}
    for case in cases:
        if case.answerable and case.evidence:
            about.setdefault(case.evidence[0].document, []).append(case)
    names = sorted(about)
    chance.shuffle(names)
    libraries = [("single", [name]) for name in names[:SINGLE]]
    for fold in range(FOLDS):
        same = [name for name in names if fold_of(about[name][0]) == fold]
        libraries += [("twenty", same[start : start + 20]) for start in (0, 20)]
    for kind, library in libraries:
        own = [case for name in library for case in about[name]][: MOST[kind]]
        others = [case for name in names if name not in library for case in about[name]]
        fold = fold_of(own[0])
        paths = [documents / name for name in library]
        for case, values in ask([*own, *chance.sample(others, len(own))], paths):
            yield Trial(kind, values, case in own, fold)


def ask(
    cases: Sequence[EvalCase], sources: Sequence[Path]
) -> Iterator[tuple[EvalCase, list[float]]]:
    """Index the sources, ask every question, give each case with its row of features."""
    with tempfile.TemporaryDirectory() as folder:
        place = workspace.find(Path(folder), overrides={"index": f"{folder}/index"})
        with wiring.indexer(place) as indexer:
            indexer.sync(sources)
        with wiring.answerer(place, wrap=RememberingEmbedder) as answerer:
            vectors = answerer.embed([case.question for case in cases])
            for case, vector in zip(cases, vectors, strict=True):
                signals = answerer.answer(case.question, vector=vector).signals
                yield case, [signals[name] for name in FEATURES]


def fit(rows: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    """Fit a logistic regression."""
    return LogisticRegression(C=REGULARISATION, max_iter=1000).fit(rows, labels)


def fold_of(case: EvalCase) -> int:
    """Give every document, with all questions on it, to one fold."""
    key = case.evidence[0].document if case.evidence else case.id
    return hashlib.sha256(key.encode()).digest()[0] % FOLDS


def report(kind: str, labels: np.ndarray, probabilities: np.ndarray) -> None:
    """Print how well the held-out probabilities tell answerable from not."""
    bins = np.minimum((probabilities * 10).astype(int), 9)
    ece = sum(
        abs(labels[bins == b].mean() - probabilities[bins == b].mean()) * (bins == b).mean()
        for b in range(10)
        if (bins == b).any()
    )
    accuracy = ((probabilities >= 0.5) == labels).mean()
    auroc = roc_auc_score(labels, probabilities)
    print(f"{kind}: {len(labels)} held-out cases, AUROC {auroc:.3f}, ", end="")
    print(f"ECE {ece:.3f}, accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
