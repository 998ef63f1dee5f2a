"""
Mailtrap, by its OpenAPI files (mailtrap/mailtrap-openapi@f96b352) and https://docs.mailtrap.io.

Read on 2026-11-23. Of the texts it replaces ``__unsubscribe_url__`` alone; what headers its bulk stream adds is not
shown here.
"""

from __future__ import annotations

import hmac
import json
from base64 import b64decode
from typing import TYPE_CHECKING, Any

import httpx
from stand_ins import NOW, Answer, Arrived, Call, StandIn

from digest.errors import ProviderError
from digest.model import Event, EventKind, State
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ENVIRON = {"MAILTRAP_API_KEY": "0123456789abcdef-mailtrap", "MAILTRAP_WEBHOOK_SECRET": "fedcba9876543210-signing"}
_SHARED = {
    *("from", "reply_to", "subject", "text", "html", "attachments", "headers", "category"),
    *("custom_variables", "template_uuid", "template_variables"),
}


def _deliver(request: httpx.Request) -> list[Arrived]:
    batch = _understood(request)
    base = batch.get("base", {})
    assert set(base) <= _SHARED
    return [_arrived({**base, **one}) for one in batch["requests"]]


def _understood(request: httpx.Request) -> dict[str, Any]:
    assert (request.method, str(request.url)) == ("POST", "https://bulk.api.mailtrap.io/api/batch")
    assert request.headers["Authorization"] == f"Bearer {_ENVIRON['MAILTRAP_API_KEY']}"
    assert len(request.content) <= 50_000_000
    batch: dict[str, Any] = json.loads(request.content)
    assert set(batch) <= {"base", "requests"}
    assert {"from", "subject"} <= set(batch["base"])
    assert len(batch["requests"]) <= 500
    return batch


def _arrived(message: Mapping[str, Any]) -> Arrived:
    assert set(message) <= {*_SHARED, "to", "cc", "bcc"}
    assert "template_uuid" not in message
    assert message["subject"]
    assert message["html"]
    assert message["text"]
    assert len(message["category"]) <= 255
    variables = message["custom_variables"]
    assert all(isinstance(value, str) for value in variables.values())
    assert len(json.dumps(variables)) <= 1000
    for attachment in message.get("attachments", ()):
        assert (attachment["disposition"], attachment["content_id"]) == ("inline", "cover")
        assert b64decode(attachment["content"], validate=True)
    (reader,) = message["to"]
    return Arrived(
        email=reader["email"],
        name=reader["name"],
        subject=message["subject"],
        html=message["html"].replace("__unsubscribe_url__", ""),
        text=message["text"].replace("__unsubscribe_url__", ""),
        headers=message["headers"],
        correlation_id=variables["correlation_id"],
    )


def _accept(request: httpx.Request) -> httpx.Response:
    return _taken(*map(_sent, range(len(_understood(request)["requests"]))))


def _sent(place: int) -> dict[str, object]:
    return {"success": True, "message_ids": [f"0c7fd939-02cf-11ed-88c2-{place:012}"]}


def _refused(*errors: str) -> dict[str, object]:
    return {"success": False, "errors": [*errors]}


def _taken(*responses: Mapping[str, object], **further: object) -> httpx.Response:
    return httpx.Response(200, json={"success": True, "responses": [*responses], **further})


def _fault(status: int, *errors: str) -> httpx.Response:
    return httpx.Response(status, json=_refused(*errors))


