from __future__ import annotations

import json
from operator import itemgetter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from askdoc import formats
from askdoc.errors import UsageError
from askdoc.paths import seen_from
from askdoc.strings import printable
from askdoc.types import (
    Answer,
    Chunk,
    Citation,
    Claim,
    Copy,
    Document,
    Evidence,
    FileState,
    Fingerprint,
    Passage,
    Reason,
    ShortAnswer,
    Span,
    Stamp,
    Status,
    Support,
)
from askdoc.types.places import Landmark, Landmarks, Place, PlaceKind

BASE = Path("/home/ann/project")

words = st.text(max_size=20)
names = st.text("abcdefgh -_.", min_size=1, max_size=12)
scores = st.floats(-1e6, 1e6, allow_nan=False)
spans = st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(
    lambda pair: Span(min(pair), max(pair))
)
tables = st.dictionaries(names, scores, max_size=3)
ranks = st.dictionaries(names, st.integers(1, 200), max_size=3)
headings = st.lists(words, max_size=3).map(tuple)

places = st.builds(
    Place, kind=st.sampled_from(PlaceKind), number=st.integers(1, 50), name=st.none() | names
)


def copy(name: str) -> Copy:
    file = str(BASE / "seeds" / name.strip(" .") / "b.txt")
    return Copy(name, name, "seeds", file)


documents = st.builds(
    Document,
    id=names,
    location=names,
    path=names,
    source=names,
    file=names.map(lambda name: str(BASE / "seeds" / name.strip(" .") / "a.txt")),
    title=st.none() | words,
    length=st.integers(0, 10**6),
    stamp=st.just(Stamp(1, 2, "hash")),
    pages=st.sampled_from([(), (), (0,), (0, 10, 400)]),
    landmarks=st.lists(st.tuples(st.integers(0, 1000), places), max_size=4).map(
        lambda marks: Landmarks.of(Landmark(*mark) for mark in sorted(marks, key=itemgetter(0)))
    ),
    language=st.just("en"),
    copies=st.lists(names.map(copy), max_size=2).map(tuple),
)
chunks = st.builds(
    Chunk,
    id=names,
    document_id=names,
    span=spans,
    text=words,
    sentences=st.just(()),
    headings=headings,
)
passages = st.builds(
    Passage, chunk=chunks, document=documents, score=scores, ranks=ranks, scores=tables
)
evidence = st.builds(
    Evidence, label=names, span=spans, text=words, passage=passages, score=scores, scores=tables
)
confidences = st.floats(0, 1, allow_nan=False)
shorts = st.builds(ShortAnswer, text=words.filter(bool), label=st.just(1), span=spans)


def citations(label: int) -> st.SearchStrategy[Citation]:
    return st.builds(
        Citation,
        label=st.just(label),
        document=documents,
        span=spans,
        quote=words,
        page=st.none() | st.integers(1, 99),
        line_start=st.integers(1, 9),
        line_end=st.integers(9, 99),
        headings=headings,
        score=scores,
        before=words,
        after=words,
        file_state=st.sampled_from(FileState),
        place=st.none() | places,
    )


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    cited = draw(st.booleans())
    count = draw(st.integers(1, 3)) if cited else 0
    return Answer(
        question=draw(words),
        status=Status.ANSWERED if cited else Status.ABSTAINED,
        claims=tuple(
            Claim(draw(words.filter(bool)), (label,), draw(st.sampled_from(Support)))
            for label in range(1, count + 1)
        ),
        citations=tuple(draw(citations(label)) for label in range(1, count + 1)),
        evidence=tuple(draw(st.lists(evidence, max_size=3))),
        passages=tuple(draw(st.lists(passages, max_size=2))),
        reason=None if cited else Reason("weak", draw(words)),
        confidence=draw(confidences),
        generator="extractive",
        fingerprint=Fingerprint("c", "s", {"embedder": draw(words)}, "0.1.0"),
        timings=draw(st.dictionaries(names, st.floats(0, 1e6), max_size=3)),
        signals=draw(st.dictionaries(names, st.floats(-20, 20), max_size=3)),
        short=draw(st.none() | shorts) if cited else None,
    )


VALIDATORS = {
    name: jsonschema.Draft202012Validator(formats.schema(name)) for name in ("answer", "search")
}


def validate(data: Any, name: str) -> None:
    VALIDATORS[name].validate(data)


@given(answers())
@settings(max_examples=50, deadline=None)
def test_an_answer_survives_the_round_trip(answer: Answer) -> None:
    data = formats.answer_to_json(answer, base=BASE)
    validate(data, "answer")
    read = json.loads(formats.dumps(data))
    assert read == data
    again = formats.answer_from_json(read, base=BASE)
    assert formats.answer_to_json(again, base=BASE) == data
    assert (again.question, again.status, again.claims) == (
        answer.question,
        answer.status,
        answer.claims,
    )
    assert (again.reason, again.fingerprint, again.text) == (
        answer.reason,
        answer.fingerprint,
        answer.text,
    )
    for ours, theirs in zip(again.citations, answer.citations, strict=True):
        assert (ours.span, ours.quote, ours.file_state) == (
            theirs.span,
            theirs.quote,
            theirs.file_state,
        )
        assert ours.document.file == theirs.document.file


