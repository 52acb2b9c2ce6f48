"""Writes nested values (JSON, YAML) so that each line can be read on its own, with its path.

The scalar values of an object or list form one row; a long text is a paragraph. There is no
recursion, so any depth works.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from askdoc.readers.composer import TURN, Composer, clean
from askdoc.strings import CELL
from askdoc.types import Kind
from askdoc.types.places import Place, PlaceKind

_LONG = 300
_MOST_STEPS = 12
"""Most steps of a path; earlier ones are left out."""

_MOST_ITEMS = 50
"""Most values of a row; a longer list has several rows."""


@dataclass(slots=True)
class _Frame:
    """An open object or list, with its scalar values that are not written yet."""

    is_list: bool
    step: str
    line: int
    key: str | None = None
    count: int = 0
    nested: bool = False
    waiting: list[tuple[str, str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


class Records:
    """Consumes the events of a parser; lines count from 1."""

    def __init__(self) -> None:
        self.composer = Composer()
        self._frames: list[_Frame] = []
        self._clean = 0
        """The number of outermost frames without unwritten values."""

    @property
    def wants_key(self) -> bool:
        """Whether the next value is a key of an object."""
        return bool(self._frames) and not self._frames[-1].is_list and self._frames[-1].key is None

    def key(self, name: str) -> None:
        """Set the key of the next value."""
        if self._frames:
            self._frames[-1].key = name.replace(TURN, "")

    def begin(self, *, is_list: bool, line: int) -> None:
        """Start an object or a list."""
        step = self._step()
        if self._frames:
            self._frames[-1].nested = True
        self._frames.append(_Frame(is_list, step, line))

    def end(self) -> None:
        """End an object or a list; an extra end is ignored."""
        if not self._frames:
            return
        frame = self._frames[-1]
        if (
            frame.is_list
            and not frame.nested
            and len(self._frames) > 1
            and len(frame.waiting) <= _MOST_ITEMS
        ):
            self._frames.pop()
            parent = self._frames[-1]
            values = ", ".join(value for _, value in frame.waiting)
            if values and len(values.replace(TURN, "")) <= _LONG and not parent.is_list:
                if not parent.waiting:
                    parent.line = frame.line
                parent.waiting.append((frame.step, values))
                parent.lines += frame.lines
                self._clean = min(self._clean, len(self._frames) - 1)
                return
            self._frames.append(frame)
        self._flush()
        self._frames.pop()
        self._clean = min(self._clean, len(self._frames))

    def value(self, words: str, line: int) -> None:
        """Add a scalar value."""
        step = self._step()
        words = words.replace(TURN, "")
        if len(words) > _LONG or "\n" in words.strip():
            self._flush()
            self.composer.place(Place(PlaceKind.LINE, line))
            path = self._path(step)
            self.composer.paragraph(f"{path}: {words}" if path else words)
            return
        if not self._frames:
            self.composer.place(Place(PlaceKind.LINE, line))
            self.composer.row(words, kind=Kind.PROSE)
            return
        frame = self._frames[-1]
        if not frame.waiting:
            frame.line = line
        if clean(words).strip():
            words = TURN + clean(words).lstrip()
            frame.lines.append(line)
        frame.waiting.append((step, words))
        self._clean = min(self._clean, len(self._frames) - 1)
        if frame.is_list and len(frame.waiting) > _MOST_ITEMS:
            frame.nested = True
            self._flush()

    def finish(self) -> None:
        """Write the remaining values at the end of the file."""
        self._flush()
        self._frames.clear()

    def _step(self) -> str:
        """Return the path step of the next value in the innermost object or list."""
        if not self._frames:
            return ""
        frame = self._frames[-1]
        if frame.is_list:
            frame.count += 1
            return f"[{frame.count - 1}]"
        key, frame.key = frame.key, None
        return key or ""

    def _flush(self) -> None:
        """Write the collected values, outermost first."""
        for depth in range(self._clean, len(self._frames)):
            frame = self._frames[depth]
            if not frame.waiting:
                continue
            path = self._path(upto=depth + 1).replace(TURN, "")
            self.composer.place(Place(PlaceKind.LINE, frame.line))
            turns = [Place(PlaceKind.LINE, line) for line in frame.lines]
            kind = Kind.FIELD if len(frame.waiting) == 1 and not frame.is_list else Kind.ROW
            self.composer.row(_row(path, frame), turns=turns, kind=kind)
            frame.waiting, frame.lines = [], []
        self._clean = len(self._frames)

    def _path(self, step: str = "", upto: int | None = None) -> str:
        frames = self._frames[:upto] if upto is not None else self._frames
        steps = [frame.step for frame in frames[-_MOST_STEPS:]]
        path = ""
        for one in [*steps, step]:
            path += f".{one}" if path and one and not one.startswith("[") else one
        return path


def _row(path: str, frame: _Frame) -> str:
    if frame.is_list:
        values = ", ".join(value for _, value in frame.waiting)
        return f"{path}: {values}" if path else values
    if len(frame.waiting) == 1:
        [(key, value)] = frame.waiting
        named = f"{path}.{key}" if path and key else path or key
        return f"{named}: {value}" if named else value
    pairs = [f"{key}: {value}" if key else value for key, value in frame.waiting]
    return CELL.join([path, *pairs] if path else pairs)
