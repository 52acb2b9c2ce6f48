from __future__ import annotations

from dataclasses import replace

from askdoc.ask.units import LONGEST, Unit, units
from askdoc.types import Block, Chunk, Document, Kind, Passage, Span, Stamp, Structure


def passage(
    *parts: tuple[str, Kind],
    title: str | None = None,
    headings: tuple[str, ...] = (),
    between: str = "\n",
) -> Passage:
    """Make a passage of sentences, each in a block of its kind; code that follows code is one."""
    spans: list[Span] = []
    blocks: list[Block] = []
    position = 10
    for text, kind in parts:
        span = Span(position, position + len(text))
        position += len(text) + len(between)
        spans.append(span)
        if kind is Kind.PROSE:
            continue
        if kind is Kind.CODE and blocks and blocks[-1].kind is kind:
            blocks[-1] = Block(Span(blocks[-1].span.start, span.end), kind)
        else:
            blocks.append(Block(span, kind))
    document = Document(
        id="d",
        location="a.md",
        path="a.md",
        source=".",
        file="/a.md",
        title=title,
        length=position,
        stamp=Stamp(0, 0, ""),
        pages=(),
        language="en",
        structure=Structure(tuple(blocks)),
    )
    text = between.join(text for text, _ in parts)
    chunk = Chunk("c", "d", Span(10, 10 + len(text)), text, tuple(spans), headings)
    return Passage(chunk, document, 1.0)


def shown(found: list[Unit]) -> dict[str, str]:
    """Map the core of each unit to what is shown of it."""
    return {unit.text: unit.passage.chunk.sentence(unit.span) for unit in found}


def test_a_sentence_of_prose_is_shown_alone() -> None:
    given = passage(("Rye is sown.", Kind.PROSE), ("Oats are cut.", Kind.PROSE))
    assert shown(units([given])) == {
        "Rye is sown.": "Rye is sown.",
        "Oats are cut.": "Oats are cut.",
    }


def test_headings_and_titles_are_no_units() -> None:
    given = passage(
        ("Rye", Kind.HEADING),
        ("Subject: Sowing rye", Kind.FIELD),
        ("The Farm", Kind.PROSE),
        ("It is sown in May.", Kind.PROSE),
        title="Sowing rye",
        headings=("The farm",),
    )
    assert list(shown(units([given]))) == ["It is sown in May."]


def test_a_passage_of_headings_alone_has_them_for_units() -> None:
    assert list(shown(units([passage(("Rye", Kind.HEADING))]))) == ["Rye"]


def test_a_lead_in_is_shown_with_its_list_and_an_item_with_its_lead_in() -> None:
    given = passage(
        ("You need:", Kind.PROSE),
        ("- a spade", Kind.ITEM),
        ("- a rake", Kind.ITEM),
        ("Then dig.", Kind.PROSE),
    )
    found = units([given])
    assert shown(found)["You need:"] == "You need:\n- a spade\n- a rake"
    assert shown(found)["- a spade"] == "You need:\n- a spade"
    assert shown(found)["Then dig."] == "Then dig."
    assert [unit.lead for unit in found] == ["", "You need:", "You need:", ""]


def test_a_row_of_figures_is_shown_with_the_names_of_its_columns() -> None:
    given = passage(
        ("The fleet grows.", Kind.PROSE),
        ("In thousands   2024   2023", Kind.ROW),
        ("Boats   12   9", Kind.ROW),
        ("Crew   81   77", Kind.ROW),
    )
    found = units([given])
    assert shown(found)["Crew   81   77"].splitlines() == [
        "In thousands   2024   2023",
        "Boats   12   9",
        "Crew   81   77",
    ]
    assert [unit.lead for unit in found][2:] == ["In thousands   2024   2023"] * 2


def test_rows_of_words_have_no_line_of_names() -> None:
    given = passage(("web   the page", Kind.ROW), ("mail   the letters", Kind.ROW))
    assert [unit.lead for unit in units([given])] == ["", ""]


