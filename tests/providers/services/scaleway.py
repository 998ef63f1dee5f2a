"""
Scaleway Transactional Email, by scaleway/docs-content and the types of its SDK for Python, read on 2026-11-23.

Its topics sign what SNS signs, by version 1, with certificates that an authority of their own has issued.
"""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from stand_ins import NOW, Answer, Arrived, Call, StandIn

from digest.errors import ProviderError
from digest.model import Event, EventKind, State
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Callable

_ENVIRON = {"SCW_SECRET_KEY": "11111111-2222-3333-4444-555555555555"}
_PROJECT = "8a512135-9f5f-42b3-a900-9fdf0195b563"
_PATH = "/transactional-email/v1alpha1/regions/fr-par/emails"
_MESSAGE = {"project_id", "from", "to", "subject", "text", "html", "additional_headers"}


def _message(request: httpx.Request) -> dict[str, Any]:
    assert (request.method, request.url.path) == ("POST", _PATH)
    assert request.headers["X-Auth-Token"] == _ENVIRON["SCW_SECRET_KEY"]
    message: dict[str, Any] = json.loads(request.content)
    assert set(message) == _MESSAGE
    assert message["project_id"] == _PROJECT
    assert len(request.content) <= 2_000_000
    return message


def _deliver(request: httpx.Request) -> list[Arrived]:
    message = _message(request)
    (reader,) = message["to"]
    assert min(len(message["text"]), len(message["html"])) >= 10
    headers = {header["key"]: header["value"] for header in message["additional_headers"]}
    assert len(headers) == len(message["additional_headers"])
    assert headers.pop("Reply-To") == "Answers <answers@example.org>"
    return [
        Arrived(
            email=reader["email"],
            name=reader.get("name", ""),
            subject=message["subject"],
            html=message["html"],
            text=message["text"],
            correlation_id=headers.pop("X-Correlation-ID"),
            headers=headers,
        )
    ]


def _email(status: str = "new", details: str = "not yet processed") -> dict[str, Any]:
    return {
        "id": "655c27f2-b2a3-4a9f-8e1f-3e6dc268b1c4",
        "message_id": "3d928e21-187a-4539-b303-403156e37911",
        "project_id": _PROJECT,
        "mail_from": "editor@example.org",
        "rcpt_to": "reader1@example.org",
        "mail_rcpt": "reader1@example.org",
        "rcpt_type": "to",
        "status": status,
        "status_details": details,
        "try_count": 0,
        "last_tries": [],
    }


def _accept(request: httpx.Request) -> httpx.Response:
    assert _message(request)
    return _taken(_email())


def _taken(*emails: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"emails": emails})


def _fault(status: int, kind: str, message: str) -> httpx.Response:
    return httpx.Response(status, json={"type": kind, "message": message})


_INVALID = {
    "type": "invalid_arguments",
    "message": "invalid argument(s)",
    "details": [{"argument_name": "to", "reason": "constraint", "help_message": "the address is not valid"}],
}
_BUCKET = "https://messaging.s3.fr-par.scw.cloud/fr-par/sns"
_TOPIC = f"arn:scw:sns:fr-par:project-{_PROJECT}:newsletter"
_CONFIRMATION_URL = f"https://sns.mnq.fr-par.scaleway.com/?Action=ConfirmSubscription&TopicArn={_TOPIC}&Token=2336412f"
_ORDERS = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_KEY, _AUTHORITY_KEY = (generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


def certificate(
    authority_key: RSAPrivateKey = _AUTHORITY_KEY,
    key: RSAPrivateKey = _KEY,
    name: str = "sns.mnq.fr-par.scaleway.com",
    end: datetime = NOW + timedelta(days=9),
) -> bytes:
    """Return a certificate of Scaleway's authority, or of another one."""
    issuer, subject = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)]) for common in ("Scaleway SNS CA", name)
    )
    made = x509.CertificateBuilder(issuer, subject, key.public_key(), 1, NOW - timedelta(days=9), end)
    return made.sign(authority_key, SHA256()).public_bytes(Encoding.PEM)


_CERTIFICATE, _CHAIN = certificate(), certificate(key=_AUTHORITY_KEY, name="Scaleway SNS CA")


def signed(**fields: str) -> bytes:
    """Return a call of a topic with these fields and a signature."""
    call = {
        "Type": "Notification",
        "MessageId": "9ae5c56c-6c9c-42e5-b0b1-0fe0f8bbdbf7",
        "TopicArn": _TOPIC,
        "Timestamp": f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z",
        "SigningCertURL": f"{_BUCKET}/sns_certificate_1.crt",
        **fields,
    }
    text = "".join(f"{name}\n{call[name]}\n" for name in _ORDERS[call["Type"]] if name in call)
    signature = b64encode(_KEY.sign(text.encode(), PKCS1v15(), SHA1())).decode()  # noqa: S303  # version 1 of SNS
    return json.dumps({**call, "SignatureVersion": "1", "Signature": signature}).encode()


def serving(leaf: bytes, chain: bytes = _CHAIN) -> Callable[[httpx.Request], httpx.Response]:
    """Return what serves these certificates, and takes the confirmation."""
    known = {
        f"{_BUCKET}/sns_certificate_1.crt": leaf,
        f"{_BUCKET}/sns-trust-chain.pem": chain,
        _CONFIRMATION_URL: b"<ConfirmSubscriptionResponse/>",
    }
    return lambda request: httpx.Response(
        200 if str(request.url) in known else 404, content=known.get(str(request.url))
    )


