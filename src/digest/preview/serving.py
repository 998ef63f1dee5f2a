"""The preview as a server: on a port of this machine, watching the newsletter's folder, until it is told to end."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from threading import Event, Thread, current_thread, main_thread
from typing import TYPE_CHECKING

import uvicorn

from digest.errors import UsageError
from digest.preview.announcing import Announcer
from digest.preview.application import make_application
from digest.preview.desk import Desk
from digest.preview.register import stamp_of
from digest.preview.watching import watch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from digest.preview.application import Deeds
    from digest.publishing.newsroom import Newsroom

_LOG = logging.getLogger(__name__)

_MOST_TRIED = 100
_ADDRESSES: Mapping[int, tuple[str, str]] = {
    socket.AF_INET: ("192.0.2.1", "127.0.0.1"),
    socket.AF_INET6: ("2001:db8::1", "::1"),
}
"""One far away, to which nothing is sent (RFC 5737, RFC 3849): the system only chooses a way to it; and our own."""
_SWITCH = 0.0005
"""Seconds that a busy thread keeps the interpreter: with Python's 0.005, each step of an answer waits for the rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port that is ours."""

    socket: socket.socket
    url: str
    """Where a browser finds it; with an address that others reach, where they can."""
    public: bool
    """Whether other machines reach it."""


def listen(host: str, port: int) -> Listener:
    """
    Take a port, or the next one that is free.

    Raises:
        UsageError: the address is none of this machine, or no port is free.
    """
    address = _address(host)
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET  # noqa: PLR2004  # of IPv6
    for number in range(port, min(port + _MOST_TRIED, 65536)) if port >= 0 else ():
        with suppress(OSError):
            taken = socket.create_server((str(address), number), family=family, backlog=128)
            # asyncio does so for sockets that name TCP only; without, the end of an answer waits 40 ms for an ACK
            taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return Listener(socket=taken, url=_url(taken, address), public=not address.is_loopback)
    msg = f"nothing can be served at {host}, port {port}"
    hint = "Give --host an address of this machine, such as 0.0.0.0 for all of them, and --port a number up to 65535."
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


class _Server(uvicorn.Server):
    """Says when it answers; and ends in good order, with 0, when it is told to."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], None], leaving: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._leaving = leaving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
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


def make_server(
    newsroom: Newsroom, deeds: Deeds, environ: Mapping[str, str], *, ready: Callable[[], None]
) -> uvicorn.Server:
    """Return the server of a newsletter's preview; `ready` is called once it answers."""
    desk, announcer, stopping = Desk(newsroom, environ), Announcer(), Event()
    watcher = Thread(target=_watch, args=(desk, announcer, stopping, stamp_of(newsroom.settings)), daemon=True)

    def leave() -> None:
        stopping.set()
        announcer.close()

    def begin() -> None:
        watcher.start()
        ready()

    config = uvicorn.Config(
        make_application(desk, announcer, deeds, environ),
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,  # addresses of readers are asked for by number, but what is searched for would be in it
        proxy_headers=False,  # whoever claims to ask for somebody else is not believed
        server_header=False,
        timeout_keep_alive=60,
        timeout_graceful_shutdown=1,
    )
    return _Server(config, ready=begin, leaving=leave)


def serve(
    newsroom: Newsroom, deeds: Deeds, environ: Mapping[str, str], listener: Listener, *, ready: Callable[[], None]
) -> None:
    """Serve a newsletter's preview until Ctrl-C or SIGTERM."""
    sys.setswitchinterval(_SWITCH)
    make_server(newsroom, deeds, environ, ready=ready).run(sockets=[listener.socket])


def _watch(desk: Desk, announcer: Announcer, stopping: Event, stamp: tuple[object, ...]) -> None:
    """Tell the pages what was saved, and when the database was written to."""

    def saved(paths: set[Path]) -> None:
        try:
            news = desk.refresh(paths)
        except OSError:  # a file that is going just now; its going is told next
            return
        except Exception:  # noqa: BLE001  # whatever it was, what is saved next has to be told
            _LOG.exception("what was saved could not be read")
            return
        for sheet in news.changed:
            announcer.tell("issue", {"slug": sheet.slug, "revision": sheet.revision})
        if news.listed:
            announcer.tell("newsletter", {})

    def looked_up() -> None:
        nonlocal stamp
        before, stamp = stamp, stamp_of(desk.newsroom.settings)
        if stamp != before:
            announcer.tell("newsletter", {})

    watch_folder(desk.newsroom.settings.root, saved=saved, looked_up=looked_up, stopping=stopping)


def has_screen(environ: Mapping[str, str]) -> bool:
    """Say whether a browser that is opened here is seen by whoever works here."""
    remote = any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "CI"))
    windows = os.name == "nt" or sys.platform == "darwin"
    return not remote and (windows or any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")))
