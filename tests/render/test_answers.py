from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text
from syrupy.assertion import SnapshotAssertion

from askdoc.errors import AskdocError, NoIndex
from askdoc.formats import answer_to_json, schema
from askdoc.render.answers import View, answer_lines, notes, passage_lines
from askdoc.render.console import Page, make_console, page
from askdoc.render.errors import error_lines
from askdoc.render.explain import explain_lines
from askdoc.render.help import Panel, help_lines
from askdoc.render.layout import flat, hang, head, named, plain, tail
from askdoc.strings import one_line, printable
from askdoc.types import (
    Answer,
    Block,
    Chunk,
    Citation,
    Claim,
    Copy,
    Document,
    Evidence,
    FileState,
    Fingerprint,
    Kind,
    Passage,
    Reason,
    ShortAnswer,
    Span,
    Stamp,
    Status,
    Structure,
    Support,
)
from askdoc.types.places import Place, PlaceKind

BASE = Path("/home/ann/project")

Draw = Callable[..., str]

TEXT = (
    "The harbour board met on Tuesday to settle the matter of the east pier. "
    "Mara Lind, who chairs the board, said that the pier would be rebuilt in oak by the spring. "
    "“Steel was cheaper, but the divers refused to sign for it,” she said."
)


@pytest.fixture
def draw() -> Draw:
    """Write lines to a terminal of some width, or with `width=None` into a pipe."""

    def write(
        layout: Callable[..., Iterable[Text]], *args: Any, width: int | None = 80, **options: Any
    ) -> str:
        colours = options.pop("colours", None)
        out = StringIO()
        console = make_console(
            file=out, width=width, force_terminal=width is not None, color_system=colours
        )
        paper = page(console, BASE)
        paper.show(layout(*args, paper, **options))
        return out.getvalue()

    return write


def make_document(path: str = "minutes/pier.txt", **changes: Any) -> Document:
    document = Document(
        id=f"id-of-{path}",
        location=path,
        path=path,
        source="minutes",
        file=str(BASE / path),
        title=None,
        length=len(TEXT),
        stamp=Stamp(len(TEXT), 1, "hash"),
        pages=(),
        language="en",
    )
    return replace(document, **changes)


def make_passage(document: Document, text: str = TEXT, **changes: Any) -> Passage:
    chunk = Chunk(
        id="c1",
        document_id=document.id,
        span=Span(0, len(text)),
        text=text,
        sentences=(Span(0, len(text)),),
        headings=changes.pop("headings", ()),
    )
    passage = Passage(
        chunk=chunk,
        document=document,
        score=0.0325,
        ranks={"dense": 1, "lexical": 2},
        scores={"dense": 0.7134, "lexical": 11.32},
    )
    return replace(passage, **changes)


def make_citation(document: Document, label: int = 1, **changes: Any) -> Citation:
    start = TEXT.index("Mara")
    end = TEXT.index(" “Steel")
    citation = Citation(
        label=label,
        document=document,
        span=Span(start, end),
        quote=TEXT[start:end],
        page=None,
        line_start=3,
        line_end=3,
        headings=(),
        score=0.91,
        before=TEXT[:start],
        after=TEXT[end:],
    )
    return replace(citation, **changes)


def make_answer(*citations: Citation, **changes: Any) -> Answer:
    passage = make_passage(citations[0].document if citations else make_document())
    span = citations[0].span if citations else Span(0, 71)
    answer = Answer(
        question="How will the pier be rebuilt?",
        status=Status.ANSWERED if citations else Status.ABSTAINED,
        claims=tuple(Claim(c.quote, (c.label,), Support.SUPPORTED) for c in citations),
        citations=citations,
        evidence=(
            Evidence(
                label="S1",
                span=span,
                text=span.of(TEXT),
                passage=passage,
                score=1.284,
                scores={"dense": 0.62, "lexical": 0.41, "passage": 0.9},
            ),
        ),
        passages=(passage,),
        reason=None
        if citations
        else Reason(
            "weak_evidence",
            "the documents do not seem to answer this question (confidence 0.12, needed 0.50)",
        ),
        confidence=0.93 if citations else 0.12,
        generator="extractive",
        fingerprint=Fingerprint("c", "s", {"embedder": "e"}, "0.1.0"),
        timings={"total_ms": 61.0, "retrieve_ms": 12.0, "select_ms": 49.0},
    )
    return replace(answer, **changes)


def everything(answer: Answer, paper: Page) -> list[Text]:
    return [*answer_lines(answer, paper), Text(), *explain_lines(answer, paper)]


