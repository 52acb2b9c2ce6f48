# ruff: noqa: SIM905 - rows of words read better than hundreds of quoted ones
"""Detects the language of a text, and lists function words.

The script decides if it can; otherwise the function words do, which every text has unless it is
very short. The lists are those of the package stop-words.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise

import regex

from askdoc.strings import folded
from askdoc.text.asking import asking

DEFAULT = "en"
"""The language of a text without evidence."""

_SAMPLE = 20_000
"""Characters to examine, from the beginning."""

_SIGNS, _SIGNS_SHARE = 2, 0.08
"""A text's language counts as known if at least this many words, and this share, are function
words. A list of names or numbers has few."""

_WORD = re.compile(r"(?<!\w)(?![ivx]+(?!\w))[^\W\d_]{2,}(?!\w)")
"""A word that can show a language: neither an initial nor a Roman numeral."""

_RANGES = (
    (0x0041, "Latin"),
    (0x0370, "Greek"),
    (0x0400, "Cyrillic"),
    (0x0530, "hy"),
    (0x0590, "he"),
    (0x0600, "Arabic"),
    (0x0900, "hi"),
    (0x0980, "bn"),
    (0x0A00, "pa"),
    (0x0A80, "gu"),
    (0x0B00, "or"),
    (0x0B80, "ta"),
    (0x0C00, "te"),
    (0x0C80, "kn"),
    (0x0D00, "ml"),
    (0x0D80, "si"),
    (0x0E00, "th"),
    (0x0E80, "lo"),
    (0x0F00, "bo"),
    (0x1000, "my"),
    (0x10A0, "ka"),
    (0x1100, "ko"),
    (0x1200, "am"),
    (0x13A0, ""),
    (0x1780, "km"),
    (0x1800, ""),
    (0x1C80, "Cyrillic"),
    (0x1C90, "ka"),
    (0x1CC0, ""),
    (0x1E00, "Latin"),
    (0x1F00, "Greek"),
    (0x2000, ""),
    (0x3040, "ja"),
    (0x3100, "Han"),
    (0x3130, "ko"),
    (0x3190, "Han"),
    (0xA000, ""),
    (0xAC00, "ko"),
    (0xD800, ""),
    (0xF900, "Han"),
    (0xFB00, "Latin"),
    (0xFB1D, "he"),
    (0xFB50, "Arabic"),
    (0xFF21, "Latin"),
    (0xFF66, "ja"),
    (0xFFA0, "ko"),
    (0xFFE0, ""),
    (0x20000, "Han"),
    (0x32000, ""),
)
"""Sorted start characters of scripts, each with the script or the (most likely) language written in
it."""

_STARTS = [start for start, _ in _RANGES]
_KANA_SHARE = 0.1
"""A text with at least this share of kana among kana and Han characters is Japanese."""

_WRITTEN_IN: Mapping[str, tuple[str, ...]] = {
    "Latin": (
        *("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "sk"),
        *("hu", "ro", "tr", "ca", "id", "vi"),
    ),
    "Cyrillic": ("ru", "uk", "bg"),
    "Arabic": ("ar", "fa"),
    "Greek": ("el",),
    "Han": ("zh",),
}

_ENGLISH = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before being
    below between both but by can cannot could did do does doing down during each else ever few for
    from further get give given gives had has have having he her here hers herself him himself his
    how i if in into is it its itself just let like many may me might mine more most much must my
    myself no nor not of off on once one only or other ought our ours ourselves out over own per
    same shall she should so some such than that the their theirs them themselves then there these
    they this those through thus to too under until up upon us very via was we were what whatever
    when where whether which while who whoever whom whose why will with within without would yet you
    your yours yourself yourselves
    ain aren couldn didn doesn don hadn hasn haven isn mustn needn shan shouldn wasn weren wouldn
    """.split()
)


def detect(text: str, among: Sequence[str] = ()) -> str:
    """Return the language of a text as ISO 639-1 code, one of `among` if given.

    Without evidence it is the first of `among`, else English.
    """
    if len(among) == 1:
        return among[0]
    sample = text[:_SAMPLE]
    script = _script(sample)
    able = _WRITTEN_IN.get(script, (script,))
    choices = [one for one in among if one in able] if among else able
    if not choices or not script:
        return among[0] if among else DEFAULT
    if len(choices) == 1:
        return choices[0]
    return _by_words(sample, choices, 0, _with_asking) if among else _by_words(sample, choices)


@cache
def function_words(language: str) -> frozenset[str]:
    """Return the folded function words of a language; empty for an unknown one."""
    return frozenset(folded(word) for word in _function_words(language))


@cache
def _function_words(language: str) -> frozenset[str]:
    if language == "en":
        return _ENGLISH
    from stop_words import LANGUAGE_MAPPING, get_stop_words

    known = language in LANGUAGE_MAPPING
    return frozenset(get_stop_words(language)) if known else frozenset()


def _script(text: str) -> str:
    """Return the script or language of most letters of a text; empty if there are none."""
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else ""
    counts: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if character.isalpha():
            at = bisect_right(_STARTS, ord(character)) - 1
            counts[_RANGES[at][1] if at >= 0 else ""] += count
    kana, han = counts["ja"], counts["Han"]
    if kana > _KANA_SHARE * (kana + han):
        counts["ja"] += counts.pop("Han", 0)
    del counts[""]
    found = counts.most_common(1)
    return found[0][0] if found and found[0][1] else ""


