"""The public names, used as the documentation says: real files, the real index and embedder."""

from __future__ import annotations

import inspect
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import askdoc
from askdoc.app import library as module

DAM = "The Oren dam was completed in 1931. It holds 90 million litres of water.\n"
BEES = "# Bees\n\nA colony needs fifteen kilograms of honey to live through the winter.\n"
QUESTION = "When was the Oren dam completed?"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("library")
    (root / "dam.txt").write_text(DAM)
    (root / "bees.md").write_text(BEES)
    with askdoc.open(root) as library:
        report = library.index()
    assert sorted(report.added) == ["bees.md", "dam.txt"]
    return root


def test_a_folder_is_asked_in_three_lines(folder: Path) -> None:
    with askdoc.open(folder) as library:
        answer = library.ask(QUESTION)
    assert answer.status is askdoc.Status.ANSWERED
    assert answer.text == "The Oren dam was completed in 1931. [1]"
    [citation] = answer.citations
    assert isinstance(citation, askdoc.Citation)
    assert (citation.document.path, citation.line_start) == ("dam.txt", 1)


def test_questions_and_searches_are_kept_to_some_documents(folder: Path) -> None:
    with askdoc.open(folder) as library:
        assert {one.document.path for one in library.search(QUESTION)} == {"dam.txt", "bees.md"}
        for source, where in ((["*.md"], []), ([], ["title=bees"])):
            found = library.search(QUESTION, source=source, where=where)
            assert [one.document.path for one in found] == ["bees.md"]
            evidence = library.ask(QUESTION, source=source, where=where).evidence
            assert {one.passage.document.path for one in evidence} == {"bees.md"}
        with pytest.raises(askdoc.UsageError, match="both `source` and `where`"):
            library.ask(QUESTION, source=["*.txt"], where=["title=bees"])


def test_an_index_is_brought_up_to_date_between_questions(tmp_path: Path) -> None:
    with askdoc.open(tmp_path) as library:
        with pytest.raises(askdoc.NoIndex):
            library.ask(QUESTION)
        assert library.documents() == []
        (tmp_path / "a.txt").write_text(DAM)
        library.index(tmp_path / "a.txt")
        assert "1931" in library.ask(QUESTION).text
        (tmp_path / "a.txt").write_text(DAM.replace("1931", "1947"))
        assert library.index().changed == ("a.txt",)
        assert "1947" in library.ask(QUESTION).text
        assert [one.path for one in library.documents()] == ["a.txt"]


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(askdoc.UsageError, match="there is no folder"):
        askdoc.open(tmp_path / "none")
    with pytest.raises(askdoc.UsageError, match="there is no library `none`"):
        askdoc.open(library="none")
    with pytest.raises(askdoc.AskdocError, match="must be a whole number"):
        askdoc.open(tmp_path, top_k="many")


def test_the_examples_in_the_docstrings_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("reports", "minutes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text("The committee decided to close the harbour.\n")
    documented: list[object] = [askdoc, module.open_library]
    for one in documented:
        exec(example(one), {})  # noqa: S102 - what the documentation says
    with askdoc.open(tmp_path) as library:
        library.index()
        documented = [askdoc.Library.ask, askdoc.Library.search, askdoc.Library.index]
        for one in documented:
            code = example(one).replace("https://example.org/rules.html", "reports")
            exec(code.replace("*.pdf", "*.txt"), {"library": library})  # noqa: S102


def example(documented: object) -> str:
    """Return the indented lines of a docstring before its sections."""
    text = (inspect.getdoc(documented) or "").split("Args:")[0].split("Raises:")[0]
    code = [line for line in text.splitlines() if line.startswith("    ") or not line]
    assert "library" in "".join(code)
    return textwrap.dedent("\n".join(code))


def test_every_public_name_is_there_and_nothing_is_imported_before_it_is_used() -> None:
    assert set(askdoc.__all__) == {*askdoc._PLACES, "__version__"}
    for name in askdoc.__all__:
        assert getattr(askdoc, name) is not None
        assert name in dir(askdoc)
    with pytest.raises(AttributeError, match="no attribute `closed`"):
        _ = askdoc.closed
    code = "import sys, askdoc; print([m for m in sys.modules if m.startswith('askdoc.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "[]"
