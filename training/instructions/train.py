"""Fit the finder of orders to whoever answers, and measure it.

    python training/instructions/train.py DATA/training [--attacks FILE] [--documents DATA/realdocs]

A logistic regression over the packaged embedder's vector of a sentence. FILE has attacks that were
not trained on, as JSON: a list of texts, or lists by name. The threshold is that at which one
innocent sentence in 100 of those left out of the training is taken for an order.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
import numpy.typing as npt
from texts import attacks, documents, innocent

from askdoc.models import embedder
from askdoc.models.instructions import ABOUT, features
from askdoc.models.packaged import packaged_data

SEED = 5
ATTACKS, INNOCENT = 900, 2200
LEFT_OUT = 4
"""One innocent sentence of so many sets the threshold."""
PASSING = 0.01
SMOOTHNESS = 1.0
STEPS = 12
DIGITS = 3
DOCUMENTS = 1200
"""Sentences of documents on which false alarms are counted."""

Matrix = npt.NDArray[np.float64]


def main() -> None:
    """Fit, keep the weights, and print how much is found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--attacks", type=Path)
    parser.add_argument("--documents", type=Path)
    arguments = parser.parse_args()
    rng = random.Random(SEED)
    model = embedder.packaged()
    orders = attacks(ATTACKS, rng)
    others = innocent(arguments.data, INNOCENT, rng)
    rng.shuffle(others)
    size = len(others) // LEFT_OUT
    left, used = (features(model.embed_passages, part) for part in (others[:size], others[size:]))
    found = features(model.embed_passages, orders)
    weights = np.round(fit(found, used), DIGITS)
    limit = round(float(np.quantile(left @ weights[:-1] + weights[-1], 1 - PASSING)), DIGITS)
    about = {
        "embedder": model.fingerprint,
        "limit": limit,
        "bias": float(weights[-1]),
        "weights": weights[:-1].tolist(),
    }
    target = packaged_data() / ABOUT
    target.write_text(json.dumps(about) + "\n", encoding="utf-8")
    print(f"threshold {limit}; of {len(left)} innocent sentences left out: {PASSING}")

    def share(texts: list[str]) -> float:
        scores = features(model.embed_passages, texts) @ weights[:-1] + weights[-1]
        return float((scores > limit).mean())

    if arguments.attacks:
        held = json.loads(arguments.attacks.read_text(encoding="utf-8"))
        texts = (
            held if isinstance(held, list) else [text for group in held.values() for text in group]
        )
        print(f"{len(texts)} attacks of {arguments.attacks.name}: found {share(texts):.3f}")
    if arguments.documents:
        texts = list(documents(arguments.documents))
        texts = rng.sample(texts, min(DOCUMENTS, len(texts)))
        print(f"{len(texts)} sentences of documents: false alarms {share(texts):.4f}")


def fit(orders: Matrix, others: Matrix) -> Matrix:
    """Return the weights, the last one for the constant, by Newton's method."""
    rows = np.vstack([orders, others])
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    right = np.concatenate([np.ones(len(orders)), np.zeros(len(others))])
    penalty = np.full(rows.shape[1], SMOOTHNESS)
    penalty[-1] = 1e-6
    weights = np.zeros(rows.shape[1])
    for _ in range(STEPS):
        chances = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (chances - right) + penalty * weights
        bend = (rows * (chances * (1 - chances))[:, None]).T @ rows + np.diag(penalty)
        weights -= np.linalg.solve(bend, slope)
    return weights


if __name__ == "__main__":
    main()
