"""Lists the pages of a source: one page, or those that it links to below the same path."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from io import BytesIO

from askdoc.addresses import prefix_of, site_of
from askdoc.errors import ReadError
from askdoc.types import Fetched, Found, Skip
from askdoc.types.indexing import GONE, OUT_OF_REACH, PAGE_LIMIT, REFUSED
from askdoc.types.ports import Listener
from askdoc.web.fetch import Fetcher
from askdoc.web.kinds import is_worth_following
from askdoc.web.mirror import Mirror, StoredPage
from askdoc.web.page import Rules, links, sitemap

ROBOTS = "robots"


class Crawl:
    """One crawl of a source; `pages` lists its pages, and fetches at most `most` of them.

    `depth` is the number of links to follow from the named page, or from the pages of a sitemap. If
    a page cannot be fetched, known pages that were not reached stay, since it may be the one that
    links to them.
    """

    def __init__(
        self,
        source: str,
        depth: int,
        *,
        fetcher: Fetcher,
        mirror: Mirror,
        most: int,
        listen: Listener,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._source = source
        self._depth = depth
        self._fetcher = fetcher
        self._mirror = mirror
        self._most = most
        self._listen = listen
        self._sleep = sleep
        self._before = {page.address: page for page in mirror.of(source)}
        self._rules: dict[str, Rules] = {}
        self._minds_rules = depth > 0
        self._waiting: deque[tuple[str, int]] = deque([(source, 0)])
        self._met = {source}
        self._prefix = prefix_of(source)
        self._fetched = 0
        self._whole = True

    def pages(self) -> Iterator[Found | Skip]:
        """Yield each page as soon as it is known, and the skips."""
        visited: set[str] = set()
        while self._waiting:
            address, level = self._waiting.popleft()
            if self._fetched == self._most:
                self._whole = False
                yield self._limit_reached(address)
                break
            visited.add(address)
            try:
                yield from self._take(self._page(address), level)
            except ReadError as error:
                yield from self._missing(address, error)
        for address, page in self._before.items():
            if address in visited:
                continue
            if self._whole:
                self._mirror.drop(page)
            elif is_document(page):
                yield found_at(page, self._source)

    def _page(self, address: str) -> StoredPage:
        """Fetch a page unless the stored one is current.

        Raises:
            ReadError: it cannot be fetched, or has no reader.

        """
        if self._minds_rules:
            rules = self._rules_of(site_of(address))
            if not rules.allow(address):
                message = "`robots.txt` of the site asks programs not to fetch it"
                hint = "a page that you name is fetched all the same, without `--depth`"
                raise ReadError(message, code=ROBOTS, hint=hint)
            if self._fetched and rules.delay:
                self._sleep(rules.delay)
        self._listen(Fetched(address, self._fetched))
        self._fetched += 1
        known = self._mirror.page(address)
        with self._mirror.incoming() as file:
            answer = self._fetcher.fetch(address, file, known.validators if known else None)
            if answer.unchanged and known:
                return self._mirror.belongs_to(known, self._source)
            return self._mirror.keep(address, self._source, answer, file)

    def _take(self, page: StoredPage, level: int) -> Iterator[Found | Skip]:
        """Yield a stored page, and queue its links."""
        at = page.validators.at
        if page.address == self._source:
            self._prefix = prefix_of(at)
        elif not self._is_ours(at) or (at != page.address and at in self._met):
            # It redirects out of the source, or to a page that is listed anyway.
            self._mirror.drop(page)
            return
        self._met.add(at)
        if (listed := _listed(page)) is not None:
            self._minds_rules = True
            self._note([one for one in listed if self._is_ours(one)], level)
            return
        if page.file.suffix == ".gz":
            reason = "it is packed and no sitemap"
            yield Skip(page.address, "unsupported", reason, "unpack it, then index the files")
            return
        yield found_at(page, self._source)
        if page.is_markup and level < self._depth:
            self._note(
                [
                    one
                    for one in links(page.file, at)
                    if self._is_ours(one) and is_worth_following(one)
                ],
                level + 1,
            )

    def _missing(self, address: str, error: ReadError) -> Iterator[Found | Skip]:
        """Yield the stored version or the skip of a page that cannot be fetched."""
        known = self._mirror.page(address)
        if error.code == GONE and known is None and address != self._source:
            yield Skip(address, GONE, f"a page leads to it, but {error}", None)
            return
        yield Skip(address, error.code, str(error), error.hint)
        if error.code in OUT_OF_REACH:
            self._whole = False
            if known is not None and is_document(known):
                yield found_at(known, self._source)
        elif known is not None:
            self._mirror.drop(known)

    def _limit_reached(self, address: str) -> Skip:
        rest = len(self._waiting)
        more = f" and {rest} more that are known of" if rest else ""
        reason = f"{self._most} pages were fetched, which is the limit; this page{more} is left out"
        return Skip(address, PAGE_LIMIT, reason, "raise the setting `max_pages`")

    def _note(self, addresses: list[str], level: int) -> None:
        for address in addresses:
            if address not in self._met:
                self._met.add(address)
                self._waiting.append((address, level))

    def _is_ours(self, address: str) -> bool:
        return address.startswith(self._prefix)

    def _rules_of(self, site: str) -> Rules:
        """Fetch the `robots.txt` of a site, once; without one, everything is allowed.

        Raises:
            ReadError: it cannot be fetched now, so the rules are unknown.

        """
        if site not in self._rules:
            into = BytesIO()
            try:
                self._fetcher.fetch(f"{site}robots.txt", into)
            except ReadError as error:
                if error.code not in (GONE, REFUSED):
                    message = f"`robots.txt` of the site can't be fetched: {error}"
                    raise ReadError(message, code=error.code, hint=error.hint) from error
                into = BytesIO()
            self._rules[site] = Rules(into.getvalue())
        return self._rules[site]


def _listed(page: StoredPage) -> list[str] | None:
    """List the addresses of a sitemap; None if the page is not one."""
    return sitemap(page.file, page.validators.at) if page.is_xml else None


def is_document(page: StoredPage) -> bool:
    """Tell whether to index a stored page; a sitemap is only a list."""
    return page.file.suffix != ".gz" and _listed(page) is None


def found_at(page: StoredPage, source: str) -> Found:
    """Return a stored page as a found file, with its address as location."""
    info = page.file.stat()
    address = page.address
    return Found(
        location=address,
        path=address,
        source=source,
        file=str(page.file),
        size=info.st_size,
        modified_ns=info.st_mtime_ns,
    )
