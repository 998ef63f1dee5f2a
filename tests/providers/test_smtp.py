"""SMTP, with real servers on loopback, real TLS, and the engine: everyone gets it once, and all is said."""

from __future__ import annotations

import base64
import re
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import dkim
import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from mail_servers import PASSWORD, USER, PostOffice, certificate
from services.smtp import private_key

from digest.errors import ProviderError, SettingsError
from digest.model import (
    Address,
    Batch,
    Consent,
    Edition,
    Newcomer,
    Pattern,
    Plan,
    Readers,
    Slot,
    State,
    Subscriber,
    Tally,
)
from digest.providers import Setup
from digest.providers.smtp import Smtp
from digest.sending import Engine, Step
from digest.store import open_store
from digest.wire.mime import MimeWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from digest.model import Receipt

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
WRONG = "wrong battery"
NAME, TOKEN = Slot(name="name").marker, Slot(name="token").marker
EDITION = Edition(
    slug="first-snow",
    sender=Address(email="editor@example.org", name="Past the Plateau"),
    reply_to=Address(email="answers@example.org"),
    subject=Pattern.of_text("First snow"),
    html=Pattern.of_html(f"<p>Hello {NAME}</p>\n.\n..\n"),
    text=Pattern.of_text(f"{NAME}\n.\n..\nRCPT TO:<x@example.test>\nDATA\n.\n"),
    headers={
        "List-Id": Pattern.of_text("Past the Plateau <plateau.example.org>"),
        "List-Unsubscribe": Pattern.of_text(f"<https://example.org/leave/{TOKEN}>"),
        "List-Unsubscribe-Post": Pattern.of_text("List-Unsubscribe=One-Click"),
    },
)


def email(number: int) -> str:
    """Return the address of a reader."""
    return f"reader{number}@example.test"


def batch(count: int = 3) -> Batch:
    """Return a batch for so many readers."""
    readers = [
        Subscriber(id=number, email=email(number), name=f"李 {number}", token=f"{number:08}")
        for number in range(1, count + 1)
    ]
    return Batch(edition=EDITION, number=1, key="key-1", readers=Readers.of(readers), at=NOW)


