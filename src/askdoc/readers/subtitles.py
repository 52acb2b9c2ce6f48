"""Read subtitles (WebVTT, SubRip): what is said, and when."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from askdoc.readers.composer import Composer
from askdoc.readers.encoding import decode
from askdoc.readers.layout.lines import ends_sentence
from askdoc.readers.refusal import damaged, wordless
from askdoc.types import Reading
from askdoc.types.places import Place, PlaceKind

_TIMING = re.compile(
    r"\s*(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,]\d{1,3}\s*-->\s*(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,]"
)
_SPEAKER = re.compile(r"<v(?:\.[^ >]*)?\s+([^>]*)>")
_STYLE = re.compile(r"<[^<>]*>|\{\\[^{}]*\}")
_PAUSE = 4
"""A pause of this many seconds ends a sentence."""

_LONGEST = 1_000
"""Most characters of a sentence in subtitles without sentence marks."""


@dataclass(slots=True)
class _Cue:
    start: int
    end: int
    words: str


class SubtitleReader:
    """Reads subtitles as running text; the time of a subtitle is a place."""

    def read(self, data: bytes, *, name: str) -> Reading:
        """Read a file called `name`.

        Raises:
            ReadError: the file is empty, no text, or has no subtitles.

        """
        decoded = decode(data, name=name)
        if "-->" not in decoded.text:
            raise damaged(name, "has no subtitles")
        composer = Composer()
        before: _Cue | None = None
        length = 0
        for cue in _cues(decoded.text):
            if before is not None and cue.words == before.words:
                before.end = cue.end  # the line stays on the screen while the next one appears
                continue
            is_continued = (
                before is not None
                and length < _LONGEST
                and cue.start - before.end < _PAUSE
                and not ends_sentence(before.words)
            )
            composer.place(Place(PlaceKind.TIME, cue.start))
            composer.line(cue.words, is_continued=is_continued)
            length = length + len(cue.words) if is_continued else len(cue.words)
            before = cue
        if not composer:
            raise wordless(name)
        return composer.reading(warnings=decoded.warnings)


def _cues(text: str) -> Iterator[_Cue]:
    cue: _Cue | None = None
    for line in [*text.splitlines(), ""]:
        timing = _TIMING.match(line)
        if timing:
            cue = _Cue(_seconds(*timing.group(1, 2, 3)), _seconds(*timing.group(4, 5, 6)), "")
        elif cue is not None and line.strip():
            words = _STYLE.sub("", _SPEAKER.sub(r"\1: ", line)).strip()
            cue.words = f"{cue.words} {words}".strip()
        elif cue is not None:
            if any(character.isalnum() for character in cue.words):
                yield cue
            cue = None


def _seconds(hours: str | None, minutes: str, seconds: str) -> int:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
