"""Patience with those who answer, but never to the end."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Timer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping


class Patience:
    """
    A context that ends the conversation in it when it lasts too long.

    Timeouts are about each step alone, so a server that says a byte now and then would never run into one. The
    requests of the conversation take `watch` as their extension "trace".
    """

    def __init__(self, seconds: float) -> None:
        self.is_at_its_end = False
        self._timer = Timer(seconds, self._end)
        self._opened: list[socket.socket] = []

    def watch(self, event: str, facts: Mapping[str, Any]) -> None:
        """Take note of each connection; told by httpcore (https://www.encode.io/httpcore/extensions/, "trace")."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._opened.append(facts["return_value"].get_extra_info("socket"))
            if self.is_at_its_end:
                self._end()

    def _end(self) -> None:
        """Shut every connection down, so that whoever reads from it reads its end."""
        self.is_at_its_end = True
        for connection in self._opened:
            with suppress(OSError):  # it is closed
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
