"""Pigeon Post, by its documentation; it exists in these tests alone."""

from __future__ import annotations

import hmac
import json
from email.utils import parseaddr
from typing import TYPE_CHECKING

import httpx
from stand_ins import NOW, Answer, Arrived, Call, StandIn

from digest.errors import ProviderError
from digest.model import Event, EventKind, State
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from digest.model import Batch

_KEY, _SECRET = "pgn-made-up-for-tests", "a-secret-made-up-for-tests"
_STAMP = str(int(NOW.timestamp()))
_MESSAGE = {"from", "to", "subject", "html", "text", "headers", "tag", "reference", "reply_to"}


def _deliver(request: httpx.Request) -> list[Arrived]:
    body = json.loads(request.content)
    assert request.url.path == "/v1/messages"
    assert request.headers["Authorization"] == f"Bearer {_KEY}"
    assert request.headers["Idempotency-Key"]
    assert body["loft"] == "old-tower"
    assert all(set(message) <= _MESSAGE for message in body["messages"])
    return [] if body["dry_run"] else [_arrived(message) for message in body["messages"]]


def _arrived(message: Mapping[str, object]) -> Arrived:
    name, email = parseaddr(str(message["to"]))
    return Arrived(
        email=email,
        name=name,
        subject=str(message["subject"]),
        html=str(message["html"]),
        text=str(message["text"]),
        headers=dict(message["headers"]),  # type: ignore[call-overload]  # an object of JSON
        correlation_id=str(message["reference"]),
    )


def _accept(request: httpx.Request) -> httpx.Response:
    count = len(json.loads(request.content)["messages"])
    return httpx.Response(200, json={"results": [{"id": f"flight-{number}"} for number in range(count)]})


def _results(*results: Mapping[str, str]) -> Callable[[Batch], httpx.Response]:
    return lambda _: httpx.Response(200, json={"results": results})


def _says(status: int, words: str, **headers: str) -> Callable[[Batch], httpx.Response]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, json={"message": words}, headers=named)


def _raw(status: int, text: str, **headers: str) -> Callable[[Batch], httpx.Response]:
    return lambda _: httpx.Response(status, text=text, headers=headers)


_SENT, _QUEUED = [State.SENT] * 3, [State.QUEUED] * 3
_TAKEN = ({"id": "flight-1"}, {"id": "flight-2"}, {"id": "flight-3"})
_ANSWERS = {
    "all accepted": Answer(response=_results(*_TAKEN), outcome=_SENT),
    "one refused": Answer(
        response=_results(_TAKEN[0], {"error": "no such loft"}, _TAKEN[2]),
        outcome=[State.SENT, State.REFUSED, State.SENT],
        words="no such loft",
    ),
    "whole refused": Answer(response=_says(422, "subject is blank"), outcome=RejectedError, words="subject is blank"),
    "key refused": Answer(response=_says(401, "unknown key"), outcome=ProviderError, words="unknown key"),
    "sender not verified": Answer(response=_says(403, "not your domain"), outcome=ProviderError, words="not your"),
    "too large": Answer(response=_says(413, "too heavy"), outcome=RejectedError, words="too heavy"),
    "too fast": Answer(response=_says(429, "slow down"), outcome=_QUEUED, words="slow down"),
    "too fast, with seconds": Answer(response=_says(429, "slow down", Retry_After="7"), outcome=_QUEUED),
    "too fast, with a date": Answer(
        response=_says(429, "slow down", Retry_After="Tue, 24 Nov 2026 09:00:30 GMT"), outcome=_QUEUED
    ),
    "quota used up": Answer(
        response=lambda _: httpx.Response(429, json={"code": "quota", "message": "no pigeons left"}),
        outcome=ProviderError,
        words="no pigeons left",
    ),
    "server error": Answer(response=_says(500, "a cat"), outcome=UnclearError, words="a cat"),
    "gateway page": Answer(response=_raw(502, "<html>Bad Gateway</html>"), outcome=UnclearError, words="502"),
    "empty": Answer(response=_raw(200, ""), outcome=UnclearError),
    "cut short": Answer(response=_raw(200, '{"results": [{"id": "fli'), outcome=UnclearError),
    "fewer ids": Answer(response=_results(*_TAKEN[:2]), outcome=UnclearError),
    "redirect": Answer(
        response=_raw(308, "", Location="https://eu.pigeon.test/v1/messages"),
        outcome=ProviderError,
        words="eu.pigeon.test",
    ),
}


def _sign(body: bytes) -> Mapping[str, str]:
    signature = hmac.new(_SECRET.encode(), f"{_STAMP}.".encode() + body, "sha256").hexdigest()
    return {"Pigeon-Timestamp": _STAMP, "Pigeon-Signature": signature}


def _call(word: str, kind: EventKind) -> Call:
    facts = {"message_id": "flight-1", "email": "noor@example.org", "reason": "a storm"}
    body = json.dumps(
        {"id": f"call-{word}", "type": word, "at": NOW.isoformat(), "reference": "0a-1", **facts}
    ).encode()
    event = Event(id=f"call-{word}", kind=kind, at=NOW, original=word, correlation_id="0a-1", **facts)
    return Call(title=word, headers=_sign(body), body=body, events=[event])


STAND_IN = StandIn(
    options={"loft": "old-tower"},
    environ={"PIGEON_API_KEY": _KEY, "PIGEON_WEBHOOK_SECRET": _SECRET},
    deliver=_deliver,
    accept=_accept,
    answers=_ANSWERS,
    calls=[
        _call("landed", EventKind.DELIVERED),
        _call("circling", EventKind.DEFERRED),
        _call("lost", EventKind.BOUNCED),
        _call("shooed", EventKind.COMPLAINED),
        _call("preened", EventKind.OTHER),
    ],
    sign=_sign,
)
