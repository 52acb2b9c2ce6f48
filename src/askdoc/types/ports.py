"""What has several implementations, and the types of what models compute."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
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
    Prompt,
    Reading,
    ReadOptions,
    Span,
    Spent,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Matrix = npt.NDArray[np.float32]
    """Vectors as rows: shape (n, dimensions), float32, each of unit length."""

    Scores = npt.NDArray[np.float32]
    """One number for each of n things: shape (n,), float32."""


Listener = Callable[[object], None]
"""Hears the events of `askdoc.types`; what it returns is ignored."""


def ignore(_event: object) -> None:
    """Listen to nothing."""


class Embedder(Protocol):
    """Turns text into vectors of unit length."""

    @property
    def name(self) -> str:
        """The name to ask for this embedder by."""

    @property
    def fingerprint(self) -> str:
        """What the vectors depend on; two embedders with one fingerprint are interchangeable."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    @property
    def max_tokens(self) -> int:
        """How many tokens of a text are looked at; what lies beyond is not embedded."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, without the special ones."""

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to be found, in order; shape (len(texts), dimensions)."""

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """Embed texts to search by, in order; shape (len(texts), dimensions)."""

    @property
    def contextual(self) -> bool:
        """Whether it can give vectors of sentences as they read in their passage."""

    def embed_in_context(
        self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]
    ) -> tuple[Matrix, list[Matrix]]:
        """Embed texts to be found, and the sentences that stand at those places in each.

        Shapes (len(texts), dimensions) and (sentences of the text, dimensions) each. An embedder
        that is not contextual gives no vectors of sentences: shape (0, dimensions).
        """


class Ranker(Protocol):
    """Judges how well a sentence answers a question, the two read together."""

    @property
    def name(self) -> str:
        """The name that it was asked for by."""

    @property
    def fingerprint(self) -> str:
        """A hash of what its scores depend on."""

    def score(self, question: str, candidates: Sequence[Candidate]) -> Scores:
        """Score each candidate, shape (len(candidates),): above 0 it rather answers than not."""


class Generator(Protocol):
    """A language model that writes claims."""

    @property
    def name(self) -> str:
        """How answers name it."""

    @property
    def remote(self) -> str | None:
        """The host that questions and evidence are sent to, or None where nothing is sent."""

    @property
    def context(self) -> int:
        """Tokens that prompt and answer may take together."""

    @property
    def form(self) -> Form:
        """What holds it to the shape of an answer."""

    def stream(self, prompt: Prompt) -> Iterator[str | Spent]:
        """Yield the text piece by piece, and at last what it took; closing ends the generation.

        Raises:
            GeneratorError: it cannot be reached, refuses, or breaks off.

        """

    def close(self) -> None:
        """Let go of memory and connections; it is not used afterwards."""


@runtime_checkable
class MayWait(Protocol):
    """A generator that may wait before it asks again; `listen` hears a `Busy` then."""

    listen: Listener


DraftListener = Callable[[DraftClaim], None]
"""Hears each claim as soon as it is checked."""


class AnswerWriter(Protocol):
    """Turns evidence into checked claims."""

    @property
    def name(self) -> str:
        """How answers name what wrote them."""

    @property
    def fingerprint(self) -> str:
        """What the claims depend on besides the evidence."""

    @property
    def stands_alone(self) -> bool:
        """Whether its claims are the whole answer, whatever evidence they leave out."""

    def write(self, question: str, evidence: Sequence[Evidence], on_claim: DraftListener) -> Draft:
        """Answer `question` from `evidence`, best first; `hear` gets each claim that holds.

        Raises:
            KeyboardInterrupt: before there was any claim.

        """


class VectorStore(Protocol):
    """Keeps the vectors of chunks under the chunks' ids and finds the nearest."""

    def open(self) -> None:
        """Begin to open what is kept; whatever needs it does so, too, and waits for it."""

    def add(self, ids: Sequence[str], document_ids: Sequence[str], vectors: Matrix) -> None:
        """Store vectors, replacing those whose id is there already."""

    def remove(self, ids: Collection[str]) -> None:
        """Forget the vectors of those ids; unknown ids are ignored."""

    def search(
        self, vector: Matrix, limit: int, documents: Collection[str] | None = None
    ) -> list[Hit]:
        """Find the nearest to `vector`, shape (dimensions,); score is the cosine, best first.

        `documents`, where given, holds the ids of the only documents to search.
        """

    def ids(self) -> Iterator[str]:
        """List every id, in no particular order."""

    def vectors(self, ids: Sequence[str]) -> Matrix:
        """Return the stored vectors of `ids`, in that order.

        Raises:
            StoreError: an id is unknown.

        """

    def count(self) -> int:
        """Count the vectors."""

    def check(self) -> list[str]:
        """Say what is damaged, one sentence each; empty where nothing is. Reads everything."""

    def close(self) -> None:
        """Let go of files; the store is not used afterwards."""


class CatalogReader(Protocol):
    """The part of the catalog that answering needs: documents, text, chunks, full text."""

    def documents(self, ids: Collection[str] | None = None) -> list[Document]:
        """List those documents, or all, by location; unknown ids are left out."""

    def where(self, conditions: Sequence[str]) -> list[str]:
        """List the ids of the documents that fit all conditions, such as `date>=2024`."""

    def text(self, document_id: str, span: Span | None = None) -> str:
        """Return stored text: a span of it, clipped to what there is, or the whole."""

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        """Name the first and last line (from 1) that `span` touches."""

    def chunks(self, ids: Sequence[str]) -> list[Chunk]:
        """Return those chunks in that order; unknown ids are left out."""

    def sentence_vectors(self, ids: Sequence[str]) -> Mapping[str, bytes]:
        """Return what is kept of the meaning of the sentences of those chunks, as it was given."""

    def search(
        self,
        terms: Sequence[str],
        limit: int,
        documents: Collection[str] | None = None,
        *,
        together: Sequence[Sequence[str]] = (),
    ) -> list[Hit]:
        """Rank chunks that hold any of `terms` by BM25, best first; higher is better.

        Each must hold every run of terms in `together`, in that order and next to one another.
        """

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """Count the chunks that hold each of `terms`; a term in none counts 0."""

    def vocabulary(self, beginning: str) -> Mapping[str, int]:
        """Map the terms that begin so to the number of chunks that hold each."""

    def counts(self) -> Counts:
        """Say how much the index holds."""

    def languages(self) -> Sequence[str]:
        """List the languages of the documents, that of the most documents first."""

    def corpus_fingerprint(self) -> str:
        """Return a hash of the indexed content; it changes when and only when that does."""

    def setting(self, key: str) -> str | None:
        """Return a value that was kept with `keep`."""


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
