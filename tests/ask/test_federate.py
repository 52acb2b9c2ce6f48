from __future__ import annotations

from dataclasses import replace

import pytest

from askdoc.ask.federate import Federation, join
from askdoc.errors import UsageError
from askdoc.types import (
    Answer,
    Citation,
    Claim,
    Disagreement,
    Document,
    Fingerprint,
    Generation,
    Reason,
    Span,
    Spent,
    Stamp,
    Status,
    Support,
    Wrote,
)
from askdoc.types.ports import Listener


def document(name: str) -> Document:
    return Document(name, name, name, ".", f"/{name}", None, 9, Stamp(0, 0, ""), (), "en")


def answer(*quotes: str, confidence: float = 0.9) -> Answer:
    citations = tuple(
        Citation(n, document(quote), Span(0, 1), quote, None, 1, 1, (), 1.0)
        for n, quote in enumerate(quotes, start=1)
    )
    return Answer(
        question="Who?",
        status=Status.ANSWERED if quotes else Status.ABSTAINED,
        claims=tuple(Claim(item.quote, (item.label,), Support.SUPPORTED) for item in citations),
        citations=citations,
        evidence=(),
        passages=(),
        reason=None if quotes else Reason("weak_evidence", f"sure by {confidence}"),
        confidence=confidence,
        generator="extractive",
        fingerprint=Fingerprint("corpus", "settings", {"embedder": "e"}, "0"),
        timings={"total_ms": 2.0},
    )


def quotes(joined: Answer) -> list[tuple[str | None, str]]:
    return [(item.document.library, item.quote) for item in joined.citations]


def test_what_each_cites_first_comes_first_under_new_labels() -> None:
    joined = join({"x": answer("x1", "x2"), "y": answer("y1", "y2", confidence=0.95)}, limit=3)
    assert quotes(joined) == [("y", "y1"), ("x", "x1"), ("y", "y2")]
    assert [item.label for item in joined.citations] == [1, 2, 3]
    assert [claim.citations for claim in joined.claims] == [(1,), (2,), (3,)]
    assert joined.confidence == 0.95
    assert joined.timings == {"total_ms": 4.0}


def test_a_library_that_is_much_less_sure_is_not_heard() -> None:
    joined = join({"x": answer("x1", confidence=0.6), "y": answer("y1", confidence=0.95)}, limit=3)
    assert quotes(joined) == [("y", "y1")]


def test_a_library_that_abstains_silences_none() -> None:
    joined = join({"x": answer("x1", confidence=0.6), "y": answer(confidence=0.7)}, limit=3)
    assert quotes(joined) == [("x", "x1")]
    assert joined.reason is None


def test_where_none_answers_the_most_confident_reason_is_kept() -> None:
    joined = join({"x": answer(confidence=0.1), "y": answer(confidence=0.4)}, limit=3)
    assert joined.status is Status.ABSTAINED
    assert joined.reason is not None
    assert joined.reason.message == "sure by 0.4"


def test_the_fingerprint_depends_on_which_library_holds_what() -> None:
    one, other = answer("x1"), answer("y1")
    other = replace(other, fingerprint=replace(other.fingerprint, corpus="another"))
    together = join({"x": one, "y": other}, limit=3).fingerprint
    assert together != join({"x": other, "y": one}, limit=3).fingerprint
    assert together == join({"y": other, "x": one}, limit=3).fingerprint


class _Library:
    """A library that knows one document, and answers with it."""

    def __init__(self, quote: str) -> None:
        self.quote = quote
        self.asked_for: list[object] = []

    def answer(
        self,
        question: str,
        *,
        documents: object = None,
        earlier: object = (),
        complete: object = None,
        listen: Listener,
    ) -> Answer:
        self.asked_for.append(documents)
        given = answer(self.quote)
        listen(Wrote(given.claims[0], given.citations))
        listen("an event")
        return given

    def resolve(self, patterns: object) -> list[str]:
        return ["d"]

    def lines(self, document_id: str, span: Span) -> tuple[int, int]:
        assert document_id == "d"
        return len(self.quote), 9


def test_documents_of_the_same_id_are_distinguished() -> None:
    members = {"x": _Library("a"), "y": _Library("bb")}
    both = Federation(members, limit=3)  # type: ignore[arg-type]
    mine, yours = both.resolve(["*"])
    assert mine != yours
    assert both.lines(mine, Span(0, 1)) == (1, 9)
    assert both.lines(yours, Span(0, 1)) == (2, 9)
    assert quotes(both.answer("Who?", documents=[yours])) == [("y", "bb")]
    assert [member.asked_for for member in members.values()] == [[], [["d"]]]
    assert len(both.answer("Who?").citations) == 2


def test_a_claim_is_not_heard_before_all_have_answered() -> None:
    heard: list[object] = []
    both = Federation({"x": _Library("a"), "y": _Library("b")}, limit=3)  # type: ignore[dict-item]
    both.answer("Who?", listen=heard.append)
    assert heard == [None, "an event"] * 2


