"""Switch off one family of hand-written rules at a time, and measure what each is worth.

    python benchmarks/ablation.py DATA FOLDER [--sets realdocs/minutes,seeds] [--families spelling]

`DATA` holds sets of questions, each a folder with `suite.jsonl` and `docs/`. `FOLDER` keeps one
index per set for later runs. No language model takes part. A set is answered once with all rules
and once without each family, so a full run takes hours.

Prints one table per set, and one for the corpora of `realdocs` together. Its first row has the
scores with all rules. The row of a family has the number of cases whose answer changes, and the
difference of each score, "off" minus "all rules". Brackets hold the 95 % bootstrap interval over
the cases, paired for differences, and the number of cases that move. An interval without 0 is bold.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
from typos import SEED, WORD, slip

from askdoc import app, workspace
from askdoc.ask.names import Names
from askdoc.ask.rank import WEIGHTS
from askdoc.evals import suite as suites
from askdoc.evals.bench import Bench, bench
from askdoc.evals.calibration import auroc
from askdoc.evals.report import CaseResult
from askdoc.evals.statistics import Values, interval, resample_counts
from askdoc.evals.suite import Suite
from askdoc.text.asking import Asking
from askdoc.types import Status
from askdoc.workspace import Workspace

# What takes the place of a rule.


def same(value: object, *_others: object) -> object:
    """Return the first argument as it is."""
    return value


def no(*_arguments: object) -> bool:
    """Say no to everything."""
    return False


def none(*_arguments: object) -> None:
    """Find nothing."""


def empty(*_arguments: object) -> list[object]:
    """Find an empty list."""
    return []


def exactly(
    _question: str, asked: Sequence[str], text: str, terms: Callable[[str], list[str]], *_: str
) -> list[str]:
    """List the terms that a text lacks, where no other form of a term counts."""
    held = {*terms(text)}
    return [term for term in asked if term not in held]


NEVER = re.compile(r"(?!)")
NOTHING_ASKS = Asking(frozenset(), frozenset(), ())
NOTHING_ABOVE = SimpleNamespace(headings=frozenset(), titles=frozenset(), figures=())

Replacements = Mapping[str, object]
"""What stands in for which function, class attribute or constant, each by its dotted name."""

_CITE, _CONFIDENCE, _FIND = "askdoc.ask.cite", "askdoc.ask.confidence", "askdoc.ask.find"
_MAIL, _RANK, _UNITS = "askdoc.ask.mail", "askdoc.ask.rank", "askdoc.ask.units"

_NAMED: Replacements = {f"{_FIND}.Finder._names": lambda *_: Names({}, {})}
_LACKED: Replacements = {f"{_RANK}.missing": empty}
_HELD: Replacements = {f"{_FIND}.Finder._holding_figures": none}

FAMILIES: Mapping[str, Replacements] = {
    "spelling": {f"{_FIND}.repair": same},
    "words that only ask": {
        "askdoc.text.terms.asking": lambda _language: NOTHING_ASKS,
        "askdoc.text.languages.asking": lambda _language: NOTHING_ASKS,
        "askdoc.text.asking.without_asking": same,
    },
    "unmet": {f"{_CONFIDENCE}.unmet": empty},
    "unmet: names and numbers": {f"{_CONFIDENCE}.named": lambda *_: set()},
    "unmet: other forms of a word": {f"{_CONFIDENCE}.unmet": exactly},
    "unmet: kind of the answer": {f"{_CONFIDENCE}._KIND": NEVER},
    "unmet: plurals and initials of names": {f"{_CONFIDENCE}._named_otherwise": no},
    "unmet: Roman and Arabic numbers": {f"{_CONFIDENCE}._numbered": empty},
    "unmet: codes written apart": {f"{_CONFIDENCE}._codes": lambda *_: set()},
    "synonyms and roots": {f"{_CONFIDENCE}.alike": no},
    "synonyms": {"askdoc.text.words._groups": lambda _terms: {}},
    "roots": {"askdoc.text.words._related": no},
    "cite: second sentence with new words": {f"{_CITE}._NEWS": math.inf},
    "cite: sentence before it": {f"{_CITE}._LEANING": NEVER},
    "cite: no repeats": {f"{_CITE}._similar": no},
    "mail": {f"{_CITE}.sayings": same, "askdoc.ask.answer.credited": same},
    "mail: greetings": {f"{_MAIL}._GREETING": NEVER},
    "mail: signatures": {f"{_MAIL}._signs": no},
    "mail: repeated quotes": {f"{_MAIL}.quotes": no},
    "mail: a place is named as quoted": {"askdoc.ask.answer.credited": same},
    "units: context": {f"{_UNITS}._shown": lambda parts, at, _lead: parts[at].span},
    "units: lead-ins": {f"{_UNITS}._continues": no, f"{_UNITS}._describes": no},
    "units: code, rows and fields whole": {f"{_UNITS}._same_block": no},
    "units: repeated titles are headings": {f"{_UNITS}._plain": lambda _text: ""},
    "units: words of headings and titles": {f"{_RANK}._context": lambda *_: NOTHING_ABOVE},
    "units: lead-ins and echoes count less": {
        f"{_RANK}.WEIGHTS": {**WEIGHTS, "opens": 0.0, "bare": 0.0}
    },
    "names": {**_NAMED, **_LACKED, **_HELD},
    "names: documents": _NAMED,
    "names: figures that a unit lacks": _LACKED,
    "names: search for figures": _HELD,
    "fields": {f"{_FIND}.FieldFinder.passages": empty},
}

REALDOCS = "realdocs"
CORPORA = ("commands", "handbook", "minutes", "reports", "specs", "tables", "techdocs")
MOST = {"selqa": 600, "qed": 500, "covidqa": 400, "selqa-half": 300, "policyqa": 300, "tatqa": 300}
"""The number of questions that are drawn from a large set."""

WITHIN = ("policyqa", "tatqa")
"""Sets whose questions are about one document and do not name it."""

SLIPS = " with slips"
SETS = ("seeds", *(f"{REALDOCS}/{name}" for name in CORPORA), *MOST, f"selqa{SLIPS}")
HERE = Path(__file__).parent
NEAR_MISSES = {"selqa": HERE / "near_misses.jsonl"}
"""More questions on the documents of a set, which none of them answers."""

METRICS = {
    "gold first": "evidence_hit@1",
    "among five": "evidence_hit@5",
    "citation F1": "citation_f1",
    "contains": "answer_contains",
    "answered": "coverage",
}
REFUSED, AUROC = "refused", "AUROC"
COLUMNS = (*METRICS, REFUSED, AUROC)

SAME = 1e-6
"""Two confidences with a smaller difference are the same: a model rounds by its batches."""

ALL_RULES = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One answered case; `seen` is what a user sees of the answer."""

    answerable: bool
    confidence: float
    scores: Mapping[str, float]
    seen: str

    def differs(self, other: Row) -> bool:
        """Tell whether a user sees two answers differ."""
        return self.seen != other.seen or abs(self.confidence - other.confidence) > SAME


