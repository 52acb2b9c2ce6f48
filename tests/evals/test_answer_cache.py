from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from askdoc.evals import cache as answer_cache
from askdoc.evals.cache import AnswerCache, Entries, case_key, code_digest
from askdoc.types import EvalCase, Fingerprint, Generation, Turn

FINGERPRINT = Fingerprint("corpus", "settings", {"embedder": "none"}, "0")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "made" / "cache.sqlite"


def cache(file: Path, corpus: Any, fingerprint: Fingerprint = FINGERPRINT) -> AnswerCache:
    return AnswerCache(file, fingerprint, corpus)


def test_an_answer_comes_back_equal(file: Path, corpus: Any, say: Any) -> None:
    answered = corpus.answer(
        cited=[say.orbit], evidence=[say.far, say.orbit], passages=[say.star, say.far]
    )
    written = replace(answered, generation=Generation("model", suspicious={"S1": "it says so"}))
    refused = corpus.answer(evidence=[say.far])
    with cache(file, corpus) as fresh:
        for key, answer in {"a": answered, "b": refused, "c": written}.items():
            fresh.put(key, answer)
        assert fresh.get("a") == answered
    with cache(file, corpus) as again:
        assert len(again) == 3
        assert again.get("a") == answered
        assert again.get("b") == refused
        assert again.get("c") == written
        assert again.get("d") is None
        assert "a" in again
        assert "d" not in again


def test_another_fingerprint_or_other_code_reuses_nothing(
    file: Path, corpus: Any, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cache(file, corpus) as stored:
        stored.put("a", corpus.answer(cited=[say.orbit]))
    other = Fingerprint("corpus", "settings", {"embedder": "another"}, "0")
    with cache(file, corpus, other) as changed, cache(file, corpus) as same:
        assert "a" not in changed
        assert "a" in same
    monkeypatch.setattr(answer_cache, "code_digest", lambda: "edited")
    with cache(file, corpus) as edited:
        assert "a" not in edited


def test_the_scope_of_a_question_is_kept(file: Path, corpus: Any, say: Any) -> None:
    whole = replace(corpus.answer(cited=[say.orbit]), fingerprint=FINGERPRINT)
    narrow = replace(whole, fingerprint=replace(FINGERPRINT, scope="some"))
    with cache(file, corpus) as stored:
        stored.put("a", whole)
        stored.put("b", narrow)
        assert [stored.get("a"), stored.get("b")] == [whole, narrow]


def test_a_damaged_file_is_replaced(file: Path, corpus: Any, say: Any) -> None:
    file.parent.mkdir()
    file.write_bytes(b"no database at all" * 100)
    with cache(file, corpus) as stored:
        stored.put("a", corpus.answer(cited=[say.orbit]))
        assert "a" in stored


def test_only_its_owner_can_read_it(file: Path) -> None:
    with Entries(file, "scope"):
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700


def test_the_scopes_used_longest_ago_are_deleted(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_cache, "_SCOPES", 3)
    for name in "abacde":
        with Entries(file, name) as entries:
            entries.put("key", name.encode())
    with Entries(file, "a") as oldest, Entries(file, "e") as newest:
        assert "key" not in oldest
        assert newest.get("key") == b"e"


def test_history_is_part_of_the_question() -> None:
    plain = EvalCase("a", "and then?")
    assert case_key(plain) == case_key(EvalCase("b", "and then?"))
    assert case_key(plain) != case_key(EvalCase("a", "and then?", history=(Turn("q", "a"),)))


def test_the_digest_is_of_the_package() -> None:
    assert len(code_digest()) == 32
