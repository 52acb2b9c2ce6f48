r"""Decides which line ends end a block, and which only wrap a sentence. Pure.

Plain text and PDF pages come as lines, and a line end alone says little: "Title\nThe first
sentence runs\nover two lines." holds both kinds. The main test is the one a typist or a word
processor applied: where the first word of the next line would still have fitted, the line was ended
on purpose. A line that ends at a comma, or before lower case, was not ended on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise

from askdoc.strings import SOFT_HYPHEN
from askdoc.types import Span

_LINE = re.compile(r"[^\r\n]+")
_WORD = re.compile(r"\w")
_RULE = re.compile(r"(?=(?:\s*[^\w\s]){3})[\s\-=_*~#+.|<>─═]+")
BULLET = re.compile(r"[•◦▪▫‣⁃∙●○■□➢✓]\s*\S|[-*+]\s+\S")
MARKER = re.compile(
    r"(?:[–—]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,5}|\d{1,2}(?:\.\d{1,2}){1,3})[.)])\s+\S"
)
LEADER = re.compile(r"\.{5}|(?:\. ){4}")
_ROW = re.compile(rf"\S(?:\t+| {{3,}})\S|\|.*\||{LEADER.pattern}")

_NEXT_SENTENCE = re.compile(r"(?:[^\W\d_]{3}|\d{2})[.?!][\"'”’»)]*\s+[A-Z]\w*\s+\w")

_TERMINAL = frozenset(".?!:;…。！？：；．｡।॥؟۔։።፧។៕။།")
_CLOSING = frozenset("\"'”’»›)]}*_」』）")
_GOES_ON = frozenset(f",-–—(/&‐،、，{SOFT_HYPHEN}")
_SMALL_WORDS = frozenset(
    ("a", "an", "and", "as", "at", "by", "for", "from", "in", "into", "is", "of", "on", "or")
).union(
    ("that", "the", "to", "was", "were", "which", "with"),
    ("das", "der", "des", "die", "mit", "und", "von", "zu"),
    ("de", "del", "du", "el", "en", "et", "la", "le", "les", "los", "van", "y"),
)
"""A line with one of these at its end was wrapped."""

_RAGGED = 0.12
"""A wrapped line of ragged text may be shorter than the width by this share."""

_PERCENTILE = 0.9
"""A run is as wide as its long lines; one outlier, such as a URL, must not set the width."""

_FEW_LINES = 5
"""A run with fewer lines is judged by the width and habit of all lines of the document."""

_LEAST_FLOWING = 0.3
"""In wrapped prose at least this share of the lines continues a sentence that began above."""

_LEAST_PROSE = 50

_WIDEST_WRAP = 120
"""In wider text each line is a paragraph, unless nearly all lines are full."""

_MANY_LINES = 8
_NEARLY_ALL = 0.7
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]")
_UNSTOPPED = re.compile("[\u0e00-\u109f\u1780-\u17ff]")
"""Thai, Lao, Tibetan, Myanmar and Khmer: no case, no space between words, rarely a full stop.

A space or a line end separates sentences, but also phrases.
"""

_UNSPACED_WORD = 8
"""Assumed length of a word in such a script, to tell whether it would have fitted on the line
above."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line without surrounding white space, and its left and right edge, in any unit."""

    span: Span
    left: float
    right: float


Run = Sequence[Line]
"""Adjacent lines without anything between them that certainly ends a paragraph."""


def text_runs(text: str) -> list[list[Line]]:
    """Cut a text at its blank lines; edges are in columns.

    A line that only draws a rule ends a run too, and belongs to none.
    """
    runs: list[list[Line]] = [[]]
    end = 0
    for found in _LINE.finditer(text):
        raw = found[0]
        bare = raw.strip()
        if end and _breaks(text[end : found.start()]) > 1:
            runs.append([])
        end = found.end()
        if not bare or is_rule(bare):
            runs.append([])
            continue
        left = raw.index(bare)
        start = found.start() + left
        column = len(raw[:left].expandtabs())
        runs[-1].append(Line(Span(start, start + len(bare)), column, column + len(bare)))
    return [run for run in runs if run]


