"""A password that is to be asked for where there is no terminal."""

from __future__ import annotations

import io

import pytest

from askdoc.cli.index import _asked
from askdoc.errors import UsageError


def test_a_password_is_not_asked_for_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))
    with pytest.raises(UsageError, match="there is none"):
        _asked("-")
    assert _asked("word") == "word"
