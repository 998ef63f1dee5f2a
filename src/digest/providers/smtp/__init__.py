"""
SMTP: any mail server, with a connection for each thread that stays open, and an answer for each reader.

Of RFC 5321, and of 1870 (SIZE), 2920 (PIPELINING), 3207 (STARTTLS), 3463 (codes with dots) and 4954 (AUTH).
"""

from __future__ import annotations

import re
import ssl
from collections import deque
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Annotated, ClassVar, Self, cast

import httpx
from msgspec import Meta

from digest.config.kinds import Line, Switch
from digest.errors import ProviderError, SettingsError, raise_all
from digest.model import Receipt, State
from digest.providers import Finding, Ids, Limits
from digest.providers.options import Secret, options, read_options, refuse_tracking
from digest.providers.smtp.session import BROKEN, Reply, Security, Server, Session
from digest.providers.smtp.signing import Signer
from digest.wire.answers import UnclearError
from digest.wire.batch_smtp import MEDIA_TYPE, conversation, exchanges
from digest.wire.header_fields import wire_domain
from digest.wire.words import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from digest.model import Address, Batch, Message
    from digest.providers import Setup
    from digest.wire import Fetch

_PASSWORD, _KEY = "SMTP_PASSWORD", "DKIM_PRIVATE_KEY"
SECRETS = {
    _PASSWORD: Secret(meaning="the password", required=False),
    _KEY: Secret(meaning="the private key that signs", required=False),
}
_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
_REPLY = re.compile(r"([0245])\d\d (.*)")
_STATES = {"2": State.SENT, "4": State.QUEUED, "5": State.REFUSED, "0": State.IN_DOUBT}
_QUEUE_ID = re.compile(r"\b(?:queued as |id=)<?([\w.@-]+)")  # as Postfix and Exim say it
# Many servers judge the sender only when they hear of the recipient: they want a password (RFC 4954), or their words
# are of policy or of the sender's address (RFC 3463: X.7.X, X.1.7, X.1.8), and not of the recipient's. With 5.4.5,
# Google says that a quota is used up: https://support.google.com/a/answer/3726730 (2026-11).
_OF_THE_SENDER = re.compile(r"53\d |5\d\d 5\.(?:7\.\d+|1\.[78]|4\.5)\b")

Host = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._:-]+\Z", description="the name of a host")]
Domain = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]+\Z", description="a domain")]
Selector = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9._-]+\Z", description="a name in the domain name system")]
BareAddress = Annotated[
    str,
    Meta(pattern=r"\A[A-Za-z0-9_.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9.-]+\Z", description="an email address without a name"),
]
SecurityChoice = Annotated[Security, Meta(description='`"starttls"`, `"tls"` or `"none"`')]


@options
class Options:
    """What ``[provider]`` takes besides the name."""

    host: Host
    """The mail server that takes the messages."""
    port: Annotated[int, Meta(ge=1, le=65535, description="a whole number from 1 to 65535")] | None = None
    """Its port; by `security`, 587, 465 or 25."""
    security: SecurityChoice = Security.STARTTLS
    """Whether the connection becomes secret at once, by STARTTLS, or not at all, which only the own machine may."""
    insecure: Switch = False
    """Lets other machines be told everything in the clear, too, with `security = "none"`."""
    ca_file: Line | None = None
    """Certificates, in PEM, that vouch for the server in place of the system's; relative to ``digest.toml``."""
    user: Line | None = None
    """The user name; without it, nobody logs in."""
    connections: Annotated[int, Meta(ge=1, le=50, description="a whole number from 1 to 50")] = 4
    """How many connections are open side by side at most."""
    messages: Annotated[int, Meta(ge=1, le=1000, description="a whole number from 1 to 1000")] = 10
    """How many messages are written down as sent together; after a crash, at most so many a connection are in doubt."""
    return_path: BareAddress | None = None
    """Where bounces go; without it, to the sender."""
    dkim_selector: Selector = "digest"
    """The name of the signing key in the domain name system; the key itself is in the environment."""
    dkim_domain: Domain | None = None
    """The domain that signs; without it, the sender's."""


_LIMITS = Limits(
    messages=10,
    inline_images=True,
    concurrency=4,
    ids=Ids.MESSAGE,
    caveats=("Bounces come back as mail, to the return path; nobody reads them for you.",),
)


