"""Ports of this machine, and servers that answer at one until they are told to end."""

from __future__ import annotations

import signal
import socket
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import current_thread, main_thread
from typing import TYPE_CHECKING

import uvicorn

from digest.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_ADDRESSES: Mapping[int, tuple[str, str]] = {
    socket.AF_INET: ("192.0.2.1", "127.0.0.1"),
    socket.AF_INET6: ("2001:db8::1", "::1"),
}
"""One far away, to which nothing is sent (RFC 5737, RFC 3849): the system only chooses a way to it; and our own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port that is ours."""

    socket: socket.socket
    url: str
    """Where a browser finds it; with an address that others reach, where they can."""
    public: bool
    """Whether other machines reach it."""


def listen(host: str, port: int, *, tries: int = 1) -> Listener:
    """
    Take a port, or one of the next ones that is free, of `tries` in all.

    Raises:
        UsageError: the address is none of this machine, or no port is free.
    """
    address = _address(host)
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004  # of IPv6
    for number in range(port, min(port + tries, 65536)) if port >= 0 else ():
        with suppress(OSError):
            taken = socket.create_server((str(address), number), family=family, backlog=128)
            # asyncio does so for sockets that name TCP only; without, the end of an answer waits 40 ms for an ACK
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return Listener(socket=taken, url=_url(taken, address), public=not address.is_loopback)
    msg = f"nothing can be served at {host}, port {port}"
    hint = "Give --host an address of this machine, such as 0.0.0.0 for all of them, and --port a free number to 65535."
    raise UsageError(msg, hint=hint)


def _address(host: str) -> IPv4Address | IPv6Address:
    """Return the address that is meant; names are not looked up, since whoever asks by them would be refused."""
    try:
        return ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError as error:
        msg = f"{host} is no address"
        raise UsageError(msg, hint="Such as --host 0.0.0.0, for all addresses of this machine.") from error


def _url(taken: socket.socket, address: IPv4Address | IPv6Address) -> str:
    shown = _way_out(taken.family) if address.is_unspecified else str(address)
    return f"http://{f'[{shown}]' if ':' in shown else shown}:{taken.getsockname()[1]}/"


def _way_out(family: int) -> str:
    """Return the address by which this machine is known in its network, or that of itself where there is none."""
    far, near = _ADDRESSES[family]
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect((far, 9))
        except OSError:
            return near
        return str(probe.getsockname()[0])


class Server(uvicorn.Server):
    """Says when it answers; and ends in good order, with 0, when it is told to."""

    def __init__(
        self, config: uvicorn.Config, *, ready: Callable[[], None], leaving: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._leaving = leaving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is under way."""
        self._leaving()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on Ctrl-C and SIGTERM; uvicorn's own way would raise them again, as if that were a failure."""
        if current_thread() is not main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
