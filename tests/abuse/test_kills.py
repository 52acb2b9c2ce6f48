"""A short version of `python -m tests.abuse.kills`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.postgres import Server


def test_a_shared_library_survives_kills(tmp_path: Path, postgres: Server) -> None:
    from tests.abuse.kills import WAYS, survive

    survive(postgres, tmp_path, list(WAYS))
