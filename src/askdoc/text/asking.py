"""Finds the words of a question that only ask, and that an answer need not contain.

`What happened on 2 August?` is answered by `On 2 August a laptop was stolen`. Question words,
copulas and a few verbs (happen, mean, be called, be located) would count there as missing, and as
rare. They are dropped from the terms of a question, but kept in documents. The words are in
`data/asking_words.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import regex

from askdoc.strings import folded

_PHRASES = "phrases"
_END = "$"
_ANY = "*"
_MOST_BETWEEN = 8
"""Words that match `*` in a phrase."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The asking words of a language, folded and as written, and a pattern for asking phrases."""

    words: frozenset[str]
    written: frozenset[str]
    phrases: tuple[re.Pattern[str], ...]

    def without_phrases(self, question: str) -> str:
        """Replace asking phrases of a folded question by blanks; words between stay."""
        for phrase in self.phrases:
            question = phrase.sub(_blank, question)
        return question


@cache
def asking(language: str) -> Asking:
    """Return the asking words of a language; empty for an unknown one."""
    words: set[str] = set()
    phrases: list[list[str]] = []
    for line in _lines(language):
        if line[0] == _PHRASES:
            phrases += map(str.split, " ".join(line[1:]).split("|"))
        else:
            words.update(line)
    # Longer phrases first, since one may contain another.
    phrases.sort(key=len, reverse=True)
    return Asking(frozenset(map(folded, words)), frozenset(words), tuple(map(_compiled, phrases)))


def _lines(language: str) -> Iterator[list[str]]:
    file = resources.files("askdoc").joinpath("data/asking_words.txt")
    for line in file.read_text(encoding="utf-8").splitlines():
        code, *rest = line.split()
        if code == language:
            yield rest


def _compiled(phrase: Sequence[str]) -> re.Pattern[str]:
    """Compile a phrase to a pattern whose groups are the asking words."""
    pattern = ""
    for part in phrase:
        if part == _ANY:
            pattern += rf"(?:\W+\w+){{0,{_MOST_BETWEEN}}}?"
        elif part == _END:
            pattern += r"\W*$"
        else:
            words = "|".join(re.escape(folded(word)) for word in part.split("/"))
            pattern += (r"\W+" if pattern else r"(?<!\w)") + rf"({words})(?!\w)"
    return re.compile(pattern)


def _blank(found: re.Match[str]) -> str:
    """Replace the groups of a match by blanks."""
    text = found.group()
    for number in range(1, len(found.groups()) + 1):
        start, end = found.start(number) - found.start(), found.end(number) - found.start()
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text


def _any(words: str) -> str:
    """Return a pattern for any of these words, longest first."""
    return "(?:" + "|".join(sorted(words.split(), key=len, reverse=True)) + ")"


_MEASURES = _any(
    """
    小时 小時 分钟 分鐘 公里 公斤 平方米 立方米 毫米 厘米 千克 个月 個月 星期 钟头 鐘頭 块钱 塊錢
    度(?!假) 元(?!素) 钱 錢 块 塊 人(?![口员員才类類民群力工]) 名 位(?!置) 个 個
    天(?![然气氣]) 日 号 號 月(?!亮) 年(?!轻) 周 岁 歲 点(?![击心]) 點(?![擊心])
    分(?![公店支行钟鐘]) 秒 次 回 遍 楼 樓 层 層
    米(?![饭飯酒]) 克 升 斤 吨 噸 本(?![金科]) 张(?!力) 張(?!力) 台(?![风階阶]) 辆 輛 只 隻 条 條
    家(?![庭具长長]) 间 間 件 种 種 页 頁 袋 瓶 箱 场 場 座 户(?!口) 戶(?!口)
    """
)
_BEFORE = _any(
    """
    主要 需要 只要 想要 应该 應該 应当 應當 可以 能够 能夠 将会 將會 使用 需用 要用 要花
    是在 将在 將在 有 用 要 需 花 是 在 会 會 将 將 能 于 於
    """
)
_AFTER = _any(
    """
    才能 才会 才會 才 可以 能够 能夠 应该 應該 将会 將會 将 將
    能(?![力源量耗干]) 会(?![议员计场长费谈展]) 會(?![議員計場長費談展])
    """
)
_CHINESE_WORDS = _any(
    """
    什么时候 什么时间 什么地方 什么事情 什么样 什么人 什么事 什么 甚么
    怎么回事 怎么样 怎么办 怎么 怎样
    什麼時候 什麼時間 什麼地方 什麼事情 什麼樣 什麼人 什麼事 什麼 甚麼
    怎麼回事 怎麼樣 怎麼辦 怎麼 怎樣
    为什么 為什麼 为何 為何 为啥 如何 是否 何时 何時 何地 何处 何處 何人 何种 何種 谁 誰 啥
    哪里 哪裡 哪儿 哪兒 哪些 多久 多少 多长时间 多長時間 几点钟 幾點鐘
    """
)
_WHAT = "(?:什[么麼]|甚[么麼]|啥)"
_CHINESE = (
    rf"的?(?:含义|含義|意思)?是{_WHAT}(?:意思|含义|含義)?|有?{_WHAT}(?:意思|含义|含義)",
    rf"(?:表示|代表|意味)[着著]?{_WHAT}",
    rf"(?:[发發]生|出)[了过過]?{_WHAT}(?:事情|事故|事)?",
    rf"位[于於](?=哪|何|{_WHAT})",
    rf"{_BEFORE}?(?:多少|哪一?|[几幾]){_MEASURES}{_AFTER}?",
    rf"{_BEFORE}?(?<![很许許更最不])多(?:[长長高远遠重快深宽寬久]|大(?![学學量数數家型])){_AFTER}?",
    rf"{_BEFORE}?{_CHINESE_WORDS}{_AFTER}?",
)