@dataclass(frozen=True, kw_only=True)  # no slots: they would hide the limits of the class
class Smtp:
    """Writes conversations with a mail server, which its transport holds."""

    name: ClassVar[str] = "smtp"
    limits: Limits = _LIMITS
    transport: Relay
    return_path: str = ""

    @classmethod
    def from_settings(cls, setup: Setup) -> Self:
        """
        Return the provider for a newsletter.

        Raises:
            SettingsError: options are unknown, wrong or at odds, or a secret is missing.
        """
        refuse_tracking(setup, cls.name)
        chosen, secrets = read_options(setup, cls.name, Options, SECRETS)
        raise_all([*_faults(setup, chosen, secrets)])
        return cls(
            transport=Relay(server=_server(setup.root, chosen, secrets), signer=_signer(chosen, secrets)),
            return_path=chosen.return_path or "",
            limits=replace(cls.limits, messages=chosen.messages, concurrency=chosen.connections),
        )

    @property
    def destination(self) -> str:
        """The mail server."""
        return self.transport.server.host

    def build_request(self, batch: Batch) -> httpx.Request:
        """Return a conversation in batch SMTP, for a URL as curl has it: its path is what we call ourselves in EHLO."""
        body = conversation(batch, self.return_path)
        return body.post(self._url(batch.edition.sender), {"Content-Type": MEDIA_TYPE})

    def _url(self, sender: Address) -> str:
        server = self.transport.server
        host = f"[{server.host}]" if ":" in server.host else server.host
        return f"smtp://{host}:{server.port}/{wire_domain(sender.domain, 'From')}"

    def read_response(self, batch: Batch, response: httpx.Response) -> Sequence[Receipt]:
        """
        Return a receipt for each reader: there is a line for each message.

        Raises:
            UnclearError: there is not.
            ProviderError: the server takes nothing, from this sender or at all.
        """
        if response.status_code == httpx.codes.FORBIDDEN:
            sentence, hint = _sentence_and_hint(response)
            raise ProviderError(sentence, hint=hint)
        replies = [_REPLY.fullmatch(line) for line in response.text.split("\n")]
        count = len(batch.readers)
        if response.status_code != httpx.codes.OK or None in replies or len(replies) != count:
            msg = f"the conversation with {self.destination} ended without an answer for each of {count} messages"
            raise UnclearError(msg)
        answered = cast("list[re.Match[str]]", replies)
        if count > 1 and all(_OF_THE_SENDER.match(reply[0]) for reply in answered):
            msg = f"the server {self.destination} refuses everyone: {clean(answered[0][0])}"
            raise ProviderError(msg, hint="It means the sender, the user or the content, and not the readers.")
        return [_receipt(message, reply) for message, reply in zip(batch.messages(), answered, strict=True)]

    def examine(self, sender: Address, *, now: datetime, fetch: Fetch) -> Sequence[Finding]:
        """Connect, log in, and take leave."""
        del now
        response = fetch(httpx.Request("GET", self._url(sender)))
        if response.status_code == httpx.codes.OK and _REPLY.fullmatch(response.text):
            user = " with user name and password" if self.transport.server.user else ""
            return [Finding(good=True, sentence=f"the server {self.destination} lets us in{user}")]
        if response.status_code == httpx.codes.FORBIDDEN:
            sentence, hint = _sentence_and_hint(response)
            return [Finding(good=False, sentence=sentence, hint=hint)]
        return [Finding(good=False, sentence=f"the server {self.destination} said nothing that can be read")]


def _sentence_and_hint(response: httpx.Response) -> tuple[str, str]:
    sentence, _, hint = response.text.partition("\n")
    return sentence, hint


def _receipt(message: Message, reply: re.Match[str]) -> Receipt:
    state = _STATES[reply[1]]
    if state is not State.SENT:
        return Receipt(state=state, reason=reply[0] if state is not State.IN_DOUBT else reply[2])
    queue_id = _QUEUE_ID.search(reply[0])
    return Receipt(state=state, message_id=queue_id[1] if queue_id else message.message_id)


