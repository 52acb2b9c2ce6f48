"""Gather the pairs that the entailment model learns from, and those that it is measured on.

    python training/entailment/prepare.py DATA/training PREPARED.pickle

Human pairs come from `entailment/`, made ones from the passages in `reading/` (`variations.py`).
One premise in ten, with all its claims, is held out. Sets whose claims are image captions, made by
templates, or labelled by machine count less (`SHARES`).
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import pickle
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sentencex import segment
from variations import (
    NOT_SUPPORTED,
    SUPPORTED,
    Variation,
    names_of,
    true_claims,
    untrue_claims,
    usable,
)

SEED = 7
HELD_OUT = 10
"""One premise of so many is held out."""

SHARES = {
    "begin_wow": 2.0,
    "breaking_nli": 0.25,
    "clcd": 0.5,
    "conjnli": 0.5,
    "counterfactual_nli": 0.9,
    "fever_dev": 1.2,
    "fever_symmetric": 2.0,
    "fool_me_twice": 2.0,
    "negation_nli": 0.8,
    "snli_dev_test": 0.5,
    "tenp": 1.0,
    "clapnq_dev": 3.0,
    "same": 1.5,
    "shortened": 2.5,
    "joined": 1.0,
    "other sentence": 0.5,
    "negation put in": 0.6,
    "direction": 0.7,
    "halves": 0.7,
    "name": 0.7,
    "phrases exchanged": 0.7,
}
"""How often a pair of a set, or of a kind that is made, is read in one pass."""

PASSAGES = {
    "squadshifts_new_wiki": 1500,
    "squad_train_du44": 1700,
    "squad2_train_10": 690,
    "nq_open_oracle": 1500,
    "nyu_mcq": 900,
    "pubmedqa": 600,
    "boolq": 1500,
    "tatqa_text": 400,
}
"""Passages of each set from which pairs are made."""

TURNED = 0.35
"""Share of sentences that are themselves changed, where the change can be turned round."""

BOTH_WAYS = (
    "number", "value", "direction", "name", "names exchanged", "numbers exchanged",
    "phrases exchanged",
    "negation put in", "negation taken out",
)  # fmt: skip

RARE = {
    "number": 4,
    "value": 4,
    "numbers exchanged": 6,
    "names exchanged": 6,
    "phrases exchanged": 3,
    "restriction taken out": 5,
    "condition taken out": 5,
    "negation taken out": 5,
}
"""How much more often than others a change is chosen where a sentence allows it."""


@dataclass(frozen=True, slots=True)
class Item:
    """A premise and a claim; `binary` where `not_supported` may be contradicted as well."""

    premise: str
    claim: str
    label: str
    source: str
    part: str
    binary: bool


def main() -> None:
    """Write the pairs for training and the held-out ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("prepared", type=Path)
    arguments = parser.parse_args()
    rng = random.Random(SEED)
    kept: list[Item] = []
    held: list[Item] = []
    folder = arguments.data / "reading"
    everything = [*human(arguments.data / "entailment"), *clapnq(folder), *made(folder, rng)]
    for item in everything:
        (held if is_held_out(item.premise) else kept).append(item)
    with arguments.prepared.open("wb") as file:
        pickle.dump({"train": kept, "held_out": held, "shares": SHARES}, file)
    for name, items in (("train", kept), ("held out", held)):
        print(name, len(items))
        for key, count in sorted(Counter((item.source, item.label) for item in items).items()):
            print("  ", *key, count)
    print(Counter(item.part for item in kept if item.source == "made").most_common())


def is_held_out(premise: str) -> bool:
    """Say by its hash whether a premise is held out; an edited premise counts as its own."""
    start = " ".join(premise.lower().split()[:8])
    return hashlib.sha256(start.encode()).digest()[0] % HELD_OUT == 0


def human(folder: Path) -> Iterator[Item]:
    """Read the pairs that people judged."""
    for path in sorted(folder.glob("*.jsonl.gz")):
        source = path.name.removesuffix(".jsonl.gz")
        for row in read_rows(path):
            premise = row["premise"]
            if title := row.get("title"):
                premise = f"{title} {premise}"
            yield Item(
                premise, row["claim"], row["label"], source, row["part"],
                bool(row.get("binary")),
            )  # fmt: skip