_NAME = "0123456789abcdef-7"
_EVENTS: tuple[tuple[str, EventKind, dict[str, Any], str], ...] = (
    ("email_queued", EventKind.ACCEPTED, {}, ""),
    ("email_delivered", EventKind.DELIVERED, {"email_response_code": 250, "email_response_message": "Ok"}, "Ok"),
    ("email_deferred", EventKind.DEFERRED, {"email_response_message": "try later", "email_try_count": 2}, "try later"),
    ("email_dropped", EventKind.BOUNCED, {"email_error": "554 no", "email_response_message": "no"}, "no"),
    ("email_mailbox_not_found", EventKind.BOUNCED, {"email_response_message": "no such user"}, "no such user"),
    ("email_spam", EventKind.SOFT_BOUNCED, {"email_response_message": "it is spam"}, "it is spam"),
    (
        "email_blocklisted",
        EventKind.REFUSED,
        {"blocklist_type": "mailbox_not_found", "blocklist_reason": "no such user"},
        "no such user",
    ),
    ("email_novelty", EventKind.OTHER, {}, ""),
)


def _told(kind: str, further: dict[str, Any]) -> bytes:
    news = {
        "id": f"{kind}-af5c1aac-cf1b-4d4d-9e46-e6d0cd40b81c",
        "type": kind,
        "project_id": _PROJECT,
        "domain_name": "example.org",
        "created_at": NOW.isoformat(),
        "email_id": "655c27f2-b2a3-4a9f-8e1f-3e6dc268b1c4",
        "email_from": "editor@example.org",
        "email_to": "reader7@example.org",
        "email_headers": [{"key": "Subject", "value": "First snow"}, {"key": "X-Correlation-Id", "value": _NAME}],
        **further,
    }
    return signed(Message=json.dumps(news))


def _heard(kind: str, ours: EventKind, reason: str) -> Event:
    return Event(
        id=f"{kind}-af5c1aac-cf1b-4d4d-9e46-e6d0cd40b81c",
        kind=ours,
        at=NOW,
        original=kind,
        reason=reason,
        correlation_id=_NAME,
        message_id="655c27f2-b2a3-4a9f-8e1f-3e6dc268b1c4",
        email="reader7@example.org",
    )


_CALLS = (
    *(
        Call(title=kind, headers={}, body=_told(kind, further), events=[_heard(kind, ours, reason)])
        for kind, ours, further, reason in _EVENTS
    ),
    Call(
        title="a subscription",
        headers={},
        body=signed(
            Type="SubscriptionConfirmation",
            Message="You have chosen to subscribe.",
            Token="2336412f",  # noqa: S106  # made up
            SubscribeURL=_CONFIRMATION_URL,
        ),
        events=[],
    ),
    Call(
        title="a blocklist",
        headers={},
        body=signed(Message=json.dumps({"id": "x", "type": "blocklist_created", "created_at": NOW.isoformat()})),
        events=[],
    ),
)
STAND_IN = StandIn(
    options={"project_id": _PROJECT, "topic": _TOPIC},
    environ=_ENVIRON,
    calls=_CALLS,
    fetch=serving(_CERTIFICATE),
    deliver=_deliver,
    accept=_accept,
    answers={
        "all accepted": Answer(response=lambda _: _taken(_email()), outcome=[State.SENT]),
        "one refused": Answer(
            response=lambda _: _taken(_email("failed", "the address is on the blocklist")),
            outcome=[State.REFUSED],
            words="blocklist",
        ),
        "whole refused": Answer(
            response=lambda _: httpx.Response(400, json=_INVALID), outcome=RejectedError, words="invalid argument(s)"
        ),
        "key refused": Answer(
            response=lambda _: _fault(401, "denied_authentication", "authentication is denied"),
            outcome=ProviderError,
            words="authentication is denied",
        ),
        "sender not verified": Answer(
            response=lambda _: _fault(403, "permissions_denied", "insufficient permissions"),
            outcome=ProviderError,
            words="insufficient permissions",
        ),
        "too large": Answer(response=lambda _: httpx.Response(413), outcome=RejectedError),
        "too fast": Answer(
            response=lambda _: _fault(429, "too_many_requests", "too many requests"),
            outcome=[State.QUEUED],
            words="too many requests",
        ),
        "too fast, with seconds": "Scaleway documents no header field for it",
        "too fast, with a date": "Scaleway documents no header field for it",
        "quota used up": Answer(
            response=lambda _: _fault(403, "quotas_exceeded", "quota(s) exceeded for this resource"),
            outcome=ProviderError,
            words="exceeded for this resource",
        ),
        "server error": Answer(
            response=lambda _: _fault(500, "internal_error", "internal error"),
            outcome=UnclearError,
            words="internal error",
        ),
        "gateway page": Answer(response=lambda _: httpx.Response(502, html="<html>502</html>"), outcome=UnclearError),
        "empty": Answer(response=lambda _: httpx.Response(200), outcome=UnclearError),
        "cut short": Answer(
            response=lambda _: httpx.Response(200, content=b'{"emails":[{"id":"65'), outcome=UnclearError
        ),
        "fewer ids": Answer(response=lambda _: _taken(), outcome=UnclearError, words="0 results for 1"),
        "redirect": Answer(
            response=lambda _: httpx.Response(301, headers={"Location": "https://elsewhere.test/x"}),
            outcome=ProviderError,
            words="elsewhere.test",
        ),
        "the domain is not checked": Answer(
            response=lambda _: _fault(412, "precondition_failed", "the domain is not checked"),
            outcome=ProviderError,
            words="the domain is not checked",
        ),
    },
)
