"""
Postmark, by https://postmarkapp.com/developer and the samples of its webhooks there.

Read on 2026-11-23. Of the texts it replaces ``{{{ pm:unsubscribe }}}`` alone. What it puts below a mail, and its own
unsubscribe address, are not shown here.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
from stand_ins import NOW, Answer, Arrived, Call, StandIn

from digest.errors import ProviderError
from digest.model import Event, EventKind, State
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENVIRON = {"POSTMARK_SERVER_TOKEN": "0ecb6e2c-server-token", "POSTMARK_WEBHOOK_AUTH": "digest:hunter2-hunter2"}
_MESSAGE = {
    *("From", "To", "ReplyTo", "Subject", "HtmlBody", "TextBody", "Headers", "Tag", "Metadata", "MessageStream"),
    *("TrackOpens", "TrackLinks", "Attachments"),
}
_MAILBOX = re.compile(r'(?:"(?P<quoted>(?:\\.|[^"\\])*)" |(?P<bare>[^"<>,]*) )?<(?P<email>[^<>]+)>', re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\{\{\s*pm:unsubscribe(?:_url)?\s*\}\}\}")


def _deliver(request: httpx.Request) -> list[Arrived]:
    return [*map(_arrived, _understood(request))]


def _understood(request: httpx.Request) -> list[dict[str, Any]]:
    assert (request.method, request.url.path) == ("POST", "/email/batch")
    assert request.headers["X-Postmark-Server-Token"] == _ENVIRON["POSTMARK_SERVER_TOKEN"]
    assert request.headers["Accept"] == request.headers["Content-Type"] == "application/json"
    assert len(request.content) <= 50_000_000
    messages: list[dict[str, Any]] = json.loads(request.content)
    assert len(messages) <= 500
    return messages


def _arrived(message: Mapping[str, Any]) -> Arrived:
    assert set(message) <= _MESSAGE
    assert message["MessageStream"] == "broadcast"
    assert (message["TrackOpens"], message["TrackLinks"]) == (False, "None")
    assert len(message["Tag"]) <= 1000
    assert all(len(name) <= 20 and len(value) <= 80 for name, value in message["Metadata"].items())
    for attachment in message.get("Attachments", ()):
        assert attachment["ContentID"].startswith("cid:")
        assert b64decode(attachment["Content"], validate=True)
    name, email = _parsed(message["To"])
    return Arrived(
        email=email,
        name=name,
        subject=message["Subject"],
        html=_PLACEHOLDER.sub("", message["HtmlBody"]),
        text=_PLACEHOLDER.sub("", message["TextBody"]),
        headers={field["Name"]: field["Value"] for field in message["Headers"]},
        correlation_id=message["Metadata"]["correlation_id"],
    )


def _parsed(mailbox: str) -> tuple[str, str]:
    match = _MAILBOX.fullmatch(mailbox)
    if match is None:
        assert re.fullmatch(r"[^\s<>,]+@[^\s<>,]+", mailbox)
        return "", mailbox
    return re.sub(r"\\(.)", r"\1", match["quoted"] or match["bare"] or ""), match["email"]


def _accept(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=[_result(place) for place in range(len(_understood(request)))])


def _result(place: int, code: int = 0, message: str = "OK") -> dict[str, object]:
    said: dict[str, object] = {"ErrorCode": code, "Message": message}
    if code:
        return said
    name = f"b7bc2f4a-e38e-4336-af7d-{place:012}"
    return {"To": "reader@example.test", "SubmittedAt": "2026-11-24T04:00:00.5-05:00", "MessageID": name, **said}


def _results(*said: tuple[int, str]) -> httpx.Response:
    return httpx.Response(200, json=[_result(place, *one) for place, one in enumerate(said)])


def _fault(status: int, code: int, message: str) -> httpx.Response:
    return httpx.Response(status, json={"ErrorCode": code, "Message": message})


_OK = (0, "OK")
_INACTIVE = (406, "You tried to send to recipient(s) that have been marked as inactive.")
_NO_SENDER = "'sender@example.com' is not a verified sender signature."
_NO_CREDITS = (405, "Not allowed to send: you have run out of credits")
_SKIPPED = (0, "Message OK, but will not deliver to these inactive addresses: reader2@example.org.")
_ANSWERS: dict[str, Answer | str] = {
    "all accepted": Answer(response=lambda _: _results(_OK, _OK, _OK), outcome=[State.SENT] * 3),
    "one refused": Answer(
        response=lambda _: _results(_OK, _INACTIVE, _OK),
        outcome=[State.SENT, State.REFUSED, State.SENT],
        words="marked as inactive",
    ),
    "whole refused": Answer(
        response=lambda _: _fault(422, 300, "Invalid email request: Zero recipients specified"),
        outcome=RejectedError,
        words="Zero recipients",
    ),
    "key refused": Answer(
        response=lambda _: _fault(401, 10, "Request does not contain a valid Server token."),
        outcome=ProviderError,
        words="valid Server token",
    ),
    "sender not verified": Answer(
        response=lambda _: _results(*[(400, "The 'From' address you supplied is not a Sender Signature.")] * 3),
        outcome=ProviderError,
        words="not a Sender Signature",
    ),
    "sender not valid": Answer(
        response=lambda _: _results(*[(300, f"Invalid 'From' address: {_NO_SENDER}")] * 3),
        outcome=ProviderError,
        words="not a verified sender signature",
    ),
    "sender not valid, told at once": Answer(
        response=lambda _: _fault(422, 300, f"Invalid 'From' address: {_NO_SENDER}"),
        outcome=ProviderError,
        words="not a verified sender signature",
    ),
    "address not valid": Answer(
        response=lambda _: _results(_OK, (300, "Invalid 'To' address: 'reader2@example'."), _OK),
        outcome=[State.SENT, State.REFUSED, State.SENT],
        words="Invalid 'To' address",
    ),
    "too large": Answer(response=lambda _: httpx.Response(413, text="Payload Too Large"), outcome=RejectedError),
    "too fast": Answer(
        response=lambda _: httpx.Response(429, text="Rate Limit Exceeded"), outcome=[State.QUEUED] * 3, words="Rate"
    ),
    "too fast, with seconds": "Postmark documents no time to wait",
    "too fast, with a date": "Postmark documents no time to wait",
    "quota used up": Answer(
        response=lambda _: _fault(422, *_NO_CREDITS), outcome=ProviderError, words="run out of credits"
    ),
    "server error": Answer(response=lambda _: httpx.Response(500), outcome=UnclearError),
    "gateway page": Answer(
        response=lambda _: httpx.Response(502, html="<html>Bad Gateway</html>"), outcome=UnclearError
    ),
    "empty": Answer(response=lambda _: httpx.Response(200), outcome=UnclearError),
    "cut short": Answer(response=lambda _: httpx.Response(200, content=b'[{"To":"rea'), outcome=UnclearError),
    "fewer ids": Answer(response=lambda _: _results(_OK, _OK), outcome=UnclearError, words="2 results for 3"),
    "redirect": Answer(
        response=lambda _: httpx.Response(301, headers={"Location": "https://elsewhere.test/email"}),
        outcome=ProviderError,
        words="elsewhere.test",
    ),
    "an address it skips": Answer(
        response=lambda _: _results(_OK, _SKIPPED, _OK),
        outcome=[State.SENT, State.REFUSED, State.SENT],
        words="will not deliver",
    ),
    "credits run out in the middle": Answer(
        response=lambda _: _results(_OK, _NO_CREDITS, _NO_CREDITS),
        outcome=[State.SENT, State.QUEUED, State.QUEUED],
        words="run out of credits",
    ),
    "credits have run out": Answer(response=lambda _: _results(*[_NO_CREDITS] * 3), outcome=ProviderError),
    "maintenance": Answer(response=lambda _: _fault(503, 100, "Maintenance"), outcome=[State.QUEUED] * 3),
    "maintenance of some": Answer(
        response=lambda _: _results(_OK, (100, "Maintenance"), _OK), outcome=[State.SENT, State.QUEUED, State.SENT]
    ),
    "too many messages": Answer(response=lambda _: _fault(422, 410, "Too many batch messages"), outcome=RejectedError),
    "no such stream": Answer(
        response=lambda _: _fault(422, 1235, "The 'MessageStream' provided does not exist on this server."),
        outcome=ProviderError,
    ),
    "the account is pending": Answer(response=lambda _: _fault(422, 412, "Account is Pending"), outcome=ProviderError),
    "a success without a name": Answer(
        response=lambda _: httpx.Response(200, json=[_result(0), {"ErrorCode": 0, "Message": "OK"}, _result(2)]),
        outcome=[State.SENT, State.IN_DOUBT, State.SENT],
    ),
    "a service that is slow": Answer(
        response=lambda _: _results(_OK, (0, "Message accepted, but delivery may be delayed."), _OK),
        outcome=[State.SENT] * 3,
    ),
}

_BASIC = {"Authorization": f"Basic {b64encode(_ENVIRON['POSTMARK_WEBHOOK_AUTH'].encode()).decode()}"}
_COMMON = {
    "MessageID": "b7bc2f4a-e38e-4336-af7d-000000000007",
    "ServerID": 23,
    "MessageStream": "broadcast",
    "Metadata": {"correlation_id": "0123456789abcdef-7", "batch": "9b2d"},
    "Tag": "first-snow",
}
_TYPES = {
    "HardBounce": EventKind.BOUNCED,
    "BadEmailAddress": EventKind.BOUNCED,
    "SoftBounce": EventKind.SOFT_BOUNCED,
    "Blocked": EventKind.SOFT_BOUNCED,
    "DMARCPolicy": EventKind.SOFT_BOUNCED,
    "SpamNotification": EventKind.SOFT_BOUNCED,
    "Transient": EventKind.DEFERRED,
    "ManuallyDeactivated": EventKind.REFUSED,
    "Unsubscribe": EventKind.LEFT,
    "AutoResponder": EventKind.OTHER,
}
_REASONS = {
    "ManualSuppression": EventKind.LEFT,
    "HardBounce": EventKind.BOUNCED,
    "SpamComplaint": EventKind.COMPLAINED,
}


def _call(title: str, kind: EventKind, told: Mapping[str, object], reason: str = "", original: str = "") -> Call:
    body = json.dumps({**_COMMON, **told}).encode()
    event = Event(
        id=sha256(body).hexdigest(),
        kind=kind,
        at=NOW,
        original=original or str(told["RecordType"]),
        reason=reason,
        correlation_id=_COMMON["Metadata"]["correlation_id"] if "Metadata" not in told else "",  # type: ignore[index]
        message_id=str(_COMMON["MessageID"]) if "MessageID" not in told else "",
        email="reader7@example.org",
        url=str(told.get("OriginalLink", "")),
    )
    return Call(title=title, headers=_BASIC, body=body, events=[event])


def _bounce(word: str, kind: EventKind, record: str = "Bounce") -> Call:
    told = {
        "RecordType": record,
        "ID": 4323372036854775807,
        "Type": word,
        "TypeCode": 1,
        "Name": "Bounce",
        "Description": "The server was unable to deliver your message.",
        "Details": "smtp;550 5.1.1 no such user",
        "Email": "reader7@example.org",
        "From": "editor@example.org",
        "BouncedAt": "2026-11-24T04:00:00.0000000-05:00",
        "Inactive": True,
        "CanActivate": True,
        "Subject": "First snow",
    }
    return _call(f"{record} {word}", kind, told, "smtp;550 5.1.1 no such user", word)


def _change(kind: EventKind, **told: object) -> Call:
    facts = {"RecordType": "SubscriptionChange", "ChangedAt": "2026-11-24T09:00:00Z", "Origin": "Recipient", **told}
    reason = str(told["SuppressionReason"] or "")
    return _call(f"subscription {reason}", kind, {"Recipient": "reader7@example.org", **facts}, reason)


def _seen(record: str, moment: str, kind: EventKind, **told: object) -> Call:
    facts = {"RecordType": record, "Recipient": "reader7@example.org", moment: "2026-11-24T09:00:00.0000000Z", **told}
    return _call(record, kind, facts, str(told.get("Details", "")))


STAND_IN = StandIn(
    environ=_ENVIRON,
    deliver=_deliver,
    accept=_accept,
    answers=_ANSWERS,
    calls=[
        _seen("Delivery", "DeliveredAt", EventKind.DELIVERED, Details="smtp;250 2.0.0 OK"),
        _seen("Open", "ReceivedAt", EventKind.OPENED, FirstOpen=True, UserAgent="Mail", Geo={"IP": "192.0.2.7"}),
        _seen(
            "Click", "ReceivedAt", EventKind.CLICKED, ClickLocation="HTML", OriginalLink="https://example.org/plateau"
        ),
        _seen("Unheard", "ReceivedAt", EventKind.OTHER),
        *(_bounce(word, kind) for word, kind in _TYPES.items()),
        _bounce("SpamComplaint", EventKind.COMPLAINED, "SpamComplaint"),
        *(_change(kind, SuppressSending=True, SuppressionReason=reason) for reason, kind in _REASONS.items()),
        _change(EventKind.OTHER, SuppressSending=False, SuppressionReason=None, MessageID=None, Metadata=None),
    ],
    replaced_headers=frozenset({"List-Unsubscribe", "List-Unsubscribe-Post"}),
    covers_body=False,
    covers_moment=False,
    sign=lambda _: _BASIC,
)
