from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askdoc.types import UNSTRUCTURED, Block, Kind, Span, Structure

sizes = st.tuples(st.integers(0, 300), st.integers(0, 40), st.sampled_from(Kind))


@given(st.lists(sizes, max_size=12))
def test_a_structure_survives_packing(made: list[tuple[int, int, Kind]]) -> None:
    blocks: list[Block] = []
    position = 0
    for gap, length, kind in made:
        blocks.append(Block(Span(position + gap, position + gap + length), kind))
        position = blocks[-1].span.end
    structure = Structure(blocks)
    assert structure.blocks == tuple(blocks)
    assert bool(structure) == bool(blocks)
    same = Structure.from_packed(structure.packed)
    assert same == structure
    assert hash(same) == hash(structure)
    assert copy.deepcopy(structure) == structure


def test_a_block_is_found_by_any_character_in_it() -> None:
    row, code = Block(Span(3, 8), Kind.ROW), Block(Span(8, 12), Kind.CODE)
    structure = Structure([row, code])
    assert [structure.block_at(at) for at in (2, 3, 7, 8, 11, 12)] == [
        *(None, row, row),
        *(code, code, None),
    ]
    assert structure.kind_at(9) is Kind.CODE
    assert structure.kind_at(12) is Kind.PROSE
    assert UNSTRUCTURED.block_at(0) is None


def test_blocks_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="the block at 3 begins before"):
        Structure([Block(Span(0, 4), Kind.ITEM), Block(Span(3, 8), Kind.CODE)])
