from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from askdoc.errors import SettingsError, SuiteError, UsageError
from askdoc.evals import baseline as baselines
from askdoc.evals import gate
from askdoc.evals import suite as suites
from askdoc.evals.gate import Rules, SuiteRules
from askdoc.evals.report import CaseFailure, EvalReport, SuiteReport
from askdoc.evals.report_json import report_to_json
from askdoc.evals.run import evaluate
from askdoc.evals.suite import Suite
from askdoc.formats import schema
from askdoc.types import EvalCase, GoldEvidence, Turn

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def run(
    corpus: Any, say: Any, *, wrong: Sequence[int] = (), order: int = 1, ms: float = 10
) -> SuiteReport:
    """Twenty cases that are answered rightly but for `wrong`, and five to refuse."""
    gold = GoldEvidence(*say.orbit)
    cases = [EvalCase(f"c{n:02}", f"question {n}?", evidence=(gold,)) for n in range(20)]
    cases += [EvalCase(f"u{n}", "unknown?", answerable=False) for n in range(5)]
    bad = {f"c{n:02}" for n in wrong}

    def answer(case: EvalCase) -> Any:
        if not case.answerable:
            return corpus.answer(evidence=[say.star], confidence=0.2, ms=ms)
        cited = [say.star] if case.id in bad else [say.orbit]
        return corpus.answer(case.question, cited=cited, confidence=0.8, ms=ms)

    return evaluate(Suite("small", tuple(cases[::order])), answer, corpus)


def stored(tmp_path: Path, report: SuiteReport) -> baselines.Baseline:
    baselines.save(baselines.make(report, commit="abc", now=NOW), tmp_path)
    return baselines.load(tmp_path, report.suite)


def regressions(comparison: baselines.Comparison, rules: Rules | None = None) -> list[str]:
    rules = rules or Rules()
    return [m for m, c in comparison.changes.items() if gate.is_regression(m, c, rules)]


def test_a_planted_regression_is_caught_and_its_cases_are_named(
    tmp_path: Path, corpus: Any, say: Any
) -> None:
    baseline = stored(tmp_path, run(corpus, say, wrong=[3]))
    lost = [1, 2, *range(4, 11)]
    comparison = baselines.compare(baseline, run(corpus, say, wrong=lost))
    assert set(regressions(comparison)) >= {"evidence_hit@1", "citation_f1", "recall@10"}
    assert [moved.id for moved in comparison.worse] == [f"c{n:02}" for n in lost]
    assert [moved.id for moved in comparison.better] == ["c03"]
    assert comparison.worse[0].old.answer == "It orbits the earth in 27 days. [1]"
    assert comparison.worse[0].new.answer == "The sun is a star. [1]"
    change = comparison.changes["evidence_hit@1"]
    assert (change.better, change.worse, change.n) == (1, 9, 20)
    assert change.difference == pytest.approx(-8 / 20)


def test_a_harmless_change_is_not_caught(tmp_path: Path, corpus: Any, say: Any) -> None:
    baseline = stored(tmp_path, run(corpus, say, wrong=[3]))
    again = baselines.compare(baseline, run(corpus, say, wrong=[3], order=-1, ms=900))
    assert regressions(again) == []
    assert (again.better, again.worse, again.notes) == ((), (), ())
    few_moved = baselines.compare(baseline, run(corpus, say, wrong=[1, 2, 3]))
    assert regressions(few_moved) == []
    assert [moved.id for moved in few_moved.worse] == ["c01", "c02"]


def test_the_same_run_is_stored_to_the_byte(tmp_path: Path, corpus: Any, say: Any) -> None:
    written = []
    for name, order in (("a", 1), ("b", -1)):
        stored(tmp_path / name, run(corpus, say, order=order))
        written.append((tmp_path / name / "small.json").read_bytes())
    assert written[0] == written[1]


def test_a_tolerance_lets_a_clear_drop_pass(tmp_path: Path, corpus: Any, say: Any) -> None:
    baseline = stored(tmp_path, run(corpus, say))
    comparison = baselines.compare(baseline, run(corpus, say, wrong=range(7)))
    assert "evidence_hit@1" in regressions(comparison)
    assert regressions(comparison, Rules(tolerance=0.4)) == []
    assert regressions(comparison, Rules(watch=("auroc",))) == []


