"""Compares answers by a language model with extractive ones on a set of questions.

    python benchmarks/generating.py smollm2-135m path/to/suite.jsonl --workspace DIR --keep FILE

The workspace is one whose index holds the set's documents. For each of the cases drawn at random:
does the answer cite a gold sentence, by extraction and by the model; how many claims were shown,
how many withheld. What the model said is kept in FILE under its prompt, so a run that was stopped,
or cut short by `--minutes`, goes on where it was, and a change of the check alone costs no
generation. `--sample N` prints claims drawn at random from those shown, each
with the sentences it cites, for a reader to judge. A model is `good_enough` when evidence, wrong
claims and abstention are at least as good as by extraction.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from askdoc import app, workspace
from askdoc.ask.memo import remembering
from askdoc.evals.grade import GoldFinder, grade
from askdoc.evals.metrics import citation_precision, citation_recall
from askdoc.evals.suite import load
from askdoc.types import Answer, EvalCase, Prompt, Spent
from askdoc.types.ports import Generator


class OutOfTimeError(Exception):
    """The time of this piece of the run is over."""


class Remembering:
    """A generator that keeps what the one behind it says in a file, and says it again."""

    def __init__(self, generator: Generator, file: Path, until: float) -> None:
        self._generator = generator
        self._file = file
        self._until = until
        self.name, self.context = generator.name, generator.context
        self.form, self.remote = generator.form, generator.remote
        lines = file.read_text().splitlines() if file.exists() else []
        self._said = {record["prompt"]: record for record in map(json.loads, lines)}

    def close(self) -> None:
        """Leave it to the owner of the generator behind."""

    def stream(self, prompt: Prompt) -> Iterator[str | Spent]:
        """Yield what was said to this prompt before, else ask."""
        key = hashlib.sha256(repr((self.name, prompt)).encode()).hexdigest()[:24]
        if key not in self._said:
            if time.monotonic() > self._until:
                raise OutOfTimeError
            pieces = list(self._generator.stream(prompt))
            spent = next((piece for piece in pieces if isinstance(piece, Spent)), Spent())
            text = "".join(piece for piece in pieces if isinstance(piece, str))
            self._said[key] = {"prompt": key, "text": text, "spent": asdict(spent)}
            with self._file.open("a") as kept:
                kept.write(json.dumps(self._said[key]) + "\n")
        yield self._said[key]["text"]
        yield Spent(**self._said[key]["spent"])


@dataclass
class Tally:
    """What the two ways of answering came to."""

    recall: dict[str, list[float]] = field(default_factory=lambda: {"extraction": [], "model": []})
    precision: dict[str, list[float]] = field(
        default_factory=lambda: {"extraction": [], "model": []}
    )
    counts: Counter[str] = field(default_factory=Counter)
    claims: list[dict[str, object]] = field(default_factory=list)

    def add(self, case: EvalCase, gold: GoldFinder, by_hand: Answer, by_model: Answer) -> None:
        """Count one case."""
        for name, answer in (("extraction", by_hand), ("model", by_model)):
            graded = grade(case, answer, gold, lambda _: True)
            self.recall[name].append(citation_recall(graded) or 0.0)
            precision = citation_precision(graded)
            if precision is not None:
                self.precision[name].append(precision)
        if by_model.generation is None:
            self.counts["abstained"] += 1
            return
        self.counts["withheld"] += len(by_model.generation.withheld)
        if by_model.generation.fallback:
            self.counts["fell back"] += 1
            return
        self._claims(case, by_model)

    def _claims(self, case: EvalCase, answer: Answer) -> None:
        """Tell what the model said from what was added in the documents' own words."""
        quotes = {citation.label: citation.quote for citation in answer.citations}
        for claim in answer.claims:
            sources = [quotes[label] for label in claim.citations]
            copied = claim.text.split() == " ".join(sources).split()
            self.counts["copied" if copied else "worded"] += 1
            if not copied:
                shown = {"question": case.question, "claim": claim.text, "sources": sources}
                self.claims.append(shown)

    def report(self, wanted: int) -> None:
        """Print the figures."""
        print(f"{len(self.recall['model'])} of {wanted} cases, load {os.getloadavg()[0]:.1f}")
        for name, scores in self.recall.items():
            if scores:
                precise = statistics.mean(self.precision[name] or [0])
                print(f"{name}: recall {statistics.mean(scores):.3f}, precision {precise:.3f}")
        for name, count in self.counts.items():
            print(f"{name}: {count}")
        told = self.counts["worded"] + self.counts["withheld"]
        if told:
            print(f"share withheld: {self.counts['withheld'] / told:.3f}")


def main() -> None:
    """Run the comparison, or go on with it, and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("llm")
    parser.add_argument("suite", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path())
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=1e6)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--sample", type=int, default=0)
    options = parser.parse_args()

    cases = [case for case in load(options.suite).cases if case.answerable and case.evidence]
    cases = random.Random(options.seed).sample(cases, options.cases)
    until = time.monotonic() + 60 * options.minutes
    plain = workspace.find(options.workspace, overrides={"llm": "extractive"})
    written = workspace.find(
        options.workspace, overrides={"llm": options.llm, "llm_threads": options.threads}
    )
    tally = Tally()

    def remember(generator: Generator) -> Generator:
        return Remembering(generator, options.keep, until)

    with (
        app.answerer(plain, change=remembering) as one,
        app.answerer(written, change=remembering, wrap_generator=remember) as two,
        app.open_catalog(plain) as catalog,
    ):
        gold = GoldFinder(catalog)
        for case in cases:
            try:
                by_model = two.answer(case.question)
            except OutOfTimeError:
                continue  # what was kept of later ones costs nothing
            tally.add(case, gold, one.answer(case.question), by_model)
    tally.report(len(cases))
    for record in random.Random(options.seed).sample(
        tally.claims, min(options.sample, len(tally.claims))
    ):
        print(json.dumps(record, ensure_ascii=False))


if __name__ == "__main__":
    main()
