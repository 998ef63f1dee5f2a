"""A service on loopback that keeps all requests, and answers as it is told."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(kw_only=True)
class Loopback:
    """The service."""

    answer: Callable[[httpx.Request], httpx.Response | None]
    """None closes the connection in place of an answer."""
    url: str = ""
    requests: list[httpx.Request] = field(default_factory=list)
    """All that came, in the order of their arrival."""
    faults: list[Exception] = field(default_factory=list)
    """What was raised while they were answered; who asked was told 401, which ends all asking."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, request: httpx.Request) -> httpx.Response | None:
        """Keep a request and answer it; one at a time."""
        with self._lock:
            self.requests.append(request)
            if not all(name in request.headers for name in ("User-Agent", "Accept")):
                return httpx.Response(httpx.codes.FORBIDDEN)  # as Resend does without the one; SendGrid wants the other
            try:
                return self.answer(request)
            except Exception as fault:  # noqa: BLE001  # whoever runs the service looks at all of them
                self.faults.append(fault)
                return httpx.Response(httpx.codes.UNAUTHORIZED)


class _Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        """Take one request, and answer it."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = f"{self.server.service.url}{self.path}"
        response = self.server.service.take(
            httpx.Request(self.command, url, headers=[*self.headers.items()], content=body)
        )
        if response is None:
            self.close_connection = True
            return
        self.send_response_only(response.status_code)
        for name, value in response.headers.items():
            if name.lower() not in {"content-length", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.content)))
        self.end_headers()
        self.wfile.write(response.content)

    def do_GET(self) -> None:
        """Take a request without a body."""
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    def __init__(self, service: Loopback) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.service = service
        service.url = f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def open_loopback(answer: Callable[[httpx.Request], httpx.Response | None]) -> Iterator[Loopback]:
    """Run a service that answers so."""
    service = Loopback(answer=answer)
    with _Server(service) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()