class _Refusing:
    def resolve(self, patterns: object) -> list[str]:
        message = "no indexed document matches"
        raise UsageError(message)


class _Finding:
    def resolve(self, patterns: object) -> list[str]:
        return ["d1"]


def test_a_glob_has_to_fit_in_one_library() -> None:
    some = Federation({"x": _Refusing(), "y": _Finding()}, limit=3)  # type: ignore[dict-item]
    assert some.resolve(["*"]) == ["y:d1"]
    none = Federation({"x": _Refusing()}, limit=3)  # type: ignore[dict-item]
    with pytest.raises(UsageError):
        none.resolve(["*"])


class _Stating(_Finding):
    def where(self, conditions: object) -> list[str]:
        return ["d1"]


class _Silent(_Refusing):
    def where(self, conditions: object) -> list[str]:
        message = "no document has a field `date`"
        raise UsageError(message)


def test_a_condition_has_to_fit_in_one_library() -> None:
    some = Federation({"x": _Silent(), "y": _Stating()}, limit=3)  # type: ignore[dict-item]
    assert some.where(["date=2024"]) == ["y:d1"]
    none = Federation({"x": _Silent()}, limit=3)  # type: ignore[dict-item]
    with pytest.raises(UsageError, match="no document has a field"):
        none.where(["date=2024"])


class _Choosy(_Finding):
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern

    def resolve(self, patterns: object) -> list[str]:
        if patterns != [self.pattern]:
            message = "no indexed document matches"
            raise UsageError(message)
        return ["d1"]


def test_every_glob_has_to_fit_somewhere() -> None:
    both = Federation({"x": _Choosy("a"), "y": _Choosy("b")}, limit=3)  # type: ignore[dict-item]
    assert both.resolve(["a", "b"]) == ["x:d1", "y:d1"]
    with pytest.raises(UsageError, match="no indexed document matches `c`, `d`"):
        both.resolve(["a", "c", "d"])


def generated(*quotes: str, confidence: float = 0.9, generation: Generation) -> Answer:
    given = answer(*quotes, confidence=confidence)
    return replace(given, generator=generation.model, generation=generation)


def test_what_a_model_did_in_each_library_is_reported_with_the_joined_answer() -> None:
    withheld = Claim("It fell.", (), Support.UNSUPPORTED, ("“fell” is not in [1]",))
    x = Generation(
        "m",
        withheld=(withheld,),
        left_out=2,
        suspicious={"S3": "it speaks to the model"},
        disagreements=(Disagreement(1, 2, "5 m", "6 m"),),
        spent=Spent(tokens_in=100, tokens_out=10, first_token_seconds=0.5, cost=0.25),
    )
    y = Generation("m", unknown_labels=("9",), spent=Spent(tokens_in=50, tokens_out=5, cost=0.5))
    one, other = generated("x1", "x2", generation=x), generated("y1", generation=y, confidence=0.95)
    joined = join({"x": one, "y": other}, limit=4)
    assert joined.generator == "m"
    assert joined.generation == Generation(
        "m",
        withheld=(withheld,),
        unknown_labels=("9",),
        left_out=2,
        suspicious={"x:S3": "it speaks to the model"},
        disagreements=(Disagreement(2, 3, "5 m", "6 m"),),
        spent=Spent(tokens_in=150, tokens_out=15, first_token_seconds=0.5, cost=0.75),
    )
    short = join({"x": one, "y": other}, limit=2)
    assert short.generation is not None
    assert short.generation.disagreements == ()  # one of the two places is not shown


def test_a_library_that_is_not_heard_is_reported_by_its_use_alone() -> None:
    withheld = Claim("It fell.", (), Support.UNSUPPORTED)
    silent = Generation("m", withheld=(withheld,), fallback="it failed", spent=Spent(tokens_in=7))
    loud = Generation("m", spent=Spent(tokens_in=1))
    joined = join(
        {
            "x": generated("x1", confidence=0.5, generation=silent),
            "y": generated("y1", confidence=0.95, generation=loud),
        },
        limit=3,
    )
    assert joined.generation == Generation("m", spent=Spent(tokens_in=8))


def test_where_the_model_failed_is_reported_by_library() -> None:
    failed, fine = Generation("m", fallback="nobody answers"), Generation("m")
    x = replace(answer("x1"), generation=failed)
    both = join({"x": x, "y": generated("y1", generation=fine)}, limit=3).generation
    assert both is not None
    assert both.fallback == "the part from `x`, since nobody answers"
    all_failed = join({"x": x, "y": replace(answer("y1"), generation=failed)}, limit=3).generation
    assert all_failed is not None
    assert all_failed.fallback == "nobody answers"


def test_claims_that_share_a_sentence_share_its_label() -> None:
    given = answer("x1", "x2")
    claims = tuple(Claim(text, (1,), Support.SUPPORTED) for text in ("One.", "Two."))
    joined = join({"x": replace(given, claims=claims), "y": answer("y1")}, limit=2)
    assert [claim.citations for claim in joined.claims] == [(1,), (2,), (1,)]
    assert quotes(joined) == [("x", "x1"), ("y", "y1")]