@pytest.fixture
def cited() -> Answer:
    """An answer of two sentences from two documents."""
    book = make_document("books/a long name of a book about harbours and their piers.pdf")
    return make_answer(
        make_citation(make_document()),
        make_citation(
            replace(book, title="On Piers"),
            2,
            page=7,
            place=Place(PlaceKind.PAGE, 7),
            headings=("Oak", "Why not steel"),
        ),
    )


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("width", [None, 40, 60, 80, 160])
def test_an_answer_at_every_width(
    draw: Draw, snapshot: SnapshotAssertion, cited: Answer, width: int | None, view: View
) -> None:
    written = draw(answer_lines, cited, width=width, view=view)
    assert written == snapshot
    assert all(line == line.rstrip() for line in written.splitlines())
    if width is not None:
        assert max(cell_len(line) for line in written.splitlines()) <= min(width, 100)


@pytest.mark.parametrize("width", [None, 80])
def test_each_sentence_is_printed_once(draw: Draw, cited: Answer, width: int | None) -> None:
    one = replace(cited, citations=cited.citations[:1], claims=cited.claims[:1])
    for view, times in {View.CONTEXT: 1, View.BRIEF: 1, View.QUOTES: 2}.items():
        assert draw(answer_lines, one, width=width, view=view).count("Mara Lind") == times


def test_what_a_model_wrote_stands_above_its_sources(draw: Draw, cited: Answer) -> None:
    claims = (Claim("Oak it is.", (1, 2), Support.SUPPORTED),)
    written = replace(cited, claims=claims)
    assert draw(answer_lines, written).startswith("Oak it is. [1] [2]\n\n[1] minutes/pier.txt")
    assert draw(answer_lines, written, shown=1).startswith("\n[1] minutes/pier.txt")
    brief = draw(answer_lines, written, view=View.BRIEF, width=None)
    assert brief.startswith("Oak it is. [minutes/pier.txt, line 3; books/a long name")


def test_a_short_answer_stands_first_and_is_marked_in_its_quote(draw: Draw, cited: Answer) -> None:
    span = cited.citations[0].span
    start = span.start + cited.citations[0].quote.index("Mara Lind")
    short = replace(cited, short=ShortAnswer("Mara Lind", 1, Span(start, start + 9)))
    for view in (View.CONTEXT, View.QUOTES):
        assert draw(answer_lines, short, view=view).startswith("Mara Lind [1]\n\n")
    coloured = draw(answer_lines, short, colours="standard")
    assert coloured.count("\x1b[1mMara Lind") == 2


def test_an_unsure_answer_says_so_in_every_view(draw: Draw, cited: Answer) -> None:
    reason = Reason("unsure", "it may not answer this question")
    unsure = replace(cited, status=Status.UNSURE, reason=reason)
    for view in (View.CONTEXT, View.QUOTES):
        written = draw(answer_lines, unsure, view=view)
        assert written.startswith("Not sure, the closest is:\n\n")
    brief = draw(answer_lines, unsure, view=View.BRIEF, width=None)
    assert [line[:10] for line in brief.splitlines()] == ["not sure: "] * 2


def test_a_normal_answer_fits_24_lines(draw: Draw) -> None:
    long = "The pier was rebuilt in oak, although the divers had refused to sign for it. " * 3
    document = make_document(title="A title that goes on " * 9)
    cited = [
        make_citation(
            document, n, before=long, after=long, quote=long[:160], headings=("Heading " * 9,)
        )
        for n in (1, 2, 3)
    ]
    assert len(draw(answer_lines, make_answer(*cited), width=80).splitlines()) <= 24


@pytest.mark.parametrize("width", [None, 40, 80])
def test_an_abstention_is_calm(draw: Draw, snapshot: SnapshotAssertion, width: int) -> None:
    written = draw(answer_lines, make_answer(), width=width, lines=lambda _id, _span: (1, 2))
    assert written == snapshot


def test_a_refusal_fits_24_lines(draw: Draw) -> None:
    [evidence] = make_answer().evidence
    long = replace(evidence, text="Steel was cheaper, but the divers refused to sign. " * 20)
    answer = make_answer(evidence=(long,) * 3)
    lines = {"lines": lambda _id, _span: (1, 2)}
    assert len(draw(answer_lines, answer, width=80, **lines).splitlines()) <= 24
    assert long.text.strip() in draw(answer_lines, answer, width=None, **lines)


