"""Numbers as any language writes them, so that none is told that no source holds.

Where `quantities` and `dates` read a number, they compare it with its unit. What they don't read,
such as `1435年`, `1,7` for one and seven tenths, `١٤٣٥` or `neun`, is compared here without a unit.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from askdoc.write.check.languages import NUMBERS, plain

_DIGITS = re.compile(r"(?<![A-Za-z_\d])(?<![A-Za-z]-)\d+(?:[.,'’٫٬]\d+)*")
"""Digits of any script; those of a code such as `B12` are a part of a name."""

_HAN = re.compile(r"[〇零一二三四五六七八九十百千万萬亿億两兩]+")
_ONES = {character: value for value, character in enumerate("〇一二三四五六七八九")}
_ONES |= {"零": 0, "两": 2, "兩": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_COUNTER = re.compile(r"[年月日号號次个個名位艘人天周週倍成歳歲回]")
_THOUSANDS = 3

_LETTERS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number, as far as it can be told without its unit, and where it stands."""

    value: Fraction
    text: str
    start: int
    end: int


def unheld(
    claim: str, source: str, language: str, read: Sequence[tuple[int, int]] = ()
) -> list[str]:
    """List the numbers of the claim that its source does not hold, but those in `read`."""
    given = {numeral.value for numeral in read_numerals(source, language)}
    return [
        numeral.text
        for numeral in read_numerals(claim, language)
        if numeral.value not in given
        and not any(start <= numeral.start and numeral.end <= end for start, end in read)
    ]


def read_numerals(text: str, language: str) -> Iterator[Numeral]:
    """List the numbers of `text`: in digits, in Chinese characters, in words of its language."""
    for match in _DIGITS.finditer(text):
        yield Numeral(_of_digits(match[0]), match[0], match.start(), match.end())
    for match in _HAN.finditer(text):
        counts = match[0] not in ("一", *_MYRIADS, *_TENS) or _COUNTER.match(text, match.end())
        if counts:
            yield Numeral(Fraction(_of_han(match[0])), match[0], match.start(), match.end())
    if words := NUMBERS.get(language):
        for match in _LETTERS.finditer(text):
            value = words.get(plain(match[0]))
            if value is not None:
                yield Numeral(Fraction(value), match[0], match.start(), match.end())


def _of_digits(text: str) -> Fraction:
    """Read digits; a group of three after a mark is of a whole number, another one a fraction."""
    digits = "".join(
        str(unicodedata.decimal(c)) if unicodedata.decimal(c, None) is not None else "."
        for c in text
    )
    first, *rest = digits.split(".")
    if all(len(group) == _THOUSANDS for group in rest):
        return Fraction(int(first + "".join(rest)))
    return Fraction(int(first + "".join(rest)), 10 ** len(rest[-1]))


def _of_han(text: str) -> int:
    """Read a number in Chinese characters: `二百四十` by places, `一九四九` digit by digit."""
    if all(character in _ONES for character in text):
        return int("".join(str(_ONES[character]) for character in text))
    total = section = digit = 0
    for character in text:
        if character in _ONES:
            digit = _ONES[character]
        elif character in _TENS:
            section += (digit or 1) * _TENS[character]
            digit = 0
        else:
            total += (section + digit or 1) * _MYRIADS[character]
            section = digit = 0
    return total + section + digit
