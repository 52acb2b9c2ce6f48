"""`askdoc eval` for real: documents on disk, the real index, the real embedder."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator
from pexpect import EOF
from tests.evals.conftest import FACTS, QUESTIONS, run, timeless
from tests.terminals import Screen

from askdoc import formats
from askdoc.ask import rank
from askdoc.models.cache import cache_folder
from askdoc.store.catalog import SqliteCatalog
from askdoc.store.chroma import ChromaStore
from askdoc.types import Hit


def test_a_run_its_json_and_its_files(work: Path) -> None:
    done = run(
        "--json", "--html", "r.html", "--junit", "r.xml", "--markdown", "r.md", "--csv", "r.csv"
    )
    assert (done.exit_code, done.stderr) == (0, "")
    data = json.loads(done.stdout)
    Draft202012Validator(formats.schema("eval")).validate(data)
    (suite,) = data["suites"]
    assert (suite["suite"], suite["cases"], suite["failures"]) == ("village", 10, 0)
    assert suite["metrics"]["quote_valid"]["mean"] == 1
    assert suite["metrics"]["evidence_hit@5"]["mean"] >= 0.9
    assert suite["metrics"]["latency_p50_ms"]["n"] == 10
    assert set(suite["tags"]) == {"even", "odd"}
    answer = suite["results"][0]["answer"]
    Draft202012Validator(formats.schema("answer")).validate(
        {**answer, "evidence": [{**item, "text": ""} for item in answer["evidence"]]}
    )
    assert (work / "r.html").read_text("utf-8").startswith("<!doctype html>")
    root = ET.parse(work / "r.xml").getroot()  # noqa: S314 - our own file
    assert [node.get("name") for node in root] == ["village", "village gate"]
    assert "| `evidence_hit@1` |" in (work / "r.md").read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO((work / "r.csv").read_text("utf-8"))))
    assert [row["id"] for row in rows] == list(QUESTIONS)


def test_a_second_run_asks_nothing_and_says_the_same(
    work: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    from askdoc.ask.answer import Answerer

    shutil.rmtree(tmp_path / "eval")
    first = json.loads(run("--json").stdout)
    monkeypatch.setattr(Answerer, "answer", None)
    monkeypatch.setattr(Answerer, "embed", None)
    assert json.loads(run("--json").stdout) == first


def test_weaker_retrieval_is_caught_and_the_cases_that_lost_their_passage_named(
    work: Path, monkeypatch: Any
) -> None:
    assert run("village", "--top-k", "3", "--save-baseline").exit_code == 0
    search = SqliteCatalog.search

    def forgetful(self: SqliteCatalog, terms: Sequence[str], *rest: Any, **more: Any) -> list[Hit]:
        """Find nothing where a question is about the bees, the mill or something in the village."""
        lost = {"coloni", "mill", "choir", "bread", "goat", "clock"} & set(terms)
        return [] if lost else search(self, terms, *rest, **more)

    def backwards(self: ChromaStore, vector: Any, limit: int, *rest: Any) -> list[Hit]:
        if any(rest):
            return []  # nor within a document that the question names
        found = nearest(self, vector, 50, *rest)
        return [Hit(hit.chunk_id, 1 - hit.score) for hit in reversed(found)][:5]

    nearest = ChromaStore.search
    monkeypatch.setattr(SqliteCatalog, "search", forgetful)
    monkeypatch.setattr(ChromaStore, "search", backwards)
    done = run("village", "--top-k", "3", "--against", "evals/baselines", "--no-cache", "--json")
    assert done.exit_code == 3
    data = json.loads(done.stdout)
    (against,) = data["against"]
    assert against["metrics"]["passage_recall@10"]["regression"]
    not_found = {r["id"] for r in data["suites"][0]["results"] if r["lost"] == "not_retrieved"}
    assert {"bees", "mill", "choir", "bread", "goats", "clock"} <= not_found
    assert not_found <= {moved["id"] for moved in against["worse"]}
    moved = {case["id"]: case for case in against["worse"]}
    assert FACTS["mill"] in moved["mill"]["old"]["answer"]
    assert FACTS["mill"] not in moved["mill"]["new"]["answer"]
    assert moved["mill"]["new"]["lost"] == "not_retrieved"


def test_a_planted_regression_exits_3_and_names_the_cases(work: Path, monkeypatch: Any) -> None:
    assert run("village", "--save-baseline").exit_code == 0
    # Weakened on purpose: sentences that are unlike the question come first.
    against_it = dict.fromkeys(rank.WEIGHTS, -1.0)
    monkeypatch.setattr(rank, "WEIGHTS", against_it)
    weak = run("village", "--against", "evals/baselines", "--no-cache", "--json")
    assert weak.exit_code == 3
    data = json.loads(weak.stdout)
    (against,) = data["against"]
    assert not data["passed"]
    assert against["metrics"]["evidence_hit@1"]["regression"]
    scores = {result["id"]: result["scores"] for result in data["suites"][0]["results"]}
    lost = {case_id for case_id, of_case in scores.items() if of_case["evidence_hit@1"] == 0}
    assert {moved["id"] for moved in against["worse"]} == lost
    assert len(lost) >= 8


def test_a_reordered_suite_and_another_machine_are_no_regression(
    work: Path, monkeypatch: Any
) -> None:
    import platform

    assert run("village", "--save-baseline").exit_code == 0
    path = work / "evals/village.jsonl"
    path.write_text("\n".join(path.read_text("utf-8").splitlines()[::-1]) + "\n", "utf-8")
    monkeypatch.setattr(platform, "machine", lambda: "other")
    again = run("village", "--against", "evals/baselines", "--no-cache", "--json")
    assert again.exit_code == 0
    (against,) = json.loads(again.stdout)["against"]
    assert against["better"] == against["worse"] == against["notes"] == []


def test_a_copy_that_is_indexed_elsewhere_scores_the_same_to_the_byte(
    work: Path, tmp_path: Path
) -> None:
    first = run("village", "--save-baseline", "--no-cache", "--json")
    other = tmp_path / "another place"
    shutil.copytree(work, other, ignore=shutil.ignore_patterns(".askdoc"))
    for file in (other / "docs").iterdir():
        os.utime(file, (1_000_000_000, 1_000_000_000))
    environment = {**os.environ, "PYTHONHASHSEED": "7", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment["ASKDOC_CACHE_DIR"] = str(cache_folder())  # of compiled models
    done = subprocess.run(
        [sys.executable, "-m", "askdoc", "eval", "--against", "evals/baselines", "--json"],
        cwd=other, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    again = json.loads(done.stdout)
    (against,) = again.pop("against")
    assert against["better"] == against["worse"] == against["notes"] == []
    assert json.dumps(timeless(again)) == json.dumps(timeless(json.loads(first.stdout)))


def test_a_floor_that_is_missed_exits_3(work: Path) -> None:
    rules = '[suites.village.floors]\n"ece" = 0.0\n'
    (work / "evals/askdoc-eval.toml").write_text(rules, encoding="utf-8")
    done = run("village")
    assert done.exit_code == 3
    assert "missed  ece" in done.stdout
    narrowed = run("village", "--only", "even")
    assert narrowed.exit_code == 0, "floors are for whole suites"


def test_a_report_is_written_over_a_report_alone(work: Path) -> None:
    suite = (work / "evals/village.jsonl").read_bytes()
    for option in ("--html", "--junit", "--markdown", "--csv"):
        refused = run("village", option, "evals/village.jsonl")
        assert refused.exit_code == 2
        assert "`evals/village.jsonl` is there already, and is no" in refused.stderr
        assert run("village", option, "report").exit_code == 0
        assert run("village", option, "report").exit_code == 0, "its own may be replaced"
        (work / "report").unlink()
        nowhere = run("village", option, "a folder/report")
        assert nowhere.exit_code == 2
        assert "there is no folder `a folder` for the" in nowhere.stderr
        assert "hint: make it: `mkdir -p 'a folder'`" in nowhere.stderr
    assert not (work / "a folder").exists()
    assert (work / "evals/village.jsonl").read_bytes() == suite
    both = run("village", "--html", "x", "--csv", "./x")
    assert (both.exit_code, "name the same file" in both.stderr) == (2, True)


def test_documents_that_changed_are_named(work: Path) -> None:
    file = next(path for path in (work / "docs").iterdir() if "pier" in path.name)
    file.write_text(file.read_text("utf-8") + " More.", encoding="utf-8")
    done = run("village")
    assert done.exit_code == 3
    told = " ".join(done.stderr.split())
    assert f"1 document changed since indexed: `{file.name}`; run `askdoc index`" in told


def test_a_rightful_refusal_is_right(work: Path) -> None:
    path = work / "evals/village.jsonl"
    case = {"id": "no", "question": "Who won the chess final in Oslo?", "answerable": False}
    path.write_text(path.read_text("utf-8") + json.dumps(case) + "\n", encoding="utf-8")
    (suite,) = json.loads(run("village", "--json", "--min-confidence", "0.5").stdout)["suites"]
    found = {result["id"]: result for result in suite["results"]}
    assert (found["no"]["status"], found["no"]["right"]) == ("abstained", True)
    assert all((result["lost"] is None) == result["right"] for result in suite["results"])
    refusals = sum(result["status"] == "abstained" for result in suite["results"])
    assert suite["metrics"]["abstention_precision"]["n"] == refusals
    assert suite["metrics"]["abstention_recall"]["n"] == 1


def test_a_case_that_cannot_be_scored_exits_1(work: Path) -> None:
    path = work / "evals/village.jsonl"
    path.write_text(path.read_text("utf-8").replace("rebuilt in oak", "rebuilt in elm"), "utf-8")
    done = run("village")
    assert done.exit_code == 1
    assert "failed  pier: `pier.txt` does not contain the quote" in " ".join(
        done.stdout.split("\n")
    )
    told = run("lint", "village")
    assert told.exit_code == 1
    assert "rebuilt in oak" in told.stdout
    path.write_text(path.read_text("utf-8").replace("rope bridge over the", "rope brige over a"))
    fixed = run("lint", "village", "--fix")
    assert (fixed.exit_code, fixed.stdout) == (0, "evals/village.jsonl  sound\n")
    assert "fixed 2 cases" in fixed.stderr
    assert run("lint", "village", "--json").exit_code == 0
    assert run("village").exit_code == 0


def test_another_folder_is_indexed_once_and_the_own_index_left_alone(
    work: Path, tmp_path: Path
) -> None:
    other = tmp_path / "set"
    shutil.copytree(work / "docs", other / "docs")
    shutil.copy(work / "evals/village.jsonl", other / "suite.jsonl")
    before = {p: p.stat().st_mtime_ns for p in (work / ".askdoc").rglob("*")}
    arguments = [str(other / "suite.jsonl"), "--documents", str(other / "docs"), "--json"]
    first = run(*arguments)
    assert first.stderr == "note: indexing `../set/docs`; later runs reuse this index\n"
    (suite,) = json.loads(first.stdout)["suites"]
    assert (suite["suite"], suite["failures"]) == ("set", 0)
    assert len(list((tmp_path / "eval/indexes").iterdir())) == 1
    again = run(*arguments)
    assert (again.exit_code, again.stderr) == (0, "")
    assert len(list((tmp_path / "eval/indexes").iterdir())) == 1
    assert {p: p.stat().st_mtime_ns for p in (work / ".askdoc").rglob("*")} == before


def test_limit_and_within(work: Path) -> None:
    done = run("village", "--limit", "4", "--seed", "2", "--within", "--json")
    (suite,) = json.loads(done.stdout)["suites"]
    assert suite["cases"] == 4
    assert suite["metrics"]["recall@1"]["mean"] == 1
    assert run("village", "--limit", "4", "--save-baseline").exit_code == 2


def test_making_a_suite(work: Path) -> None:
    assert run("new", "mine").exit_code == 0
    assert run("mine").exit_code == 1
    quote = ["--quote", "keeps fresh for nine  days"]
    added = run(
        "add", "mine", "How long is bread good?", "--answer", "nine days", *quote, "--id", "b"
    )
    assert added.exit_code == 0, added.stderr
    (case,) = [
        json.loads(x) for x in (work / "evals/mine.jsonl").read_text().splitlines() if x[0] != "#"
    ]
    assert case["evidence"] == [{"document": "bread.txt", "quote": "keeps fresh for nine days"}]
    wrong = run("add", "mine", "What?", "--quote", "keeps fresh for ten days in a linen cloth")
    assert wrong.exit_code == 2
    assert "the nearest text, in `bread.txt`" in wrong.stderr
    assert run("add", "mine", "Who flies?", "--unanswerable").exit_code == 0
    assert run("generate", "mine", "--n", "5").exit_code == 0
    drafts = [x for x in (work / "evals/mine.jsonl").read_text().splitlines() if '"draft"' in x]
    assert drafts
    reviewed = run("review", "mine", input="x\n" + "e\nIs it so?\n\n" * len(drafts))
    assert reviewed.exit_code == 0
    assert "there is no choice `x`; choose one of k, e, d, s, q" in reviewed.stdout
    assert f"kept {len(drafts)}, dropped 0, 0 drafts left" in reviewed.stdout
    assert '"draft"' not in (work / "evals/mine.jsonl").read_text()
    assert run("mine").exit_code == 0


def shows(screen: Screen, *words: str) -> None:
    """Wait until the screen shows the words, one after another, and then no more."""
    for _ in range(600):
        rest = screen.text
        for word in words:
            rest = rest.partition(word)[2] if word in rest else "missing"
        if not rest:
            return
        with suppress(EOF):
            screen.read(0.1)
    raise AssertionError(screen.text)


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
def test_a_single_key_needs_no_enter(work: Path) -> None:
    path = work / "evals/mine.jsonl"
    line = '{{"id": "{}", "question": "Why {}?", "answerable": false, "tags": ["draft"]}}\n'
    path.write_text("".join(line.format(name, name) for name in "abcd"))
    command = [sys.executable, "-m", "askdoc", "eval", "review", "mine"]
    with closing(Screen(command, work, columns=80, rows=60)) as screen:
        shows(screen, "1 of 4", "[q]uit?")
        screen.press("k")
        shows(screen, "2 of 4", "[q]uit?")
        screen.press("\r\r")  # from habit
        screen.press("x")
        shows(screen, "2 of 4", "there is no choice `x`", "[q]uit?")
        screen.press("\t")
        shows(screen, "there is no choice `\\t`", "[q]uit?")
        assert screen.text.count("there is no choice") == 2
        screen.press("d")
        shows(screen, "3 of 4", "[q]uit?")
        screen.press("\x04")
        shows(screen, "kept 1, dropped 1, 2 drafts left")
    kept = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(case["id"], case["tags"]) for case in kept] == [
        ("a", []),
        ("c", ["draft"]),
        ("d", ["draft"]),
    ]


def test_floors_are_written_from_a_run(work: Path) -> None:
    bare = run("village")
    assert bare.exit_code == 0
    assert bare.stdout.splitlines()[0] == "village  10 of 10 right, 0 wrong"
    assert bare.stdout.splitlines()[-1].startswith("`village` has no floors")
    shown = run("floors", "village")
    assert (shown.exit_code, (work / "evals/askdoc-eval.toml").exists()) == (0, False)
    assert "evidence_hit@1" in shown.stdout
    assert run("floors", "village", "--write").exit_code == 0
    assert run("village").stdout.splitlines()[-1] == "passed"
    assert run("village", "--max-sentences", "3", "--top-k", "1").exit_code in (0, 3)


def test_calibrate_sets_the_threshold_and_says_its_price(work: Path) -> None:
    refused = run("calibrate", "village")
    assert (refused.exit_code, "no case to tell a right answer" in refused.stderr) == (2, True)
    unknown = [
        {"id": f"u{n}", "question": question, "answerable": False}
        for n, question in enumerate(("Who won the football cup?", "What does a zebra cost?"))
    ]
    with (work / "evals/village.jsonl").open("a") as file:
        file.writelines(json.dumps(case) + "\n" for case in unknown)
    shown = run("calibrate", "village")
    assert shown.exit_code == 0, shown.stderr
    assert "answered wrongly" in shown.stdout
    assert "sure and wrong" in shown.stdout
    assert "min_confidence = 0.0" in (work / "askdoc.toml").read_text()
    assert run("calibrate", "village", "--write").exit_code == 0
    written = tomllib.loads((work / "askdoc.toml").read_text())
    assert written["sources"] == ["docs"]
    assert 0 < written["min_confidence"] <= written["sure_confidence"] < 1
    assert "2 refused rightly" in run("village").stdout.splitlines()[0]


def test_sweep_takes_the_sources_that_the_index_keeps(work: Path) -> None:
    (work / "askdoc.toml").unlink(missing_ok=True)
    swept = run("sweep", "village", "--set", "top_k=1,5", "--metric", "evidence_hit@1")
    assert swept.exit_code == 0, swept.stderr


def test_a_file_in_the_way_of_a_folder_is_reported(work: Path) -> None:
    (work / "blocked").write_text("here already")
    done = run("export", "village", "blocked", "--format", "ragas")
    assert done.exit_code == 1
    assert "cannot use" in done.stderr
    assert "blocked" in done.stderr


def test_explain_and_sweep(work: Path) -> None:
    told = run("explain", "pier")
    assert told.exit_code == 0
    assert "the gold is in passage 1" in told.stdout
    assert "ended as it should" in told.stdout
    assert run("explain", "peer").stderr.endswith("hint: did you mean `pier`?\n")
    swept = run("sweep", "village", "--set", "top_k=1,5", "--metric", "evidence_hit@1")
    assert swept.exit_code == 0, swept.stderr
    assert "best trade-off" in swept.stdout
    assert "held out" in swept.stdout or "no setting does better" in swept.stdout
    assert run("sweep", "village").exit_code == 2
    wrong = run("sweep", "village", "--set", "topk=1,5", "--limit", "2")
    assert (wrong.exit_code, "did you mean `top_k`?" in wrong.stderr) == (2, True)


def test_import_and_export(work: Path) -> None:
    assert run("export", "village", "out", "--format", "squad").exit_code == 0
    assert run("import", "out/village.json", "set").exit_code == 0
    assert len(list((work / "set/docs").iterdir())) == 10
    done = run("set/suite.jsonl", "--documents", "set/docs", "--json")
    assert json.loads(done.stdout)["suites"][0]["failures"] == 0
    assert run("import", "out/village.json", "set").exit_code == 2
    before = (work / "out/village.json").read_bytes()
    (work / "out/village.json").write_text("mine", encoding="utf-8")
    refused = run("export", "village", "out", "--format", "squad")
    assert refused.exit_code == 2
    assert "`out/village.json` exists already" in refused.stderr
    assert (work / "out/village.json").read_text("utf-8") == "mine"
    assert run("export", "village", "out", "--format", "squad", "--force").exit_code == 0
    assert (work / "out/village.json").read_bytes() == before


def test_a_name_that_stands_for_two_suites_is_refused(work: Path) -> None:
    shutil.copytree(work / "evals", work / "village")
    (work / "village/village.jsonl").rename(work / "village/suite.jsonl")
    told = run("village")
    assert told.exit_code == 2
    assert "hint: name the file: `evals/village.jsonl` or `village/suite.jsonl`" in told.stderr
    assert run("lint", "village/suite.jsonl").exit_code == 0
    (work / "evals/village.jsonl").unlink()
    assert run("lint", "village").exit_code == 0


def test_a_broken_suite_keeps_no_other_from_being_run(work: Path) -> None:
    (work / "evals/broken.jsonl").write_text('{"id": "x"}\n', encoding="utf-8")
    done = run("--json")
    assert done.exit_code == 1
    assert [suite["suite"] for suite in json.loads(done.stdout)["suites"]] == ["village"]
    assert done.stderr.startswith("error: ")
    assert "broken.jsonl:1: " in done.stderr
    assert run("village").exit_code == 0
    alone = run("broken")
    assert (alone.exit_code, alone.stdout) == (1, "")


def test_a_broken_suite_keeps_no_other_from_being_looked_at(work: Path) -> None:
    (work / "evals/broken.jsonl").write_text('{"id": "x"}\n', encoding="utf-8")
    (work / "evals/bare.jsonl").write_text("# nothing yet\n", encoding="utf-8")
    told = run("lint")
    assert told.exit_code == 1
    assert "evals/broken.jsonl  1 error, 0 warnings" in told.stdout
    assert "evals/bare.jsonl  1 error, 0 warnings" in told.stdout
    assert "evals/village.jsonl  sound" in told.stdout
    assert run("explain", "pier").exit_code == 0
    unknown = run("explain", "nothing-like-it")
    assert (unknown.exit_code, "no case in" in unknown.stderr) == (1, True)


def test_a_suite_of_drafts_alone_is_reported_as_such(work: Path) -> None:
    path = work / "evals/new.jsonl"
    path.write_text('{"id": "a", "question": "?", "tags": ["draft"]}\n', encoding="utf-8")
    told = run("evals/new.jsonl")
    assert told.exit_code == 2
    assert "are drafts that nobody has reviewed" in told.stderr
    assert "evals/new.jsonl`, or run them as they are: `--drafts`" in " ".join(told.stderr.split())


def test_a_case_cannot_be_added_as_answerable_and_not(work: Path) -> None:
    before = (work / "evals/village.jsonl").read_bytes()
    told = run("add", "village", "Who?", "--unanswerable", "--answer", "Ada")
    assert told.exit_code == 2
    assert "leave out `--unanswerable`" in told.stderr
    far = run("add", "village", "Who?", "--quote", "zebras quantise marmalade")
    assert far.exit_code == 2
    assert "nearest" not in far.stderr
    assert "`askdoc search` finds the passage" in far.stderr
    assert (work / "evals/village.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "there is no suite `nowhere`"),
        (["village", "--only", "none"], "no case with the tag `none`"),
        (["village", "--against", "nowhere"], "there is no baseline"),
        (["village", "--documents", "nowhere"], "there is no folder"),
    ],
)
def test_wrong_usage_exits_2(work: Path, arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.stderr


def test_help_needs_no_heavy_import() -> None:
    code = (
        "import sys; from askdoc.cli.app import make_app; from typer.testing import CliRunner;"
        "CliRunner().invoke(make_app(), ['eval', 'run', '--help']);"
        "print([m for m in ('torch', 'chromadb', 'jinja2', 'pygal') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    assert done.stdout.strip() == "[]"


def test_a_suite_without_one_case_that_can_be_scored_says_why(work: Path) -> None:
    lines = (
        {"id": f"c{i}", "question": "q?", "evidence": [{"document": "none.txt", "quote": "x"}]}
        for i in range(12)
    )
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (work / "evals/lost.jsonl").write_text(text, encoding="utf-8")
    done = run("lost", "--html", "report.html")
    assert done.exit_code == 1
    assert "c9: there is no document `none.txt` in the index" in done.stdout
    assert "c10:" not in done.stdout
    assert "and 2 more" in done.stdout
    assert "c10:" in run("lost", "--all").stdout
    assert run("lost", "--json").exit_code == 1
