"""Formats whose text stays as it is in the file: source code, markup; and subtitles, notebooks."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from askdoc.errors import MissingPart, ReadError
from askdoc.readers import _load, reader_for
from askdoc.strings import line_of, line_starts
from askdoc.types import Reading
from askdoc.types.places import name_place

from .bodies import body


def read(text: str, suffix: str) -> Reading:
    return body(reader_for(f"x.{suffix}").read(text.encode(), name=f"x.{suffix}"))


def blocks(reading: Reading) -> list[str]:
    return [block.of(reading.text) for block in reading.blocks]


def place(reading: Reading, words: str) -> str:
    start = reading.text.index(words)
    line = line_of(line_starts(reading.text), start)
    return name_place(reading.landmarks.between(start, start + len(words)), line, line)


# ── source code ─────────────────────────────────────────────────────────────────────────────────

PYTHON = '''"""What it is for."""

import os

# Before the class,
# on two lines.
class Pier:
    """A pier. It is
    of öak."""

    @property
    def length(self):
        return [1, 2]

    colour = "red"


def build(): pass

if __name__ == "__main__":
    build()
'''


def test_each_line_of_code_is_in_its_function() -> None:
    reading = read(PYTHON, "py")
    assert reading.text == PYTHON
    for words, where in (
        ("import os", "line 3"),
        ("on two lines", "line 6, in Pier"),
        ("of öak", "line 9, in Pier"),
        ("@property", "line 11, in Pier.length"),
        ("return [1", "line 13, in Pier.length"),
        ("colour", "line 15, in Pier"),
        ("def build", "line 18, in build"),
        ("if __name__", "line 20"),
    ):
        assert place(reading, words) == where
    assert [(one.level, one.title) for one in reading.sections] == [
        (1, "Pier"),
        (2, "length"),
        (1, "Pier"),
        (1, "build"),
        (1, "x.py"),
    ]


def test_what_stands_above_a_function_is_not_in_it_unless_it_is_said_of_it() -> None:
    code = """class Kiln:
    '''It is about porcelain.'''
    def fire(self):
        pass

    heat = 3  # how hot
    # Let it cool.
    def rest(self):
        pass
"""
    reading = read(code, "py")
    assert place(reading, "porcelain") == "line 2, in Kiln"
    assert place(reading, "def fire") == "line 3, in Kiln.fire"
    assert place(reading, "how hot") == "line 6, in Kiln"
    assert place(reading, "it cool") == "line 7, in Kiln.rest"
    reading = read("class A {\n  /** size */ int a;\n  int b() {\n    return 1;\n  }\n}\n", "java")
    assert place(reading, "size") == "line 2, in A"
    reading = read("struct A;\n/// Paints it.\nfn b() {\n  oak();\n}\n", "rs")
    assert place(reading, "Paints") == "line 2, in b"


def test_comments_and_docstrings_read_as_prose_and_code_line_by_line() -> None:
    said = blocks(read(PYTHON, "py"))
    assert "# Before the class,\n# on two lines." in said
    assert '"""A pier. It is\n    of öak."""' in said
    assert "def length(self):" in said


@pytest.mark.parametrize(
    ("suffix", "code", "name"),
    [
        ("js", "const build = async () => {\n  return oak;\n};\n", "build"),
        ("tsx", "export function Pier() {\n  return <b>oak</b>;\n}\n", "Pier"),
        ("go", "func (p *Pier) Paint() {\n\toak()\n}\n", "Pier.Paint"),
        ("rs", "impl Pier {\n  fn paint(&self) {\n    oak();\n  }\n}\n", "Pier.paint"),
        ("java", "class Pier {\n  void paint() {\n    oak();\n  }\n}\n", "Pier.paint"),
        ("c", "static struct a *paint(int x)\n{\n  oak();\n}\n", "paint"),
        ("cpp", "namespace a {\nint Pier::paint() const {\n  oak();\n}\n}\n", "a.Pier::paint"),
        ("cs", "class Pier {\n  void Paint() {\n    oak();\n  }\n}\n", "Pier.Paint"),
        ("rb", "class Pier\n  def paint\n    oak\n  end\nend\n", "Pier.paint"),
        ("php", "<?php\nclass Pier {\n function paint() {\n  oak();\n }\n}\n", "Pier.paint"),
        ("sh", "paint() {\n  oak\n}\n", "paint"),
        ("kt", "class Pier {\n  fun paint() {\n    oak()\n  }\n}\n", "Pier.paint"),
        ("swift", "class Pier {\n  func paint() {\n    oak()\n  }\n}\n", "Pier.paint"),
        ("scala", "object Pier {\n  def paint() = {\n    oak()\n  }\n}\n", "Pier.paint"),
        ("lua", "function Pier.paint()\n  oak()\nend\n", "Pier.paint"),
    ],
)
def test_functions_are_known_in_every_language(suffix: str, code: str, name: str) -> None:
    if suffix in ["cs", "rb", "php", "sh", "kt", "swift", "scala", "lua"]:
        pytest.importorskip("tree_sitter_ruby", reason="needs the extra `code`")
    assert place(read(code, suffix), "oak").endswith(f", in {name}")


def test_code_that_does_not_parse_is_text_all_the_same() -> None:
    assert "oak" in read("def (((\n class ?? oak\n", "py").text
    assert "oak" in read("{" * 50_000 + "oak", "js").text


def test_a_missing_grammar_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from askdoc.readers import code

    monkeypatch.setitem(sys.modules, "tree_sitter_ruby", None)
    for cached in (_load, code._language):
        cached.cache_clear()
    with pytest.raises(
        MissingPart, match=r"`\.rb` files needs the package `tree-sitter-ruby`"
    ) as caught:
        reader_for("x.rb")
    assert caught.value.hint == "pip install 'askdoc[code]'"


# ── markup ──────────────────────────────────────────────────────────────────────────────────────

RST = """=======
Harbour
=======

