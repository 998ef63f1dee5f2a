"""What SendGrid tells of messages, by calls that it signs with a key of its own."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

import msgspec

from digest.errors import SettingsError
from digest.model import Event, EventKind
from digest.wire.webhooks import EventId, ForgedError, check_moment, header_of, moment_of, read_body

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import httpx

PUBLIC_KEY = "SENDGRID_WEBHOOK_PUBLIC_KEY"
"""The variable that holds the key."""
_RETRYING = 24 * 3600
"""Seconds for which it tries to deliver a call; whether it signs it anew each time, it does not say."""
_KINDS = {
    "processed": EventKind.ACCEPTED,
    "dropped": EventKind.REFUSED,
    "deferred": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "bounce": EventKind.BOUNCED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.LEFT,
    "group_unsubscribe": EventKind.LEFT,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
}


def events_of(headers: httpx.Headers, body: bytes, key: bytes, now: datetime) -> Sequence[Event]:
    """
    Return the events that a call tells of.

    Args:
        headers: the call's header fields.
        body: the call's body, to the byte; its signature covers the moment of the call, too.
        key: the public key, as SendGrid shows it.
        now: the moment of the call.

    Raises:
        ForgedError: its signature is wrong, or it is old.
        SettingsError: the key is none, or the library is missing that checks it.
        ProviderError: it cannot be read.
    """
    stamp = header_of(headers, "X-Twilio-Email-Event-Webhook-Timestamp")
    signature = header_of(headers, "X-Twilio-Email-Event-Webhook-Signature")
    _check_signature(key, signature, stamp.encode() + body)
    check_moment(stamp, now, retried_for=_RETRYING)
    return [_event(news) for news in read_body(body, list[_News])]


def _check_signature(key: bytes, signature: str, signed: bytes) -> None:
    """
    See to it that `signed` has this signature, by the public key that SendGrid shows.

    Raises:
        ForgedError: it has another.
        SettingsError: the key is none, or the library is missing.
    """
    try:
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415  # an extra
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey as PublicKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415
    except ImportError as error:
        msg = "SendGrid's calls are checked with the package cryptography, which is not installed"
        raise SettingsError(msg, hint="Install digest[webhooks].") from error
    no_key = SettingsError(
        f"{PUBLIC_KEY} is no verification key of SendGrid",
        hint="Copy it whole from the settings of its event webhook.",
    )
    try:
        public_key = load_der_public_key(b64decode(key, validate=True))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise no_key from error
    if not isinstance(public_key, PublicKey):
        raise no_key
    try:
        public_key.verify(b64decode(signature, validate=True), signed, ECDSA(SHA256()))
    except (InvalidSignature, ValueError) as error:
        msg = "the signature of the call is not SendGrid's"
        raise ForgedError(msg, hint=f"If SendGrid does call here, compare {PUBLIC_KEY} with the one there.") from error


class _News(msgspec.Struct):
    event: str
    timestamp: int
    sg_event_id: EventId
    sg_message_id: str = ""
    email: str = ""
    type: str = ""
    reason: str = ""
    response: str = ""
    url: str = ""
    correlation_id: str = ""


def _event(news: _News) -> Event:
    return Event(
        id=news.sg_event_id,
        kind=_kind(news),
        at=moment_of(news.timestamp),
        original=f"{news.event} {news.type}".rstrip(),
        reason=news.reason or news.response,
        correlation_id=news.correlation_id,
        message_id=news.sg_message_id,
        email=news.email,
        url=news.url,
    )


def _kind(news: _News) -> EventKind:
    if news.event == "bounce" and news.type == "blocked":  # the server would not have it this time
        return EventKind.SOFT_BOUNCED
    return _KINDS.get(news.event, EventKind.OTHER)
