"""Mail servers on loopback: one as the world runs them, with TLS and passwords, and one that says what it is told."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, cast

from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

USER, PASSWORD = "editor", "correct horse battery"


def certificate(folder: Path, *, host: str = "localhost", days: int = 1) -> Path:
    """Write a certificate for a host, signed by itself, and its key, into one file; negative days: it has expired."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    names = [x509.DNSName(host), x509.IPAddress(ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names if host == "localhost" else names[:1]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    path = folder / f"{host}{days}.pem"
    path.write_bytes(signed.public_bytes(pem) + key.private_bytes(pem, form, serialization.NoEncryption()))
    return path


@dataclass(kw_only=True)
class PostOffice:
    """A server of aiosmtpd. Its attributes are who is treated how, by address; what it took is by address, too."""

    pipelining: bool = True
    refused: frozenset[str] = frozenset()
    greylisted: set[str] = field(default_factory=set)
    """Who is put off once."""
    dropped: frozenset[str] = frozenset()
    """Whose message is taken, and the connection is cut before that is said."""
    port: int = 0
    taken: Counter[str] = field(default_factory=Counter)
    contents: dict[str, bytes] = field(default_factory=dict)
    return_paths: set[str] = field(default_factory=set)
    greetings: list[str] = field(default_factory=list)
    """What clients called themselves."""
    logins: int = 0
    connections: int = 0
    """How many are open."""
    at_most: int = 0
    """How many were open at the same time."""

    @contextmanager
    def open(self, pem: Path | None = None, *, implicit: bool = False) -> Iterator[PostOffice]:
        """Listen on a port of its own; with a certificate, nothing goes without TLS and a password."""
        loop = asyncio.new_event_loop()
        context = _context(pem) if pem else None
        facts: dict[str, Any] = {}
        if implicit:  # then aiosmtpd does not know that there is TLS
            facts = {"auth_require_tls": False}
        elif context:
            facts = {"tls_context": context, "require_starttls": True, "auth_required": True}
        listening = loop.create_server(
            lambda: _Connection(self, loop, **facts), "127.0.0.1", 0, ssl=context if implicit else None
        )
        server = loop.run_until_complete(listening)
        self.port = server.sockets[0].getsockname()[1]
        thread = Thread(target=loop.run_forever)
        thread.start()
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(_close(server), loop).result(timeout=10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def handle_EHLO(  # noqa: N802  # aiosmtpd's name
        self, _server: object, session: Any, _envelope: object, hostname: str, responses: list[str]
    ) -> list[str]:
        """Say what it can do."""
        session.host_name = hostname
        self.greetings.append(hostname)
        return [*responses[:-1], *["250-PIPELINING"] * self.pipelining, responses[-1]]

    async def handle_RCPT(  # noqa: N802
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        """Say who may get mail."""
        if address in self.refused:
            return "550 5.1.1 <" + address + ">: no such user"
        if address in self.greylisted:
            self.greylisted.remove(address)
            return "451 4.7.1 greylisted, come back later"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server: Any, _session: object, envelope: Any) -> str:  # noqa: N802
        """Take a message."""
        (address,) = envelope.rcpt_tos
        self.taken[address] += 1
        self.contents[address] = envelope.original_content
        self.return_paths.add(envelope.mail_from)
        if address in self.dropped:
            server.transport.abort()
        return f"250 2.0.0 Ok: queued as {len(self.contents):X}"

    def check(self, _server: object, _session: object, _envelope: object, _mechanism: str, data: Any) -> AuthResult:
        """Let in who knows the password."""
        self.logins += 1
        return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()), handled=False)


class _Connection(SMTP):
    def __init__(self, office: PostOffice, loop: asyncio.AbstractEventLoop, **facts: Any) -> None:
        super().__init__(office, loop=loop, hostname="localhost", authenticator=office.check, **facts)
        self._office = office

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._original_transport is None:  # not for TLS on the same connection
            self._office.connections += 1
            self._office.at_most = max(self._office.at_most, self._office.connections)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._office.connections -= 1
        super().connection_lost(error)


def _context(pem: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def _close(server: asyncio.Server) -> None:
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Last(str):
    """A reply after which the server hangs up; a blank one is not said."""

    __slots__ = ()


HANG_UP = Last("")
_USUAL = {"greeting": "220 ready", "EHLO": "250 here", "DATA": "354 go on", "QUIT": "221 bye", ".": "250 2.0.0 taken"}


@dataclass(kw_only=True)
class Script:
    """
    A server that says, to the n-th of a command, what stands in `says` under its verb and n; else what is usual.

    "greeting" is what it says first, "." what it says to a whole message, and "content" whether it reads one.
    """

    says: Mapping[tuple[str, int], str] = field(default_factory=dict)
    always: Mapping[str, str] = field(default_factory=dict)
    """What it says to each of a command, by its verb."""
    extensions: tuple[str, ...] = ()
    slow: float = 0
    """Seconds that it takes to answer to a whole message."""
    heard: list[str] = field(default_factory=list)
    """The verbs, in order."""
    packets: list[bytes] = field(default_factory=list)
    """What came in together."""
    taken: list[bytes] = field(default_factory=list)
    """The messages to which it said 2xx."""
    port: int = 0
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def open(self) -> Iterator[Script]:
        """Listen on a port of its own."""
        server = _Listener(("127.0.0.1", 0), _Dialogue)
        server.script = self
        self.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def reply_to(self, verb: str) -> str:
        """Note a command, and return what is said to it."""
        with self._lock:
            self.heard.append(verb)
            number = self.heard.count(verb)
        usual = self.always.get(verb, _USUAL.get(verb, "250 ok"))
        if verb == "EHLO" and self.extensions:
            usual = "\r\n".join(["250-here", *(f"250-{name}" for name in self.extensions[:-1])])
            usual += f"\r\n250 {self.extensions[-1]}"
        return self.says.get((verb, number), usual)


class _Listener(ThreadingTCPServer):
    daemon_threads = True
    script: Script


class _Dialogue(StreamRequestHandler):
    """One connection. It reads whatever has come in, so that what came together is seen."""

    def setup(self) -> None:
        super().setup()
        self.buffer = b""
        self.script = cast("_Listener", self.server).script

    def handle(self) -> None:
        """Talk until one of the two hangs up."""
        told = self.say("greeting")
        while told and not isinstance(told, Last):
            line = self.line()
            verb = line[:4].strip().upper().decode()
            if not verb:
                return
            told = self.say(verb)
            if verb == "DATA" and told.startswith("354"):
                told = self.content()
            if verb == "QUIT":
                return

    def content(self) -> str:
        """Take a message in; where the script is silent about "content", to its end."""
        if (what := self.script.says.get(("content", self.script.heard.count("DATA")))) is not None:
            self.line()
            return what
        lines: list[bytes] = []
        while (line := self.line()) != b".\r\n":
            if not line:
                return HANG_UP
            lines.append(line)
        time.sleep(self.script.slow)
        told = self.say(".")
        if told.startswith("2"):
            self.script.taken.append(b"".join(lines))
        return told

    def say(self, verb: str) -> str:
        """Say what the script has."""
        told = self.script.reply_to(verb)
        if told:
            self.wfile.write(f"{told}\r\n".encode())
        return told

    def line(self) -> bytes:
        """Return the next line; nothing at the end."""
        while b"\n" not in self.buffer:
            packet = self.request.recv(65536)
            if not packet:
                return b""
            self.script.packets.append(packet)
            self.buffer += packet
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line + b"\n"