def smtp(root: Path, options: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Smtp:
    """Return the provider for a server that has the test's certificate, if any."""
    return Smtp.from_settings(Setup(root=root, options=options, environ=environ or {}))


@contextmanager
def secure(
    root: Path, office: PostOffice, *, password: str = PASSWORD, implicit: bool = False, **options: object
) -> Iterator[Smtp]:
    """Open a server with TLS and a password, and return the provider for it."""
    pem = certificate(root)
    with office.open(pem, implicit=implicit):
        facts = {
            "host": "localhost",
            "port": office.port,
            "security": "tls" if implicit else "starttls",
            "user": USER,
            "ca_file": pem.name,
            **options,
        }
        provider = smtp(root, facts, {"SMTP_PASSWORD": password})
        yield provider
        provider.transport.close()


def post(provider: Smtp, sent: Batch) -> Sequence[Receipt]:
    """Send a batch."""
    with httpx.Client(transport=provider.transport) as client:
        return provider.read_response(sent, client.send(provider.build_request(sent)))


@pytest.mark.parametrize("pipelining", [True, False])
def test_everyone_once(tmp_path: Path, *, pipelining: bool) -> None:
    """Of five hundred readers over four connections, one is refused, one put off, one in doubt, and all others sent."""
    office = PostOffice(
        pipelining=pipelining,
        refused=frozenset({email(77)}),
        greylisted={email(200)},
        dropped=frozenset({email(333)}),
    )
    told: list[Step] = []
    consent = Consent(source="test")
    newcomers = [Newcomer(email=email(number), consent=consent) for number in range(1, 501)]
    with secure(tmp_path, office) as provider, open_store(f"sqlite:///{tmp_path}/digest.db") as store:
        list(store.subscribers.put(newcomers, now=NOW))
        plan = Plan(
            edition=EDITION,
            provider="smtp",
            audience=store.audiences.measure(None),
            batch_size=provider.limits.messages,
        )
        frozen = store.ledger.freeze(plan, now=NOW)
        with store.claims(frozen) as claims:
            Engine(claims=claims, provider=provider, now=lambda: NOW, report=told.append, stop_after=5).deliver()
        assert store.deliveries.tally(frozen) == Tally(sent=498, refused=1, in_doubt=1)
        lines = {line.email: line for line in store.deliveries.lines(frozen)}
    assert lines[email(77)].reason == "550 5.1.1 <…>: no such user"
    assert lines[email(333)].state is State.IN_DOUBT
    assert lines[email(333)].reason.startswith("no answer came to the message")
    assert office.taken == Counter(email(number) for number in range(1, 501) if number != 77)
    assert sum(step.settled for step in told) == 500
    assert 2 <= office.at_most <= 4
    assert len(office.greetings) // 2 == office.logins < 15
    assert set(office.greetings) == {"example.org"}
    assert office.connections == 0


@pytest.mark.parametrize("implicit", [True, False])
def test_messages_arrive_as_they_are(tmp_path: Path, *, implicit: bool) -> None:
    """Each message arrives to the byte, for both kinds of TLS, and is known by the name that the server gave it."""
    office = PostOffice()
    sent = batch()
    with secure(tmp_path, office, implicit=implicit, return_path="bounces@example.org") as provider:
        receipts = post(provider, sent)
    writer = MimeWriter.of(EDITION)
    assert office.contents == {message.reader.email: writer.write(message) for message in sent.messages()}
    assert [(receipt.state, receipt.message_id) for receipt in receipts] == [(State.SENT, number) for number in "123"]
    assert office.return_paths == {"bounces@example.org"}


def test_no_line_begins_with_a_dot() -> None:
    """Nothing of a message has to be doubled on its way, whatever stands in the edition."""
    (message,) = batch(1).messages()
    assert not re.search(rb"^\.", MimeWriter.of(EDITION).write(message), re.MULTILINE)


def test_a_connection_is_used_again(tmp_path: Path) -> None:
    """The next batch goes over the same connection, which is given up after a hundred messages."""
    office = PostOffice()
    with secure(tmp_path, office) as provider, httpx.Client(transport=provider.transport) as client:
        for _ in range(12):
            client.send(provider.build_request(batch(10)))
        assert office.connections == 1
    assert office.logins == 2
    assert office.taken == Counter({email(number): 12 for number in range(1, 11)})


# Who is not let in, or not trusted: nothing is sent, and what to do is said.


def test_wrong_password(tmp_path: Path) -> None:
    """Whoever has the wrong password learns it in a sentence without the password."""
    office = PostOffice()
    with (
        secure(tmp_path, office, password=WRONG) as provider,
        pytest.raises(ProviderError, match=r"localhost refused the user name or password: 535 5\.7\.8") as caught,
    ):
        post(provider, batch())
    assert "SMTP_PASSWORD" in caught.value.hint
    assert WRONG not in "\n".join(caught.value.lines())
    assert not office.taken


@pytest.mark.parametrize(
    ("host", "days", "ca", "sentence"),
    [
        ("localhost", -1, "localhost-1.pem", "certificate has expired"),
        ("localhost", 1, None, "self-signed certificate"),
        ("mail.example.org", 1, "mail.example.org1.pem", "Hostname mismatch"),
    ],
)
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificates_are_checked(  # noqa: PLR0917  # what is varied
    tmp_path: Path, host: str, days: int, ca: str | None, sentence: str, security: str
) -> None:
    """A server whose certificate is old, of an unknown authority or another's is told nothing."""
    office = PostOffice()
    pem = certificate(tmp_path, host=host, days=days)
    with office.open(pem, implicit=security == "tls"):
        options = {"host": "localhost", "port": office.port, "security": security, **({"ca_file": ca} if ca else {})}
        with pytest.raises(ProviderError, match=f"certificate of localhost is not to be trusted: .*{sentence}"):
            post(smtp(tmp_path, options), batch())
    assert office.logins == 0
    assert not office.taken


def test_no_downgrade(tmp_path: Path) -> None:
    """A server that offers no STARTTLS gets neither password nor message."""
    office = PostOffice()
    with office.open():
        provider = smtp(tmp_path, {"host": "127.0.0.1", "port": office.port, "user": USER}, {"SMTP_PASSWORD": PASSWORD})
        with pytest.raises(ProviderError, match="offers no STARTTLS on port"):
            post(provider, batch())
    assert office.logins == 0
    assert not office.taken


def test_tls_where_there_is_none(tmp_path: Path) -> None:
    """A wrong choice of port or of security is told as such."""
    office = PostOffice()
    with office.open():
        provider = smtp(tmp_path, {"host": "127.0.0.1", "port": office.port, "security": "tls"})
        with pytest.raises(ProviderError, match="cannot agree on TLS") as caught:
            post(provider, batch())
    assert "starttls" in caught.value.hint


def test_examination(tmp_path: Path) -> None:
    """Whether the server lets us in is found without sending."""
    office = PostOffice()
    for password, good in ((PASSWORD, True), (WRONG, False)):
        with (
            secure(tmp_path, office, password=password) as provider,
            httpx.Client(transport=provider.transport) as client,
        ):
            (finding,) = provider.examine(EDITION.sender, now=NOW, fetch=client.send)
            assert finding.good is good
            assert bool(finding.hint) is not good
    assert not office.taken


# Signatures.


def public_record(pem: str) -> bytes:
    """Return what the domain name system says of a key."""
    key = serialization.load_pem_private_key(pem.encode(), None).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(key.public_bytes(serialization.Encoding.DER, form))


SHORT_KEY = """\
-----BEGIN PRIVATE KEY-----
MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7AgEAAkEA321nrpJXjXJLsl5e
xI7jEg7Vd7G7DwlYjWH/L9EHP3oXvnhsMMv/SW/2ccFn05pZUHGHFINW1Pr3YObl
G5RAHQIDAQABAkEAj+ekhyEEuTrrnHgB6/HoOQJK5awYwmePnIiI12B3nZ6uxCuf
g1KHtnT9EpOSAagN0iafYjNl8IjwNS/IQx7fNQIhAPC5RYx4XSeZZj4+qtEYKyzz
yddSqzFprt3zb1z6fFR/AiEA7ZskSLOyNbQrfbORBVWA2WUHHMpr1afaz5zO/sG6
7WMCIF0IPUi8e8QCFPGZZorIvGbzEN6WpHLEVUCSBEf6xnIhAiEA0RwBcc5b33Gh
+O2oiqY2UJzeBpOLFay1IJQjhAdhiHsCID54n1J6qi0rvmK4OfHeaYyMzXUpqA+o
W2r0FrhK8Qm6
-----END PRIVATE KEY-----
"""
"""Of 512 bits, made for this test; today's libraries make none."""

COVERED = [
    *(b"from", b"from", b"to", b"subject", b"date", b"message-id", b"reply-to"),
    *(b"mime-version", b"content-type", b"list-id", b"list-unsubscribe", b"list-unsubscribe-post"),
]
"""What `h=` names."""


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, b"digest._domainkey.example.org."),
        ({"dkim_selector": "s1", "dkim_domain": "mail.example.org"}, b"s1._domainkey.mail.example.org."),
    ],
)
def test_signatures(tmp_path: Path, options: Mapping[str, str], name: bytes) -> None:
    """A signature holds, is made by the domain that was chosen, and covers how to leave; From cannot be added to it."""
    office, pem = PostOffice(), private_key()
    with office.open():
        facts = {"host": "127.0.0.1", "port": office.port, "security": "none", **options}
        provider = smtp(tmp_path, facts, {"DKIM_PRIVATE_KEY": pem.replace("\n", "\\n")})
        post(provider, batch())
    assert len(office.contents) == 3
    for content in office.contents.values():
        assert not re.search(rb"^\.", content, re.MULTILINE)
        signed = dkim.DKIM(content)
        assert signed.verify(dnsfunc=lambda record, **_: public_record(pem) if record == name else b"")
        assert Counter(signed.include_headers) == Counter(COVERED)
        for forged in (content.replace(b"One-Click", b"Two-Clicks"), b"From: mallory@example.test\r\n" + content):
            assert not dkim.verify(forged, dnsfunc=lambda *_, **__: public_record(pem))


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----", "no RSA private key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\\nAAAAA\\n-----END PRIVATE KEY-----", "no RSA private key in PEM"),
        ("a secret word", "no RSA private key in PEM"),
        (private_key(bits=1024).replace("\n", " "), "no RSA private key in PEM"),
    ],
    ids=count(),  # the keys are others in each process
)
def test_faulty_keys(tmp_path: Path, key: str, sentence: str) -> None:
    """A key that cannot sign is a fault of the settings, which does not show it."""
    with pytest.raises(SettingsError, match=sentence) as caught:
        smtp(tmp_path, {"host": "localhost"}, {"DKIM_PRIVATE_KEY": key})
    assert key not in "\n".join(caught.value.lines())


def test_short_keys(tmp_path: Path) -> None:
    """A key that is so short that receivers do not heed it is refused."""
    with pytest.raises(SettingsError, match="less than 1024 bits"):
        smtp(tmp_path, {"host": "localhost"}, {"DKIM_PRIVATE_KEY": SHORT_KEY})