Rows = Mapping[str, Row]
"""The rows of a set by the ids of its cases."""


def main() -> None:
    """Answer the sets with all rules and without each family, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path, help="keeps the indexes")
    parser.add_argument("--sets", default=",".join(SETS), help="by default all")
    parser.add_argument("--families", default=",".join(FAMILIES), help="by default all")
    arguments = parser.parse_args()
    sets, families = arguments.sets.split(","), arguments.families.split(",")
    if unknown := ({*sets} - {*SETS}) | ({*families} - FAMILIES.keys()):
        parser.error(f"no set or family is called {', '.join(sorted(unknown))}")
    together: dict[str, dict[str, Row]] = {family: {} for family in (ALL_RULES, *families)}
    for name in sets:
        by_family = ablate(name, families, arguments.data.resolve(), arguments.folder.resolve())
        print("\n".join(table(name, by_family)), flush=True)
        if name.startswith(REALDOCS):
            for family, rows in by_family.items():
                together[family] |= {f"{name}/{case}": row for case, row in rows.items()}
    if sum(name.startswith(REALDOCS) for name in sets) > 1:
        print("\n".join(table(REALDOCS, together)))


def ablate(name: str, families: Sequence[str], data: Path, folder: Path) -> dict[str, Rows]:
    """Answer a set with all rules and without each family."""
    base = name.removesuffix(SLIPS)
    seeds = name == "seeds"
    documents = HERE.parent / "seeds" if seeds else data / base / "docs"
    suite = questions(name, HERE.parent / "evals/seeds.jsonl" if seeds else data / base)
    place = indexed(documents, folder / base)
    found: dict[str, Rows] = {}
    with bench(place, cache=False) as opened:
        for family in (ALL_RULES, *families):
            print(f"{name}: {family or 'all rules'}", file=sys.stderr)
            with switched_off(FAMILIES.get(family, {})):
                found[family] = answered(suite, opened, within=base in WITHIN)
    return found


def questions(name: str, path: Path) -> Suite:
    """Draw the questions of a set, the same ones each time, in the order of their ids."""
    base = name.removesuffix(SLIPS)
    suite = suites.load(path if path.is_file() else path / "suite.jsonl")
    suite = suites.choose(suite, limit=MOST.get(base))
    cases = sorted(suite.cases, key=lambda case: case.id)
    if name in NEAR_MISSES:
        near = suites.load(NEAR_MISSES[name]).cases
        cases += [replace(case, id=f"near-{case.id}") for case in near]
    if name.endswith(SLIPS):
        chance = random.Random(SEED)
        cases = [
            replace(case, question=WORD.sub(lambda word: slip(word[0], chance), case.question))
            for case in cases
        ]
    return replace(suite, cases=tuple(cases))


def indexed(documents: Path, index: Path) -> Workspace:
    """Index the documents of a set, or what has changed of them since the last run."""
    index.mkdir(parents=True, exist_ok=True)
    found = workspace.find(index.parent, environment={})
    place = replace(found, root=documents, config=None, index=index, sources=(documents,))
    with app.indexer(place) as indexer:
        indexer.sync(place.sources)
    return place


@contextmanager
def switched_off(replacements: Replacements) -> Iterator[None]:
    """Put the replacements in the place of the rules, and the rules back at the end."""
    with ExitStack() as stack:
        for name, replacement in replacements.items():
            stack.enter_context(patch(name, replacement))
        yield


def answered(suite: Suite, opened: Bench, *, within: bool) -> Rows:
    """Answer and score a set; a case that fails is named and left out."""
    report = opened.run(suite, within=within)
    for failure in report.failures:
        print(f"  {failure.id} fails: {failure.error}", file=sys.stderr)
    return {result.id: as_row(result) for result in report.results}


def as_row(result: CaseResult) -> Row:
    """Keep of an answer what the tables need, since all rows of a set are held in memory."""
    case, answer = result.graded.case, result.graded.answer
    scores = {name: result.scores[key] for name, key in METRICS.items() if key in result.scores}
    if not case.answerable:
        scores[REFUSED] = float(answer.status is Status.ABSTAINED)
    evidence = [(item.passage.document.path, item.span.start) for item in answer.evidence]
    cited = [(c.document.path, c.span.start, c.span.end, str(c.place)) for c in answer.citations]
    seen = json.dumps([answer.status, answer.searched, evidence, cited])
    return Row(case.answerable, answer.confidence, scores, seen)


def table(name: str, by_family: Mapping[str, Rows]) -> Iterator[str]:
    """Write what each family changes, below the scores with all rules."""
    base = by_family[ALL_RULES]
    yield f"\n### {name}: {len(base)} cases\n"
    yield f"| off | changed | {' | '.join(COLUMNS)} |"
    yield f"|---|---|{'---|' * len(COLUMNS)}"
    yield f"| nothing | | {' | '.join(score(column, base) for column in COLUMNS)} |"
    for family, rows in by_family.items():
        if family != ALL_RULES:
            both = base.keys() & rows.keys()
            changed = sum(base[case].differs(rows[case]) for case in both)
            cells = [difference(column, base, rows) if changed else "0" for column in COLUMNS]
            yield f"| {family} | {changed} | {' | '.join(cells)} |"


def score(column: str, base: Rows) -> str:
    """Write a score with its interval."""
    rows = [row for row in base.values() if applies(column, row)]
    if not exists(column, rows):
        return ""
    [plain] = measure(column, rows, np.ones((1, len(rows))))
    low, high = interval(measure(column, rows, resample_counts(len(rows))))
    return f"{plain:.3f} ({low:.3f} to {high:.3f})"


def difference(column: str, base: Rows, rows: Rows) -> str:
    """Write how a score changes with its interval, over the cases that have the score in both."""
    both = [(row, rows[case]) for case, row in base.items() if case in rows]
    pairs = [pair for pair in both if all(applies(column, row) for row in pair)]
    old, new = [row for row, _ in pairs], [row for _, row in pairs]
    if not exists(column, old):
        return ""
    moved = sum(abs(value(column, a) - value(column, b)) > SAME for a, b in pairs)
    if not moved:
        return "0"

    def change(counts: Values) -> Values:
        return measure(column, new, counts) - measure(column, old, counts)

    [plain] = change(np.ones((1, len(pairs))))
    low, high = interval(change(resample_counts(len(pairs))))
    text = f"{plain:+.4f} ({low:+.4f} to {high:+.4f}; {moved})"
    return f"**{text}**" if low > 0 or high < 0 else text


def applies(column: str, row: Row) -> bool:
    """Tell whether a case counts for a score."""
    return column == AUROC or column in row.scores


def exists(column: str, rows: Sequence[Row]) -> bool:
    """Tell whether these cases have the score; AUROC compares two kinds of cases."""
    return len({row.answerable for row in rows}) > (column == AUROC)


def value(column: str, row: Row) -> float:
    """Return what a case adds to a score."""
    return row.confidence if column == AUROC else row.scores[column]


def measure(column: str, rows: Sequence[Row], counts: Values) -> Values:
    """Return the score of each resample."""
    values = np.array([value(column, row) for row in rows])
    if column == AUROC:
        return auroc(np.array([row.answerable for row in rows]), values, counts)
    means: Values = counts @ values / counts.sum(axis=1)
    return means


if __name__ == "__main__":
    main()