def test_refusals_that_stop_are_caught_as_a_score_of_the_set(
    tmp_path: Path, corpus: Any, say: Any
) -> None:
    baseline = stored(tmp_path, run(corpus, say))
    new = run(corpus, say)
    eager = [
        replace(r, graded=replace(r.graded, answer=corpus.answer(cited=[say.star])))
        if r.id.startswith("u")
        else r
        for r in new.results
    ]
    comparison = baselines.compare(baseline, replace(new, results=tuple(eager)))
    assert comparison.changes["abstention_f1"].difference == -1
    assert comparison.changes["abstention_f1"].p is None
    assert "abstention_f1" in regressions(comparison)
    assert [moved.id for moved in comparison.worse] == [f"u{n}" for n in range(5)]


def test_other_cases_or_documents_are_not_compared_unless_asked(
    tmp_path: Path, corpus: Any, say: Any
) -> None:
    report = run(corpus, say)
    baseline = stored(tmp_path, report)
    corpora = replace(report, fingerprint=replace(report.fingerprint, corpus="other"))
    with pytest.raises(UsageError, match="not comparable: the corpus differs"):
        baselines.compare(baseline, corpora)
    fewer = replace(
        report,
        results=report.results[:10],
        fingerprint=replace(report.fingerprint, suite="other", settings="new"),
    )
    with pytest.raises(UsageError, match="the suite differs"):
        baselines.compare(baseline, fewer)
    comparison = baselines.compare(baseline, fewer, anyway=True)
    assert comparison.notes == (
        "the suite differs",
        "the settings differ",
        "15 cases are in one run only, and are left out",
    )
    assert comparison.changes["evidence_hit@1"].n == 10


def test_a_baseline_reads_back_and_keeps_a_history(tmp_path: Path, corpus: Any, say: Any) -> None:
    first = stored(tmp_path, run(corpus, say))
    assert first == baselines.make(run(corpus, say), commit="abc", now=NOW)
    stored(tmp_path, run(corpus, say, wrong=[0]))
    past = baselines.history(tmp_path, "small")
    assert [p.means["evidence_hit@1"] for p in past] == [1, 0.95]
    assert baselines.history(tmp_path, "other") == []


def test_what_is_no_baseline(tmp_path: Path, corpus: Any, say: Any) -> None:
    with pytest.raises(UsageError, match="there is no baseline"):
        baselines.load(tmp_path, "small")
    (tmp_path / "small.json").write_text("{}")
    with pytest.raises(SuiteError, match="is not a baseline"):
        baselines.load(tmp_path, "small")
    stored(tmp_path, run(corpus, say))
    with pytest.raises(SuiteError, match="a baseline of `small`, not of `other`"):
        baselines.load(tmp_path / "small.json", "other")
    broken = evaluate(
        [EvalCase("a", "?", evidence=(GoldEvidence("moon.txt", "nowhere"),))],
        lambda _: corpus.answer(),
        corpus,
    )
    with pytest.raises(SuiteError, match="1 cases of `cases` failed"):
        baselines.make(broken, commit=None)


def test_floors(corpus: Any, say: Any) -> None:
    floors = {"evidence_hit@1": 0.95, "latency_p95_ms": 5.0, "token_f1": 0.5}
    rules = Rules(suites={"small": SuiteRules(floors)})
    verdicts = {v.metric: v for v in gate.judge(run(corpus, say, wrong=[3]), rules)}
    assert verdicts["quote_valid"].passed
    assert verdicts["evidence_hit@1"].passed
    assert not verdicts["latency_p95_ms"].passed
    assert verdicts["token_f1"].mean is None
    assert not verdicts["token_f1"].passed
    assert not EvalReport((), tuple(verdicts.values())).passed
    assert EvalReport((), (verdicts["evidence_hit@1"],)).passed


def test_floors_of_a_suite_that_is_typed_wrong_are_an_error() -> None:
    rules = Rules(suites={"hnd": gate.SuiteRules({"ece": 0.1}), "elsewhere": gate.SuiteRules()})
    with pytest.raises(SettingsError, match="has floors for `hnd`") as told:
        gate.expect_suites(rules, {"hand", "other"})
    assert told.value.hint == "did you mean `hand`?"
    gate.expect_suites(rules, {"hnd", "quite-different"})


