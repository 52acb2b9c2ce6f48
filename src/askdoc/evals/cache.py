"""Answers and grades that are kept between runs, in one SQLite file.

Each entry belongs to a scope: a hash of everything that its value depends on. The code of askdoc is
part of that hash, so changed code never reuses an old answer.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from threading import Lock
from typing import Any, Self

import msgspec

from askdoc.evals.judge import Judge
from askdoc.types import Answer, Document, EvalCase, Fingerprint, Stamp, Structure
from askdoc.types.ports import CatalogReader

FILE_NAME = "cache.sqlite"

_SCOPES = 40
"""How many scopes are kept; the ones used longest ago are deleted."""

_NOT_CODE = (".pyc", ".css", ".js", ".j2")
"""Files of the package on which no answer depends."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS scopes (name TEXT PRIMARY KEY, used REAL);
CREATE TABLE IF NOT EXISTS entries (
    scope TEXT REFERENCES scopes ON DELETE CASCADE, key TEXT, value BLOB, PRIMARY KEY (scope, key)
) WITHOUT ROWID;
"""

_USE = "INSERT INTO scopes VALUES (?, ?) ON CONFLICT DO UPDATE SET used = excluded.used"
_FORGET = """
DELETE FROM scopes WHERE name NOT IN (SELECT name FROM scopes ORDER BY used DESC LIMIT ?)
"""


class Entries:
    """The entries of one scope, by key; safe in several threads.

    A context manager: leaving it closes the file. Each entry is written at once, so an interrupted
    run loses nothing.
    """

    def __init__(self, path: Path, scope: str) -> None:
        self._scope = scope
        self._lock = Lock()
        self._database = _open(path)
        self._database.execute(_USE, (scope, time.time()))
        self._database.execute(_FORGET, (_SCOPES,))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._database.close()

    def __contains__(self, key: object) -> bool:
        return self._read("SELECT 1 FROM entries WHERE scope = ? AND key = ?", str(key)) is not None

    def __len__(self) -> int:
        return int(self._read("SELECT count(*) FROM entries WHERE scope = ?")[0])

    def get(self, key: str) -> bytes | None:
        """Return the value of `key`, or None."""
        found = self._read("SELECT value FROM entries WHERE scope = ? AND key = ?", key)
        return None if found is None else zlib.decompress(found[0])

    def put(self, key: str, value: bytes) -> None:
        """Keep a value."""
        row = (self._scope, key, zlib.compress(value))
        with self._lock:
            self._database.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?)", row)

    def _read(self, query: str, *values: str) -> Any:
        with self._lock:
            return self._database.execute(query, (self._scope, *values)).fetchone()


def _open(path: Path) -> sqlite3.Connection:
    """Open the file; one that SQLite cannot read is deleted, since a cache can be made again."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for _ in range(2):
        database = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        try:
            path.chmod(0o600)
            database.execute("PRAGMA foreign_keys = ON")
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(_SCHEMA)
        except sqlite3.OperationalError:
            database.close()
            raise
        except sqlite3.DatabaseError:
            database.close()
            path.unlink()
            continue
        return database
    message = f"cannot write `{path}`"
    raise OSError(message)


class AnswerCache:
    """The answers of earlier runs, by key.

    `besides` names what the answers depend on besides their fingerprint. Documents are stored by
    their ids and read from `catalog`, since one answer names the same document many times.
    """

    def __init__(
        self, path: Path, fingerprint: Fingerprint, catalog: CatalogReader, *, besides: str = ""
    ) -> None:
        self.fingerprint = fingerprint
        self._documents = {document.id: document for document in catalog.documents()}
        # The same texts in another folder are documents with other ids.
        ids = sorted(self._documents)
        self._entries = Entries(path, _hash("answers", fingerprint, besides, code_digest(), *ids))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._entries.__exit__(*error)

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def get(self, key: str) -> Answer | None:
        """Return the answer of `key`, equal to the one that was stored, or None."""
        value = self._entries.get(key)
        if value is None:
            return None
        answer = msgspec.msgpack.decode(value, type=Answer, dec_hook=_decoded)
        return _with_documents(answer, lambda document: self._documents[document.id])

    def put(self, key: str, answer: Answer) -> None:
        """Store an answer."""
        bare = _with_documents(answer, _bare)
        self._entries.put(key, msgspec.msgpack.encode(bare, enc_hook=_encoded))


def _with_documents(answer: Answer, change: Callable[[Document], Document]) -> Answer:
    """Return the answer with every document in it changed."""
    return replace(
        answer,
        citations=tuple(replace(c, document=change(c.document)) for c in answer.citations),
        evidence=tuple(
            replace(e, passage=replace(e.passage, document=change(e.passage.document)))
            for e in answer.evidence
        ),
        passages=tuple(replace(p, document=change(p.document)) for p in answer.passages),
    )


def _encoded(structure: Structure) -> bytes:
    return structure.packed


def _decoded(_type: type, packed: bytes) -> Structure:
    return Structure.from_packed(packed)


def _bare(document: Document) -> Document:
    """Return a document that has only the id of this one."""
    return Document(document.id, "", "", "", "", None, 0, Stamp(0, 0, ""), (), "")


def case_key(case: EvalCase) -> str:
    """Hash what a case asks: the question and the turns before it."""
    return _hash(case.question, case.history)


@cache
def code_digest() -> str:
    """Hash the code and data of the installed package, so that an edit changes the hash."""
    digest = hashlib.blake2b(digest_size=16)
    for name, content in sorted(_package_files(files("askdoc"), "")):
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _package_files(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _package_files(item, f"{prefix}{item.name}/")
        elif not item.name.endswith(_NOT_CODE):
            found.append((prefix + item.name, item.read_bytes()))
    return found


class CachedJudge:
    """A judge that asks another one only for grades that are not kept yet.

    Another model or another prompt is another judge, with grades of its own. Safe in several
    threads if the judge behind it is.
    """

    def __init__(self, judge: Judge, path: Path) -> None:
        self.fingerprint = judge.fingerprint
        self._judge = judge
        self._entries = Entries(path, _hash("grades", judge.fingerprint))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._entries.__exit__(*error)

    def grade(self, question: str, answer: str, accepted: Sequence[str]) -> float:
        """Grade from 0 (wrong) to 1 (right), the same for the same words.

        Raises:
            AskdocError: the judge behind it fails; a failure is not kept.

        """
        key = _hash(question, answer, *accepted)
        kept = self._entries.get(key)
        if kept is not None:
            return msgspec.msgpack.decode(kept, type=float)
        grade = self._judge.grade(question, answer, accepted)
        self._entries.put(key, msgspec.msgpack.encode(grade))
        return grade


def _hash(*values: Any) -> str:
    text = msgspec.json.encode(values, order="sorted")
    return hashlib.blake2b(text, digest_size=12).hexdigest()
