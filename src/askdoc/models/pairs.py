"""How a question and a sentence are written as one sequence of tokens, for training and for use.

    [CLS] question [SEP] titles, the sentence before [SEP] sentence [SEP]

The sentence to be scored has token type 1, everything before it type 0. The sentence before is cut
after a few tokens: it only serves to say whom `he` or `it` means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from askdoc.strings import encodable
from askdoc.types import Candidate

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MOST_QUESTION, MOST_CONTEXT, MOST_BEFORE, MOST_SENTENCE = 40, 14, 12, 56
"""Most tokens of a pair; longer ones are cut. The ranker was trained with these limits."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Token ids and token types, of one length."""

    ids: list[int]
    types: list[int]

    def __len__(self) -> int:
        return len(self.ids)


class PairEncoder:
    """Writes pairs with the tokeniser of a BERT model, which puts [CLS] and [SEP] round a text."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._start, self._end = tokenizer.encode("").ids

    def encode(self, question: str, candidates: Sequence[Candidate]) -> list[Pair]:
        """Write the question together with each candidate."""
        texts = [question]
        for item in candidates:
            texts += [item.context, item.before, item.sentence]
        encodings = self._tokenizer.encode_batch_fast(
            [encodable(text) for text in texts], add_special_tokens=False
        )
        asked, *rest = [encoding.ids for encoding in encodings]
        return [
            self._pair(asked, context, before, sentence)
            for context, before, sentence in zip(rest[::3], rest[1::3], rest[2::3], strict=True)
        ]

    def _pair(
        self, question: list[int], context: list[int], before: list[int], sentence: list[int]
    ) -> Pair:
        first = [
            self._start,
            *question[:MOST_QUESTION],
            self._end,
            *context[:MOST_CONTEXT],
            *before[:MOST_BEFORE],
            self._end,
        ]
        second = [*sentence[:MOST_SENTENCE], self._end]
        return Pair(first + second, [0] * len(first) + [1] * len(second))
