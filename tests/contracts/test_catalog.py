"""What every catalog keeps to; run on SQLite and on PostgreSQL."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from askdoc.store.catalog import SqliteCatalog
from askdoc.store.sql_catalog import SqlCatalog
from askdoc.text.chunking import chunk_id
from askdoc.types import Chunk, Counts, Document, Found, Skip, Span, Stamp

if TYPE_CHECKING:
    from tests.postgres import Server

CAT = "The cat sleeps. It dreams of fish.\nThe dog barks."


def document(name: str, text: str = CAT, *, content: str = "a") -> Document:
    return Document(
        id=f"id-{name}",
        location=f"docs/{name}",
        path=name,
        source="docs",
        file="",
        title="Animals",
        length=len(text),
        stamp=Stamp(len(text), 1, content),
        pages=(0, 20),
        language="en",
        warnings=("page 3 has no text",),
    )


def chunks(name: str, text: str = CAT) -> list[Chunk]:
    """One chunk a line, with a sentence up to each full stop."""
    made: list[Chunk] = []
    start = 0
    for line in text.split("\n"):
        sentences: list[Span] = []
        position = start
        for part in line.split(". "):
            sentences.append(Span(position, min(position + len(part) + 1, start + len(line))))
            position += len(part) + 2
        span = Span(start, start + len(line))
        made.append(
            Chunk(
                id=chunk_id(f"id-{name}", span, line),
                document_id=f"id-{name}",
                span=span,
                text=line,
                sentences=tuple(sentences),
                headings=("Pets", "Indoors"),
            )
        )
        start += len(line) + 1
    return made


def terms(text: str = CAT) -> list[str]:
    return [line.lower().replace(".", "") for line in text.split("\n")]


def put(catalog: SqlCatalog, name: str, text: str = CAT, *, content: str = "a") -> None:
    catalog.put(document(name, text, content=content), text, chunks(name, text), terms(text))


Open = Callable[..., SqlCatalog]
"""Opens the catalog again, or with `other` another one; with `write`, to change it."""


@pytest.fixture(params=["sqlite", "postgres"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    if request.param == "sqlite":
        return lambda *, write=False, other="": SqliteCatalog(
            tmp_path / f"index{other}", tmp_path, write=write
        )
    server: Server = request.getfixturevalue("postgres")
    from askdoc.store.postgres.catalog import PostgresCatalog
    from askdoc.store.postgres.session import Database

    addresses = {other: server.empty_library(other) for other in ("", "other")}
    return lambda *, write=False, other="": PostgresCatalog(
        Database.of(addresses[other]), tmp_path, write=write
    )


@pytest.fixture
def catalog(reopen: Open) -> Iterator[SqlCatalog]:
    with reopen(write=True) as made:
        yield made


def test_gives_back_what_was_put(catalog: SqlCatalog, tmp_path: Path) -> None:
    put(catalog, "cat.txt")
    [found] = catalog.documents()
    assert found == dataclasses.replace(
        document("cat.txt"), file=str(tmp_path / "docs" / "cat.txt")
    )
    assert catalog.documents(["id-cat.txt", "unknown"]) == [found]
    wanted = chunks("cat.txt")
    ids = [chunk.id for chunk in wanted]
    assert catalog.chunks([ids[1], "unknown", ids[0]]) == [wanted[1], wanted[0]]
    assert catalog.text("id-cat.txt") == CAT
    assert catalog.text("id-cat.txt", Span(4, 7)) == "cat"
    assert catalog.text("id-cat.txt", Span(40, 4000)) == CAT[40:]
    assert catalog.counts() == Counts(documents=1, chunks=2, sentences=3, characters=len(CAT))
    assert sorted(catalog.chunk_ids()) == sorted(ids)
    assert catalog.chunk_ids(["unknown"]) == []


def test_the_text_of_an_unknown_document_is_empty(catalog: SqlCatalog) -> None:
    assert catalog.text("unknown") == ""
    assert catalog.text("unknown", Span(1, 2)) == ""
    assert catalog.lines("unknown", Span(1, 2)) == (1, 1)


def test_names_the_lines_of_a_span(catalog: SqlCatalog) -> None:
    put(catalog, "cat.txt")
    assert catalog.lines("id-cat.txt", Span(0, 15)) == (1, 1)
    assert catalog.lines("id-cat.txt", Span(16, 40)) == (1, 2)
    assert catalog.lines("id-cat.txt", Span(35, 35)) == (2, 2)


def test_putting_again_replaces(catalog: SqlCatalog) -> None:
    put(catalog, "cat.txt")
    before = catalog.corpus_fingerprint()
    put(catalog, "cat.txt", "The mouse hides.", content="b")
    assert catalog.text("id-cat.txt") == "The mouse hides."
    assert catalog.frequencies(["cat", "mouse"]) == {"cat": 0, "mouse": 1}
    assert catalog.counts().chunks == 1
    assert catalog.corpus_fingerprint() != before


def test_dropping_forgets_all_of_a_document_and_nothing_else(catalog: SqlCatalog) -> None:
    put(catalog, "cat.txt")
    put(catalog, "dog.txt", "The dog barks.", content="b")
    catalog.release(["docs/cat.txt", "unknown"])
    assert [found.id for found in catalog.documents()] == ["id-dog.txt"]
    assert catalog.text("id-cat.txt") == ""
    assert catalog.frequencies(["cat", "dog"]) == {"cat": 0, "dog": 1}
    assert catalog.search(["cat"], 5) == []
    assert catalog.check() == []
    assert sorted(catalog.obsolete()) == sorted(chunk.id for chunk in chunks("cat.txt"))


def test_ranks_by_bm25_and_breaks_ties_by_id(catalog: SqlCatalog) -> None:
    put(catalog, "a.txt", "The cat sleeps.\nThe cat and the other cat fight.\nNo pets here.")
    put(catalog, "b.txt", "The dog barks.\nThe dog barks.")
    assert [hit.chunk_id for hit in catalog.search(["fight", "cat"], 5)] == [
        chunks("a.txt", catalog.text("id-a.txt"))[index].id for index in (1, 0)
    ]
    twins = catalog.search(["dog"], 5)
    assert len(twins) == 2
    assert twins[0].score == twins[1].score > 0
    assert twins == sorted(twins, key=lambda hit: hit.chunk_id)
    assert len(catalog.search(["dog"], 1)) == 1
    assert catalog.search([], 5) == catalog.search(["dog"], 0) == []


def test_searches_within_documents(catalog: SqlCatalog) -> None:
    put(catalog, "a.txt")
    put(catalog, "b.txt")
    inside = {chunk.id for chunk in chunks("b.txt")}
    hits = catalog.search(["cat", "dog"], 5, documents=["id-b.txt", "unknown"])
    assert {hit.chunk_id for hit in hits} == inside
    assert catalog.search(["cat"], 5, documents=[]) == []


@pytest.mark.parametrize(
    "term",
    [
        '"',
        "cat*",
        "cat AND dog",
        "NEAR(",
        "-",
        "^",
        ":",
        "(",
        "\0",
        "\ud800",
        "'",
        "%",
        "🐈",
        "c++",
    ],
)
def test_no_term_breaks_a_search(catalog: SqlCatalog, term: str) -> None:
    put(catalog, "cat.txt")
    assert len(catalog.search([term, "cat"], 5)) == 1
    assert catalog.frequencies([term])[term] == 0


def test_a_term_is_searched_as_it_was_given(catalog: SqlCatalog) -> None:
    """The analyser says what a term is; the index does not cut it again."""
    odd = ["c++", "covid-19", "u.s.a", "don't", "a_b", "😀", "北京", "e\u0301", "§12"]
    catalog.put(document("odd.txt"), CAT, chunks("odd.txt"), [" ".join(odd), "plain"])
    assert catalog.frequencies(odd) == dict.fromkeys(odd, 1)
    assert catalog.frequencies(["covid", "19", "c", "u"]) == dict.fromkeys(
        ["covid", "19", "c", "u"], 0
    )
    assert all(len(catalog.search([term], 5)) == 1 for term in odd)


def test_a_transaction_is_all_or_nothing(catalog: SqlCatalog) -> None:
    put(catalog, "cat.txt")
    before = catalog.corpus_fingerprint()
    with contextlib.suppress(ZeroDivisionError), catalog.transaction():
        catalog.release(["docs/cat.txt"])
        put(catalog, "dog.txt")
        raise ZeroDivisionError
    assert [found.id for found in catalog.documents()] == ["id-cat.txt"]
    assert catalog.corpus_fingerprint() == before


def test_a_reader_sees_one_moment(catalog: SqlCatalog, reopen: Open) -> None:
    put(catalog, "cat.txt")
    with reopen() as reader:
        assert reader.frequencies(["cat", "mouse"]) == {"cat": 1, "mouse": 0}
        put(catalog, "cat.txt", "The mouse hides.", content="b")
        assert reader.text("id-cat.txt") == CAT
        assert reader.chunks(reader.chunk_ids())[0].text.startswith("The cat")
        reader.refresh()
        assert reader.text("id-cat.txt") == "The mouse hides."
        assert reader.frequencies(["cat", "mouse"]) == {"cat": 0, "mouse": 1}


def test_a_staged_version_is_seen_by_nobody(catalog: SqlCatalog, reopen: Open) -> None:
    put(catalog, "cat.txt")
    text = "The mouse hides.\nThe cat waits."
    catalog.stage(document("cat.txt", text, content="b"))
    catalog.append("id-cat.txt", text)
    first, second = chunks("cat.txt", text)
    catalog.extend("id-cat.txt", [first], ["the mouse hides"])
    with reopen() as reader:
        assert reader.text("id-cat.txt") == CAT
        assert reader.counts().chunks == 2
        assert reader.frequencies(["mouse"]) == {"mouse": 0}
        assert reader.chunks([first.id]) == []
    catalog.extend("id-cat.txt", [second], ["the cat waits"])
    catalog.publish(["id-cat.txt"])
    with reopen() as reader:
        assert reader.text("id-cat.txt") == text
        assert reader.chunks([first.id, second.id]) == [first, second]
        assert reader.counts() == Counts(1, 2, 2, len(text))
        assert reader.frequencies(["mouse", "dreams"]) == {"mouse": 1, "dreams": 0}
    assert sorted(catalog.obsolete()) == sorted(chunk.id for chunk in chunks("cat.txt"))


def test_keeps_vectors_of_sentences_with_their_chunks(catalog: SqlCatalog, reopen: Open) -> None:
    first, second = chunks("cat.txt")
    with catalog.transaction():
        catalog.stage(document("cat.txt"))
        catalog.append("id-cat.txt", CAT)
        catalog.extend("id-cat.txt", [first, second], terms(CAT), [b"one", b"two"])
        assert catalog.sentence_vectors([first.id]) == {}, "nobody sees what is not published"
        catalog.publish(["id-cat.txt"])
    with reopen() as reader:
        assert reader.sentence_vectors([second.id, "none", first.id]) == {
            first.id: b"one",
            second.id: b"two",
        }
    put(catalog, "cat.txt", "The mouse hides.", content="b")
    assert catalog.sentence_vectors([first.id, second.id]) == {}
    assert catalog._all("SELECT count(*) FROM sentence_vectors") == [(0,)]


def test_an_edit_makes_only_the_changed_chunks_obsolete(catalog: SqlCatalog) -> None:
    put(catalog, "cat.txt")
    text = CAT.replace("dog barks", "dog jumps")
    put(catalog, "cat.txt", text, content="b")
    assert catalog.obsolete() == [chunks("cat.txt")[1].id]
    catalog.clear_obsolete(catalog.obsolete())
    assert catalog.obsolete() == []


def test_a_chunk_that_comes_back_is_not_obsolete(catalog: SqlCatalog) -> None:
    put(catalog, "cat.txt")
    catalog.release(["docs/cat.txt"])
    put(catalog, "cat.txt")
    assert catalog.obsolete() == []


def test_abandoning_forgets_staged_versions_and_keeps_the_published(catalog: SqlCatalog) -> None:
    put(catalog, "cat.txt")
    text = CAT.replace("dog barks", "dog jumps")
    catalog.stage(document("cat.txt", text, content="b"))
    catalog.append("id-cat.txt", text)
    catalog.extend("id-cat.txt", chunks("cat.txt", text), terms(text))
    catalog.drop_staged()
    assert catalog.text("id-cat.txt") == CAT
    assert catalog.obsolete() == [chunks("cat.txt", text)[1].id]
    assert catalog.check() == []


def test_the_fingerprint_is_of_the_content_alone(catalog: SqlCatalog, reopen: Open) -> None:
    empty = catalog.corpus_fingerprint()
    put(catalog, "cat.txt", content="c")
    put(catalog, "dog.txt", content="d")
    both = catalog.corpus_fingerprint()
    with reopen(write=True, other="other") as other:
        put(other, "dog.txt", content="x")
        put(other, "cat.txt", content="c")
        put(other, "dog.txt", content="d")
        assert other.corpus_fingerprint() == both
    catalog.release(["docs/cat.txt", "docs/dog.txt"])
    assert catalog.corpus_fingerprint() == empty != both


def test_takes_note_of_a_new_time_and_place(catalog: SqlCatalog) -> None:
    put(catalog, "cat.txt")
    before = catalog.corpus_fingerprint()
    catalog.update(Found("docs/cat.txt", "docs/cat.txt", ".", "", 9, 77))
    [known] = catalog.known()
    assert (known.path, known.source, known.size, known.modified_ns) == ("docs/cat.txt", ".", 9, 77)
    assert known.content_hash == "a"
    assert catalog.corpus_fingerprint() != before


def test_remembers_settings_sources_and_exclusions(catalog: SqlCatalog) -> None:
    assert catalog.setting("embedder") is None
    catalog.keep("embedder", "x")
    catalog.keep("embedder", "y")
    catalog.keep_sources(["docs", "notes\udcff"])
    catalog.exclude(["docs/a.txt", "docs/b.txt"])
    catalog.include(["docs/a.txt"])
    assert catalog.setting("embedder") == "y"
    assert catalog.sources() == ["docs", "notes\udcff"]
    assert catalog.exclusions() == ["docs/b.txt"]


def test_remembers_what_was_skipped(catalog: SqlCatalog) -> None:
    broken = Skip("docs/b.pdf", "broken", "not a PDF", "repair it")
    locked = Skip("docs/a.txt", "unreadable", "permission denied")
    found = Found("docs/b.pdf", "b.pdf", "docs", "/docs/b.pdf", 10, 5)
    catalog.record_skips([(broken, found), (locked, None)])
    assert catalog.skipped() == [locked, broken]
    assert catalog.read_before() == {"docs/b.pdf": (broken, 10, 5)}
    catalog.record_skips([], forget=["docs/b.pdf", "docs/unknown"])
    assert catalog.skipped() == [locked]


def test_names_a_document_by_its_content(catalog: SqlCatalog) -> None:
    put(catalog, "cat.txt", content="abc")
    assert [known.id for known in catalog.with_content("abc")] == ["id-cat.txt"]
    assert catalog.with_content("other") == []


def test_keeps_names_and_text_that_are_not_valid_unicode(catalog: SqlCatalog) -> None:
    text = "a\0b \ud800 c"
    span = Span(0, len(text))
    odd = dataclasses.replace(
        document("x", text), location="docs/\udcff.txt", path="\udcff.txt", title="\ud800"
    )
    chunk = Chunk("c1", odd.id, span, text, (span,), ("\ud800",))
    catalog.put(odd, text, [chunk], ["\ud800 \0word"])
    assert catalog.text(odd.id) == text
    assert catalog.chunks(["c1"]) == [chunk]
    [found] = catalog.documents()
    assert (found.location, found.title) == (odd.location, odd.title)
    assert len(catalog.search(["word"], 5)) == 1
    catalog.release([odd.location])
    assert catalog.check() == []