def test_rules_are_read_and_checked(tmp_path: Path) -> None:
    assert gate.load(tmp_path) == Rules()
    file = tmp_path / "askdoc-eval.toml"
    file.write_text('tolerance = 0.02\n[suites.seeds.floors]\n"evidence_hit@1" = 0.9\n')
    rules = gate.load(tmp_path)
    assert rules.floors("seeds") == {"quote_valid": 1.0, "evidence_hit@1": 0.9}
    for text, message in [
        ("tolerence = 1", "unknown field `tolerence`"),
        ('watch = ["evidence_hit1"]', "no metric `evidence_hit1`"),
        ("tolerance = ", "invalid value"),
        ("tolerance = 2", "`tolerance` must be a number of at most 1"),
        ('suites.seeds.floors."evidence_hit@1" = 90', "is 90, which no run can reach"),
        ("suites.seeds.floors.ece = nan", "is nan, which no run can reach"),
        ("suites.seeds.evidnce = 1", "evidnce"),
    ]:
        file.write_text(text)
        with pytest.raises(SettingsError, match=message):
            gate.load(tmp_path)


def test_the_json_of_a_run_is_as_its_schema_says(tmp_path: Path, corpus: Any, say: Any) -> None:
    report = run(corpus, say, wrong=[1, 2])
    comparison = baselines.compare(stored(tmp_path, run(corpus, say)), report)
    verdicts = tuple(gate.judge(report, Rules(suites={"small": SuiteRules({"token_f1": 1})})))
    data = report_to_json(
        EvalReport((report,), verdicts), base=tmp_path, comparisons={"small": comparison}
    )
    Draft202012Validator(schema("eval")).validate(json.loads(json.dumps(data)))
    suite = data["suites"][0]
    assert suite["cases"] == 25
    assert suite["results"][1]["lost"] == "not_retrieved"
    assert suite["results"][0]["rank"] == {
        "document": 1,
        "passage": 1,
        "sentence": 1,
        "citation": 1,
    }
    assert "text" not in suite["results"][0]["answer"]["evidence"][0]
    assert not data["passed"]
    assert [moved["id"] for moved in data["against"][0]["worse"]] == ["c01", "c02"]


def test_every_line_that_a_suite_writes_is_as_its_schema_says() -> None:
    whole = EvalCase(
        "a",
        "?",
        answers=("x",),
        evidence=(GoldEvidence("d", "q"),),
        all_evidence=True,
        relevant={"d": 1},
        history=(Turn("q", "a"),),
        tags=("t",),
    )
    for case in (whole, EvalCase("b", "?", answerable=False)):
        Draft202012Validator(schema("suite")).validate(json.loads(suites.encode(case)))


def test_a_case_is_better_only_if_it_is_right_now(tmp_path: Path, corpus: Any, say: Any) -> None:
    case = EvalCase("a", "How long?", evidence=(GoldEvidence(*say.orbit),))

    def ran(*cited: Any, evidence: Any) -> SuiteReport:
        answer = corpus.answer(cited=cited, evidence=evidence)
        return evaluate(Suite("small", (case,)), lambda _: answer, corpus)

    lost = stored(tmp_path, ran(say.star, evidence=[say.star]))
    nearer = baselines.compare(lost, ran(say.star, evidence=[say.star, say.orbit]))
    assert nearer.changes["evidence_hit@3"].difference == 1
    assert nearer.better == ()
    right = baselines.compare(lost, ran(say.orbit, evidence=[say.orbit]))
    assert [moved.id for moved in right.better] == ["a"]


def test_floors_lie_below_the_run_and_the_rest_of_the_file_stays(
    tmp_path: Path, corpus: Any, say: Any
) -> None:
    report = run(corpus, say, wrong=[3])
    found = gate.floors_of(report, Rules())
    assert found["evidence_hit@1"] == 0.94  # 19 of 20, less the tolerance
    assert "quote_valid" not in found
    assert not any(name.endswith("_ms") for name in found)
    file = tmp_path / "askdoc-eval.toml"
    file.write_text("tolerance = 0.02  # mine\n\n[suites.other.floors]\nauroc = 0.5\n")
    assert gate.write_floors(tmp_path, {report.suite: found}) == file
    rules = gate.load(tmp_path)
    assert "# mine" in file.read_text()
    assert rules.suites["other"].floors == {"auroc": 0.5}
    assert rules.suites[report.suite].floors == found
    assert all(held.passed for held in gate.judge(report, rules))
    gate.write_floors(tmp_path, {report.suite: {"evidence_hit@1": 0.5}})
    assert gate.load(tmp_path).suites[report.suite].floors == {**found, "evidence_hit@1": 0.5}
    failed = replace(report, failures=(CaseFailure("x", "broken"),))
    with pytest.raises(SuiteError, match="1 cases of"):
        gate.floors_of(failed, Rules())
