"""Whether a claim has anything to do with the question; true is not enough."""

from __future__ import annotations

from collections.abc import Sequence

from askdoc.text.words import Terms, is_light
from askdoc.write.check import EmbedTexts

NEAR = 0.15
"""Cosine from which a sentence without a word of the question can still answer it.

"The blast killed 40" lies at 0.41 of "How many people died?", "The work took until 1931" at 0.17 of
"When was the dam completed?", sentences about other things at 0.1 and below.
"""


def beside_the_point(
    question: str, claim: str, sources: Sequence[str], terms: Terms, embed: EmbedTexts | None
) -> bool:
    """Tell whether neither a claim nor what it cites shares a word or the subject with `question`.

    A model that is weak, or that a document talks to, repeats what it was shown, which the check
    of claims lets pass.
    """
    asked = {stem for stem in terms(question) if not is_light(stem)}
    said = {stem for text in (claim, *sources) for stem in terms(text)}
    if asked & said or not (asked or embed):
        return False
    if embed is None:
        return True
    vectors = embed([question, claim, *sources])
    return bool((vectors[1:] @ vectors[0]).max() < NEAR)
