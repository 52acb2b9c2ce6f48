"""Which line ends end a block."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.readers.layout.lines import (
    Line,
    blocks,
    continues,
    ends_sentence,
    is_rule,
    line_blocks,
    text_runs,
)
from askdoc.types import Span

LINES = st.lists(
    st.one_of(
        st.text(alphabet="aZ é.,-1|\t•ß中", max_size=90),
        st.sampled_from(["", "  ", "=====", "- item", "1. first", "The end.", "x" * 150]),
    ),
    max_size=30,
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def cut(text: str) -> list[str]:
    return [block.of(text) for block in blocks(text, text_runs(text))]


def test_wrapped_lines_are_one_block() -> None:
    text = (
        "The relationships between the organization and control of writings\n"
        "and the organization and control of knowledge and information will\n"
        "inevitably enter our story, for writings contain, along with much else,\n"
        "a great deal of knowledge."
    )
    assert cut(text) == [text]


def test_a_sentence_that_breaks_off_within_a_name_continues() -> None:
    wide = (
        "It was a long year for everyone who lived by the harbour, and the masons who had come up"
    )
    text = (
        f"{wide}\nfrom the south went home.\n\n"
        "The tower was finished in 1902. Its warden was Dorothea\n"
        "Kling, who kept the keys for thirty years."
    )
    assert cut(text)[-1].startswith("The tower was")
    title = "Annual report of the harbour office of the town of Kelm"
    assert cut(f"{wide}\nfrom the south.\n\n{title}\nThe year was good.")[-2:] == [
        title,
        "The year was good.",
    ]


def test_a_sentence_that_starts_on_a_full_line_end_stays_in_its_block() -> None:
    text = (
        "Bibliographical control is a form of power over power, and also power to\n"
        "Obtain what was written down by somebody else a long time ago, whatever it\n"
        "may be that they wrote about, if it was written at all in any of the forms\n"
        "that we know of."
    )
    assert cut(text) == [text]


def test_a_short_line_before_a_wrapped_paragraph_is_its_own_block() -> None:
    assert cut("Title here\nFirst sentence wraps\nover lines. Second one.") == [
        "Title here",
        "First sentence wraps\nover lines. Second one.",
    ]


def test_one_paragraph_a_line_stays_one_block_a_line() -> None:
    lines = [f"Paragraph {number} says something. " * (3 + number % 3) for number in range(6)]
    assert cut("\n".join(lines)) == [line.strip() for line in lines]


def test_text_wrapped_wider_than_usual_is_still_wrapped() -> None:
    words = ["many", "small", "words", "that", "fill", "up", "one", "line", "after", "another"]
    lines, line = [], ""
    for word in words * 30:
        if len(line) + len(word) > 158:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    text = "\n".join([*lines, f"{line}."])
    assert cut(text) == [text]


@pytest.mark.parametrize(
    "items",
    [
        ["- first thing", "- second thing", "- third thing"],
        ["1. First thing to do now", "2. Second thing to do", "10) And a last"],
        ["• one", "• two"],
        ["Bread", "Milk", "Eggs"],
        ["Name\tAge", "Ann\t41"],
        ["Parts     100     2,100", "Labor      20       300"],
        ["| a | b |", "| c | d |"],
        ["Intro ............ 1", "Method ........... 12"],
        ["2017 48.6 45.2", "2018 52.2 49.9", "2019 13.1 12.7"],
        ["TXN: 98765", "Cashier: Emily", "Register: 7"],
    ],
)
def test_what_looks_like_items_or_rows_is_cut_at_each_line(items: list[str]) -> None:
    assert cut("\n".join(items)) == items


def test_a_wrapped_item_keeps_its_second_line() -> None:
    text = "- an item that goes on\n  in a second line\n- another one"
    assert cut(text) == ["- an item that goes on\n  in a second line", "- another one"]


def test_a_line_in_lower_case_continues() -> None:
    assert cut("Next Reward: $50 gift card\nat 5,000 pts") == [
        "Next Reward: $50 gift card\nat 5,000 pts"
    ]


def test_no_line_is_ended_after_a_small_word() -> None:
    assert cut(
        "As early as 1961 the Department of\nEngineering at the college of the town met."
    ) == ["As early as 1961 the Department of\nEngineering at the college of the town met."]


def test_blank_lines_and_rules_part_blocks_and_rules_are_none() -> None:
    assert cut("Heading\n=======\nA text.\n\n  \nAnother one.\n-----\n") == [
        "Heading",
        "A text.",
        "Another one.",
    ]


def test_an_indented_first_line_starts_a_paragraph() -> None:
    text = (
        "This paragraph goes over a good part of the line, then another, and it\n"
        "ends near the right edge of what a line of this text can take at most.\n"
        "    A new paragraph starts indented, goes on until it has filled its line\n"
        "and then one more."
    )
    assert [block[:9] for block in cut(text)] == ["This para", "A new par"]


def test_scripts_without_case_are_joined_when_lines_are_full() -> None:
    text = "日本語の文章はここで折り返されて\n次の行に続きます。東京は日本の\n首都です。"
    assert cut(text) == [text]


@pytest.mark.parametrize(
    "lines",
    [
        (
            "ห้องสมุดประชาชนเปิดทุกวันยกเว้นวันจันทร์ ตั้งแต่เวลาเก้าโมงเช้าถึงหกโมงเย็น",
            "ยืมหนังสือได้ครั้งละห้าเล่ม นานสองสัปดาห์",
            "ค่าปรับวันละ 2 บาท",
        ),
        (
            "ຫໍສະໝຸດເປີດທຸກມື້ຍົກເວັ້ນວັນຈັນ ຕັ້ງແຕ່ເກົ້າໂມງເຊົ້າເຖິງຫົກໂມງແລງ",
            "ຢືມປຶ້ມໄດ້ຄັ້ງລະຫ້າຫົວ ດົນສອງອາທິດ",
        ),
        (
            "បណ្ណាល័យបើករៀងរាល់ថ្ងៃលើកលែងតែថ្ងៃចន្ទ ពីម៉ោងប្រាំបួនដល់ម៉ោងប្រាំមួយ",
            "អាចខ្ចីសៀវភៅបានប្រាំក្បាល",
        ),
    ],
)
def test_a_line_ends_a_sentence_in_a_script_that_writes_no_full_stop(
    lines: tuple[str, ...],
) -> None:
    assert cut("\n".join(lines)) == [*lines]


def test_many_full_lines_of_such_a_script_are_wrapped() -> None:
    word = "ห้องสมุด"
    text = "\n".join([word * 8] * 12 + [word * 3])
    assert cut(text) == [text]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_all_kinds_are_understood(end: str) -> None:
    text = f"One line.{end}{end}Another{end}line."
    assert cut(text) == ["One line.", f"Another{end}line."]


def test_lines_of_a_page_are_measured_by_where_they_are() -> None:
    text = "Short\nA line that reaches the edge of the page and then\ngoes on. End"
    spans = [Span(0, 5), Span(6, 55), Span(56, len(text))]
    run = [Line(spans[0], 0, 30), Line(spans[1], 0, 290), Line(spans[2], 0, 70)]
    assert [block.of(text)[:6] for block in blocks(text, [run])] == ["Short", "A line"]


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("It ends.", True),
        ('He said "no."', True),
        ("Is it (really?)", True),
        ("A title", False),
        ("Note:", True),
        ("終わり。", True),
        ("यह अंत है।", True),
        ("یہ آخر ہے۔", True),
        ('""', False),
        ("", False),
    ],
)
def test_ends_of_sentences(line: str, ends: bool) -> None:  # noqa: FBT001 - data
    assert ends_sentence(line) is ends


def test_a_sentence_continues_after_a_comma_or_in_lower_case() -> None:
    text = "Dear Ann,\nYou know"
    assert continues(text, Span(0, 9), Span(10, 18))
    assert not continues("It ended\nYou know", Span(0, 8), Span(9, 17))


def test_rules_are_distinguished_from_words_and_dialogue() -> None:
    assert is_rule("=====")
    assert is_rule("* * *")
    assert not is_rule("--")
    assert not is_rule("...?!")
    assert not is_rule("- a -")


def test_lines_with_words_are_blocks_of_their_own_when_asked() -> None:
    code = "x = 1\n}\ny = x\nand z"
    assert [one.of(code) for one in line_blocks(code, join=False)] == ["x = 1", "y = x", "and z"]
    words = "One\nTwo\nand more"
    assert [one.of(words) for one in line_blocks(words)] == ["One", "Two\nand more"]


@given(LINES, ENDS)
def test_blocks_are_in_order_apart_and_hold_all_but_white_space_and_rules(
    lines: list[str], end: str
) -> None:
    text = end.join(lines)
    found = blocks(text, text_runs(text))
    assert all(a.end <= b.start for a, b in pairwise(found))
    edges = [0, *(edge for span in found for edge in (span.start, span.end)), len(text)]
    for start, end_ in zip(edges[::2], edges[1::2], strict=True):
        gap = text[start:end_]
        assert all(not line.strip() or is_rule(line.strip()) for line in re.split(r"[\r\n]", gap))
    for span in found:
        assert span.of(text) == span.of(text).strip()


@given(LINES)
def test_runs_hold_the_lines_between_blank_ones(lines: list[str]) -> None:
    text = "\n".join(lines)
    for run in text_runs(text):
        for a, b in pairwise(run):
            assert text[a.span.end : b.span.start].strip() == ""
            assert text[a.span.end : b.span.start].count("\n") == 1


def test_a_word_that_goes_on_in_the_next_line_keeps_the_lines_together() -> None:
    text = (
        "-D   Disable the erasing of flash. When memory is speci\u00ad\n"
        "fied, the chip is erased before it is written, since otherwise the old content stays."
    )
    assert len(blocks(text, text_runs(text))) == 1
