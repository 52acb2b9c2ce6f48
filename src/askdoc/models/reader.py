"""The packaged reader: which sentences of a passage answer a question, and with which words.

    [CLS] question [SEP] title › heading › heading [SEP] passage [SEP]

The passage and the last [SEP] have token type 1, all before them type 0. The model gives numbers
for each token: the mean of the first over a sentence scores that sentence, the others score it as
the first or the last token of a short answer. `training/reader/README.md` says how it was trained
and how well it works. Training and use share this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from askdoc.errors import ModelError
from askdoc.models.onnx import WORDS, on_each_core, open_session
from askdoc.models.packaged import ABOUT, IDS, MODEL, TOKENIZER, TYPES, packaged_data
from askdoc.settings import RANKER_FINGERPRINT, RERANKER
from askdoc.strings import encodable
from askdoc.types import Candidate, Judgement, Span

MOST_TOKENS = 256
MOST_QUESTION, MOST_CONTEXT = 48, 32
"""Tokens of a whole sequence, of a question and of a context; longer texts are cut."""

WINDOW = 176
"""Tokens of a passage that are read at once."""

BUDGET = 450
"""Tokens that are read for a question: time is in proportion to them. With 1,000 the right sentence
stands no higher (`benchmarks/RESULTS.md`)."""

MOST_ANSWER = 30
"""Tokens of a short answer."""

CLS = 0
"""The place of [CLS], where the score of "no short answer" is read."""

OUTPUTS = ["units", "starts", "ends"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids of a text, and the first and the end character of each."""

    ids: list[int]
    starts: list[int]
    ends: list[int]

    def part(self, first: int, end: int) -> Tokens:
        """Return some of the tokens."""
        return Tokens(self.ids[first:end], self.starts[first:end], self.ends[first:end])


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


