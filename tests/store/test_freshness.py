from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from askdoc.store.files import file_state
from askdoc.types import Document, FileState, Stamp


def indexed(path: Path) -> Document:
    status, data = path.stat(), path.read_bytes()
    return Document(
        id="d",
        location=path.name,
        path=path.name,
        source=path.name,
        title=None,
        length=len(data),
        pages=(),
        language="en",
        file=str(path),
        stamp=Stamp(status.st_size, status.st_mtime_ns, hashlib.sha256(data).hexdigest()),
    )


def test_the_content_decides_where_the_time_differs(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    document = indexed(path)
    assert file_state(document) is FileState.CURRENT
    os.utime(path, (1, 1))
    assert file_state(document) is FileState.CURRENT
    path.write_text("two")
    assert file_state(document) is FileState.CHANGED
    path.unlink()
    assert file_state(document) is FileState.MISSING


def test_a_time_that_is_set_back_hides_no_change(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    document, before = indexed(path), path.stat()
    path.write_text("two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # the system's clock ticks coarsely
        path.chmod(0o600)
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert file_state(document) is FileState.CHANGED


def test_a_file_out_of_reach_is_not_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    document = indexed(path)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "open", refuse)
    assert file_state(document) is FileState.CURRENT
    os.utime(path, (1, 1))
    assert file_state(document) is FileState.CHANGED
    monkeypatch.setattr(Path, "stat", refuse)
    assert file_state(document) is FileState.CHANGED