def test_code_is_shown_whole_with_its_description() -> None:
    given = passage(
        ("Undo the last commit.", Kind.PROSE),
        ("$ git reset HEAD~1", Kind.CODE),
        ("$ git status", Kind.CODE),
    )
    whole = "Undo the last commit.\n$ git reset HEAD~1\n$ git status"
    found = shown(units([given]))
    assert found["$ git reset HEAD~1"] == found["$ git status"] == whole


def test_the_paragraph_that_announces_code_is_shown_with_it() -> None:
    given = passage(
        ("The database needs an upgrade.", Kind.PROSE),
        ("Stop the server and run:", Kind.PROSE),
        ("$ hub upgrade-db", Kind.CODE),
        between=" ",
    )
    whole = "The database needs an upgrade. Stop the server and run: $ hub upgrade-db"
    assert shown(units([given]))["The database needs an upgrade."] == whole


def test_a_paragraph_before_the_one_that_announces_code_is_not_shown_with_it() -> None:
    given = passage(
        ("The database needs an upgrade.", Kind.PROSE),
        ("Stop the server and run:", Kind.PROSE),
        ("$ hub upgrade-db", Kind.CODE),
        between="\n\n",
    )
    alone = "The database needs an upgrade."
    assert shown(units([given]))[alone] == alone


def test_a_heading_is_evidence_where_it_states_a_date() -> None:
    given = passage(
        ("2.1.0 - 2024-05-17", Kind.HEADING),
        ("Faster.", Kind.ITEM),
        headings=("2.1.0 - 2024-05-17",),
    )
    assert list(shown(units([given]))) == ["2.1.0 - 2024-05-17", "Faster."]
    title = passage(("Board 2024-05-17", Kind.HEADING), ("Ole: mate.", Kind.ITEM))
    document = replace(title.document, title="Board 2024-05-17")
    assert list(shown(units([replace(title, document=document)]))) == ["Ole: mate."]
    old = passage(("2.0 (2023)", Kind.HEADING), ("New.", Kind.ITEM), headings=("2.0 (2023)",))
    assert list(shown(units([old]))) == ["New."]


def test_a_question_is_shown_with_its_answer() -> None:
    given = passage(
        ("May I save hours?", Kind.PROSE), ("No.", Kind.PROSE), ("Bill them.", Kind.PROSE)
    )
    assert shown(units([given]))["May I save hours?"] == "May I save hours?\nNo.\nBill them."


def test_what_is_shown_stays_within_the_limits() -> None:
    items = [(f"- {number} {'x' * 90}", Kind.ITEM) for number in range(20)]
    given = passage(("All of these:", Kind.PROSE), *items)
    for unit in units([given]):
        assert unit.span.covers(unit.core)
        assert len(unit.span) <= LONGEST


def test_a_core_of_two_passages_is_one_unit_that_shows_more() -> None:
    short = passage(("You need:", Kind.PROSE))
    longer = passage(("You need:", Kind.PROSE), ("- a spade", Kind.ITEM))
    found = shown(units([short, longer]))
    assert found == {
        "You need:": "You need:\n- a spade",
        "- a spade": "You need:\n- a spade",
    }


def test_an_item_with_sub_items_is_shown_with_them_and_announces_them() -> None:
    given = passage(
        ("Agenda", Kind.HEADING),
        ("Triage team", Kind.ITEM),
        ("  nine reports came in", Kind.ITEM),
        ("  six were right", Kind.ITEM),
        ("Budget", Kind.ITEM),
    )
    found = {unit.text.strip(): unit for unit in units([given])}
    assert found["six were right"].lead == "Triage team"
    assert found["Triage team"].opens
    assert shown(list(found.values()))["Triage team"].split("\n")[-1] == "  six were right"
    assert found["Budget"].lead == ""
    assert not found["Budget"].opens
