"""Chroma is imported without what it does not need here, and nobody else goes without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_FRESH = """
import sys
from pathlib import Path
from askdoc.store import chroma_import
from askdoc.store.chroma import ChromaStore
import numpy as np

with ChromaStore(Path(sys.argv[1]), write=True) as store:
    store.add(["a"], ["d"], np.eye(1, 4, dtype=np.float32))
    assert [hit.chunk_id for hit in store.search(np.eye(1, 4, dtype=np.float32)[0], 1)] == ["a"]
spared = ("opentelemetry.exporter.otlp.proto.grpc.trace_exporter", "httpx._main", "grpc")
print([name for name in spared if name in sys.modules])

import overrides
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from chromadb.telemetry.opentelemetry import OTLPSpanExporter as chromas

assert isinstance(chromas(endpoint="http://127.0.0.1:9"), OTLPSpanExporter)

class Above:
    def say(self, word: str) -> str:
        return word

try:
    class Below(Above):
        @overrides.override
        def say(self, word: int) -> str:
            return str(word)
except TypeError:
    print("checked again")
import httpx._main
assert httpx._main.main
"""


def test_what_chroma_does_not_need_is_not_imported_and_is_the_real_one_for_others(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _FRESH, str(tmp_path / "chroma")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[]\nchecked again\n", "")
