"""Reading Markdown: the text stays as written, its structure gives the places."""

from __future__ import annotations

import time
from textwrap import dedent

import pytest

from askdoc.errors import ReadError
from askdoc.readers.markdown import MarkdownReader
from askdoc.strings import line_of, line_starts
from askdoc.text.chunking import open_sections
from askdoc.types import Reading


def read(text: str) -> Reading:
    return MarkdownReader().read(dedent(text).encode(), name="notes.md")


def cut(reading: Reading) -> list[str]:
    return [block.of(reading.text) for block in reading.blocks]


def test_the_text_and_its_lines_are_those_of_the_file() -> None:
    text = "# One\r\n\r\nA *word*.\r\n\r\n- item\r\n"
    reading = read(text)
    assert reading.text == text
    starts = line_starts(text)
    assert [line_of(starts, block.start) for block in reading.blocks] == [3, 5]
    assert cut(reading) == ["A *word*.", "item"]


def test_headings_make_paths_without_markup() -> None:
    reading = read(
        """\
        # The *first* `one` [here](http://x) ![picture](y) {#anchor}

        Text.

        Under
        it
        ---

        More &amp; more.

        ### Deep ###

        Deepest.
        """
    )
    assert [(one.level, one.title) for one in reading.sections] == [
        (1, "The first one here picture"),
        (2, "Under it"),
        (3, "Deep"),
    ]
    assert reading.title == "The first one here picture"
    place = reading.text.index("Deepest")
    above = open_sections([one for one in reading.sections if one.start <= place])
    assert [one.title for one in above] == ["The first one here picture", "Under it", "Deep"]
    assert cut(reading) == ["Text.", "More &amp; more.", "Deepest."]


def test_headings_with_nothing_below_can_still_be_found() -> None:
    reading = read("# Plan\n\n## First step\n\n## Second step\n\nDo it.\n\n## Third *step* ##\n")
    assert cut(reading) == ["First step", "Do it.", "Third *step*"]
    assert cut(read("# Only\n\n## Headings\n")) == ["Only", "Headings"]


def test_items_quotes_and_wrapped_lines() -> None:
    reading = read(
        """\
        A paragraph that goes on
        in a second line.

        - first item
          goes on
        - [x] second item
          1. inner item
        > quoted words
        > go on
        """
    )
    assert cut(reading) == [
        "A paragraph that goes on\nin a second line.",
        "first item\n  goes on",
        "second item",
        "inner item",
        "quoted words\n> go on",
    ]


def test_hard_breaks_end_a_block_unless_a_sentence_continues() -> None:
    assert cut(read("Name: Ann  \nAge: 41\\\nand a half")) == ["Name: Ann", "Age: 41\\\nand a half"]


def test_a_row_of_a_table_is_a_block_that_names_its_columns() -> None:
    assert cut(read("| Year | Sum |\n|------|----:|\n| 2019 | 1\\|2 |\n| 2020 |  |\n")) == [
        "Year | Sum",
        "Year: 2019 | Sum: 1|2",
        "Year: 2020",
    ]


def test_lines_keep_their_numbers_where_rows_get_names() -> None:
    text = (
        "Intro.\r\n\r\n> | *Tower* | Height |\r\n> |---|---|\r\n> | Oak | 12 m |\r\n\r\n"
        "| | |\n|-|-|\n| a | b |\n\nOutro.\n"
    )
    reading = read(text)
    lines = reading.text.splitlines()
    assert len(lines) == len(text.splitlines())
    assert lines[4] == "> Tower: Oak | Height: 12 m"
    assert lines[8] == "| a | b |"
    assert cut(reading) == [
        "Intro.",
        "*Tower* | Height",
        "Tower: Oak | Height: 12 m",
        "a | b",
        "Outro.",
    ]


def test_a_line_of_code_is_a_block() -> None:
    text = "```python\nx = 1\n\n}\ny = '|'\n```\n\n    indented code\n\n~~~\nnever closed\n"
    assert cut(read(text)) == ["x = 1", "y = '|'", "indented code", "never closed"]


def test_html_within_gives_its_words_and_comments_none() -> None:
    text = (
        '<div align="center">\n<b>Shown</b> words.\n<!-- hidden\nwords --> <img alt="x">\n</div>\n'
    )
    assert cut(read(text)) == ["<b>Shown</b> words."]
    assert cut(read("Before.\n\n<!-- never closed\n\nhidden\n")) == ["Before."]


def test_comments_are_no_text_and_lines_and_places_stay() -> None:
    text = (
        "# Pier <!-- h --> plan\n\nIt is red <!-- once blue -->, of oak <!-- a\nb --> and pine.\n\n"
        "One <!-- note -->\nline.\n\n<!-- hidden\n\nwords --> Shown.\n\n- item <!-- x -->\n\n"
        "> quoted <!-- over\n> two --> lines\n\n| A <!-- x --> | B |\n|---|---|\n"
        "| 3 <!-- cell --> | 4 |\n"
    )
    reading = read(text)
    said = [" ".join(one.split()) for one in cut(reading)]
    assert said[:5] == [
        "It is red, of oak and pine.", "One line.", "Shown.", "item", "quoted lines"
    ]  # fmt: skip
    assert said[-1] == "A: 3 | B: 4"
    assert reading.title == "Pier plan"
    assert "once" not in reading.text
    assert len(reading.text.splitlines()) == len(text.splitlines())


