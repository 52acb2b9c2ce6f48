"""Measure an entailment model on held-out pairs, and fit its temperature.

    python training/entailment/evaluate.py PREPARED.pickle WEIGHTS.pt|FOLDER [--most 4000]

WEIGHTS.pt is a checkpoint or the weights in 32 bits, FOLDER an exported model. Per set it reports
the share of labels that are right (where a set does not tell neutral from contradicted, either
counts), and the AUROC of supported against the rest. The last lines are those of the human sets:
how many true claims pass where 5 % of the untrue do, and the temperature that fits these sets.
"""

from __future__ import annotations

import argparse
import pickle
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from network import LABELS, EntailmentNetwork
from prepare import Item
from train import Encoder, padded

from askdoc.models.entailment import PackagedEntailment

SEED = 3
BATCH = 64
HUMAN = ("begin_wow", "fever_dev", "fever_symmetric", "fool_me_twice")
MADE = ("made", "exchange")
PASSING = 0.05
"""Share of untrue claims that pass at the threshold where true ones are counted."""

Rows = npt.NDArray[np.float64]


def main() -> None:
    """Print the figures of each set and of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prepared", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--most", type=int, default=4000)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    with arguments.prepared.open("rb") as file:
        items: list[Item] = pickle.load(file)["held_out"]  # noqa: S301 - our own file
    items = random.Random(SEED).sample(items, min(arguments.most, len(items)))
    scores = of_folder(arguments.model, items) if arguments.model.is_dir() else (
        of_weights(arguments.model, items)
    )  # fmt: skip
    right = np.array([is_right(item, row) for item, row in zip(items, scores, strict=True)])
    true = np.array([item.label == LABELS[0] for item in items])
    chances = softmax(scores)[:, 0]
    sets = defaultdict(list)
    for at, item in enumerate(items):
        sets[item.source].append(at)
        if item.source in MADE:
            sets[f"  {item.part}"].append(at)
    for name, rows in sorted(sets.items()):
        area = auroc(true[rows], chances[rows])
        print(f"{name:26} {len(rows):5}  right {right[rows].mean():.3f}  AUROC {area:.3f}")
    three = [at for at, item in enumerate(items) if item.source not in MADE]
    print(f"human pairs: right {right[three].mean():.3f}, "
          f"AUROC {auroc(true[three], chances[three]):.3f}")  # fmt: skip
    for rows, name in (
        ([at for at in three if items[at].source in HUMAN], "documents"),
        (three, "all human"),
    ):
        limit = np.quantile(chances[rows][~true[rows]], 1 - PASSING)
        passing = (chances[rows][true[rows]] > limit).mean()
        print(f"{name}: threshold {limit:.3f}, true claims that pass {passing:.3f}")
    people = [items[at] for at in three]
    print(f"temperature {temperature(scores[three], people):.2f}")


def of_weights(path: Path, items: Sequence[Item]) -> Rows:
    """Score with weights in 32 bits; shape (pairs, 3)."""
    state = torch.load(path, weights_only=True)
    model = EntailmentNetwork().eval()
    model.load_state_dict(state.get("model", state))
    encoded = Encoder()([(item.premise, item.claim) for item in items])
    order = sorted(range(len(items)), key=lambda at: len(encoded[at][0]))
    found = np.zeros((len(items), len(LABELS)))
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            ids, types, mask, _ = padded([encoded[at] for at in part], [items[at] for at in part])
            found[part] = model(ids, types, mask).double().numpy()
    return found


def of_folder(folder: Path, items: Sequence[Item]) -> Rows:
    """Score with an exported model, as askdoc does; shape (pairs, 3)."""
    model = PackagedEntailment(folder)
    found = model([(item.premise, item.claim) for item in items])
    return np.log([[one.entailed, one.neutral, one.contradicted] for one in found])


def is_right(item: Item, row: npt.NDArray[np.float64]) -> bool:
    """Say whether the likeliest label is the pair's."""
    best = LABELS[int(row.argmax())]
    if item.binary:
        return (best == LABELS[0]) == (item.label == LABELS[0])
    return best == item.label


def softmax(scores: Rows) -> Rows:
    """Turn scores into probabilities, row by row."""
    shifted = np.exp(scores - scores.max(1, keepdims=True))
    chances: Rows = shifted / shifted.sum(1, keepdims=True)
    return chances


def auroc(true: npt.NDArray[np.bool_], chances: npt.NDArray[np.float64]) -> float:
    """How often a true claim scores higher than an untrue one; nan where there is but one kind."""
    if true.all() or not true.any():
        return float("nan")
    ranks = np.empty(len(chances))
    ranks[np.argsort(chances, kind="stable")] = np.arange(1, len(chances) + 1)
    count = int(true.sum())
    return float((ranks[true].sum() - count * (count + 1) / 2) / (count * (len(true) - count)))


def temperature(scores: Rows, items: Sequence[Item]) -> float:
    """Find what the scores are divided by so that the held-out pairs are likeliest."""

    def loss(value: float) -> float:
        chances = softmax(scores / value)
        held = [
            row[1:].sum() if item.binary and item.label != LABELS[0] else
            row[LABELS.index(item.label)]
            for row, item in zip(chances, items, strict=True)
        ]  # fmt: skip
        return -float(np.log(np.maximum(held, 1e-9)).mean())

    return min(np.linspace(0.5, 3, 51), key=loss)


if __name__ == "__main__":
    main()
