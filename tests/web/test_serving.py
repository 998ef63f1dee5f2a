"""The public side as a server: its patience, its end, its log, and the application that other servers run."""

from __future__ import annotations

import asyncio
import logging
import re
import signal
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from serving_stage import SECRET, said_by_us, serving

from digest.model import Standing
from digest.store import open_store
from digest.tokens import tokens_of
from digest.web import app

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Program, Run
    from serving_stage import Serve


def connect(url: str) -> socket.socket:
    """Open a connection to a server."""
    address = urlsplit(url)
    return socket.create_connection((str(address.hostname), address.port or 0), 10)


def rest(connection: socket.socket) -> bytes:
    """Return all that still comes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_connections_on_which_nothing_comes(serve: Serve) -> None:
    """Whoever says nothing, or never ends the head of a request, is hung up on; so is who goes on after the answer."""
    served = serve(patience=0.2)
    token = served.token()
    with connect(served.url) as silent, connect(served.url) as dripping, connect(served.url) as endless:
        dripping.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ")
        endless.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        assert (rest(silent), rest(dripping)) == (b"", b"")
        assert rest(endless).startswith(b"HTTP/1.1 404 ")
    with connect(served.url) as slow:
        slow.sendall(f"POST /unsubscribe/{token} HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\nList".encode())
        assert rest(slow).startswith(b"HTTP/1.1 408 ")
    with connect(served.url) as long:
        long.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX-A: " + b"x" * 20_000)
        assert rest(long).startswith(b"HTTP/1.1 400 ")
    with connect(served.url) as gone:
        gone.sendall(f"POST /unsubscribe/{token} HTTP/1.1\r\nHost: a\r\nContent-Length: 26\r\n\r\nList".encode())
    assert served.client.get("/healthz").text == "ok"
    reader = served.store.subscribers.find("ada@example.org")
    assert reader
    assert reader.standing is Standing.ACTIVE


@pytest.mark.parametrize("more", [b"\r\n", b"Connection: close\r\n\r\n", b"\r\nGET /logo HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_answers_that_nobody_reads(serve: Serve, letter: Path, more: bytes) -> None:
    """Whoever does not read the answer, or the first of several, does not keep the connection."""
    (letter / "logo.png").write_bytes(b"x" * 10_000_000)
    served = serve('[theme]\nlogo = "logo.png"\nlogo_alt = "Letter"\n', patience=0.1)

    def is_hung_up_on(pause: float) -> bool:
        with connect(served.url) as deaf:
            deaf.sendall(b"GET /logo HTTP/1.1\r\nHost: a\r\n" + more)
            time.sleep(pause)
            try:
                return len(rest(deaf)) < 10_000_000
            except ConnectionResetError:
                return True

    assert any(map(is_hung_up_on, (0.4, 1, 4, 8)))


def test_log_without_tokens(letter: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What was asked for is logged by pattern, status and time: no token, no address, no query, no method of theirs."""
    caplog.set_level(logging.INFO)
    with serving(letter) as served:
        token = served.token()
        served.client.get(f"/unsubscribe/{token}?email=ada@example.org")
        served.client.get("/ada@example.org")
        served.client.request("ADA", "/")
        with connect(served.url) as broken:
            broken.sendall(f"GET /unsubscribe/{token} ada@example.org HTTP/9\r\n\r\n".encode())
            assert rest(broken).startswith(b"HTTP/1.1 400 ")
    lines = [record.getMessage() for record in caplog.records if record.name == "digest.web.guarding"]
    assert [re.sub(r"\d+ ms$", "ms", line) for line in lines] == [
        "GET /unsubscribe/{token} 200 ms",
        "GET - 404 ms",
        "- - 404 ms",
    ]
    assert not any(hidden in said_by_us(caplog) for hidden in (token, "ada", "ADA"))


