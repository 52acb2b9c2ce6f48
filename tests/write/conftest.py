from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import platformdirs
import pytest
from tests.write.servers import KEY

from askdoc.errors import Unreachable
from askdoc.models.llm.files import ModelFiles
from askdoc.models.llm.known import known_models
from askdoc.models.llm.local import LlamaCpp
from askdoc.text.terms import SnowballAnalyser
from askdoc.types import Chunk, Document, Evidence, Form, Passage, Prompt, Span, Spent, Stamp

_ANALYSER = SnowballAnalyser()


def terms(text: str) -> list[str]:
    return _ANALYSER.terms(text, "en")


def evidence(*sentences: str, title: str | None = None, path: str = "notes.txt") -> list[Evidence]:
    """Return one sentence of evidence for each text, best first, each in a document of its own."""
    found = []
    for number, text in enumerate(sentences, start=1):
        span = Span(0, len(text))
        name = path if len(sentences) == 1 else f"{number}-{path}"
        document = Document(
            id=name, location=name, path=name, source="", file=f"/{name}", title=title,
            length=len(text), stamp=Stamp(0, 0, ""), pages=(), language="en",
        )  # fmt: skip
        chunk = Chunk(f"c{number}", name, span, text, (span,))
        passage = Passage(chunk, document, 1.0)
        found.append(Evidence(f"S{number}", span, text, passage, 1.0 - number / 100))
    return found


class Scripted:
    """A generator that says what it is told to, piece by piece, and remembers what it was asked."""

    remote = None
    context = 4096
    name = "scripted"

    def __init__(
        self, *pieces: str | Spent | Exception | type[BaseException], form: Form = Form.FREE
    ) -> None:
        self.pieces: Sequence[str | Spent | Exception | type[BaseException]] = pieces
        self.form = form
        self.asked: list[Prompt] = []
        self.closed = False

    def stream(self, prompt: Prompt) -> Iterator[str | Spent]:
        self.asked.append(prompt)
        try:
            for piece in self.pieces:
                if not isinstance(piece, str | Spent):
                    raise piece
                yield piece
            if not any(isinstance(piece, Spent) for piece in self.pieces):
                yield Spent(tokens_in=100, tokens_out=20)
        finally:
            self.closed = True

    def close(self) -> None:
        pass


@pytest.fixture(scope="session")
def model_path() -> Path:
    """The file of SmolLM2: the user's, else one that is pulled once into a cache for tests."""
    model, files = known_models()["smollm2-135m"], ModelFiles()
    if not files.present(model):
        files = ModelFiles(platformdirs.user_cache_path("askdoc") / "models-for-tests")
    try:
        return files.pull(model)
    except Unreachable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def llama(model_path: Path) -> Iterator[str]:
    """The base URL of a real llama.cpp server with SmolLM2, which wants a key."""
    import xllamacpp  # type: ignore[import-untyped]

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model_path)
    parameters.n_ctx = 1024
    parameters.n_parallel = 1
    parameters.warmup = False
    parameters.verbosity = -1
    parameters.api_keys = [KEY]
    if (os.cpu_count() or 1) <= 2:
        parameters.cpuparams.n_threads = 1
    server = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture(scope="session")
def smollm2(model_path: Path) -> Iterator[LlamaCpp]:
    threads = 1 if os.cpu_count() in (None, 1, 2) else None
    model = LlamaCpp(model_path, name="smollm2-135m", context=2048, threads=threads)
    yield model
    model.close()
