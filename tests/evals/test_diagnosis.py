from __future__ import annotations

from typing import Any

import pytest

from askdoc.evals.diagnose import Stage, _th, explain
from askdoc.evals.grade import GoldFinder, grade
from askdoc.evals.run import Disk
from askdoc.types import EvalCase, GoldEvidence


def follow(corpus: Any, say: Any, deeper: Any = (), **answer: Any) -> dict[str, Stage]:
    case = EvalCase("c", "?", evidence=(GoldEvidence(*say.orbit),))
    graded = grade(case, corpus.answer(**answer), GoldFinder(corpus), Disk())
    passages = [corpus.passage(*place) for place in deeper]
    return {stage.name: stage for stage in explain(graded, passages, least=0.5)}


def test_gold_that_was_not_looked_at_is_found_deeper_down(corpus: Any, say: Any) -> None:
    stages = follow(corpus, say, [say.star, say.nobody, say.orbit], cited=[say.star])
    assert stages["passages"].held is False
    assert stages["passages"].finding == "the gold is in passage 3, and 1 were looked at"
    assert stages["sentences"].held is False
    assert stages["citations"].finding == "0 of 1 citations hit the gold"
    nowhere = follow(corpus, say, [say.star], cited=[say.star])
    assert nowhere["passages"].finding == "the gold is in none of the 1 best passages"
    assert nowhere["documents"].finding == "no right document was found"


def test_gold_that_was_found_but_not_cited(corpus: Any, say: Any) -> None:
    stages = follow(corpus, say, cited=[say.star], evidence=[say.star, say.far, say.orbit])
    assert stages["passages"].held is True
    assert stages["sentences"].finding == "the gold is sentence 3 of the 3 best"
    assert [place[2] for place in stages["sentences"].places] == [say.orbit[1], say.star[1]]
    assert stages["citations"].held is False


def test_gold_that_was_found_and_refused(corpus: Any, say: Any) -> None:
    stages = follow(corpus, say, evidence=[say.orbit], confidence=0.3)
    assert stages["confidence"].held is False
    assert "confidence 0.30, needed 0.50" in stages["confidence"].finding
    assert stages["citations"].held is None


def test_all_is_well(corpus: Any, say: Any) -> None:
    stages = follow(corpus, say, cited=[say.orbit])
    assert all(stage.held for stage in stages.values())
    assert stages["citations"].places[0][:2] == ("[1] gold", "moon.txt:1")


@pytest.mark.parametrize(
    ("rank", "told"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (11, "11th"), (21, "21st"), (112, "112th")],
)
def test_ordinals(rank: int, told: str) -> None:
    assert _th(rank) == told
