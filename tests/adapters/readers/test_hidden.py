"""What is formatted as hidden is not indexed, since nobody who opens the document sees it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import docx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from tests.adapters.readers.test_packed import packed

from askdoc.adapters.readers import reader_for
from askdoc.adapters.readers.rtf import RtfReader
from askdoc.adapters.readers.rtf_hidden import without_hidden


def text_of(document: Any) -> str:
    stream = BytesIO()
    document.save(stream)
    return reader_for("x.docx").read(stream.getvalue(), name="x.docx").text


def test_hidden_runs_of_word_are_left_out() -> None:
    document = docx.Document()
    paragraph = document.add_paragraph("The pier is open. ")
    paragraph.add_run("It is closed.").font.hidden = True
    paragraph.add_run(" Boats leave at noon.").font.hidden = False
    assert text_of(document) == "The pier is open.  Boats leave at noon."


def test_what_a_style_of_word_hides_is_left_out_unless_it_is_shown_again() -> None:
    document = docx.Document()
    styles = document.styles
    styles.add_style("Aside", WD_STYLE_TYPE.CHARACTER).font.hidden = True
    below = styles.add_style("Below", WD_STYLE_TYPE.CHARACTER)
    below.base_style = styles["Aside"]
    whole = styles.add_style("Draft", WD_STYLE_TYPE.PARAGRAPH)
    whole.font.hidden = True
    paragraph = document.add_paragraph("The pier is open.")
    paragraph.add_run(" One.", style="Aside")
    paragraph.add_run(" Two.", style="Below")
    draft = document.add_paragraph("Three.", style="Draft")
    draft.add_run("Four is shown.").font.hidden = False
    assert text_of(document).split("\n\n") == ["The pier is open.", "Four is shown."]


def test_hidden_words_of_a_table_are_left_out() -> None:
    document = docx.Document()
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text = "Oak"
    table.cell(0, 1).paragraphs[0].add_run("secret").font.hidden = True
    assert text_of(document) == "Oak"


def test_a_circle_of_styles_ends() -> None:
    document = docx.Document()
    one = document.styles.add_style("One", WD_STYLE_TYPE.CHARACTER)
    other = document.styles.add_style("Other", WD_STYLE_TYPE.CHARACTER)
    document.styles.add_style("Hides", WD_STYLE_TYPE.CHARACTER).font.hidden = True
    one.base_style, other.base_style = other, one
    document.add_paragraph().add_run("It is shown.", style="One")
    assert text_of(document) == "It is shown."


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        (r"Open.{\v It is closed.} Boats leave.", "Open. Boats leave."),
        (r"Open.\v It is closed.\v0  Boats leave.", "Open. Boats leave."),
        (r"Open.\v1 Closed.\plain  Boats leave.", "Open. Boats leave."),
        (r"{\v{\b Closed.}\v0 Open.}", "Open."),
        (r"{\v Caf\'e9 \u8364?\emdash\{ no \}}Open.", "Open."),
        (r"Open\v\par Closed.\par\v0 Boats leave.", "Open\n\nBoats leave."),
        (r"A \viewkind4 view and a \vern0 word.", "A view and a word."),
        (r"Open.}}\v {", "Open."),
    ],
)
def test_hidden_words_of_rtf_are_left_out(source: str, seen: str) -> None:
    data = r"{\rtf1\ansi " + source + "}"
    assert RtfReader().read(data.encode(), name="x.rtf").text == seen


def test_what_is_no_text_stays_in_rtf() -> None:
    source = "{\\rtf1 {\\v\\bin5 }{}{}{\\pict ab}x}\\par\n Open.}"
    assert without_hidden(source) == "{\\rtf1 {\\v{\\pict }}\\par\n Open.}"


def test_hidden_words_of_opendocument_are_left_out() -> None:
    urn = "urn:oasis:names:tc:opendocument:xmlns:"
    hides = '<s:text-properties t:display="none"/>'
    content = (
        f'<o:document-content xmlns:o="{urn}office:1.0" xmlns:t="{urn}text:1.0" '
        f'xmlns:s="{urn}style:1.0"><o:automatic-styles><s:style s:name="T1">{hides}</s:style>'
        '<s:style s:name="T2" s:parent-style-name="Kept"/></o:automatic-styles><o:body><o:text>'
        '<t:p>Open.<t:span t:style-name="T1"> Closed.</t:span> Boats leave.</t:p>'
        '<t:p t:style-name="T2">Never said.</t:p>'
        '<t:p>Ends.<t:hidden-text t:is-hidden="true">Nothing.</t:hidden-text></t:p>'
        '<t:p><t:hidden-paragraph t:is-hidden="true"/>Gone.</t:p>'
        '<t:section t:display="none"><t:p>Away.</t:p></t:section>'
        "<t:section><t:p>Here.</t:p></t:section></o:text></o:body></o:document-content>"
    )
    styles = (
        f'<o:document-styles xmlns:o="{urn}office:1.0" xmlns:t="{urn}text:1.0" '
        f'xmlns:s="{urn}style:1.0"><o:styles><s:style s:name="Kept">{hides}</s:style></o:styles>'
        "</o:document-styles>"
    )
    data = packed({"content.xml": content, "styles.xml": styles})
    reading = reader_for("x.odt").read(data, name="x.odt")
    assert reading.text.split("\n\n") == ["Open. Boats leave.", "Ends.", "Here."]
