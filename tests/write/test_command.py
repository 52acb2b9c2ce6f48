"""`askdoc --llm` as a user types it, with the real model in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.commands import askdoc

FORBIDDEN = ("torch", "transformers", "sentence_transformers", "llama_index", "openai", "psycopg")

RUN = """
import json, sys
from askdoc.cli import main
try:
    main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("llm")
    (root / "dam.txt").write_text(
        "The Oren dam was completed in 1931. It holds 90 million litres of water. "
        "Karl Holm designed the dam and the power station below it.\n"
    )
    done = askdoc(root, "index", ".")
    assert done.returncode == 0, done.stderr
    return root


def ask(
    workspace: Path, *arguments: str, models: Path | None = None
) -> tuple[int, str, str, list[str]]:
    environment = {**os.environ, **({"ASKDOC_MODELS_DIR": str(models)} if models else {})}
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], env=environment,
        cwd=workspace, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    *errors, modules = done.stderr.strip().splitlines()
    return done.returncode, done.stdout, "\n".join(errors), json.loads(modules)


def test_an_answer_of_the_local_model_is_checked_and_imports_nothing_heavy(
    workspace: Path, model_path: Path
) -> None:
    arguments = ("ask", "--llm", "smollm2-135m", "--json", "When was the Oren dam completed?")
    code, out, errors, modules = ask(workspace, *arguments, models=model_path.parent)
    assert code == 0, errors
    answer = json.loads(out)
    assert any("1931" in claim["text"] for claim in answer["claims"])
    assert answer["generation"]["model"] == "smollm2-135m"
    assert answer["usage"]["tokens_out"] > 0
    assert all(claim["support"] != "unsupported" for claim in answer["claims"])
    assert not [name for name in modules if name.split(".")[0] in FORBIDDEN]


def test_an_extractive_answer_says_nothing_of_models_and_loads_none(workspace: Path) -> None:
    code, out, errors, modules = ask(workspace, "--json", "When was the Oren dam completed?")
    assert code == 0, errors
    answer = json.loads(out)
    assert answer["generator"] == "extractive"
    assert "generation" not in answer
    assert "usage" not in answer
    assert "xllamacpp" not in modules
    assert "askdoc.write.writer" not in modules


def test_a_check_without_a_language_model_is_reported(workspace: Path) -> None:
    told = "`--check` needs a language model; add `--llm NAME`"
    question = "When was the Oren dam completed?"
    done = askdoc(workspace, "--check", "llm", question)
    assert (done.returncode, told in done.stderr) == (0, True)
    assert "1931" in done.stdout
    assert told not in askdoc(workspace, question).stderr
    asked = askdoc(workspace, "--check", "llm", "--llm", "http://127.0.0.1:9/v1#m", question)
    assert told not in asked.stderr


def test_weak_evidence_never_reaches_the_model(
    workspace: Path, model_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKDOC_MODELS_DIR", str(model_path.parent))
    question = "Who won the chess tournament in Riga?"
    done = askdoc(workspace, "ask", "--llm", "smollm2-135m", "--json", question)
    assert done.returncode == 3
    assert "generation" not in json.loads(done.stdout)


@pytest.mark.parametrize("name", ["http://127.0.0.1:9/v1#m", "http://127.0.0.1:9"])
def test_where_a_server_cannot_be_reached_the_evidence_is_shown_with_the_reason(
    workspace: Path, name: str
) -> None:
    done = askdoc(workspace, "--llm", name, "When was the Oren dam completed?")
    assert done.returncode == 4, done.stderr
    assert "[1] dam.txt, line 1\n  > The Oren dam was completed in 1931." in done.stdout
    reason = f"The answer is extractive: `{name}` can't be reached (see whether the server"
    assert reason in done.stdout
