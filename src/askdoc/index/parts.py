"""Documents within a file, such as the attachments of a message: each is one of its own. Pure.

A part lies below the location of its file as if that were a folder, and has its size and time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from askdoc.types import Found, Known, Part, Reading


def placed(file: Found, parts: Iterable[Part]) -> Iterator[tuple[Found, Part]]:
    """Give each part a place below its file; of parts with one name all but one get a number.

    What lies in a part has a place below that.
    """
    taken: set[str] = set()
    for part in parts:
        name = _free(_inner(part.name), taken)
        taken.add(name)
        place = within(file, name)
        yield place, part
        if isinstance(part.outcome, Reading):
            yield from placed(place, part.outcome.parts)


def moved(file: Found, part: Known) -> Found:
    """Place a known part below its file, which is where and as `file` says now."""
    return within(file, part.location[len(part.within or "") + 1 :])


def within(file: Found, name: str) -> Found:
    """Place something called `name` below a file."""
    return replace(file, location=f"{file.location}/{name}", path=f"{file.path}/{name}")


def wholes(location: str) -> Iterator[str]:
    """List the locations that `location` lies below."""
    for folder in PurePosixPath(location).parents:
        yield str(folder)


def _inner(name: str) -> str:
    """Return a name that leads nowhere but down."""
    steps = name.replace("\\", "/").split("/")
    return "/".join(step for step in steps if step not in ("", ".", "..")) or "part"


def _free(name: str, taken: set[str]) -> str:
    path = PurePosixPath(name)
    number = 2
    while name in taken:
        name = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        number += 1
    return name
