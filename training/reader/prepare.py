"""Bring the training data into one form, with wrong passages found by BM25.

    python training/reader/prepare.py DATA OUT.pickle

`DATA` holds `training/reading/` and the suites. A quarter of the documents of each suite, a quarter
of the articles of squad_train_du44, and all of unansq_dev are kept out.
"""

from __future__ import annotations

import argparse
import gzip
import json
import pickle
import random
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import structure
from encode import context_of
from examples import Bm25, Passage, Question, bare, joined, sentences, touched

sys.path.append(str(Path(__file__).parents[1]))
from groups import held_out

SEED = 7
WRONG = 6
LONG = 1100
"""Characters of a passage of a document of a suite, about."""

QUOTAS = {
    "squadshifts_new_wiki": 4000,
    "squadshifts_reddit": 2000,
    "squadshifts_amazon": 2000,
    "squad_train_du44": 6000,
    "squad2_train_10": 4703,
    "unansq_train_join": 2498,
    "nq_open_oracle": 2600,
    "clapnq_dev": 504,
    "boolq": 2000,
    "tatqa_text": 741,
    "quotesum": 270,
    "qamr": 2500,
    "nyu_mcq": 1700,
    "pubmedqa": 600,
    "qmsum": 500,
    "lfrqa": 2500,
    "medquad": 2500,
    "selqa": 2500,
    "covidqa": 1400,
    "qed": 1100,
    "policyqa": 2000,
    "tatqa": 1700,
}
READING = [
    "squadshifts_new_wiki",
    "squadshifts_reddit",
    "squadshifts_amazon",
    "squad_train_du44",
    "squad2_train_10",
    "unansq_train_join",
    "nq_open_oracle",
    "clapnq_dev",
    "boolq",
    "tatqa_text",
    "quotesum",
    "qamr",
    "nyu_mcq",
    "pubmedqa",
    "qmsum",
]
SUITES = ["selqa", "covidqa", "qed", "policyqa", "tatqa"]
ALL_GOOD = {
    "squadshifts_new_wiki",
    "squadshifts_reddit",
    "squadshifts_amazon",
    "clapnq_dev",
    "tatqa_text",
}
"""Sets all of whose answers to a question are right; of others the first is taken."""

SQUAD = {"squad_train_du44", "squad2_train_10", "unansq_train_join"}

_HEADER_CELL = re.compile(r"(19|20)\d\d.*|\D*")

Found = tuple[list[Passage], list[Question]]


def main() -> None:
    """Read all sets and write passages and questions, those kept out for development apart."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    random.seed(SEED)
    data = arguments.data
    near = {
        bare(row["text"]) for row in rows(data / "training/reading/unansq_dev.passages.jsonl.gz")
    }
    everything: list[Passage] = []
    train: list[Question] = []
    development: list[Question] = []

    def add(name: str, found: Found) -> None:
        passages, questions = found
        offset = len(everything)
        kept = [item for item in questions if kept_out(item, passages, near) is False]
        out = [item for item in questions if kept_out(item, passages, near) is True]
        random.shuffle(kept)
        random.shuffle(out)
        kept, out = kept[: QUOTAS.get(name, 10**6)], out[:400]
        find_wrong([*kept, *out], passages)
        for item in [*kept, *out]:
            item.passage += offset
            item.wrong = [at + offset for at in item.wrong]
        everything.extend(passages)
        train.extend(kept)
        development.extend(out)
        print(
            f"{name}: {len(passages)} passages, {len(kept)} questions, {len(out)} kept out",
            flush=True,
        )

    for name in READING:
        add(name, reading(data / "training/reading", name))
    for name in SUITES:
        add(name, suite(data / name))
    add("lfrqa", lfrqa(data / "training/reading/lfrqa.jsonl.gz"))
    add("medquad", medquad(data / "training/reading/medquad.jsonl.gz"))
    for name, make in structure.SETS.items():
        add(name, make())
    with arguments.out.open("wb") as file:
        pickle.dump((everything, train, development), file)


def kept_out(question: Question, passages: list[Passage], near: set[str]) -> bool | None:
    """Tell whether a question is for development; None where it is for nothing."""
    passage = passages[question.passage]
    if question.set in SUITES:
        return held_out(question.set, passage.document)
    if question.set not in SQUAD:
        return False
    if held_out("squad_train_du44", passage.document):
        return True if question.set == "squad_train_du44" else None
    return None if bare(passage.text) in near else False


def rows(path: Path) -> Iterator[dict]:
    """Read compressed JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def reading(folder: Path, name: str) -> Found:
    """Read a set of questions over passages."""
    passages, places = [], {}
    for row in rows(folder / f"{name}.passages.jsonl.gz"):
        places[row["pid"]] = len(passages)
        text = row["text"]
        passages.append(Passage(row["title"] or row["pid"], row["title"], text, sentences(text)))
    questions = []
    for row in rows(folder / f"{name}.questions.jsonl.gz"):
        place = places[row["pid"]]
        passage = passages[place]
        item = Question(name, row["question"], place, row["answerable"], yes=row.get("boolean"))
        spans = [(a["start"], a["start"] + len(a["text"])) for a in row["answers"]]
        good = spans if name in ALL_GOOD else spans[:1]
        for span in good:
            item.gold += touched(passage.units, *span)
        for span in spans:
            item.unsure += [at for at in touched(passage.units, *span) if at not in item.gold]
        if name not in ("clapnq_dev", "qmsum"):
            item.answers = good if name != "tatqa_text" else good[:1]
        item.gold = sorted(set(item.gold))
        if name == "qmsum" and len(item.gold) * 2 > len(passage.units):
            item.gold = []
        if name == "nyu_mcq" and not spans:
            continue
        questions.append(item)
    return passages, questions


