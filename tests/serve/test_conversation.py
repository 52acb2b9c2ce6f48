"""Follow-ups over HTTP with a language model, which completes them as in a session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from tests.chat.test_rewriter import Saying

import askdoc
from askdoc import app, workspace
from askdoc.chat.rewriter import SYSTEM
from askdoc.models.llm.choice import Choice
from askdoc.serve.engine import Engine, Limits
from askdoc.settings import Settings

from .conftest import serving

SPEECH = """\
Ada Hill said that isolation holds the college back.
Ada Hill said that talent is drawn to open doors.
"""
BEFORE = {
    "question": "What did Ada Hill say about isolation?",
    "answer": "Ada Hill said that isolation holds the college back.",
}
MEANT = "What did Ada Hill say about talent in the college?"


@pytest.fixture(scope="module")
def model() -> Saying:
    return Saying(MEANT)


@pytest.fixture(scope="module")
def caller(model: Saying, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    root = tmp_path_factory.mktemp("college")
    (root / "speech.txt").write_text(SPEECH)
    with askdoc.open(root) as library:
        library.index()

    @contextmanager
    def models() -> Iterator[Callable[[Settings], Choice]]:
        yield lambda _: Choice(model, evidence_tokens=500)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(app, "language_models", models, raising=False)
        engine = Engine({"college": _workspace(root)}, Limits(threads=1))
        engine.start()
        engine.wait(120)
    with serving(engine) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client
    engine.close()


def _workspace(root: Path) -> workspace.Workspace:
    return workspace.find(root, overrides={"llm": "http://127.0.0.1:1/v1#m"})


def test_the_language_model_completes_a_follow_up(caller: httpx.Client, model: Saying) -> None:
    asked = {"question": "and what did she say about talent?", "history": [BEFORE]}
    answer = caller.post("/v1/ask", json=asked).json()
    assert answer["question"] == MEANT
    assert "talent is drawn to open doors" in answer["citations"][0]["quote"]
    [prompt] = [prompt for prompt in model.asked if prompt.system == SYSTEM]
    assert BEFORE["answer"] in prompt.user


def test_the_rules_complete_what_the_model_does_not(
    caller: httpx.Client, model: Saying, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"question": "and what did she say about talent?", "history": [BEFORE]}
    monkeypatch.setattr(model, "text", "I cannot say")
    answer = caller.post("/v1/ask", json=asked).json()
    assert answer["question"] == "What did Ada Hill say about talent?"
    model.asked.clear()
    alone = {"question": "What did Ada Hill say about talent?", "history": [BEFORE]}
    assert caller.post("/v1/ask", json=alone).json()["question"] == alone["question"]
    assert SYSTEM not in {prompt.system for prompt in model.asked}
