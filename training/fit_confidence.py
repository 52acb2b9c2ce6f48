"""Fit the confidence model: how likely it is that the documents answer a question.

    python training/fit_confidence.py KEPT.pickle DATA FOLDER --collect selqa,qed,realdocs/specs,...
        [--near NEAR_MISSES.jsonl] [--alone]
    python training/fit_confidence.py KEPT.pickle [--use ranker,short,...] [--write] [--alone]

The sets are not in the repository. A set is a folder below `DATA` with the documents in `docs/` and
the questions in `suite.jsonl`, a suite as `askdoc eval` reads it. `FOLDER` holds an index for each
set; `realdocs-specs` is that of `realdocs/specs`. Build it first: in `docs/`, run
`askdoc index --index FOLDER/realdocs-specs .`.

The first form asks the questions of those sets as a user would and keeps the signals of each. Run
it again after adding a signal: kept trials lack it, and the second form leaves such trials out. It
also builds, for each set that is not of `realdocs`, an index without the gold sentences of its
questions. Each question is asked in several ways. It is answerable where it is asked

- of all documents, or
- of its own document alone.

It is not answerable where

- its author says so,
- its gold sentences are cut out of the documents, or
- it is asked of another document alone.

Questions on documents that the reader was trained on are left out. With `--near`, near misses over
selqa that were written by hand are kept too; nothing is fitted on them.

The second form fits a logistic model. It prints, for each set, how a model that was fitted without
this set does there, and with `--write` puts the coefficients that were fitted on all into the
package. To see what a signal gains, run it twice: with the signal in `--use`, and without it.

`confidence.json` has one model for each ranker. `in context` are those for an index with vectors of
sentences in their passage, the usual kind. `--write` writes the one for the packaged reader there,
or with `--alone` the one for an index without such vectors: give `--alone` to both forms. The
models without a ranker stay as they are.
"""

from __future__ import annotations

import argparse
import json
import math
import pickle
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from groups import held_out
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from askdoc import app, workspace
from askdoc.ask.answer import Answerer
from askdoc.ask.confidence import FEATURES
from askdoc.ask.memo import remembering
from askdoc.evals import suite
from askdoc.evals.grade import GoldFinder, met
from askdoc.settings import RERANKER
from askdoc.types import Document, EvalCase

TARGET = Path(__file__).parent.parent / "src" / "askdoc" / "data" / "confidence.json"
REGULARISATION = 10.0
MOST = 250
"""Questions of a set that is not one of the corpora of real documents."""
SMALL = 60
"""Of these, questions that are asked of one document alone."""
REAL = "realdocs"
HELD = "near"
"""The kind of a trial on which nothing is fitted."""
SEED = 1
CHUNKS = 20
"""Chunks of a document, about."""
SHARES = {"whole": 1.0, "removed": 0.6, "own document": 0.5, "other document": 0.5}
"""How much a kind of trial counts."""


@dataclass(frozen=True)
class Trial:
    """One question put to one library.

    `first` tells whether gold is the first of the evidence, `alone` that there were no vectors of
    sentences in their passage.
    """

    set: str
    kind: str
    question: str
    features: dict[str, float]
    answerable: bool
    first: bool
    alone: bool = False


