"""Pages as sources of an index: what is fetched, what follows a change, what stays."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from fpdf import FPDF
from tests.index.conftest import Bench
from tests.web.site import Page, serving

from askdoc import workspace
from askdoc.errors import FetchError
from askdoc.index.sources import Web
from askdoc.readers import reader_for
from askdoc.settings import Settings
from askdoc.types import Fetched
from askdoc.types.indexing import Permission
from askdoc.web.sources import WebSources

if TYPE_CHECKING:
    from tests.web.site import Site

BOATS = "Nobody counts the boats that leave before dawn."
OAK = "Oak stood in the harbour for ninety years."
RAIN = "Rain fell on the last day of the fair."


@dataclass
class Reader:
    """A workspace whose user indexes pages of the web."""

    bench: Bench
    site: Site
    settings: Settings = field(default_factory=Settings)
    trusted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.bench.readers = reader_for
        self.bench.web = Web(lambda address: self.web().pages(address), self._forget)

    def web(self) -> WebSources:
        return WebSources(
            self.bench.index / "web",
            self.settings,
            most=1_000_000,
            permission=self._permission,
            listen=self.bench.events.append,
        )

    def _permission(self, address: str) -> Permission | None:
        return workspace.permission(self.bench.root, address, self.trusted)

    def _forget(self, address: str) -> None:
        self.web().forget(address)
        workspace.forbid(self.bench.root, [address])

    def name(self, path: str, *, depth: int | None = None, private: bool = True) -> str:
        """Name an address as `askdoc index` does."""
        address = self.site.at(path)
        workspace.permit(self.bench.root, address, depth=depth, private=private)
        self.site.clear()
        return address

    def texts(self) -> dict[str, str]:
        """Return what is indexed, by the path on the site."""
        found = self.bench.texts()
        return {name.removeprefix(self.site.url): text for name, text in found.items()}

    def skips(self) -> dict[str, str]:
        found = self.bench.skips()
        return {name.removeprefix(self.site.url): code for name, code in found.items()}


@pytest.fixture
def reader(bench: Bench, site: Site) -> Reader:
    return Reader(bench, site)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv(workspace.FOLDER_VARIABLE, str(tmp_path / "data"))
    (tmp_path / "work").mkdir()
    return Bench(tmp_path / "work")


def test_one_page_is_a_document_at_its_address(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/pier.html", BOATS, links=("/other.html",), title="The pier")
    address = reader.name("/pier.html")
    assert bench.sync(address).added == (address,)
    with bench.catalog() as catalog:
        [document] = catalog.documents()
    assert (document.path, document.file, document.title) == (address, address, "The pier")
    assert BOATS in reader.texts()["/pier.html"]
    assert site.asked == ["/pier.html"]
    [source] = bench.indexer().sources()
    assert (source.location, source.files, source.is_there) == (address, 1, True)


def test_an_unchanged_page_is_neither_sent_nor_embedded_again(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", BOATS)
    bench.sync(reader.name("/a"))
    site.clear()
    assert bench.sync().unchanged == 1
    assert site.spared == ["/a"]
    assert bench.embedder.embedded == []
    assert bench.loaded == []  # its file was not even read

    page = site.pages["/a"]
    assert isinstance(page, Page)
    page.tags = False  # a server that can't tell sends the same once more
    site.clear()
    assert bench.sync().unchanged == 1
    assert site.spared == []
    assert bench.embedder.embedded == []


def test_a_changed_page_takes_the_place_of_what_it_was(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", BOATS, OAK)
    address = reader.name("/a")
    bench.sync(address)
    site.put("/a", RAIN)
    assert bench.sync().changed == (address,)
    assert RAIN in reader.texts()["/a"]
    assert BOATS not in reader.texts()["/a"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_page_that_is_gone_leaves_the_index_and_is_reported(reader: Reader, status: int) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", BOATS)
    address = reader.name("/a")
    bench.sync(address)
    site.pages["/a"] = Page(status=status)
    report = bench.sync()
    assert report.removed == (address,)
    assert [skip.code for skip in report.skipped] == ["gone"]
    assert reader.texts() == {}
    site.put("/a", OAK)  # it is a source until it is taken out
    assert bench.sync().added == (address,)
    assert bench.skips() == {}


def test_a_link_that_leads_nowhere_is_reported_until_it_is_gone(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/", OAK, links=("a", "b"))
    site.put("/a", BOATS)
    report = bench.sync(reader.name("/", depth=1))
    [skip] = report.skipped
    assert (skip.location, skip.code) == (site.at("/b"), "gone")
    assert skip.reason == "a page leads to it, but the server has no such page (404)"
    assert bench.sync().skipped == (skip,)
    site.put("/", OAK, links=("a",))
    assert bench.sync().skipped == ()
    assert bench.skips() == {}


def test_what_fails_for_a_while_keeps_what_was_there(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", BOATS)
    address = reader.name("/a")
    bench.sync(address)
    before = bench.state()
    for status in (500, 503, 429, 403):
        site.pages["/a"] = Page(status=status)
        report = bench.sync()
        assert (report.removed, len(report.skipped)) == ((), 1)
        assert bench.state() == before
    assert bench.sync(address, rebuild=True).added == (address,)  # from what was kept
    assert reader.texts().keys() == {"/a"}
    assert bench.sync().removed == ()


def test_a_whole_site_that_is_down_keeps_all_of_its_pages(bench: Bench) -> None:
    with serving() as site:
        reader = Reader(bench, site)
        site.put("/docs/", OAK, links=("b", "c"))
        site.put("/docs/b", BOATS)
        site.put("/docs/c", RAIN)
        bench.sync(reader.name("/docs/", depth=1))
        before = bench.state()
        assert len(before[0]) == 3
    report = bench.sync()
    assert report.removed == ()
    assert [skip.code for skip in report.skipped] == ["unreachable"]
    assert bench.state() == before
    # Also where nothing of what was fetched is here any more, as after a move.
    for page in (bench.index / "web").iterdir():
        for file in page.iterdir():
            file.unlink()
    assert bench.sync().removed == ()
    assert bench.state() == before


def test_a_new_address_at_which_nothing_is_becomes_no_source(reader: Reader) -> None:
    reader.site.pages["/image"] = Page(b"\x89PNG", type="image/png")
    for path, words in (("/none", "no such page"), ("/image", "`image/png`")):
        with pytest.raises(FetchError, match=words):
            reader.bench.sync(reader.name(path))
    assert reader.bench.indexer().sources() == []


# ── links ───────────────────────────────────────────────────────────────────────────────────────


def test_links_are_followed_so_far_and_within_the_site_alone(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    with serving() as elsewhere:
        elsewhere.put("/docs/x", RAIN)
        site.put(
            "/docs/", OAK,
            links=("b.html#part", "/docs/b.html", "../out.html", elsewhere.at("/docs/x"), "p.png",
                   "mailto:me@example.org"),
        )  # fmt: skip
        site.put("/docs/b.html", BOATS, links=("c.html", "./"))
        site.put("/docs/c.html", RAIN, links=("d.html",))
        site.put("/docs/d.html", "Too deep.")
        site.put("/out.html", "Out of it.")
        address = reader.name("/docs/", depth=2)
        bench.sync(address)
        assert reader.texts().keys() == {"/docs/", "/docs/b.html", "/docs/c.html"}
        assert elsewhere.asked == []
    assert sorted(site.asked) == ["/docs/", "/docs/b.html", "/docs/c.html", "/robots.txt"]
    assert [event.before for event in bench.events if isinstance(event, Fetched)] == [0, 1, 2]
    # The depth is remembered; naming the address again may change it.
    assert bench.sync().unchanged == 3
    bench.sync(reader.name("/docs/", depth=0))
    assert reader.texts().keys() == {"/docs/"}


def test_a_page_that_is_no_longer_linked_leaves_and_others_stay(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/", OAK, links=("b", "c"))
    site.put("/b", BOATS)
    site.put("/c", RAIN)
    bench.sync(reader.name("/", depth=1))
    site.put("/", OAK, links=("c",))
    site.pages["/c"] = Page(status=503)
    report = bench.sync()
    # One page could not be had, and it may have been the one that leads to the other.
    assert report.removed == ()
    site.put("/c", RAIN)
    assert bench.sync().removed == (site.at("/b"),)
    assert reader.texts().keys() == {"/", "/c"}


def test_robots_txt_is_respected_by_a_crawl(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.pages["/robots.txt"] = Page(
        b"User-agent: *\nDisallow: /private/\nDisallow: /*.txt$\n", type="text/plain"
    )
    site.put("/", OAK, links=("/private/a", "/b", "/c.txt"))
    site.put("/b", BOATS)
    site.put("/private/a", RAIN)
    site.pages["/c.txt"] = Page(RAIN.encode(), type="text/plain")
    bench.sync(reader.name("/", depth=1))
    assert reader.texts().keys() == {"/", "/b"}
    assert reader.skips() == {"/private/a": "robots", "/c.txt": "robots"}
    assert {"/private/a", "/c.txt"}.isdisjoint(site.asked)
    bench.sync(reader.name("/private/a"))  # one page that is named is no crawl
    assert "/private/a" in reader.texts()


@pytest.mark.parametrize(("status", "minded"), [(404, False), (403, False), (503, True)])
def test_a_site_that_does_not_show_its_robots_txt(
    reader: Reader, status: int, *, minded: bool
) -> None:
    reader.site.pages["/robots.txt"] = Page(status=status)
    reader.site.put("/", OAK)
    address = reader.name("/", depth=1)
    if minded:
        with pytest.raises(FetchError, match=r"robots\.txt"):
            reader.bench.sync(address)
        assert reader.site.asked == ["/robots.txt"]
    else:
        assert reader.bench.sync(address).added == (address,)


def test_the_number_of_pages_is_limited(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    reader.settings = Settings(max_pages=3)
    site.put("/", OAK, links=tuple(f"/{number}" for number in range(5)))
    for number in range(5):
        site.put(f"/{number}", f"Page {number} is here.")
    report = bench.sync(reader.name("/", depth=1))
    assert len(report.added) == 3
    [skip] = report.skipped
    assert (skip.code, skip.location) == ("page_limit", site.at("/2"))
    assert "2 more" in skip.reason
    reader.settings = Settings()
    assert len(bench.sync().added) == 3


def test_redirects_within_a_crawl(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.pages["/docs"] = Page(status=301, headers={"Location": "/docs/"})
    site.pages["/docs/old"] = Page(status=301, headers={"Location": "/docs/new"})
    site.pages["/docs/away"] = Page(status=301, headers={"Location": "/login"})
    site.put("/login", "Log in.")
    site.put("/docs/", OAK, links=("old", "new", "away"))
    site.put("/docs/new", BOATS)
    bench.sync(reader.name("/docs", depth=1))
    names = reader.texts().keys()
    assert len(names) == 2
    assert "/docs" in names
    assert names & {"/docs/old", "/docs/new"}


def test_pages_that_lead_to_one_another_end(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    for number in range(4):
        site.put(f"/{number}", f"Page {number}.", links=tuple(f"/{n}#x" for n in range(4)))
    site.put("/", OAK, links=("/0",))
    bench.sync(reader.name("/", depth=50))
    assert sorted(site.asked) == ["/", "/0", "/1", "/2", "/3", "/robots.txt"]


# ── sitemaps ────────────────────────────────────────────────────────────────────────────────────


def urlset(*addresses: str) -> bytes:
    entries = "".join(f"<url><loc>{one}</loc></url>" for one in addresses)
    name = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0"?><urlset xmlns="{name}">{entries}</urlset>'.encode()


def test_a_sitemap_stands_for_the_pages_that_it_lists(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", OAK, links=("/linked",))
    site.put("/b", BOATS)
    site.put("/linked", RAIN)
    elsewhere = "http://192.0.2.1/x"
    site.pages["/sitemap.xml"] = Page(
        urlset(site.at("/a"), site.at("/b"), elsewhere), type="application/xml"
    )
    address = reader.name("/sitemap.xml")
    bench.sync(address)
    assert reader.texts().keys() == {"/a", "/b"}
    site.pages["/sitemap.xml"] = Page(urlset(site.at("/a")), type="application/xml")
    assert bench.sync().removed == (site.at("/b"),)
    bench.sync(reader.name("/sitemap.xml", depth=1))
    assert reader.texts().keys() == {"/a", "/linked"}
    site.pages["/sitemap.xml"] = Page(status=503)
    assert bench.sync().removed == ()
    assert reader.texts().keys() == {"/a", "/linked"}


def test_a_sitemap_of_pages_that_are_sources_already_is_a_source(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", OAK)
    bench.sync(reader.name("/a"))
    site.pages["/sitemap.xml"] = Page(urlset(site.at("/a")), type="application/xml")
    address = reader.name("/sitemap.xml")
    bench.sync(address)
    assert str(address) in {one.location for one in bench.indexer().sources()}
    assert reader.texts().keys() == {"/a"}


def test_an_index_of_sitemaps_some_of_them_packed(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", OAK)
    site.put("/b", BOATS)
    site.pages["/one.xml"] = Page(urlset(site.at("/a")), type="text/xml")
    site.pages["/two.xml.gz"] = Page(
        gzip.compress(urlset(site.at("/b"))), type="application/x-gzip"
    )
    entries = "".join(f"<sitemap><loc>{site.at(one)}</loc></sitemap>" for one in
                      ("/one.xml", "/two.xml.gz", "/sitemap.xml"))  # fmt: skip
    site.pages["/sitemap.xml"] = Page(
        f"<sitemapindex>{entries}</sitemapindex>".encode(), type="application/xml"
    )
    bench.sync(reader.name("/sitemap.xml"))
    assert reader.texts().keys() == {"/a", "/b"}


def test_a_sitemap_with_entities_or_without_end_does_no_harm(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", OAK)
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "x"}">' for n in range(9))
    for body in (
        f"<!DOCTYPE urlset [{bomb}]><urlset><url><loc>&e8;</loc></url>".encode(),
        b'<!DOCTYPE urlset [<!ENTITY f SYSTEM "file:///etc/passwd">]><urlset><url><loc>&f;</loc>',
        gzip.compress(b"<urlset>" + b" " * 100_000_000),
    ):
        listed = f"<url><loc>{site.at('/a')}</loc></url>".encode()
        site.pages["/sitemap.xml"] = Page(body + listed, type="application/xml")
        site.clear()
        try:
            bench.sync(reader.name("/sitemap.xml"))
        except FetchError:
            continue
        assert set(site.asked) <= {"/sitemap.xml", "/robots.txt", "/a"}


# ── kinds ───────────────────────────────────────────────────────────────────────────────────────


def test_the_type_that_the_server_names_decides_the_reader(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    document = FPDF()
    document.set_font("Helvetica", size=12)
    for words in (BOATS, OAK):
        document.add_page()
        document.multi_cell(0, 6, words)
    site.pages["/report"] = Page(bytes(document.output()), type="application/pdf")
    site.pages["/table"] = Page(b"what,when\nboats,dawn\n", type="text/csv")
    site.pages["/data.php"] = Page(json.dumps({"what": RAIN}).encode(), type="application/json")
    site.pages["/notes.md"] = Page(b"# Oak\n\nIt stood.\n", type="application/octet-stream")
    site.pages["/latin"] = Page("Für Öl.".encode("latin-1"), type="text/plain; charset=iso-8859-1")
    site.pages["/greek"] = Page(
        '<meta charset="utf-8"><p>Καλημέρα σε όλους</p>'.encode("iso-8859-7"),
        type="text/html; charset=iso-8859-7",
    )
    for path in list(site.pages):
        bench.sync(reader.name(path))
    texts = reader.texts()
    assert "what: boats" in texts["/table"]
    assert RAIN in texts["/data.php"]
    assert "It stood." in texts["/notes.md"]
    assert "Für Öl." in texts["/latin"]
    assert "Καλημέρα" in texts["/greek"]
    with bench.catalog() as catalog:
        [report] = [one for one in catalog.documents() if one.path.endswith("/report")]
        assert len(report.pages) == 2
        page = report.page_of(catalog.text(report.id).index("Oak"))
    assert page == 2


# ── who may have what fetched ───────────────────────────────────────────────────────────────────


def test_an_index_from_elsewhere_fetches_nothing_that_was_not_named_here(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", BOATS)
    address = reader.name("/a")
    bench.sync(address)
    before = bench.state()
    workspace.forbid(bench.root, [address])  # as on another machine
    site.clear()
    report = bench.sync()
    assert [skip.code for skip in report.skipped] == ["not_named"]
    assert site.asked == []
    assert bench.state() == before
    bench.sync(reader.name("/a"))
    assert bench.skips() == {}


def test_settings_name_addresses_only_where_the_user_made_them(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", BOATS)
    bench.configured = (site.at("/a"),)  # type: ignore[assignment]
    report = bench.sync()
    assert [skip.code for skip in report.skipped] == ["not_named"]
    assert site.asked == []
    reader.trusted = (site.at("/a"),)
    report = bench.sync()
    # That is leave to fetch it, and not to look around on this machine.
    assert [skip.code for skip in report.skipped] == ["private_address"]
    assert site.asked == []


def test_offline_keeps_pages_as_they_are(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", BOATS)
    bench.sync(reader.name("/a"))
    bench.write(docs__cat="The cat sleeps.")
    bench.sync("docs")
    before = bench.state()
    reader.settings = Settings(offline=True)
    site.clear()
    bench.write(docs__cat="The cat wakes.")
    report = bench.sync()
    assert report.changed == ("docs/cat.txt",)
    assert [skip.code for skip in report.skipped] == ["offline"]
    assert site.asked == []
    assert bench.state()[0].keys() == before[0].keys()


def test_a_source_that_is_taken_out_leaves_nothing(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/", OAK, links=("/a",))
    site.put("/a", BOATS)
    address = reader.name("/", depth=1)
    bench.sync(address)
    assert bench.indexer().remove_sources([address]) == {address: 2}
    assert reader.texts() == {}
    assert workspace.permission(bench.root, address) is None
    assert list((bench.index / "web").iterdir()) == []


def test_a_page_of_a_crawl_that_is_a_source_too_belongs_to_itself(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/", OAK, links=("/a",))
    site.put("/a", BOATS)
    bench.sync(reader.name("/", depth=1))
    bench.sync(reader.name("/a"))
    bench.sync(site.at("/"))
    assert reader.texts().keys() == {"/", "/a"}
    assert bench.sync().unchanged == 2
    bench.indexer().remove_sources([site.at("/a")])
    bench.sync()
    assert reader.texts().keys() == {"/", "/a"}


def test_a_folder_as_source_has_nothing_to_do_with_pages(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", BOATS)
    bench.sync(reader.name("/a"))
    bench.write(cat="The cat sleeps.")
    bench.sync(".")
    assert len(bench.texts()) == 2
    assert bench.sync(".").removed == ()
    assert len(bench.sync().skipped) == 0


def test_a_preview_fetches_nothing(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", BOATS)
    bench.sync(reader.name("/a"))
    site.clear()
    report = bench.indexer().preview()
    assert (report.removed, report.added, site.asked) == ((), (), [])


def test_what_was_fetched_may_be_damaged(reader: Reader) -> None:
    site, bench = reader.site, reader.bench
    site.put("/a", BOATS)
    bench.sync(reader.name("/a"))
    [page] = (bench.index / "web").iterdir()
    note = json.loads((page / "about.json").read_text())
    for broken in ("{", "[]", json.dumps({**note, "file": "../../catalog.sqlite"}),
                   json.dumps({**note, "address": "http://192.0.2.1/"})):  # fmt: skip
        (page / "about.json").write_text(broken)
        site.clear()
        assert bench.sync().unchanged == 1
        assert site.asked == ["/a"]
        assert site.spared == []
