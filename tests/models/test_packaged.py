"""What is packaged is enough: an index and an answer need no library that trains or converts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LIBRARIES = ("torch", "transformers", "sentence_transformers", "onnx", "onnxscript")

FAILING = 'raise ImportError("a library that is not needed was imported")\n'


def test_without_torch_a_first_index_is_made_and_answers(tmp_path: Path) -> None:
    """The libraries fail on import, in this process and in those that it starts."""
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    for name in LIBRARIES:
        (shadow / f"{name}.py").write_text(FAILING)
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "dam.txt").write_text(
        "The Oren dam was completed in 1931. It holds 90 million litres of water.\n"
    )
    cache = tmp_path / "cache"
    environment = {**os.environ, "PYTHONPATH": str(shadow), "ASKDOC_CACHE_DIR": str(cache)}

    def askdoc(*arguments: str) -> str:
        script = (
            "import sys\nfrom askdoc.cli import main\n"
            "try:\n    main()\nfinally:\n"
            f"    print(sorted({set(LIBRARIES)!r} & set(sys.modules)))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("[]\n")
        return done.stdout

    askdoc("index", ".")
    assert "1931" in askdoc("ask", "When was the Oren dam completed?")
    assert not cache.exists()  # nothing was compiled
