"""What happened, told at once to every page that is open (Server-Sent Events)."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_BEAT = 15.0
"""Seconds of silence after which a line is sent that means nothing, so that nobody hangs up."""
_AGAIN = 500
"""Milliseconds after which a page that lost us asks again."""


class Announcer:
    """Tells all listeners what happened. It may be told from any thread."""

    def __init__(self) -> None:
        self._listeners: dict[asyncio.Queue[str | None], asyncio.AbstractEventLoop] = {}

    def tell(self, event: str, facts: Mapping[str, object]) -> None:
        """Tell what happened."""
        self._put(f"event: {event}\ndata: {json.dumps(facts)}\n\n")

    def close(self) -> None:
        """Send everybody home, so that the server can end."""
        self._put(None)

    def _put(self, line: str | None) -> None:
        for queue, loop in [*self._listeners.items()]:
            loop.call_soon_threadsafe(queue.put_nowait, line)

    async def listen(self) -> AsyncIterator[str]:
        """Yield, from now on, what happens, as it goes over the wire."""
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._listeners[queue] = asyncio.get_running_loop()
        try:
            yield f"retry: {_AGAIN}\n\n"
            while (line := await _next(queue)) is not None:
                yield line
        finally:
            del self._listeners[queue]


async def _next(queue: asyncio.Queue[str | None]) -> str | None:
    try:
        return await asyncio.wait_for(queue.get(), _BEAT)
    except TimeoutError:
        return ": still here\n\n"