def test_an_abstention_with_nothing_near(draw: Draw) -> None:
    reason = Reason("nothing_found", "nothing in the documents comes near this question")
    answer = make_answer(reason=reason, evidence=(), passages=())
    written = draw(answer_lines, answer)
    assert written == "Nothing in the documents comes near this question.\n"


@pytest.mark.parametrize("width", [None, 40, 80])
def test_an_explanation(draw: Draw, snapshot: SnapshotAssertion, width: int) -> None:
    signals = {"sentence_dense": 0.71234, "library_size": 3.0, "ranker": -1.5, "overview": 0.4}
    answer = make_answer(make_citation(make_document()), signals=signals)
    assert draw(explain_lines, answer, width=width) == snapshot


@pytest.mark.parametrize("width", [None, 40, 80])
def test_passages(draw: Draw, snapshot: SnapshotAssertion, width: int) -> None:
    passages = [
        make_passage(make_document(), headings=("Minutes", "Tuesday")),
        make_passage(make_document("b.pdf", pages=(0, 12)), text="A short one."),
    ]
    assert draw(passage_lines, passages, width=width, lines=lambda _id, _span: (4, 9)) == snapshot


def test_items_and_rows_of_a_passage_stand_on_lines_of_their_own(draw: Draw) -> None:
    items, rows = "- It is long.\n- It is old.", "Role | Cost |\n|---|---|\nA: 1 | B: 2"
    text = f"The pier is\nof oak.\n\n{items}\n\n{rows}"
    passage = make_passage(make_document(), text=text)
    shown = draw(passage_lines, [passage], width=80).splitlines()[-5:]
    lines = ["The pier is of oak.", "- It is long.", "- It is old.", "Role | Cost", "A: 1 | B: 2"]
    assert shown == [f"    {line}" for line in lines]


@pytest.mark.parametrize("made", [plain, named, flat])
def test_what_is_appended_to_words_does_not_take_over_their_style(
    made: Callable[..., Text],
) -> None:
    line = made("pier.txt", "file").append(" a title", style="faint")
    assert {(span.start, span.end, str(span.style)) for span in line.spans} == {
        (0, 8, "file"),
        (8, 16, "faint"),
    }
    assert line.style == ""


def test_code_keeps_its_lines_in_a_terminal(draw: Draw) -> None:
    text = "Run it:\n\n```python\nfor pier in piers:\n    print(pier)\n```\n\nThat is all."
    start, end = text.index("for"), text.index("\n```\n")
    code = Structure([Block(Span(start, end), Kind.CODE)])
    document = make_document(length=len(text), structure=code)
    lines = ["for pier in piers:", "    print(pier)"]
    shown = draw(passage_lines, [make_passage(document, text=text)], width=80).splitlines()[1:]
    assert shown == [f"    {line}" for line in ("Run it:", *lines, "That is all.")]
    citation = make_citation(
        document, span=Span(0, end), quote=text[:end], before="", after="That is all."
    )
    claim = Claim(one_line(citation.quote), (1,), Support.SUPPORTED)
    answer = make_answer(citation, claims=(claim,))
    shown = draw(answer_lines, answer, width=80).splitlines()[1:]
    assert shown == [*(f"  │ {line}" for line in ("Run it:", *lines)), "    That is all."]
    assert draw(answer_lines, answer, width=None).count("\n") == 3


def test_words_that_were_searched_for_are_marked(draw: Draw) -> None:
    passage = make_passage(make_document(), text="A pier of oak.")
    options: dict[str, Any] = {"marked": lambda _text: [(2, 6)], "colours": "standard"}
    assert "A \x1b[1;35mpier\x1b[0m of oak." in draw(passage_lines, [passage], **options)


def test_a_passage_says_where_else_it_is(draw: Draw) -> None:
    copy = Copy("/else/pier.txt", "pier.txt", "/else", "/else/pier.txt")
    passage = make_passage(replace(make_document(), copies=(copy,)))
    told = draw(passage_lines, [passage], width=None, lines=lambda _id, _span: (4, 9))
    assert "also in /else/pier.txt" in told


@pytest.mark.parametrize(
    ("state", "mark"),
    [
        (FileState.CHANGED, "minutes/pier.txt, line 3 (changed since it was indexed)"),
        (FileState.MISSING, "minutes/pier.txt, line 3 (the file is gone)"),
    ],
)
def test_a_file_that_is_not_as_indexed_is_marked(draw: Draw, state: FileState, mark: str) -> None:
    answer = make_answer(make_citation(make_document(), file_state=state))
    assert mark in draw(answer_lines, answer, width=None)
    [note] = notes(answer)
    assert note.startswith("one cited file is no longer as indexed")


