"""An index that came with a folder cannot make askdoc read files outside of that folder."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from askdoc import app, workspace
from askdoc.types import IndexReport


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASKDOC_DATA_DIR", str(tmp_path / "data"))
    for name in ("work", "outside"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "in.txt").write_text("The heron stands in the reeds.")
    (tmp_path / "outside" / "out.txt").write_text("The pier is made of oak.")
    index(tmp_path / "work", tmp_path / "work" / "in.txt", tmp_path / "outside")
    return tmp_path / "work"


def index(root: Path, *paths: Path) -> IndexReport:
    with app.indexer(workspace.find(root)) as indexer:
        return indexer.sync(paths or None)


def text(root: Path) -> str:
    with app.open_catalog(workspace.find(root)) as catalog:
        return " ".join(catalog.text(one.id) for one in catalog.documents())


def test_a_path_outside_is_read_again_where_it_was_named(root: Path) -> None:
    outside = root.parent / "outside" / "out.txt"
    outside.write_text("The pier is made of steel.")
    assert index(root).changed == (str(outside),)
    assert "steel" in text(root)


def test_a_path_outside_that_nobody_named_here_is_not_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASKDOC_DATA_DIR", str(root.parent / "another machine"))
    outside = root.parent / "outside"
    (outside / "out.txt").write_text("The pier is made of secrets.")
    (outside / "more.txt").write_text("More secrets.")
    (root / "in.txt").write_text("The heron has flown.")
    with app.indexer(workspace.find(root)) as indexer:
        assert indexer.watched() == [root / "in.txt"]
        [skip] = indexer.preview().skipped
        assert (skip.location, skip.code) == (str(outside), "not_named")
        assert indexer.follow([outside / "out.txt"]).changed == ()
        report = indexer.sync()
    assert report.changed == ("in.txt",)
    assert [skip.code for skip in report.skipped] == ["not_named"]
    assert f"askdoc index {outside}" in (report.skipped[0].hint or "")
    assert text(root) == "The pier is made of oak. The heron has flown."
    assert index(root, outside).skipped == ()
    assert "secrets" in text(root)


@pytest.mark.parametrize("source", ["../outside", "link", "link/out.txt"])
def test_a_source_that_leads_out_of_the_folder_is_outside_of_it(root: Path, source: str) -> None:
    """The index came with the folder, so its sources are what its maker chose."""
    (root / "link").symlink_to(root.parent / "outside")
    with closing(sqlite3.connect(workspace.find(root).index / "catalog.sqlite")) as opened, opened:
        opened.execute("UPDATE sources SET location = ? WHERE location LIKE '%outside'", [source])
    (root.parent / "data" / "paths.json").unlink()
    with app.indexer(workspace.find(root)) as indexer:
        report = indexer.preview()
        assert indexer.watched() == [root / "in.txt"]
    assert [skip.code for skip in report.skipped] == ["not_named"]
    assert not report.added


def test_settings_that_the_user_trusts_may_name_a_source_outside(root: Path) -> None:
    (root.parent / "data" / "paths.json").unlink()
    (root / "askdoc.toml").write_text('sources = ["../outside"]')
    workspace.trust(root / "askdoc.toml")
    with app.indexer(workspace.find(root)) as indexer:
        assert indexer.preview().skipped == ()


def test_a_link_out_of_the_folder_is_read_again_where_it_was_named(root: Path) -> None:
    (root.parent / "elsewhere").mkdir()
    linked = root.parent / "elsewhere" / "linked.txt"
    linked.write_text("The quay is made of stone.")
    (root / "link").symlink_to(linked.parent)
    index(root, root / "link")
    linked.write_text("The quay is made of brick.")
    assert index(root).skipped == ()
    assert "brick" in text(root)
    (root / "link").unlink()
    (root / "link").symlink_to(root.parent)
    assert [skip.code for skip in index(root).skipped] == ["not_named"]
