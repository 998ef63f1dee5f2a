"""
A service on loopback that accepts messages, has weather, and remembers what it truly did.

Its requests carry, besides what any service would want, a header `Program` with the process that sent them and a header
`Readers` with their addresses, so that the record is complete even for what the service never read.
"""

from __future__ import annotations

import json
import socketserver
import struct
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from itertools import cycle
from random import Random
from socket import SO_LINGER, SOL_SOCKET
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEY = "Idempotency-Key"
PROGRAM = "Program"
READERS = "Readers"

_AT_ONCE = struct.pack("ii", 1, 0)
"""Linger for no time: to close such a connection resets it."""


class Weather(Enum):
    """What happens to a request."""

    FAIR = "accepted, and answered"
    UNREAD = "reset before its body is read"
    UNHEARD = "reset after its body is read, and not accepted"
    LOST = "accepted, and reset before the answer"
    CUT = "accepted, and reset in the middle of the answer"
    BUSY = "429, and not accepted"
    AWAY = "503 with Retry-After, and not accepted"
    BROKEN = "500, and not accepted"
    MISTAKEN = "500, and accepted"

    @property
    def accepts(self) -> bool:
        """Whether the messages are taken."""
        return self in {Weather.FAIR, Weather.LOST, Weather.CUT, Weather.MISTAKEN}

    @property
    def status(self) -> HTTPStatus | None:
        """What is answered; None is a reset."""
        return _STATUSES.get(self)


_STATUSES = {
    Weather.FAIR: HTTPStatus.OK,
    Weather.CUT: HTTPStatus.OK,
    Weather.BUSY: HTTPStatus.TOO_MANY_REQUESTS,
    Weather.AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
    Weather.BROKEN: HTTPStatus.INTERNAL_SERVER_ERROR,
    Weather.MISTAKEN: HTTPStatus.INTERNAL_SERVER_ERROR,
}
_ASK_AGAIN = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What awaits a request: the weather, and how long it takes, in seconds."""

    weather: Weather = Weather.FAIR
    before: float = 0
    """From the request to its acceptance."""
    after: float = 0
    """From there to the answer."""
    rest: int = 0
    """For how many seconds it asks to be left alone, where it declines."""


def changeable(seed: str, *, bad: float, longest: float) -> Iterator[Turn]:
    """
    Return turns without end.

    Args:
        seed: makes them the same again.
        bad: the share of turns that are not fair.
        longest: the most that each of the two delays takes, in seconds.
    """
    chance = Random(seed)  # noqa: S311  # weather, no secret
    storms = [weather for weather in Weather if weather is not Weather.FAIR]
    while True:
        yield Turn(
            weather=chance.choice(storms) if chance.random() < bad else Weather.FAIR,
            before=chance.uniform(0, longest),
            after=chance.uniform(0, longest),
        )


@dataclass(slots=True, kw_only=True)
class Call:
    """A request that has reached the service, and what became of it there."""

    program: int
    """The process that sent it."""
    key: str
    emails: frozenset[str]
    weather: Weather
    body: bytes = b""
    accepted: bool = False
    """Whether it was this request by which the service accepted the messages."""
    status: HTTPStatus | None = None
    """What was answered, once all of it was handed to the network. Whether anybody was left to read it is not known."""
    at: float = field(default_factory=time.monotonic)
    """When its head was read, in seconds of this machine's clock."""
    late: bool = False
    """Whether the answer took longer than the client may have waited for it."""

    @property
    def promised(self) -> bool:
        """Whether the client could know that the messages are accepted."""
        return self.status is HTTPStatus.OK

    @property
    def declined(self) -> bool:
        """Whether the client could know that nothing was accepted, and that it may ask again."""
        return self.status in _ASK_AGAIN

    @property
    def heard(self) -> bool:
        """Whether a client that lives knows from the answer what became of it."""
        return (self.promised or self.declined) and not self.late


@dataclass(kw_only=True)
class Service:
    """The service: what it is like, and the record of what it did."""

    heeds_keys: bool
    turns: Iterator[Turn]
    patience: float | None = None
    """Seconds after which clients may have given up waiting for an answer."""
    url: str = ""
    calls: list[Call] = field(default_factory=list)
    """All requests, in the order of their arrival."""
    arrival: threading.Event = field(default_factory=threading.Event)
    """Is set by every request that arrives."""
    _accepted: dict[str, bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def greet(self, call: Call) -> Turn:
        """Write down that a request is here, and return what awaits it."""
        with self._lock:
            turn = next(self.turns)
            call.weather = turn.weather
            self.calls.append(call)
        self.arrival.set()
        return turn

    def accept(self, call: Call) -> bool:
        """Take the messages of a request; return whether it is not another one under a key that was used before."""
        with self._lock:
            known = self._accepted.get(call.key) if self.heeds_keys else None
            call.accepted = known is None
            self._accepted[call.key] = call.body if known is None else known
            return known in {None, call.body}


class _Conversation(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Take one request, in the weather of its turn."""
        begun = time.monotonic()
        call = Call(
            program=int(self.headers[PROGRAM]),
            key=self.headers[KEY],
            emails=frozenset(self.headers[READERS].split()),
            weather=Weather.FAIR,
        )
        service = self.server.service
        turn = service.greet(call)
        time.sleep(turn.before)
        if turn.weather is Weather.UNREAD or not self._read(call):
            self._reset()
            return
        status = turn.weather.status
        if turn.weather.accepts and not service.accept(call):
            status = HTTPStatus.CONFLICT
        time.sleep(turn.after)
        call.late = service.patience is not None and time.monotonic() - begun > service.patience
        self._answer(call, status, turn.rest)

    def _read(self, call: Call) -> bool:
        """Read the body; return whether all of it came, for of a client that died only a part may."""
        length = int(self.headers["Content-Length"])
        call.body = self.rfile.read(length)
        return len(call.body) == length

    def _answer(self, call: Call, status: HTTPStatus | None, rest: int) -> None:
        if status is None:
            self._reset()
            return
        content = json.dumps({"accepted": status is HTTPStatus.OK}).encode()
        retry = f"Retry-After: {rest}\r\n" if status in _ASK_AGAIN else ""
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: {len(content)}\r\n{retry}\r\n"
        if call.weather is Weather.CUT:
            self.wfile.write(head.encode() + content[:-1])
            self._reset()
        else:
            self.wfile.write(head.encode() + content)
            call.status = status

    def _reset(self) -> None:
        """Break the connection off, so that the client sees a reset and no orderly end."""
        self.close_connection = True
        self.connection.setsockopt(SOL_SOCKET, SO_LINGER, _AT_ONCE)
        self.rfile.close()  # it shares the connection, which is closed only with the last of both
        self.connection.close()

    def handle(self) -> None:
        """Serve a client until it leaves, or dies."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep quiet: the record tells all."""


class _Server(socketserver.ThreadingTCPServer):
    """Listens; a thread for each connection, which is waited for at the end."""

    request_queue_size = 64

    def __init__(self, service: Service) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.service = service


@contextmanager
def open_service(
    *, heeds_keys: bool, turns: Iterable[Turn] = (Turn(),), patience: float | None = None
) -> Iterator[Service]:
    """Run a service; at the end all its requests have come to theirs. Its `turns` begin anew when they are used up."""
    service = Service(heeds_keys=heeds_keys, turns=cycle(turns), patience=patience)
    with _Server(service) as server:
        service.url = f"http://127.0.0.1:{server.server_address[1]}/"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