def suite(folder: Path) -> Found:
    """Read a suite with its documents, which are cut into passages."""
    passages: list[Passage] = []
    of_document: dict[str, list[int]] = {}
    for path in sorted((folder / "docs").iterdir()):
        own = list(cut(path, folder.name))
        of_document[path.name] = list(range(len(passages), len(passages) + len(own)))
        passages += own
    questions = []
    for line in (folder / "suite.jsonl").read_text().splitlines():
        row = json.loads(line)
        gold: dict[int, list[int]] = {}
        for evidence in row["evidence"]:
            for place in of_document[evidence["document"]]:
                passage = passages[place]
                hits = [
                    at
                    for at, unit in enumerate(passage.units)
                    if means(evidence["quote"], passage.text[slice(*unit)])
                ]
                if hits:
                    gold.setdefault(place, []).extend(hits)
        if not gold:
            continue
        place = max(gold, key=lambda at: len(gold[at]))
        item = Question(
            folder.name, row["question"], place, answerable=True, gold=sorted(set(gold[place]))
        )
        passage = passages[place]
        for answer in row.get("answers", [])[:1]:
            for unit in item.gold:
                start = passage.text.find(answer, passage.units[unit][0])
                if answer and start >= 0 and start + len(answer) <= passage.units[unit][1]:
                    item.answers = [(start, start + len(answer))]
                    break
        questions.append(item)
    return passages, questions


def means(quote: str, unit: str) -> bool:
    """Tell whether a unit is what a quote quotes; a row of a table is stored with column names."""
    found = bare(unit)
    if quote.startswith("|"):
        return all(bare(cell) in found for cell in quote.split("|")) and len(found) > 3
    wanted = bare(quote)
    return len(found) > 8 and (wanted in found or found in wanted)


def cut(path: Path, name: str) -> Iterator[Passage]:
    """Cut a document into passages of whole sentences."""
    text = path.read_text(encoding="utf-8")
    title = "" if name in ("qed", "tatqa") else path.stem.replace("_", " ")
    if name == "covidqa":
        title = text.splitlines()[0]
    lines = list(written(text)) if path.suffix == ".md" else text.splitlines()
    heading, block = "", []

    def passage() -> Passage:
        body = "\n".join(block)
        return Passage(path.name, context_of(title, [heading]), body, rows_and_sentences(body))

    for line in map(str.strip, lines):
        if not line:
            continue
        short = len(line) < 80 and not re.search(r"[.?!:|]$", line) and " | " not in line
        if short and name != "policyqa":
            if block:
                yield passage()
            heading, block = line, []
            continue
        pieces = [line] if len(line) < LONG else [line[a:b] for a, b in sentences(line)]
        for piece in pieces:
            if block and sum(map(len, block)) + len(piece) > LONG:
                yield passage()
                block = []
            block.append(piece)
    if block:
        yield passage()