def _faults(setup: Setup, chosen: Options, secrets: Mapping[str, str]) -> Iterator[SettingsError]:
    if setup.api_url is not None:
        msg = 'the provider "smtp" has a host and a port, and no "api_url"'
        yield SettingsError(msg, hint="Set host under [provider].")
    if chosen.security is Security.NONE and not (chosen.insecure or _is_own_machine(chosen.host)):
        msg = f"without TLS, everyone on the way to {chosen.host} could read the password and every address"
        yield SettingsError(
            msg, hint='Set security = "starttls" or "tls"; or insecure = true, if the network is yours.'
        )
    if chosen.user and not secrets[_PASSWORD]:
        msg = f"the option user wants a password, and {_PASSWORD} is not set"
        yield SettingsError(msg, hint="Set it in the environment, or remove user.")
    if chosen.user and not f"{chosen.user}{secrets[_PASSWORD]}".isascii():
        msg = f"the option user or {_PASSWORD} has a character beyond ASCII, which not every server understands"
        yield SettingsError(msg, hint="Choose another password for this purpose.")
    if {"dkim_selector", "dkim_domain"} & setup.options.keys() and not secrets[_KEY]:
        msg = f"the options for DKIM want a private key, and {_KEY} is not set"
        yield SettingsError(msg, hint="Set it in the environment, or remove the options if your server signs.")


def _is_own_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _server(root: Path, chosen: Options, secrets: Mapping[str, str]) -> Server:
    return Server(
        host=chosen.host,
        port=chosen.port or _PORTS[chosen.security],
        security=chosen.security,
        trusted=None if chosen.security is Security.NONE else _trusted(root, chosen.ca_file),
        user=chosen.user or "",
        password=secrets[_PASSWORD],
    )


def _trusted(root: Path, ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=root / ca_file if ca_file else None)
    except OSError as error:  # ssl's own faults are of its family
        msg = f"the certificates in {ca_file} cannot be read: {error.strerror or error}"
        raise SettingsError(msg, hint="The option ca_file names a file in PEM, relative to digest.toml.") from error


def _signer(chosen: Options, secrets: Mapping[str, str]) -> Signer | None:
    if not secrets[_KEY]:
        return None
    return Signer.of(selector=chosen.dkim_selector, domain=chosen.dkim_domain or "", key=secrets[_KEY])


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay(httpx.BaseTransport):
    """Holds the conversations with a server. Connections stay open between requests, for whichever thread is next."""

    server: Server
    signer: Signer | None = None
    idle: deque[Session] = field(default_factory=deque, repr=False, compare=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """
        Answer with a line for each message: the server's own, or 421 where the connection broke, or 000 for no answer.

        403 means that the server took nothing, and would not take it later either; a sentence and a hint say why. To
        GET, whoever lets us in answers with a line.

        Raises:
            httpx.ConnectError: it took nothing, and may later.
        """
        client_host = request.url.path.removeprefix("/")
        try:
            if request.method == "GET":
                Session.open(self.server, client_host).quit()
                return httpx.Response(httpx.codes.OK, text="250 welcome")
            replies = self._replies(cast("httpx.SyncByteStream", request.stream), client_host)
        except ProviderError as error:
            return httpx.Response(httpx.codes.FORBIDDEN, text=f"{error.sentence}\n{error.hint}")
        return httpx.Response(httpx.codes.OK, text="\n".join(map(str, replies)))

    def close(self) -> None:
        """Take leave on all connections."""
        while session := self._take():
            session.quit()

    def _replies(self, blocks: Iterable[bytes], client_host: str) -> list[Reply]:
        replies: list[Reply] = []
        obstacle: Reply | None = None
        for commands, content in exchanges(blocks):
            try:
                replies.append(obstacle or self._hand_over(commands, content, client_host))
            except (ProviderError, httpx.ConnectError) as error:
                if not replies:
                    raise
                obstacle = Reply(BROKEN, f"not tried any more, as {error}")
                replies.append(obstacle)
        return replies

    def _hand_over(self, commands: bytes, content: bytes, client_host: str) -> Reply:
        envelope = [line + b"\r\n" for line in commands.split(b"\r\n")[-2:]]
        message = self.signer.sign(content, client_host) + content if self.signer else content
        used = self._take()
        reply = self._send(used, envelope, message) if used else None
        if reply is None or reply.code == BROKEN:  # it may have been closed while it was idle
            reply = self._send(Session.open(self.server, client_host), envelope, message)
        return reply

    def _send(self, session: Session, envelope: Sequence[bytes], message: bytes) -> Reply:
        try:
            return session.send(envelope, message)
        finally:
            if session.usable:
                self.idle.append(session)
            else:
                session.quit()

    def _take(self) -> Session | None:
        """Return a connection that is idle; of those that are for too long, nothing good is to be expected."""
        while True:
            try:
                session = self.idle.pop()
            except IndexError:
                return None
            if session.fresh:
                return session
            session.drop()
