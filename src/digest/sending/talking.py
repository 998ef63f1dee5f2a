"""Single requests to a service: it is left alone when it asks for it, and what goes wrong is put in our words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from digest.errors import ProviderError
from digest.sending.pace import backoff, retry_after
from digest.wire.answers import Fate, UnclearError, fate_of
from digest.wire.introducing import open_client
from digest.wire.words import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from digest.wire import Fetch

_TIMEOUT = httpx.Timeout(60, connect=10)
_TRIES = 4
_LONGEST_WAIT = 60.0
"""Seconds that a service is left alone at most before it is asked again."""


class Line:
    """
    The line to a service, open for as long as the block runs, which is given what sends a request.

    That raises `ProviderError` where a service surely did nothing, and `UnclearError` where it may have.

    Args:
        report: is told, in a few words, why it takes longer.
        wait: waits so many seconds.
        transport: what requests travel by; None is HTTP over the network.
    """

    def __init__(
        self,
        report: Callable[[str], None],
        wait: Callable[[float], None],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._report = report
        self._wait = wait
        self._client = open_client(transport=transport, timeout=_TIMEOUT)

    def __enter__(self) -> Fetch:
        return self._fetch

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def _fetch(self, request: httpx.Request) -> httpx.Response:
        for attempt in range(1, _TRIES):
            response = self._send(request)
            if fate_of(response) is not Fate.NOT_TAKEN:
                return response
            asked = retry_after(response.headers, datetime.now(UTC))
            seconds = min(backoff(attempt, 0.5) if asked is None else asked, _LONGEST_WAIT)
            self._report(f"it asks to be left alone for {seconds:.0f} s; it is tried again")
            self._wait(seconds)
        return self._send(request)

    def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._client.send(request)
        except Exception as fault:
            reason = clean(str(fault)) or type(fault).__name__
            if request.method == "GET" or fate_of(fault) is not Fate.OPEN:
                msg = f"{request.url.host} cannot be reached: {reason}"
                raise ProviderError(msg, hint="Nothing was changed. Run it again later.") from fault
            msg = f"{request.url.host} did not answer, and may have done what it was asked for: {reason}"
            raise UnclearError(msg) from fault
