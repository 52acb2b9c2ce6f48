"""The page in a real browser: Debian's Chromium, driven by Playwright.

`ASKDOC_PICTURES=docs/guide/pictures` has the tests save the pictures of the documentation there.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from fpdf import FPDF
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

import askdoc
from askdoc import workspace
from askdoc.serve.engine import Engine, Limits
from askdoc.serve.guard import Rules
from askdoc.serve.indexing import Indexing
from askdoc.serve.page.routes import _within
from askdoc.types import Answer, Support, Wrote
from askdoc.types.ports import Listener

from .conftest import serving

CHROMIUM = shutil.which("chromium")
PICTURES = os.environ.get("ASKDOC_PICTURES")
expect.set_options(timeout=30_000)  # a busy machine is slow

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium, Debian's `chromium`")

MINUTES = """\
# Minutes of the harbour committee

## Attendance

Present were Ines Falk, who chaired, Tom Abara and Ruth Lindqvist.

## The old pier

The committee decided to close the old pier to traffic from 3 March until the piles are replaced.
Tom Abara reported that divers found rot in eleven of the forty piles.
Ruth Lindqvist asked that anglers keep their access from the north side.

## Money

The repair is estimated at 184,000 crowns, of which the county pays two thirds.
"""
RULES = """\
# Rules for boats

- A boat may stay at the guest jetty for seven nights in a row.
- Between ten at night and six in the morning the speed limit is three knots.
- Waste oil goes into the red barrel beside the crane.
"""
GARDEN = "الحديقة العامة تفتح أبوابها كل يوم في الساعة السابعة صباحا.\nالدخول مجاني للجميع.\n"
HOSTILE = """\
The lighthouse keeper is called <script>document.title = "taken"</script> Marit Odden.
<img src="x" onerror="document.title = 'taken'"> The lamp was lit in 1874.
"""
MEASURED = """\
The harbour basin was surveyed in the spring of 2023 by the county's own vessel. Soundings were \
taken on forty lines across the basin, each ten metres from the next."""
FOUND = """\
The survey found that the basin has lost half a metre of depth since 2009. Most of the silt lies \
below the eastern quay, where the current is weakest. Dredging should remove 6,200 cubic metres \
of silt before the autumn storms. The material is clean and may be used to fill the gap behind \
the new breakwater."""


def write_report(file: Path) -> None:
    """Write a report of two pages; the second has what is asked for."""
    pdf = FPDF(format=(150, 200))
    pdf.set_title("Survey of the harbour basin")
    for heading, text in (("1. How it was measured", MEASURED), ("2. What was found", FOUND)):
        pdf.add_page()
        pdf.set_font("times", "B", 16)
        pdf.multi_cell(0, 10, heading)
        pdf.ln(4)
        pdf.set_font("times", size=12)
        pdf.multi_cell(0, 7, text)
    pdf.output(str(file))


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    root = tmp_path_factory.mktemp("harbour")
    (root / "minutes").mkdir()
    (root / "minutes" / "2024-02.md").write_text(MINUTES)
    (root / "rules.md").write_text(RULES)
    (root / "garden.txt").write_text(GARDEN)
    (root / "lighthouse.txt").write_text(HOSTILE)
    (root / "scan.pdf").write_bytes(b"%PDF-1.4 broken")
    write_report(root / "survey.pdf")
    with askdoc.open(root) as library:
        library.index()
    found = workspace.find(root, overrides={"llm": "extractive"})
    engine = Engine({"harbour": found}, Limits(threads=1))
    engine.start()
    engine.wait(120)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def site(harbour: Engine) -> Iterator[str]:
    [root] = [one.root for one in harbour.workspaces.values()]
    (root / "inbox").mkdir()
    indexing = Indexing(harbour.workspaces, uploads={"harbour": root / "inbox"})
    with serving(harbour, Rules(upload=1_000_000), indexing) as address:
        yield address
    indexing.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, site: str) -> Iterator[Open]:
    """Open the page; what it reports as an error in the console fails the test."""
    problems: list[str] = []
    opened = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error" and not re.search(r"\b(404|422)\b", message.text):
            problems.append(message.text)

    def visiting(
        path: str = "/", *, width: int = 1280, height: int = 860, dark: bool = False
    ) -> Page:
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        page.on("console", note)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{site}{path}")
        opened.append(page)
        return page

    yield visiting
    for page in opened:
        page.close()
    assert problems == []


def ask(page: Page, question: str) -> None:
    """Type a question, and wait for its answer."""
    turns = page.locator("article:not(.pending)").count()
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator("article:not(.pending)")).to_have_count(turns + 1)


