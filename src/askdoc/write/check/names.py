"""Names in a sentence, and who does what to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from askdoc.text.english import DETERMINERS, PIVOTS, SIDES, TITLES
from askdoc.text.words import Word
from askdoc.write.check.clauses import verbs_among

_BEING = re.compile(
    r"\b(?:is|are|was|were|be|been|being|got)(?:n['’]t)?(?:\s+\w+){0,2}\s*$", re.IGNORECASE
)
_APART = re.compile(r";|\bbut\b|,\s*(?:while|whereas|yet)\b")
"""Joins two statements that share no roles."""

_VERBISH = re.compile(r"(?:ed|s|ought|ame|ook|an|as|ell|ose|ave|on|ad|id|ill|ould|ay)$")
_COUNTED = re.compile(r"\d+(?:st|nd|rd|th|s|m|km|kg|bn)")
_REACH = 3
"""How many content words after a verb may be the one that it acts on."""

_INITIALS = 2
"""Letters of the shortest acronym that is looked up by its initials."""


def names(words: Sequence[Word], text: str) -> list[Word]:
    """List the words that are (parts of) names: capitals, and codes such as `B12`.

    The first word of a sentence counts where another capital follows, or where it stands like a
    name: no determiner, not a plural, and a verb after it.
    """
    found = []
    for position, word in enumerate(words):
        if word.folded in TITLES or (word.stem is None and not _is_acronym(word)):
            continue
        code = any(c.isdigit() for c in word.text) and any(c.isalpha() for c in word.text)
        if (code and not _COUNTED.fullmatch(word.folded)) or (
            word.capital and (not _starts(word, text) or _name_like(words, position))
        ):
            found.append(word)
    return found


def known(name: Word, source: Sequence[Word]) -> bool:
    """Tell whether `source` holds a name: the word, its plural, or what its letters stand for."""
    folded = {word.folded for word in source}
    if name.folded in folded or _singular(name.folded) in {_singular(item) for item in folded}:
        return True
    if name.stem is not None and name.stem in {word.stem for word in source}:
        return True
    initials = "".join(word.text[0] for word in source if word.capital).lower()
    if _is_acronym(name):
        return name.folded in initials
    return name.text[0].lower() in "".join(
        word.folded for word in source if _is_acronym(word)
    ) and _spelled_acronym(name, source)


def _singular(name: str) -> str:
    """Take off the ending of a plural; Douglass is another name than Douglas."""
    return name if name.endswith("ss") else name.removesuffix("s")


def misordered(
    claim: Sequence[Word], claim_text: str, source: Sequence[Word], source_text: str
) -> str | None:
    """Find a name whose parts have another order: another name, or a custom of its country."""
    given = set(_neighbours(source, source_text))
    for one, other in _neighbours(claim, claim_text):
        if (other, one) in given and (one, other) not in given:
            written = {word.folded: word.text for word in claim}
            return f"“{written[one]} {written[other]}” is “{written[other]} {written[one]}” in"
    return None


def _neighbours(words: Sequence[Word], text: str) -> Iterator[tuple[str, str]]:
    """List the words with capitals that stand side by side."""
    for one, other in pairwise(words):
        between = text[one.end : other.start]
        if one.capital and other.capital and between.isspace() and one.folded != other.folded:
            yield one.folded, other.folded


def turned_round(
    claim: Sequence[Word], claim_text: str, source: Sequence[Word], source_text: str
) -> bool:
    """Tell whether the claim lets two change places: `A beat B` for `B beat A`.

    Compares who stands before and after a word in both. Between names any distance counts, between
    other words only near ones. A passive with `by` is turned first.
    """
    there = {*_triples(source, source_text), *_triples(_bare(source), source_text)}
    heads = {(first, middle) for first, middle, _ in there}
    for first, middle, last in [
        *_triples(claim, claim_text),
        *_triples(_bare(claim), claim_text),
    ]:
        if (first, middle, last) in there or first == last:
            continue
        if (last, middle, first) in there and (first, middle) not in heads:
            return True
    return False


def _bare(words: Sequence[Word]) -> list[Word]:
    """Leave out what `of` joins to a word: the flippers *of penguins*."""
    kept: list[Word] = []
    of = False
    for word in words:
        if word.folded == "of":
            of = True
        elif not (of and word.stem):
            kept.append(word)
            of = of and word.stem is None
        else:
            of = False
    return kept


def _triples(words: Sequence[Word], text: str) -> Iterator[tuple[str, str, str]]:
    """List who stands before and after each word, by their stems."""
    kept = _heads([word for word in words if word.stem or word.folded in PIVOTS], text)
    verbs = {words[at].start for at in verbs_among(words)}
    for index, middle in enumerate(kept):
        if not (middle.start in verbs or middle.folded in PIVOTS or _compares(middle)):
            continue
        for at, first in enumerate(kept[:index]):
            for beyond, last in enumerate(kept[index + 1 :]):
                near = at == index - 1 and beyond < _REACH
                named = first.capital and last.capital and not middle.capital
                if not near and not named:
                    continue
                if _APART.search(text, first.end, last.start):
                    continue
                ends = (first.stem or first.folded, last.stem or last.folded)
                if _turned(text, first, middle, last):
                    ends = (ends[1], ends[0])
                elif _BEING.search(text[first.end : middle.start]) and middle.start in verbs:
                    continue  # "it was approved in Japan" does not say by whom
                yield (ends[0], middle.stem or middle.folded, ends[1])


def _turned(text: str, first: Word, middle: Word, last: Word) -> bool:
    """Tell whether the verb between two words is passive: `B was beaten by A`."""
    before, after = text[first.end : middle.start], text[middle.end : last.start]
    by = re.search(r"\bby\b", after)
    return bool(by and (_BEING.search(before) or (last.capital and before.endswith(", "))))


def _compares(word: Word) -> bool:
    return bool(SIDES.get(word.folded))


def _heads(found: Sequence[Word], text: str) -> list[Word]:
    """Keep the last word of each name of several words."""
    return [
        word
        for word, after in zip(found, [*found[1:], None], strict=False)
        if after is None
        or not (word.capital and after.capital)
        or text[word.end : after.start].strip(" .")
    ]


def _is_acronym(word: Word) -> bool:
    letters = word.text.replace(".", "")
    return len(letters) >= _INITIALS and letters.isupper() and letters.isalpha()


def _spelled_acronym(name: Word, source: Sequence[Word]) -> bool:
    return any(
        _is_acronym(word) and word.folded.startswith(name.folded[0]) and len(word.folded) > 1
        for word in source
    )


def _starts(word: Word, text: str) -> bool:
    before = text[: word.start].rstrip(" \"'“‘([-*•")
    return not before or before[-1] in ".!?:;\n"


def _name_like(words: Sequence[Word], position: int) -> bool:
    word = words[position]
    if position + 1 == len(words):
        return False
    after = words[position + 1]
    if after.capital and not after.text.isupper() and word.folded not in DETERMINERS:
        return True
    lone = word.folded not in DETERMINERS and not word.folded.endswith(("s", "ing", "ly", "ion"))
    return lone and after.text.islower() and bool(_VERBISH.search(after.folded))