def test_an_answer_from_an_incomplete_index_says_so() -> None:
    answer = make_answer(make_citation(make_document()))
    [note] = notes(replace(answer, incomplete=True))
    assert note.startswith("files may be missing, the last run was stopped")


def test_a_current_file_needs_no_note() -> None:
    assert list(notes(make_answer(make_citation(make_document())))) == []


def test_an_answer_that_is_not_sure_says_so_first(draw: Draw) -> None:
    reason = Reason("unsure", "the documents may not answer this question")
    answer = make_answer(make_citation(make_document()), status=Status.UNSURE, reason=reason)
    assert draw(answer_lines, answer).startswith("Not sure, the closest is:\n")
    data = answer_to_json(answer, base=Path())
    jsonschema.validate(data, schema("answer"))
    assert data["status"] == "unsure"
    assert data["reason"]["code"] == "unsure"


def test_a_question_that_was_repaired_is_shown_as_it_was_searched_for() -> None:
    answer = make_answer(make_citation(make_document()))
    [note] = notes(replace(answer, searched="the oak pier"))
    assert note.startswith("searched for: the oak pier")


def test_quotation_marks_that_nothing_held_are_not_advised() -> None:
    answer = make_answer(make_citation(make_document()))
    asked = replace(answer, question='the "oak pier"?', searched="the oak pier?")
    [note] = notes(asked)
    told = "no passage has “oak pier”; "
    assert note == f"{told}askdoc searched for its words instead: the oak pier?"
    question, searched = "the «oak pier» of “Old Velm”", "the oak pier of Old Velm"
    [note] = notes(replace(answer, question=question, searched=searched))
    told = "no passage has “oak pier” and “Old Velm” together; "
    assert note == f"{told}askdoc searched for their words instead: {searched}"


@pytest.mark.parametrize(
    ("support", "mark"),
    [(Support.PARTIAL, "(only partly supported)"), (Support.UNSUPPORTED, "(not supported)")],
)
def test_a_claim_without_full_support_says_so(draw: Draw, support: Support, mark: str) -> None:
    answer = make_answer(make_citation(make_document()))
    claims = (Claim("Oak it is.", (1,), support),)
    assert f"Oak it is. [1] {mark}" in draw(answer_lines, replace(answer, claims=claims))


HOSTILE = "[bold]b[/] [/x] \x1b[31mred\x1b]0;title\x07 \x9b2J \u202eolleh \u200b\ud800 [link=x]y"
HARMLESS = "[bold]b[/] [/x] red olleh [link=x]y"


@pytest.mark.parametrize("width", [None, 80])
@pytest.mark.parametrize("colours", [None, "standard", "truecolor"])
def test_nothing_in_a_document_steers_the_terminal(
    draw: Draw, width: int | None, colours: str | None
) -> None:
    document = make_document(f"a/{HOSTILE}.txt", title=f"T {HOSTILE}")
    passage = make_passage(document, text=HOSTILE, headings=(HOSTILE,), ranks={HOSTILE: 1})
    citation = make_citation(
        document, quote=HOSTILE, before=HOSTILE, after=HOSTILE, headings=(HOSTILE,)
    )
    answer = replace(
        make_answer(citation),
        claims=(Claim(HOSTILE, (1,), Support.SUPPORTED),),
        evidence=(Evidence("S1", Span(0, 9), HOSTILE, passage, 0.5, {HOSTILE: 0.1}),),
        passages=(passage,),
    )
    abstained = make_answer(reason=Reason("code", HOSTILE), evidence=answer.evidence)
    written = "".join(
        [
            draw(everything, answer, width=width, colours=colours),
            draw(everything, abstained, width=width, colours=colours),
            draw(passage_lines, [passage], width=width, colours=colours),
        ]
    )
    bare = OURS.sub("", written)
    assert printable(bare) == bare
    if width is None:
        assert bare.count(HARMLESS) >= 10


OURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x1b\x07\n]*\x1b\\")
"""The escapes that may appear: colours and links."""


