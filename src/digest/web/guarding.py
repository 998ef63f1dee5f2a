"""
What stands before all answers: what browsers must heed, one line of log each, and no fault that tells too much.

No page sets a cookie, so no other site can make a browser act in a reader's name: a token in the address is all that
lets anyone in. TLS, and the `Strict-Transport-Security` that belongs to it, are the business of the proxy that has the
certificate.
"""

from __future__ import annotations

import logging
import time
import traceback
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.routing import Match, Route

from digest.web.counting import count_request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger(__name__)
_OURS = Path(__file__).parents[1]
_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
_UNKNOWN = "-"
"""What stands in the log for an address that we do not answer, and a method that does not exist: anyone chooses it."""


def headers_for(policy: str) -> dict[str, str]:
    """Return what browsers must heed of each answer that does not say otherwise."""
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
        "Referrer-Policy": "no-referrer",  # addresses hold tokens
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


class Guard:
    """
    Stands before an application.

    Args:
        application: what it guards; it answers every fault, and raises those that are bugs once more.
        routes: those of the application.
        base: the path under which it is reached, blank or such as ``/letters``.
        headers: what is added to all answers.
    """

    def __init__(self, application: ASGIApp, *, routes: Sequence[Route], base: str, headers: Mapping[str, str]) -> None:
        self._application = application
        self._routes = routes
        self._base = base
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the application answer a request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        asked, scope = scope, {**scope, "root_path": self._base, "path": _path_in(scope["path"])}
        known = next(matching(self._routes, scope), None)
        route = known.path_format if known else _UNKNOWN
        asked.update(path=route, raw_path=route.encode(), query_string=b"")  # what a server's own log shows
        status, begun = HTTPStatus.INTERNAL_SERVER_ERROR.value, time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._application(scope, receive, sending)
        except Exception as fault:  # noqa: BLE001  # it has been answered; a server's own log would show its words
            _LOG.error("%s %s", type(fault).__name__, " < ".join(_frames(fault)))  # frames, and no values
        seconds = time.perf_counter() - begun
        method = scope["method"] if scope["method"] in _METHODS else _UNKNOWN
        _LOG.info("%s %s %d %.0f ms", method, route, status, 1000 * seconds)
        count_request(method, route, status, seconds)


def matching(routes: Sequence[Route], scope: Scope) -> Iterator[Route]:
    """Yield the routes to the address that is asked for, by whatever method."""
    return (route for route in routes if route.matches(scope)[0] is not Match.NONE)


def _path_in(target: str) -> str:
    """Return the path that is asked for; a server has to take a whole address as well (RFC 9112, section 3.2.2)."""
    return "/" + target.partition("://")[2].partition("/")[2] if target[:1] != "/" else target


def _frames(fault: BaseException) -> Iterator[str]:
    """Yield where in our own code a fault came from, the innermost place first, with no value of anything."""
    for frame in reversed(traceback.extract_tb(fault.__traceback__)):
        file = Path(frame.filename)
        if file.is_relative_to(_OURS):
            yield f"{file.relative_to(_OURS)}:{frame.lineno}"
