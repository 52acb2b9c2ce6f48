"""How a question and a passage become one sequence of tokens, and how scores become units again.

    [CLS] question [SEP] title › heading › heading [SEP] passage [SEP]

The passage and the last [SEP] have token type 1, all before them type 0. Training and use share
this module; it needs numpy and tokenizers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MOST_TOKENS = 256
MOST_QUESTION, MOST_CONTEXT = 48, 32
"""Tokens of a whole sequence, of a question and of a context; longer texts are cut."""

MOST_ANSWER = 30
"""Tokens of a short answer."""

CLS = 0
"""The place of [CLS], where the not-here score and the null span are read."""

BETWEEN = " › "

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids of a text, and the first and the end character of each."""

    ids: list[int]
    starts: list[int]
    ends: list[int]


@dataclass(frozen=True, slots=True)
class Encoded:
    """One sequence; `first` is the place of the passage's first token.

    `units` holds the first and the end place of each unit's tokens. A unit that was cut off, or has
    no tokens, has an empty range.
    """

    ids: list[int]
    types: list[int]
    first: int
    units: list[tuple[int, int]]
    passage: Tokens

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Span:
    """A short answer: its characters in the passage, and how far it beats the null span."""

    start: int
    end: int
    score: float


def context_of(title: str, headings: Sequence[str]) -> str:
    """Write title and headings as the reader knows them, each once."""
    return BETWEEN.join(dict.fromkeys(part for part in (title, *headings) if part))


class Encoder:
    """Writes sequences with the tokenizer of a BERT model."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._start, self._end = tokenizer.encode("").ids

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Cut texts into tokens, without special ones."""
        found = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [
            Tokens(item.ids, [start for start, _ in item.offsets], [end for _, end in item.offsets])
            for item in found
        ]

    def encode(
        self,
        question: Sequence[int],
        context: Sequence[int],
        passage: Tokens,
        units: Sequence[tuple[int, int]],
        most: int = MOST_TOKENS,
    ) -> Encoded:
        """Join the tokens of a question, a context and a passage.

        `units` are ranges of characters in the passage, in order. A token belongs to the unit in
        which its last character lies.
        """
        before = [
            self._start,
            *question[:MOST_QUESTION],
            self._end,
            *context[:MOST_CONTEXT],
            self._end,
        ]
        kept = passage.ids[: most - len(before) - 1]
        last = np.array(passage.ends[: len(kept)], dtype=np.int64) - 1
        ranges = [
            (int(begin) + len(before), int(end) + len(before))
            for begin, end in (np.searchsorted(last, unit) for unit in units)
        ]
        ids = [*before, *kept, self._end]
        types = [0] * len(before) + [1] * (len(kept) + 1)
        return Encoded(ids, types, len(before), ranges, passage)


def unit_scores(sequence: Encoded, tokens: Floats) -> Floats:
    """Return the mean score of each unit's tokens; nan where a unit has none."""
    sums = np.concatenate([[0.0], np.cumsum(tokens, dtype=np.float64)])
    return np.array(
        [
            (sums[end] - sums[begin]) / (end - begin) if end > begin else np.nan
            for begin, end in sequence.units
        ],
        np.float32,
    )


def best_span(sequence: Encoded, starts: Floats, ends: Floats, unit: int | None = None) -> Span:
    """Find the best short answer of the passage, or of one of its units, which has tokens."""
    begin, end = sequence.first, len(sequence.ids) - 1
    if unit is not None:
        begin, end = sequence.units[unit]
    sums = starts[begin:end, None] + ends[None, begin:end]
    allowed = np.triu(np.ones(sums.shape, bool)) & ~np.triu(np.ones(sums.shape, bool), MOST_ANSWER)
    sums = np.where(allowed, sums, -np.inf)
    first, last = np.unravel_index(int(np.argmax(sums)), sums.shape)
    offset = begin - sequence.first
    passage = sequence.passage
    return Span(
        passage.starts[offset + int(first)],
        passage.ends[offset + int(last)],
        float(sums[first, last] - starts[CLS] - ends[CLS]),
    )