_COUNTERS = _any(
    """
    曜日 時間 年間 日間 週間 分間 か月 ヶ月 カ月 ヵ月 年生 種類 番目
    パーセント メートル キロ グラム
    リットル センチ ページ 人 名 匹 頭 羽 個 本 枚 冊 台 軒 階 回 度 時 分 秒 日 月 年 週 歳
    才 円 番
    号 点 杯 足 着 通 件 社 校 語 色 つ
    """
)
_JAPANESE = (
    r"(?:何|なに)が(?:起き|起こり|起こっ|あり|あっ)(?:ました|ます|た|て)",
    r"(?:何を|どういう|どんな)意味(?:しています|します|する)?|とは(?:何|なん)",
    r"(?:何|なん)と(?:いう|いい|言い|言う|呼ばれ|呼び)(?:ます|ています)?|どこに位置し|(?:あり|おり)ま(?:す|した)か",
    rf"(?<![幾如])何{_COUNTERS}?(?:ごろ|頃)?(?:から|まで)?",
    r"(?:どのくらい|どれくらい|どのぐらい|どれぐらい|どのような|どんな|どちら|どなた)(?:から|まで)?",
    r"(?:いつ|いくつ|いくら|いかが)(?:から|まで)?|誰",
)

_THAI = (
    _any(
        """
        เกิดอะไรขึ้น หมายความว่า หมายถึง แปลว่า ตั้งอยู่ เพราะอะไร เพราะเหตุใด เมื่อไหร่ เมื่อไร
        เมื่อใด ตอนไหน วันไหน ปีไหน กี่โมง เท่าไหร่ เท่าไร เท่าใด อย่างไร ยังไง ทำไม ที่ไหน ที่ใด แห่งใด ผู้ใด
        สิ่งใด อะไร ใคร ไหน หรือไม่ หรือเปล่า
        """
    ),
)

_STEMS = _any("언제 어디 누구 누가 누굴 무엇 무슨 어느 어떤 어떻 얼마 왜 뭐 뭘 뭔")
_KOREAN_COUNTERS = _any(
    "시간 킬로 미터 명 시 개 마리 살 년 월 일 층 번 분 권 대 장 잔 원 채 곳 가지 도 호 주 그루"
)
_KOREAN = (
    r"(?:무슨|어떤)\s*(?:일|사고|사건)(?:이|은)?\s*(?:있|일어|생기|생겼|벌어)\p{Hangul}*",
    r"(?:무슨|무엇을|어떤|뭘)\s*(?:의미|뜻)\p{Hangul}*",
    r"있(?:습니까|나요|어요|는가|는지|을까|었나요|었습니까)\p{Hangul}*",
    rf"(?<!\p{{Hangul}})몇\s*{_KOREAN_COUNTERS}(?:까지|부터|에|의|이|가|을|를|은|는|인가요|입니까)?",
    rf"(?<!\p{{Hangul}}){_STEMS}\p{{Hangul}}*",
)

_HAN, _KANA = regex.compile(r"\p{Han}"), regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_THAI_LETTER, _HANGUL = regex.compile(r"\p{Thai}"), regex.compile(r"\p{Hangul}")


def without_asking(question: str) -> str:
    """Return a folded question with blanks for asking words, for scripts without spaces."""
    if _KANA.search(question):
        question = _asking_unspaced_blank(_JAPANESE, question)
    elif _HAN.search(question):
        question = _asking_unspaced_blank(_CHINESE, question)
    if _THAI_LETTER.search(question):
        question = _asking_unspaced_blank(_THAI, question)
    return _asking_unspaced_blank(_KOREAN, question) if _HANGUL.search(question) else question


def _asking_unspaced_blank(patterns: tuple[str, ...], question: str) -> str:
    for pattern in patterns:
        question = _asking_unspaced_compiled(pattern).sub(" ", question)
    return question


@cache
def _asking_unspaced_compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern)