_BAD_TO = _refused("'to' address is invalid")
_ANSWERS: dict[str, Answer | str] = {
    "all accepted": Answer(response=lambda _: _taken(_sent(0), _sent(1), _sent(2)), outcome=[State.SENT] * 3),
    "one refused": Answer(
        response=lambda _: _taken(_sent(0), _BAD_TO, _sent(2)),
        outcome=[State.SENT, State.REFUSED, State.SENT],
        words="is invalid",
    ),
    "whole refused": Answer(
        response=lambda _: _fault(400, "'subject' is required"), outcome=RejectedError, words="is required"
    ),
    "key refused": Answer(response=lambda _: _fault(401, "Unauthorized"), outcome=ProviderError, words="Unauthorized"),
    "sender not verified": Answer(
        response=lambda _: _fault(403, "Forbidden: the domain is not verified"),
        outcome=ProviderError,
        words="domain is not verified",
    ),
    "too large": Answer(response=lambda _: httpx.Response(413, text="Payload Too Large"), outcome=RejectedError),
    "too fast": Answer(
        response=lambda _: _fault(429, "Rate limit exceeded"), outcome=[State.QUEUED] * 3, words="Rate limit exceeded"
    ),
    "too fast, with seconds": "Mailtrap documents no time to wait",
    "too fast, with a date": "Mailtrap documents no time to wait",
    "quota used up": "Mailtrap documents no answer for it; a 403 ends the run, and a 429 waits",
    "server error": Answer(response=lambda _: _fault(500, "Internal error"), outcome=UnclearError),
    "gateway page": Answer(
        response=lambda _: httpx.Response(502, html="<html>Bad Gateway</html>"), outcome=UnclearError
    ),
    "empty": Answer(response=lambda _: httpx.Response(200), outcome=UnclearError),
    "cut short": Answer(response=lambda _: httpx.Response(200, content=b'{"success":true,"resp'), outcome=UnclearError),
    "fewer ids": Answer(response=lambda _: _taken(_sent(0), _sent(1)), outcome=UnclearError, words="2 results for 3"),
    "redirect": Answer(
        response=lambda _: httpx.Response(301, headers={"Location": "https://elsewhere.test/api/batch"}),
        outcome=ProviderError,
        words="elsewhere.test",
    ),
    "a general error in a success": Answer(
        response=lambda _: httpx.Response(200, json={**_refused("'base' is invalid"), "responses": []}),
        outcome=RejectedError,
        words="'base' is invalid",
    ),
    "all refused": Answer(response=lambda _: _taken(_BAD_TO, _BAD_TO, _BAD_TO), outcome=[State.REFUSED] * 3),
    "a success without a name": Answer(
        response=lambda _: _taken(_sent(0), {"success": True}, _sent(2)),
        outcome=[State.SENT, State.IN_DOUBT, State.SENT],
    ),
}

_VARIABLES = {"correlation_id": "0123456789abcdef-7", "batch": "9b2d"}
_KINDS = {
    "delivery": EventKind.DELIVERED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
    "unsubscribe": EventKind.LEFT,
    "spam": EventKind.COMPLAINED,
    "soft bounce": EventKind.DEFERRED,
    "bounce": EventKind.BOUNCED,
    "suspension": EventKind.DEFERRED,
    "reject": EventKind.REFUSED,
    "something new": EventKind.OTHER,
}
_FURTHER: dict[str, dict[str, object]] = {
    "click": {"ip": "192.0.2.7", "user_agent": "Mail", "url": "https://example.org/plateau"},
    "soft bounce": {"response": "451 4.2.1 try later", "response_code": 451, "bounce_category": "throttled"},
    "bounce": {"response": "550 5.1.1 no such user", "response_code": 550, "bounce_category": "baddomain"},
    "suspension": {"reason": "unverified domain"},
    "reject": {"reason": "suppressed"},
}


def _told(word: str) -> dict[str, object]:
    return {
        "event": word,
        "message_id": "0c7fd939-02cf-11ed-88c2-000000000007",
        "sending_stream": "bulk",
        "email": "reader7@example.org",
        "category": "first-snow",
        "custom_variables": _VARIABLES,
        "timestamp": int(NOW.timestamp()),
        "event_id": f"bede7236-2284-43d6-a953-{word}",
        **_FURTHER.get(word, {}),
    }


def _event(word: str) -> Event:
    told = _told(word)
    return Event(
        id=str(told["event_id"]),
        kind=_KINDS[word],
        at=NOW,
        original=word,
        reason=str(told.get("reason") or told.get("response") or ""),
        correlation_id=_VARIABLES["correlation_id"],
        message_id=str(told["message_id"]),
        email="reader7@example.org",
        url=str(told.get("url", "")),
    )


def _sign(body: bytes) -> dict[str, str]:
    key = _ENVIRON["MAILTRAP_WEBHOOK_SECRET"].encode()
    return {"Mailtrap-Signature": hmac.new(key, body, "sha256").hexdigest()}


def _call(title: str, body: bytes, words: Iterable[str]) -> Call:
    return Call(title=title, headers=_sign(body), body=body, events=[*map(_event, words)])


_LINES = "\n".join(json.dumps(_told(word)) for word in ("delivery", "click")).encode()
STAND_IN = StandIn(
    options={"sandbox_id": 4711},
    environ=_ENVIRON,
    deliver=_deliver,
    accept=_accept,
    answers=_ANSWERS,
    calls=[
        *(_call(word, json.dumps({"events": [_told(word)]}).encode(), [word]) for word in _KINDS),
        _call("several", json.dumps({"events": [*map(_told, _KINDS)]}, indent=2).encode(), _KINDS),
        _call("lines", _LINES + b"\n", ["delivery", "click"]),
        _call("one line", json.dumps(_told("bounce")).encode(), ["bounce"]),
    ],
    covers_moment=False,
    sign=_sign,
)
