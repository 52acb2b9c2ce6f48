"""What a run looks like: terminal, JUnit, Markdown, CSV, and the page in a real browser."""

from __future__ import annotations

import csv
import io
import random
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from askdoc.evals import baseline, files, gate
from askdoc.evals.baseline import Comparison
from askdoc.evals.gate import Rules, SuiteRules
from askdoc.evals.html import page as eval_html
from askdoc.evals.lint import Finding, Level
from askdoc.evals.metrics import NAMES
from askdoc.evals.report import CaseFailure, EvalReport, Outcome
from askdoc.evals.run import evaluate
from askdoc.evals.suite import Suite
from askdoc.evals.wording import MEANING, WHY, headline, verdict
from askdoc.render.console import make_console, page
from askdoc.render.evals import finding_lines, report_lines
from askdoc.strings import one_line
from askdoc.types import Answer, EvalCase, GoldEvidence, Reason, Status

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
RULES = Rules(suites={"small": SuiteRules({"evidence_hit@1": 0.95})})


def make_run(
    corpus: Any, say: Any, tmp_path: Path, n: int = 40
) -> tuple[EvalReport, dict[str, Comparison]]:
    """A run in which every third answer is wrong, against one in which every tenth was."""
    places = [say.orbit, say.far, say.star, say.away, say.live]
    cases = [
        EvalCase(
            f"c{i:04}",
            f"Question <script>alert({i})</script> | \x1b[31m{i}?",
            answers=("27 days",),
            evidence=(GoldEvidence(*places[i % 5]),),
            tags=("first" if i % 2 else "second",),
        )
        for i in range(n)
    ]
    cases += [EvalCase(f"u{i}", f"Unknown {i}?", answerable=False) for i in range(n // 5)]

    def answering(every: int) -> Any:
        def answer(case: EvalCase) -> Any:
            i = int(case.id[1:])
            right, wrong = places[i % 5], places[(i + 2) % 5]
            conf = random.Random(case.id).random()  # noqa: S311 - made-up data
            if not case.answerable and i % 2:
                return corpus.answer(case.question, evidence=[wrong], confidence=conf / 2)
            cited = [wrong] if i % every == 0 or not case.answerable else [right]
            evidence = [*cited, right] if i % 2 else cited
            return corpus.answer(
                case.question, cited=cited, evidence=evidence, confidence=conf, ms=20 + i
            )

        return answer

    suite = Suite("small", tuple(cases))
    old, new = (evaluate(suite, answering(every), corpus) for every in (10, 3))
    for run in (old, new, old):
        baseline.save(baseline.make(run, commit="abc"), tmp_path)
    comparison = baseline.compare(baseline.load(tmp_path, "small"), new)
    dropped = tuple(
        ("small", metric)
        for metric, change in comparison.changes.items()
        if gate.is_regression(metric, change, RULES)
    )
    report = EvalReport((new,), tuple(gate.judge(new, RULES)), dropped)
    return report, {"small": comparison}


def make_page(report: EvalReport, comparisons: dict[str, Comparison], folder: Path) -> str:
    history = {"small": baseline.history(folder, "small")}
    return eval_html.page(report, eval_html.Background(comparisons, history, RULES))


def test_every_metric_has_its_meaning() -> None:
    assert set(MEANING) == set(NAMES)


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_terminal_shows_scores_gate_and_who_moved(
    corpus: Any, say: Any, tmp_path: Path, width: int
) -> None:
    report, comparisons = make_run(corpus, say, tmp_path)
    console = make_console(width=width, file=io.StringIO())
    for everything in (False, True):
        shown = page(console)
        shown.show(report_lines(report, comparisons, RULES, shown, everything=everything))
    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    assert "\x1b" not in told
    assert "evidence_hit@1 is 0.650, needed at least 0.950" in one_line(told)
    assert "12 got worse" in told
    assert "2 got better" in told
    assert "small  26 of 48 right, 18 wrong, 4 refused rightly" in told
    assert "was  The moon is far. [1]" in told
    wrong = Counter(result.lost for result in report.suites[0].results if result.lost)
    assert sum(wrong.values()) == 18
    for lost, count in wrong.items():
        assert f"{count} {WHY[lost]}" in one_line(told)
    assert "and 8 more: --all or --html" in told
    assert "not passed" in told


def test_five_figures_come_first_and_all_on_demand(corpus: Any, say: Any, tmp_path: Path) -> None:
    report, _ = make_run(corpus, say, tmp_path)
    (suite,) = report.suites
    assert headline(suite) == [
        "evidence_hit@1",
        "evidence_hit@5",
        "citation_f1",
        "abstention_f1",
        "latency_p95_ms",
    ]
    paper = page(make_console(width=80, file=io.StringIO()))
    for everything, names in {False: headline(suite), True: list(suite.metrics)}.items():
        lines = report_lines(report, {}, RULES, paper, everything=everything)
        first_words = [word for line in lines for word in line.plain.split()[:1]]
        shown = [word for word in first_words if word in NAMES]
        assert shown == sorted(names, key=NAMES.index if everything else names.index)


def answering(answer: Answer) -> Callable[[EvalCase], Answer]:
    return lambda _: answer


def test_every_lost_case_is_counted_as_wrong_or_refused(corpus: Any, say: Any) -> None:
    known = EvalCase("k", "How long?", evidence=(GoldEvidence(*say.orbit),))
    unknown = EvalCase("u", "Who?", answerable=False)
    answers = {
        "right": corpus.answer(cited=[say.orbit]),
        "wrong": corpus.answer(cited=[say.star]),
        "refused": corpus.answer(evidence=[say.star]),
    }
    reason = Reason("unsure", "it may not answer this question")
    for name in ("right", "wrong"):
        answers[f"unsure {name}"] = replace(answers[name], status=Status.UNSURE, reason=reason)
    for answer in answers.values():
        for case in (known, unknown):
            (result,) = evaluate([case], answering(answer), corpus).results
            lost = result.outcome in (Outcome.WRONG, Outcome.REFUSED_WRONGLY)
            assert lost is (result.lost is not None)


def test_a_run_without_floors_is_not_called_passed(corpus: Any, say: Any, tmp_path: Path) -> None:
    report, _ = make_run(corpus, say, tmp_path)
    bare = replace(report, gate=tuple(gate.judge(report.suites[0], Rules())), regressions=())
    assert bare.passed
    assert verdict(bare) == (
        "`small` has no floors, so wrong answers fail nothing: `askdoc eval floors small --write`"
    )
    assert verdict(bare, narrowed=True).endswith("floors apply to whole suites only")
    met = Rules(suites={"small": SuiteRules({"evidence_hit@1": 0.5})})
    held = replace(bare, gate=tuple(gate.judge(report.suites[0], met)))
    assert verdict(held) == "passed"
    paper = page(make_console(width=80, file=io.StringIO()))
    told = "\n".join(line.plain for line in report_lines(held, {}, met, paper))
    assert "floors met  quote_valid, evidence_hit@1\n" in told
    assert "no floor    evidence_hit@5, citation_f1, abstention_f1\n" in told
    for run, rules, is_good in ((held, met, True), (bare, Rules(), False)):
        *_, last = report_lines(run, {}, rules, paper)
        assert ("good" in {str(span.style) for span in last.spans}) is is_good


def test_junit_calls_wrong_cases_failures(corpus: Any, say: Any, tmp_path: Path) -> None:
    report, _ = make_run(corpus, say, tmp_path)
    failed = CaseFailure("x", "there is no document `a\x00b`")
    (suite,) = report.suites
    broken = EvalReport(
        (replace(suite, failures=(failed,)),),
        report.gate,
        report.regressions,
    )
    root = ET.fromstring(files.junit(broken))  # noqa: S314 - our own text
    cases, of_gate = root
    wrong = sum(result.lost is not None for result in suite.results)
    assert cases.get("tests") == "49"
    assert cases.get("failures") == str(wrong) == str(len(cases.findall("testcase/failure")))
    assert cases.get("errors") == "1"
    names = [case.get("name") for case in of_gate if case.find("failure") is not None]
    assert names[0] == "evidence_hit@1"
    assert "evidence_hit@1 dropped" in names


def test_markdown_is_one_table_with_details_and_no_foreign_markup(
    corpus: Any, say: Any, tmp_path: Path
) -> None:
    report, comparisons = make_run(corpus, say, tmp_path)
    text = files.markdown(report, comparisons, RULES)
    assert text.startswith("### small: 26 of 48 right, 18 wrong, 4 refused rightly\n")
    assert text.endswith("**Not passed.**\n")
    assert "| `evidence_hit@1` | 0.650 |" in text
    assert "- **missed:** `evidence_hit@1` is 0.650, needed at least 0.950" in text
    assert "- **dropped:** `evidence_hit@1` by 0.250" in text
    assert "<script" not in text
    rows = [line for line in text.splitlines() if re.match(r"\| `c\d", line)]
    assert len(rows) == 14 == len(comparisons["small"].worse) + len(comparisons["small"].better)
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 5 for row in rows)


def test_csv_has_a_line_for_each_case_and_no_formulas(
    corpus: Any, say: Any, tmp_path: Path
) -> None:
    report, _ = make_run(corpus, say, tmp_path)
    rows = list(csv.DictReader(io.StringIO(files.table(report))))
    assert len(rows) == 48
    assert rows[1]["evidence_hit@1"] == "1"
    assert rows[-1]["citation_f1"] == ""
    assert files._inert("=SUM(A1)") == "'=SUM(A1)"


def test_the_same_run_gives_the_same_page(corpus: Any, say: Any, tmp_path: Path) -> None:
    report, comparisons = make_run(corpus, say, tmp_path)
    text = make_page(report, comparisons, tmp_path)
    assert text == make_page(report, comparisons, tmp_path)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert not re.search(r"(?:src|href)=\"(?!data:,|#)", text)
    assert "http" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL)


