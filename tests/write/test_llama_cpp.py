"""llama.cpp in the process, with the real small model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.write.conftest import evidence

from askdoc.models.llm.local import LlamaCpp
from askdoc.types import Prompt, Spent
from askdoc.write import prompts

_SYSTEM = "You answer in short claims. " * 20


def spent(model: LlamaCpp, number: int) -> Spent:
    user = " ".join(f"word{number}{at}" for at in range(60))
    (told,) = (p for p in model.stream(Prompt(_SYSTEM, user, 1, 2)) if isinstance(p, Spent))
    return told


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_the_common_start_is_read_once_and_older_prompts_are_not_kept(smollm2: LlamaCpp) -> None:
    spent(smollm2, 0)
    before = _own_bytes()
    later = [spent(smollm2, number) for number in (1, 2)]
    assert all((one.tokens_cached or 0) > 100 for one in later)
    read = sum(one.tokens_in or 0 for one in later)
    assert read > 500
    assert _own_bytes() - before < read * 10_000  # the state of a token takes 22 KB


def _own_bytes() -> int:
    """Count the bytes of memory that are this process's own; files that it maps are not."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    (told,) = (line for line in lines if line.startswith("RssAnon:"))
    return int(told.split()[1]) * 1024


def test_the_instructions_are_read_before_the_question_comes(model_path: Path) -> None:
    opening = prompts.opening(may_refuse=False)
    model = LlamaCpp(model_path, name="x", context=1024, threads=1, opening=opening)
    try:
        built = prompts.build(
            "When did the mill open?", evidence("The mill opened in 1887."),
            context=1024, evidence_tokens=200, may_refuse=False,
        )  # fmt: skip
        told = [piece for piece in model.stream(built.prompt) if isinstance(piece, Spent)]
    finally:
        model.close()
    assert (told[-1].tokens_cached or 0) > prompts.estimate(prompts.BRIEFLY) // 2
