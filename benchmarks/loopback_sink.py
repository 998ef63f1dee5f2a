"""
A process that takes requests and messages on loopback and drops them, as cheaply as it can.

HTTP: ``POST /many/500`` is answered by 500 results, any other by one id as by a service that merges, and ``GET`` by how
many requests and how many bytes of bodies came since it was asked last. SMTP: every message is accepted.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from http.client import HTTPConnection
from socket import IPPROTO_TCP, MSG_TRUNC, TCP_NODELAY, create_server
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from socket import socket

HOST = "127.0.0.1"
_ROOM = 1 << 20
_HEAD_ROOM = 4096
_END_OF_HEAD = b"\r\n\r\n"
_END_OF_MESSAGE = b"\r\n.\r\n"
_MANY = re.compile(r"/many/(\d+)")
_REPLIES = {b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


class Dropped(NamedTuple):
    """What a sink took."""

    requests: int
    size: int
    """Bytes of bodies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """A sink that runs, and where."""

    http_port: int
    smtp_port: int

    def dropped(self) -> Dropped:
        """Return what came by HTTP since this was asked last."""
        connection = HTTPConnection(HOST, self.http_port)
        connection.request("GET", "/")
        dropped = Dropped(*json.load(connection.getresponse()))
        connection.close()
        return dropped


@contextmanager
def running_sink() -> Iterator[Sink]:
    """Run a sink until the end of the block; should this process die before, it ends as well."""
    command = [sys.executable, "-m", "benchmarks.loopback_sink"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        ports, _, _ = process.stdout.readline().partition("\n") if process.stdout else ("", "", "")
        http_port, smtp_port = ports.split()
        yield Sink(http_port=int(http_port), smtp_port=int(smtp_port))
        process.communicate()


def main() -> None:
    """Print both ports, and serve until standard input ends."""
    server = _HttpServer()
    with create_server((HOST, 0)) as http, create_server((HOST, 0)) as smtp:
        for listener, serve in ((http, server.serve), (smtp, _serve_smtp)):
            Thread(target=_accept, args=(listener, serve), daemon=True).start()
        print(http.getsockname()[1], smtp.getsockname()[1], flush=True)
        sys.stdin.read()


def _accept(listener: socket, serve: Callable[[socket], None]) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        Thread(target=_serve_until_left, args=(connection, serve), daemon=True).start()


def _serve_until_left(connection: socket, serve: Callable[[socket], None]) -> None:
    with connection:
        try:
            serve(connection)
        except ConnectionError:
            return


class _HttpServer:
    """Answers request after request, and remembers how long they were."""

    def __init__(self) -> None:
        self._sizes: list[int] = []

    def serve(self, connection: socket) -> None:
        room = bytearray(_ROOM)
        while head := _read_head(connection, room):
            method, target, _ = bytes(head).split(b" ", 2)
            if method == b"GET":
                sizes, self._sizes = self._sizes, []
                connection.sendall(_response(json.dumps([len(sizes), sum(sizes)])))
            else:
                self._sizes.append(_drop_body(connection, head, room))
                connection.sendall(_results(target.decode()))


def _read_head(connection: socket, room: bytearray) -> bytearray:
    """Return what came up to the end of the head, and maybe the beginning of the body; nothing when they left."""
    start = bytearray()
    while _END_OF_HEAD not in start:
        count = connection.recv_into(room, _HEAD_ROOM)
        if not count:
            return bytearray()
        start += room[:count]
    return start


def _drop_body(connection: socket, start: bytearray, room: bytearray) -> int:
    head, _, beginning = start.partition(_END_OF_HEAD)
    length = int(_LENGTH.findall(head)[0])
    left = length - len(beginning)
    while left:
        # Linux does not even copy what is truncated.
        count = connection.recv_into(room, min(left, _ROOM), MSG_TRUNC)
        if not count:
            raise ConnectionResetError
        left -= count
    return length


@cache
def _results(target: str) -> bytes:
    many = _MANY.fullmatch(target)
    if many is None:
        return _response(json.dumps({"id": "<20261124090000.1.0123456789@example.org>", "message": "Queued."}))
    result = {"ErrorCode": 0, "Message": "OK", "SubmittedAt": "2026-11-24T09:00:00Z"}
    names = [sha256(str(number).encode()).hexdigest()[:32] for number in range(int(many[1]))]
    return _response(json.dumps([{**result, "MessageID": name} for name in names]))


def _response(body: str) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def _serve_smtp(connection: socket) -> None:
    room = bytearray(_ROOM)
    connection.sendall(b"220 sink\r\n")
    while connection.recv_into(room):
        command = bytes(room[:4]).upper()
        connection.sendall(_REPLIES.get(command, b"250 OK\r\n"))
        if command == b"DATA":
            _drop_message(connection, room)
            connection.sendall(b"250 OK\r\n")


def _drop_message(connection: socket, room: bytearray) -> None:
    end = b""
    while end != _END_OF_MESSAGE:
        count = connection.recv_into(room)
        if not count:
            raise ConnectionResetError
        end = (end + room[max(0, count - len(_END_OF_MESSAGE)) : count])[-len(_END_OF_MESSAGE) :]


if __name__ == "__main__":
    main()