VOCABULARY = [
    "".join(random.Random(n).choices("abcdefghijklmnopqrst", k=2 + n % 7))  # noqa: S311
    for n in range(5000)
]
WRAPPER = """<!doctype html><iframe src="page.html" width="{width}" height="900"></iframe>
<script>addEventListener("message", (e) => {{ document.body.dataset.told = e.data; }});</script>"""
PROBE = """<script>setTimeout(() => {
  const cases = document.querySelectorAll(".case");
  const search = document.querySelector("input[type=search]");
  const before = cases.length, whole = document.querySelector("output").textContent;
  search.value = "question 39"; search.dispatchEvent(new Event("input"));
  const found = document.querySelectorAll(".case").length;
  search.value = ""; search.dispatchEvent(new Event("input"));
  const why = document.querySelector(".why");
  why.value = "wrong"; why.dispatchEvent(new Event("input"));
  const wrong = document.querySelectorAll(".case").length;
  const red = document.querySelectorAll(".case.wrong").length;
  const root = document.documentElement;
  const marked = document.querySelectorAll("mark.marked").length > 0;
  const drawings = document.querySelectorAll("svg").length;
  const overflow = root.scrollWidth - root.clientWidth;
  parent.postMessage([before, whole, found, wrong, red, marked, drawings, overflow].join(";"), "*");
}, 1500);</script>"""


