"""Grades kept between runs, one JSON line each, in a file for each judge."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec

from askdoc.evals.judge import Judge


class _Line(msgspec.Struct, frozen=True):
    key: str
    grade: float


class RememberingJudge:
    """Hands on to another judge what it has not graded before; safe in several threads if that is.

    Another model or another prompt is another judge, and begins anew.
    """

    def __init__(self, judge: Judge, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._judge = judge
        self._path = folder / f"{_hash(judge.fingerprint)}.jsonl"
        self._kept = _read(self._path)
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> str:
        """That of the judge behind."""
        return self._judge.fingerprint

    def grade(self, question: str, answer: str, accepted: Sequence[str]) -> float:
        """Grade from 0 (wrong) to 1 (right), the same for the same words.

        Raises:
            AskdocError: the judge behind fails, which is not kept.

        """
        key = _hash(question, answer, *accepted)
        if key not in self._kept:
            grade = self._judge.grade(question, answer, accepted)
            line = msgspec.json.encode(_Line(key, grade)) + b"\n"
            with self._lock, self._path.open("ab") as file:
                self._kept[key] = grade
                file.write(line)
        return self._kept[key]


def _hash(*texts: str) -> str:
    return hashlib.blake2b(msgspec.json.encode(texts), digest_size=12).hexdigest()


def _read(path: Path) -> dict[str, float]:
    """Read what is kept; a line that an interrupted run left half written is passed over."""
    kept: dict[str, float] = {}
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return kept
    for line in lines:
        try:
            read = msgspec.json.decode(line, type=_Line)
        except msgspec.DecodeError:
            continue
        kept[read.key] = read.grade
    if lines and not lines[-1].endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")
    return kept
