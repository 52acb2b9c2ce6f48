"""Which reader reads what."""

from __future__ import annotations

import subprocess
import sys

import pytest

from askdoc.errors import ReadError
from askdoc.readers import _REMEDIES, reader_for, remedy_for, suffix_of, suffixes
from askdoc.readers.pdf.reader import PdfReader
from askdoc.readers.text import TextReader


def test_a_reader_is_found_by_the_last_suffix() -> None:
    assert isinstance(reader_for("/a/b.c/paper.PDF"), PdfReader)
    assert isinstance(reader_for("notes.old.txt"), TextReader)
    assert reader_for("a.txt") is reader_for("b.txt")


def test_names_without_suffix_are_text() -> None:
    assert suffix_of("Makefile") == suffix_of("README") == suffix_of("Apache-2.0") == "txt"
    assert isinstance(reader_for("LICENSE"), TextReader)


def test_what_nothing_reads_is_named_with_what_to_do() -> None:
    for name, suffix, remedy in (
        ("archive.tar.zst", "zst", "unpack it"),
        ("old.DOC", "doc", "save it as .docx"),
        ("scan.png", "png", "--ocr"),
        ("a.xyz", "xyz", "such as PDF"),
    ):
        with pytest.raises(ReadError, match=rf"no reader for `\.{suffix}` files") as caught:
            reader_for(name)
        assert caught.value.code == "unsupported"
        assert remedy in (caught.value.hint or "")


def test_what_is_read_has_no_remedy() -> None:
    unread = {suffix for group in _REMEDIES for suffix in group}
    assert not unread & set(suffixes())


def test_every_declared_reader_loads() -> None:
    assert {"htm", "html", "markdown", "md", "pdf", "txt", "xhtml"} <= set(suffixes())
    assert {"cfg", "conf", "ini", "properties", "sql", "toml"} <= set(suffixes())
    for suffix in suffixes():
        assert callable(reader_for(f"x.{suffix}").read)


def test_only_the_library_that_is_needed_is_imported() -> None:
    program = (
        "import sys; from askdoc.readers import reader_for;"
        "reader_for('x.txt').read(b'words', name='x.txt');"
        "print(*sorted({'pypdfium2', 'trafilatura', 'lxml', 'markdown_it'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_a_space_at_the_end_of_a_name_is_reported() -> None:
    assert remedy_for(" lead.txt ") == "rename it: its name ends with a space"
    assert remedy_for(" lead.xyz ").startswith("convert it")
