"""Printing data to standard output, whatever its encoding."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from askdoc.formats import dumps


def print_json(data: Mapping[str, Any], *, in_a_line: bool = False) -> None:
    """Print `data` as JSON; all escaped where the output's encoding is not a Unicode one."""
    encoding = (sys.stdout.encoding or "ascii").lower()
    indent = None if in_a_line else 2
    text = dumps(data, ascii_only=not encoding.startswith("utf"), indent=indent)
    sys.stdout.write(f"{text}\n")
