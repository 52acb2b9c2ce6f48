"""`askdoc check` as a user types it, on real files with the packaged models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from askdoc.cli import app as cli

DAM = (
    "The Oren dam was completed in 1931. It holds 90 million litres of water. Karl Holm designed "
    "the dam and the power station below it. In winter the reservoir often freezes.\n"
)
DRAFT = """# What we know of the dam

The Oren dam was completed in 1931. The reservoir never freezes.
It holds 60 million litres of water.

- Karl Holm designed the dam.
- The dam cost 12 million euros.

Who pays for it?
"""


def run(*arguments: str, **options: Any) -> Result:
    done = CliRunner().invoke(cli.make_app(), arguments, prog_name="askdoc", **options)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("check")
    (root / "docs").mkdir()
    (root / "docs" / "dam.txt").write_text(DAM)
    (root / "draft.md").write_text(DRAFT)
    patch = pytest.MonkeyPatch()
    patch.chdir(root)
    assert run("index", "docs").exit_code == 0
    patch.undo()
    return root


@pytest.fixture(autouse=True)
def _inside(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)


def test_each_sentence_has_its_standing_with_citations() -> None:
    done = run("check", "--json", "draft.md")
    assert done.exit_code == 3
    found = json.loads(done.stdout)
    standings = {one["text"]: one["standing"] for one in found["sentences"]}
    assert standings == {
        "The Oren dam was completed in 1931.": "supported",
        "The reservoir never freezes.": "contradicted",
        "It holds 60 million litres of water.": "contradicted",
        "Karl Holm designed the dam.": "supported",
        "The dam cost 12 million euros.": "no_source",
    }
    frozen = next(one for one in found["sentences"] if "freezes" in one["text"])
    assert frozen["line"] == 3
    assert [one["quote"] for one in frozen["citations"]] == [
        "In winter the reservoir often freezes."
    ]
    assert found["counts"]["supported"] == 2
    held = next(one for one in found["sentences"] if "holds" in one["text"])
    assert held["reasons"] == ["[1] says “90 million litres”, not “60 million litres”"]
    quotes = {one["text"]: [c["quote"] for c in one["citations"]] for one in found["sentences"]}
    [quote] = quotes["It holds 60 million litres of water."]
    assert quote.endswith("It holds 90 million litres of water.")
    assert quotes["Karl Holm designed the dam."] == [
        "Karl Holm designed the dam and the power station below it."
    ]


def test_what_is_supported_is_shown_only_on_request() -> None:
    short, every = run("check", "draft.md"), run("check", "--all", "draft.md")
    assert "Karl Holm designed the dam." not in short.stdout
    assert "Karl Holm designed the dam." in every.stdout
    total = "5 sentences: 2 supported, 2 contradicted, 1 no source"
    assert short.stdout.splitlines()[-1] == every.stdout.splitlines()[-1] == total


def test_a_draft_from_a_pipe_that_holds_ends_with_0() -> None:
    done = run("check", "-", input="Karl Holm designed the Oren dam.\n")
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("1 sentence: 1 supported\n")


def test_nothing_is_added_to_the_index_and_a_missing_draft_is_an_error() -> None:
    before = run("status", "--documents", "--json").stdout
    run("check", "draft.md")
    assert run("status", "--documents", "--json").stdout == before
    missing = run("check", "none.md")
    assert missing.exit_code in (1, 2)
    assert "none.md" in missing.stderr
