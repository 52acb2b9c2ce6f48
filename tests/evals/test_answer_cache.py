from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from askdoc.evals import cache as answer_cache
from askdoc.evals.cache import AnswerCache, case_key, code_digest
from askdoc.types import Answer, EvalCase, Fingerprint, Turn

FINGERPRINT = Fingerprint("corpus", "settings", {"embedder": "none"}, "0")


def cache(folder: Path, corpus: Any, fingerprint: Fingerprint = FINGERPRINT) -> AnswerCache:
    return AnswerCache(folder, fingerprint, corpus)


def test_an_answer_comes_back_equal(tmp_path: Path, corpus: Any, say: Any) -> None:
    answered = corpus.answer(
        cited=[say.orbit], evidence=[say.far, say.orbit], passages=[say.star, say.far]
    )
    refused = corpus.answer(evidence=[say.far])
    with cache(tmp_path, corpus) as fresh:
        fresh.put("a", answered)
        fresh.put("b", refused)
        assert fresh.get("a") == answered
    with cache(tmp_path, corpus) as again:
        assert len(again) == 2
        assert again.get("a") == answered
        assert again.get("b") == refused
        assert again.get("c") is None


def test_only_what_is_new_is_asked(tmp_path: Path, corpus: Any, say: Any) -> None:
    asked: list[str] = []

    def answer(case: EvalCase) -> Answer:
        asked.append(case.id)
        made: Answer = corpus.answer(case.question, cited=[say.orbit])
        return made

    one, two = EvalCase("1", "why?"), EvalCase("2", "how?")
    for cases in ([one], [one, two], [two, one]):
        with cache(tmp_path, corpus) as stored:
            cached = stored.before(answer)
            assert [cached(case).question for case in cases] == [case.question for case in cases]
    assert asked == ["1", "2"]


def test_another_fingerprint_or_other_code_reuses_nothing(
    tmp_path: Path, corpus: Any, say: Any, monkeypatch: Any
) -> None:
    with cache(tmp_path, corpus) as stored:
        stored.put("a", corpus.answer(cited=[say.orbit]))
    other = Fingerprint("corpus", "settings", {"embedder": "another"}, "0")
    assert "a" not in cache(tmp_path, corpus, other)
    assert "a" in cache(tmp_path, corpus)
    monkeypatch.setattr(answer_cache, "code_digest", lambda: "edited")
    assert "a" not in cache(tmp_path, corpus)


def test_what_a_question_was_narrowed_to_is_kept(tmp_path: Path, corpus: Any, say: Any) -> None:
    whole = corpus.answer(cited=[say.orbit])
    narrowed = replace(whole, fingerprint=replace(FINGERPRINT, scope="some"))
    with cache(tmp_path, corpus) as stored:
        stored.put("a", replace(whole, fingerprint=FINGERPRINT))
        stored.put("b", narrowed)
    again = cache(tmp_path, corpus)
    scopes = [found.fingerprint.scope for key in "ab" if (found := again.get(key))]
    assert scopes == [None, "some"]


def test_a_line_half_written_is_passed_over(tmp_path: Path, corpus: Any, say: Any) -> None:
    with cache(tmp_path, corpus) as stored:
        stored.put("a", corpus.answer(cited=[say.orbit]))
        stored.put("b", corpus.answer(cited=[say.star]))
    (path,) = tmp_path.glob("*.jsonl")
    path.write_bytes(path.read_bytes()[:-20])
    with cache(tmp_path, corpus) as stored:
        assert "a" in stored
        assert "b" not in stored
        stored.put("b", corpus.answer(cited=[say.star]))
    assert "b" in cache(tmp_path, corpus)


def test_the_oldest_files_go(tmp_path: Path, corpus: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(answer_cache, "_KEPT", 3)
    for n in range(6):
        (tmp_path / f"{n}.jsonl").touch()
    cache(tmp_path, corpus)
    assert len(list(tmp_path.glob("*.jsonl"))) == 3


def test_history_is_part_of_the_question() -> None:
    plain = EvalCase("a", "and then?")
    assert case_key(plain) == case_key(EvalCase("b", "and then?"))
    assert case_key(plain) != case_key(EvalCase("a", "and then?", history=(Turn("q", "a"),)))


def test_the_digest_is_of_the_package() -> None:
    assert len(code_digest()) == 32