def clapnq(folder: Path) -> Iterator[Item]:
    """Read answers that people wrote, a sentence each, from the sentences they were made from.

    Half of the passages, by a hash, are left out altogether, to measure on.
    """
    passages = read_rows(folder / "clapnq_dev.passages.jsonl.gz")
    titles = {row["pid"]: row["title"] for row in passages}
    for row in read_rows(folder / "clapnq_dev.questions.jsonl.gz"):
        if is_left_out(row["pid"]):
            continue
        text = " ".join(answer["text"] for answer in row["answers"])
        for answer in row.get("long_answers", []):
            for claim in segment("en", answer):
                yield Item(
                    f"{titles[row['pid']]} {text}", claim.strip(), SUPPORTED, "clapnq_dev",
                    "answer", binary=False,
                )  # fmt: skip


def is_left_out(name: str) -> bool:
    """Say by its hash whether a passage of ClapNQ is kept for measuring."""
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 0


def made(folder: Path, rng: random.Random) -> Iterator[Item]:
    """Make pairs from sentences of passages."""
    for name, most in PASSAGES.items():
        passages = list(read_rows(folder / f"{name}.passages.jsonl.gz"))
        by_title = defaultdict(list)
        for passage in passages:
            by_title[passage["title"]].append(passage["text"])
        for passage in rng.sample(passages, min(most, len(passages))):
            near = by_title[passage["title"]] if passage["title"] else [passage["text"]]
            names = names_of(" ".join(rng.sample(near, min(3, len(near)))))
            yield from _of_passage(passage["title"], passage["text"], names, rng)


def _of_passage(title: str, text: str, names: list[str], rng: random.Random) -> Iterator[Item]:
    sentences = [one.strip() for one in segment("en", text)]
    good = [one for one in sentences if usable(one)]
    for sentence in rng.sample(good, min(3, len(good))):
        others = [one for one in sentences if one != sentence]
        gold, made_here = sentence, []
        if rng.random() < TURNED:
            # The source is changed and the claim is not, so that the claim alone says nothing.
            turned = [v for v in untrue_claims(gold, [], names, rng) if v.part in BOTH_WAYS]
            if turned:
                variation = _rare_first(turned, 1, rng)[0]
                gold = variation.claim
                made_here.append(replace(variation, claim=sentence))
        premise = _premise(title, gold, others, rng)
        shorter = true_claims(gold, rng)
        same = [Variation(gold, SUPPORTED, "same")]
        made_here += [rng.choice(shorter)] if shorter and rng.random() < 0.8 else same
        base = rng.choice([*same, *shorter]).claim
        made_here += _rare_first(untrue_claims(base, others, names, rng), 2, rng)
        other = rng.choice(others) if others and rng.random() < 0.35 else ""
        if other and usable(other) and other not in premise:
            made_here.append(Variation(other, NOT_SUPPORTED, "other sentence"))
        if (other := rng.choice(others) if others else "") and usable(other):
            yield _joined(title, gold, other, others, rng)
        for item in made_here:
            yield Item(premise, item.claim, item.label, "made", item.part, item.binary)


def _joined(title: str, gold: str, other: str, others: list[str], rng: random.Random) -> Item:
    """Make a true claim of two sentences, which stand among others or alone."""
    texts = [gold, other]
    if len(others) > 2 and rng.random() < 0.5:
        texts.append(rng.choice([one for one in others if one != other]))
    rng.shuffle(texts)
    if title and rng.random() < 0.5:
        texts.insert(0, title)
    one = rng.choice([gold, *[v.claim for v in true_claims(gold, rng)]])
    two = rng.choice([other, *[v.claim for v in true_claims(other, rng)]])
    if rng.random() < 0.5 and two.split()[0] in _LOWERED:
        claim = f"{one.rstrip('.')}, and {two[0].lower()}{two[1:]}"
    else:
        claim = f"{one} {two}"
    return Item(" ".join(texts), claim, SUPPORTED, "made", "joined", binary=False)


_LOWERED = {"The", "A", "An", "In", "It", "This", "These", "They", "He", "She", "On", "At", "For"}


def _rare_first(items: list[Variation], count: int, rng: random.Random) -> list[Variation]:
    """Choose some, those more often whose kind few sentences allow."""
    order = sorted(items, key=lambda item: rng.random() ** (1 / RARE.get(item.part, 1)))
    return order[-count:]


def _premise(title: str, gold: str, others: list[str], rng: random.Random) -> str:
    """Put the sentence among up to two others, and at times its title before it."""
    texts = [gold]
    if others and rng.random() < 0.35:
        texts += rng.sample(others, rng.randint(1, min(2, len(others))))
        rng.shuffle(texts)
    if title and rng.random() < 0.5:
        texts.insert(0, title)
    return " ".join(texts)


def read_rows(path: Path) -> Iterator[dict]:
    """Read a file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


if __name__ == "__main__":
    main()
