"""
SendGrid's v3 Mail Send, by its OpenAPI file and its manual.

Values are put in by plain replacement of names, in values too, four times over; they go into subject and content.
https://www.twilio.com/docs/sendgrid/for-developers/sending-email/substitution-tags, read on 2026-11-23
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, derive_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from stand_ins import NOW, Answer, Arrived, Call, StandIn

from digest.errors import ProviderError
from digest.model import Event, EventKind, State
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stand_ins import Outcome

_PRIVATE_KEY = derive_private_key(20261124, SECP256R1())
_PUBLIC_KEY = b64encode(
    _PRIVATE_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
_KEY = "SG.made-up-for-tests"
_BODY = {
    *("personalizations", "from", "reply_to", "subject", "content", "attachments"),
    *("categories", "send_at", "mail_settings", "tracking_settings"),
}
_PERSONALIZATION = {"to", "headers", "substitutions", "custom_args"}
_OWN_FIELDS = {
    *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
    *("to", "from", "subject", "reply-to", "cc", "bcc"),
}


def _deliver(request: httpx.Request) -> list[Arrived]:
    assert str(request.url).endswith("/v3/mail/send")
    assert request.headers["Authorization"] == f"Bearer {_KEY}"
    assert request.headers["Content-Type"] == "application/json"
    assert len(request.content) <= 30_000_000
    body = json.loads(request.content)
    _check(body)
    if body["mail_settings"]["sandbox_mode"]["enable"]:
        return []
    return [_arrived(body, part) for part in body["personalizations"]]


def _check(body: dict[str, Any]) -> None:
    assert set(body) <= _BODY
    assert 0 < len(body["personalizations"]) <= 1000
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]
    assert all(part["value"] for part in body["content"])
    assert body["subject"]
    assert len(body["categories"]) <= 10
    assert all(len(category) <= 255 for category in body["categories"])
    added = (
        body["mail_settings"]["footer"],
        *map(body["tracking_settings"].get, ("subscription_tracking", "ganalytics")),
    )
    assert not any(part["enable"] for part in added)
    for image in body.get("attachments", []):
        assert image["disposition"] == "inline"
        assert image["content_id"]


def _arrived(body: dict[str, Any], part: dict[str, Any]) -> Arrived:
    assert set(part) <= _PERSONALIZATION
    (to,) = part["to"]
    assert not {*to["name"]} & {";", ","}
    assert not {name.lower() for name in part["headers"]} & _OWN_FIELDS
    assert all(isinstance(value, str) for value in part["custom_args"].values())
    values = part.get("substitutions", {})
    assert sum(len(name.encode()) + len(value.encode()) for name, value in values.items()) <= 10_000
    text, html = (_put_in(values, content["value"]) for content in body["content"])
    return Arrived(
        email=to["email"],
        name=to["name"],
        subject=_put_in(values, body["subject"]),
        html=html,
        text=text,
        headers=part["headers"],
        correlation_id=part["custom_args"]["correlation_id"],
    )


def _put_in(values: Mapping[str, str], text: str) -> str:
    for _ in range(4):
        for name, value in values.items():
            text = text.replace(name, value)
    return text


def _accept(request: httpx.Request) -> httpx.Response:
    sandbox = json.loads(request.content)["mail_settings"]["sandbox_mode"]["enable"]
    return httpx.Response(200) if sandbox else _ACCEPTED


def _refused(status: int, message: str, outcome: Outcome, field: str | None = None, **headers: str) -> Answer:
    fault = {"message": message, "field": field, "help": None}
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx.Response(status, json={"errors": [fault]}, headers=fields)
    return Answer(response=lambda _: response, outcome=outcome, words=message)


_ACCEPTED = httpx.Response(202, headers={"X-Message-Id": "14c5d75ce93.dfd"})
_PAGE = httpx.Response(502, html="<html><body>Bad Gateway</body></html>")
_MOVED = httpx.Response(301, headers={"Location": "https://api.sendgrid.test/v3/mail/send"})
_PORTAL = httpx.Response(200, html="<html><body>Welcome to the hotel</body></html>")
_QUEUED = [State.QUEUED] * 3
_ANSWERS: dict[str, Answer | str] = {
    "all accepted": Answer(response=lambda _: _ACCEPTED, outcome=[State.SENT] * 3),
    "one refused": _refused(400, "Does not contain a valid address.", RejectedError, "personalizations.1.to.0.email"),
    "whole refused": _refused(400, "Bad Request", RejectedError),
    "content refused": _refused(400, "The content value must be a string.", ProviderError, "content.0.value"),
    "key refused": _refused(401, "authorization required", ProviderError),
    "sender not verified": _refused(
        403, "The from address does not match a verified Sender Identity.", ProviderError, "from"
    ),
    "too large": _refused(413, "content too large", RejectedError),
    "too fast": _refused(429, "too many requests", _QUEUED),
    "too fast, with seconds": _refused(429, "too many requests", _QUEUED, Retry_After="7"),
    "too fast, with a date": _refused(429, "too many requests", _QUEUED, Retry_After="Tue, 24 Nov 2026 09:00:07 GMT"),
    "quota used up": _refused(401, "Maximum credits exceeded", ProviderError),
    "server error": _refused(500, "internal server error", UnclearError),
    "gateway page": Answer(response=lambda _: _PAGE, outcome=UnclearError, words="502"),
    "empty": "all its successes are",
    "cut short": "no success has a body",
    "fewer ids": "there is one for the request",
    "redirect": Answer(response=lambda _: _MOVED, outcome=ProviderError, words="api.sendgrid.test"),
    "a page of somebody else's": Answer(response=lambda _: _PORTAL, outcome=UnclearError, words="200"),
}


def _told(event: str, kind: EventKind, **further: str) -> tuple[dict[str, object], Event]:
    """Return what SendGrid tells of an event, and what we are to make of it."""
    told = {
        "email": "reader1@example.org",
        "timestamp": int(NOW.timestamp()) - 60,
        "event": event,
        "sg_event_id": f"sg-{event}-{further.get('type', '')}",
        "sg_message_id": "14c5d75ce93.dfd.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",
        "smtp-id": "<14c5d75ce93.dfd@ismtpd-555>",
        "category": ["first-snow"],
        "correlation_id": "0123456789abcdef-1",
        "batch": "0123456789abcdef-1-1",
        **further,
    }
    expected = Event(
        id=str(told["sg_event_id"]),
        kind=kind,
        at=datetime(2026, 11, 24, 8, 59, tzinfo=UTC),
        original=f"{event} {further.get('type', '')}".rstrip(),
        reason=further.get("reason") or further.get("response", ""),
        correlation_id="0123456789abcdef-1",
        message_id=str(told["sg_message_id"]),
        email="reader1@example.org",
        url=further.get("url", ""),
    )
    return told, expected


def _sign(body: bytes) -> Mapping[str, str]:
    stamp = str(int(NOW.timestamp()))
    signature = _PRIVATE_KEY.sign(stamp.encode() + body, ECDSA(SHA256()))
    return {
        "X-Twilio-Email-Event-Webhook-Signature": b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }


def _call(title: str, *told: tuple[dict[str, object], Event]) -> Call:
    body = json.dumps([news for news, _ in told], indent=1).encode() + b"\r\n"
    return Call(title=title, headers=_sign(body), body=body, events=[event for _, event in told])


_CALLS = (
    _call(
        "several at once",
        _told("processed", EventKind.ACCEPTED),
        _told("deferred", EventKind.DEFERRED, response="400 try again later"),
        _told("delivered", EventKind.DELIVERED, response="250 OK"),
    ),
    _call(
        "bounces",
        _told("bounce", EventKind.BOUNCED, type="bounce", reason="550 5.1.1 no such user", status="5.1.1"),
        _told("bounce", EventKind.SOFT_BOUNCED, type="blocked", reason="421 too much mail", status="4.7.0"),
    ),
    _call("a drop", _told("dropped", EventKind.REFUSED, reason="Bounced Address", status="5.0.0")),
    _call("a complaint", _told("spamreport", EventKind.COMPLAINED)),
    _call(
        "departures",
        _told("unsubscribe", EventKind.LEFT),
        _told("group_unsubscribe", EventKind.LEFT),
        _told("group_resubscribe", EventKind.OTHER),
    ),
    _call(
        "tracking",
        _told("open", EventKind.OPENED, ip="192.0.2.1"),
        _told("click", EventKind.CLICKED, url="https://example.org/a?b=c"),
    ),
    _call("a word of tomorrow", _told("teleported", EventKind.OTHER)),
)

STAND_IN = StandIn(
    environ={"SENDGRID_API_KEY": _KEY, "SENDGRID_WEBHOOK_PUBLIC_KEY": _PUBLIC_KEY},
    deliver=_deliver,
    accept=_accept,
    answers=_ANSWERS,
    calls=_CALLS,
    shown_name=lambda name: "" if {*name} & {";", ","} else name,
    sign=_sign,
)
