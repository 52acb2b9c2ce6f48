"""Train the entailment model on prepared pairs for a given time.

    python training/entailment/train.py PREPARED.pickle FOLDER --minutes 70

A pair is written as [CLS] premise [SEP] claim [SEP]. The loss is the cross-entropy over the three
labels; where a set does not tell neutral from contradicted, both together count as right. Word
embeddings are not trained. The rate falls with the time that is left. FOLDER holds a log and a
checkpoint, from which a run with the same settings continues.
"""

from __future__ import annotations

import argparse
import pickle
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from network import LABELS, EntailmentNetwork, base_folder
from prepare import Item
from tokenizers import Tokenizer

SEED = 11
BATCH = 32
POOL = 40
"""Batches that are drawn at once and sorted by length, so that little is padding."""
THREADS = 2
WARM_UP = 100
SECONDS, EVERY = 240, 50
"""Seconds between two checkpoints, and steps between two lines of the log."""
MOST = 224
"""Tokens of a pair; longer premises are cut."""
LONGEST_CLAIM = 500
"""Characters of the longest claim that is read."""
HEADS = 5
"""The rate of the new layers is higher than that of the layers below by this factor."""


def main() -> None:
    """Train until the time is over, and keep the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prepared", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--minutes", type=float, default=70)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--rate", type=float, default=1e-4)
    arguments = parser.parse_args()
    torch.set_num_threads(THREADS)
    torch.manual_seed(SEED)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    run = Run(arguments.folder / "checkpoint.pt", arguments.layers, arguments.rate)
    with arguments.prepared.open("rb") as file:
        prepared = pickle.load(file)  # noqa: S301 - our own file
    batches = draw(prepared["train"], prepared["shares"], Encoder(), random.Random(run.seed))
    run.train(batches, arguments.minutes * 60)
    torch.save(run.model.state_dict(), arguments.folder / "weights.pt")


class Run:
    """A model in training, which continues from the checkpoint at `kept` if there is one."""

    def __init__(self, kept: Path, layers: int, rate: float) -> None:
        self.kept, self.rate = kept, rate
        self.model = EntailmentNetwork(layers).train()
        self.model.bert.embeddings.word_embeddings.weight.requires_grad = False
        self.lower = [weights for weights in self.model.bert.parameters() if weights.requires_grad]
        self.upper = [*self.model.hidden.parameters(), *self.model.out.parameters()]
        self.optimiser = torch.optim.AdamW(
            [{"params": self.lower, "factor": 1}, {"params": self.upper, "factor": HEADS}],
            weight_decay=0.01,
        )
        self.spent, self.step, self.seed = 0.0, 0, SEED
        if kept.exists():
            state = torch.load(kept, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.spent, self.step = state["spent"], state["step"]
            self.seed = state["seed"] + 1

    def train(self, batches: Iterator[Batch], total: float) -> None:
        """Learn from batches until `total` seconds are spent, with those of earlier runs."""
        started = saved = time.monotonic()
        seen, losses = 0, []
        while (used := self.spent + time.monotonic() - started) < total:
            for group in self.optimiser.param_groups:
                share = min(1, (self.step + 1) / WARM_UP) * (1 - used / total)
                group["lr"] = self.rate * group["factor"] * share
            ids, types, mask, targets = next(batches)
            loss = loss_of(self.model(ids, types, mask), targets)
            self.optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_([*self.lower, *self.upper], 1.0)
            self.optimiser.step()
            self.step, seen = self.step + 1, seen + len(ids)
            losses.append(loss.item())
            if self.step % EVERY == 0:
                mean = sum(losses) / len(losses)
                line = f"step {self.step}, {used / 60:.1f} min, loss {mean:.3f}, {seen} pairs"
                print(line, flush=True)
                losses.clear()
            if time.monotonic() - saved > SECONDS:
                saved = time.monotonic()
                self.save(used)
        self.save(total)

    def save(self, spent: float) -> None:
        """Keep everything that a run needs to continue."""
        state = {
            "model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(),
            "spent": spent, "step": self.step, "seed": self.seed,
        }  # fmt: skip
        temporary = self.kept.with_suffix(".new")
        torch.save(state, temporary)
        temporary.replace(self.kept)


class Encoder:
    """Writes pairs as tokens."""

    def __init__(self) -> None:
        self._tokenizer = Tokenizer.from_file(str(base_folder() / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MOST, strategy="only_first")

    def __call__(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
        """Return ids and types of each premise and claim."""
        return [(e.ids, e.type_ids) for e in self._tokenizer.encode_batch_fast(list(pairs))]


Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


def draw(
    items: Sequence[Item], shares: dict[str, float], encoder: Encoder, rng: random.Random
) -> Iterator[Batch]:
    """Give batches of pairs of like length, without end."""
    pool: list[Item] = []
    while True:
        chosen = [
            item
            for item in items
            for share in [shares.get(item.part, shares.get(item.source, 1.0))]
            for _ in range(int(share) + (rng.random() < share % 1))
            if len(item.claim) < LONGEST_CLAIM
        ]
        rng.shuffle(chosen)
        pool += chosen
        while len(pool) >= BATCH * POOL:
            part, pool = pool[: BATCH * POOL], pool[BATCH * POOL :]
            encoded = encoder([(item.premise, item.claim) for item in part])
            order = sorted(range(len(part)), key=lambda at: len(encoded[at][0]))
            groups = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
            rng.shuffle(groups)
            for group in groups:
                yield padded([encoded[at] for at in group], [part[at] for at in group])


def padded(encoded: Sequence[tuple[list[int], list[int]]], items: Sequence[Item]) -> Batch:
    """Return ids, types, mask of shape (pairs, longest), and targets of shape (pairs, 3).

    A target row is true for each label that counts as right.
    """
    longest = max(len(ids) for ids, _ in encoded)
    ids, types, mask = (torch.zeros(len(encoded), longest, dtype=torch.long) for _ in range(3))
    targets = torch.zeros(len(encoded), len(LABELS), dtype=torch.bool)
    for row, ((one, kind), item) in enumerate(zip(encoded, items, strict=True)):
        ids[row, : len(one)] = torch.tensor(one)
        types[row, : len(one)] = torch.tensor(kind)
        mask[row, : len(one)] = 1
        targets[row, LABELS.index(item.label)] = True
        if item.binary:
            targets[row, 1:] = True
    return ids, types, mask, targets


def loss_of(scores: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Cross-entropy, where the probabilities of all right labels count together."""
    chances = torch.log_softmax(scores, -1).masked_fill(~targets, -torch.inf)
    return -torch.logsumexp(chances, -1).mean()


if __name__ == "__main__":
    main()
