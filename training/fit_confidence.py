"""Fit the confidence model: how likely it is that the documents answer a question.

    python training/fit_confidence.py SET [--near NEAR_MISSES.jsonl] [--reranker none] [--alone]
        [--write]

`SET` is the folder of a set with `suite.jsonl` and `docs/`, all of whose questions are answerable.
Each question is answered as a user's would be; the signals of the answer are the features. A
question is asked of several libraries:

    whole    all documents                               answerable
    half     every second document                       where its document is among them
    single   one document, or one that it is not about   where it is about it
    twenty   twenty documents                            where its document is among them
    removed  all documents, with the gold sentences of   no: a near miss
             these questions cut out of them
    cut      one document or twenty, so cut              no: a near miss

With the packaged ranker only questions on documents that it was not trained on are taken. Folds are
made over documents, so that none is both fitted on and judged on. Prints AUROC, expected
calibration error and accuracy over the folds for each library, and with `--near` the AUROC of near
misses that were written by hand, on which nothing is fitted. Then fits on all and, with `--write`,
puts the coefficients into the package. With `--alone` the index keeps no vectors of sentences in
their context, as with an embedder that gives none.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from askdoc import app, workspace
from askdoc.ask.confidence import FEATURES
from askdoc.ask.memo import RememberingEmbedder, remembering
from askdoc.evals import suite
from askdoc.settings import NO_RERANKER, RERANKER
from askdoc.types import EvalCase

sys.path.insert(0, str(Path(__file__).parent / "ranker"))
from groups import held_out

TARGET = Path(__file__).parent.parent / "src" / "askdoc" / "data" / "confidence.json"
FOLDS = 5
REGULARISATION = 10.0
SINGLE = 100
MOST = {"single": 4, "twenty": 40}
"""Questions of its own that a small library is asked."""
SEED = 1
WEIGHTS = {"removed": 0.3, "single cut": 0.15, "twenty cut": 0.15}
"""How much a trial counts, where not 1: near misses are as many here as answerable questions.

