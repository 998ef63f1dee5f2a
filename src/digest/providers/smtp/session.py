"""
A session with a mail server, RFC 5321, that stays open for many messages.

What is not known after a message is as small as it can be: a server that was not given the lone dot at a message's end
has surely not taken it, so only the answer to that dot can be lost.
"""

from __future__ import annotations

import smtplib
import ssl
import time
from dataclasses import dataclass, field
from enum import StrEnum
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import TYPE_CHECKING, NamedTuple, Self

import httpx

from digest.errors import ProviderError
from digest.wire.words import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

BROKEN = 421
"""The answer for which a connection counts that breaks: RFC 5321 section 3.8."""
_NO_ANSWER = 0
_DONE, _MORE, _LATER, _NEVER = 2, 3, 4, 5  # the first digits of codes: RFC 5321 section 4.2.1
_REFUSALS = frozenset({_LATER, _NEVER})
_EXPECTED = (_DONE, _DONE, _MORE)  # of MAIL, RCPT and DATA
_DOT = b".\r\n"
_MESSAGES = 100  # a connection; many servers wish for no more, and to open another costs little
_SECURITY_HINT = 'Set security: "tls" is mostly on port 465, "starttls" on 587.'
_GOODBYE = 5.0  # seconds to wait for the answer to QUIT, which decides nothing


class Security(StrEnum):
    """How a connection is kept from others' eyes."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A mail server, and how to be let in. All times are seconds that one answer may take."""

    host: str
    port: int
    security: Security
    trusted: ssl.SSLContext | None
    """Whose certificates are believed; needed for TLS."""
    user: str = ""
    password: str = field(default="", repr=False)
    greeting_time: float = 30
    command_time: float = 300
    """RFC 5321 section 4.5.3.2 wants five minutes."""
    verdict_time: float = 600
    """For the answer to a whole message. The same section wants ten minutes, as whoever goes earlier is in doubt."""
    idle_time: float = 60
    """How long a connection may be idle. Later, it may have been forgotten on the way, and nobody would say so."""


class Reply(NamedTuple):
    """What a server says; the code 0 stands for an answer that was lost."""

    code: int
    words: str

    def __str__(self) -> str:
        return f"{self.code:03} {' '.join(self.words.split())}"

    @property
    def kind(self) -> int:
        """The first digit of the code."""
        return self.code // 100


