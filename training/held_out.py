"""Write the cases of a set that the reader was not trained on: a suite to judge it by.

    python training/held_out.py SET [--suite TYPOS.jsonl] > HELD_OUT.jsonl

`SET` is the folder of a set; `--suite` takes the cases from another file about its documents.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from groups import held_out


def main() -> None:
    """Print the lines of the suite whose document was held out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--suite", type=Path)
    arguments = parser.parse_args()
    suite = arguments.suite or arguments.set / "suite.jsonl"
    for line in suite.read_text().splitlines():
        evidence = json.loads(line)["evidence"]
        if evidence and held_out(arguments.set.resolve().name, evidence[0]["document"]):
            print(line)


if __name__ == "__main__":
    main()