def _breaks(gap: str) -> int:
    """Count the line ends in white space."""
    return len(gap) - gap.count("\r\n")


def blocks(text: str, runs: Sequence[Run], *, widest: float = _WIDEST_WRAP) -> tuple[Span, ...]:
    """Join the lines of each run into blocks; no word is lost.

    In a run with lines wider than `widest`, each line is a paragraph.
    """
    usual = _usual_width(runs)
    pairs = [_pairs(text, run, usual) for run in runs]
    habit = _wraps(text, list(chain.from_iterable(pairs)))
    found: list[Span] = []
    for run, ends in zip(runs, pairs, strict=True):
        start = run[0].span.start
        for before, after in _cuts(text, run, ends, widest, habit=habit):
            found.append(Span(start, before.span.end))
            start = after.span.start
        found.append(Span(start, run[-1].span.end))
    return tuple(found)


def line_blocks(text: str, *, join: bool = True) -> list[Span]:
    """Make each line with words a block; `join` joins the lines of one sentence."""
    found: list[Span] = []
    for line in _LINE.finditer(text):
        bare = line[0].strip()
        if not _WORD.search(bare):
            continue
        start = line.start() + line[0].index(bare)
        span = Span(start, start + len(bare))
        if join and found and continues(text, found[-1], span):
            span = Span(found.pop().start, span.end)
        found.append(span)
    return found


