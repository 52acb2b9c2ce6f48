"""Write a suite again with one slip of the keys in each longer word of its questions.

    python benchmarks/typos.py SUITE.jsonl > TYPOS.jsonl

Every word of more than five letters that is no function word gets one slip, of four kinds in equal
shares: a letter swapped with its neighbour, lost, doubled, or taken for the key beside it. The same
suite gives the same slips.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from pathlib import Path

from askdoc.text.languages import function_words

SEED = 7
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
BESIDE = {
    key: row[max(0, at - 1) : at] + row[at + 1 : at + 2]
    for row in ROWS
    for at, key in enumerate(row)
}
WORD = re.compile(r"[A-Za-z]{6,}")


def main() -> None:
    """Read the suite, write it with slips."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suite", type=Path)
    chosen = parser.parse_args()
    chance = random.Random(SEED)
    for line in chosen.suite.read_text().splitlines():
        case = json.loads(line)
        case["question"] = WORD.sub(lambda match: slip(match.group(), chance), case["question"])
        print(json.dumps(case, ensure_ascii=False))


def slip(word: str, chance: random.Random) -> str:
    """Put one slip into a word, not at its first letter."""
    if word.lower() in function_words("en"):
        return word
    at = chance.randrange(1, len(word) - 1)
    kind = chance.choice(("swap", "lose", "double", "beside"))
    if kind == "swap":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "lose":
        return word[:at] + word[at + 1 :]
    if kind == "double":
        return word[:at] + word[at] + word[at:]
    return word[:at] + chance.choice(BESIDE[word[at].lower()]) + word[at + 1 :]


if __name__ == "__main__":
    main()