.. a comment
.. note:: Mind the gap.

Doors
-----

The door is green,
and was so in May.

.. image:: a.png

Windows
-------
They are blue.
"""
ADOC = """= Harbour
:author: Mara Vale

// a comment
== Doors

The door is green.

----
code here
----
"""
TEX = r"""\documentclass{article}
\title{The \emph{Harbour}}
\author{Mara Vale}
\begin{document}
\maketitle
\section{Doors}\label{doors}
The door is green. % a remark
% a comment
\begin{itemize}
\item First.
\end{itemize}
\end{document}
"""
ORG = """#+TITLE: Harbour
#+AUTHOR: Mara Vale
* TODO Doors :paint:
:PROPERTIES:
:ID: 7
:END:
The door is green.
# a comment
** Handles
They are of brass.
"""


UNSAID = re.compile(r"^(?:(?://|%|#|\.\.) a comment|\\end\{document\})$|% a remark$", re.MULTILINE)
"""The lines of these texts, and the ends of lines, that are no part of them."""


@pytest.mark.parametrize(
    ("suffix", "text", "title", "sections", "said"),
    [
        (
            "rst",
            RST,
            "Harbour",
            [(1, "Harbour"), (2, "Doors"), (2, "Windows")],
            [".. note:: Mind the gap.", "The door is green,\nand was so in May.", "They are blue."],
        ),
        (
            "adoc",
            ADOC,
            "Harbour",
            [(1, "Harbour"), (2, "Doors")],
            [":author: Mara Vale", "The door is green.", "code here"],
        ),
        (
            "tex",
            TEX,
            "The Harbour",
            [(2, "Doors")],
            [
                r"\title{The \emph{Harbour}}",
                r"\author{Mara Vale}",
                "The door is green.",
                r"\item First.",
            ],
        ),
        (
            "org",
            ORG,
            "Harbour",
            [(1, "Doors"), (2, "Handles")],
            [
                "#+TITLE: Harbour",
                "#+AUTHOR: Mara Vale",
                "The door is green.",
                "They are of brass.",
            ],
        ),
    ],
)
def test_markup_gives_title_and_headings_and_the_text_stays(
    suffix: str, text: str, title: str, sections: list[tuple[int, str]], said: list[str]
) -> None:
    reading = read(text, suffix)
    assert reading.text == UNSAID.sub(lambda line: " " * len(line[0]), text)
    assert reading.title == title
    assert [(one.level, one.title) for one in reading.sections] == sections
    assert blocks(reading) == said
    if suffix != "rst":
        assert reading.author == "Mara Vale"


def test_comments_of_asciidoc_are_no_part_of_its_text() -> None:
    text = (
        "The door is green.\n// The first larch.\nIt is old.\n\n"
        "////\nThe second larch.\n\n== A heading\n////\nIt is tall.\n\n"
        "----\n// an oak in code\ncode here\n////\n----\n\n////\nNothing ends this.\n"
    )
    reading = read(text, "adoc")
    assert blocks(reading) == [
        "The door is green.",
        "It is old.",
        "It is tall.",
        "// an oak in code",
        "code here",
        "Nothing ends this.",
    ]
    assert "larch" not in reading.text
    assert "oak" in reading.text
    assert reading.sections == ()
    assert len(reading.text) == len(text)
    assert place(reading, "It is tall.") == "line 10"


COMMENTED = {
    "rst": """It is red.

.. a larch
   goes on

   and on

It is old.

..
   larches

..

   A quotation.

.. note:: Mind it.

   It is wet.
""",
    "adoc": """It is red.

[comment]
A larch
grows.

It is old.

[comment]
--
A larch

grows.
--

A quotation.

It is wet.
""",
    "tex": r"""It is red. % a larch

\begin{comment}
A larch.
\end{comment}
It is old.
\iffalse
A larch.
\fi
A quotation.

It is wet to 5\% or 7 \% of a%b.
\begin{comment}
Nothing ends this.
""",
    "org": """It is red.
