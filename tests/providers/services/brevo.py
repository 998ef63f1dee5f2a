"""
Brevo, by https://developers.brevo.com, https://help.brevo.com and what django-anymail's tests against it have shown.

Read on 2026-11-23. Its template language is Django's, more or less, and it runs over subject, HTML and text; variables
are escaped for HTML everywhere, as that is the worst that its documentation leaves open.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode
from email.header import decode_header, make_header
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
from stand_ins import NOW, Answer, Arrived, Call, StandIn

from digest.errors import ProviderError
from digest.model import Event, EventKind, State
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENVIRON = {"BREVO_API_KEY": "xkeysib-0123456789abcdef", "BREVO_WEBHOOK_AUTH": "digest:hunter2-hunter2"}
_VERSION = {"to", "subject", "htmlContent", "textContent", "params", "headers", "replyTo", "cc", "bcc"}
_MESSAGE = {
    *("sender", "replyTo", "subject", "htmlContent", "textContent", "headers", "params", "tags"),
    *("messageVersions", "scheduledAt", "batchId", "attachment"),
}
_TAG = re.compile(r"\{\{(?P<variable>.*?)\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_SPECIAL = re.compile(r'[()<>\[\]:;@\\,."]')


def _deliver(request: httpx.Request) -> list[Arrived]:
    message = _understood(request)
    return (
        [] if _dropped(message["headers"]) else [_arrived(version, message) for version in message["messageVersions"]]
    )


def _understood(request: httpx.Request) -> dict[str, Any]:
    assert (request.method, request.url.path) == ("POST", "/v3/smtp/email")
    assert request.headers["api-key"] == _ENVIRON["BREVO_API_KEY"]
    message: dict[str, Any] = json.loads(request.content)
    assert set(message) <= _MESSAGE  # "to" must not be there beside versions
    assert message["htmlContent"]
    assert len(message["messageVersions"]) <= 1000
    return message


def _dropped(headers: Mapping[str, str]) -> bool:
    return {name.lower(): value for name, value in headers.items()}.get("x-sib-sandbox") == "drop"


def _arrived(version: Mapping[str, Any], message: Mapping[str, Any]) -> Arrived:
    assert set(version) <= _VERSION
    (reader,) = version["to"]
    assert all(value.isascii() for value in version["headers"].values())
    assert sum(len(name) + len(value) for name, value in version["headers"].items()) < 4096
    headers = {name.title(): value for name, value in version["headers"].items()}
    params = {**message.get("params", {}), **version["params"]}
    return Arrived(
        email=reader["email"],
        name=_to(reader),
        subject=_rendered(version["subject"], params),
        html=_rendered(version["htmlContent"], params),
        text=_rendered(version["textContent"], params),
        correlation_id=headers.pop("X-Mailin-Custom", ""),
        headers=headers,
    )


def _to(reader: Mapping[str, str]) -> str:
    """Show a display name: encoded words are decoded, and what its bug would drop is dropped."""
    if "name" not in reader:
        return ""
    assert reader["name"]
    assert len(reader["name"]) <= 70
    words = re.fullmatch(r"(=\?utf-8\?b\?\S+\?= ?)+", reader["name"])
    if words or "=?" in reader["name"]:
        return str(make_header(decode_header(reader["name"])))
    return "" if not reader["name"].isascii() and _SPECIAL.search(reader["name"]) else reader["name"]


def _shown_name(name: str) -> str:
    """Say what can be had: 70 characters, without punctuation where an encoded word would be longer than that."""
    name = name[:70].strip()
    fragile = "=?" in name or (not name.isascii() and _SPECIAL.search(name))
    too_long = len(f"=?utf-8?b?{b64encode(name.encode()).decode()}?=") > 70
    return _SPECIAL.sub(" ", name.replace("=?", "= ?")) if fragile and too_long else name


def _rendered(template: str, params: Mapping[str, str]) -> str:
    def value(tag: re.Match[str]) -> str:
        name = (tag["variable"] or "").strip()
        return html.escape(params.get(name.removeprefix("params."), "")) if name.startswith("params.") else ""

    rest = _TAG.sub("", template)
    assert not re.search(r"\{[{%#]", rest), "a tag that is not closed is an error"
    return _TAG.sub(value, template)


def _accept(request: httpx.Request) -> httpx.Response:
    return _taken(len(_understood(request)["messageVersions"]))


def _taken(count: int) -> httpx.Response:
    ids = [f"<202611240900.{number:08}@smtp-relay.mailin.fr>" for number in range(count)]
    return httpx.Response(201, json={"messageIds": ids})


def _fault(status: int, code: str, message: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message}, headers=headers)


_LATER = [State.QUEUED] * 3
_FAST = ("too_many_requests", "You have exceeded your rate limit")
_ANSWERS: dict[str, Answer | str] = {
    "all accepted": Answer(response=lambda batch: _taken(len(batch.readers)), outcome=[State.SENT] * 3),
    "one refused": "Brevo takes a request or refuses it as a whole; whom it blocks later, its webhook tells",
    "whole refused": Answer(
        response=lambda batch: _fault(400, "invalid_parameter", f"{batch.readers.emails[0]} is not valid in to"),
        outcome=RejectedError,
        words="is not valid in to",
    ),
    "key refused": Answer(
        response=lambda _: _fault(401, "unauthorized", "Key not found"), outcome=ProviderError, words="Key not found"
    ),
    "sender not verified": Answer(
        response=lambda _: _fault(403, "permission_denied", "Your account is not yet activated"),
        outcome=ProviderError,
        words="Your account is not yet activated",
    ),
    "too large": Answer(response=lambda _: httpx.Response(413, text="Request Entity Too Large"), outcome=RejectedError),
    "too fast": Answer(response=lambda _: _fault(429, *_FAST), outcome=_LATER, words="rate limit"),
    "too fast, with seconds": Answer(
        response=lambda _: _fault(429, *_FAST, **{"x-sib-ratelimit-remaining": "0", "x-sib-ratelimit-reset": "37"}),
        outcome=_LATER,
    ),
    "too fast, with a date": "Brevo tells in seconds, by x-sib-ratelimit-reset",
    "quota used up": Answer(
        response=lambda _: _fault(402, "not_enough_credits", "Not enough credits to send"),
        outcome=ProviderError,
        words="Not enough credits",
    ),
    "server error": Answer(response=lambda _: httpx.Response(500), outcome=UnclearError),
    "gateway page": Answer(
        response=lambda _: httpx.Response(502, html="<html>Bad Gateway</html>"), outcome=UnclearError
    ),
    "empty": Answer(response=lambda _: httpx.Response(201), outcome=UnclearError),
    "cut short": Answer(response=lambda _: httpx.Response(201, content=b'{"messageIds":["<2026'), outcome=UnclearError),
    "fewer ids": Answer(
        response=lambda batch: _taken(len(batch.readers) - 1), outcome=UnclearError, words="2 results for 3"
    ),
    "redirect": Answer(
        response=lambda _: httpx.Response(301, headers={"Location": "https://elsewhere.test/v3"}),
        outcome=ProviderError,
        words="elsewhere.test",
    ),
    "the key is known already": Answer(
        response=lambda _: _fault(400, "duplicate_parameter", "The idempotencyKey has been used"),
        outcome=[State.IN_DOUBT] * 3,
        words="does not say if it took it",
    ),
    "an address is not allowed": Answer(
        response=lambda _: _fault(401, "unauthorized", "We have detected you are using an unrecognised IP address"),
        outcome=ProviderError,
        words="unrecognised IP address",
    ),
}

_CORRELATION_ID = "0123456789abcdef-7"
_BASIC = {"Authorization": f"Basic {b64encode(_ENVIRON['BREVO_WEBHOOK_AUTH'].encode()).decode()}"}
_BEARER = {"Authorization": f"Bearer {_ENVIRON['BREVO_WEBHOOK_AUTH']}"}
_MESSAGE_ID = "<202611240900.00000007@smtp-relay.mailin.fr>"
_EVENTS = {
    "request": EventKind.ACCEPTED,
    "delivered": EventKind.DELIVERED,
    "deferred": EventKind.DEFERRED,
    "soft_bounce": EventKind.SOFT_BOUNCED,
    "hard_bounce": EventKind.BOUNCED,
    "invalid_email": EventKind.BOUNCED,
    "blocked": EventKind.REFUSED,
    "error": EventKind.REFUSED,
    "spam": EventKind.COMPLAINED,
    "unsubscribed": EventKind.LEFT,
    "opened": EventKind.OPENED,
    "unique_opened": EventKind.OPENED,
    "proxy_open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "list_addition": EventKind.OTHER,
}


def _told(event: str) -> dict[str, object]:
    told: dict[str, object] = {
        "event": event,
        "email": "reader7@example.org",
        "id": 26224,
        "date": "2026-11-24 10:00:00",
        "ts": 1795510800,
        "ts_event": 1795510800,
        "ts_epoch": int(NOW.timestamp() * 1000),
        "message-id": _MESSAGE_ID,
        "subject": "First snow",
        "tags": ["first-snow"],
        "X-Mailin-custom": _CORRELATION_ID,
        "template_id": 0,
    }
    if "bounce" in event:
        told["reason"] = "550 5.1.1 no such user"
    if event == "click":
        told["link"] = "https://example.org/plateau"
    return told


def _heard(event: str, kind: EventKind) -> Event:
    told = _told(event)
    link = str(told.get("link", ""))
    facts = "\n".join((event, _MESSAGE_ID, "reader7@example.org", str(told["ts_epoch"]), link))
    return Event(
        id=sha256(facts.encode()).hexdigest()[:32],
        kind=kind,
        at=NOW,
        original=event,
        reason=str(told.get("reason", "")),
        correlation_id=_CORRELATION_ID,
        message_id=_MESSAGE_ID,
        email="reader7@example.org",
        url=link,
    )


STAND_IN = StandIn(
    environ=_ENVIRON,
    deliver=_deliver,
    accept=_accept,
    answers=_ANSWERS,
    calls=[
        *(
            Call(title=event, headers=_BASIC, body=json.dumps(_told(event)).encode(), events=[_heard(event, kind)])
            for event, kind in _EVENTS.items()
        ),
        Call(
            title="several, with a token",
            headers=_BEARER,
            body=json.dumps([_told("delivered"), _told("click")]).encode(),
            events=[_heard("delivered", EventKind.DELIVERED), _heard("click", EventKind.CLICKED)],
        ),
    ],
    shown_name=_shown_name,
    covers_body=False,
    covers_moment=False,
    sign=lambda _: _BASIC,
)
