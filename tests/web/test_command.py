"""The commands with addresses: a real site on this machine, real readers, the real index."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess
from typing import TYPE_CHECKING, Any

import pytest
from tests.commands import askdoc
from tests.web.site import Page

if TYPE_CHECKING:
    from tests.web.site import Site

QUESTION = "Which door did the lighthouse keeper paint green?"
DOOR = "The lighthouse keeper painted the northern door green in October."


class Here:
    """A workspace in which commands run."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ASKDOC_DATA_DIR", str(folder / "data"))
        self.folder = folder / "work"
        self.folder.mkdir()

    def run(self, *arguments: str, code: int = 0) -> CompletedProcess[str]:
        done = askdoc(self.folder, *arguments)
        assert done.returncode == code, done.stdout + done.stderr
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Here:
    return Here(tmp_path, monkeypatch)


def test_a_site_is_indexed_asked_and_followed(here: Here, site: Site) -> None:
    site.put("/docs/", "Oak stood in the harbour for ninety years.", links=("door.html",))
    site.put("/docs/door.html", DOOR, title="The door")
    address = site.at("/docs/")

    refused = here.run("index", "--depth", "1", address, code=1)
    assert "private address" in refused.stderr
    assert "hint: if you trust it, pass `--allow-private`" in refused.stderr
    assert here.run("sources", "list").stdout.startswith("no sources yet")

    report = here.json("index", "--depth", "1", "--allow-private", address)
    assert report["added"] == [address, site.at("/docs/door.html")]
    answer = here.json(QUESTION)
    [citation, *_] = answer["citations"]
    assert citation["quote"] == DOOR
    assert citation["path"] == citation["document"] == site.at("/docs/door.html")
    assert not citation["stale"]
    assert f"[1] {site.at('/docs/door.html')}, line" in here.run(QUESTION).stdout
    assert DOOR in here.run("show", site.at("/docs/door.html")).stdout
    assert address in here.run("sources", "list").stdout
    assert here.json(QUESTION, "--source", f"{address}*")["status"] == "answered"

    assert here.json("index")["unchanged"] == 2
    del site.pages["/docs/door.html"]
    report = here.json("index")
    assert report["removed"] == [site.at("/docs/door.html")]
    assert [skip["code"] for skip in report["skipped"]] == ["gone"]
    here.run("sources", "remove", address)
    assert here.json("status")["counts"]["documents"] == 0


def test_an_address_that_is_refused_is_named_in_the_hint(here: Here, site: Site) -> None:
    """It is not kept as a source, so `askdoc index` alone would not try it again."""
    site.pages["/busy"] = Page(status=503)
    refused = here.run("index", "--allow-private", site.at("/busy"), code=1)
    assert f"hint: try again later: `askdoc index {site.at('/busy')}`" in refused.stderr
    assert here.run("sources", "list").stdout.startswith("no sources yet")


def test_a_dry_run_says_that_pages_are_not_looked_at(here: Here, site: Site) -> None:
    site.put("/a", DOOR)
    here.run("index", "--allow-private", site.at("/a"))
    told = here.run("index", "--dry-run").stdout
    assert "1 page of the web not looked at: nothing is fetched" in told
    assert here.json("index", "--dry-run")["unseen"] == 1


def test_offline_refuses_what_is_named_and_keeps_the_rest(here: Here, site: Site) -> None:
    site.put("/a", DOOR)
    here.run("index", "--allow-private", site.at("/a"))
    site.clear()
    refused = here.run("index", "--offline", site.at("/b"), code=2)
    assert "`--offline` refuses to fetch" in refused.stderr
    (here.folder / "notes.txt").write_text("Boats leave before dawn.")
    report = here.json("index", "--offline", "notes.txt")
    assert report["added"] == ["notes.txt"]
    report = here.json("index", "--offline")
    assert [skip["code"] for skip in report["skipped"]] == ["offline"]
    assert here.json("status")["counts"]["documents"] == 2
    assert site.asked == []


def test_a_downloaded_folder_has_nothing_fetched(here: Here, site: Site) -> None:
    site.put("/a", DOOR)
    (here.folder / "docs").mkdir()
    (here.folder / "docs" / "boats.txt").write_text("Boats leave before dawn.")
    config = here.folder / "askdoc.toml"
    config.write_text(f'sources = ["docs", "{site.at("/a")}"]\noffline = false\n')
    report = here.json("index")
    assert report["added"] == ["docs/boats.txt"]
    [skip] = report["skipped"]
    assert (skip["location"], skip["code"]) == (site.at("/a"), "not_named")
    assert f"askdoc index {site.at('/a')}" in skip["hint"]
    assert site.asked == []
    here.run("index", "--allow-private", site.at("/a"))
    assert site.asked == ["/a"]
    # The answer of an index that came with the folder is not fetched for either.
    assert here.json(QUESTION)["status"] == "answered"
    assert site.asked == ["/a"]


def test_an_index_that_came_with_a_folder_has_nothing_fetched(
    here: Here, site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its maker was allowed to fetch the page, and the user here has named nothing."""
    site.put("/a", DOOR)
    here.run("index", "--allow-private", site.at("/a"))
    monkeypatch.setenv("ASKDOC_DATA_DIR", str(tmp_path / "another machine"))
    site.clear()
    report = here.json("index")
    [skip] = report["skipped"]
    assert (skip["location"], skip["code"]) == (site.at("/a"), "not_named")
    assert site.asked == []
    assert here.json(QUESTION)["status"] == "answered"
    here.run("index", "--allow-private", site.at("/a"))
    assert site.asked == ["/a"]


def test_leave_for_a_private_address_is_remembered(here: Here, site: Site) -> None:
    site.put("/a", DOOR)
    here.run("index", "--allow-private", site.at("/a"))
    told = here.run("index", "--allow-private", code=2).stderr
    assert "addresses in the index keep theirs: `askdoc index`" in " ".join(told.split())
    before = len(site.asked)
    assert here.json("index")["skipped"] == []
    assert len(site.asked) > before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("file:///etc/passwd",), "neither an `http` nor an `https` address"),
        (("https://me:secret@example.org/",), "user name or password"),
        (("--depth", "2", "docs"), "`--depth` is for web addresses"),
        (("--allow-private",), "`--allow-private` is for web addresses"),
        (("--dry-run", "https://example.org/"), "`--dry-run` fetches nothing"),
    ],
)
def test_what_is_wrong_is_reported(here: Here, arguments: tuple[str, ...], words: str) -> None:
    refused = here.run("index", *arguments, code=2)
    assert words in refused.stderr
    assert "secret" not in refused.stderr
    assert "hint: " in refused.stderr
