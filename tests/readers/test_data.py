from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.errors import ReadError
from askdoc.readers import reader_for
from askdoc.types import Reading
from askdoc.types.places import Place, PlaceKind


def read(text: str, suffix: str) -> Reading:
    return reader_for(f"x.{suffix}").read(text.encode(), name=f"x.{suffix}")


def refused(text: str, suffix: str) -> ReadError:
    with pytest.raises(ReadError) as caught:
        read(text, suffix)
    return caught.value


def blocks(reading: Reading) -> list[str]:
    return [block.of(reading.text) for block in reading.blocks]


def lines(reading: Reading) -> list[int]:
    places = [reading.landmarks.between(block.start, block.end) for block in reading.blocks]
    assert all(place is not None and place.kind is PlaceKind.LINE for place in places)
    return [place.number for place in places if place]


# ── JSON ────────────────────────────────────────────────────────────────────────────────────────

PEOPLE = """{
  "harbour": {"name": "East", "piers": 3},
  "people": [
    {"name": "Mara", "tags": ["oak", "boats"], "home": {"street": "Quay"}},
    {"name": "Tom"}
  ],
  "open": true, "closed": null
}"""


def test_each_object_is_a_row_with_its_path() -> None:
    reading = read(PEOPLE, "json")
    assert blocks(reading) == [
        "harbour | name: East | piers: 3",
        "people[0] | name: Mara | tags: oak, boats",
        "people[0].home.street: Quay",
        "people[1].name: Tom",
        "open: true | closed:",
    ]
    assert lines(reading) == [2, 4, 4, 5, 7]


def test_yaml_reads_as_json_does() -> None:
    reading = read(PEOPLE, "yaml")
    assert blocks(reading) == [
        *blocks(read(PEOPLE, "json"))[:-1],
        "open: true | closed: null",
    ]


def test_a_long_text_is_a_paragraph_of_its_own() -> None:
    words = "The pier was built of oak. " * 20
    reading = read(json.dumps({"a": 1, "note": words, "b": 2}), "json")
    assert blocks(reading) == ["a: 1", f"note: {words.strip()}", "b: 2"]


def test_many_values_of_one_line_each() -> None:
    reading = read('{"a": 1}\n{"a": 2}\n\n"three"\n', "jsonl")
    assert (blocks(reading), lines(reading)) == (["a: 1", "a: 2", "three"], [1, 2, 4])


def test_comments_and_commas_too_many_are_let_pass() -> None:
    assert read('// a remark\n{"a": "x // y", /* no */ "b": 2,}', "json").text == "a: x // y | b: 2"


@pytest.mark.parametrize(
    "text", ['{"a": 1', '{"a": }]', "[1, words]", '{"a": "open', "<html>", "}"]
)
def test_what_is_not_json_is_reported_with_its_line(text: str) -> None:
    error = refused(f"\n{text}", "json")
    assert (error.code, "is not JSON, line" in str(error)) == ("broken", True)


def test_depth_is_no_matter() -> None:
    depth = 50_000
    reading = read("[" * depth + '"deep words"' + "]" * depth, "json")
    assert reading.text.endswith("deep words")
    objects = '{"a":{"k":1,"b":' * 5_000 + '"deep words"' + "}}" * 5_000
    assert "deep words" in read(objects, "json").text
    assert refused("[" * depth, "json").code == "broken"
    yaml = "\n".join(f"{' ' * level}k{level}:" for level in range(900)) + " deep words"
    assert "deep words" in read(yaml, "yaml").text


def test_lone_surrogates_are_replaced() -> None:
    reading = read('{"a": "x \\ud800 y", "\\udfff": 1}', "json")
    assert reading.text == "a: x \ufffd y | \ufffd: 1"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=25,
    )
)
def test_every_text_of_any_json_is_there(data: object) -> None:
    wanted = [text for text in texts(data) if any(one.isalnum() for one in text)]
    said = ""
    if wanted:
        said = read(json.dumps(data), "json").text
    for text in wanted:
        kept = "".join(one for one in text if one.isascii() and one.isalnum())
        assert kept in "".join(one for one in said if one.isascii() and one.isalnum())


def texts(data: object) -> list[str]:
    if isinstance(data, str):
        return [data]
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return [text for one in inner for text in texts(one)]


# ── YAML ────────────────────────────────────────────────────────────────────────────────────────


def test_what_yaml_refers_to_cannot_grow() -> None:
    bomb = "a: &a [lol, lol]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert len(read(bomb, "yaml").text) < 1_000


def test_nothing_in_yaml_is_executed() -> None:
    reading = read("a: !!python/object/apply:os.system ['echo oak']\nb: 1\n", "yaml")
    assert "echo oak" in reading.text


def test_what_is_not_yaml_is_reported_with_its_line() -> None:
    assert str(refused("a: [1\nb: 2\n", "yaml")) == "`x.yaml` is not YAML, line 2"


# ── XML ─────────────────────────────────────────────────────────────────────────────────────────

