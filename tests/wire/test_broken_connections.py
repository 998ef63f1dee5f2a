"""Failures as real sockets make them: what httpx raises then, and what that means for a batch."""

from __future__ import annotations

import socket
import ssl
import struct
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING

import httpx
import pytest

from digest.wire.answers import Fate, fate_of, watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Script = Callable[[socket.socket], object]

ANSWERED, NOT_TAKEN, REJECTED, REFUSED, OPEN = Fate.ANSWERED, Fate.NOT_TAKEN, Fate.REJECTED, Fate.REFUSED, Fate.OPEN

BLOCK = b"x" * 65_536
PATIENT = httpx.Timeout(5)
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody, and costs nothing to make
SMALL = 4 * len(BLOCK)
HUGE = 512 * len(BLOCK)  # 32 MB, more than the buffers between two sockets take in; made only as far as asked for


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that takes one connection."""

    port: int
    done: Event
    """Set when it has closed the connection."""


@contextmanager
def peer(script: Script) -> Iterator[Peer]:
    """Serve one connection by `script`, in a thread that has ended when the context has."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)
        done = Event()

        def serve() -> None:
            with suppress(OSError):  # The client may be gone before it, or never come.
                connection, _ = server.accept()
                connection.settimeout(5)
                with connection:
                    script(connection)
            done.set()

        thread = Thread(target=serve)
        thread.start()
        try:
            yield Peer(server.getsockname()[1], done)
        finally:
            server.close()
            thread.join(timeout=10)
            assert not thread.is_alive()


def head(connection: socket.socket) -> bytes:
    """Read up to the end of the header fields, and what has come of the body with them."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return data
        data += piece
    return data


def a_byte(connection: socket.socket) -> None:
    """Read what shows that the client has begun."""
    connection.recv(1)


def everything(connection: socket.socket) -> None:
    """Read a request of `SMALL` to its end."""
    left = SMALL - len(head(connection).partition(b"\r\n\r\n")[2])
    while left > 0:
        left -= len(connection.recv(left))


def reset(connection: socket.socket) -> None:
    """Close as a crash does: with a reset, and without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def until_it_leaves(connection: socket.socket) -> None:
    """Read nothing that matters until the client has closed."""
    while connection.recv(65_536):
        pass


def answers(answer: bytes, read: Script, after: Script = until_it_leaves) -> Script:
    """Answer when `read` has read, and then do `after`."""

    def script(connection: socket.socket) -> None:
        read(connection)
        connection.sendall(answer)
        after(connection)

    return script


def then(*scripts: Script) -> Script:
    """Do one after the other."""

    def script(connection: socket.socket) -> None:
        for step in scripts:
            step(connection)

    return script


def closes(connection: socket.socket) -> None:
    """Close in good order."""
    connection.shutdown(socket.SHUT_RDWR)


