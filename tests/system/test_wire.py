"""Messages between processes."""

from __future__ import annotations

from io import BytesIO

from askdoc.system.wire import receive, send
from askdoc.types import Block, Field, Kind, Reading, Span, Structure
from askdoc.types.places import PROPERTIES, Landmark, Landmarks


def test_structure_and_fields_come_through() -> None:
    structure = Structure((Block(Span(0, 4), Kind.FIELD), Block(Span(5, 9), Kind.ITEM)))
    reading = Reading(
        "a: 1\noars",
        (Span(0, 4), Span(5, 9)),
        landmarks=Landmarks.of([Landmark(0, PROPERTIES)]),
        structure=structure,
        fields=(Field("a", "1", Span(0, 4)),),
    )
    stream = BytesIO()
    send(stream, reading)
    stream.seek(0)
    came = receive(stream)
    assert came == reading
    assert came.structure.kind_at(6) is Kind.ITEM
