"""Answers kept between runs, one JSON line each, in a file for each fingerprint.

What is stored leaves out all text that the catalog holds; an answer read back is equal to the one
that was stored. A file serves answers only for the very corpus, settings, models and code that
made them, so changed code never reuses old answers.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from askdoc.evals.judge import Judge
from askdoc.types import (
    Answer,
    Chunk,
    Citation,
    Claim,
    Document,
    EvalCase,
    Evidence,
    FileState,
    Fingerprint,
    Generation,
    Passage,
    Reason,
    Span,
    Status,
)
from askdoc.types.places import Place
from askdoc.types.ports import CatalogReader

_KEPT = 40
"""How many files stay; the ones used longest ago go first."""


_NOT_CODE = (".pyc", ".css", ".js", ".j2")
"""Files of the package on which no answer depends."""


class _Place(msgspec.Struct, frozen=True, array_like=True):
    document: str
    start: int
    end: int


class _Passage(msgspec.Struct, frozen=True, array_like=True):
    chunk: str
    place: _Place
    sentences: tuple[tuple[int, int], ...]
    headings: tuple[str, ...]
    score: float
    ranks: dict[str, int]
    scores: dict[str, float]


class _Evidence(msgspec.Struct, frozen=True, array_like=True):
    label: str
    start: int
    end: int
    passage: int
    score: float
    scores: dict[str, float]


class _Citation(msgspec.Struct, frozen=True, array_like=True):
    label: int
    place: _Place
    page: int | None
    lines: tuple[int, int]
    headings: tuple[str, ...]
    score: float
    before: str
    after: str
    file_state: FileState
    found_at: Place | None = None


class _Answer(msgspec.Struct, frozen=True):
    """An answer without texts; of `passages`, the first `ranked` are the answer's own."""

    key: str
    question: str
    status: Status
    claims: tuple[Claim, ...]
    citations: tuple[_Citation, ...]
    evidence: tuple[_Evidence, ...]
    passages: tuple[_Passage, ...]
    ranked: int
    reason: Reason | None
    confidence: float
    generator: str
    timings: dict[str, float]
    signals: dict[str, float]
    generation: Generation | None = None
    searched: str | None = None
    scope: str | None = None


