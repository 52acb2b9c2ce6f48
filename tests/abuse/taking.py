"""Takes hostile files in as a user's run does, but for the vectors, which cost the same anyway."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from askdoc import app, workspace
from askdoc.system.limits import memory_used
from askdoc.testing import HashEmbedder, MemoryVectors
from askdoc.types import IndexReport
from askdoc.types.indexing import KILLED
from askdoc.workspace import Workspace

if TYPE_CHECKING:
    from askdoc.types.ports import Matrix

BEYOND = frozenset({"out_of_time", "out_of_memory", "crashed", "failed", KILLED})
"""Codes of skips that say that a reader went too far, not that the file is no good."""


class NoEmbedder(HashEmbedder):
    """Gives every text the same vector, at no cost."""

    def _sums(self, texts: Sequence[str]) -> Matrix:
        return np.full((len(texts), self.dimensions), self.dimensions**-0.5, dtype=np.float32)


@dataclass(frozen=True)
class Taken:
    """A folder that was taken in, with the processor time and the memory of this process alone."""

    here: Workspace
    report: IndexReport
    seconds: float
    megabytes: float


def take_in(root: Path, *, seconds: float, megabytes: int) -> Taken:
    """Index the folder `docs` below `root`, with limits for reading each file."""
    here = workspace.find(
        root,
        environment={
            "ASKDOC_WORKERS": "1",
            "ASKDOC_MAX_READ_SECONDS": str(seconds),
            "ASKDOC_MAX_READ_MB": str(megabytes),
        },
        user_config=root / "none",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("askdoc.app.opening.embedder", lambda *_, **__: NoEmbedder())
        patch.setattr("askdoc.store.embedded.open_to_write", lambda _: MemoryVectors())
        before, started = memory_used(), time.process_time()
        with app.indexer(here) as indexer:
            report = indexer.sync([root / "docs"])
        taken = time.process_time() - started
    return Taken(here, report, taken, (memory_used() - before) / 1e6)