def test_a_link_leads_to_the_file(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    answer = make_answer(make_citation(make_document("minutes/the pier\x1b[2J.txt")))
    written = draw(answer_lines, answer, colours="standard")
    assert ";file:///home/ann/project/minutes/the%20pier%1B%5B2J.txt\x1b\\" in written
    assert "\x1b]8" not in draw(answer_lines, answer, colours=None)
    assert "\x1b]8" not in draw(answer_lines, answer, colours="standard", width=None)
    monkeypatch.setenv("TERM", "linux")
    assert "\x1b]8" not in draw(answer_lines, answer, colours="standard")


def test_without_colour_the_same_words_are_there(
    draw: Draw, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    answer = make_answer(make_citation(make_document(), file_state=FileState.CHANGED))
    coloured = draw(everything, answer, colours="standard")
    assert "\x1b[" in coloured
    assert OURS.sub("", coloured) == draw(everything, answer, colours=None)


def test_wide_characters_are_wrapped_by_cells(draw: Draw) -> None:
    quote = "漢字かな交じり文の長い一文がここにあります" * 5
    answer = make_answer(make_citation(make_document(), quote=quote))
    written = draw(answer_lines, answer, width=40)
    assert max(cell_len(line) for line in written.splitlines()) <= 40


@pytest.mark.parametrize("mark", ["- ", "* ", "• ", "  - ", "2. ", "12) "])
def test_the_mark_of_the_quoted_item_does_not_end_the_item_before(draw: Draw, mark: str) -> None:
    before = f"{mark}The lamp glows red.\n{mark}"
    citation = make_citation(make_document(), quote="The lamp is dark.", before=before)
    written = draw(answer_lines, make_answer(citation))
    assert "The lamp glows red.\n" in written


@given(st.text(), st.integers(1, 60))
@settings(deadline=None)
def test_clipped_context_is_an_end_of_the_text(text: str, limit: int) -> None:
    whole = one_line(text)
    for clipped, kept in (
        (head(text, limit), whole.startswith),
        (tail(text, limit), whole.endswith),
    ):
        assert len(clipped) <= limit + 2 or clipped == whole
        assert kept(clipped.strip(" …")) or "…" in whole


@given(st.text(), st.integers(20, 100))
@settings(deadline=None)
def test_hanging_loses_no_words_and_keeps_to_the_width(text: str, width: int) -> None:
    console = make_console(file=StringIO(), width=width, force_terminal=True, color_system=None)
    paper = page(console, BASE)
    lines = hang(flat(text), paper, first="12. ").plain.splitlines()
    assert all(
        line.startswith("12. " if number == 0 else "    ") or line in ("", "12.")
        for number, line in enumerate(lines)
    )
    assert "".join("".join(line[4:] for line in lines).split()) == "".join(one_line(text).split())
    assert all(cell_len(line) <= width for line in lines)


@pytest.mark.parametrize("width", [40, 80])
def test_errors_say_what_is_wrong_and_what_to_do(
    draw: Draw, snapshot: SnapshotAssertion, width: int
) -> None:
    error = NoIndex(
        "there is no index in `/home/ann/project`",
        hint="make one of a folder with documents: `askdoc index FOLDER`",
    )
    assert draw(error_lines, error, width=width) == snapshot
    assert draw(error_lines, AskdocError("broken"), width=width) == "error: broken\n"


@pytest.mark.parametrize("width", [None, 40, 80])
def test_help(draw: Draw, snapshot: SnapshotAssertion, width: int) -> None:
    groups = [
        [Panel("Ask", [("ask", "Answer a question")]), Panel("Index", [("status", "Say it")])],
        [Panel("Options", [("--a-very-long-option-name NAME", "Use it " * 12), ("-h", "Help")])],
    ]
    text = "Does things.\n\nExamples:\n    askdoc things\n    askdoc [more] things"
    written = draw(help_lines, "askdoc do [OPTIONS]\naskdoc else", text, groups, width=width)
    assert written == snapshot
    assert max(len(line) for line in written.splitlines()) <= (width or 80)


def test_what_the_encoding_lacks_is_stood_in_for() -> None:
    script = (
        "from askdoc.render.console import prepare_streams; prepare_streams();"
        "print('“Oak”—don’t … │ › · 漢é')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode("ascii").strip() == '"Oak"-don\'t ... | > - ??'


@pytest.mark.parametrize("width", range(20, 60))
def test_a_long_name_is_not_cut_before_its_comma(width: int) -> None:
    name = "papers/1545_Species_specific_clinical_characteristics_of_human.txt, lines 3-4"
    paper = replace(page(make_console(file=StringIO()), BASE), width=width)
    shown = hang(Text(name), paper, first="[1] ", rest="    ")
    lines = shown.plain.splitlines()
    assert "".join(line[4:] for line in lines).replace(" ", "") == name.replace(" ", "")
    assert all(len(line) <= width and line.strip()[0] != "," for line in lines)
