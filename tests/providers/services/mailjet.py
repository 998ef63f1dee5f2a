"""
Mailjet's Send API v3.1, by mailjet/api-documentation@06a7979, ``guides/_send-api.md`` and ``guides/_event-api.md``.

Read on 2026-11-23. Without TemplateLanguage, texts stay as they are.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
from stand_ins import NOW, Answer, Arrived, Call, StandIn

from digest.errors import ProviderError
from digest.model import Event, EventKind, State
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_ENVIRON = {
    "MAILJET_API_KEY": "0123456789abcdef0123456789abcdef",
    "MAILJET_SECRET_KEY": "fedcba9876543210fedcba9876543210",
    "MAILJET_WEBHOOK_AUTH": "digest:hunter2-hunter2",
}
_MESSAGE = {
    *("From", "To", "ReplyTo", "Subject", "TextPart", "HTMLPart", "TemplateLanguage", "InlinedAttachments"),
    *("CustomID", "CustomCampaign", "DeduplicateCampaign", "TrackOpens", "TrackClicks", "Headers", "Variables"),
}
_FORBIDDEN = {
    *("from", "sender", "subject", "to", "cc", "bcc", "reply-to", "return-path", "date", "message-id", "list-id"),
    *("received", "dkim-signature", "x-mailer", "user-agent", "x-feedback-id", "x-csa-complaints"),
}


def _basic(user: str, password: str) -> str:
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def _messages(request: httpx.Request) -> list[dict[str, Any]]:
    assert (request.method, request.url.path) == ("POST", "/v3.1/send")
    assert request.headers["Authorization"] == _basic(_ENVIRON["MAILJET_API_KEY"], _ENVIRON["MAILJET_SECRET_KEY"])
    call = json.loads(request.content)
    assert set(call) == {"Messages", "SandboxMode"}
    assert sum(len(message["To"]) for message in call["Messages"]) <= 50  # send-0015
    return [] if call["SandboxMode"] else list(call["Messages"])


def _deliver(request: httpx.Request) -> list[Arrived]:
    return [*map(_arrived, _messages(request))]


def _arrived(message: Mapping[str, Any]) -> Arrived:
    assert set(message) <= _MESSAGE
    assert message["TemplateLanguage"] is False
    assert not _FORBIDDEN.intersection(map(str.lower, message["Headers"]))  # send-0011
    assert message["TrackOpens"] == message["TrackClicks"] == "disabled"
    (reader,) = message["To"]
    return Arrived(
        email=reader["Email"],
        name=reader.get("Name", ""),
        subject=message["Subject"],
        html=message["HTMLPart"],
        text=message["TextPart"],
        headers=message["Headers"],
        correlation_id=message["CustomID"],
    )


def _accept(request: httpx.Request) -> httpx.Response:
    return _answer(200, [_success(number) for number, _ in enumerate(_messages(request))])


def _success(number: int) -> dict[str, Any]:
    message_id = 1152921526438518655 + number
    to = {
        "Email": f"reader{number}@example.org",
        "MessageUUID": f"b3b1bd04-0c2f-4cfc-b5b9-{number:012}",
        "MessageID": message_id,
        "MessageHref": f"https://api.mailjet.com/v3/REST/message/{message_id}",
    }
    return {"Status": "success", "CustomID": "x", "To": [to], "Cc": [], "Bcc": []}


def _error(code: str, message: str, related: str, status: int = 400) -> dict[str, Any]:
    error = {
        "ErrorIdentifier": "f987008f-251a-4dff-8ffc-40f1583ad7bc",
        "ErrorCode": code,
        "StatusCode": status,
        "ErrorMessage": message,
        "ErrorRelatedTo": [related],
    }
    return {"Status": "error", "Errors": [error]}


def _answer(status: int, results: Sequence[Mapping[str, Any]]) -> httpx.Response:
    return httpx.Response(status, json={"Messages": results})


def _as_a_whole(status: int, code: str, message: str) -> httpx.Response:
    identifier = "06df1144-c6f3-4ca7-8885-7ec5d4344113"
    fault = {"ErrorIdentifier": identifier, "ErrorCode": code, "ErrorMessage": message, "StatusCode": status}
    return httpx.Response(status, json=fault)


_ALL = [_success(number) for number in range(3)]
_BAD_ADDRESS = _error("mj-0013", '"reader2" is an invalid email address.', "To[0].Email")
_BARRED = _error("send-0008", '"editor@example.org" is not an authorized sender email address.', "From", 403)
_ANSWERS: dict[str, Answer | str] = {
    "all accepted": Answer(response=lambda _: _answer(200, _ALL), outcome=[State.SENT] * 3),
    "one refused": Answer(
        response=lambda _: _answer(400, [_ALL[0], _BAD_ADDRESS, _ALL[2]]),
        outcome=[State.SENT, State.REFUSED, State.SENT],
        words="mj-0013",
    ),
    "whole refused": Answer(
        response=lambda _: _answer(400, [_error("send-0011", "A header is forbidden.", 'Headers["List-Id"]')] * 3),
        outcome=[State.REFUSED] * 3,
        words="A header is forbidden.",
    ),
    "key refused": Answer(
        response=lambda _: _as_a_whole(401, "mj-0015", "API key authentication/authorization failure."),
        outcome=ProviderError,
        words="API key authentication/authorization failure.",
    ),
    "sender not verified": Answer(
        response=lambda _: _answer(403, [_BARRED] * 3), outcome=ProviderError, words="is not an authorized sender"
    ),
    "too large": Answer(
        response=lambda _: _as_a_whole(400, "mj-0011", "The payload size is over the limit."),
        outcome=RejectedError,
        words="over the limit",
    ),
    "too fast": Answer(
        response=lambda _: _as_a_whole(429, "mj-0429", "Too many requests."),
        outcome=[State.QUEUED] * 3,
        words="Too many requests",
    ),
    "too fast, with seconds": "Mailjet documents no header field for it",
    "too fast, with a date": "Mailjet documents no header field for it",
    "quota used up": Answer(
        response=lambda _: _as_a_whole(401, "mj-0001", "The API key is suspended."),
        outcome=ProviderError,
        words="suspended",
    ),
    "server error": Answer(
        response=lambda _: _as_a_whole(500, "mj-0500", "Something went wrong."),
        outcome=UnclearError,
        words="went wrong",
    ),
    "gateway page": Answer(response=lambda _: httpx.Response(502, html="<html>502</html>"), outcome=UnclearError),
    "empty": Answer(response=lambda _: httpx.Response(200), outcome=UnclearError),
    "cut short": Answer(
        response=lambda _: httpx.Response(200, content=_answer(200, _ALL).content[:-40]), outcome=UnclearError
    ),
    "fewer ids": Answer(response=lambda _: _answer(200, _ALL[:2]), outcome=UnclearError, words="2 results for 3"),
    "redirect": Answer(
        response=lambda _: httpx.Response(301, headers={"Location": "https://elsewhere.test/v3.1"}),
        outcome=ProviderError,
        words="elsewhere.test",
    ),
    "a refusal that is cut short may have told of successes": Answer(
        response=lambda _: httpx.Response(400, content=_answer(400, [*_ALL[:2], _BAD_ADDRESS]).content[:-40]),
        outcome=UnclearError,
    ),
    "fewer results in a refusal": Answer(response=lambda _: _answer(400, [_BAD_ADDRESS]), outcome=UnclearError),
    "one message that something went wrong with": Answer(
        response=lambda _: _answer(400, [_ALL[0], _error("mj-0500", "Unexpected error.", "", 500), _ALL[2]]),
        outcome=[State.SENT, State.IN_DOUBT, State.SENT],
        words="Unexpected error.",
    ),
    "the sandbox": Answer(
        response=lambda _: _answer(
            200, [{"Status": "success", "To": [{"Email": "x@example.org", "MessageID": 0}]}] * 3
        ),
        outcome=[State.SENT] * 3,
    ),
}

_NAME = "0123456789abcdef-7"
_MESSAGE_ID = 19421777835146490
_AUTH = {"Authorization": _basic(*_ENVIRON["MAILJET_WEBHOOK_AUTH"].split(":"))}
_FURTHER: tuple[tuple[str, EventKind, dict[str, Any], str], ...] = (
    ("sent", EventKind.DELIVERED, {"smtp_reply": "sent (250 2.0.0 OK)"}, "sent (250 2.0.0 OK)"),
    ("open", EventKind.OPENED, {"ip": "127.0.0.1", "geo": "FR"}, ""),
    ("click", EventKind.CLICKED, {"url": "https://example.org/plateau"}, ""),
    (
        "bounce",
        EventKind.BOUNCED,
        {"blocked": True, "hard_bounce": True, "error_related_to": "recipient", "error": "user unknown"},
        "recipient: user unknown",
    ),
    (
        "bounce",
        EventKind.SOFT_BOUNCED,
        {"blocked": False, "hard_bounce": False, "error_related_to": "recipient", "error": "quota exceeded"},
        "recipient: quota exceeded",
    ),
    (
        "bounce",
        EventKind.DEFERRED,
        {"blocked": False, "hard_bounce": False, "error_related_to": "domain", "error": "greylisted"},
        "domain: greylisted",
    ),
    (
        "blocked",
        EventKind.REFUSED,
        {"error_related_to": "mailjet", "error": "preblocked"},
        "mailjet: preblocked",
    ),
    ("spam", EventKind.COMPLAINED, {"source": "JMRPP"}, ""),
    ("unsub", EventKind.LEFT, {"mj_list_id": 1}, ""),
    ("novelty", EventKind.OTHER, {}, ""),
)


def _told(event: str, moment: datetime, further: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "event": event,
        "time": int(moment.timestamp()),
        "MessageID": _MESSAGE_ID,
        "Message_GUID": "1ab23cd4-e567-8901-2345-6789f0gh1i2j",
        "email": "reader7@example.org",
        "mj_campaign_id": 7257,
        "mj_contact_id": 4,
        "customcampaign": "first-snow",
        "CustomID": _NAME,
        "Payload": "",
        **further,
    }


def _heard(told: Mapping[str, Any], kind: EventKind, reason: str) -> Event:
    facts = "\n".join((told["event"], str(_MESSAGE_ID), told["email"], str(told["time"]), told.get("url", "")))
    return Event(
        id=sha256(facts.encode()).hexdigest()[:32],
        kind=kind,
        at=datetime.fromtimestamp(told["time"], UTC),
        original=told["event"],
        reason=reason,
        correlation_id=_NAME,
        message_id=str(_MESSAGE_ID),
        email=told["email"],
        url=told.get("url", ""),
    )


def _call(title: str, body: object, events: Sequence[Event]) -> Call:
    return Call(title=title, headers=_AUTH, body=json.dumps(body).encode(), events=events)


_PAIRS = [(told := _told(event, NOW, further), _heard(told, kind, reason)) for event, kind, further, reason in _FURTHER]
STAND_IN = StandIn(
    environ=_ENVIRON,
    deliver=_deliver,
    accept=_accept,
    answers=_ANSWERS,
    calls=[
        *(_call(told["event"], told, [heard]) for told, heard in _PAIRS),
        _call("several", [told for told, _ in _PAIRS[:3]], [heard for _, heard in _PAIRS[:3]]),
    ],
    withheld=frozenset({"List-Id"}),
    covers_body=False,
    covers_moment=False,
    sign=lambda _: _AUTH,
)