def picture(page: Page, name: str) -> None:
    """Save a picture for the documentation, where that is wanted."""
    if PICTURES:
        page.wait_for_timeout(300)
        shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        shot.quantize(128).save(f"{PICTURES}/{name}.png", optimize=True)


PIER = "Until when is the old pier closed?"
SILT = "How much silt should dredging remove?"


def test_an_answer_leads_to_the_sentence_marked_in_the_pdf(visit: Open) -> None:
    page = visit(width=1360)
    ask(page, SILT)
    answer = page.locator("article")
    expect(answer.locator(".claim")).to_contain_text("6,200 cubic metres of silt")
    expect(answer).to_contain_text("Confidence")
    expect(answer).to_contain_text("Supported by its source")
    # The source is on its way already; the click must not load it again.
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    answer.get_by_role("link", name="Source 1: survey.pdf, page 2").click()
    image = page.get_by_role("img", name="Page 2 of Survey of the harbour basin")
    expect(image).to_have_attribute("data-marks", "2")
    # The sentence runs over two lines, in the upper half of the page, and is all that is yellow.
    shown = Image.open(io.BytesIO(image.screenshot())).convert("RGB")
    yellow = [
        (x, y)
        for y in range(0, shown.height, 2)
        for x in range(0, shown.width, 2)
        if shown.getpixel((x, y)) == (255, 236, 130)
    ]
    heights = sorted({y for _, y in yellow})
    assert len(yellow) > 200
    assert shown.height * 0.15 < heights[0] < heights[-1] < shown.height * 0.35
    expect(page.locator(".unplaced")).to_be_hidden()
    answer.locator("a.open").click()
    assert sum("/page/source" in address for address in loaded) <= 1
    picture(page, "page-pdf")


def test_what_the_picture_does_not_show_is_not_marked(visit: Open) -> None:
    page = visit()
    page.route("**/pages/2.png*", lambda route: route.fulfill(status=404))
    ask(page, SILT)
    expect(page.get_by_text("The page cannot be shown as a picture")).to_be_visible()
    expect(page.locator("#source mark").first).to_be_visible()
    drawn = io.BytesIO()
    Image.new("RGB", (20, 30), "white").save(drawn, "PNG")
    unmarked = {"X-Askdoc-Marks": "0", "Content-Type": "image/png"}
    page.unroute("**/pages/2.png*")
    page.route(
        "**/pages/2.png*", lambda route: route.fulfill(body=drawn.getvalue(), headers=unmarked)
    )
    page.get_by_role("button", name="Close the source").click()
    page.locator("a.open").click()
    expect(page.get_by_text("The sentence could not be found on this page")).to_be_visible()


def test_a_conversation_has_follow_ups_and_refusals(visit: Open) -> None:
    page = visit()
    ask(page, "What did the committee decide about the old pier?")
    first = page.locator("article").first
    expect(first.locator(".claim").first).to_contain_text("close the old pier")
    expect(page.locator("#mark")).to_be_in_viewport()
    expect(page.locator("#mark")).to_contain_text("close the old pier")
    ask(page, "What did Tom Abara report?")
    ask(page, "and Ruth Lindqvist?")
    followed = page.locator("article").nth(2)
    expect(followed.locator(".meaning")).to_have_text(
        "Understood as: What did Ruth Lindqvist report?"
    )
    ask(page, "Who won the football cup?")
    refused = page.locator("article").nth(3)
    expect(refused).to_contain_text("Not in the documents.")
    expect(refused.locator(".near a.open").first).to_be_visible()
    expect(page.locator("#source")).to_be_hidden()
    expect(page.locator("#live")).to_contain_text("Not in the documents.")
    picture(page, "page-refusal")
    ask(page, "Who reported what the divers found?")
    last = page.locator("article").nth(4)
    last.get_by_text("Why this?").click()
    expect(last.locator(".scored li").first).to_be_visible()
    markdown = last.locator(".markdown").input_value()
    assert markdown.startswith("## Who reported what the divers found?\n")
    assert "> Tom Abara reported" in markdown
    link = last.get_by_role("link", name="Link to this question").get_attribute("href")
    assert link is not None
    again = visit(link)
    expect(again.locator(".claim").first).to_contain_text("Tom Abara")
    expect(again.locator("#mark")).to_contain_text("Tom Abara")