def status_line(status: int, *fields: str, body: bytes = b"") -> bytes:
    """Return a whole answer."""
    lines = [f"HTTP/1.1 {status} X", *fields, "Connection: close", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def post(
    url: str, *, size: int, pause: Event | None = None, proxy: str | None = None, timeout: httpx.Timeout = PATIENT
) -> tuple[httpx.Response | Exception, bool]:
    """Post a streamed body of `size`, which waits for `pause` in its midst; return what came of it, and `whole`."""

    def blocks() -> Iterator[bytes]:
        for number in range(size // len(BLOCK)):
            if pause and number == 1:
                assert pause.wait(5)
            yield BLOCK

    request = httpx.Request("POST", url, headers={"Content-Length": str(size)}, content=blocks())
    watched, body = watch(request)
    with httpx.Client(verify=CONTEXT, trust_env=False, proxy=proxy, timeout=timeout) as client:
        try:
            return client.send(watched), body.whole
        except Exception as error:  # noqa: BLE001  # whatever it is, it has a fate
            return error, body.whole


BROKEN = (httpx.ReadError, httpx.RemoteProtocolError)


@pytest.mark.parametrize(
    ("script", "kinds", "fate"),
    [
        pytest.param(then(everything, reset), BROKEN, OPEN, id="reset after the body"),
        pytest.param(then(everything, closes), (httpx.RemoteProtocolError,), OPEN, id="closed after the body"),
        pytest.param(
            answers(b"HTTP/1.1 200 OK\r\nContent-Le", everything, closes),
            (httpx.RemoteProtocolError,),
            OPEN,
            id="answer cut in its head",
        ),
        pytest.param(
            answers(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[", everything, closes),
            (httpx.RemoteProtocolError,),
            OPEN,
            id="answer cut in its body",
        ),
        pytest.param(answers(b"220 mail.test\r\n\r\n", everything), (httpx.RemoteProtocolError,), OPEN, id="no HTTP"),
        pytest.param(
            answers(status_line(200, "Content-Encoding: gzip", body=b"no gzip"), everything),
            (httpx.DecodingError,),
            OPEN,
            id="not what it says it is",
        ),
        pytest.param(
            answers(status_line(302, "Location: https://service.test:port/"), everything),
            (httpx.RemoteProtocolError,),
            OPEN,
            id="leads nowhere",
        ),
        pytest.param(answers(status_line(200), everything), (httpx.Response,), ANSWERED, id="200"),
        pytest.param(answers(status_line(429), everything), (httpx.Response,), NOT_TAKEN, id="429"),
        pytest.param(answers(status_line(422), everything), (httpx.Response,), REJECTED, id="422"),
        pytest.param(answers(status_line(403), everything), (httpx.Response,), REFUSED, id="403"),
        pytest.param(answers(status_line(502), everything), (httpx.Response,), OPEN, id="502"),
    ],
)
def test_failures_after_the_body(script: Script, kinds: tuple[type, ...], fate: Fate) -> None:
    """When all of the body has arrived, a broken or missing answer leaves open what happened."""
    with peer(script) as service:
        outcome, whole = post(f"http://127.0.0.1:{service.port}/", size=SMALL)
    assert isinstance(outcome, kinds)
    assert whole
    assert fate_of(outcome, whole=whole) is fate


@pytest.mark.parametrize(
    ("script", "kinds", "fate"),
    [
        pytest.param(then(head, reset), BROKEN, NOT_TAKEN, id="reset"),
        pytest.param(reset, (httpx.ConnectError, *BROKEN), NOT_TAKEN, id="reset before the head"),
        pytest.param(
            answers(status_line(429), head, reset), (httpx.Response, *BROKEN), NOT_TAKEN, id="429 and a reset"
        ),
        pytest.param(
            answers(status_line(500), head, reset), (httpx.Response, *BROKEN), NOT_TAKEN, id="500 and a reset"
        ),
    ],
)
def test_failures_within_the_body(script: Script, kinds: tuple[type, ...], fate: Fate) -> None:
    """When the connection breaks before the body is whole, surely nothing happened: httpx itself cannot tell."""
    with peer(script) as service:
        outcome, whole = post(f"http://127.0.0.1:{service.port}/", size=HUGE, pause=service.done)
    assert isinstance(outcome, kinds)
    assert not whole
    assert fate_of(outcome, whole=whole) is fate


def test_an_early_refusal_is_heard() -> None:
    """A 429 that comes before a body of 1 MB is read is heard, and means that nothing happened."""
    with peer(answers(status_line(429), head)) as service:
        outcome, whole = post(f"http://127.0.0.1:{service.port}/", size=16 * len(BLOCK))
    assert isinstance(outcome, httpx.Response)
    assert (outcome.status_code, fate_of(outcome, whole=whole)) == (429, NOT_TAKEN)


def test_nobody_listens() -> None:
    """A refused connection means that nothing happened."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    outcome, whole = post(f"http://127.0.0.1:{port}/", size=SMALL)
    assert isinstance(outcome, httpx.ConnectError)
    assert not whole
    assert fate_of(outcome) is NOT_TAKEN


@pytest.mark.parametrize(
    ("script", "timeout", "kind"),
    [
        pytest.param(answers(status_line(400), a_byte), PATIENT, httpx.ConnectError, id="plain"),
        pytest.param(then(a_byte, reset), PATIENT, httpx.ConnectError, id="reset"),
        pytest.param(until_it_leaves, httpx.Timeout(5, connect=0.1), httpx.ConnectTimeout, id="silence"),
    ],
)
def test_no_tls(script: Script, timeout: httpx.Timeout, kind: type[Exception]) -> None:
    """A TLS handshake that fails or takes too long comes before the request, so nothing happened."""
    with peer(script) as service:
        outcome, whole = post(f"https://127.0.0.1:{service.port}/", size=SMALL, timeout=timeout)
    assert type(outcome) is kind
    assert not whole
    assert fate_of(outcome) is NOT_TAKEN


def test_no_answer() -> None:
    """A service that has read all and is silent may be at work."""
    with peer(then(everything, until_it_leaves)) as service:
        url, timeout = f"http://127.0.0.1:{service.port}/", httpx.Timeout(5, read=0.1)
        outcome, whole = post(url, size=SMALL, timeout=timeout)
    assert type(outcome) is httpx.ReadTimeout
    assert fate_of(outcome, whole=whole) is OPEN


def test_nobody_reads() -> None:
    """A service that stops reading has no whole request, so it did nothing."""
    given_up = Event()
    with peer(then(head, lambda _: given_up.wait(5))) as service:
        url, timeout = f"http://127.0.0.1:{service.port}/", httpx.Timeout(5, write=0.1)
        outcome, whole = post(url, size=HUGE, timeout=timeout)
        given_up.set()
    assert type(outcome) is httpx.WriteTimeout
    assert fate_of(outcome, whole=whole) is NOT_TAKEN


@pytest.mark.parametrize(
    ("script", "kinds"),
    [
        pytest.param(answers(status_line(407), head), (httpx.ProxyError,), id="refuses"),
        pytest.param(then(head, reset), BROKEN, id="breaks"),
        pytest.param(
            answers(b"HTTP/1.1 200 X\r\n\r\n", head, then(a_byte, reset)), (httpx.ConnectError,), id="no tunnel"
        ),
    ],
)
def test_a_proxy_in_the_way(script: Script, kinds: tuple[type, ...]) -> None:
    """A proxy that gives no tunnel, or breaks it before TLS stands, has seen nothing of the request."""
    with peer(script) as proxy:
        outcome, whole = post("https://service.test/", size=SMALL, proxy=f"http://127.0.0.1:{proxy.port}")
    assert isinstance(outcome, kinds)
    assert not whole
    assert fate_of(outcome, whole=whole) is NOT_TAKEN


def test_no_connection_is_free() -> None:
    """A request that found no free connection in time has not left."""
    slow = status_line(200, body=b"[]")[:-1]
    limits, timeout = httpx.Limits(max_connections=1), httpx.Timeout(5, pool=0.05)
    with (
        peer(answers(slow, head)) as service,
        httpx.Client(verify=CONTEXT, trust_env=False, limits=limits, timeout=timeout) as client,
        client.stream("GET", f"http://127.0.0.1:{service.port}/"),
        pytest.raises(httpx.PoolTimeout) as caught,
    ):
        client.get(f"http://127.0.0.1:{service.port}/")
    assert fate_of(caught.value) is NOT_TAKEN


@pytest.mark.parametrize("length", [SMALL + 1, 2 * SMALL])
def test_a_body_that_is_too_short(length: int) -> None:
    """A body that ends before its Content-Length raises what is not httpx's, and no server takes it for whole."""
    with peer(until_it_leaves) as service:
        url = f"http://127.0.0.1:{service.port}/"
        request, body = watch(httpx.Request("POST", url, headers={"Content-Length": str(length)}, content=[BLOCK] * 4))
        with (
            httpx.Client(verify=CONTEXT, trust_env=False) as client,
            pytest.raises(Exception, match="little") as caught,
        ):
            client.send(request)
    assert not isinstance(caught.value, httpx.HTTPError)
    assert fate_of(caught.value, whole=body.whole) is NOT_TAKEN


def test_a_body_that_breaks() -> None:
    """What a body raises while it is made comes through as it is, and nothing happened."""

    def blocks() -> Iterator[bytes]:
        yield BLOCK
        msg = "no value for a field"
        raise KeyError(msg)

    with peer(until_it_leaves) as service:
        url = f"http://127.0.0.1:{service.port}/"
        request, body = watch(httpx.Request("POST", url, headers={"Content-Length": str(SMALL)}, content=blocks()))
        with httpx.Client(verify=CONTEXT, trust_env=False) as client, pytest.raises(KeyError) as caught:
            client.send(request)
    assert fate_of(caught.value, whole=body.whole) is NOT_TAKEN


@pytest.mark.parametrize(
    ("url", "kind", "fate"),
    [
        ("service.test/", httpx.UnsupportedProtocol, REFUSED),
        ("ftp://service.test/", httpx.UnsupportedProtocol, REFUSED),
        (f"http://{'a' * 64}.test/", UnicodeError, NOT_TAKEN),
    ],
)
def test_addresses_that_cannot_be(url: str, kind: type[Exception], fate: Fate) -> None:
    """A wrong address of the service is found before anything leaves, if not always by httpx."""
    outcome, whole = post(url, size=SMALL)
    assert isinstance(outcome, kind)
    assert fate_of(outcome, whole=whole) is fate


def test_a_header_that_cannot_be() -> None:
    """A header field that is against the rules is refused before anything leaves."""
    with peer(until_it_leaves) as service:
        url = f"http://127.0.0.1:{service.port}/"
        request, body = watch(httpx.Request("POST", url, headers={"X-Key": "two\nlines"}, content=BLOCK))
        with httpx.Client(verify=CONTEXT, trust_env=False) as client, pytest.raises(httpx.LocalProtocolError) as caught:
            client.send(request)
    assert fate_of(caught.value, whole=body.whole) is REFUSED
