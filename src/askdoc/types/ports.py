"""Interfaces with several implementations, and the types of vectors and scores."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from askdoc.types import (
    Candidate,
    Chunk,
    Counts,
    Document,
    Draft,
    DraftClaim,
    Evidence,
    Form,
    Hit,
    Judgement,
    Prompt,
    Reading,
    ReadOptions,
    Span,
    Spent,
)

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float32]
    """Vectors as rows: shape (n, dimensions), float32, each of unit length."""

    Scores = npt.NDArray[np.float32]
    """One number per item: shape (n,), float32."""


Listener = Callable[[object], None]
"""Gets the events of `askdoc.types`."""


def ignore(_event: object) -> None:
    """Ignore the event."""


class Embedder(Protocol):
    """Turns text into vectors of unit length."""

    @property
    def name(self) -> str:
        """The embedder's name."""

    @property
    def fingerprint(self) -> str:
        """A hash of all that the vectors depend on.

        Embedders with equal fingerprints are interchangeable.
        """

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are embedded; the rest is ignored."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without the special ones."""

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Embed passages, in order; shape (len(texts), dimensions), unit length."""

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed questions, in order; shape (len(texts), dimensions), unit length."""

    @property
    def contextual(self) -> bool:
        """Whether it can compute vectors of sentences within their passage."""

    def embed_in_context(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]
    ) -> tuple[Matrix, list[Matrix]]:
        """Embed passages, and in each the sentences at these spans.

        Shapes: (len(texts), dimensions), and per text (sentences, dimensions). Without contextual
        vectors the latter is (0, dimensions).
        """


class Ranker(Protocol):
    """A cross-encoder: says how well a sentence answers a question."""

    @property
    def name(self) -> str:
        """The ranker's name."""

    @property
    def fingerprint(self) -> str:
        """A hash of all that its scores depend on."""

    def judge(self, question: str, candidates: Sequence[Candidate]) -> list[Judgement | None]:
        """Judge candidates, the likeliest first; None for those at the end that it leaves unread.

        A judgement does not depend on the other candidates of other passages.
        """


class Generator(Protocol):
    """A language model that writes claims."""

    @property
    def name(self) -> str:
        """Its name in answers."""

    @property
    def remote(self) -> str | None:
        """The host that gets questions and evidence, or None if nothing leaves this machine."""

    @property
    def context(self) -> int:
        """Most tokens of prompt and answer together."""

    @property
    def form(self) -> Form:
        """How the format of its answer is enforced."""

    def stream(self, prompt: Prompt) -> Iterator[str | Spent]:
        """Yield the text in pieces, and at last a `Spent`.

        Closing the iterator ends the generation.

        Raises:
            GeneratorError: it cannot be reached, refuses, or breaks off.
        """

    def close(self) -> None:
        """Free memory and connections; do not use it afterwards."""


@runtime_checkable
class MayWait(Protocol):
    """A generator that may wait and retry; `listen` then gets a `Busy` event."""

    listen: Listener


DraftListener = Callable[[DraftClaim], None]
"""Gets each claim as soon as it is checked."""


class AnswerWriter(Protocol):
    """Turns evidence into checked claims."""

    @property
    def name(self) -> str:
        """The writer's name in answers."""

    @property
    def fingerprint(self) -> str:
        """A hash of what the claims depend on besides the evidence."""

    @property
    def stands_alone(self) -> bool:
        """Whether its claims alone are the answer; else extractive citations are added."""

    def write(self, question: str, evidence: Sequence[Evidence], on_claim: DraftListener) -> Draft:
        """Answer `question` from `evidence`, best first; `on_claim` gets each supported claim.

        Raises:
            KeyboardInterrupt: interrupted before the first claim.

        """


class VectorStore(Protocol):
    """Stores the vectors of chunks by chunk id, and finds the nearest."""

    def open(self) -> None:
        """Start to open the store in the background; other calls wait for it."""

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Matrix) -> None:
        """Store vectors; those with an existing id replace the old ones."""

    def remove(self, ids: Collection[str]) -> None:
        """Remove the vectors of these ids; unknown ids are ignored."""

    def search(
        self, vector: Matrix, limit: int, documents: Collection[str] | None = None
    ) -> list[Hit]:
        """Return the vectors nearest to `vector`, shape (dimensions,), by cosine, best first.

        `documents` limits the search to documents with these ids.
        """

    def ids(self) -> Iterator[str]:
        """List all ids, in no particular order."""

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """Return the stored vectors of `ids`, in that order.

        Raises:
            StoreError: an id is unknown.

        """

    def count(self) -> int:
        """Count the vectors."""

    def check(self) -> list[str]:
        """Return one sentence per damage; empty if there is none. Reads everything."""

    def close(self) -> None:
        """Close the files; do not use the store afterwards."""