def test_all_is_done_by_keys(visit: Open) -> None:
    page = visit(width=700)
    page.keyboard.type(PIER)
    page.keyboard.press("Enter")
    expect(page.locator("article h2")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("a.open").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#mark")).to_be_in_viewport()
    expect(page.get_by_role("button", name="Close the source")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#source")).to_be_hidden()
    expect(page.locator("a.open").first).to_be_focused()
    page.keyboard.press("/")
    expect(page.get_by_label("Your question")).to_be_focused()


def test_a_phone_shows_all_without_scrolling_sideways(visit: Open) -> None:
    page = visit(width=360, height=740, dark=True)
    ask(page, SILT)
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(wide)
    picture(page, "page-phone")
    page.locator("a.open").click()
    expect(page.locator("img[data-marks='2']")).to_be_visible()
    assert not page.evaluate(wide)
    listed = visit("/documents", width=360)
    expect(listed.get_by_text("damaged")).to_be_visible()
    assert not listed.evaluate(wide)


def test_axe_finds_nothing_serious(visit: Open) -> None:
    page = visit()
    ask(page, PIER)
    expect(page.locator("#mark")).to_be_visible()
    ask(page, "Who won the football cup?")
    for shown, dark in ((page, False), (page, True), (visit("/documents"), False)):
        shown.emulate_media(color_scheme="dark" if dark else "light")
        found = Axe().run(shown).response["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_a_number_stays_on_the_line_of_its_statement(visit: Open) -> None:
    page = visit(width=700)
    ask(page, SILT)
    for width in range(320, 700, 20):
        page.set_viewport_size({"width": width, "height": 700})
        apart = page.locator("a.cite").evaluate(
            """link => {
              const end = document.createRange(), text = link.previousSibling;
              end.setStart(text, text.data.trimEnd().length - 1);
              end.setEnd(text, text.data.trimEnd().length);
              const [last, number] = [end, link].map((one) => one.getBoundingClientRect());
              return Math.abs((last.top + last.bottom) / 2 - (number.top + number.bottom) / 2);
            }"""
        )
        assert apart < 10, width


def test_a_link_of_an_answer_opens_at_the_sentence_without_scripts(
    browser: Browser, site: str, harbour: Engine
) -> None:
    [root] = [one.root for one in harbour.workspaces.values()]
    long = "".join(f"The buoy number {number} is painted green.\n\n" for number in range(60))
    (root / "buoys.txt").write_text(f"{long}The harbour bell was cast by Nils Ekdal.\n\n{long}")
    with askdoc.open(root) as library:
        library.index()
    asked = {"question": "Who cast the harbour bell?"}
    [cited] = httpx.post(f"{site}/v1/ask", json=asked, timeout=60).json()["citations"]
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(cited["url"])
        expect(page.locator("mark")).to_have_text(cited["quote"])
        expect(page.locator("mark")).to_be_in_viewport()


def test_what_cannot_be_shown_is_said_on_a_page(visit: Open, site: str) -> None:
    page = visit("/v1/documents/harbour:gone/passage?highlight=1-2")
    expect(page.get_by_role("alert")).to_have_text("There is no document `harbour:gone`.")
    page = visit("/nothing")
    expect(page.get_by_role("alert")).to_have_text("There is nothing at `/nothing`.")
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    ground = "getComputedStyle(document.body).backgroundColor"
    told = page.evaluate(ground)
    page.get_by_role("link", name="Ask your documents").click()
    assert page.evaluate(ground) == told
    expect(page.get_by_label("Your question")).to_be_visible()
    reply = httpx.get(f"{site}/nothing", headers={"Accept": "text/html"})
    assert (reply.status_code, "default-src" in reply.headers["content-security-policy"]) == (
        404,
        True,
    )
    assert httpx.get(f"{site}/nothing").json()["error"]["code"] == 404


def test_print_shows_the_answers_alone(visit: Open) -> None:
    page = visit()
    ask(page, SILT)
    expect(page.locator(".sources a[aria-current]")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".claim")).to_be_visible()
    for hidden in (".top", "#ask", "#source", ".actions"):
        expect(page.locator(hidden)).to_be_hidden()
    for current in (".sources a[aria-current]", "a.cite[aria-current]"):
        look = page.locator(current).evaluate(
            "link => { const { boxShadow, backgroundImage, backgroundColor } ="
            " getComputedStyle(link); return [boxShadow, backgroundImage, backgroundColor]; }"
        )
        assert look == ["none", "none", "rgba(0, 0, 0, 0)"]


def test_a_document_is_shown_as_text_and_runs_nothing(visit: Open) -> None:
    page = visit()
    ask(page, "Who is the lighthouse keeper?")
    expect(page.locator("#source")).to_contain_text('<script>document.title = "taken"</script>')
    assert page.locator("#source script, #source .text img").count() == 0
    assert page.title() == "askdoc"


def test_arabic_reads_from_right_to_left(visit: Open) -> None:
    page = visit()
    ask(page, "متى تفتح الحديقة العامة؟")
    claim = page.locator(".claim").first
    expect(claim).to_contain_text("السابعة")
    assert claim.evaluate("element => getComputedStyle(element).direction") == "rtl"
    expect(page.locator("#mark")).to_contain_text("السابعة")


def test_questions_keep_to_some_documents(visit: Open) -> None:
    page = visit("/documents")
    page.get_by_label("Show those with").fill("minutes")
    expect(page.get_by_role("link", name="Rules for boats")).to_be_hidden()
    page.get_by_role("link", name="Ask these").click()
    expect(page.get_by_label("Only in")).to_have_value("minutes/")
    ask(page, "How fast may boats be at night?")
    expect(page.locator("#thread")).not_to_contain_text("rules.md")
    page.get_by_label("Only in").fill("nowhere/")
    ask(page, PIER)
    expect(page.get_by_role("alert")).to_contain_text("No indexed document matches")


def test_claims_are_shown_one_by_one(
    visit: Open, harbour: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask_engine, steps = harbour.ask, [threading.Event() for _ in range(3)]

    async def slowly(question: str, *, listen: Listener, **more: Any) -> Answer:
        answer = await ask_engine(question, **more)
        listen(list(answer.evidence))
        await asyncio.to_thread(steps[0].wait)
        listen(Wrote(answer.claims[0], answer.citations))
        await asyncio.to_thread(steps[1].wait)
        listen(Wrote(replace(answer.claims[0], support=Support.PARTIAL), ()))
        await asyncio.to_thread(steps[2].wait)
        return answer

    monkeypatch.setattr(harbour, "ask", slowly)
    page = visit()
    page.get_by_label("Your question").fill(SILT)
    page.keyboard.press("Enter")
    pending = page.locator("article.pending")
    expect(pending.locator(".near a.open").first).to_contain_text("survey.pdf")
    assert pending.locator(".claim").count() == 0
    steps[0].set()
    expect(pending.locator(".claim")).to_contain_text("6,200 cubic metres")
    pending.locator("a.cite").click()
    expect(page.locator("#source")).to_contain_text("Page 2 of 2")
    expect(page.locator("#live")).to_contain_text("Showing")
    steps[1].set()
    expect(pending.locator(".claim").nth(1)).to_contain_text("only partly supported")
    steps[2].set()
    expect(page.locator("article:not(.pending) .claim")).to_have_count(1)
    expect(page.locator("article.pending")).to_have_count(0)


def test_files_are_added_by_drag_and_drop(visit: Open, tmp_path: Path) -> None:
    page = visit("/documents")
    drop = page.locator(".drop")
    page.evaluate(
        """() => {
          const data = new DataTransfer();
          data.items.add(new File(["The slipway is greased with tallow."], "slipway.txt"));
          data.items.add(new File(["MZ"], "tool.exe"));
          const settings = { dataTransfer: data, bubbles: true, cancelable: true };
          document.querySelector(".drop").dispatchEvent(new DragEvent("drop", settings));
        }"""
    )
    expect(drop.get_by_role("listitem").nth(0)).to_contain_text("Added", timeout=120_000)
    expect(drop.get_by_role("listitem").nth(1)).to_contain_text("no reader for `.exe` files")
    expect(page.get_by_role("link", name="inbox/slipway.txt")).to_be_visible()
    file = tmp_path / "winch.txt"
    file.write_text("The winch pulls four tons.")
    page.get_by_label("Add files").set_input_files(file)
    expect(page.get_by_role("link", name="inbox/winch.txt")).to_be_visible(timeout=120_000)
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    asking = visit()
    ask(asking, "What is the slipway greased with?")
    expect(asking.locator(".claim")).to_contain_text("tallow")


def test_the_policy_of_the_page_allows_its_own_files_alone(site: str) -> None:
    reply = httpx.get(f"{site}/")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http:" not in reply.text.replace(site, "")
    assert httpx.get(f"{site}/page/assets/..%2froutes.py").status_code == 404


def test_files_are_named_by_their_path_in_their_source() -> None:
    sources = ["/srv/papers", "/srv/papers/old", "notes.pdf", "https://example.org/a"]
    for location, shown in (
        ("/srv/papers/a/scan.pdf", "a/scan.pdf"),
        ("/srv/papers/old/scan.pdf", "scan.pdf"),
        ("notes.pdf", "notes.pdf"),
        ("https://example.org/a", "https://example.org/a"),
        ("elsewhere/scan.pdf", "elsewhere/scan.pdf"),
    ):
        assert _within(location, sources) == shown
    assert _within("/srv/one.pdf", ["/srv/one.pdf"]) == "one.pdf"
