"""Measure the packaged reader on data that it was not trained on.

    python training/reader/evaluate.py spans DATA [--most 500]
    python training/reader/evaluate.py misses DATA [--most 500]

`spans` asks questions on held-out articles of squad_train_du44; the right passage stands among
three others of its article. It prints how often the best sentence holds the right answer, and how
the short answer does. `misses` asks pairs of unansq_dev, one of which its passage does not answer,
and prints how well the reader's numbers tell them apart. How the whole of askdoc does is measured
by `benchmarks/realdocs.py`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from examples import sentences
from sklearn.metrics import roc_auc_score

from askdoc.models import reader as reading
from askdoc.models.reader import PackagedReader, packaged
from askdoc.types import Candidate, Judgement, Span

sys.path.append(str(Path(__file__).parents[1]))
from groups import held_out

SEED = 2
MISSES = "unansq_dev"
SPANS = "squad_train_du44"


def main() -> None:
    """Run one of the evaluations."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("spans", "misses"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--most", type=int, default=500, help="questions")
    arguments = parser.parse_args()
    reading.BUDGET = 100_000  # all passages are read, not only the first
    measure = on_spans if arguments.what == "spans" else on_misses
    measure(packaged(), arguments.data / "training" / "reading", arguments.most)


def rows(path: Path) -> Iterator[dict[str, object]]:
    """Read compressed JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def candidates(title: str, text: str) -> list[Candidate]:
    """Make a candidate of each sentence of a passage."""
    return [Candidate(text, Span(start, end), title) for start, end in sentences(text)]


def read(
    reader: PackagedReader, question: str, shown: Sequence[Candidate]
) -> list[tuple[Candidate, Judgement]]:
    """Judge sentences, the best first."""
    pairs = zip(shown, reader.judge(question, shown), strict=True)
    judged = [(item, one) for item, one in pairs if one is not None]
    return sorted(judged, key=lambda pair: -pair[1].score)


def plain(text: str) -> str:
    """Compare answers as SQuAD does: without articles, case and punctuation."""
    words = "".join(c if c.isalnum() else " " for c in text.lower()).split()
    return " ".join(word for word in words if word not in ("a", "an", "the"))


def on_spans(reader: PackagedReader, folder: Path, most: int) -> None:
    """Print how often the short answer is right."""
    texts = {row["pid"]: row for row in rows(folder / f"{SPANS}.passages.jsonl.gz")}
    asked = [
        row
        for row in rows(folder / f"{SPANS}.questions.jsonl.gz")
        if held_out(SPANS, texts[row["pid"]]["title"])
    ]
    chance = random.Random(SEED)
    asked = chance.sample(asked, min(most, len(asked)))
    own: dict[str, list[str]] = {}
    for pid, row in texts.items():
        own.setdefault(row["title"], []).append(pid)
    counts: Counter[str] = Counter()
    for row in asked:
        title = texts[row["pid"]]["title"]
        others = [pid for pid in own[title] if pid != row["pid"]]
        pids = [row["pid"], *chance.sample(others, min(3, len(others)))]
        shown = [one for pid in pids for one in candidates(title, texts[pid]["text"])]
        best, judged = read(reader, row["question"], shown)[0]
        right = plain(row["answers"][0]["text"])
        short = plain(judged.short.of(best.text)) if judged.short else ""
        counts["the best sentence holds the answer"] += within(right, plain(best.sentence))
        counts["short answer exact"] += short == right
        counts["exact, or one in the other"] += near(short, right)
    print(f"{SPANS}, {len(asked)} questions")
    for name, count in counts.items():
        print(f"  {name}: {count / len(asked):.3f}")


def within(part: str, whole: str) -> bool:
    """Tell whether a text holds some words."""
    return f" {part} " in f" {whole} "


def near(short: str, right: str) -> bool:
    """Tell whether one answer holds the other and is not much longer."""
    is_long = len(short.split()) > 3 * len(right.split()) + 3
    return bool(short) and (within(right, short) or within(short, right)) and not is_long


def on_misses(reader: PackagedReader, folder: Path, most: int) -> None:
    """Print how well scores separate answerable from unanswerable questions."""
    texts = {row["pid"]: row["text"] for row in rows(folder / f"{MISSES}.passages.jsonl.gz")}
    asked = {row["id"]: row for row in rows(folder / f"{MISSES}.questions.jsonl.gz")}
    answerable = [row for row in asked.values() if row["answerable"] and row["pair"] in asked]
    chosen = random.Random(SEED).sample(answerable, min(most, len(answerable)))
    signals: dict[str, list[float]] = {"sentence": [], "short answer": []}
    labels = []
    for row in (each for right in chosen for each in (right, asked[right["pair"]])):
        found = read(reader, row["question"], candidates("", texts[row["pid"]]))
        labels.append(row["answerable"])
        signals["sentence"].append(found[0][1].score)
        signals["short answer"].append(max(one.short_score for _, one in found))
    signals["sum"] = list(np.sum([signals[name] for name in signals], axis=0))
    print(f"{MISSES}, {len(chosen)} pairs; AUROC")
    for name, values in signals.items():
        print(f"  {name}: {roc_auc_score(labels, values):.3f}")


if __name__ == "__main__":
    main()
