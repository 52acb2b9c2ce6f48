"""Seams to models: embedders, rankers, language models and what writes answers with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from askdoc.types import Candidate, Draft, DraftClaim, Evidence, Form, Prompt, Span, Spent
from askdoc.types.ports.listening import Listener

if TYPE_CHECKING:
    from askdoc.types.ports.matrices import Matrix, Scores


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


HearDraft = Callable[[DraftClaim], None]
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

    def write(self, question: str, evidence: Sequence[Evidence], hear: HearDraft) -> Draft:
        """Answer `question` from `evidence`, best first; `hear` gets each claim that holds.

        Raises:
            KeyboardInterrupt: before there was any claim.

        """
