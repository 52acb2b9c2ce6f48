"""Many questions: in order, several at a time, and on from where an earlier run stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from tests.commands import askdoc

from askdoc import app, workspace
from askdoc.cli.batch import answer_all
from askdoc.errors import StoreError

TEXT = "The {} bridge was built in {}. It was paid for by the {} guild. Boats of {} pass below.\n\n"
NAMES = "north south east west upper lower".split()  # noqa: SIM905
QUESTIONS = [f"When was the {name} bridge built?" for name in NAMES] + [
    f"Who paid for the {name} bridge?" for name in NAMES
]


@contextmanager
def _slow_first() -> Iterator[Callable[[str], str]]:
    """Answer by the question in capitals, those that begin with a later letter sooner."""

    def answer(question: str) -> str:
        time.sleep(0.02 * (ord("f") - ord(question[0])))
        if question.startswith("d"):
            message = "the disk is gone"
            raise StoreError(message)
        return question.upper()

    yield answer


def _asked(questions: list[str], jobs: int) -> Generator[str]:
    return cast("Generator[str]", answer_all(questions, cast("Any", _slow_first), jobs))


def test_answers_come_in_the_order_of_the_questions() -> None:
    found = _asked(["a", "b", "c", "e"], 4)
    assert list(found) == ["A", "B", "C", "E"]


def test_what_a_question_raises_comes_after_the_answers_before_it() -> None:
    found = _asked(["a", "d", "e"], 3)
    assert next(found) == "A"
    with pytest.raises(StoreError, match="disk is gone"):
        next(found)


def test_closing_ends_the_threads() -> None:
    found = _asked(["a", "b"] * 50, 2)
    assert next(found) == "A"
    found.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("askdoc-job")]


@pytest.fixture(scope="module")
def bridges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bridges")
    (root / "docs").mkdir()
    for number, name in enumerate(NAMES):
        text = TEXT.format(name, 1700 + 7 * number, NAMES[-number - 1], NAMES[number - 3])
        (root / "docs" / f"{name}.txt").write_text(text * 3, encoding="utf-8")
    (root / "askdoc.toml").write_text('sources = ["docs"]\n', encoding="utf-8")
    (root / "q.txt").write_text("\n".join(QUESTIONS), encoding="utf-8")
    with app.indexer(workspace.find(root, environment={})) as indexer:
        indexer.sync(None)
    return root


def _batch(root: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "askdoc", "ask", "--batch", "q.txt", "--json", *more]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _untimed(lines: bytes) -> list[str]:
    return [json.dumps(json.loads(line) | {"timings": {}}) for line in lines.splitlines()]


def test_a_batch_says_what_each_question_alone_does(bridges: Path) -> None:
    out = askdoc(bridges, "ask", "--batch", "q.txt", "--json").stdout
    from askdoc.formats import answer_to_json, dumps

    with app.answerer(workspace.find(bridges, environment={})) as answerer:
        alone = [
            dumps(answer_to_json(answerer.answer(question), base=bridges), indent=None)
            for question in QUESTIONS
        ]
    assert _untimed(out.encode()) == _untimed("\n".join(alone).encode())


@pytest.mark.skipif(os.name == "nt", reason="there is no kill -9")
def test_a_batch_that_was_killed_continues_with_no_question_lost_or_doubled(
    bridges: Path, tmp_path: Path
) -> None:
    to = tmp_path / "answers.jsonl"
    kills = 0
    while True:
        process = _batch(bridges, "--output", str(to))
        wanted = min(len(QUESTIONS), _lines(to) + 5)
        while process.poll() is None and _lines(to) < wanted:
            time.sleep(0.01)
        if process.poll() is None and wanted < len(QUESTIONS):
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate(timeout=300)
        if process.returncode == 0:
            break
    assert kills >= 2
    answered = [json.loads(line)["question"] for line in to.read_bytes().splitlines()]
    assert answered == QUESTIONS


@pytest.mark.skipif(os.name == "nt", reason="signals of other systems")
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_batch_that_is_asked_to_end_leaves_whole_lines_and_nothing_else(
    how: signal.Signals, code: int, bridges: Path, tmp_path: Path
) -> None:
    to = tmp_path / "answers.jsonl"
    process = _batch(bridges, "--output", str(to))
    while process.poll() is None and _lines(to) < 2:
        time.sleep(0.01)
    process.send_signal(how)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == code, errors.decode()
    assert b"Traceback" not in errors
    assert list(tmp_path.iterdir()) == [to]
    begun = _lines(to)
    assert 2 <= begun < len(QUESTIONS)
    assert to.read_bytes().endswith(b"\n")
    command = ["ask", "--batch", "q.txt", "--json", "--output", str(to)]
    assert askdoc(bridges, *command).returncode == 0
    answered = [json.loads(line)["question"] for line in to.read_bytes().splitlines()]
    assert answered == QUESTIONS


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0
