"""Caches say what the others say, and hold no more than they may."""

from __future__ import annotations

from askdoc.ask.memo import RememberingAnalyser
from askdoc.text.terms import SnowballAnalyser


def test_a_cache_says_the_same_and_stays_small() -> None:
    plain = SnowballAnalyser()
    cached = RememberingAnalyser(plain, most=10)
    for number in [*range(50), *range(50)]:
        text = f"The {number} dams were completed."
        assert cached.terms(text, "en") == plain.terms(text, "en")
        assert cached.terms(text, "en") == plain.terms(text, "en")
        assert 0 < len(cached._kept) <= 11
