from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from askdoc.index.plan import Attempt, Scope, choose_scopes, covers, locate, make_plan
from askdoc.types import Found, Known, Skip

paths = st.lists(
    st.lists(st.sampled_from(["a", "b", "ab", "c.txt"]), min_size=1, max_size=3).map("/".join),
    unique=True,
    max_size=8,
)


def found(location: str, *, size: int = 1, modified_ns: int = 1, source: str = "docs") -> Found:
    return Found(location, location, source, f"/{location}", size, modified_ns)


def known(file: Found) -> Known:
    return Known(
        f"id-{file.location}",
        file.location,
        file.path,
        file.source,
        file.size,
        file.modified_ns,
        f"hash-{file.size}",
    )


@st.composite
def files(draw: st.DrawFn) -> list[Found]:
    small = st.integers(0, 2)
    return [
        found(path, size=draw(small), modified_ns=draw(small), source=draw(st.sampled_from("xy")))
        for path in draw(paths)
    ]


skips = st.builds(
    Skip,
    st.sampled_from(["a", "a/b", "b", "c.txt"]),
    st.sampled_from(["unreadable", "too_large"]),
    st.just("why"),
)


@given(files())
def test_an_unchanged_corpus_needs_nothing(now: list[Found]) -> None:
    plan = make_plan([known(file) for file in now], now)
    assert plan.is_idle
    assert plan.unchanged == len(now)
    assert plan.skip == ()


@given(files(), files(), st.lists(skips, max_size=3), st.lists(st.sampled_from(["a", "a/b"])))
def test_each_file_and_each_document_is_dealt_with_once(
    now: list[Found], then: list[Found], left_out: list[Skip], excluded: list[str]
) -> None:
    plan = make_plan([known(file) for file in then], [*now, *left_out], excluded=excluded)
    before = {file.location for file in then}
    to_read = {file.location for file in (*plan.add, *plan.examine)}
    moved = {file.location for file in plan.move}
    removed = {document.location for document in plan.remove}
    skipped = {skip.location for skip in plan.skip}
    present = {file.location for file in now}
    assert len(plan.add) + len(plan.examine) == len(to_read)
    assert not to_read & (moved | removed)
    assert removed <= before - present
    assert {file.location for file in plan.add} == present - before - set(excluded)
    assert plan.unchanged == len(before - removed - to_read - moved)
    assert present - before - to_read <= skipped


@given(files(), files())
def test_carrying_out_a_plan_leaves_nothing_to_do(now: list[Found], then: list[Found]) -> None:
    plan = make_plan([known(file) for file in then], now)
    documents = {file.location: known(file) for file in then}
    for document in plan.remove:
        del documents[document.location]
    for file in (*plan.add, *plan.examine, *plan.move):
        documents[file.location] = known(file)
    assert make_plan(documents.values(), now).is_idle


def test_tells_new_changed_moved_and_gone_apart() -> None:
    same, touched, grown, moved, gone = (found(name) for name in ("a", "b", "c", "d", "e"))
    new = found("f")
    plan = make_plan(
        [known(file) for file in (same, touched, grown, moved, gone)],
        [
            new,
            same,
            replace(touched, modified_ns=9),
            replace(grown, size=9),
            replace(moved, source="other"),
        ],
    )
    assert [file.location for file in plan.add] == ["f"]
    assert [file.location for file in plan.examine] == ["b", "c"]
    assert [file.location for file in plan.move] == ["d"]
    assert [document.location for document in plan.remove] == ["e"]
    assert plan.unchanged == 1


def test_what_is_out_of_reach_is_not_gone() -> None:
    inside, beside, itself = found("a/deep/x.txt"), found("ab/x.txt"), found("c.txt")
    plan = make_plan(
        [known(inside), known(beside), known(itself)],
        [Skip("a", "unreadable", "permission denied"), Skip("c.txt", "unreadable", "busy")],
    )
    assert [document.location for document in plan.remove] == ["ab/x.txt"]
    assert plan.unchanged == 2


def test_what_grew_too_large_leaves() -> None:
    plan = make_plan([known(found("a"))], [Skip("a", "too_large", "60 MB")])
    assert [document.location for document in plan.remove] == ["a"]


def test_what_was_removed_by_hand_does_not_come_back() -> None:
    plan = make_plan([], [found("a"), found("b")], excluded=["a"])
    assert [file.location for file in plan.add] == ["b"]
    [skip] = plan.skip
    assert (skip.location, skip.code) == ("a", "excluded")
    assert skip.hint == "`askdoc index a` brings it back"


def test_a_file_that_failed_is_read_again_only_when_it_changed() -> None:
    skip = Skip("a", "broken", "not a PDF")
    attempts = {"a": Attempt(skip, 1, 1)}
    assert make_plan([], [found("a")], attempts=attempts).skip == (skip,)
    assert make_plan([], [found("a", size=2)], attempts=attempts).add == (found("a", size=2),)


def test_of_two_files_with_one_location_the_first_counts() -> None:
    assert make_plan([], [found("a", size=1), found("a", size=2)]).add == (found("a", size=1),)


def test_a_path_inside_a_source_is_a_part_of_it() -> None:
    assert choose_scopes(["docs"], ["docs/a.txt", "docs"], "/ws") == (
        ["docs"],
        [Scope("docs", "docs/a.txt"), Scope("docs", "docs")],
    )


def test_a_source_takes_the_place_of_those_inside() -> None:
    assert choose_scopes(["docs/a", "notes", "docs/b.txt"], ["docs"], "/ws") == (
        ["notes", "docs"],
        [Scope("docs", "docs")],
    )
    assert choose_scopes([], ["docs/a", "docs"], "/ws") == (
        ["docs"],
        [Scope("docs", "docs/a"), Scope("docs", "docs")],
    )


def test_sources_outside_and_inside_the_workspace_are_compared() -> None:
    assert choose_scopes(["docs", "/other"], ["/home"], "/home/ws") == (
        ["/other", "/home"],
        [Scope("/home", "/home")],
    )
    assert choose_scopes(["/home"], ["docs"], "/home/ws") == (["/home"], [Scope("/home", "docs")])
    assert choose_scopes(["."], ["docs"], "/home/ws") == (["."], [Scope(".", "docs")])


def test_covering_goes_by_whole_names() -> None:
    assert covers("docs", "docs/a.txt", "/ws")
    assert covers(".", "docs", "/ws")
    assert covers("/", "docs", "/ws")
    assert not covers("docs", "docs2/a.txt", "/ws")
    assert not covers("docs/a.txt", "docs", "/ws")


def test_locations_are_relative_inside_the_workspace_only() -> None:
    assert locate("/ws/docs/../docs/a.txt", "/ws") == "docs/a.txt"
    assert locate("/ws", "/ws") == "."
    assert locate("/ws2/a.txt", "/ws") == "/ws2/a.txt"
    assert locate("/a.txt", "/") == "a.txt"
