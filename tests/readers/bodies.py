"""Readings without the properties that stand below their text."""

from __future__ import annotations

from dataclasses import replace

from askdoc.types import Reading
from askdoc.types.places import PROPERTIES, Landmarks


def body(reading: Reading) -> Reading:
    """Return a reading up to the properties of its file."""
    end = next((one.start for one in reading.landmarks if one.place == PROPERTIES), None)
    if end is None:
        return reading
    return replace(
        reading,
        text=reading.text[:end].rstrip(),
        blocks=tuple(block for block in reading.blocks if block.start < end),
        sections=tuple(section for section in reading.sections if section.start < end),
        landmarks=Landmarks.of(one for one in reading.landmarks if one.start < end),
    )
