"""Write the reference pages from the program itself: `python docs/reference.py`, or `make docs`.

Each page is made of what `askdoc` prints, so the pages cannot say anything else than the program.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TARGET = Path(__file__).parent / "reference"
SCHEMAS = ("answer", "search", "suite", "eval")


def printed(*arguments: str) -> str:
    """Return what `askdoc` prints on standard output for these arguments, 100 columns wide."""
    done = subprocess.run(
        [sys.executable, "-m", "askdoc", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
        check=True,
    )
    return done.stdout.rstrip()


def commands() -> str:
    """Make the page of all commands."""
    from askdoc.cli.app import ENTRIES
    from askdoc.cli.eval import _MODULES

    names = [(entry.name,) for entry in ENTRIES]
    at = names.index(("eval",)) + 1
    names[at:at] = [("eval", name) for name in _MODULES if name != "run"]
    parts = ["# Commands", "", "```text", printed("--help"), "```"]
    for name in names:
        parts += ["", f"## askdoc {' '.join(name)}", "", "```text", printed(*name, "--help"), "```"]
    return "\n".join(parts) + "\n"


def settings() -> str:
    """Make the page of all settings."""
    listed = printed("config", "list", "--all")
    about = "Set them in `askdoc.toml`, or with `askdoc config set`."
    return f"# Settings\n\n{about}\n\n```text\n{listed}\n```\n"


def schemas() -> str:
    """Make the page of the JSON formats."""
    parts = ["# JSON formats", "", "Fields keep their names and meanings; new ones may come."]
    for name in SCHEMAS:
        schema = json.loads(printed("schema", name))
        parts += ["", f"## {name}", "", schema.get("description", ""), "", "```json"]
        parts += [json.dumps(schema, indent=2, ensure_ascii=False), "```"]
    return "\n".join(parts) + "\n"


def main() -> None:
    """Write all pages."""
    TARGET.mkdir(exist_ok=True)
    for name, make in (("commands", commands), ("settings", settings), ("json", schemas)):
        (TARGET / f"{name}.md").write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
