"""
SparkPost's Transmissions API and its template language, by its documents.

https://developers.sparkpost.com/api/transmissions and https://developers.sparkpost.com/api/template-language, of
SparkPost/developers.sparkpost.com@88f24dc, read on 2026-11-23
"""

from __future__ import annotations

import html
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
    from collections.abc import Callable, Mapping

    from stand_ins import Outcome

    from digest.model import Batch

_KEY = "14ac5499-made-up-for-tests"
_WEBHOOK_AUTH = "sparkpost:made-up-for-tests"
_TRANSMISSION = {"campaign_id", "options", "metadata", "substitution_data", "recipients", "content"}
_OPTIONS = {"transactional", "open_tracking", "click_tracking", "start_time"}
_CONTENT = {"from", "reply_to", "subject", "html", "text", "headers", "inline_images"}
_RECIPIENT = {"address", "metadata", "substitution_data"}
_KEYWORDS = {
    *("address", "email", "email_id", "env_from", "return_path", "and", "break", "do", "else", "elseif", "end"),
    *(
        "false",
        "for",
        "function",
        "if",
        "local",
        "nil",
        "not",
        "or",
        "each",
        "return",
        "then",
        "true",
        "until",
        "while",
    ),
}
_MACROS = {
    "opening_double_curly()": "{{",
    "closing_double_curly()": "}}",
    "opening_triple_curly()": "{{{",
    "closing_triple_curly()": "}}}",
}
_EXPRESSION = re.compile(r"\{\{\{(?P<raw>.*?)\}\}\}|\{\{(?P<escaped>.*?)\}\}", re.DOTALL)
_LINK_ATTRIBUTE = re.compile(r'\[\[data-msys-[a-z]+="[^"]*"\]\]')
_TAG_ATTRIBUTE = re.compile(r'\sdata-msys-[a-z]+="[^"]*"')
_UNSUBSCRIBING = {
    "List-Unsubscribe": "<https://unsubscribe.sparkpostmail.test/x>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}


def _deliver(request: httpx.Request) -> list[Arrived]:
    assert str(request.url).endswith("/api/v1/transmissions")
    assert request.headers["Authorization"] == _KEY
    assert request.headers["Content-Type"] == "application/json"
    body = json.loads(request.content)
    _check(body)
    addresses = [recipient["address"]["email"] for recipient in body["recipients"]]
    return [
        _arrived(body, recipient)
        for recipient, address in zip(body["recipients"], addresses, strict=True)
        if not address.endswith(".sink.sparkpostmail.com")
    ]


def _check(body: dict[str, Any]) -> None:
    """Whatever it does not know, it ignores; so nothing may be there that it does not know."""
    assert set(body) <= _TRANSMISSION
    assert set(body["options"]) <= _OPTIONS
    assert set(body["content"]) <= _CONTENT
    assert 0 < len(body["recipients"]) <= 10_000
    assert len(body["campaign_id"].encode()) <= 64
    assert len(json.dumps(body["content"])) <= 20_000_000
    assert len(json.dumps(body["substitution_data"])) <= 100_000
    images = [image["name"] for image in body["content"]["inline_images"]]
    assert len(images) == len(set(images))
    for recipient in body["recipients"]:
        assert set(recipient) <= _RECIPIENT
        assert set(recipient["address"]) <= {"email", "name"}
        assert len(json.dumps({**body["metadata"], **recipient["metadata"]})) <= 1000


def _arrived(body: dict[str, Any], recipient: dict[str, Any]) -> Arrived:
    levels = (body["metadata"], body["substitution_data"], recipient["metadata"], recipient["substitution_data"])
    values: dict[str, str] = {}
    for level in levels:
        assert not _KEYWORDS & set(level)
        assert all(re.fullmatch(r"[A-Za-z_]\w*", key, re.ASCII) for key in level)
        values |= level
    content, name = body["content"], recipient["address"]["name"]
    assert not {*name} & {'"', "\\", "\n", "\r"}
    headers = {field: _merged(value, values) for field, value in content["headers"].items()}
    if not body["options"]["transactional"]:
        headers |= _UNSUBSCRIBING
    return Arrived(
        email=recipient["address"]["email"],
        name=name,
        subject=_merged(content["subject"], values),
        html=_merged(_TAG_ATTRIBUTE.sub("", content["html"]), values, html.escape),
        text=_merged(_LINK_ATTRIBUTE.sub("", content["text"]), values),
        headers=headers,
        correlation_id=recipient["metadata"]["correlation_id"],
    )


def _merged(template: str, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """Put values in, once; what is not there is nothing, and what is in values stays as it is."""

    def value(match: re.Match[str]) -> str:
        expression = (match["raw"] or match["escaped"] or "").strip()
        if expression in _MACROS:
            return _MACROS[expression]
        assert re.fullmatch(r"\w+", expression, re.ASCII), "template language syntax error"
        found = values.get(expression, "")
        return found if match["raw"] else escape(found)

    return _EXPRESSION.sub(value, template)


def _accept(request: httpx.Request) -> httpx.Response:
    return _counted(len(json.loads(request.content)["recipients"]), 0)


def _counted(accepted: int, rejected: int) -> httpx.Response:
    results: dict[str, object] = {
        "total_rejected_recipients": rejected,
        "total_accepted_recipients": accepted,
        "id": "11668787484950529",
    }
    if not rejected:
        return httpx.Response(200, json={"results": results})
    fault = {
        "message": "required field is missing",
        "description": "address.email is required for each recipient",
        "code": "1400",
    }
    warning = {"message": "transmission created, but with validation errors", "code": "2000"}
    return httpx.Response(200, json={"errors": [warning], "results": {**results, "rcpt_to_errors": [fault]}})


def _refused(status: int, outcome: Outcome, message: str, code: str = "", description: str = "", **more: str) -> Answer:
    fault = {"message": message, "description": description, "code": code}
    fields = {name.replace("_", "-"): value for name, value in more.items()}
    told = {name: value for name, value in fault.items() if value}
    response = httpx.Response(status, json={"errors": [told]}, headers=fields)
    return Answer(response=lambda _: response, outcome=outcome, words=message)


def _all(batch: Batch) -> httpx.Response:
    return _counted(len(batch.readers), 0)


_PAGE = httpx.Response(502, html="<html><body>Bad Gateway</body></html>")
_MOVED = httpx.Response(301, headers={"Location": "https://api.eu.sparkpost.test/api/v1/transmissions"})
_CUT = httpx.Response(200, content=b'{"results":{"total_rejected_recipients":0,"total_acc')
_QUEUED = [State.QUEUED] * 3
_ANSWERS: dict[str, Answer | str] = {
    "all accepted": Answer(response=_all, outcome=[State.SENT] * 3),
    "one refused": Answer(
        response=lambda _: _counted(2, 1), outcome=[State.IN_DOUBT] * 3, words="address.email is required"
    ),
    "whole refused": _refused(400, RejectedError, "At least one valid recipient is required", "5002"),
    "key refused": _refused(401, ProviderError, "Unauthorized."),
    "sender not verified": _refused(
        400, ProviderError, "Invalid domain", "7001", "Unconfigured or unverified sending domain."
    ),
    "too large": _refused(413, RejectedError, "Request Entity Too Large"),
    "too fast": _refused(429, _QUEUED, "Too many requests"),
    "too fast, with seconds": _refused(429, _QUEUED, "Too many requests", Retry_After="7"),
    "too fast, with a date": _refused(429, _QUEUED, "Too many requests", Retry_After="Tue, 24 Nov 2026 09:00:07 GMT"),
    "quota used up": _refused(420, ProviderError, "Exceed Sending Limit (hourly)", "2101"),
    "server error": _refused(500, UnclearError, "Failed to update database", "1500"),
    "gateway page": Answer(response=lambda _: _PAGE, outcome=UnclearError, words="502"),
    "empty": Answer(response=lambda _: httpx.Response(200), outcome=UnclearError),
    "cut short": Answer(response=lambda _: _CUT, outcome=UnclearError),
    "fewer ids": Answer(response=lambda _: _counted(2, 0), outcome=UnclearError, words="2"),
    "redirect": Answer(response=lambda _: _MOVED, outcome=ProviderError, words="api.eu.sparkpost.test"),
    "nobody accepted": Answer(
        response=lambda _: _counted(0, 3), outcome=[State.REFUSED] * 3, words="address.email is required"
    ),
    "one reader refused for good": _refused(
        400,
        RejectedError,
        "Message generation rejected",
        "1902",
        "recipient address suppressed due to customer policy",
    ),
    "content refused": _refused(422, ProviderError, "template language syntax error", "3000"),
    "busy": _refused(400, _QUEUED, "Server resources unavailable", "1502"),
}


def _told(kind: str, type_: str, ours: EventKind, **further: str) -> tuple[dict[str, object], Event]:
    """Return what SparkPost tells of an event of a class and a type, and what we are to make of it."""
    told: dict[str, object] = {
        "type": type_,
        "event_id": f"92356927693813{type_}{further.get('bounce_class', '')}",
        "timestamp": str(int(NOW.timestamp()) - 60),
        "campaign_id": "first-snow",
        "message_id": "000443ee14578172be22",
        "transmission_id": "65832150921904138",
        "rcpt_meta": {"correlation_id": "0123456789abcdef-1", "batch": "0123456789abcdef-1-1"},
        "rcpt_tags": [],
        "rcpt_to": "reader1@example.org",
        "raw_rcpt_to": "Reader1@example.org",
        **further,
    }
    expected = Event(
        id=str(told["event_id"]),
        kind=ours,
        at=datetime(2026, 11, 24, 8, 59, tzinfo=UTC),
        original=f"{type_} {further.get('bounce_class', '')}".rstrip(),
        reason=further.get("raw_reason", ""),
        correlation_id="0123456789abcdef-1",
        message_id="000443ee14578172be22",
        email="Reader1@example.org",
        url=further.get("target_link_url", ""),
    )
    return {"msys": {kind: told}}, expected


def _sign(_: bytes) -> Mapping[str, str]:
    return {"Authorization": f"Basic {b64encode(_WEBHOOK_AUTH.encode()).decode()}"}


def _call(title: str, *told: tuple[dict[str, object], Event]) -> Call:
    body = json.dumps([news for news, _ in told] or [{"msys": {}}]).encode()
    headers = {**_sign(body), "X-MessageSystems-Batch-ID": "032d330540298f54f0e8bcc1373f3cfd"}
    return Call(title=title, headers=headers, body=body, events=[event for _, event in told])


_CALLS = (
    _call("its test"),
    _call(
        "several at once",
        _told("message_event", "injection", EventKind.ACCEPTED),
        _told("message_event", "delay", EventKind.DEFERRED, reason="454", raw_reason="454 4.4.4 try later"),
        _told("message_event", "delivery", EventKind.DELIVERED),
    ),
    _call(
        "bounces",
        _told("message_event", "bounce", EventKind.BOUNCED, bounce_class="10", raw_reason="550 no such user"),
        _told("message_event", "bounce", EventKind.SOFT_BOUNCED, bounce_class="22", raw_reason="552 mailbox full"),
        _told("message_event", "out_of_band", EventKind.BOUNCED, bounce_class="30", raw_reason="550 no RCPT"),
        _told("message_event", "bounce", EventKind.REFUSED, bounce_class="25", raw_reason="550 by policy"),
        _told("message_event", "out_of_band", EventKind.OTHER, bounce_class="60", raw_reason="I am on vacation"),
        _told("message_event", "out_of_band", EventKind.LEFT, bounce_class="90", raw_reason="unsubscribe"),
    ),
    _call(
        "what it would not send",
        _told("message_event", "policy_rejection", EventKind.REFUSED, raw_reason="550 5.7.1 suppressed"),
        _told("gen_event", "generation_failure", EventKind.REFUSED, raw_reason="could not render"),
        _told("gen_event", "generation_rejection", EventKind.REFUSED, raw_reason="customer policy"),
    ),
    _call("a complaint", _told("message_event", "spam_complaint", EventKind.COMPLAINED)),
    _call(
        "departures",
        _told("unsubscribe_event", "list_unsubscribe", EventKind.LEFT),
        _told("unsubscribe_event", "link_unsubscribe", EventKind.LEFT),
    ),
    _call(
        "tracking",
        _told("track_event", "open", EventKind.OPENED),
        _told("track_event", "initial_open", EventKind.OPENED),
        _told("track_event", "click", EventKind.CLICKED, target_link_url="https://example.org/a?b=c"),
    ),
    _call("a word of tomorrow", _told("message_event", "teleportation", EventKind.OTHER)),
)

STAND_IN = StandIn(
    environ={"SPARKPOST_API_KEY": _KEY, "SPARKPOST_WEBHOOK_AUTH": _WEBHOOK_AUTH},
    deliver=_deliver,
    accept=_accept,
    answers=_ANSWERS,
    calls=_CALLS,
    shown_name=lambda name: "" if {*name} & {'"', "\\"} else name,
    covers_body=False,
    covers_moment=False,
    sign=_sign,
    replaced_headers=frozenset(_UNSUBSCRIBING),
)
