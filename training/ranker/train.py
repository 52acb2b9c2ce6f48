"""Train the ranker on collected questions.

    python training/ranker/train.py OUT.pt COLLECTED.jsonl... [--steps 780] [--layers 4]

Each step takes 16 questions, each with its gold sentence and six wrong ones, or with wrong ones
alone. The loss is the cross-entropy over these sentences and one more choice, `none of them`, whose
score is fixed at 0 (so that a score above 0 means that the sentence rather answers than not). Word
embeddings are not trained. A quarter of all documents is held out, with all questions on them.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from groups import Group, Task, Teacher, load
from model import Ranker, base_folder
from tokenizers import Tokenizer

from askdoc.models.pairs import Pair, PairEncoder
from askdoc.models.ranker import TOKENIZER

SEED = 1
QUESTIONS = 16
WRONG = 6
TOGETHER = 28
"""Pairs of like length that go through the model at once."""
WARM_UP = 60
MOST = 2500
"""Questions of one set at most, so that none rules."""


def main() -> None:
    """Train, and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("collected", type=Path, nargs="+")
    parser.add_argument("--steps", type=int, default=780)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--rate", type=float, default=8e-5)
    arguments = parser.parse_args()
    random.seed(SEED)
    torch.manual_seed(SEED)
    groups = load(arguments.collected, most=MOST)
    model = Ranker(arguments.layers).train()
    model.bert.embeddings.word_embeddings.weight.requires_grad = False
    trained = [weights for weights in model.parameters() if weights.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=arguments.rate, weight_decay=0.01)
    encoder = PairEncoder(Tokenizer.from_file(str(base_folder() / TOKENIZER)))
    teacher, order, started = Teacher(groups, size=WRONG), [], time.monotonic()
    for step in range(arguments.steps):
        for group in optimiser.param_groups:
            group["lr"] = arguments.rate * min(1, step / WARM_UP) * (1 - step / arguments.steps)
        if len(order) < QUESTIONS:
            order += random.sample(groups, len(groups))
        batch, order = order[:QUESTIONS], order[QUESTIONS:]
        loss = learn(batch, teacher, encoder, model)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        if step % 25 == 0:
            minutes = (time.monotonic() - started) / 60
            print(f"step {step}, {minutes:.1f} min, loss {loss.item():.3f}", flush=True)
    torch.save(model.state_dict(), arguments.out)


def learn(
    groups: Sequence[Group], teacher: Teacher, encoder: PairEncoder, model: Ranker
) -> torch.Tensor:
    """Return the mean loss over one task of each group."""
    tasks = [teacher.draw(group) for group in groups]
    scores = score([encoder.encode(task.question, task.candidates) for task in tasks], model)
    losses = [loss_of(task, part) for task, part in zip(tasks, scores, strict=True)]
    return torch.stack(losses).mean()


def loss_of(task: Task, scores: torch.Tensor) -> torch.Tensor:
    """Cross-entropy over the candidates and `none of them`."""
    chances = torch.log_softmax(torch.cat([scores, torch.zeros(1)]), 0)
    target = torch.logsumexp(chances[: task.right], 0) if task.right else chances[-1]
    return -task.weight * target


def score(encoded: Sequence[Sequence[Pair]], model: Ranker) -> list[torch.Tensor]:
    """Score all pairs, in batches of like length; a vector for each list of pairs."""
    pairs = [pair for part in encoded for pair in part]
    order = sorted(range(len(pairs)), key=lambda at: len(pairs[at].ids))
    found = []
    for start in range(0, len(order), TOGETHER):
        part = [pairs[at] for at in order[start : start + TOGETHER]]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            found.append(model(*padded(part)).float())
    places = torch.empty(len(order), dtype=torch.long)
    places[torch.tensor(order)] = torch.arange(len(order))
    return list(torch.cat(found)[places].split([len(part) for part in encoded]))


def padded(pairs: Sequence[Pair]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return ids, types and mask, each of shape (pairs, longest)."""
    longest = max(len(pair.ids) for pair in pairs)
    ids, types, mask = (torch.zeros(len(pairs), longest, dtype=torch.long) for _ in range(3))
    for row, pair in enumerate(pairs):
        ids[row, : len(pair.ids)] = torch.tensor(pair.ids)
        types[row, : len(pair.types)] = torch.tensor(pair.types)
        mask[row, : len(pair.ids)] = 1
    return ids, types, mask


if __name__ == "__main__":
    main()