def rows_and_sentences(text: str) -> list[tuple[int, int]]:
    """Cut into sentences, but leave the row of a table whole."""
    units, at = [], 0
    for line in text.splitlines(keepends=True):
        if " | " in line:
            units.append((at, at + len(line.rstrip())))
        else:
            units += [(at + a, at + b) for a, b in sentences(line)]
        at += len(line)
    return units


def written(text: str) -> Iterator[str]:
    """Write the rows of tables with their column names: `Column: value | Column: value`."""
    names: list[str] | None = None
    for line in text.splitlines():
        if not line.startswith("|"):
            names = None
            yield line
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if any(cells) and all(set(cell) <= set("-: ") for cell in cells):
            continue
        if names is None:
            names = cells
            continue
        if not cells[0] and all(_HEADER_CELL.fullmatch(cell) for cell in cells[1:]):
            names = [f"{a} {b}".strip() for a, b in zip(names, cells, strict=False)]
            continue
        parts = [
            f"{name}: {cell}" if name else cell
            for name, cell in zip(names, cells, strict=False)
            if cell
        ]
        if parts:
            yield " | ".join(parts)


def lfrqa(path: Path) -> Found:
    """Put the sentences of an answer among those of other answers of its domain."""
    found = [row for row in rows(path) if row["answer_sentences"]]
    random.shuffle(found)
    passages, questions = [], []
    for row in found[:4000]:
        text, units = joined([s.strip() for s in row["answer_sentences"][:8] if s.strip()])
        text = text.replace("\n", " ")
        questions.append(
            Question(
                "lfrqa",
                row["question"],
                len(passages),
                answerable=True,
                gold=list(range(len(units))),
            )
        )
        passages.append(Passage(row["id"], "", text, units))
    return passages, questions


def medquad(path: Path) -> Found:
    """Read questions whose answer is a page's section: its passage is known, its unit is not."""
    passages, questions = [], []
    for row in rows(path):
        text = row["answer"][:1500]
        questions.append(Question("medquad", row["question"], len(passages), answerable=True))
        passages.append(Passage(row["title"], row["title"], text, sentences(text)))
    return passages, questions


def find_wrong(questions: Iterable[Question], passages: list[Passage]) -> None:
    """Find passages that look right and are not: they share words and do not hold the answer."""
    search = Bm25(f"{passage.context} {passage.text}" for passage in passages)
    for item in questions:
        if item.wrong:
            continue
        right, made = passages[item.passage], item.set.startswith("structure")
        answers = [right.text[a:b].lower() for a, b in item.answers]
        golds = [bare(right.text[slice(*right.units[at])]) for at in item.gold]
        for at in search.best(item.text, WRONG + 12):
            text = passages[at].text
            holds = any(answer in text.lower() for answer in answers)
            repeated = any(gold in bare(text) for gold in golds) if item.set != "lfrqa" else False
            same = passages[at].document == right.document and (made or not item.gold)
            if at != item.passage and not (
                holds or repeated or same or (made and fits(item.text, passages[at]))
            ):
                item.wrong.append(at)
            if len(item.wrong) == WRONG:
                break
        while len(item.wrong) < 2:
            at = random.randrange(len(passages))
            if at != item.passage:
                item.wrong.append(at)


def fits(question: str, passage: Passage) -> bool:
    """Tell whether a unit of a passage holds, with its context, all longer words of a question."""
    words = [
        word for word in re.findall(r"\w+", question.lower()) if len(word) > 3 or word[0].isdigit()
    ]
    words = [word for word in words if word not in ("what", "which", "when", "does", "option")]
    context = passage.context.lower()
    texts = [f"{context} {passage.text[a:b]}".lower() for a, b in passage.units]
    return any(all(word in text for word in words) for text in texts)


if __name__ == "__main__":
    main()