@pytest.mark.skipif(not BROWSER, reason="needs Chromium or Google Chrome on the PATH")
@pytest.mark.parametrize("width", [375, 1280])
def test_the_page_works_in_a_browser_without_an_error(
    corpus: Any, say: Any, tmp_path: Path, width: int
) -> None:
    report, comparisons = make_run(corpus, say, tmp_path)
    text = make_page(report, comparisons, tmp_path).replace("</body>", f"{PROBE}</body>")
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    (tmp_path / "frame.html").write_text(WRAPPER.format(width=width), encoding="utf-8")
    done = subprocess.run(
        [
            BROWSER,
            *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
            *("--disable-background-networking", "--disable-component-update"),
            *("--enable-logging=stderr", f"--user-data-dir={tmp_path / 'profile'}"),
            *("--window-size=1400,1000", "--virtual-time-budget=8000", "--dump-dom"),
            f"file://{tmp_path / 'frame.html'}",
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    assert console == []
    told = re.search(r'data-told="([^"]*)"', done.stdout)
    assert told is not None, done.stdout[:2000]
    before, whole, found, wrong, red, marked, drawings, overflow = told[1].split(";")
    assert (before, whole, found) == ("48", "48 of 48", "1")
    assert wrong == red == str(sum(r.lost is not None for r in report.suites[0].results))
    assert (marked, overflow) == ("true", "0")
    assert int(drawings) >= 9


def test_a_page_of_2375_cases_is_under_two_megabytes(corpus: Any, say: Any) -> None:
    case = EvalCase("c", "What is it that orbits the earth?", evidence=(GoldEvidence(*say.orbit),))
    few = evaluate([case], lambda _: corpus.answer(cited=[say.orbit, say.star]), corpus)
    words = random.Random(1)  # noqa: S311 - made-up data
    results = []
    for n in range(2375):
        told = " ".join(words.choices(VOCABULARY, k=60))  # as long as a cited sentence is
        (result,) = few.results
        answer = result.graded.answer
        quote = replace(answer.citations[0], before=told[:200], after=told[200:])
        graded = replace(
            result.graded,
            case=replace(case, id=f"c{n}", question=told[:80]),
            answer=replace(answer, citations=(quote, answer.citations[1])),
        )
        results.append(replace(result, graded=graded))
    report = EvalReport((replace(few, results=tuple(results)),))
    text = eval_html.page(report, eval_html.Background({}, {}, Rules()))
    assert 500_000 < len(text.encode()) < 2_000_000


@pytest.mark.parametrize("width", [None, 60])
@pytest.mark.parametrize("case_id", ["b", "bridge-17", "bridge-" * 12])
def test_columns_of_findings_stay_apart(case_id: str, width: int | None) -> None:
    paper = replace(page(make_console(file=io.StringIO()), Path.cwd()), width=width)
    finding = Finding(case_id, Level.ERROR, "document", "there is no document `a.txt` in the index")
    _, *lines = finding_lines("village", [finding], paper)
    told = [row for line in lines for row in line.plain.splitlines()]
    assert finding.message in " ".join(" ".join(told).split())
    assert any(row.split()[-1:] == ["error"] or " error  there" in row for row in told)
    assert all(len(row) <= width for row in told if width)
    assert all(len(row.split()[0]) > 1 for row in told[1:])  # no column of single letters
