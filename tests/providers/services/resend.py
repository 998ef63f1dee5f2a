"""
Resend, by its OpenAPI file (resend/resend-openapi@fd6f395), https://resend.com/docs and its Python SDK 2.52.

Read on 2026-11-23. What it sends is not interpreted: braces mean something to its broadcasts and templates alone.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import httpx
from stand_ins import NOW, Answer, Arrived, Call, StandIn

from digest.errors import ProviderError
from digest.model import Event, EventKind, State
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENVIRON = {
    "RESEND_API_KEY": "re_0123456789abcdef",
    "RESEND_WEBHOOK_SECRET": f"whsec_{b64encode(b'twenty-four random bytes').decode()}",
}
_MESSAGE = {"from", "to", "cc", "bcc", "reply_to", "subject", "html", "text", "headers", "tags"}
_MAILBOX = re.compile(
    r'(?:(?:"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<bare>[^"<>]*)) )?<?(?P<email>[^\s<>]+@[^\s<>]+?)>?', re.DOTALL
)
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")


def _deliver(request: httpx.Request) -> list[Arrived]:
    return [*map(_arrived, _understood(request))]


def _understood(request: httpx.Request) -> list[dict[str, Any]]:
    assert (request.method, request.url.path) == ("POST", "/emails/batch")
    assert request.headers["Authorization"] == f"Bearer {_ENVIRON['RESEND_API_KEY']}"
    assert request.headers["x-batch-validation"] == "permissive"
    assert 1 <= len(request.headers["Idempotency-Key"]) <= 256
    messages: list[dict[str, Any]] = json.loads(request.content)
    assert len(messages) <= 100
    return messages


def _arrived(message: Mapping[str, Any]) -> Arrived:
    assert set(message) <= _MESSAGE
    assert all(_TAG.fullmatch(tag["name"]) and _TAG.fullmatch(tag["value"]) for tag in message["tags"])
    (reader,) = message["to"]
    name, email = _parsed(reader)
    _parsed(message["from"])
    return Arrived(
        email=email,
        name=name,
        subject=message["subject"],
        html=message["html"],
        text=message["text"],
        headers=message["headers"],
        correlation_id={tag["name"]: tag["value"] for tag in message["tags"]}["correlation_id"],
    )


def _parsed(mailbox: str) -> tuple[str, str]:
    match = _MAILBOX.fullmatch(mailbox)
    assert match
    return re.sub(r"\\(.)", r"\1", match["quoted"] or match["bare"] or ""), match["email"]


def _accept(request: httpx.Request) -> httpx.Response:
    return _taken(*range(len(_understood(request))))


def _taken(*places: int, **further: object) -> httpx.Response:
    ids = [{"id": f"ae2014de-c168-4c61-8267-{place:012}"} for place in places]
    return httpx.Response(200, json={"data": ids, **further})


def _fault(status: int, name: str, message: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"statusCode": status, "name": name, "message": message}, headers=headers)


_BAD_TO = "Invalid `to` field. The email address needs to follow the `email@example.com` format."
_FAST = ("rate_limit_exceeded", "Too many requests. You can only make 5 requests per second.")
_ANSWERS: dict[str, Answer | str] = {
    "all accepted": Answer(response=lambda _: _taken(0, 1, 2), outcome=[State.SENT] * 3),
    "one refused": Answer(
        response=lambda _: _taken(0, 2, errors=[{"index": 1, "message": _BAD_TO}]),
        outcome=[State.SENT, State.REFUSED, State.SENT],
        words="needs to follow the",
    ),
    "whole refused": Answer(
        response=lambda batch: _fault(422, "validation_error", f"Invalid `to` field: {batch.readers.emails[0]}"),
        outcome=RejectedError,
        words="Invalid `to` field",
    ),
    "key refused": Answer(
        response=lambda _: _fault(401, "missing_api_key", "Missing API key in the authorization header"),
        outcome=ProviderError,
        words="Missing API key",
    ),
    "sender not verified": Answer(
        response=lambda _: _fault(403, "validation_error", "The example.org domain is not verified."),
        outcome=ProviderError,
        words="domain is not verified",
    ),
    "too large": Answer(response=lambda _: httpx.Response(413, text="Payload Too Large"), outcome=RejectedError),
    "too fast": Answer(
        response=lambda _: _fault(429, *_FAST), outcome=[State.QUEUED] * 3, words="5 requests per second"
    ),
    "too fast, with seconds": Answer(
        response=lambda _: _fault(429, *_FAST, **{"ratelimit-remaining": "0", "retry-after": "2"}),
        outcome=[State.QUEUED] * 3,
    ),
    "too fast, with a date": "Resend tells in seconds, by retry-after and ratelimit-reset",
    "quota used up": Answer(
        response=lambda _: _fault(429, "daily_quota_exceeded", "You have reached your daily email sending quota."),
        outcome=ProviderError,
        words="daily email sending quota",
    ),
    "server error": Answer(
        response=lambda _: _fault(500, "application_error", "An unexpected error occurred."), outcome=UnclearError
    ),
    "gateway page": Answer(
        response=lambda _: httpx.Response(502, html="<html>Bad Gateway</html>"), outcome=UnclearError
    ),
    "empty": Answer(response=lambda _: httpx.Response(200), outcome=UnclearError),
    "cut short": Answer(response=lambda _: httpx.Response(200, content=b'{"data":[{"id":"ae20'), outcome=UnclearError),
    "fewer ids": Answer(response=lambda _: _taken(0, 1), outcome=UnclearError, words="2 messages"),
    "redirect": Answer(
        response=lambda _: httpx.Response(301, headers={"Location": "https://elsewhere.test/emails"}),
        outcome=ProviderError,
        words="elsewhere.test",
    ),
    "quota of the month used up": Answer(
        response=lambda _: _fault(429, "monthly_quota_exceeded", "You have reached your monthly quota."),
        outcome=ProviderError,
    ),
    "another request had the key": Answer(
        response=lambda _: _fault(409, "invalid_idempotent_request", "Same idempotency key used with other payload."),
        outcome=UnclearError,
        words="idempotency key",
    ),
    "the first of two requests is not done": Answer(
        response=lambda _: _fault(409, "concurrent_idempotent_requests", "The request is in progress."),
        outcome=UnclearError,
    ),
    "a fault of nobody": Answer(
        response=lambda _: _taken(0, 1, errors=[{"index": 7, "message": _BAD_TO}]), outcome=UnclearError
    ),
    "all refused": Answer(
        response=lambda _: _taken(errors=[{"index": place, "message": _BAD_TO} for place in range(3)]),
        outcome=[State.REFUSED] * 3,
    ),
}

_TAGS = {"issue": "first-snow", "correlation_id": "0123456789abcdef-7"}
_NO_SUCH_USER = "The recipient's email address is on the suppression list because it has a recent history of bounces."
_EVENTS: dict[str, tuple[EventKind, dict[str, object]]] = {
    "email.sent": (EventKind.ACCEPTED, {}),
    "email.scheduled": (EventKind.ACCEPTED, {}),
    "email.delivered": (EventKind.DELIVERED, {}),
    "email.delivery_delayed": (EventKind.DEFERRED, {}),
    "email.failed": (EventKind.REFUSED, {"failed": {"reason": "reached_daily_quota"}}),
    "email.suppressed": (
        EventKind.REFUSED,
        {"suppressed": {"message": _NO_SUCH_USER, "type": "OnAccountSuppressionList"}},
    ),
    "email.bounced": (
        EventKind.BOUNCED,
        {"bounce": {"message": _NO_SUCH_USER, "subType": "Suppressed", "type": "Permanent"}},
    ),
    "email.complained": (EventKind.COMPLAINED, {}),
    "email.opened": (EventKind.OPENED, {}),
    "email.clicked": (
        EventKind.CLICKED,
        {
            "click": {
                "ipAddress": "192.0.2.7",
                "link": "https://example.org/plateau",
                "timestamp": "2026-11-24T09:00:00Z",
            }
        },
    ),
    "email.unheard_of": (EventKind.OTHER, {}),
}
_REASONS = {"email.failed": "reached_daily_quota", "email.suppressed": _NO_SUCH_USER, "email.bounced": _NO_SUCH_USER}


def _sign(body: bytes) -> dict[str, str]:
    key = b64decode(_ENVIRON["RESEND_WEBHOOK_SECRET"].removeprefix("whsec_"))
    stamp = str(int(NOW.timestamp()))
    signature = b64encode(hmac.digest(key, f"msg_2x.{stamp}.".encode() + body, "sha256")).decode()
    return {"svix-id": "msg_2x", "svix-timestamp": stamp, "svix-signature": f"v1,bm90IHRoaXMgb25l v1,{signature}"}


def _call(kind: str, further: Mapping[str, object], *events: Event) -> Call:
    data = {
        "created_at": "2026-11-24 08:59:58.894719+00:00",
        "email_id": "ae2014de-c168-4c61-8267-000000000007",
        "from": "Past the Plateau <editor@example.org>",
        "to": ["reader7@example.org"],
        "subject": "First snow",
        "tags": _TAGS,
        **further,
    }
    body = json.dumps({"type": kind, "created_at": "2026-11-24T09:00:00.000Z", "data": data}).encode()
    return Call(title=kind, headers=_sign(body), body=body, events=events)


def _event(original: str, kind: EventKind) -> Event:
    return Event(
        id="msg_2x",
        kind=kind,
        at=NOW,
        original=original,
        reason=_REASONS.get(original, ""),
        correlation_id=_TAGS["correlation_id"],
        message_id="ae2014de-c168-4c61-8267-000000000007",
        email="reader7@example.org",
        url="https://example.org/plateau" if kind is EventKind.CLICKED else "",
    )


STAND_IN = StandIn(
    environ=_ENVIRON,
    deliver=_deliver,
    accept=_accept,
    answers=_ANSWERS,
    calls=[
        *(_call(name, further, _event(name, kind)) for name, (kind, further) in _EVENTS.items()),
        _call(
            "email.bounced",
            {"bounce": {"message": _NO_SUCH_USER, "subType": "MailboxFull", "type": "Transient"}},
            _event("email.bounced", EventKind.SOFT_BOUNCED),
        ),
        _call(
            "email.delivered", {"to": ["Noor <reader7@example.org>"]}, _event("email.delivered", EventKind.DELIVERED)
        ),
        _call("email.received", {"message_id": "<1@example.test>", "attachments": []}),
        _call("contact.created", {"first_name": "Ada", "unsubscribed": False}),
    ],
    sign=_sign,
)
