"""List the words of English, most frequent first, from a WordPiece vocabulary.

    python training/words.py TOKENIZER.json > src/askdoc/data/words_en.txt

The vocabulary of BERT (uncased; Apache-2.0), which all-MiniLM-L6-v2 shares, lists whole words by
how often they occurred in its training text. Only that order is used: by Zipf's law it says about
how often a word is met.
"""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path


def main() -> None:
    """Print the whole words of letters alone, most frequent first."""
    vocabulary = json.loads(Path(sys.argv[1]).read_text())["model"]["vocab"]
    first = vocabulary["the"]
    words = [
        word
        for word, number in sorted(vocabulary.items(), key=lambda item: item[1])
        if number >= first and word.isascii() and word.isalpha() and len(word) > 1
    ]
    print(textwrap.fill(" ".join(words), 100))


if __name__ == "__main__":
    main()
