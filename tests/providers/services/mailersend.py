"""
MailerSend, by https://developers.mailersend.com and its package ``mailersend`` 2.2.0, read on 2026-11-23.

This one is for an account on a plan that carries our header fields. Its template language, Twig, runs only where a
message brings ``personalization`` along.
"""

from __future__ import annotations

import hmac
import json
import re
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
from stand_ins import NOW, Answer, Arrived, Call, StandIn

from digest.errors import ProviderError
from digest.model import Event, EventKind, State
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ENVIRON = {"MAILERSEND_API_KEY": "mlsn.0123456789abcdef", "MAILERSEND_WEBHOOK_SECRET": "dGhpcy1pcy1vbmx5"}
_MESSAGE = {
    *("from", "to", "cc", "bcc", "reply_to", "subject", "text", "html", "tags", "attachments", "template_id"),
    *("send_at", "settings", "headers", "list_unsubscribe", "precedence_bulk", "in_reply_to", "references"),
}


def _messages(request: httpx.Request) -> list[dict[str, Any]]:
    assert (request.method, request.url.path) == ("POST", "/v1/bulk-email")
    assert request.headers["Authorization"] == f"Bearer {_ENVIRON['MAILERSEND_API_KEY']}"
    messages = json.loads(request.content)
    assert isinstance(messages, list)
    assert len(messages) <= 500
    return messages


def _deliver(request: httpx.Request) -> list[Arrived]:
    return [*map(_arrived, _messages(request))]


def _arrived(message: Mapping[str, Any]) -> Arrived:
    assert set(message) <= _MESSAGE  # with "personalization", Twig would run
    (reader,) = message["to"]
    assert not re.search("[;,]", reader.get("name", ""))
    assert reader.get("name") != ""
    assert len(message["tags"]) <= 5
    assert all(len(tag) <= 191 for tag in message["tags"])
    assert message["settings"] == {"track_opens": False, "track_clicks": False, "track_content": False}
    address = message["list_unsubscribe"]
    assert not re.search(r"[<>\s]", address)
    headers = {header["name"]: header["value"] for header in message["headers"]}
    assert not {"list-unsubscribe", "list-unsubscribe-post"}.intersection(map(str.lower, headers))
    return Arrived(
        email=reader["email"],
        name=reader.get("name", ""),
        subject=message["subject"],
        html=message["html"],
        text=message["text"],
        headers={
            **headers,
            "List-Unsubscribe": f"<{address}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        correlation_id=message["tags"][1],
    )


_TAKEN = {"message": "The bulk email is being processed.", "bulk_email_id": "614470d1588b866d0454f3e2"}


def _accept(request: httpx.Request) -> httpx.Response:
    assert _messages(request)
    return httpx.Response(202, json=_TAKEN)


def _fault(status: int, message: str, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"message": message, **more})


_FAST = {"message": "Your account reached its rate limit of 10 requests/min. Please wait before trying again. #MS42903"}
_LATER = [State.QUEUED] * 3
_UNVERIFIED = "The from.email domain must be verified in your account to send emails. #MS42207"
_ANSWERS: dict[str, Answer | str] = {
    "all accepted": Answer(response=lambda _: httpx.Response(202, json=_TAKEN), outcome=[State.SENT] * 3),
    "one refused": "MailerSend checks messages after it has answered; whom it refuses then, its webhook tells",
    "whole refused": Answer(
        response=lambda _: _fault(
            422,
            "The given data was invalid.",
            errors={"message.1.to.0.email": ["The to.0.email must be a valid email address. #MS42215"]},
        ),
        outcome=RejectedError,
        words="#MS42215",
    ),
    "key refused": Answer(
        response=lambda _: _fault(401, "Unauthenticated."), outcome=ProviderError, words="Unauthenticated."
    ),
    "sender not verified": Answer(
        response=lambda _: _fault(422, _UNVERIFIED, errors={"from.email": [_UNVERIFIED]}),
        outcome=ProviderError,
        words="domain must be verified",
    ),
    "sender not verified, message by message": Answer(
        response=lambda _: _fault(
            422, _UNVERIFIED, errors={f"message.{n}.from.email": [_UNVERIFIED] for n in range(3)}
        ),
        outcome=ProviderError,
        words="domain must be verified",
    ),
    "too large": Answer(response=lambda _: httpx.Response(413, html="<html>413</html>"), outcome=RejectedError),
    "too fast": Answer(response=lambda _: httpx.Response(429, json=_FAST), outcome=_LATER, words="rate limit"),
    "too fast, with seconds": Answer(
        response=lambda _: httpx.Response(429, json=_FAST, headers={"retry-after": "37"}), outcome=_LATER
    ),
    "too fast, with a date": Answer(
        response=lambda _: httpx.Response(
            429, json=_FAST, headers={"retry-after": format_datetime(NOW.replace(minute=5), usegmt=True)}
        ),
        outcome=_LATER,
    ),
    "quota used up": Answer(
        response=lambda _: _fault(
            429, "Your account reached its API daily quota limit. Upgrade to increase it. #MS42901"
        ),
        outcome=ProviderError,
        words="daily quota",
    ),
    "server error": Answer(response=lambda _: _fault(500, "Server Error"), outcome=UnclearError, words="Server Error"),
    "gateway page": Answer(response=lambda _: httpx.Response(502, html="<html>502</html>"), outcome=UnclearError),
    "empty": Answer(response=lambda _: httpx.Response(202), outcome=UnclearError),
    "cut short": Answer(
        response=lambda _: httpx.Response(202, content=b'{"message":"The bulk em'), outcome=UnclearError
    ),
    "fewer ids": "It gives one id, to the request",
    "redirect": Answer(
        response=lambda _: httpx.Response(301, headers={"Location": "https://elsewhere.test/v1"}),
        outcome=ProviderError,
        words="elsewhere.test",
    ),
    "maintenance": Answer(
        response=lambda _: _fault(421, "The service is down for maintenance."), outcome=_LATER, words="maintenance"
    ),
    "no id": Answer(response=lambda _: _fault(202, "The bulk email is being processed."), outcome=UnclearError),
}

