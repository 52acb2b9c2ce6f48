"""Files in object stores, such as `s3://bucket/folder`, by obstore.

A file is fetched into a temporary one before its digest is computed or it is read. Credentials come
from the usual variables of the environment, or from the machine's role.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self

from askdoc.addresses import is_object, object_within
from askdoc.errors import MissingPart, ReadError
from askdoc.index.files import is_left_out, rules_of_settings
from askdoc.readers import is_readable, remedy_for, suffix_of
from askdoc.system.safe_open import too_large
from askdoc.types import Found, Skip
from askdoc.types.indexing import MISSING, UNREACHABLE

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore, RetryConfig

    from askdoc.index.sources import Read, Readout
    from askdoc.types import Part, Reading

_MOST_HELD = 256_000_000
"""Bytes of fetched files that are kept from digest to reading; others are fetched again."""

_LONGEST_NAME = 100
_PATIENCE = timedelta(seconds=20)
_REACH = "see whether the address, the credentials and the network are right"


class Objects:
    """Access to object stores; a context manager, which deletes the temporary files.

    Files of more than `most` bytes are not fetched, and those that match `ignore` not listed.
    """

    def __init__(self, most: int, ignore: Sequence[str] = ()) -> None:
        self._most = most
        self._ignore = ignore
        self._folder: Path | None = None
        self._held: dict[str, Path] = {}
        self._size = 0
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        folder, self._folder = self._folder, None
        self._held.clear()
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def listed(self, source: str) -> Iterator[Found | Skip]:
        """List the files at an address, sorted by name, and the skips.

        Hidden files and those that the setting `ignore` leaves out are not listed.

        Raises:
            MissingPart: the package for object stores is not installed.

        """
        store, bucket, key = _opened(source)
        try:
            found = _at(store, key)
        except Exception as error:  # noqa: BLE001 - obstore may raise any error
            yield Skip(source, UNREACHABLE, _why(error), _REACH)
            return
        if not found:
            hint = "check the address; an empty place also needs the right to list it"
            yield Skip(source, MISSING, "there is nothing at this address", hint)
        rules = rules_of_settings(self._ignore, source)
        for info in sorted(found, key=lambda one: one["path"]):
            location = f"{bucket}/{info['path']}"
            inside = object_within(source, location) or ""
            hidden = any(step.startswith(".") for step in inside.split("/"))
            if hidden or is_left_out(
                f"{source}/{inside}", is_folder=False, rules=None, settings=rules
            ):
                continue
            name = inside or location.rpartition("/")[2]
            if not is_readable(name):
                reason = f"no reader for `.{suffix_of(name)}` files"
                yield Skip(location, "unsupported", reason, remedy_for(name))
                continue
            yield Found(location, name, source, location, info["size"], _stamp(info))

    def digesting(self, digest: Callable[[Found], str]) -> Callable[[Found], str]:
        """Return a function for digests that fetches files of object stores first."""

        def made(found: Found) -> str:
            if not is_object(found.file):
                return digest(found)
            try:
                return digest(self._fetched(found))
            finally:
                if self._size > _MOST_HELD:
                    self._drop(found.location)

        return made

    def reading(self, read: Read) -> Read:
        """Return a function that reads files, and fetches those of object stores first."""

        @contextmanager
        def reading_all(items: Iterable[Found]) -> Iterator[Iterator[Readout | None]]:
            lost: deque[Readout] = deque()

            def here() -> Iterator[Found]:
                for found in items:
                    try:
                        yield self._fetched(found) if is_object(found.file) else found
                    except ReadError as error:
                        lost.append(_Lost(found, error))

            with read(here()) as readouts:
                yield self._with_lost(readouts, lost)

        return reading_all

    def _with_lost(
        self, readouts: Iterator[Readout | None], lost: deque[Readout]
    ) -> Iterator[Readout | None]:
        for readout in readouts:
            while lost:
                yield lost.popleft()
            yield readout
            if readout is not None:
                self._drop(readout.found.location)
        yield from lost

    def _fetched(self, found: Found) -> Found:
        """Return a file with the path of its temporary copy.

        Raises:
            ReadError: it is too large or gone, or the store cannot be reached.

        """
        path = self._held.get(found.location)
        if path is None:
            path = self._fetch(found)
            self._held[found.location] = path
            self._size += path.stat().st_size
        return replace(found, file=str(path))

    def _fetch(self, found: Found) -> Path:
        if found.size > self._most:
            raise too_large(found.location, found.size, self._most)
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="askdoc-objects-"))
        self._count += 1
        path = self._folder / str(self._count) / _plain(found.location)
        path.parent.mkdir()
        store, _, key = _opened(found.location)
        from obstore.exceptions import NotFoundError

        try:
            with path.open("wb") as file:
                for block in store.get(key):
                    file.write(block)
                    if file.tell() > self._most:  # it has grown since it was listed
                        break
        except (NotFoundError, FileNotFoundError) as error:
            message = f"`{found.location}` vanished before it was read"
            raise ReadError(message, code="vanished") from error
        except Exception as error:
            message = f"`{found.location}` cannot be fetched: {_why(error)}"
            raise ReadError(message, code=UNREACHABLE, hint=_REACH) from error
        return path  # whatever opens it refuses one that is too large

    def _drop(self, location: str) -> None:
        path = self._held.pop(location, None)
        if path is not None:
            self._size -= path.stat().st_size
            shutil.rmtree(path.parent, ignore_errors=True)


class _Lost:
    """A file that could not be fetched, as a `Readout`."""

    content_hash = ""

    def __init__(self, found: Found, error: ReadError) -> None:
        self.found = found
        self._error = error

    def parts(self) -> Iterator[Reading | Part]:
        """Raise the reason."""
        raise self._error


def _opened(address: str) -> tuple[ObjectStore, str, str]:
    """Return the bucket of an address, ready to use, its address, and the key in it."""
    try:
        from obstore.store import from_url
    except ImportError as error:
        message = f"`{address}` needs more packages ({error.name} is missing)"
        raise MissingPart(message, hint="install them: `pip install 'askdoc[cloud]'`") from error
    scheme, _, place = address.partition("://")
    name, _, key = place.partition("/")
    bucket = f"{scheme}://{name}"
    patience: RetryConfig = {"max_retries": 2, "retry_timeout": _PATIENCE}
    return from_url(bucket, retry_config=patience), bucket, key


def _at(store: ObjectStore, key: str) -> list[ObjectMeta]:
    """List the objects below a key, or the one that has this key."""
    from obstore.exceptions import NotFoundError

    found = [one for part in store.list(key or None) for one in part]
    if not found and key:
        with suppress(NotFoundError, FileNotFoundError):
            found = [store.head(key)]
    return found


def _stamp(info: ObjectMeta) -> int:
    """Return a number that changes with the object: its entity tag, else when it was written."""
    if info["e_tag"]:
        made = hashlib.blake2b(info["e_tag"].encode(), digest_size=8).digest()
        return int.from_bytes(made) >> 1
    return int(info["last_modified"].timestamp() * 1e9)


def _plain(location: str) -> str:
    """Return a file name with the suffix of a key, for the reader."""
    name = PurePosixPath(location.rpartition("/")[2].replace("\0", "_"))
    short = name.stem.encode()[:_LONGEST_NAME].decode(errors="ignore") or "object"
    return f"{short}{name.suffix[:_LONGEST_NAME]}"


def _why(error: Exception) -> str:
    text = " ".join(str(error).split())[:200]
    return f"the store says: {text or type(error).__name__}"
