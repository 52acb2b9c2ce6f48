"""An index where nobody can write, such as on a mounted share or a CD, can be asked."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

import askdoc
from askdoc.errors import StoreError


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    (root / "dam.txt").write_text("The Oren dam was completed in 1931.\n" * 3)
    (root / "bees.txt").write_text("A colony needs fifteen kilograms of honey for the winter.\n")
    with askdoc.open(root) as library:
        library.index()
    return root


@pytest.fixture
def sealed(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy that cannot be written to; the rights alone do not keep root from it."""
    root = tmp_path / "share"
    shutil.copytree(made, root)
    index = str(root / ".askdoc")
    allowed = os.access

    def access(path: str | Path, mode: int, **options: bool) -> bool:
        if mode & os.W_OK and str(path).startswith(index):
            return False
        return allowed(path, mode, **options)

    monkeypatch.setattr(os, "access", access)
    for path in (root / ".askdoc").rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return root


def state(root: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(root)): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in (root / ".askdoc").rglob("*")
    }


def test_it_is_asked_without_a_file_being_written(sealed: Path) -> None:
    before = state(sealed)
    with askdoc.open(sealed) as library:
        answer = library.ask("When was the Oren dam completed?")
        assert state(sealed) == before
        assert "1931" in answer.text
        assert answer.passages[0].ranks.keys() >= {"dense", "lexical"}
        assert [one.path for one in library.documents()] == ["bees.txt", "dam.txt"]
        found = library.search("honey", source=["bees.txt"])
        assert [one.document.path for one in found] == ["bees.txt"]
    assert state(sealed) == before


def test_it_is_not_written_to(sealed: Path) -> None:
    (sealed / "more.txt").write_text("More.")
    if os.geteuid() == 0:
        pytest.skip("root may write")
    with askdoc.open(sealed) as library, pytest.raises(StoreError, match="cannot write"):
        library.index()