def is_rule(line: str) -> bool:
    """Tell whether a line only draws a rule."""
    return bool(_RULE.fullmatch(line))


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two consecutive lines, and whether the first was full."""

    first: Line
    second: Line
    full: bool


def _pairs(text: str, run: Run, usual: float) -> list[_Pair]:
    edge = _edge(run, usual)
    return [_Pair(a, b, _is_full(text, a, b, edge)) for a, b in pairwise(run)]


def _cuts(
    text: str, run: Run, pairs: Sequence[_Pair], widest: float, *, habit: bool
) -> Iterator[tuple[Line, Line]]:
    """Return the line ends of a run that end a block."""
    # A short run says too little about its own wrapping: the whole document decides.
    tells = len(run) >= _FEW_LINES and not _is_unstopped(text, pairs)
    wraps = _wraps(text, pairs) if tells else habit
    wide = max(len(line.span) for line in run) > widest
    if wide and not (len(pairs) >= _MANY_LINES and _share(pairs) >= _NEARLY_ALL):
        yield from pairwise(run)
        return
    listing = bool(MARKER.match(run[0].span.of(text)))
    for pair in pairs:
        a, b = pair.first, pair.second
        wrapped = pair.full and (wraps or _is_prose(a.span.of(text)))
        starts = _starts_block(text, a, b, free=listing or not wrapped)
        # Once a list has begun, every further number starts an item.
        listing = listing or (starts and bool(MARKER.match(b.span.of(text))))
        is_continued = continues(text, a.span, b.span) or _is_broken_off(a.span.of(text))
        if starts or not (wrapped or is_continued):
            yield a, b


def _wraps(text: str, pairs: Sequence[_Pair]) -> bool:
    """Tell whether lines are prose that was wrapped: mostly full, and many start in mid-sentence.

    The rows of a table are also equally long, but start new. Scripts without case allow only the
    first test; without full stops, more lines are required.
    """
    if _share(pairs) < 1 / 2:
        return False
    if _is_unstopped(text, pairs):
        return len(pairs) >= _MANY_LINES and _share(pairs) >= _NEARLY_ALL
    cased = [pair for pair in pairs if _may_tell(text[pair.second.span.start])]
    flowing = sum(continues(text, pair.first.span, pair.second.span) for pair in cased)
    return flowing >= _LEAST_FLOWING * len(cased)


def _is_unstopped(text: str, pairs: Sequence[_Pair]) -> bool:
    """Tell whether most lines are in a script that rarely has full stops."""
    count = sum(bool(_UNSTOPPED.search(pair.second.span.of(text))) for pair in pairs)
    return 2 * count > len(pairs)


def _may_tell(first: str) -> bool:
    """Tell whether the first character of a line can show (by case) that a sentence starts."""
    return first.swapcase() != first or not first.isalpha()


def _is_prose(line: str) -> bool:
    """Tell whether a line reads like part of a sentence: long, and largely in lower case."""
    words = line.split()
    low = sum(word[0].islower() for word in words)
    return len(line) >= _LEAST_PROSE and low >= 2 / 5 * len(words)


def _is_broken_off(line: str) -> bool:
    """Tell whether a line ends one sentence and starts the next, as no title does."""
    return _is_prose(line) and not ends_sentence(line) and bool(_NEXT_SENTENCE.search(line))


def _starts_block(text: str, a: Line, b: Line, *, free: bool) -> bool:
    """Tell whether `b` starts a block by its first characters.

    A number or letter may also start a wrapped line, so it counts only after the end of a sentence,
    or if lines are `free`: in a list, or not wrapped.
    """
    here, before = b.span.of(text), a.span.of(text)
    if before.endswith(SOFT_HYPHEN):
        return False
    if BULLET.match(here) or _ROW.search(here) or _ROW.search(before):
        return True
    if _is_figures(here) and _is_figures(before):
        return True
    done = ends_sentence(before)
    if MARKER.match(here):
        return free or done
    return done and b.left > a.left + 1.5 * _unit(b)


def continues(text: str, a: Span, b: Span) -> bool:
    """Tell whether a sentence clearly continues from span `a` to `b`."""
    if text[b.start].islower() or text[a.end - 1] in _GOES_ON:
        return True
    return text[a.start : a.end].rsplit(None, 1)[-1] in _SMALL_WORDS


def _is_figures(line: str) -> bool:
    """Tell whether a line is mostly numbers, as the row of a table is."""
    words = line.split()
    figures = sum(any(character.isdigit() for character in word) for word in words)
    return figures > 1 and 2 * figures >= len(words) and not ends_sentence(line)


def ends_sentence(line: str) -> bool:
    """Tell whether a line ends with a sentence mark, ignoring quotes and brackets after it."""
    end = len(line)
    while end and line[end - 1] in _CLOSING:
        end -= 1
    return end > 0 and line[end - 1] in _TERMINAL


def _is_full(text: str, a: Line, b: Line, edge: float) -> bool:
    """Tell whether the first word of `b` would not have fitted after `a`."""
    here = b.span.of(text)
    word = 1 if _CJK.match(here) else len(here.split(None, 1)[0])
    if _UNSTOPPED.match(here):
        word = min(word, _UNSPACED_WORD)
    unit = _unit(b)
    ragged = _RAGGED * (edge - min(a.left, b.left))
    return a.right + unit + word * unit > edge - ragged


def _unit(line: Line) -> float:
    """Return the mean width of a character."""
    return (line.right - line.left) / len(line.span)


def _share(pairs: Sequence[_Pair]) -> float:
    return sum(pair.full for pair in pairs) / len(pairs) if pairs else 1.0


def _usual_width(runs: Sequence[Run]) -> float:
    """Return the width of most long lines; last lines of runs count only if alone."""
    widths = [line.right - line.left for run in runs for line in run[:-1]]
    widths = widths or [line.right - line.left for run in runs for line in run]
    return _percentile(widths)


def _edge(run: Run, usual: float) -> float:
    """Return the right edge that the lines of a run could have reached."""
    left = min(line.left for line in run)
    if len(run) >= _FEW_LINES:
        return left + _percentile([line.right - left for line in run])
    return max(left + usual, *(line.right for line in run))


def _percentile(values: Sequence[float]) -> float:
    return sorted(values)[round(_PERCENTILE * (len(values) - 1))] if values else 0.0
