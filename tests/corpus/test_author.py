"""The author that a file names is found, though the text says nothing of it."""

from __future__ import annotations

from pathlib import Path

from fpdf import FPDF

from askdoc import app, workspace
from askdoc.text.terms import SnowballAnalyser


def write(file: Path, author: str, words: str) -> None:
    document = FPDF()
    document.set_author(author)
    document.set_font("Helvetica", size=12)
    document.add_page()
    document.multi_cell(0, 6, words)
    file.write_bytes(bytes(document.output()))


def test_a_document_is_found_by_its_author(tmp_path: Path) -> None:
    write(tmp_path / "one.pdf", "Philippa Quist", "Oak stood in the harbour for ninety years.")
    write(tmp_path / "two.pdf", "Anselm Brod", "Nobody counts the boats that leave before dawn.")
    opened = workspace.find(tmp_path, environment={}, user_config=tmp_path / "none.toml")
    with app.indexer(opened) as indexer:
        indexer.sync([tmp_path / "one.pdf", tmp_path / "two.pdf"])
    terms = SnowballAnalyser().terms("What did Anselm Brod write?", "en")
    with app.open_catalog(opened) as catalog:
        hits = catalog.search(terms, 5)
        chunks = catalog.chunks([hit.chunk_id for hit in hits])
        [document] = catalog.documents({chunk.document_id for chunk in chunks})
    assert document.author == "Anselm Brod"
    assert any("boats" in chunk.text for chunk in chunks)  # the other one is of the properties
