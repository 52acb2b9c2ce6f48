"""Finding files and reading their bytes, on a real file system."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from askdoc.errors import ReadError, SettingsError
from askdoc.index.files import discover
from askdoc.system.safe_open import read_bytes
from askdoc.types import Found, Skip


def fill(folder: Path, *names: str, text: str = "words") -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(source: Path, root: Path | None = None, **more: object) -> list[str]:
    items = discover(source, root=root or source, **more)  # type: ignore[arg-type]
    return [item.path for item in items if isinstance(item, Found)]


def skipped(source: Path, root: Path | None = None) -> dict[str, str]:
    items = discover(source, root=root or source)
    return {item.location: item.code for item in items if isinstance(item, Skip)}


@contextmanager
def unprivileged() -> Iterator[None]:
    """Act as somebody who may not read everything, even if the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shared() -> Iterator[Path]:
    """Give a folder that everybody may enter, unlike `tmp_path`."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_files_are_found_in_the_order_of_their_names(tmp_path: Path) -> None:
    fill(tmp_path, "b.txt", "a/z.md", "a/b/c.txt", "a.txt", "B.txt")
    assert found(tmp_path) == ["B.txt", "a/b/c.txt", "a/z.md", "a.txt", "b.txt"]


def test_a_file_is_reported_in_full(tmp_path: Path) -> None:
    fill(tmp_path, "docs/a/b.txt", text="12345")
    file = tmp_path / "docs/a/b.txt"
    later = time.time_ns() + 10**15
    os.utime(file, ns=(0, later))
    (item,) = discover(tmp_path / "docs", root=tmp_path)
    assert item == Found(
        location="docs/a/b.txt",
        path="a/b.txt",
        source="docs",
        file=str(file),
        size=5,
        modified_ns=later,
    )
    os.utime(file, ns=(0, 123_456_789_000))
    (item,) = discover(tmp_path / "docs", root=tmp_path)
    assert isinstance(item, Found)
    assert item.modified_ns == file.stat().st_ctime_ns


def test_locations_outside_the_workspace_are_absolute(tmp_path: Path) -> None:
    fill(tmp_path, "elsewhere/a.txt")
    (item,) = discover(tmp_path / "elsewhere", root=tmp_path / "workspace")
    assert isinstance(item, Found)
    assert (item.location, item.path) == (str(tmp_path / "elsewhere/a.txt"), "a.txt")
    assert item.source == str(tmp_path / "elsewhere")


def test_the_workspace_itself_can_be_the_source(tmp_path: Path) -> None:
    fill(tmp_path, "a/b.txt")
    (item,) = discover(tmp_path, root=tmp_path)
    assert isinstance(item, Found)
    assert (item.location, item.path, item.source) == ("a/b.txt", "a/b.txt", ".")


def test_hidden_names_are_passed_over_unless_named_themselves(tmp_path: Path) -> None:
    fill(tmp_path, ".hidden.txt", ".git/config.txt", "seen.txt")
    assert list(discover(tmp_path, root=tmp_path))[1:] == []
    assert found(tmp_path) == ["seen.txt"]
    assert found(tmp_path / ".hidden.txt", tmp_path) == [".hidden.txt"]
    assert found(tmp_path / ".git", tmp_path) == ["config.txt"]


def test_ignore_files_count_for_their_folder_and_those_below(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", "a.log", "keep.log", "sub/a.txt", "sub/b.log", "sub/deep/c.txt")
    fill(tmp_path, "build/x.txt", "sub/build/y.txt", "top.txt", "sub/top.txt")
    (tmp_path / ".gitignore").write_text("*.log\n!keep.log\nbuild/\n/top.txt\n# comment\n\n")
    (tmp_path / "sub/.gitignore").write_text("!b.log\ndeep\n")
    assert found(tmp_path) == ["a.txt", "keep.log", "sub/a.txt", "sub/b.log", "sub/top.txt"]


def test_the_files_own_rules_outweigh_those_of_git(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", "b.txt", "c.txt", "d.txt")
    (tmp_path / ".gitignore").write_text("a.txt\nb.txt\n")
    (tmp_path / ".ignore").write_text("!a.txt\nc.txt\n")
    (tmp_path / ".askdocignore").write_text("!c.txt\nd.txt\n")
    assert found(tmp_path) == ["a.txt", "c.txt"]


def test_rules_above_the_source_do_not_count(tmp_path: Path) -> None:
    fill(tmp_path, "data/a.txt")
    (tmp_path / ".gitignore").write_text("data/\n")
    assert found(tmp_path / "data", tmp_path) == ["a.txt"]


def test_a_file_named_itself_is_taken_even_if_ignored(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt")
    (tmp_path / ".gitignore").write_text("*\n")
    assert found(tmp_path) == []
    assert found(tmp_path / "a.txt", tmp_path, ignore=["*.txt"]) == ["a.txt"]


def test_the_setting_counts_first_and_from_the_workspace(tmp_path: Path) -> None:
    fill(tmp_path, "docs/a.txt", "docs/drafts/b.txt", "docs/c.md", "docs/d.log")
    (tmp_path / "docs/.gitignore").write_text("*.log\n")
    ignore = ["/docs/drafts", "*.md", "!d.log"]
    assert found(tmp_path / "docs", tmp_path, ignore=ignore) == ["a.txt", "d.log"]
    outside = found(tmp_path / "docs", tmp_path / "workspace", ignore=["/drafts", "*.md"])
    assert outside == ["a.txt"]


def test_a_setting_that_is_no_pattern_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="invalid pattern"):
        list(discover(tmp_path, root=tmp_path, ignore=["!"]))


def test_ignore_files_may_be_anything(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", "b/c.txt", "d/e.txt", "f/g.txt")
    (tmp_path / ".gitignore").write_bytes(b"\xef\xbb\xbfb\n!\n\\\n\xff\xfe\n")
    os.mkfifo(tmp_path / "d/.gitignore")
    (tmp_path / "f/.gitignore").mkdir()
    assert found(tmp_path) == ["a.txt", "d/e.txt", "f/g.txt"]


def test_indexes_and_folders_to_leave_out_are_not_entered(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", "index/catalog.sqlite", "index/notes.txt", "mine/b.txt", "x/mine/c.txt")
    assert found(tmp_path, leave_out=[tmp_path / "mine"]) == ["a.txt", "x/mine/c.txt"]
    assert found(tmp_path, leave_out=[tmp_path / "a.txt"]) == ["mine/b.txt", "x/mine/c.txt"]
    assert skipped(tmp_path) == {}


def test_unsupported_files_are_skipped_by_type(tmp_path: Path) -> None:
    fill(tmp_path, "a.xyz", "b.TXT", "README")
    (skip,) = [item for item in discover(tmp_path, root=tmp_path) if isinstance(item, Skip)]
    assert (skip.location, skip.code, skip.reason) == (
        "a.xyz",
        "unsupported",
        "no reader for `.xyz` files",
    )
    assert found(tmp_path) == ["README", "b.TXT"]
    assert skipped(tmp_path / "a.xyz", tmp_path) == {"a.xyz": "unsupported"}


def test_links_are_not_followed_but_reported(tmp_path: Path) -> None:
    source = tmp_path / "docs"
    fill(source, "a.txt", "sub/b.txt")
    fill(tmp_path, "secret/c.txt", "docs-too/d.txt")
    (source / "inside.txt").symlink_to(source / "a.txt")
    (source / "sub/up").symlink_to(source)
    (source / "self.txt").symlink_to("self.txt")
    (source / "out").symlink_to(tmp_path / "secret")
    (source / "near").symlink_to(tmp_path / "docs-too")
    (source / "gone.txt").symlink_to("nowhere")
    assert found(source) == ["a.txt", "sub/b.txt"]
    assert skipped(source) == {
        "inside.txt": "link",
        "sub/up": "link",
        "out": "link_out",
        "near": "link_out",
        "gone.txt": "broken_link",
        "self.txt": "broken_link",
    }


def test_a_link_that_is_named_itself_is_followed(tmp_path: Path) -> None:
    fill(tmp_path, "real/a.txt")
    (tmp_path / "docs").symlink_to(tmp_path / "real")
    (tmp_path / "b.txt").symlink_to(tmp_path / "real/a.txt")
    (item,) = discover(tmp_path / "docs", root=tmp_path)
    assert isinstance(item, Found)
    assert item.location == "docs/a.txt"
    assert found(tmp_path / "b.txt", tmp_path) == ["b.txt"]


def test_pipes_and_sockets_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket.txt")
        assert skipped(tmp_path) == {"pipe.txt": "special", "socket.txt": "special"}
        assert skipped(tmp_path / "pipe.txt", tmp_path) == {"pipe.txt": "special"}


def test_names_that_are_not_utf8_are_skipped_and_written_out(tmp_path: Path) -> None:
    named = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    named.mkdir()
    fill(tmp_path, "a\nb.txt", "größe.txt")
    (named / "x.txt").write_text("words")
    assert found(tmp_path) == ["a\nb.txt", "größe.txt"]
    assert skipped(tmp_path) == {"caf\\xe9": "name"}
    assert skipped(named, tmp_path) == {"caf\\xe9": "name"}


def test_what_may_not_be_read_is_skipped_for_that(shared: Path) -> None:
    fill(shared, "a.txt", "locked/b.txt", "noentry/c.txt")
    (shared / "locked").chmod(0)
    (shared / "noentry").chmod(0o444)
    with unprivileged():
        assert found(shared) == ["a.txt"]
        assert skipped(shared) == {"locked": "unreadable", "noentry/c.txt": "unreadable"}
        assert skipped(shared / "locked", shared) == {"locked": "unreadable"}
        assert skipped(shared / "noentry/c.txt", shared) == {"noentry/c.txt": "unreadable"}
    (shared / "locked").chmod(0o755)


def test_a_source_that_is_gone_is_missing(tmp_path: Path) -> None:
    assert skipped(tmp_path / "nothing", tmp_path) == {"nothing": "missing"}


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert list(discover(tmp_path, root=tmp_path)) == []


def test_very_deep_folders_are_gone_through(tmp_path: Path) -> None:
    start = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(1050):
            Path("d").mkdir()
            os.chdir("d")
        Path("a.txt").write_text("words")
    finally:
        os.chdir(start)
    assert found(tmp_path) == ["d/" * 1050 + "a.txt"]
    _remove_deep(tmp_path)


def _remove_deep(folder: Path) -> None:
    """Remove a chain of folders that is too deep for `shutil.rmtree`."""
    chain = [folder / "d"]
    while (chain[-1] / "d").exists():
        chain.append(chain[-1] / "d")
    (chain[-1] / "a.txt").unlink()
    for one in reversed(chain):
        one.rmdir()


def item(path: Path) -> Found:
    return Found(path.name, path.name, ".", str(path), 0, 0)


def refused(path: Path, most: int = 100) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read_bytes(item(path), most)
    return caught.value


def test_bytes_are_read_up_to_the_limit(tmp_path: Path) -> None:
    fill(tmp_path, "a.txt", text="x" * 100)
    assert read_bytes(item(tmp_path / "a.txt"), 100) == b"x" * 100
    error = refused(tmp_path / "a.txt", 99)
    assert error.code == "too_large"
    assert "max_file_mb" in (error.hint or "")


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "sparse.txt").open("wb") as file:
        file.truncate(1 << 41)
    assert refused(tmp_path / "sparse.txt", 50_000_000).code == "too_large"


def test_a_file_that_went_away_has_vanished(tmp_path: Path) -> None:
    assert refused(tmp_path / "a.txt").code == "vanished"
    fill(tmp_path, "b")
    assert refused(tmp_path / "b/c.txt").code == "vanished"


def test_what_took_a_files_place_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    assert refused(tmp_path / "pipe.txt").code == "special"
    (tmp_path / "folder.txt").mkdir()
    assert refused(tmp_path / "folder.txt").code == "special"


def test_a_file_without_permission_is_unreadable(shared: Path) -> None:
    fill(shared, "a.txt")
    (shared / "a.txt").chmod(0)
    with unprivileged():
        error = refused(shared / "a.txt")
    assert (error.code, str(error)) == ("unreadable", "there is no permission to read `a.txt`")
    assert error.hint == "give yourself the right to read it, or leave it out with `ignore`"