def main() -> None:
    """Collect signals, or judge by folds over sets and fit on all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kept", type=Path)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--collect", default="", help="names of sets, with commas between them")
    parser.add_argument("--near", type=Path, help="near misses over selqa, written by hand")
    parser.add_argument("--use", default=",".join(FEATURES), help="the signals to fit on")
    parser.add_argument("--alone", action="store_true", help="without vectors of sentences")
    parser.add_argument("--write", action="store_true", help="put the coefficients in the package")
    arguments = parser.parse_args()
    kept: Path = arguments.kept
    trials: list[Trial] = []
    if kept.exists():
        trials = pickle.loads(kept.read_bytes())  # noqa: S301 - its own file
    if not arguments.collect:
        report(trials, arguments.use.split(","), write=arguments.write, alone=arguments.alone)
        return
    for name in arguments.collect.split(","):
        near = suite.load(arguments.near).cases if arguments.near and name == "selqa" else ()
        trials = [one for one in trials if one.set != name or one.alone is not arguments.alone]
        trials += collect(
            name, arguments.data / name, arguments.folder, near, alone=arguments.alone
        )
        print(name, len(trials), flush=True)
        kept.write_bytes(pickle.dumps(trials))


def collect(
    name: str, source: Path, folder: Path, near: Sequence[EvalCase], *, alone: bool
) -> Iterator[Trial]:
    """Ask the questions of a set in all ways."""
    cases = list(suite.load(source / "suite.jsonl").cases)
    real = name.startswith(REAL)
    if not real:
        cases = [case for case in cases if case.evidence]
        cases = [case for case in cases if held_out(name, case.evidence[0].document)]
        cases = random.Random(SEED).sample(cases, min(MOST, len(cases)))
    index = folder / name.replace("/", "-")
    if not index.exists():
        command = f"cd {source / 'docs'} && askdoc index --index {index.resolve()} ."
        sys.exit(f"there is no index `{index}` for the set `{name}`: run `{command}`")
    with opened(source, source / "docs", index, alone=alone) as asker:
        for case in cases:
            yield asker.trial(name, "whole", case, answerable=case.answerable)
        for case in near:
            yield asker.trial(name, HELD, case, answerable=False)
        yield from asker.small(name, [case for case in cases if case.evidence])
    if real:
        return
    without = index.with_name(f"{index.name}-without")
    with tempfile.TemporaryDirectory() as copies:
        documents = Path(copies)
        without_gold(cases, source / "docs", documents)
        if not without.exists():
            place = workspace.find(documents, overrides={"index": str(without)})
            with app.indexer(place) as indexer:
                indexer.sync([documents])
        with opened(source, documents, without, alone=alone) as asker:
            for case in cases:
                yield asker.trial(name, "removed", case, answerable=False)


@contextmanager
def opened(source: Path, documents: Path, index: Path, *, alone: bool) -> Iterator[Asker]:
    """Open an index for questions."""
    place = replace(
        workspace.find(source, overrides={"min_confidence": 0.0}),
        root=documents.resolve(),
        config=None,
        index=index.resolve(),
        sources=(documents.resolve(),),
    )
    with app.answerer(place, change=remembering) as answerer:
        if alone:
            answerer._finder._in_context = False  # noqa: SLF001
        yield Asker(answerer, alone=alone)


class Asker:
    """Asks an index and keeps the signals."""

    def __init__(self, answerer: Answerer, *, alone: bool) -> None:
        self._answerer = answerer
        self._alone = alone
        self._catalog = answerer.parts.sources.catalog
        self._gold = GoldFinder(self._catalog)

    def trial(
        self,
        name: str,
        kind: str,
        case: EvalCase,
        *,
        answerable: bool,
        documents: Sequence[Document] | None = None,
    ) -> Trial:
        """Ask one question, of some documents or of all."""
        ids = None if documents is None else [document.id for document in documents]
        answer = self._answerer.answer(case.question, documents=ids)
        first = False
        if answerable and answer.evidence:
            best = answer.evidence[0]
            needs = self._gold.needs(case)
            first = bool(met(best.passage.document.id, best.span, needs))
        signals = {key: float(value) for key, value in answer.signals.items()}
        if documents is not None:
            signals["library_size"] = math.log10(len(documents) * CHUNKS)
        return Trial(name, kind, case.question, signals, answerable, first, self._alone)

    def small(self, name: str, cases: Sequence[EvalCase]) -> Iterator[Trial]:
        """Ask some questions of their own document alone, and of another one."""
        chance = random.Random(SEED)
        chosen = chance.sample(list(cases), min(SMALL, len(cases)))
        for case in chosen:
            own = self._gold.documents(case.evidence[0].document)
            others = [
                other
                for other in cases
                if other.evidence[0].document not in {item.document for item in case.evidence}
            ]
            if not own or not others:
                continue
            other = self._gold.documents(chance.choice(others).evidence[0].document)
            yield self.trial(name, "own document", case, answerable=True, documents=own)
            yield self.trial(name, "other document", case, answerable=False, documents=other)


def without_gold(cases: Sequence[EvalCase], documents: Path, target: Path) -> None:
    """Copy the documents and cut the gold quotes out of the copies."""
    for document in sorted(documents.iterdir()):
        shutil.copy(document, target)
    for case in cases:
        for item in case.evidence:
            path = target / item.document
            loose = r"\s+".join(re.escape(word) for word in item.quote.split())
            path.write_text(re.sub(loose, "", path.read_text()))


def report(trials: Sequence[Trial], used: Sequence[str], *, write: bool, alone: bool) -> None:
    """Judge by folds over sets, then fit on all."""
    for name in used:
        if not any(name in trial.features for trial in trials):
            sys.exit(f"no kept trial has the signal `{name}`: collect again")
    known = [trial for trial in trials if trial.alone is alone and trial.features.keys() >= {*used}]
    if not known:
        sys.exit("no kept trial is of this kind: collect first, with `--alone` or without")
    fitted_on = [trial for trial in known if trial.kind != HELD]
    held = np.zeros(len(fitted_on))
    rows = np.array([[trial.features[name] for name in used] for trial in fitted_on])
    labels = np.array([trial.answerable for trial in fitted_on])
    sets = np.array([trial.set for trial in fitted_on])
    weights = np.array([weight_of(trial, fitted_on) for trial in fitted_on])
    for name in sorted(set(sets)):
        own = sets == name
        model = fit(rows[~own], labels[~own], weights[~own])
        held[own] = model.predict_proba(rows[own])[:, 1]
    kinds = np.array([trial.kind for trial in fitted_on])
    for name in sorted(set(sets)):
        own = sets == name
        tell(name, labels[own & (kinds == "whole")], held[own & (kinds == "whole")])
        tell(f"{name}, all kinds", labels[own], held[own])
    real = np.array([REAL in trial.set and trial.kind == "whole" for trial in fitted_on])
    tell("all real documents", labels[real], held[real])
    others = [name for name in sorted(set(sets)) if REAL not in name]
    for least in (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8):
        over = held >= least
        cells = [f"real {over[real & labels].mean():.3f} {over[real & ~labels].mean():.3f}"]
        for name in others:
            own = sets == name
            whole, removed = over[own & (kinds == "whole")], over[own & (kinds == "removed")]
            cells.append(f"{name} {whole.mean():.3f} {removed.mean():.3f}")
        print(f"at least {least}, answerable and not: " + "; ".join(cells))
    model = fit(rows, labels, weights)
    by_hand = [trial for trial in known if trial.kind == HELD]
    if by_hand:
        near = model.predict_proba([[t.features[name] for name in used] for t in by_hand])[:, 1]
        whole = held[(sets == "selqa") & (kinds == "whole")]
        truth = np.concatenate([np.ones(len(whole), bool), np.zeros(len(near), bool)])
        tell("selqa against near misses by hand", truth, np.concatenate([whole, near]))
    fitted = {
        "weights": dict(zip(used, np.round(model.coef_[0], 4).tolist(), strict=True)),
        "intercept": round(float(model.intercept_[0]), 4),
    }
    print(json.dumps(fitted, indent=2))
    if write:
        packaged = json.loads(TARGET.read_text())
        (packaged if alone else packaged["in context"])[RERANKER] = fitted
        TARGET.write_text(json.dumps(packaged, indent=2) + "\n")


def weight_of(trial: Trial, trials: Sequence[Trial]) -> float:
    """Give each kind of question of a set the same weight, and real documents twice as much."""
    alike = sum(
        other.set == trial.set and other.kind == trial.kind and other.answerable == trial.answerable
        for other in trials
    )
    share = 1.0 if trial.set.startswith(REAL) else 1.5
    return share * SHARES[trial.kind] * 30 / (alike + 20)


def fit(rows: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> LogisticRegression:
    """Fit a logistic regression."""
    return LogisticRegression(C=REGULARISATION, max_iter=1000).fit(rows, labels, weights)


def tell(kind: str, labels: np.ndarray, probabilities: np.ndarray) -> None:
    """Print how well held-out probabilities tell answerable from not."""
    bins = np.minimum((probabilities * 10).astype(int), 9)
    error = sum(
        abs(labels[bins == b].mean() - probabilities[bins == b].mean()) * (bins == b).mean()
        for b in range(10)
        if (bins == b).any()
    )
    if labels.all():
        print(f"{kind}: {len(labels)} answerable")
        return
    auroc = roc_auc_score(labels, probabilities)
    print(f"{kind}: {len(labels)} cases, AUROC {auroc:.3f}, calibration error {error:.3f}")


if __name__ == "__main__":
    main()