@dataclass(slots=True, kw_only=True)
class Session:
    """A connection on which messages are handed over, one after the other, by one thread at a time."""

    server: Server
    connection: smtplib.SMTP
    messages: int = 0
    """How many it has carried."""
    used_at: float = field(default_factory=time.monotonic)

    @classmethod
    def open(cls, server: Server, client_host: str) -> Self:
        """
        Connect, say that we are `client_host`, and log in.

        Raises:
            httpx.ConnectError: it cannot be reached, or cannot let us in now.
            ProviderError: it will not let us in, or is not to be trusted.
        """
        try:
            connection = _connect(server, client_host)
        except OSError as fault:  # the root of what smtplib and ssl raise, too
            raise _meaning(fault, server) from fault
        return cls(server=server, connection=connection)

    @property
    def usable(self) -> bool:
        """Whether it can carry another message."""
        return self.connection.sock is not None and self.messages < _MESSAGES

    @property
    def fresh(self) -> bool:
        """Whether it was used a moment ago."""
        return time.monotonic() - self.used_at < self.server.idle_time

    def send(self, envelope: Sequence[bytes], message: bytes) -> Reply:
        """
        Hand over a message that has no line with a dot at its beginning.

        421 says that the connection broke, and that the message was surely not taken; 0 that it may have been.

        Args:
            envelope: the commands MAIL and RCPT, with their line ends.
            message: its lines end with CRLF.

        Raises:
            ProviderError: it takes no message from this sender, or none of this size.
        """
        self._refuse_too_large(len(message))
        self.messages += 1
        try:
            refusal = self._propose(envelope)
            if refusal is None:
                self.connection.send(message + _DOT)
        except smtplib.SMTPException as fault:
            self.connection.close()
            return Reply(BROKEN, f"the connection broke before the message was whole: {fault}")
        return refusal or self._verdict()

    def drop(self) -> None:
        """Close it without a word."""
        self.connection.close()

    def quit(self) -> None:
        """Take leave, if it is still open."""
        if self.connection.sock is None:
            return
        try:
            self.connection.sock.settimeout(_GOODBYE)
            self.connection.quit()
        except OSError:  # nobody waits for what it says
            self.connection.close()

    def _refuse_too_large(self, size: int) -> None:
        limit = self.connection.esmtp_features.get("size", "")
        if limit.isdecimal() and 0 < int(limit) < size:  # RFC 1870 section 4: 0 is no limit
            msg = f"a message has {size:,} bytes, and the server {self.server.host} takes no more than {int(limit):,}"
            raise ProviderError(msg, hint="Use smaller images or fewer, or publish them, as assets.url says.")

    def _propose(self, envelope: Sequence[bytes]) -> Reply | None:
        """Return why the message is not wanted; None where the server waits for it."""
        ask = self._ask_together if self.connection.has_extn("pipelining") else self._ask_in_turn
        replies = ask([*envelope, b"DATA\r\n"])
        refusal = _refusal_in(replies)
        if refusal is None:
            return None
        self._withdraw(replies[-1])
        if refusal is replies[0] and refusal.kind == _NEVER:
            msg = f"the server {self.server.host} refuses the sender: {clean(str(refusal))}"
            raise ProviderError(msg, hint="Have that address allowed there for this user, or set return_path.")
        return refusal

    def _ask_in_turn(self, commands: Sequence[bytes]) -> list[Reply]:
        """Return the answers up to the first refusal."""
        replies: list[Reply] = []
        for command, kind in zip(commands, _EXPECTED, strict=True):
            self.connection.send(command)
            replies.append(self._answer(kind))
            if replies[-1].kind != kind:
                break
        return replies

    def _ask_together(self, commands: Sequence[bytes]) -> list[Reply]:
        """Return all answers; there are servers that hang up when they get DATA after they have refused everyone."""
        self.connection.send(b"".join(commands))
        replies: list[Reply] = []
        for kind in _EXPECTED:
            try:
                replies.append(self._answer(kind))
            except smtplib.SMTPException:
                if _refusal_in(replies) is None:
                    raise
                self.connection.close()
                break
        return replies

    def _answer(self, kind: int) -> Reply:
        reply = _read(self.connection)
        if reply.code == BROKEN or reply.kind not in {kind, *_REFUSALS}:
            raise smtplib.SMTPServerDisconnected(str(reply))
        return reply

    def _withdraw(self, last: Reply) -> None:
        """Let the server forget a message that it refused; one that asks for it all the same gets none of its lines."""
        try:
            self.connection.send(_DOT if last.kind == _MORE else b"RSET\r\n")  # RFC 2920 section 3.1
            _read(self.connection)
        except smtplib.SMTPException:
            self.connection.close()

    def _verdict(self) -> Reply:
        """Return what the server says to a whole message, which it may have taken even if it says nothing."""
        try:
            _allow(self.connection, self.server.verdict_time)
            reply = _read(self.connection)
            _allow(self.connection, self.server.command_time)
        except smtplib.SMTPException as fault:
            reply = Reply(_NO_ANSWER, f"no answer came to the message: {fault}")
        if reply.kind not in {_DONE, *_REFUSALS}:
            reply = Reply(_NO_ANSWER, reply.words)
        if reply.code in {BROKEN, _NO_ANSWER}:
            self.connection.close()
        self.used_at = time.monotonic()
        return reply


def _refusal_in(replies: Sequence[Reply]) -> Reply | None:
    return next((reply for reply in replies if reply.kind in _REFUSALS), None)


