"""A small corpus in memory with answers made by hand, and a small one on disk that is indexed."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.commands import askdoc
from typer.testing import CliRunner, Result

from askdoc.cli import app as cli
from askdoc.evals import bench
from askdoc.strings import line_of, line_starts
from askdoc.types import (
    Answer,
    Chunk,
    Citation,
    Claim,
    Counts,
    Document,
    Evidence,
    Fingerprint,
    Hit,
    Passage,
    Reason,
    Skip,
    Span,
    Stamp,
    Status,
    Support,
)

TEXTS = {
    "moon.txt": "The moon is far. It orbits the earth in 27 days.\nNobody lives there today.",
    "sun.txt": "The sun is a star. It is 150 million kilometres away. It will live for long.",
    "twice.txt": "Yes it is.  Something else stands here.\nYes it is. And an end.",
}


class Corpus:
    """Files on disk with the catalog that an index of them would have: one chunk a line."""

    def __init__(self, folder: Path, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)
        self.by_path: dict[str, Document] = {}
        for path, text in self.texts.items():
            (folder / path).write_text(text, encoding="utf-8", newline="")
            stamp = Stamp(len(text.encode()), 0, hashlib.sha256(text.encode()).hexdigest())
            self.by_path[path] = Document(
                id=path.upper(),
                location=f"docs/{path}",
                path=path,
                source="docs",
                file=str(folder / path),
                title=None,
                length=len(text),
                stamp=stamp,
                pages=(),
                language="en",
            )

    def documents(self, ids: Collection[str] | None = None) -> list[Document]:
        return [d for d in self.by_path.values() if ids is None or d.id in ids]

    def text(self, document_id: str, span: Span | None = None) -> str:
        text = self.texts[document_id.lower()]
        return text if span is None else span.of(text)

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        starts = line_starts(self.text(document_id))
        return line_of(starts, span.start), line_of(starts, span.end - 1)

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        return [self.passage(*wanted.split(":", 1)).chunk for wanted in ids]

    def search(
        self, terms: Sequence[str], limit: int, documents: Collection[str] | None = None
    ) -> list[Hit]:
        raise NotImplementedError

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        raise NotImplementedError

    def counts(self) -> Counts:
        return Counts(len(self.texts), 0, 0, 0)

    def skipped(self) -> list[Skip]:
        return []

    def corpus_fingerprint(self) -> str:
        return "corpus"

    def setting(self, key: str) -> str | None:
        return None

    def span(self, path: str, words: str) -> Span:
        start = self.texts[path].index(words)
        return Span(start, start + len(words))

    def passage(self, path: str, words: str) -> Passage:
        """The line of the document that holds `words`."""
        at = self.span(path, words)
        text = self.texts[path]
        start = text.rfind("\n", 0, at.start) + 1
        end = (text + "\n").index("\n", at.end)
        sentences = tuple(
            Span(start + m.start(), start + m.end())
            for m in re.finditer(r"\S[^.]*\.", text[start:end])
        )
        chunk = Chunk(f"{path}:{start}", path.upper(), Span(start, end), text[start:end], sentences)
        return Passage(chunk, self.by_path[path], 1.0, {"dense": 1})

    def evidence(self, path: str, words: str) -> Evidence:
        return Evidence("S1", self.span(path, words), words, self.passage(path, words), 1.0)

    def citation(self, label: int, path: str, words: str) -> Citation:
        span, document = self.span(path, words), self.by_path[path]
        first, last = self.lines(document.id, span)
        return Citation(label, document, span, words, None, first, last, (), 1.0)

    def answer(
        self,
        question: str = "?",
        *,
        cited: Sequence[tuple[str, str]] = (),
        evidence: Sequence[tuple[str, str]] = (),
        passages: Sequence[tuple[str, str]] = (),
        confidence: float = 0.5,
        ms: float = 10.0,
        settings: str = "settings",
    ) -> Answer:
        """An answer that cites these sentences, or abstains where there are none."""
        citations = tuple(self.citation(n, *place) for n, place in enumerate(cited, start=1))
        return Answer(
            question=question,
            status=Status.ANSWERED if cited else Status.ABSTAINED,
            claims=tuple(Claim(c.quote, (c.label,), Support.SUPPORTED) for c in citations),
            citations=citations,
            evidence=tuple(self.evidence(*place) for place in (evidence or cited)),
            passages=tuple(self.passage(*place) for place in (passages or evidence or cited)),
            reason=None if cited else Reason("weak_evidence", "nothing near"),
            confidence=confidence,
            generator="extractive",
            fingerprint=Fingerprint("corpus", settings, {"embedder": "none"}, "0"),
            timings={"total_ms": ms},
        )


@dataclass(frozen=True, slots=True)
class Sentences:
    """Places that the tests speak of."""

    orbit: tuple[str, str] = ("moon.txt", "It orbits the earth in 27 days.")
    far: tuple[str, str] = ("moon.txt", "The moon is far.")
    nobody: tuple[str, str] = ("moon.txt", "Nobody lives there today.")
    star: tuple[str, str] = ("sun.txt", "The sun is a star.")
    away: tuple[str, str] = ("sun.txt", "It is 150 million kilometres away.")
    live: tuple[str, str] = ("sun.txt", "It will live for long.")


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    folder = tmp_path / "docs"
    folder.mkdir()
    return Corpus(folder, TEXTS)


@pytest.fixture
def say() -> Sentences:
    return Sentences()


# ── a workspace on disk ─────────────────────────────────────────────────────────────────────────

FACTS = {
    "pier": "The east pier was rebuilt in oak by the harbour board after the storm.",
    "bees": "A colony of bees needs about fifteen kilograms of honey to live through the winter.",
    "lamp": "Orla Quist, keeper of the lighthouse, paints the lamp room in the first week of June.",
    "ferry": "The ferry to Skarven island leaves at seven in the morning on working days.",
    "mill": "The water mill of Tarn was closed, because its wheel had rotted through.",
    "choir": "Ines Moreau said that the village choir sings better in the cold chapel.",
    "bridge": "The rope bridge over the gorge holds no more than six walkers at once.",
    "bread": "Rye bread from the communal oven keeps fresh for nine days in a linen cloth.",
    "goats": "The mountain goats of Tarn are counted every autumn by school children.",
    "clock": "The town clock runs four minutes slow, and nobody wants it mended.",
}
FILLER = "Nothing else of note happened in that season, as the old people say.\n"
QUESTIONS = {
    "pier": "What was the east pier rebuilt in?",
    "bees": "How much honey does a colony of bees need for the winter?",
    "lamp": "When does Orla Quist paint the lamp room?",
    "ferry": "When does the ferry to Skarven island leave?",
    "mill": "Why was the water mill of Tarn closed?",
    "choir": "What did Ines Moreau say about the village choir?",
    "bridge": "How many walkers does the rope bridge over the gorge hold?",
    "bread": "How long does rye bread from the communal oven keep fresh?",
    "goats": "Who counts the mountain goats of Tarn?",
    "clock": "How slow does the town clock run?",
}


def run(*arguments: str, **options: Any) -> Result:
    done = CliRunner().invoke(cli.make_app(), ["eval", *arguments], prog_name="askdoc", **options)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code in (0, 1, 2, 3), done.stderr
    return done


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a suite and an index, and a cache with the answers, all made once."""
    folder = tmp_path_factory.mktemp("home") / "work"
    (folder / "docs").mkdir(parents=True)
    for name, fact in FACTS.items():
        (folder / f"docs/{name}.txt").write_text(f"{FILLER}{fact}\n{FILLER}", encoding="utf-8")
    (folder / "askdoc.toml").write_text(
        'sources = ["docs"]\nmin_confidence = 0.0\nsure_confidence = 0.0\n'
    )
    cases = [
        {
            "id": name,
            "question": question,
            "evidence": [{"document": f"{name}.txt", "quote": FACTS[name]}],
            "tags": ["even" if len(name) % 2 == 0 else "odd"],
        }
        for name, question in QUESTIONS.items()
    ]
    (folder / "evals").mkdir()
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    (folder / "evals/village.jsonl").write_text(lines, encoding="utf-8")
    done = askdoc(folder, "index")
    assert done.returncode == 0, done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(bench, "cache_folder", lambda: folder.parent / "eval")
        assert run("village").exit_code == 0
    return folder


@pytest.fixture
def work(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to work in. The suite has been run in it, so a run that asks anew has `--no-cache`."""
    folder = tmp_path / "work"
    shutil.copytree(home, folder)
    shutil.copytree(home.parent / "eval", tmp_path / "eval")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(bench, "cache_folder", lambda: tmp_path / "eval")
    return folder


def timeless(data: Any) -> Any:
    """Leave out what differs from run to run: times."""
    if isinstance(data, dict):
        return {
            key: timeless(value)
            for key, value in data.items()
            if key != "timings" and not key.endswith(("_ms", "_seconds"))
        }
    return [timeless(item) for item in data] if isinstance(data, list) else data