_NAME = "0123456789abcdef-7"
_EVENTS = (
    ("activity.sent", EventKind.ACCEPTED, None, ""),
    ("activity.delivered", EventKind.DELIVERED, None, ""),
    (
        "activity.deferred",
        EventKind.DEFERRED,
        {"object": "recipient_deferral", "reason": "try again later"},
        "try again later",
    ),
    (
        "activity.soft_bounced",
        EventKind.SOFT_BOUNCED,
        {"object": "recipient_bounce", "reason": "mailbox full"},
        "mailbox full",
    ),
    (
        "activity.hard_bounced",
        EventKind.BOUNCED,
        {"object": "recipient_bounce", "reason": "550 5.1.1", "readable_reason": "no such user"},
        "no such user",
    ),
    ("activity.opened", EventKind.OPENED, {"object": "open", "ip": "127.0.0.1"}, ""),
    ("activity.opened_unique", EventKind.OPENED, {"object": "open", "ip": "127.0.0.1"}, ""),
    ("activity.clicked", EventKind.CLICKED, {"object": "click", "url": "https://example.org/plateau"}, ""),
    ("activity.clicked_unique", EventKind.CLICKED, {"object": "click", "url": "https://example.org/plateau"}, ""),
    (
        "activity.unsubscribed",
        EventKind.LEFT,
        {"object": "recipient_unsubscribe", "reason": "option_2", "readable_reason": "Too many emails"},
        "Too many emails",
    ),
    ("activity.spam_complaint", EventKind.COMPLAINED, {"object": "spam_complaint", "reason": None}, ""),
    ("activity.survey_opened", EventKind.OTHER, None, ""),
)


def _signed(body: bytes) -> Mapping[str, str]:
    secret = _ENVIRON["MAILERSEND_WEBHOOK_SECRET"].encode()
    return {"Signature": hmac.digest(secret, body, "sha256").hex()}


def _call(title: str, told: Mapping[str, Any], events: Sequence[Event]) -> Call:
    body = json.dumps(told).encode()
    return Call(title=title, headers=_signed(body), body=body, events=events)


def _told(event: str, morph: Mapping[str, Any] | None) -> dict[str, Any]:
    email = {
        "object": "email",
        "id": "5fc0d003e7a5e7035446aa32",
        "from": "editor@example.org",
        "subject": "First snow",
        "status": "sent",
        "tags": ["first-snow", _NAME],
        "message": {"object": "message", "id": "5fc0d003f718c90162341852"},
        "recipient": {"object": "recipient", "id": "5fbfd46f95f5e5c7d0ad2a46", "email": "reader7@example.org"},
    }
    return {
        "type": event,
        "domain_id": "yv69oxl5kl785kw2",
        "created_at": NOW.isoformat(),
        "webhook_id": "2351ndgwr4zqx8ko",
        "url": "https://example.org/webhooks/mailersend",
        "data": {
            "object": "activity",
            "id": f"{event}-5fc0d006b42c3e16e1774882",
            "type": event.removeprefix("activity."),
            "created_at": NOW.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
            "email": email,
            "morph": morph,
            "template_id": None,
        },
    }


def _heard(event: str, kind: EventKind, morph: Mapping[str, Any] | None, reason: str) -> Event:
    return Event(
        id=f"{event}-5fc0d006b42c3e16e1774882",
        kind=kind,
        at=NOW,
        original=event,
        reason=reason,
        correlation_id=_NAME,
        message_id="5fc0d003f718c90162341852",
        email="reader7@example.org",
        url=(morph or {}).get("url", ""),
    )


STAND_IN = StandIn(
    options={"professional": True},
    environ=_ENVIRON,
    deliver=_deliver,
    accept=_accept,
    answers=_ANSWERS,
    calls=[
        *(
            _call(event, _told(event, morph), [_heard(event, kind, morph, reason)])
            for event, kind, morph, reason in _EVENTS
        ),
        _call("a test", {"message": "This is a test payload"}, []),
        _call("of a request", {"type": "bulk_email.completed", "data": {"object": "bulk_email", "id": "x"}}, []),
        _call("maintenance", {"type": "maintenance.start", "created_at": NOW.isoformat()}, []),
    ],
    shown_name=lambda name: re.sub("[;,]+", " ", name),
    covers_moment=False,
    sign=_signed,
)