class Encoder:
    """Writes sequences with the tokenizer of a BERT model."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer
        self._start, self._end = tokenizer.encode("").ids

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """Cut texts into tokens, without special ones."""
        found = self._tokenizer.encode_batch(
            [encodable(text) for text in texts], add_special_tokens=False
        )
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


@dataclass(frozen=True, slots=True)
class _Window:
    """Part of a passage, and which of the candidates stand in it."""

    sequence: Encoded
    candidates: list[int]

    def __len__(self) -> int:
        return len(self.sequence)


class PackagedReader:
    """Scores sentences in their passages; a passage's result does not depend on the others.

    Safe to use from several threads.

    Raises:
        ModelError: the files in `folder` cannot be used.

    """

    name = RERANKER

    def __init__(self, folder: Path) -> None:
        shared = packaged_data()
        try:
            about = json.loads((folder / ABOUT).read_bytes())
            self._encoder = Encoder(Tokenizer.from_file(str(shared / TOKENIZER)))
            self._session = open_session(folder / MODEL, words=shared / WORDS)
        except Exception as error:  # tokenizers and onnxruntime raise little else
            message = f"the reader in `{folder}` cannot be used: {error}"
            raise ModelError(message, hint="pip install --force-reinstall askdoc") from error
        self.fingerprint = str(about["sha256"])[:RANKER_FINGERPRINT]

    def judge(self, question: str, candidates: Sequence[Candidate]) -> list[Judgement | None]:
        """Score the sentences in the first few passages, and find a short answer in each."""
        windows = self._windows(question, candidates)
        found: list[Judgement | None] = [None] * len(candidates)
        for window, outputs in zip(windows, on_each_core(self._read, windows), strict=True):
            for at, unit in zip(window.candidates, window.sequence.units, strict=True):
                found[at] = judgement(window.sequence, unit, outputs)
        return found

    def _read(self, window: _Window) -> list[Floats]:
        ids, types = window.sequence.ids, window.sequence.types
        fed = {IDS: np.array([ids], dtype=np.int64), TYPES: np.array([types], dtype=np.int64)}
        outputs: list[Floats] = self._session.run(OUTPUTS, fed)
        return outputs

    def _windows(self, question: str, candidates: Sequence[Candidate]) -> list[_Window]:
        """Cut windows out of the passages of the first candidates, with all that stand in them."""
        passages: dict[tuple[str, str], list[int]] = {}
        for at, item in enumerate(candidates):
            passages.setdefault((item.context, item.text), []).append(at)
        [asked] = self._encoder.tokens([question])
        windows: list[_Window] = []
        left = BUDGET
        for (title, text), held_by in passages.items():
            context, tokens = self._encoder.tokens([title, text])
            places = {at: candidates[at].place for at in held_by}
            for first, end, held in cut(tokens, places):
                units = [(places[at].start, places[at].end) for at in held]
                shown = tokens.part(first, end)
                sequence = self._encoder.encode(asked.ids, context.ids, shown, units)
                left -= len(sequence)
                if left < 0 and windows:
                    return windows
                windows.append(_Window(sequence, held))
        return windows


def cut(tokens: Tokens, places: dict[int, Span]) -> Iterator[tuple[int, int, list[int]]]:
    """Cut a passage into windows of at most `WINDOW` tokens round the sentences at `places`.

    Yields the first and the end token of each window with the keys of its sentences, in the order
    of the text; the window of the first of `places` comes first.
    """
    ends = np.array(tokens.ends, dtype=np.int64)
    ranges = {
        at: (int(np.searchsorted(ends, span.start, "right")), int(np.searchsorted(ends, span.end)))
        for at, span in places.items()
    }
    left = sorted(places, key=lambda at: places[at].start)
    wanted = next(iter(places))
    windows = []
    while left:
        first = ranges[left[0]][0]
        held = [at for at in left if ranges[at][1] < first + WINDOW] or left[:1]
        left = [at for at in left if at not in held]
        end = min(ranges[held[-1]][1] + 1, first + WINDOW)
        room = WINDOW - (end - first)
        first = max(0, first - room // 2)
        end = min(len(tokens.ids), first + WINDOW)
        first = max(0, end - WINDOW)
        windows.append((first, end, held))
    yield from sorted(windows, key=lambda window: wanted not in window[2])


def judgement(
    sequence: Encoded, unit: tuple[int, int], outputs: Sequence[Floats]
) -> Judgement | None:
    """Read a sentence's score, and the best short answer in it, out of the model's numbers."""
    begin, end = unit
    if begin >= end:
        return None
    units, starts, ends = outputs
    answer = best_span(sequence, starts, ends, unit)
    score = float(units[begin:end].mean())
    return Judgement(score, Span(answer.start, answer.end), answer.score)


@dataclass(frozen=True, slots=True)
class Found:
    """A short answer: its characters in the passage, and how far it beats "no short answer"."""

    start: int
    end: int
    score: float


def best_span(
    sequence: Encoded, starts: Floats, ends: Floats, unit: tuple[int, int] | None = None
) -> Found:
    """Find the best short answer of the passage, or of one of its units, which has tokens."""
    begin, end = unit or (sequence.first, len(sequence.ids) - 1)
    sums = starts[begin:end, None] + ends[None, begin:end]
    allowed = np.triu(np.ones(sums.shape, bool)) & ~np.triu(np.ones(sums.shape, bool), MOST_ANSWER)
    sums = np.where(allowed, sums, -np.inf)
    first, last = np.unravel_index(int(np.argmax(sums)), sums.shape)
    offset = begin - sequence.first
    passage = sequence.passage
    return Found(
        passage.starts[offset + int(first)],
        passage.ends[offset + int(last)],
        float(sums[first, last] - starts[CLS] - ends[CLS]),
    )


def packaged() -> PackagedReader:
    """Load the reader that comes with the package.

    Raises:
        ModelError: its files are damaged.

    """
    return PackagedReader(packaged_data() / "reader")
