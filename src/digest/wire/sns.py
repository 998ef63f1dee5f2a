"""
Calls of Amazon SNS, by which services of AWS tell news: proved by RSA, with a certificate that SNS itself serves.

Anyone with an account at AWS can have SNS sign and send what they like, so a call counts for something only if it is
of the one topic that is expected. https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html,
read on 2026-11-23. Services that speak like SNS, with hosts and certificates of their own, have topics of their own.
"""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import httpx
import msgspec

from digest.errors import ProviderError, SettingsError
from digest.wire.webhooks import EventId, ForgedError, check_age, moment_of, no_moment, read_body
from digest.wire.words import said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography.x509 import Certificate

    from digest.wire import Fetch

_TOPIC = re.compile(r"arn:aws(?P<partition>[a-z-]*):sns:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+):\d{12}:[\w.-]+")
_RETRYING = 3600
"""Seconds for which SNS tries to deliver a message at most, which is signed once, when it is published."""


class _Call(msgspec.Struct, rename="pascal"):
    type: Literal["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"]
    message_id: EventId
    topic_arn: str
    message: str
    timestamp: str
    signature_version: str = ""
    signature: str = ""
    certificate_url: str = msgspec.field(default="", name="SigningCertURL")
    subscribe_url: str = msgspec.field(default="", name="SubscribeURL")
    subject: str | None = None
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """What a topic tells."""

    id: str
    """Unique for what was published, and the same when it is delivered again."""
    at: datetime
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic that is expected to call."""

    arn: str
    """Its name; blank for none, so that nobody is."""
    _certificates: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """What was fetched and proved, by address: SNS changes its certificate about once a year, and its name with it."""

    def read(self, body: bytes, *, now: datetime, fetch: Fetch) -> Notification | None:
        """
        Return what a call tells; None for one about the subscription itself, which is confirmed at once.

        Raises:
            ForgedError: it is not of this topic, not signed by SNS, or too old.
            SettingsError: there is no topic, or the library is missing that checks signatures.
            ProviderError: it cannot be read, or SNS does not answer as it should.
        """
        host = self._host()
        call = read_body(body, _Call)
        if call.topic_arn != self.arn:
            msg = "the call is of another topic"
            raise ForgedError(msg, hint="If it is yours, set the option topic to its ARN.")
        self._check_signature(call, host, now, fetch)
        moment = _check_moment(call.timestamp, now)
        if call.type == "SubscriptionConfirmation":
            _confirm(call.subscribe_url, host, fetch)
        return (
            Notification(id=call.message_id, at=moment, message=call.message) if call.type == "Notification" else None
        )

    def _host(self) -> str:
        """Return the one host that signs for the topic: a pattern for all of them would let in ``sns.s3…``."""
        match = _TOPIC.fullmatch(self.arn)
        if match is None:
            msg = "a call of a webhook cannot be checked, as the option topic is not the ARN of a topic"
            raise SettingsError(
                msg, hint="It looks like arn:aws:sns:eu-west-1:123456789012:newsletter; Amazon SNS shows it."
            )
        return f"sns.{match['region']}.amazonaws.com{'.cn' if match['partition'] == '-cn' else ''}"

    def _certificates_at(self, host: str) -> str:
        """Return a pattern for the addresses that a certificate may have."""
        return rf"https://{re.escape(host)}/SimpleNotificationService-[0-9A-Za-z]{{1,64}}\.pem"

    def _certificate(self, url: str, fetch: Fetch) -> bytes:
        """Return a certificate that is believed, here because of who serves it."""
        return fetched(url, fetch)

    def _check_signature(self, call: _Call, host: str, now: datetime, fetch: Fetch) -> None:
        if not re.fullmatch(self._certificates_at(host), call.certificate_url):
            msg = "the certificate that the call names is not from SNS"
            raise ForgedError(msg)
        known = self._certificates.get(call.certificate_url)
        certificate = known or self._certificate(call.certificate_url, fetch)
        _verify(certificate, call, now)
        self._certificates[call.certificate_url] = certificate


def _signed(call: _Call) -> Iterator[tuple[str, str]]:
    """Return what is signed of a call: names and values, sorted by name."""
    yield "Message", call.message
    yield "MessageId", call.message_id
    if call.type == "Notification":
        yield from () if call.subject is None else (("Subject", call.subject),)
    else:
        yield "SubscribeURL", call.subscribe_url
    yield "Timestamp", call.timestamp
    if call.type != "Notification":
        yield "Token", call.token
    yield "TopicArn", call.topic_arn
    yield "Type", call.type


def _verify(pem: bytes, call: _Call, now: datetime) -> None:
    certificate = _read_certificate(pem)
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415  # an optional library
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA1, SHA256  # noqa: PLC0415

    hashes = {"1": SHA1, "2": SHA256}  # SNS signs with SHA-1 unless the topic is set to version 2
    if call.signature_version not in hashes:
        msg = "the call is signed in a way that SNS does not have"
        raise ForgedError(msg)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        msg = "the certificate that the call names is not of now"
        raise ForgedError(msg, hint="If SNS does call here, compare this machine's clock with the time.")
    signed = "".join(f"{name}\n{value}\n" for name, value in _signed(call)).encode()
    try:
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey):
            msg = "the certificate that SNS gives has no RSA key"
            raise ProviderError(msg)
        key.verify(b64decode(call.signature, validate=True), signed, PKCS1v15(), hashes[call.signature_version]())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as fault:
        msg = "the signature of the call is not of SNS"
        raise ForgedError(msg) from fault


@lru_cache(maxsize=4)
def _read_certificate(pem: bytes) -> Certificate:
    try:
        from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415  # an optional library
    except ImportError as fault:
        msg = "to check calls of Amazon SNS needs the library cryptography"
        raise SettingsError(msg, hint="pip install 'digest[webhooks]'") from fault
    try:
        return load_pem_x509_certificate(pem)
    except ValueError as fault:
        msg = "the certificate that SNS gives cannot be read"
        raise ProviderError(msg) from fault


def _check_moment(timestamp: str, now: datetime) -> datetime:
    try:
        moment = moment_of(datetime.fromisoformat(timestamp))
    except (ValueError, ProviderError) as fault:
        raise no_moment() from fault
    check_age(moment, now, retried_for=_RETRYING)
    return moment


def _confirm(url: str, host: str, fetch: Fetch) -> None:
    if not url.startswith(f"https://{host}/?"):
        msg = "the address by which the call wants to be confirmed is not of SNS"
        raise ForgedError(msg)
    fetched(url, fetch)


def fetched(url: str, fetch: Fetch) -> bytes:
    """
    Return what is at an address.

    Raises:
        ProviderError: nobody answers there, or not as they should.
    """
    try:
        response = fetch(httpx.Request("GET", url))
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        msg = f"SNS could not be asked: {fault}"
        raise ProviderError(msg) from fault
    if response.status_code != httpx.codes.OK:
        msg = f"SNS answered {said(response)}"
        raise ProviderError(msg)
    return response.content
