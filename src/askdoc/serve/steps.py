"""The steps of an answer, as they happen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Protocol

from askdoc.types import Answer, Evidence, Wrote
from askdoc.types.ports import Listener


class Ask(Protocol):
    """Asks the engine one question."""

    async def __call__(self, *, listen: Listener = ...) -> Answer:
        """Answer it; `listen` hears the steps."""


async def steps(ask: Ask) -> AsyncGenerator[list[Evidence] | Wrote | Answer]:
    """Yield the evidence, each claim that a language model writes, and at last the answer.

    Closing the generator ends the work. Claims that were not yielded by then are in the answer.
    """
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[Any] = asyncio.Queue()

    def listen(event: object) -> None:
        loop.call_soon_threadsafe(events.put_nowait, event)

    asking = asyncio.ensure_future(ask(listen=listen))
    asking.add_done_callback(events.put_nowait)
    try:
        while (event := await events.get()) is not asking:
            if isinstance(event, list | Wrote):
                yield event
        yield asking.result()
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
