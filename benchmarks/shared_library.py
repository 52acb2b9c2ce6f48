"""Compare a library in PostgreSQL with the same index in a folder: answers, time and size.

    python benchmarks/shared_library.py INDEX SUITE.jsonl postgresql://… [QUESTIONS]

INDEX is the folder of an index; it is exported, and imported into the database, which must be one
for trials: what is in it is replaced. Each question is asked of both, one right after the other and
in turns first, so that a busy machine slows down both alike. The first five questions only warm up.

Answers are equal where the evidence is the same in the same order, and the confidence differs by at
most 0.0001. Where only passages of equal score have changed places, that is a tie.
"""

from __future__ import annotations

import argparse
import shutil
import time
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from askdoc import app, workspace
from askdoc.app.export import export_index, import_index
from askdoc.ask.answer import Answerer
from askdoc.evals import suite as suites
from askdoc.types import Answer

WARM_UP = 5
NEAR = 1e-4


def main() -> None:
    """Move the index, ask both, and print the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("index", type=Path)
    parser.add_argument("suite", type=Path)
    parser.add_argument("address")
    parser.add_argument("questions", type=int, nargs="?", default=300)
    chosen = parser.parse_args()
    index, suite, address = chosen.index, chosen.suite, chosen.address
    limit = chosen.questions
    cases = suites.load(suite).cases
    questions = [case.question for case in cases[:: max(1, len(cases) // limit)]][:limit]
    with TemporaryDirectory() as folder:
        root = Path(folder)
        copied = root / "index"
        shutil.copytree(index, copied, ignore=shutil.ignore_patterns("lock*"))
        embedded = workspace.find(root, overrides={"index": str(copied)})
        shared = workspace.find(root, overrides={"index": address})
        file = root / "library.askdoc"
        print(f"export: {timed(lambda: export_index(embedded, file)):.1f} s")
        print(f"import: {timed(lambda: import_index(shared, file, force=True)):.1f} s")
        for name, place in (("folder", embedded), ("database", shared)):
            with closing(app.open_catalog(place)) as catalog:
                counts = catalog.counts()
                print(
                    f"{name}: {counts.documents:,} documents, {counts.chunks:,} passages, "
                    f"{catalog.size() / 1e6:,.1f} MB"
                )
        with app.answerer(embedded) as one, app.answerer(shared, like=one.parts) as other:
            compare(one, other, questions)


def compare(one: Answerer, other: Answerer, questions: list[str]) -> None:
    """Ask both in turns, and print how they differ."""
    seconds: dict[str, list[float]] = {"folder": [], "database": []}
    differences = []
    ties = 0
    for number, question in enumerate(questions):
        asked = [("folder", one), ("database", other)]
        got: dict[str, Answer] = {}
        for name, answerer in asked if number % 2 else reversed(asked):
            started = time.perf_counter()
            got[name] = answerer.answer(question)
            seconds[name].append(time.perf_counter() - started)
        left, right = got["folder"], got["database"]
        first, second = places(left), places(right)
        same = abs(left.confidence - right.confidence) <= NEAR
        if same and first != second and sorted(first) == sorted(second):
            ties += scores(left) == scores(right)
            same = scores(left) == scores(right)
        elif first != second:
            same = False
        if not same:
            differences.append((question, left, right))
    print(f"equal: {len(questions) - len(differences)} of {len(questions)}, with {ties} ties")
    for question, left, right in differences[:10]:
        print(f"  {question}: {left.confidence:.6f} {right.confidence:.6f}")
        pairs = zip(places(left), places(right), strict=False)
        changed = [at for at, (before, after) in enumerate(pairs) if before != after]
        print(f"    evidence differs at {changed[:8]} of {len(places(left))}")
    warm = {name: median(taken[WARM_UP:]) for name, taken in seconds.items()}
    ratios = [
        slow / fast
        for fast, slow in zip(
            seconds["folder"][WARM_UP:], seconds["database"][WARM_UP:], strict=True
        )
    ]
    print(
        f"median of a warm question: folder {warm['folder'] * 1000:.1f} ms, "
        f"database {warm['database'] * 1000:.1f} ms; median ratio {median(ratios):.2f}"
    )


def places(answer: Answer) -> list[tuple[str, int, int]]:
    """Return the places of the evidence, best first."""
    return [(one.passage.document.id, one.span.start, one.span.end) for one in answer.evidence]


def scores(answer: Answer) -> list[float]:
    """Return the scores of the evidence, best first."""
    return [round(one.score, 6) for one in answer.evidence]


def timed(act: object) -> float:
    """Return the seconds that a call takes."""
    started = time.perf_counter()
    assert callable(act)
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
