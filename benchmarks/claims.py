"""Measure the check of claims, facts and model together, as askdoc uses it.

    python benchmarks/claims.py [DATA/training] [--most 400]

Without DATA it measures the labelled pairs in `tests/data` alone. With it, also pairs that people
outside of this project judged, of premises that the entailment model was not trained on, and the
answers of ClapNQ, which people wrote from the sentences that they are checked against. A claim
counts as passing where the check calls it supported, as shown where it is supported or partly so.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from askdoc.text.sentences import split
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Support
from askdoc.write.check.checker import Check, Source, Verdict

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "training" / "entailment"))

SEED = 17
HUMAN = ("begin_wow", "fever_dev", "fever_symmetric", "fool_me_twice", "tenp", "snli_dev_test")
LONGEST = 1500
"""Characters of the longest premise."""
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim, its source, and whether the source supports it."""

    claim: str
    source: Source
    holds: bool


def main() -> None:
    """Print a line for each set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--most", type=int, default=400)
    arguments = parser.parse_args()
    analyser = SnowballAnalyser()
    check = Check(lambda text: analyser.terms(text, "en"), language=analyser.language)
    print(
        f"{'set':18} {'true':>5} {'pass':>6} {'shown':>6}   {'untrue':>6} {'pass':>6} {'shown':>6}"
    )
    sets = {"own pairs": list(own())}
    if arguments.data:
        rng = random.Random(SEED)
        for name in HUMAN:
            pairs = list(human(arguments.data / "entailment" / f"{name}.jsonl.gz"))
            sets[name] = rng.sample(pairs, min(arguments.most, len(pairs)))
        sets["clapnq_dev"] = list(clapnq(arguments.data / "reading"))[: arguments.most]
    everything: list[tuple[Pair, Verdict]] = []
    started = time.perf_counter()
    for name, pairs in sets.items():
        verdicts = check.each([(pair.claim, [pair.source]) for pair in pairs])
        judged = list(zip(pairs, verdicts, strict=True))
        if name != "own pairs":
            everything += judged
        line(name, judged)
    seconds = time.perf_counter() - started
    print(f"{1000 * seconds / sum(map(len, sets.values())):.1f} ms a claim")
    if everything:
        line("all of people", everything)
        for limit in THRESHOLDS:
            line(f"  from {limit}", everything, limit)


def line(name: str, judged: list[tuple[Pair, Verdict]], limit: float | None = None) -> None:
    """Print how many true and untrue claims pass and are shown; by `limit` if one is given."""
    parts = []
    for holds in (True, False):
        found = [verdict for pair, verdict in judged if pair.holds is holds]
        passing = [
            one.support is Support.SUPPORTED
            if limit is None or one.probability in (0, 1)
            else one.probability >= limit
            for one in found
        ]
        shown = [one.support is not Support.UNSUPPORTED for one in found]
        parts.append(
            f"{len(found):5} {sum(passing) / len(found):6.3f} {sum(shown) / len(found):6.3f}"
            if found
            else f"{0:5}      -      -"
        )
    print(f"{name:18} {parts[0]}    {parts[1]}", flush=True)


def own() -> Iterator[Pair]:
    """Read the pairs that were written for this project."""
    for path in sorted((ROOT / "tests" / "data").glob("claims*.jsonl")):
        for text in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(text)
            source = Source("1", row["source"], language=row.get("language", "en"))
            yield Pair(row["claim"], source, row["holds"])


def human(path: Path) -> Iterator[Pair]:
    """Read pairs of premises that are held out from training."""
    from prepare import is_held_out

    for row in _rows(path):
        title = row.get("title") or ""
        premise = f"{title} {row['premise']}".strip()
        if is_held_out(premise) and len(premise) < LONGEST:
            source = Source("1", row["premise"], title)
            yield Pair(row["claim"], source, row["label"] == "supported")


def clapnq(folder: Path) -> Iterator[Pair]:
    """Read answers that people wrote, a sentence each, with the sentences they were made from."""
    from prepare import is_left_out

    titles = {row["pid"]: row["title"] for row in _rows(folder / "clapnq_dev.passages.jsonl.gz")}
    for row in _rows(folder / "clapnq_dev.questions.jsonl.gz"):
        if not is_left_out(row["pid"]):
            continue
        text = " ".join(answer["text"] for answer in row["answers"])
        for answer in row.get("long_answers", [])[:1]:
            for claim in split(answer, "en"):
                if text and len(text) < LONGEST and len(claim.split()) > 3:
                    yield Pair(claim.strip(), Source("1", text, titles[row["pid"]]), holds=True)


def _rows(path: Path) -> Iterator[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


if __name__ == "__main__":
    main()
