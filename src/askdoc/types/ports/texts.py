"""Seams to what reads files and takes text apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from askdoc.types import Reading, ReadOptions


class Reader(Protocol):
    """Turns the bytes of one file into text with places."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the bytes are not what this reader takes, or hold no text.

        """


@runtime_checkable
class AdaptableReader(Reader, Protocol):
    """A reader that heeds options."""

    def with_options(self, options: ReadOptions) -> Reader:
        """Return a reader that heeds `options`."""


class SentenceSplitter(Protocol):
    """Cuts text into sentences without losing any of it."""

    def split(self, text: str, language: str) -> Sequence[str]:
        """Cut `text` into pieces that join to `text` again; `language` is an ISO 639-1 code."""


class Analyser(Protocol):
    """Turns text into the terms that lexical search counts."""

    def language(self, text: str, among: Sequence[str] = ()) -> str:
        """Name the language of `text`, one of `among` if there are any; the first if in doubt."""

    def terms(self, text: str, language: str) -> list[str]:
        """List the terms of `text` in order: folded, stemmed, function words left out."""

    def question_terms(self, question: str, language: str) -> list[str]:
        """List the terms of a question that an answer should hold: those of what it asks about.

        What only asks is left out: question words, `happen`, `mean`.
        """

    def commonness(self, term: str, language: str) -> float:
        """Return the chance that an ordinary passage of a hundred words holds `term`; 0 to 1."""

    def words(self, language: str) -> Mapping[str, int]:
        """Rank the words of a language, in lower case, by how common they are; 0 is the first."""

    def near(self, word: str, choices: Sequence[str], most: int) -> list[tuple[str, int]]:
        """List those of `choices` that are `most` slips of the keys away at most, nearest first.

        A slip is a letter added, lost, exchanged, or swapped with its neighbour.
        """
