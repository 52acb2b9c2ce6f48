"""What every reader keeps to, on whatever bytes it is given."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest
from fpdf import FPDF
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from askdoc.errors import ReadError
from askdoc.readers import reader_for, reader_named, suffixes
from askdoc.readers.refusal import CODES
from askdoc.text.chunking import sentence_spans
from askdoc.text.sentences import split
from askdoc.types import Reading

PLAIN = ["\n", "\n\n", "\r\n", " ", "Title", "A sentence ends. ", "goes on", "- item", "====", "\t"]
MARKDOWN = ["# ", "## ", "\n---\n", "> ", "- ", "1. ", "```\n", "| a | b |\n|---|---|\n", "`code` "]
MARKDOWN += [
    "[x]: y\n",
    "<!-- ",
    "-->",
    "<div>",
    "---\ntitle: t\n---\n",
    "    ",
    "\\\n",
    "  \n",
    "\f",
]
HTML = ["<p>", "</p>", "<h1>", "</h1>", "<h2>", "<table>", "<tr>", "<td>", "</table>", "<ul><li>"]
HTML += [
    "<main>",
    "<article>",
    "<pre>",
    "</pre>",
    "<br>",
    "<!--",
    "-->",
    "<script>",
    "</div>",
    "<a",
]
HTML += [" href='#x'>", "&amp;", "&#0;", "&#xD800;", "\ufeff", "<?xml version='1.0'?>", "<math>"]
PIECES = st.lists(st.sampled_from(PLAIN + MARKDOWN + HTML) | st.text(max_size=12), max_size=30)


@cache
def pdf() -> bytes:
    made = FPDF()
    made.set_font("Helvetica", size=12)
    for number in range(2):
        made.add_page()
        made.start_section(f"Part {number}")
        made.multi_cell(0, 6, "The bridge was built of stone, after a long debate. " * 5)
    return bytes(made.output())


@st.composite
def damaged_pdf(draw: st.DrawFn) -> bytes:
    """Draw a PDF in which a few bytes are changed, taken out or doubled."""
    data = bytearray(pdf())
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data) - 1))
        match draw(st.sampled_from(["change", "cut", "double"])):
            case "change":
                data[place] = draw(st.integers(0, 255))
            case "cut":
                del data[place : place + draw(st.integers(1, 200))]
            case _:
                data[place:place] = data[place : place + draw(st.integers(1, 200))]
    return bytes(data)


BYTES = st.one_of(
    st.binary(max_size=300),
    PIECES.map(lambda pieces: "".join(pieces).encode("utf-8", "replace")),
    PIECES.map(lambda pieces: "".join(pieces).encode("utf-16", "replace")),
    damaged_pdf(),
)


def one_of_each() -> list[str]:
    """List one suffix for each reader; of the many languages of code, three."""
    readers = {reader_named(f"x.{suffix}").partition(" = ")[2]: suffix for suffix in suffixes()}
    code = {suffix for reader, suffix in readers.items() if ".code:" in reader}
    spared = {"pyi", "hxx", "go"}
    return sorted(suffix for suffix in readers.values() if suffix not in code - spared)


@pytest.mark.parametrize("suffix", one_of_each())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(data=BYTES)
def test_any_bytes_make_a_sound_reading_or_an_error(suffix: str, data: bytes) -> None:
    name = f"x.{suffix}"
    try:
        outcome: Reading | ReadError = reader_for(name).read(data, name=name)
    except ReadError as error:
        outcome = error
    if isinstance(outcome, ReadError):
        assert outcome.code in CODES
        assert str(outcome).startswith(f"`{name}`")
    else:
        check(outcome)


def check(reading: Reading) -> None:
    reading.text.encode()
    assert "\0" not in reading.text
    assert reading.blocks
    for block in reading.blocks:
        assert block.of(reading.text).strip() == block.of(reading.text) != ""
        assert block.end <= len(reading.text)
    assert all(a.end <= b.start for a, b in pairwise(reading.blocks))
    assert list(reading.pages) == sorted(reading.pages)
    assert all(0 <= start <= len(reading.text) for start in reading.pages)
    starts = [section.start for section in reading.sections]
    assert starts == sorted(starts)
    assert all(section.title.strip() and section.level >= 1 for section in reading.sections)
    assert reading.title is None or reading.title.strip()
    marks = list(reading.landmarks)
    assert all(a.start <= b.start for a, b in pairwise(marks))
    assert all(mark.place.number >= 0 and mark.start <= len(reading.text) for mark in marks)
    check_sentences(reading)


def check_sentences(reading: Reading) -> None:
    """Sentences lie in blocks, in order, and hold all of them but white space."""
    sentences = sentence_spans(reading, split, "en")
    assert all(a.end <= b.start for a, b in pairwise(sentences))
    said = "".join("".join(span.of(reading.text).split()) for span in sentences)
    blocks = "".join("".join(block.of(reading.text).split()) for block in reading.blocks)
    assert said == blocks