def test_end_in_good_order(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program tells where it listens; told to end, it finishes what is under way and exits with 0."""
    monkeypatch.setenv("DIGEST_SECRET", SECRET)
    url = f"sqlite:///{program.folder}/.digest/digest.db"
    with open_store(url, tokens=tokens_of({"DIGEST_SECRET": SECRET})) as store:
        token = next(store.subscribers.walk()).token
    with program.start("serve", "--port", "0") as process:
        assert process.stdout
        told = "".join(iter(process.stdout.readline, "\n"))
        found = re.search(r"http://127\.0\.0\.1:\d+", told)
        assert found
        assert "https://news.example.org is answered at" in told
        assert "  /unsubscribe/…  readers who leave\n" in told
        with connect(found[0]) as late:
            late.sendall(f"POST /unsubscribe/{token} HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nby=".encode())
            assert httpx.get(f"{found[0]}/healthz").text == "ok"  # so the other request has come as well
            process.send_signal(signal.SIGTERM)
            while not _refuses(found[0]):
                time.sleep(0.01)
            late.sendall(b"page")
            assert rest(late).startswith(b"HTTP/1.1 200 ")
        out, err = process.communicate()
    assert process.returncode == 0, err
    assert "POST /unsubscribe/{token} 200 " in err
    assert token not in out + err
    with open_store(url) as store:
        assert next(store.subscribers.walk()).standing is Standing.LEFT


def _refuses(url: str) -> bool:
    try:
        connect(url).close()
    except OSError:
        return True
    return False


def test_start_that_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is said in a sentence, with the way out."""
    monkeypatch.setenv("DIGEST_SECRET", ",")
    result = run("serve")
    assert result.exit_code == 3
    assert result.output.startswith("there is no DIGEST_SECRET\n")
    assert "DIGEST_SECRET=" in result.output
    monkeypatch.setenv("DIGEST_SECRET", SECRET)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "--port", str(taken.getsockname()[1]))
    assert (result.exit_code, result.output.partition(",")[0]) == (2, "nothing can be served at 127.0.0.1")


class Exchange:
    """What a server tells an application of its start and end, and what it says to that."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []
        self.begun, self.answered, self.ending = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """Tell of the start, and later of the end."""
        if not self.begun.is_set():
            self.begun.set()
            return {"type": "lifespan.startup"}
        await self.ending.wait()
        return {"type": "lifespan.shutdown"}

    async def send(self, message: Any) -> None:
        """Hear what the application says."""
        self.said.append(message)
        self.answered.set()


def test_application_for_other_servers(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any ASGI server can run it in the newsletter's folder; what that server logs of a request holds no token."""
    monkeypatch.setenv("DIGEST_SECRET", SECRET)
    with open_store(f"sqlite:///{letter}/.digest/digest.db", tokens=tokens_of({"DIGEST_SECRET": SECRET})) as store:
        token = next(store.subscribers.walk()).token
    logged = []

    async def logging_app(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)
        logged.append((scope["path"], scope["raw_path"], scope["query_string"]))

    async def run_it() -> tuple[int, list[str]]:
        exchange = Exchange()
        life = asyncio.create_task(app({"type": "lifespan"}, exchange.receive, exchange.send))
        await exchange.answered.wait()
        transport = httpx.ASGITransport(app=logging_app)
        async with httpx.AsyncClient(transport=transport, base_url="https://news.example.org") as client:
            answer = await client.post(f"/unsubscribe/{token}?a=b")
        exchange.ending.set()
        await life
        return answer.status_code, [message["type"] for message in exchange.said]

    assert asyncio.run(run_it()) == (200, ["lifespan.startup.complete", "lifespan.shutdown.complete"])
    assert logged == [("/unsubscribe/{token}", b"/unsubscribe/{token}", b"")]


def test_application_that_cannot_start(letter: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is told why in a sentence, and ends."""
    del letter  # it is the working folder
    monkeypatch.setenv("DIGEST_SECRET", "short")
    exchange = Exchange()
    asyncio.run(app({"type": "lifespan"}, exchange.receive, exchange.send))
    (told,) = exchange.said
    assert told["type"] == "lifespan.startup.failed"
    assert told["message"].startswith("a key in DIGEST_SECRET is shorter than 32 characters\n")
