"""The same sentence in every format: it is found, and its place is right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from tests.commands import askdoc

from askdoc import app, formats, workspace
from askdoc.readers import suffix_of
from askdoc.types import Citation, Status

if TYPE_CHECKING:
    from tests.corpus.conftest import Made

SENTENCE = "The lighthouse keeper painted the northern door green in October."
FAMILIES = frozenset(
    """
    docx pptx xlsx xls csv tsv odt ods odp rtf epub eml msg mbox ipynb json jsonl yaml xml rst adoc
    tex org vtt srt py js ts go rs java c cpp pdf html md txt zip
    """.split()  # noqa: SIM905 - easier to read
)
QUESTION = "Which door did the lighthouse keeper paint green in October?"


@pytest.fixture(scope="module")
def indexed(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("indexed")
    done = askdoc(folder, "index", str(corpus), "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["skipped"] == []
    return folder


@pytest.fixture(scope="module")
def found(indexed: Path) -> dict[str, dict[str, Any]]:
    """What `askdoc search --json` finds, by document."""
    done = askdoc(indexed, "search", "--json", "--top-k", "200", SENTENCE)
    data = json.loads(done.stdout)
    jsonschema.validate(data, formats.schema("search"))
    return {item["document"]: item for item in data["passages"] if SENTENCE in item["text"]}


@pytest.fixture(scope="module")
def cited(indexed: Path) -> dict[str, Citation]:
    """What an answer from each document alone cites."""
    opened = workspace.find(indexed)
    citations: dict[str, Citation] = {}
    with app.answerer(opened) as answerer, app.open_catalog(opened) as catalog:
        for document in catalog.documents():
            answer = answerer.answer(QUESTION, documents=[document.id])
            if answer.status is Status.ANSWERED:
                [citation, *_] = answer.citations
                citations[document.path] = citation
    return citations


def names() -> list[str]:
    """List the files of the corpus without making them."""
    source = Path(__file__).with_name("conftest.py").read_text(encoding="utf-8")
    made = [line.split('"')[1] for line in source.splitlines() if line.startswith("@makes(")]
    code = [line.split('"')[1] for line in source.splitlines() if line.startswith('    "pier.')]
    return [*made, *code]


@pytest.mark.parametrize("name", names())
def test_the_sentence_is_found_and_its_place_is_right(
    name: str,
    made: dict[str, Made],
    found: dict[str, dict[str, Any]],
    cited: dict[str, Citation],
) -> None:
    file = made[name]
    document = f"{name}/{file.part}" if file.part else name
    citation, passage = cited[document], found[document]
    assert SENTENCE in citation.quote
    if citation.place and file.place:  # a row of JSON may be cited whole, over several lines
        assert citation.place.number <= file.place.number
        assert file.place.number <= (citation.place.last or citation.place.number)
        assert replace(citation.place, number=file.place.number, last=None) == file.place
    else:
        assert citation.place == file.place
    assert citation.document.page_of(citation.span.start) == citation.page
    if file.place is None:
        assert passage["place"] is None
    else:
        place = passage["place"]
        assert (place["kind"], place.get("name")) == (file.place.kind, file.place.name)
        assert place["number"] <= file.place.number <= place.get("last", place["number"])


def test_the_corpus_has_a_file_of_every_family_of_formats(made: dict[str, Made]) -> None:
    assert set(names()) == set(made)
    suffixes = {suffix_of(name) for name in made}
    assert suffixes >= FAMILIES


def test_a_terminal_names_the_place(indexed: Path) -> None:
    for source, words in (
        ("slides.pptx", "slides.pptx, slide 4"),
        ("book.xlsx", "book.xlsx, sheet Q2, row 8"),
        ("notebook.ipynb", "notebook.ipynb, cell 3"),
        ("film.srt", "film.srt, 00:36:31"),
        ("book.epub", "book.epub, chapter “Part three”"),
        ("pier.py", "pier.py, line 6, in Pier.paint"),
        ("attached.eml/plan.pptx", "attached.eml/plan.pptx, slide 4"),
    ):
        done = askdoc(indexed, "--source", source, QUESTION)
        assert words in done.stdout, done.stdout + done.stderr
