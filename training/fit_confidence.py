"""Fit the confidence model: how likely it is that the documents answer a question.

    python training/fit_confidence.py SUITE.jsonl DOCUMENTS [--write]

The suite needs answerable and unanswerable cases. Each question is answered as a user's would be;
the signals of the answer are the features, `answerable` is the label. Folds are made over
documents, so that none is both fitted on and judged on; a case without evidence goes by its id.
Prints AUROC, expected calibration error and accuracy over the folds, then fits on all cases and,
with `--write`, puts the coefficients into the package.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from askdoc import suites, wiring, workspace
from askdoc.confidence import FEATURES
from askdoc.types import EvalCase

TARGET = Path(__file__).parent.parent / "src" / "askdoc" / "data" / "confidence.json"
FOLDS = 5
REGULARISATION = 10.0


def main() -> None:
    """Collect signals, judge by folds, fit on all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("suite", type=Path)
    parser.add_argument("documents", type=Path)
    parser.add_argument("--write", action="store_true", help="put the coefficients in the package")
    arguments = parser.parse_args()
    cases = suites.load(arguments.suite).cases
    rows = collect(cases, arguments.documents)
    labels = np.array([case.answerable for case in cases])
    folds = np.array([fold_of(case) for case in cases])
    held_out = np.zeros(len(labels))
    for fold in range(FOLDS):
        model = fit(rows[folds != fold], labels[folds != fold])
        held_out[folds == fold] = model.predict_proba(rows[folds == fold])[:, 1]
    report(labels, held_out)
    model = fit(rows, labels)
    fitted = {
        "weights": dict(zip(FEATURES, np.round(model.coef_[0], 4).tolist(), strict=True)),
        "intercept": round(float(model.intercept_[0]), 4),
    }
    print(json.dumps(fitted, indent=2))
    if arguments.write:
        TARGET.write_text(json.dumps(fitted, indent=2) + "\n")


def collect(cases: list[EvalCase], documents: Path) -> np.ndarray:
    """Answer every case on an index of `documents`; one row of features a case."""
    with tempfile.TemporaryDirectory() as folder:
        place = workspace.find(Path(folder), overrides={"index": f"{folder}/index"})
        with wiring.indexer(place) as indexer:
            indexer.sync([documents])
        with wiring.answerer(place) as answerer:
            vectors = answerer.embed([case.question for case in cases])
            answers = [
                answerer.answer(case.question, vector=vector)
                for case, vector in zip(cases, vectors, strict=True)
            ]
    return np.array([[answer.signals[name] for name in FEATURES] for answer in answers])


def fit(rows: np.ndarray, labels: np.ndarray) -> LogisticRegression:
    """Fit a logistic regression."""
    return LogisticRegression(C=REGULARISATION, max_iter=1000).fit(rows, labels)


def fold_of(case: EvalCase) -> int:
    """Give every document, with all questions on it, to one fold."""
    key = case.evidence[0].document if case.evidence else case.id
    return hashlib.sha256(key.encode()).digest()[0] % FOLDS


def report(labels: np.ndarray, probabilities: np.ndarray) -> None:
    """Print how well the held-out probabilities tell answerable from not."""
    bins = np.minimum((probabilities * 10).astype(int), 9)
    ece = sum(
        abs(labels[bins == b].mean() - probabilities[bins == b].mean()) * (bins == b).mean()
        for b in range(10)
        if (bins == b).any()
    )
    accuracy = ((probabilities >= 0.5) == labels).mean()
    auroc = roc_auc_score(labels, probabilities)
    print(
        f"{len(labels)} held-out cases: AUROC {auroc:.3f}, ECE {ece:.3f}, accuracy {accuracy:.3f}"
    )


if __name__ == "__main__":
    main()