def test_code_keeps_its_comments() -> None:
    text = (
        "```html\n<!-- fenced -->\n```\n\n    <!-- indented -->\n\nUse `<!-- span -->` or ``a ` "
        "<!-- b -->``, not `this <!-- gone -->, nor \\<!-- written so -->.\n\nText <!-- no end.\n"
    )
    assert [" ".join(one.split()) for one in cut(read(text))] == [
        "<!-- fenced -->",
        "<!-- indented -->",
        "Use `<!-- span -->` or ``a ` <!-- b -->``, not `this, nor \\<!-- written so -->.",
        "Text <!-- no end.",
    ]


def test_comments_without_end_and_ticks_without_match_take_no_time() -> None:
    begun = time.perf_counter()
    read("words " + "<!-- " * 100_000)
    read("words " + " ".join("`" * n for n in range(1, 900)) + " <!-- a -->" * 1000)
    assert time.perf_counter() - begun < 10


def test_links_that_are_only_defined_are_no_text() -> None:
    assert cut(read("See [it][1].\n\n[1]: https://example.org/page 'Title'\n")) == ["See [it][1]."]


@pytest.mark.parametrize(
    ("matter", "title", "fields"),
    [
        (
            "---\ntitle: A plan\ntags: [x, 'y z']\n---\n",
            "A plan",
            {"title": "A plan", "tags": "x, y z"},
        ),
        (
            '---\n# comment\n\nauthor: Ann\ntitle: "Quoted: yes"\n...\n',
            "Quoted: yes",
            {"author": "Ann", "title": "Quoted: yes"},
        ),
        (
            (
                "---\nAuthors:\n  - Ann\n  - Bo\nsummary: >\n  Two\n  lines\n"
                "created: 2024-05-01\n---\n"
            ),
            "Heading",
            {"authors": "Ann, Bo", "summary": "Two lines", "created": "2024-05-01"},
        ),
        ("+++\ntitle = 'From TOML'\n+++\n", "From TOML", {"title": "From TOML"}),
        ("---\r\nTitle: Windows\r\n---\r\n", "Windows", {"title": "Windows"}),
        ("---\nlayout: page\n---\n", "Heading", {"layout": "page"}),
        ("---\ntitle:\n---\n", "Heading", {}),
    ],
)
def test_front_matter_gives_the_title_and_fields(
    matter: str, title: str, fields: dict[str, str]
) -> None:
    reading = read(f"{matter}\n# Heading\n\nText.\n")
    assert reading.title == title
    assert {field.key: field.value for field in reading.fields} == fields
    assert cut(reading) == [*(one.span.of(reading.text) for one in reading.fields), "Text."]
    assert [one.title for one in reading.sections] == ["Heading"]


@pytest.mark.parametrize("text", ["---\nNo matter here.\n---\n", "---\ntitle: open\n\nText.\n"])
def test_what_only_begins_like_front_matter_is_text(text: str) -> None:
    reading = read(text)
    assert any("No matter" in block or "Text." in block for block in cut(reading)) or (
        "No matter here." in [one.title for one in reading.sections]
    )


def test_what_nests_too_deeply_is_still_read() -> None:
    deep = "> " * 3000 + "deep words\n\nand after\n"
    assert cut(read(deep)) == ["deep words", "and after"]
    ladder = "".join(f"{'  ' * level}- level {level}\n" for level in range(300))
    words = "\n".join(cut(read(ladder)))
    assert all(f"level {level}" in words for level in range(300))


def test_without_any_heading_those_of_plain_text_count() -> None:
    prose = "The company was founded in 1980 and has had its seat in the same town from then on."
    reading = read(f"History and Development\n\n{prose}\n")
    assert [one.title for one in reading.sections] == ["History and Development"]
    assert cut(reading) == [prose]


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(ReadError):
        MarkdownReader().read(b"\0\1\2", name="x.md")


@pytest.mark.parametrize("text", ["[!]:!", "<!-- nothing -->", "---\ntitle: t\n---\n", "***\n"])
def test_markdown_without_words_is_empty(text: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(text)
    assert caught.value.code == "empty"


def test_odd_white_space_is_in_no_block() -> None:
    assert cut(read("\x0bone\x0b\n\n\u00a0two\u2003\n")) == ["one", "two"]


def test_an_anchor_alone_is_no_text() -> None:
    text = '<a id="base"></a>\n\nUse `<a>` for links.\n\n`<b>`\n'
    reading = MarkdownReader().read(text.encode(), name="x.md")
    blocks = [block.of(reading.text) for block in reading.blocks]
    assert blocks == ["Use `<a>` for links.", "`<b>`"]


def test_a_heading_with_a_date_is_a_block_as_well() -> None:
    text = "## 2.1.0 - 2024-05-17\n\n- Faster.\n\n## 2.0 (2023)\n\n- New.\n"
    reading = MarkdownReader().read(text.encode(), name="x.md")
    blocks = [block.of(reading.text) for block in reading.blocks]
    assert [one for one in blocks if "2.1.0" in one] == ["2.1.0 - 2024-05-17"]
    assert [one for one in blocks if "2.0" in one] == []