# a larch
It is old.
#+BEGIN_COMMENT
A larch.
#+END_COMMENT
A quotation.
* COMMENT Larch
A larch.
** More
A larch.
* Next
It is wet.
#+begin_comment
Nothing ends this.
""",
}


@pytest.mark.parametrize(
    ("suffix", "more"),
    [
        ("rst", [".. note:: Mind it.", "It is wet."]),
        ("adoc", ["It is wet."]),
        ("tex", [r"It is wet to 5\% or 7 \% of a%b.", "Nothing ends this."]),
        ("org", ["It is wet.", "Nothing ends this."]),
    ],
)
def test_comments_of_markup_are_no_part_of_its_text(suffix: str, more: list[str]) -> None:
    text = COMMENTED[suffix]
    reading = read(text, suffix)
    assert blocks(reading) == ["It is red.", "It is old.", "A quotation.", *more]
    assert "larch" not in reading.text.lower()
    assert len(reading.text) == len(text)


def test_what_follows_the_end_of_latex_is_no_part_of_it() -> None:
    start = "\\begin{document}\nThe door is green.\n"
    reading = read(f"{start}\\end{{document}} % so\nA larch.\n\\section{{Larch}}\nMore.\n", "tex")
    assert blocks(reading) == ["The door is green."]
    assert reading.text.rstrip() == start.rstrip()
    assert reading.sections == ()
    told = f"{start}See \\verb|\\end{{document}}|.\nIt is old.\n"
    assert "\n".join(blocks(read(told, "tex"))) == told[len("\\begin{document}\n") :].rstrip()


# ── subtitles ───────────────────────────────────────────────────────────────────────────────────

VTT = """WEBVTT - A film

STYLE
::cue { color: red }

intro
00:01.000 --> 00:03.000 align:start
<v Mara>The pier was built

00:03.000 --> 00:05.000
<i>of oak.</i>

00:03.500 --> 00:05.500
<i>of oak.</i>

01:00:00.000 --> 01:00:02.000
Much later
"""


def test_a_sentence_may_run_over_several_subtitles() -> None:
    reading = read(VTT, "vtt")
    assert blocks(reading) == ["Mara: The pier was built\nof oak.", "Much later"]
    assert place(reading, "of oak") == "00:00:03"
    assert place(reading, "Much") == "01:00:00"


def test_what_holds_no_subtitles_is_reported() -> None:
    for text in ("some words", "1\n00:00:01,000 --> 00:00:02,000\n\n"):
        with pytest.raises(ReadError):
            read(text, "srt")


# ── notebooks ───────────────────────────────────────────────────────────────────────────────────


def test_a_notebook_has_text_code_and_what_it_printed() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Harbour\n", "Some *words*."]},
        {
            "cell_type": "code",
            "source": "print('oak')\n1 / 0",
            "outputs": [
                {"output_type": "stream", "text": ["oak\n"]},
                {"output_type": "execute_result", "data": {"text/plain": "42", "image/png": "x"}},
                {"output_type": "error", "ename": "ZeroDivisionError", "evalue": "division"},
                "nonsense",
            ],
        },
        {"cell_type": "raw", "source": None},
        {"cell_type": "code", "source": "x", "outputs": [{"text": "long\n" * 9_000}]},
    ]
    reading = read(json.dumps({"cells": cells}), "ipynb")
    assert reading.title == "Harbour"
    assert blocks(reading)[:6] == [
        "Some *words*.",
        "print('oak')",
        "1 / 0",
        "oak",
        "42",
        "ZeroDivisionError: division",
    ]
    assert place(reading, "42") == "cell 2"
    assert place(reading, "long") == "cell 4"
    assert reading.warnings == ("long output was cut in cells: 4",)


@pytest.mark.parametrize(
    "text", ["{}", "[]", "nonsense", '{"cells": [{}]}', '{"cells": 1}', "[" * 99_999]
)
def test_what_is_no_notebook_is_reported(text: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(text, "ipynb")
    assert caught.value.code in ("broken", "no_text")


def test_rich_text_keeps_words_beyond_ascii_and_its_rows() -> None:
    rtf = (
        r"{\rtf1\ansi\ansicpg1252{\info{\title Der Hafen}{\author M\'e4ra}}"
        r"Gr\'fcn ist die T\u252\'fcr.\par Next \b words\b0 .\par}"
    )
    reading = read(rtf, "rtf")
    assert blocks(reading) == ["Grün ist die Tür.", "Next words."]
    assert (reading.title, reading.author) == ("Der Hafen", "Mära")
    assert place(reading, "Next") == "paragraph 2"


def test_code_of_this_package_is_read(tmp_path: Path) -> None:
    source = Path(__file__)
    reading = reader_for(source.name).read(source.read_bytes(), name=source.name)
    assert place(reading, "source = Path(__file__)").endswith(
        "in test_code_of_this_package_is_read"
    )
