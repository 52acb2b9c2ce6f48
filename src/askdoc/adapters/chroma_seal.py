"""A seal on Chroma's HNSW files: their sizes, times and checksums when they were last written.

Chroma answers from files that are cut short or gone as if nothing was, and bytes overwritten in
them can crash the process. The first change of a run takes the seal off, its end puts on a new one,
so that damage is found before Chroma loads the files.
"""

from __future__ import annotations

import json
import struct
import zlib
from contextlib import suppress
from pathlib import Path

_SEAL = "seal.json"
_SUSPECT = "suspect"

_HEADER = struct.Struct("<i6Q")
"""Version, offset of level 0, capacity, elements, bytes per element, offsets of label and data."""

_HEADER_VERSION = 1


def put(folder: Path) -> None:
    """Seal the HNSW files in `folder` as they are."""
    sealed = {_name(folder, file): [*_stamp(file), _checksum(file)] for file in _files(folder)}
    draft = folder / f"{_SEAL}.new"
    draft.write_text(json.dumps(sealed), encoding="utf-8")
    draft.replace(folder / _SEAL)
    (folder / _SUSPECT).unlink(missing_ok=True)


def suspect(folder: Path) -> None:
    """Note that Chroma failed on `folder`, so that the next writer looks closer."""
    with suppress(OSError):
        (folder / _SUSPECT).touch()


def is_suspect(folder: Path) -> bool:
    """Tell whether Chroma failed since the files were sealed."""
    return (folder / _SUSPECT).exists()


def remove(folder: Path) -> None:
    """Take the seal off, before the files change."""
    (folder / _SEAL).unlink(missing_ok=True)


def holds(folder: Path) -> bool:
    """Tell whether the files are as they were sealed; where there is no seal, nobody can tell.

    A file of the same size and time is taken as the same, else its checksum decides.
    """
    for _ in range(2):  # a writer may take the seal off between two looks
        try:
            sealed = json.loads((folder / _SEAL).read_text(encoding="utf-8"))
            if set(sealed) == {_name(folder, file) for file in _files(folder)} and all(
                _is_same(folder / name, *stamp) for name, stamp in sealed.items()
            ):
                return True
        except FileNotFoundError:
            continue
        except (ValueError, TypeError):
            return False
    return not (folder / _SEAL).exists()


def cut_short(folder: Path) -> list[str]:
    """Name the HNSW files that are smaller than their header says, with or without a seal."""
    found: list[str] = []
    for header in folder.glob("*/header.bin"):
        data = header.read_bytes()[: _HEADER.size]
        if len(data) < _HEADER.size:
            found.append(_name(folder, header))
            continue
        version, _, _, elements, bytes_per_element, *_ = _HEADER.unpack(data)
        if version != _HEADER_VERSION:
            continue
        for name, size in (("data_level0.bin", bytes_per_element), ("length.bin", 4)):
            file = header.with_name(name)
            if not file.exists() or file.stat().st_size < elements * size:
                found.append(_name(folder, file))
    return found


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*"))


def _name(folder: Path, file: Path) -> str:
    return file.relative_to(folder).as_posix()


def _is_same(file: Path, size: int, modified_ns: int, checksum: int) -> bool:
    now = _stamp(file)
    return now == (size, modified_ns) or (now[0] == size and _checksum(file) == checksum)


def _stamp(file: Path) -> tuple[int, int]:
    status = file.stat()
    return status.st_size, status.st_mtime_ns


def _checksum(file: Path) -> int:
    total = 0
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            total = zlib.crc32(block, total)
    return total
