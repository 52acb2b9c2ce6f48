"""Web sources: fetches only addresses that the user has named."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from askdoc.settings import Settings
from askdoc.types import Found, Skip
from askdoc.types.indexing import NOT_NAMED, OFFLINE, Permission
from askdoc.types.ports import Listener, ignore
from askdoc.web.connection import Resolve
from askdoc.web.crawl import Crawl, found_at, is_document
from askdoc.web.fetch import Fetcher
from askdoc.web.mirror import Mirror


def refusal(source: str, allowed: Permission | None, settings: Settings) -> Skip | None:
    """Return why nothing is fetched from an address; None if it may be."""
    if allowed is None:
        hint = f"if you trust it, `askdoc index {shlex.quote(source)}` fetches it"
        return Skip(source, NOT_NAMED, "nobody has named this address on this machine", hint)
    if settings.offline:
        hint = "leave out `--offline`, or unset `offline`"
        return Skip(source, OFFLINE, "`offline` refuses to fetch it", hint)
    return None


class WebSources:
    """Lists the pages of a workspace's addresses; `folder` stores them.

    `permission` returns what the user allows for an address, or None: an index or its settings may
    come from an untrusted source. A page has at most `most` bytes.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        *,
        most: int,
        permission: Callable[[str], Permission | None],
        listen: Listener = ignore,
        resolve: Resolve | None = None,
    ) -> None:
        self._mirror = Mirror(folder)
        self._settings = settings
        self._most = most
        self._permission = permission
        self._listen = listen
        self._resolve = resolve

    def pages(self, source: str) -> Iterator[Found | Skip]:
        """Yield the pages of a source, and the skips."""
        allowed = self._permission(source)
        if (refused := refusal(source, allowed, self._settings)) is not None:
            yield from self._as_it_was(refused)
        elif allowed is not None:
            settings = self._settings
            with Fetcher(
                most=self._most,
                seconds=settings.max_fetch_seconds,
                allow_private=allowed.private,
                resolve=self._resolve,
            ) as fetcher:
                yield from Crawl(
                    source,
                    allowed.depth,
                    fetcher=fetcher,
                    mirror=self._mirror,
                    most=settings.max_pages,
                    listen=self._listen,
                ).pages()

    def forget(self, source: str) -> None:
        """Delete the stored pages of a source."""
        for page in self._mirror.of(source):
            self._mirror.drop(page)

    def _as_it_was(self, skip: Skip) -> Iterator[Found | Skip]:
        yield skip
        for page in self._mirror.of(skip.location):
            if is_document(page):
                yield found_at(page, skip.location)
