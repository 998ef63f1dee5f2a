"""
Mailgun, by its OpenAPI file, https://documentation.mailgun.com and what django-anymail has learnt; read on 2026-11-23.

A variable that a reader has not got stays as it is. Values are looked through for variables once more, as that is the
worst that its documentation leaves open.
"""

from __future__ import annotations

import hmac
import json
import re
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from stand_ins import NOW, Answer, Arrived, Call, StandIn

from digest.errors import ProviderError
from digest.model import Event, EventKind, State
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRON = {"MAILGUN_API_KEY": "key-0123456789abcdef0123", "MAILGUN_WEBHOOK_SIGNING_KEY": "fedcba9876543210fedcba98"}
DOMAIN = "mg.example.org"
_VARIABLE = re.compile(r"%recipient\.([\w:-]+)%")
_OTHERS = re.compile(r"%(?:tag_|mailing_list_)?unsubscribe\w*%|%recipient(?:_\w+)?%")


def parts_of(request: httpx.Request) -> list[tuple[str, str, bytes]]:
    """Return the fields of a form, by RFC 7578: name, the name of a file or nothing, and content."""
    boundary = request.headers["Content-Type"].removeprefix("multipart/form-data; boundary=").encode()
    assert re.fullmatch(rb"[\w-]{1,70}", boundary)
    opening, *parts, ending = (b"\r\n" + request.content).split(b"\r\n--" + boundary)
    assert (opening, ending) == (b"", b"--\r\n")
    return [_part(part) for part in parts]


def _part(part: bytes) -> tuple[str, str, bytes]:
    head, _, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    found = re.match(r'Content-Disposition: form-data; name="([\w:-]+)"(?:; filename="([^"]+)")?', head.decode())
    assert found
    return found[1], found[2] or "", content


