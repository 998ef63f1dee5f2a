"""The public side as a server of its own, and as an application for any other."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from digest.config import find_root, load_settings
from digest.errors import DigestError
from digest.listening import Server
from digest.web.application import make_application, open_desk

if TYPE_CHECKING:
    from asyncio import Transport
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from digest.listening import Listener
    from digest.web.desk import Desk

_MOST_CONNECTIONS = 500
_KEPT = 5
"""Seconds that a connection is kept on which nothing comes."""
_LONGEST_HEAD = 16_384
"""Bytes of a request's head."""
_FAREWELL = 10
"""Seconds for what is under way at the end."""


class _Impatient(H11Protocol):
    """
    Hangs up on whoever keeps a connection and asks for nothing, goes on sending after the answer, or does not read it.

    Left to itself, uvicorn waits for the head of a first request for ever, for others as long as bytes trickle, and
    for an answer to be taken in for ever again.
    """

    def __init__(self, *arguments: Any, patience: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._patience = patience

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to look at the clock."""
        super().connection_made(transport)
        self._look_later()

    def _look_later(self) -> None:
        self.loop.call_later(self._patience, self._look, self.cycle)

    def _look(self, before: object) -> None:
        """Look whether anything was asked for since the last look, or is being worked on: then they wait for us."""
        if self.cycle is before and (self._is_idle() or self.transport.get_write_buffer_size()):
            self.transport.abort()  # to close it would wait until they have read all
        else:
            self._look_later()

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete or self.transport.is_closing()


def make_server(desk: Desk, *, ready: Callable[[], None]) -> Server:
    """Return the server of a newsletter's public side; `ready` is called once it answers."""
    config = uvicorn.Config(
        make_application(desk),
        http=partial(_Impatient, patience=desk.patience),  # type: ignore[arg-type]  # it makes one, as the class does
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,  # it would show tokens; `guarding` writes one without
        proxy_headers=False,  # `asking` heeds our own proxies, and no others
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        timeout_keep_alive=_KEPT,
        timeout_graceful_shutdown=_FAREWELL,
    )
    return Server(config, ready=ready)


def serve(desk: Desk, listener: Listener, *, ready: Callable[[], None]) -> None:
    """Serve a newsletter's public side until Ctrl-C or SIGTERM."""
    make_server(desk, ready=ready).run(sockets=[listener.socket])


class _FromFolder:
    """The public side of the newsletter that the working folder lies in, opened when a server starts."""

    def __init__(self) -> None:
        self._application: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            try:
                self._application = make_application(open_desk(load_settings(find_root(Path.cwd()), os.environ)))
            except DigestError as error:
                await receive()
                await send({"type": "lifespan.startup.failed", "message": "\n".join(error.lines())})
                return
        if self._application is None:
            msg = "digest.web:app needs a server that tells when it starts: switch its lifespan events on"
            raise RuntimeError(msg)
        await self._application(scope, receive, send)


app: Any = _FromFolder()