class VectorPlaces(Protocol):
    """Keeps the vectors of indexes whose catalogs are in folders; `index` is such a folder."""

    def open_to_read(self, index: Path) -> VectorStore:
        """Open the vectors of an index.

        Raises:
            IndexCorrupt: there are none, or they are damaged.

        """

    def open_to_write(self, index: Path) -> VectorStore:
        """Open the vectors of an index to change them; they are created if missing."""

    def exist(self, index: Path) -> bool:
        """Tell whether there are vectors, in any state."""

    def are_intact(self, index: Path) -> bool:
        """Tell whether there are vectors without known damage."""

    def discard(self, index: Path) -> None:
        """Delete the vectors."""

    def replace(self, index: Path, new: Path) -> None:
        """Replace the vectors of the index in `index` by those of the one in `new`."""


class CatalogReader(Protocol):
    """The part of the catalog that answering needs: documents, text, chunks, full text."""

    def documents(self, ids: Collection[str] | None = None) -> list[Document]:
        """List these documents, or all, by location; unknown ids are left out."""

    def where(self, conditions: Sequence[str]) -> list[str]:
        """List the ids of the documents that match all conditions, such as `date>=2024`."""

    def text(self, document_id: str, span: Span | None = None) -> str:
        """Return stored text: a span of it, clipped to its length, or all."""

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        """Return the first and last line (from 1) of a span."""

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """Return the chunks in this order; unknown ids are left out."""

    def chunks_of(self, document_id: str) -> list[Chunk]:
        """Return the chunks of a document, in the order of its text."""

    def sentence_vectors(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return the packed sentence vectors of these chunks."""

    def search(
        self,
        terms: Sequence[str],
        limit: int,
        documents: Collection[str] | None = None,
        *,
        together: Sequence[Sequence[str]] = (),
    ) -> list[Hit]:
        """Rank chunks that have any of `terms` by BM25, best first.

        Each must contain every phrase in `together` (terms next to each other, in order).
        """

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """Count the chunks that have each of `terms`."""

    def vocabulary(self, beginning: str) -> Mapping[str, int]:
        """Map the terms with this prefix to the number of chunks that have them."""

    def counts(self) -> Counts:
        """Return the numbers of documents and chunks."""

    def languages(self) -> Sequence[str]:
        """List the languages of the documents, most frequent first."""

    def corpus_fingerprint(self) -> str:
        """Return a hash of the indexed content."""

    def setting(self, key: str) -> str | None:
        """Return a setting of the index."""


class Reader(Protocol):
    """Turns the bytes of one file into text with places."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read the bytes of a file called `name`.

        Raises:
            ReadError: the bytes have another format, are damaged, or have no text. Its message
                starts with the name in back-ticks, and its code is one of
                `askdoc.readers.refusal.CODES`.

        """


@runtime_checkable
class AdaptableReader(Reader, Protocol):
    """A reader with options."""

    def with_options(self, options: ReadOptions) -> Reader:
        """Return this reader with `options`."""


class Analyser(Hashable, Protocol):
    """Turns text into the terms of lexical search; callers remember results by it."""

    def language(self, text: str, among: Sequence[str] = ()) -> str:
        """Return the language of `text`, one of `among` if given; the first if in doubt."""

    def terms(self, text: str, language: str) -> list[str]:
        """List the terms of `text` in order: folded, stemmed, without function words."""

    def question_terms(self, question: str, language: str) -> list[str]:
        """List the terms of a question that an answer should contain.

        Asking words are left out: question words, `happen`, `mean`.
        """

    def commonness(self, term: str, language: str) -> float:
        """Return the probability that an ordinary passage of a hundred words contains `term`."""

    def words(self, language: str) -> Mapping[str, int]:
        """Rank the words of a language, in lower case, by how common they are; 0 is the first."""

    def near(self, word: str, choices: Sequence[str], most: int) -> list[tuple[str, int]]:
        """List the `choices` within `most` typing errors, nearest first.

        An error is a letter added, lost, replaced, or swapped with its neighbour.
        """