def _understood(request: httpx.Request) -> dict[str, list[str]]:
    assert (request.method, request.url.path) == ("POST", f"/v3/{DOMAIN}/messages")
    key = b64encode(f"api:{ENVIRON['MAILGUN_API_KEY']}".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {key}"
    assert len(request.content) <= 25_000_000
    fields: dict[str, list[str]] = {}
    for name, file, content in parts_of(request):
        if not file:
            fields.setdefault(name, []).append(content.decode())
    settings = [(name, value) for name, values in fields.items() if name[:2] in {"o:", "h:", "v:"} for value in values]
    assert sum(len(name) + len(value.encode()) for name, value in settings) <= 16_000
    assert 0 < len(fields["to"]) <= 1000
    assert all(len(values) == 1 for name, values in fields.items() if name != "to")
    return fields


def _deliver(request: httpx.Request) -> list[Arrived]:
    fields = _understood(request)
    variables = json.loads(fields["recipient-variables"][0])
    readers = [_read_mailbox(mailbox) for mailbox in fields["to"]]
    assert len({email for _, email in readers}) == len(readers), "addresses that come twice are ignored"
    assert {*variables} == {email for _, email in readers}
    if fields.get("o:testmode") == ["yes"]:
        return []
    return [_arrived(fields, name, email, variables[email]) for name, email in readers]


def _arrived(fields: Mapping[str, list[str]], name: str, email: str, values: Mapping[str, str]) -> Arrived:
    filled = {field: _filled(value, values) for field, (value, *_) in fields.items() if field != "to"}
    headers = {field[2:]: value for field, value in filled.items() if field.startswith("h:")}
    assert headers.pop("Reply-To") == "Answers <answers@example.org>"
    assert _read_mailbox(filled["from"])[1] == "editor@example.org"
    return Arrived(
        email=email,
        name=_VARIABLE.sub(lambda variable: values.get(variable[1], variable[0]), name),
        subject=filled["subject"],
        html=filled["html"],
        text=filled["text"],
        headers=headers,
        correlation_id=filled["v:correlation_id"],
    )


def _filled(text: str, values: Mapping[str, str]) -> str:
    def value(variable: re.Match[str]) -> str:
        return values.get(variable[1], variable[0])

    return _VARIABLE.sub(value, _VARIABLE.sub(value, _OTHERS.sub("what Mailgun puts there", text)))


def _read_mailbox(mailbox: str) -> tuple[str, str]:
    found = re.fullmatch(r'(?:"((?:[^"\\]|\\.)*)" |([\w ]+) )?<?([^\s<>]+@[^\s<>]+?)>?', mailbox, re.DOTALL)
    assert found, mailbox
    return re.sub(r"\\(.)", r"\1", found[1] or found[2] or ""), found[3]


def _accept(request: httpx.Request) -> httpx.Response:
    assert _understood(request)
    return taken()


def taken() -> httpx.Response:
    """Return an answer by which all are accepted."""
    return httpx.Response(200, json={"id": "<20261124090000.1.7@mg.example.org>", "message": "Queued. Thank you."})


def _fault(status: int, message: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json={"message": message}, headers=headers)


_FAST = f"Domain {DOMAIN} is not allowed to send: account-requests-per-sec limit exceeded, try again after 120 seconds"
_ANSWERS: dict[str, Answer | str] = {
    "all accepted": Answer(response=lambda _: taken(), outcome=[State.SENT] * 3),
    "one refused": "one bad address refuses the whole request",
    "whole refused": Answer(
        response=lambda _: _fault(400, "to parameter is not a valid address. please check documentation"),
        outcome=RejectedError,
        words="to parameter is not a valid address",
    ),
    "key refused": Answer(
        response=lambda _: httpx.Response(401, text="Forbidden"), outcome=ProviderError, words="Forbidden"
    ),
    "sender not verified": Answer(
        response=lambda _: _fault(403, "Sandbox subdomains are for test purposes only."),
        outcome=ProviderError,
        words="Sandbox subdomains",
    ),
    "too large": Answer(response=lambda _: _fault(413, "Request Entity Too Large"), outcome=RejectedError),
    "too fast": Answer(response=lambda _: _fault(429, _FAST), outcome=[State.QUEUED] * 3, words="limit exceeded"),
    "too fast, with seconds": Answer(
        response=lambda _: _fault(429, _FAST, {"Retry-After": "120"}), outcome=[State.QUEUED] * 3
    ),
    "too fast, with a date": "Mailgun tells how long to wait in its words alone",
    "quota used up": Answer(
        response=lambda _: _fault(402, "Please add a payment method"), outcome=ProviderError, words="payment method"
    ),
    "server error": Answer(response=lambda _: _fault(500, "Internal Server Error"), outcome=UnclearError),
    "gateway page": Answer(
        response=lambda _: httpx.Response(502, html="<html>Bad Gateway</html>"), outcome=UnclearError
    ),
    "empty": Answer(response=lambda _: httpx.Response(200), outcome=UnclearError),
    "cut short": Answer(response=lambda _: httpx.Response(200, content=b'{"id":"<20261124'), outcome=UnclearError),
    "fewer ids": "there is one id for the request",
    "redirect": Answer(
        response=lambda _: httpx.Response(301, headers={"Location": "https://elsewhere.test/v3"}),
        outcome=ProviderError,
        words="elsewhere.test",
    ),
    "the wrong region": Answer(
        response=lambda _: _fault(404, f"Domain not found: {DOMAIN}"), outcome=ProviderError, words='"us" or "eu"'
    ),
    "a path that is none": Answer(
        response=lambda _: httpx.Response(200, text="Mailgun Magnificent API"),
        outcome=ProviderError,
        words="Magnificent",
    ),
    "a sender that is none": Answer(
        response=lambda _: _fault(400, "'from' parameter is not a valid address. please check documentation"),
        outcome=ProviderError,
        words="'from' parameter",
    ),
    "no id": Answer(response=lambda _: httpx.Response(200, json={"id": ""}), outcome=UnclearError),
}

_TOKEN = "e0b5477167110d68991efc6b9f89f0a11066af27834600e123"  # noqa: S105  # made up; it proves nothing by itself
_AT = 1795510798.25
_MESSAGE_ID = "20261124090000.1.7@mg.example.org"


def _signature(name: str, key: str) -> dict[str, str]:
    moment = f"{NOW.timestamp():.0f}"
    return {
        "timestamp": moment,
        "token": _TOKEN,
        name: hmac.new(key.encode(), f"{moment}{_TOKEN}".encode(), "sha256").hexdigest(),
    }


def _body(told: Mapping[str, Any], signature: Mapping[str, str]) -> bytes:
    known = {
        "id": "CCXMjJ7nQi2N3BPigGOdgQ",
        "timestamp": _AT,
        "recipient": "reader7@example.org",
        "message": {"headers": {"message-id": _MESSAGE_ID, "from": "x"}, "size": 341},
        "user-variables": {"correlation_id": "0123456789abcdef-7", "batch": "x"},
        "tags": ["hello"],
        "flags": {"is-test-mode": False},
    }
    return json.dumps({"signature": signature, "event-data": {**known, **told}}).encode()


def _event(kind: EventKind, original: str, **changes: Any) -> Event:
    known = {
        "id": _TOKEN,
        "at": datetime.fromtimestamp(_AT, UTC),
        "correlation_id": "0123456789abcdef-7",
        "message_id": _MESSAGE_ID,
        "email": "reader7@example.org",
    }
    return Event(kind=kind, original=original, **{**known, **changes})


_STATUS = {"code": 550, "message": "5.1.1 no such user", "description": ""}
_CALLS: list[tuple[dict[str, Any], Event]] = [
    ({"event": "accepted"}, _event(EventKind.ACCEPTED, "accepted")),
    ({"event": "delivered"}, _event(EventKind.DELIVERED, "delivered")),
    (
        {"event": "failed", "severity": "permanent", "reason": "bounce", "delivery-status": _STATUS},
        _event(EventKind.BOUNCED, "failed (permanent)", reason="5.1.1 no such user"),
    ),
    (
        {"event": "failed", "severity": "temporary", "reason": "generic", "delivery-status": None},
        _event(EventKind.DEFERRED, "failed (temporary)", reason="generic"),
    ),
    (
        {"event": "failed", "severity": "permanent", "reason": "old", "delivery-status": {"message": "Too old"}},
        _event(EventKind.SOFT_BOUNCED, "failed (permanent)", reason="Too old"),
    ),
    (
        {"event": "failed", "severity": "temporary", "reason": "old", "delivery-status": {"message": "Too old"}},
        _event(EventKind.SOFT_BOUNCED, "failed (temporary)", reason="Too old"),
    ),
    (
        {"event": "failed", "severity": "permanent", "reason": "suppress-bounce"},
        _event(EventKind.REFUSED, "failed (permanent)", reason="suppress-bounce"),
    ),
    (
        {"event": "rejected", "reject": {"reason": "Sandbox subdomains are for test purposes only"}},
        _event(EventKind.REFUSED, "rejected", reason="Sandbox subdomains are for test purposes only"),
    ),
    ({"event": "complained"}, _event(EventKind.COMPLAINED, "complained")),
    ({"event": "unsubscribed"}, _event(EventKind.LEFT, "unsubscribed")),
    ({"event": "opened"}, _event(EventKind.OPENED, "opened")),
    (
        {"event": "clicked", "url": "https://example.org/a"},
        _event(EventKind.CLICKED, "clicked", url="https://example.org/a"),
    ),
    ({"event": "of next year", "user-variables": {}}, _event(EventKind.OTHER, "of next year", correlation_id="")),
]
_SIGNING_KEY = ENVIRON["MAILGUN_WEBHOOK_SIGNING_KEY"]
_OF_AN_ACCOUNT = _signature("signature", _SIGNING_KEY)
_OF_A_SUBACCOUNT = {
    **_signature("signature", "the key of the subaccount"),
    **_signature("parent-signature", _SIGNING_KEY),
}

STAND_IN = StandIn(
    options={"domain": DOMAIN, "region": "eu"},
    environ=ENVIRON,
    deliver=_deliver,
    accept=_accept,
    answers=_ANSWERS,
    calls=[
        *(
            Call(title=event.original, headers={}, body=_body(told, _OF_AN_ACCOUNT), events=[event])
            for told, event in _CALLS
        ),
        Call(
            title="of a subaccount",
            headers={},
            body=_body({"event": "delivered"}, _OF_A_SUBACCOUNT),
            events=[_event(EventKind.DELIVERED, "delivered")],
        ),
    ],
    covers_body=False,  # a moment and a token are signed, and nothing of what is told
)