In a small library little else tells them from answers, so each that is refused costs more answers.
"""


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
    parser.add_argument("set", type=Path)
    parser.add_argument("--near", type=Path, help="near misses to judge on")
    parser.add_argument("--reranker", default=RERANKER, choices=[RERANKER, NO_RERANKER])
    parser.add_argument("--alone", action="store_true", help="without vectors of sentences")
    parser.add_argument("--trials", type=Path, help="file that keeps the signals")
    parser.add_argument("--write", action="store_true", help="put the coefficients in the package")
    arguments = parser.parse_args()
    documents, ranker = arguments.set / "docs", arguments.reranker
    if arguments.alone:
        without_sentences()
    cases = [case for case in suite.load(arguments.set / "suite.jsonl").cases if case.evidence]
    if ranker == RERANKER:
        name = arguments.set.name
        cases = [case for case in cases if held_out(name, case.evidence[0].document)]
    used = [name for name in FEATURES if ranker != NO_RERANKER or name != "ranker"]
    trials = kept(arguments.trials, lambda: collect(cases, documents, ranker))
    if arguments.near:
        near = suite.load(arguments.near).cases
        path = arguments.trials and arguments.trials.with_suffix(".near")
        by_hand = kept(path, lambda: written(near, documents, ranker))
    rows = np.array([[trial.features[FEATURES.index(n)] for n in used] for trial in trials])
    labels = np.array([trial.answerable for trial in trials])
    folds = np.array([trial.fold for trial in trials])
    kinds = np.array([trial.kind for trial in trials])
    weights = np.array([WEIGHTS.get(trial.kind, 1.0) for trial in trials])
    held = np.zeros(len(labels))
    for fold in range(FOLDS):
        model = fit(rows[folds != fold], labels[folds != fold], weights[folds != fold])
        held[folds == fold] = model.predict_proba(rows[folds == fold])[:, 1]
    whole = kinds == "whole"
    for kind in ("half", "single", "twenty"):
        report(kind, labels[kinds == kind], held[kinds == kind])
    mixed = whole | (kinds == "removed")
    report("whole against removed", labels[mixed], held[mixed])
    for kind in ("single", "twenty"):
        mixed = (kinds == kind) & labels | (kinds == f"{kind} cut")
        report(f"{kind} against cut", labels[mixed], held[mixed])
    model = fit(rows, labels, weights)
    if arguments.near:
        asked = np.array([trial.features for trial in by_hand])
        asked = asked[:, [FEATURES.index(name) for name in used]]
        judged = np.concatenate([held[whole], model.predict_proba(asked)[:, 1]])
        truth = np.concatenate([np.ones(whole.sum(), bool), np.zeros(len(by_hand), bool)])
        report("whole against near misses by hand", truth, judged)
    fitted = {
        "weights": dict(zip(used, np.round(model.coef_[0], 4).tolist(), strict=True)),
        "intercept": round(float(model.intercept_[0]), 4),
    }
    print(json.dumps(fitted, indent=2))
    if arguments.write:
        all_fitted = json.loads(TARGET.read_text())
        (all_fitted if arguments.alone else all_fitted["in context"])[ranker] = fitted
        TARGET.write_text(json.dumps(all_fitted, indent=2) + "\n")


def without_sentences() -> None:
    """Have embedders give vectors of passages alone."""

    class Plain(RememberingEmbedder):
        contextual = False

    load = app.opening.embedder
    app.opening.embedder = lambda *args, **named: Plain(load(*args, **named))


def collect(cases: Sequence[EvalCase], documents: Path, ranker: str) -> Iterator[Trial]:
    """Put the cases to all kinds of libraries."""
    for case, values in ask(cases, [documents], ranker):
        yield Trial("whole", values, answerable=True, fold=fold_of(case))
    half = sorted(documents.iterdir())[::2]
    names = {path.name for path in half}
    for case, values in ask(cases, half, ranker):
        yield Trial("half", values, case.evidence[0].document in names, fold_of(case))
    with tempfile.TemporaryDirectory() as folder:
        cut = without_gold(cases, sorted(documents.iterdir()), Path(folder))
        for case, values in ask(cases, [cut], ranker):
            yield Trial("removed", values, answerable=False, fold=fold_of(case))
    yield from small_libraries(cases, documents, ranker)


def without_gold(cases: Sequence[EvalCase], documents: Sequence[Path], target: Path) -> Path:
    """Copy the documents and cut the gold quotes out of the copies."""
    for document in documents:
        shutil.copy(document, target)
    for case in cases:
        for item in case.evidence:
            path = target / item.document
            loose = r"\s+".join(re.escape(word) for word in item.quote.split())
            path.write_text(re.sub(loose, "", path.read_text()))
    return target


def small_libraries(cases: Sequence[EvalCase], documents: Path, ranker: str) -> Iterator[Trial]:
    """Put questions to single documents and to groups of twenty, all of one fold."""
    chance = random.Random(SEED)
    about: dict[str, list[EvalCase]] = {}
    for case in cases:
        about.setdefault(case.evidence[0].document, []).append(case)
    names = sorted(about)
    chance.shuffle(names)
    libraries = [("single", [name]) for name in names[:SINGLE]]
    for fold in range(FOLDS):
        same = [name for name in names if fold_of(about[name][0]) == fold]
        libraries += [("twenty", same[start : start + 20]) for start in (0, 20)]
    for kind, library in libraries:
        own = [case for name in library for case in about[name]][: MOST[kind]]
        if not own:
            continue
        others = [case for name in names if name not in library for case in about[name]]
        fold = fold_of(own[0])
        paths = [documents / name for name in library]
        for case, values in ask([*own, *chance.sample(others, len(own))], paths, ranker):
            yield Trial(kind, values, case in own, fold)
        with tempfile.TemporaryDirectory() as folder:
            cut = without_gold(own, paths, Path(folder))
            if not any(path.read_text().strip() for path in cut.iterdir()):
                continue
            for _, values in ask(own, [cut], ranker):
                yield Trial(f"{kind} cut", values, answerable=False, fold=fold)


def ask(
    cases: Sequence[EvalCase], sources: Sequence[Path], ranker: str
) -> Iterator[tuple[EvalCase, list[float]]]:
    """Index the sources, ask every question, give each case with its row of features."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = {"index": f"{folder}/index", "reranker": ranker}
        place = workspace.find(Path(folder), overrides=chosen)
        with app.indexer(place) as indexer:
            indexer.sync(sources)
        with app.answerer(place, change=remembering) as answerer:
            vectors = answerer.embed([case.question for case in cases])
            for case, vector in zip(cases, vectors, strict=True):
                signals = answerer.answer(case.question, vector=vector).signals
                yield case, [signals[name] for name in FEATURES]


def written(near: Sequence[EvalCase], documents: Path, ranker: str) -> Iterator[Trial]:
    """Put near misses that were written by hand to all documents."""
    for _, values in ask(near, [documents], ranker):
        yield Trial("near", values, answerable=False, fold=0)


def kept(path: Path | None, collect: Callable[[], Iterator[Trial]]) -> list[Trial]:
    """Take trials from a file, or collect them and keep them there."""
    if path is not None and path.exists():
        return [Trial(**row) for row in json.loads(path.read_text())]
    trials = list(collect())
    if path is not None:
        path.write_text(json.dumps([asdict(trial) for trial in trials]))
    return trials


def fit(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> LogisticRegression:
    """Fit a logistic regression."""
    return LogisticRegression(C=REGULARISATION, max_iter=1000).fit(rows, labels, weights)


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
    answered, refused = (probabilities >= 0.5)[labels].mean(), (probabilities < 0.5)[~labels].mean()
    print(f"{kind}: {len(labels)} held-out cases, AUROC {auroc:.3f}, ECE {ece:.3f}, ", end="")
    print(f"accuracy {accuracy:.3f}, answered {answered:.3f}, refused {refused:.3f}")


if __name__ == "__main__":
    main()