def test_every_named_field_is_in_the_answer_as_documented(answer: Answer) -> None:
    data = formats.answer_to_json(answer, base=BASE)
    assert data["schema"] == "askdoc.answer/1"
    assert data["status"] == "answered"
    assert data["answer"] == "It is [bold]. [1]"
    [claim] = data["claims"]
    named = {key: claim[key] for key in ("text", "citations", "support")}  # more may be added
    assert named == {"text": "It is [bold].", "citations": [1], "support": "supported"}
    cited = {key: data["citations"][0][key] for key in ("label", "document", "path", "title")}
    assert cited == {
        "label": 1,
        "document": "a/b.txt",
        "path": "seeds/a/b.txt",
        "title": None,
    }
    place = {
        key: data["citations"][0][key]
        for key in ("quote", "start", "end", "page", "line_start", "line_end", "headings", "score")
    }
    assert place == {
        "quote": "It is [bold].",
        "start": 3,
        "end": 16,
        "page": 2,
        "line_start": 1,
        "line_end": 2,
        "headings": ["One", "Two"],
        "score": 0.912346,
    }
    assert data["citations"][0]["stale"] is True
    assert data["evidence"][0]["ranks"] == {"dense": 1, "lexical": 3}
    assert data["timings"] == {"total_ms": 12.3}
    validate(data, "answer")


@pytest.fixture
def passage() -> Passage:
    document = Document(
        id="d1",
        location="seeds/a/b.txt",
        path="a/b.txt",
        source="seeds",
        file="/home/ann/project/seeds/a/b.txt",
        title=None,
        length=100,
        stamp=Stamp(100, 1, "h"),
        pages=(0, 2),
        language="en",
    )
    chunk = Chunk(
        id="c1",
        document_id="d1",
        span=Span(0, 16),
        text="ab\nIt is [bold].",
        sentences=(Span(3, 16),),
        headings=("One", "Two"),
    )
    return Passage(chunk, document, 0.5, {"dense": 1, "lexical": 3}, {"dense": 0.7})


@pytest.fixture
def answer(passage: Passage) -> Answer:
    return Answer(
        question="What is it?",
        status=Status.ANSWERED,
        claims=(Claim("It is [bold].", (1,), Support.SUPPORTED),),
        citations=(
            Citation(
                label=1,
                document=passage.document,
                span=Span(3, 16),
                quote="It is [bold].",
                page=2,
                place=Place(PlaceKind.PAGE, 2),
                line_start=1,
                line_end=2,
                headings=("One", "Two"),
                score=0.91234567,
                file_state=FileState.CHANGED,
            ),
        ),
        evidence=(Evidence("S1", Span(3, 16), "It is [bold].", passage, 0.9),),
        passages=(passage,),
        reason=None,
        confidence=0.93,
        generator="extractive",
        fingerprint=Fingerprint("c", "s", {"embedder": "e"}, "0.1.0"),
        timings={"total_ms": 12.3},
    )


def test_a_search_says_where_each_passage_is(passage: Passage) -> None:
    data = formats.search_to_json(
        "what", [passage], base=BASE, lines=lambda _id, span: (span.start + 1, 2)
    )
    validate(data, "search")
    found = data["passages"][0]
    assert (found["document"], found["path"]) == ("a/b.txt", "seeds/a/b.txt")
    assert (found["line_start"], found["line_end"], found["page"]) == (1, 2, 1)
    assert found["text"] == passage.chunk.text
    assert found["ranks"] == {"dense": 1, "lexical": 3}
    assert found["also"] == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"schema": "askdoc.answer/2"}, "the schema is `askdoc.answer/2`"),
        ({"question": 3}, "question"),
        ({"status": "abstained"}, "abstained with 1 claims"),
        ({"citations": []}, "unknown labels"),
        ({"confidence": None}, "confidence"),
    ],
)
def test_what_is_not_an_answer_is_refused(
    answer: Answer, change: dict[str, Any], complaint: str
) -> None:
    data = formats.answer_to_json(answer, base=BASE) | change
    with pytest.raises(UsageError, match=complaint):
        formats.answer_from_json(data, base=BASE)


@given(st.text())
@settings(deadline=None)
def test_printed_json_cannot_steer_a_terminal(text: str) -> None:
    written = formats.dumps({"a": text})
    assert printable(written) == written
    assert json.loads(written) == {"a": text}


def test_escapes_in_json_stay_the_same_value() -> None:
    text = "\x1b[31m \x9b \u202e \ud800 é \U0001f600"
    written = formats.dumps({"a": text})
    assert "\\u001b" in written
    assert "\\u009b \\u202e \\ud800 é" in written
    assert json.loads(written) == {"a": text}
    assert formats.dumps({"a": text}, ascii_only=True).isascii()


def test_paths_are_written_as_one_would_type_them() -> None:
    assert seen_from(BASE, "/home/ann/project/a.txt") == "a.txt"
    assert seen_from(BASE / "sub", "/home/ann/project/a.txt") == "../a.txt"
    assert seen_from(BASE, "/mnt/a.txt") == "/mnt/a.txt"


def test_every_schema_is_one_and_an_unknown_name_is_reported() -> None:
    names = formats.schema_names()
    assert {"answer", "search"} <= set(names)
    for name in names:
        jsonschema.Draft202012Validator.check_schema(formats.schema(name))
    with pytest.raises(UsageError) as error:
        formats.schema("../formats")
    assert "answer" in str(error.value.hint)