FEED = """<rss><channel><title>Harbour news</title><link>https://example.org</link>
<item><title>Oak it is</title><pubDate>Mon</pubDate>
<description>&lt;p&gt;The pier will be of &lt;b&gt;oak&lt;/b&gt;.&lt;/p&gt;&lt;p&gt;Soon.&lt;/p&gt;
</description></item><item><title>Fair</title>
<description>&lt;p&gt;It rained.&lt;/p&gt;</description></item></channel></rss>"""


def test_a_feed_is_read_article_by_article() -> None:
    reading = read(FEED, "xml")
    assert reading.title == "Harbour news"
    assert [(one.level, one.title) for one in reading.sections] == [
        (1, "Harbour news"),
        (2, "Oak it is"),
        (2, "Fair"),
    ]
    assert blocks(reading) == [
        "link: https://example.org",
        "pubDate: Mon",
        "The pier will be of oak.",
        "Soon.",
        "It rained.",
    ]
    start = reading.text.index("Soon.")
    assert reading.landmarks.between(start, start + 5) == Place(PlaceKind.LINE, 3)


def test_records_and_prose_in_xml() -> None:
    data = (
        '<doc xmlns:x="u"><x:person id="p7"><name>Mara</name><age>40</age></x:person>\n'
        "<para>It was <em>built</em> of oak.</para><![CDATA[ loose ]]><empty/></doc>"
    )
    reading = read(data, "xml")
    assert "It was built of oak." in reading.text
    reading = read(data.replace("<![CDATA[ loose ]]>", ""), "xml")
    assert blocks(reading) == ["id: p7 | name: Mara | age: 40", "It was built of oak."]
    assert lines(reading) == [1, 2]


def test_attributes_of_prose_in_xml_stand_above_it() -> None:
    data = (
        '<doc xmlns:x="u"><para id="p7" note="checked">It was\n'
        '<em class="wide" xml:lang="en" gloss="a hard wood">oak</em>'
        '<ref target="p9" by="Mara"/>.</para>\n'
        f'<long note="late">{"words " * 80}</long></doc>'
    )
    reading = read(data, "xml")
    assert blocks(reading) == [
        "id: p7 | note: checked | gloss: a hard wood | by: Mara",
        "It was oak.",
        "note: late",
        ("words " * 80).strip(),
    ]


def test_comments_and_entities_within_xml_cost_no_words() -> None:
    data = (
        '<!DOCTYPE d [<!ENTITY ship "frigate">]>\n'
        "<d><a>The &ship; sails<!-- soon --> at nine.</a>\n"
        "<b>Oak <?pi?>lasts.</b></d>"
    )
    told = " ".join(read(data, "xml").text.split())
    assert "sails at nine." in told
    assert "Oak lasts." in told


def test_lines_beyond_the_sixteenth_bit_are_true() -> None:
    data = "<d>" + "\n" * 70_000 + "<a><b>late words</b></a></d>"
    assert lines(read(data, "xml")) == [70_001]


def test_deep_and_broken_xml_end() -> None:
    deep = refused("<a>" * 5_000 + "words" + "</a>" * 5_000, "xml")
    assert str(deep) == "`x.xml` nests its elements too deeply"
    cut = read("<a>\n<b>words</b><c>", "xml")
    assert cut.text == "b: words"
    assert cut.warnings == ("not well-formed from line 2 on: some of it may be missing",)
    assert read("<a><b>words</b></a>", "xml").warnings == ()
    assert refused("words", "xml").code == "broken"


def test_deeply_nested_html_is_read() -> None:
    page = "<div>" * 30_000 + "<p>deep words</p>" + "</div>" * 30_000
    assert "deep words" in reader_for("x.html").read(page.encode(), name="x.html").text


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ('{\n"name": "quokka",\n"tags": [\n"oak",\n"elm"],\n"size": 9}', "json"),
        ("---\nname: quokka\ntags:\n- oak\n- elm\nsize: 9\n", "yaml"),
        ("<a>\n<name>quokka</name>\n<t>\n</t><tag>oak</tag>\n<tag>elm</tag>\n<s>9</s></a>", "xml"),
    ],
)
def test_each_value_has_its_own_line(text: str, suffix: str) -> None:
    reading = read(text, suffix)
    source = text.split("\n")
    for words in ("quokka", "oak", "elm", "9"):
        place = reading.landmarks.between(*(reading.text.index(words) + n for n in (0, 1)))
        assert place is not None
        assert words in source[place.number - 1]


def test_a_bad_line_does_not_cost_the_records_of_a_file() -> None:
    lines = ['{"id": 1, "text": "oats"}', "", '{"id": 2, "text": "br', "[3, 4", '{"id": 5}', "}"]
    reading = read("\n".join(lines), "jsonl")
    assert reading.text.split() == ["id:", "1", "|", "text:", "oats", "id:", "5"]
    assert [mark.place.number for mark in reading.landmarks if mark.place.number] == [1, 5]
    assert reading.warnings == ("lines 3, 4, 6 are no JSON",)
    assert "is not JSON" in str(refused("\n".join(lines), "json"))
    assert "is not JSON" in str(refused("{ no\nrecord\n", "jsonl"))


def test_a_reference_to_half_a_character_is_damage() -> None:
    found = refused("<_>&#xD800;", "xml")
    assert "characters that do not exist" in str(found)
    assert found.code == "broken"