class AnswerCache:
    """Stands before something that answers, and asks it only what it never answered before.

    `besides` names what the answers hang on beside their fingerprint.

    A context manager: leaving it closes the file. Each new answer is written at once, so that an
    interrupted run loses nothing.
    """

    def __init__(
        self, folder: Path, fingerprint: Fingerprint, catalog: CatalogReader, *, besides: str = ""
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.fingerprint = fingerprint
        self._catalog = catalog
        self._documents = {document.id: document for document in catalog.documents()}
        self._texts: dict[str, str] = {}
        self._path = folder / f"{_name(fingerprint, besides)}.jsonl"
        self._stored = _read(self._path)
        self._file: BinaryIO | None = None
        _forget_oldest(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file:
            self._file.close()

    def __len__(self) -> int:
        return len(self._stored)

    def __contains__(self, key: object) -> bool:
        return key in self._stored

    def get(self, key: str) -> Answer | None:
        """Return the answer stored under `key`, or None."""
        stored = self._stored.get(key)
        return None if stored is None else self._unpack(stored)

    def put(self, key: str, answer: Answer) -> None:
        """Store an answer."""
        if self._file is None:
            self._file = self._path.open("ab")
        packed = _pack(key, answer)
        self._stored[key] = packed
        self._file.write(msgspec.json.encode(packed) + b"\n")
        self._file.flush()

    def before(self, answer: Callable[[EvalCase], Answer]) -> Callable[[EvalCase], Answer]:
        """Wrap `answer`, so that it is asked only for cases whose answer is not stored."""

        def cached(case: EvalCase) -> Answer:
            key = case_key(case)
            found = self.get(key)
            if found is None:
                found = answer(case)
                self.put(key, found)
            return found

        return cached

    def _cut(self, place: _Place) -> str:
        if place.document not in self._texts:
            self._texts[place.document] = self._catalog.text(place.document)
        return self._texts[place.document][place.start : place.end]

    def _unpack(self, stored: _Answer) -> Answer:
        passages = tuple(self._passage(item) for item in stored.passages)
        return Answer(
            question=stored.question,
            status=stored.status,
            claims=stored.claims,
            citations=tuple(self._citation(item) for item in stored.citations),
            evidence=tuple(_evidence(item, passages[item.passage]) for item in stored.evidence),
            passages=passages[: stored.ranked],
            reason=stored.reason,
            confidence=stored.confidence,
            generator=stored.generator,
            fingerprint=replace(self.fingerprint, scope=stored.scope),
            timings=stored.timings,
            signals=stored.signals,
            generation=stored.generation,
            searched=stored.searched,
        )

    def _passage(self, item: _Passage) -> Passage:
        chunk = Chunk(
            id=item.chunk,
            document_id=item.place.document,
            span=Span(item.place.start, item.place.end),
            text=self._cut(item.place),
            sentences=tuple(Span(start, end) for start, end in item.sentences),
            headings=item.headings,
        )
        document: Document = self._documents[item.place.document]
        return Passage(chunk, document, item.score, item.ranks, item.scores)

    def _citation(self, item: _Citation) -> Citation:
        return Citation(
            label=item.label,
            document=self._documents[item.place.document],
            span=Span(item.place.start, item.place.end),
            quote=self._cut(item.place),
            page=item.page,
            line_start=item.lines[0],
            line_end=item.lines[1],
            headings=item.headings,
            score=item.score,
            before=item.before,
            after=item.after,
            file_state=item.file_state,
            place=item.found_at,
        )


def case_key(case: EvalCase) -> str:
    """Hash what is asked of an answerer in a case: the question with its earlier turns."""
    told = msgspec.json.encode((case.question, case.history))
    return hashlib.blake2b(told, digest_size=12).hexdigest()


@cache
def code_digest() -> str:
    """Hash the code and data of the installed package, so that edits are noticed."""
    digest = hashlib.blake2b(digest_size=16)
    for name, content in sorted(_package_files(files("askdoc"), "")):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _package_files(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _package_files(item, f"{prefix}{item.name}/")
        elif not item.name.endswith(_NOT_CODE):
            found.append((prefix + item.name, item.read_bytes()))
    return found


def _name(fingerprint: Fingerprint, besides: str) -> str:
    told = msgspec.json.encode((fingerprint, besides, code_digest()), order="sorted")
    return hashlib.blake2b(told, digest_size=12).hexdigest()


def _read(path: Path) -> dict[str, _Answer]:
    """Read what is stored; a line that an interrupted run left half written is passed over."""
    stored: dict[str, _Answer] = {}
    if not path.exists():
        return stored
    path.touch()
    decoder = msgspec.json.Decoder(_Answer)
    content = path.read_bytes()
    for line in content.splitlines():
        try:
            answer = decoder.decode(line)
        except msgspec.DecodeError:
            continue
        stored[answer.key] = answer
    if content and not content.endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")
    return stored


def _forget_oldest(folder: Path) -> None:
    by_use = sorted(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    for path in by_use[:-_KEPT]:
        path.unlink(missing_ok=True)


def _pack(key: str, answer: Answer) -> _Answer:
    passages = list(answer.passages)
    positions = {id(passage): position for position, passage in enumerate(passages)}
    evidence = []
    for item in answer.evidence:
        if id(item.passage) not in positions:
            positions[id(item.passage)] = len(passages)
            passages.append(item.passage)
        position = positions[id(item.passage)]
        evidence.append(
            _Evidence(
                item.label,
                item.span.start,
                item.span.end,
                position,
                item.score,
                dict(item.scores),
            )
        )
    return _Answer(
        key=key,
        question=answer.question,
        status=answer.status,
        claims=answer.claims,
        citations=tuple(_pack_citation(item) for item in answer.citations),
        evidence=tuple(evidence),
        passages=tuple(_pack_passage(item) for item in passages),
        ranked=len(answer.passages),
        reason=answer.reason,
        confidence=answer.confidence,
        generator=answer.generator,
        timings=dict(answer.timings),
        signals=dict(answer.signals),
        generation=answer.generation,
        searched=answer.searched,
        scope=answer.fingerprint.scope,
    )


def _pack_passage(passage: Passage) -> _Passage:
    chunk = passage.chunk
    return _Passage(
        chunk.id,
        _Place(chunk.document_id, chunk.span.start, chunk.span.end),
        tuple((span.start, span.end) for span in chunk.sentences),
        chunk.headings,
        passage.score,
        dict(passage.ranks),
        dict(passage.scores),
    )


def _pack_citation(citation: Citation) -> _Citation:
    return _Citation(
        citation.label,
        _Place(citation.document.id, citation.span.start, citation.span.end),
        citation.page,
        (citation.line_start, citation.line_end),
        citation.headings,
        citation.score,
        citation.before,
        citation.after,
        citation.file_state,
        citation.place,
    )


def _evidence(item: _Evidence, passage: Passage) -> Evidence:
    span = Span(item.start, item.end)
    text = passage.chunk.sentence(span)
    return Evidence(item.label, span, text, passage, item.score, item.scores)


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
        self._kept = _judgements_read(self._path)
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


def _judgements_read(path: Path) -> dict[str, float]:
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
