"""What a process says of its own memory."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="others do not inherit it")
def test_the_memory_of_the_process_that_started_this_one_does_not_count() -> None:
    """Otherwise a large process would give each file a reading process of its own."""
    large = bytearray(150_000_000)
    code = "from askdoc.system.limits import memory_used; print(memory_used())"
    used = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 1_000_000 < int(used.stdout) < len(large)