def _read(connection: smtplib.SMTP) -> Reply:
    code, words = connection.getreply()
    return Reply(code, words.decode(errors="replace"))


def _allow(connection: smtplib.SMTP, seconds: float) -> None:
    if connection.sock is not None:
        connection.sock.settimeout(seconds)


def _connect(server: Server, client_host: str) -> smtplib.SMTP:
    connection = _dial(server, client_host)
    try:
        _let_in(connection, server)
    except BaseException:
        connection.close()
        raise
    _allow(connection, server.command_time)
    return connection


def _dial(server: Server, client_host: str) -> smtplib.SMTP:
    place, seconds = (server.host, server.port, client_host), server.greeting_time
    if server.security is Security.TLS:
        return smtplib.SMTP_SSL(*place, timeout=seconds, context=server.trusted)
    return smtplib.SMTP(*place, timeout=seconds)


def _let_in(connection: smtplib.SMTP, server: Server) -> None:
    if connection.sock is not None:  # the end of a message must not wait for the rest of it to be acknowledged
        connection.sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
    connection.ehlo_or_helo_if_needed()
    if server.security is Security.STARTTLS:
        if not connection.has_extn("starttls"):
            msg = f"the server {server.host} offers no STARTTLS on port {server.port}, so it was told nothing"
            raise ProviderError(msg, hint=_SECURITY_HINT)
        connection.starttls(context=server.trusted)
        connection.ehlo_or_helo_if_needed()
    if server.user:
        if not connection.has_extn("auth"):
            msg = f"the server {server.host} takes no user name and password on port {server.port}"
            raise ProviderError(
                msg, hint="Ask for its port for submission, which is mostly 587 or 465; or remove user."
            )
        connection.login(server.user, server.password)


def _meaning(fault: OSError, server: Server) -> ProviderError | httpx.ConnectError:
    """Return what it means that nobody was let in: come back later, or something must be mended."""
    match fault:
        case smtplib.SMTPServerDisconnected():
            return httpx.ConnectError(f"the server {server.host} closed the connection: {fault}")
        case smtplib.SMTPResponseException(smtp_code=code) if code // 100 == _LATER:
            return httpx.ConnectError(f"the server {server.host} says {_said(fault)}")
        case smtplib.SMTPException():
            return _refused(fault, server)
        case ssl.SSLError() if not isinstance(fault, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return _distrusted(fault, server)
    return httpx.ConnectError(f"the server {server.host}, port {server.port}: {fault}")


def _refused(fault: smtplib.SMTPException, server: Server) -> ProviderError:
    if isinstance(fault, smtplib.SMTPAuthenticationError):
        msg = f"the server {server.host} refused the user name or password: {_said(fault)}"
        return ProviderError(msg, hint="Correct the option user, or SMTP_PASSWORD in the environment.")
    if isinstance(fault, smtplib.SMTPResponseException):
        msg = f"the server {server.host} will not talk to us: {_said(fault)}"
        return ProviderError(msg, hint="Mend what it names, or ask its administrator.")
    msg = f"the server {server.host} cannot be logged in to: {fault}"
    return ProviderError(msg, hint="It must offer AUTH with PLAIN, LOGIN or CRAM-MD5.")


def _distrusted(fault: ssl.SSLError, server: Server) -> ProviderError:
    if isinstance(fault, ssl.SSLCertVerificationError):
        msg = f"the certificate of {server.host} is not to be trusted: {fault.verify_message}"
        return ProviderError(msg, hint="Set host to a name that it bears; for an authority of your own, set ca_file.")
    msg = f"the server {server.host} and we cannot agree on TLS on port {server.port}: {fault.reason}"
    return ProviderError(msg, hint=_SECURITY_HINT)


def _said(fault: smtplib.SMTPResponseException) -> str:
    words = fault.smtp_error
    return clean(f"{fault.smtp_code} {words if isinstance(words, str) else words.decode(errors='replace')}")