def _with_asking(language: str) -> frozenset[str]:
    """Return the words that show the language of a question: function words and asking words."""
    return _function_words(language) | asking(language).written


def _by_words(
    text: str,
    choices: Sequence[str],
    least: float = _SIGNS,
    words_of: Callable[[str], frozenset[str]] = _function_words,
) -> str:
    """Choose the language with the most function words in a text.

    A word of several languages counts for each in part. The first language wins a tie, and also if
    there are fewer than `least` such words.
    """
    scores = dict.fromkeys(choices, 0.0)
    words = _WORD.findall(text.lower())
    for word, count in Counter(words).items():
        having = [one for one in choices if word in words_of(one)]
        for one in having:
            scores[one] += count / len(having)
    best = max(choices, key=lambda one: scores[one])
    enough = max(least, _SIGNS_SHARE * len(words)) if least else 0
    return best if scores[best] >= enough else choices[0]


_UNSPACED = r"\p{Han}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}々ー"
_KANA = r"\p{Hiragana}\p{Katakana}ー"

_RUN = regex.compile(
    rf"""
    (?P<japanese>[\p{{Han}}々{_KANA}]*[\p{{Hiragana}}\p{{Katakana}}][\p{{Han}}々{_KANA}]*)
    | (?P<unspaced>(?:[{_UNSPACED}]\p{{M}}*)+)
    | (?P<korean>\p{{Hangul}}+)
    | (?P<word>(?:(?![{_UNSPACED}{_KANA}\p{{Hangul}}])[\p{{L}}\p{{N}}]\p{{M}}*)+
        (?:'(?:[\p{{Latin}}]\p{{M}}*)+)?)
    """,
    regex.VERBOSE,
)
_CLUSTER = regex.compile(r"[\p{L}\p{N}ー]\p{M}*")
_SAME_SCRIPT = regex.compile(r"[\p{Han}々]+|[\p{Katakana}ー]+|\p{Hiragana}+")
_ENDING = regex.compile(r"\p{Hiragana}")
"""A single kana between other characters is an inflection of a verb or adjective."""

_CHINESE = """
为什么 什么 怎么 怎样 多少 哪里 哪儿 哪些 哪 谁 几 何 吗 呢 吧 的 了 是 在 于 和 与 及 也 都 就
而 被 把 这 那 有 為什麼 什麼 怎麼 怎樣 哪裡 哪兒 誰 幾 嗎 於 與 這 個 个
""".split()
_JAPANESE = """
でしょうか でしょう ましたか ますか ですか ました ません です ます どこ どれ どの どう だれ
なに なぜ いつ いくつ いくら という として による について における から まで より って こと
もの ため これ それ あれ この その あの ここ そこ している されている された される した して
する いる ある いた あった った れた れて は が を に で と の も へ や か な だ
""".split()
_THAI = """
ทำไม อย่างไร อะไร ใคร ที่ไหน ไหน เมื่อไหร่ เมื่อไร เมื่อใด เท่าไร เท่าไหร่ กี่ หรือ ไหม และ ของ
ที่ ใน เป็น คือ ได้ ให้ จาก กับ ว่า โดย ซึ่ง แต่ ก็ จะ มี นี้ นั้น อยู่ ถูก เมื่อ
""".split()
_KOREAN_WORDS = """
누가 누구 누구의 무엇 무엇을 무엇이 뭐 언제 어디 어디에 어디서 왜
어떻게 얼마나 몇 그 이 저 및 수 것
""".split()
_KOREAN_ENDINGS = """
에서는 으로는 입니까 입니다 하였다 되었다 했습니다 됩니다 습니까 습니다 했나요 인가요 되었나요
하였나요 에서 에게 으로 까지 부터 처럼 보다 이다 였다 했다 한다 된다 하는 되는 나요 은 는 이 가
을 를 의 에 로 와 과 도 만
""".split()


def terms(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the terms of a folded text in order, each with whether to stem it."""
    for run in _RUN.finditer(text):
        found = run.group()
        match run.lastgroup:
            case "word":
                yield found, True
            case "japanese":
                for part in _without(tuple(_JAPANESE)).split(found):
                    for piece in _SAME_SCRIPT.findall(part):
                        if not _ENDING.fullmatch(piece):
                            yield from _pairs(piece)
            case "korean":
                yield from _korean(found)
            case _:
                for part in _without((*_CHINESE, *_THAI)).split(found):
                    yield from _pairs(part)


def _pairs(run: str) -> Iterator[tuple[str, bool]]:
    """Yield the overlapping pairs of letters of a run, or its single letter."""
    letters = _CLUSTER.findall(run)
    if len(letters) == 1:
        yield letters[0], False
    for one, other in pairwise(letters):
        yield one + other, False


def _korean(word: str) -> Iterator[tuple[str, bool]]:
    if word in _KOREAN_WORDS:
        return
    ending = next((e for e in _KOREAN_ENDINGS if word.endswith(e) and len(word) > len(e)), "")
    yield from _pairs(word.removesuffix(ending))


@cache
def _without(words: tuple[str, ...]) -> regex.Pattern[str]:
    """Return a pattern for function words, longest first."""
    longest = sorted(words, key=len, reverse=True)
    return regex.compile("|".join(regex.escape(word) for word in longest))
