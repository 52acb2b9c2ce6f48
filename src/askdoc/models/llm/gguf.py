"""A GGUF file with its four-bit weights written as eight bits, by which llama.cpp reads faster.

llama.cpp multiplies matrices of type Q8_0 by a kernel of their own, and those of type Q4_1 row by
row. The values stay what they were to about a thirtieth of one of their steps; the file grows by
half. What is written depends on the file alone, so that its digest is known beforehand.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from askdoc.errors import ModelError

_MAGIC = b"GGUF"
_VERSION = 3
_STRING, _ARRAY = 8, 9
_FIXED = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
"""Bytes of the value types of fixed size, by their number."""

_F32, _Q4_1, _Q8_0 = 0, 3, 8
_BLOCK = 32
_BYTES = {_F32: 4 * _BLOCK, _Q4_1: 20, _Q8_0: 34}
"""Bytes of a block of weights, by type."""

_ALIGNMENT = 32
_ROWS = 1 << 16
"""Blocks that are converted at a time, to bound the memory."""


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: bytes
    dimensions: tuple[int, ...]
    kind: int
    offset: int

    @property
    def blocks(self) -> int:
        return int(np.prod(self.dimensions)) // _BLOCK


def widen(source: Path, target: Path) -> None:
    """Write `source` to `target` with its matrices of type Q4_1 as Q8_0, all else as it is.

    Raises:
        ModelError: the file is not one of those that this can read.

    """
    with source.open("rb") as file:
        magic, version, count, keys = struct.unpack("<4sIQQ", file.read(24))
        if (magic, version) != (_MAGIC, _VERSION):
            message = f"`{source}` is not a GGUF file of version {_VERSION}"
            raise ModelError(message)
        for _ in range(keys):
            _skip_string(file)
            _skip_value(file, *struct.unpack("<I", file.read(4)))
        end_of_keys = file.tell()
        tensors = [_read_tensor(file) for _ in range(count)]
        if any(tensor.kind not in _BYTES for tensor in tensors):
            message = f"`{source}` holds weights of a type that can't be converted"
            raise ModelError(message)
        data = _aligned(file.tell())
        with target.open("wb") as new:
            file.seek(0)
            new.write(file.read(end_of_keys))
            offset = 0
            for tensor in tensors:
                kind = _Q8_0 if tensor.kind == _Q4_1 else tensor.kind
                new.write(_described(tensor, kind, offset))
                offset = _aligned(offset + tensor.blocks * _BYTES[kind])
            for tensor in tensors:
                new.write(bytes(_aligned(new.tell()) - new.tell()))
                file.seek(data + tensor.offset)
                for part in _converted(file, tensor):
                    new.write(part)


def _converted(file: IO[bytes], tensor: _Tensor) -> Iterator[bytes]:
    size = _BYTES[tensor.kind]
    for done in range(0, tensor.blocks, _ROWS):
        part = file.read(min(_ROWS, tensor.blocks - done) * size)
        if tensor.kind == _Q4_1:
            yield _eight_bits(np.frombuffer(part, np.uint8).reshape(-1, size)).tobytes()
        else:
            yield part


def _eight_bits(blocks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Convert blocks of Q4_1 (scale, minimum, 16 bytes of two values) to Q8_0 (scale, 32 bytes)."""
    ends = blocks[:, :4].copy().view(np.float16).astype(np.float32)
    packed = blocks[:, 4:]
    steps = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32)
    values = steps * ends[:, :1] + ends[:, 1:]
    scale = np.abs(values).max(axis=1, keepdims=True) / np.float32(127)
    per_step = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale > 0)
    whole = np.rint(values * per_step).astype(np.int8)
    return np.concatenate([scale.astype(np.float16).view(np.uint8), whole.view(np.uint8)], axis=1)


def _read_tensor(file: IO[bytes]) -> _Tensor:
    name = file.read(*struct.unpack("<Q", file.read(8)))
    (axes,) = struct.unpack("<I", file.read(4))
    dimensions = struct.unpack(f"<{axes}Q", file.read(8 * axes))
    return _Tensor(name, dimensions, *struct.unpack("<IQ", file.read(12)))


def _described(tensor: _Tensor, kind: int, offset: int) -> bytes:
    head = struct.pack("<Q", len(tensor.name)) + tensor.name
    axes = struct.pack(f"<I{len(tensor.dimensions)}Q", len(tensor.dimensions), *tensor.dimensions)
    return head + axes + struct.pack("<IQ", kind, offset)


def _skip_string(file: IO[bytes]) -> None:
    (length,) = struct.unpack("<Q", file.read(8))
    file.seek(length, 1)


def _skip_value(file: IO[bytes], kind: int) -> None:
    if kind == _STRING:
        _skip_string(file)
    elif kind == _ARRAY:
        inner, count = struct.unpack("<IQ", file.read(12))
        if inner == _STRING:
            for _ in range(count):
                _skip_string(file)
        else:
            file.seek(count * _FIXED[inner], 1)
    else:
        file.seek(_FIXED[kind], 1)


def _aligned(position: int) -> int:
    return -(-position // _ALIGNMENT) * _ALIGNMENT
