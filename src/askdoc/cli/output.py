"""Standard output: JSON for programs, short messages for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from askdoc.formats import dumps
from askdoc.render.console import output
from askdoc.render.layout import flat, hang


def print_json(data: Mapping[str, Any], *, in_a_line: bool = False) -> None:
    """Print `data` as JSON, in ASCII where the output is not in a Unicode encoding."""
    encoding = (sys.stdout.encoding or "ascii").lower()
    indent = None if in_a_line else 2
    text = dumps(data, ascii_only=not encoding.startswith("utf"), indent=indent)
    sys.stdout.write(f"{text}\n")


def say(lines: Iterable[str]) -> None:
    """Print messages, one a line; a long one wraps with an indent."""
    page = output()
    page.show(hang(flat(line), page, rest="  ") for line in lines)
