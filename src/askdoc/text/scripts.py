# ruff: noqa: SIM905 - quoted one by one the words would be harder to read
"""Terms of text whose words carry marks, or are not told apart by spaces.

An Indic word keeps its vowel signs. Han, kana, Thai, Lao, Khmer, Myanmar and Tibetan are cut into
overlapping pairs of letters, each with its marks; and so are Korean words, whose endings change.
What carries no topic is taken out first where it is known: a pair across it would match nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import regex

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
"""A kana that is left over between others is the end of a verb or an adjective."""

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
    """Yield the terms of a folded text in order, each with whether it is a word to be stemmed."""
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
    """Yield each two neighbouring letters of a run, or its only one."""
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
    """Match what carries no topic, the longest first."""
    longest = sorted(words, key=len, reverse=True)
    return regex.compile("|".join(regex.escape(word) for word in longest))
