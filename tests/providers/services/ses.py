"""
Amazon SES v2, by its developer guide and by botocore, whose model and signer judge each request.

A template that comes with a request may hold simple substitutions of Handlebars, which are not escaped. Calls come
through SNS, signed with a certificate of our own making. Read on 2026-11-23.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from datetime import datetime, timedelta
from email.header import decode_header, make_header
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from stand_ins import NOW, Answer, Arrived, Call, StandIn

from digest.errors import ProviderError
from digest.model import Event, EventKind, State
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRON = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE0123456789",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJHMEUC",
}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:newsletter"
_HOST = "https://sns.eu-west-1.amazonaws.com"
CERTIFICATE_URL = f"{_HOST}/SimpleNotificationService-0123456789abcdef.pem"
_CONFIRMATION_URL = f"{_HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37fb687f5d51e6e2425a8a5970f"


@lru_cache(maxsize=1)
def model() -> ServiceModel:
    """Return botocore's model of the API."""
    return ServiceModel(Loader().load_service_model("sesv2", "service-2"), service_name="sesv2")


def _deliver(request: httpx.Request) -> list[Arrived]:
    asked = _understood(request)
    content = asked["DefaultContent"]["Template"]
    return [_arrived(entry, content) for entry in asked["BulkEmailEntries"]]


def _understood(request: httpx.Request) -> dict[str, Any]:
    operation = model().operation_model("SendBulkEmail")
    assert (request.method, request.url.path) == (operation.http["method"], operation.http["requestUri"])
    assert request.headers["Content-Type"] == "application/json"
    assert len(request.content) <= 1_000_000
    check_signature(request)
    asked: dict[str, Any] = json.loads(request.content)
    report = ParamValidator().validate(_as_parameters(asked), operation.input_shape)
    assert not report.has_errors(), report.generate_report()
    assert 0 < len(asked["BulkEmailEntries"]) <= 50
    assert all(field.isascii() for field in (asked["FromEmailAddress"], *asked["ReplyToAddresses"]))
    return asked


def _as_parameters(asked: dict[str, Any]) -> dict[str, Any]:
    """Return a request as botocore wants it, with attachments as bytes."""
    parameters: dict[str, Any] = json.loads(json.dumps(asked))
    for attachment in parameters["DefaultContent"]["Template"].get("Attachments", ()):
        attachment["RawContent"] = b64decode(attachment["RawContent"], validate=True)
    return parameters


def check_signature(request: httpx.Request) -> None:
    """See to it that a request is signed as botocore would sign it at the moment that it names."""
    fields = {name: value for name, value in request.headers.items() if name == "content-type"}
    theirs = AWSRequest(request.method, str(request.url), headers=fields, data=request.content)
    theirs.context["timestamp"] = request.headers["X-Amz-Date"]
    signer = SigV4Auth(Credentials(*ENVIRON.values()), "ses", "eu-west-1")
    signer._modify_request_before_signing(theirs)
    to_sign = signer.string_to_sign(theirs, signer.canonical_request(theirs))
    signer._inject_signature_to_request(theirs, signer.signature(to_sign, theirs))
    assert {name: request.headers[name] for name in theirs.headers} == dict(theirs.headers)


def _arrived(entry: Mapping[str, Any], content: Mapping[str, Any]) -> Arrived:
    values = json.loads(entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"])
    template = content["TemplateContent"]
    tags = {tag["Name"]: tag["Value"] for tag in entry["ReplacementTags"]}
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,256}", word) for pair in tags.items() for word in pair)
    (mailbox,) = entry["Destination"]["ToAddresses"]
    name, email = _read_mailbox(mailbox)
    headers = {header["Name"]: header["Value"] for header in (*content["Headers"], *entry["ReplacementHeaders"])}
    _check_headers(headers)
    return Arrived(
        email=email,
        name=name,
        subject=_rendered(template["Subject"], values),
        html=_rendered(template["Html"], values),
        text=_rendered(template["Text"], values),
        headers=headers,
        correlation_id=tags["correlation_id"],
    )


def _read_mailbox(mailbox: str) -> tuple[str, str]:
    assert mailbox.isascii(), "SES has no SMTPUTF8"
    name, email = re.fullmatch(r"(?:(.+) )?<?([^\s<>]+@[^\s<>]+?)>?", mailbox, re.DOTALL).groups()  # type: ignore[union-attr]
    if not name:
        return "", email
    quoted = re.fullmatch(r'"((?:[^"\\]|\\.)*)"', name)
    if quoted:
        return re.sub(r"\\(.)", r"\1", quoted[1]), email
    assert not re.search(r'[()<>\[\]:;@\\,."]', re.sub(r"=\?\S+\?=", "", name)), "specials must be quoted"
    return str(make_header(decode_header(name))), email


def _check_headers(headers: Mapping[str, str]) -> None:
    assert len(headers) <= 15
    for name, value in headers.items():
        assert re.fullmatch(r"[!-9;-@A-~]{1,126}", name)
        assert re.fullmatch(r"[ -~]{1,995}", value)
        assert "{{" not in value, "what becomes of that is not documented"


def _rendered(template: str, values: Mapping[str, str]) -> str:
    """Substitute as Handlebars does, where a backslash keeps braces as they are and two of them are one."""

    def substituted(tag: re.Match[str]) -> str:
        backslashes, opening, inside, closing = tag.groups()
        assert not backslashes, "our template should leave nothing to that rule"
        assert (opening, closing) == ("{{", "}}"), "unsupported operations"
        assert re.fullmatch(r"[A-Za-z0-9]+", inside), "unsupported operations"
        return values[inside]  # without one, it would be a rendering failure

    return re.sub(r"(\\*)(\{{2,})(.*?)(\}{2,})", substituted, template, flags=re.DOTALL)


def _accept(request: httpx.Request) -> httpx.Response:
    return _taken(len(_understood(request)["BulkEmailEntries"]))


def _taken(count: int) -> httpx.Response:
    return answer(*[success(number) for number in range(count)])


def success(number: int) -> dict[str, str]:
    """Return the result for a reader who is accepted."""
    return {"Status": "SUCCESS", "MessageId": f"0102018c7e1a{number:04}-example"}


def failure(status: str, error: str = "") -> dict[str, str]:
    """Return the result for a reader who is not."""
    return {"Status": status, "Error": error} if error else {"Status": status}


def answer(*results: Mapping[str, str]) -> httpx.Response:
    """Return an answer with these results."""
    return httpx.Response(200, json={"BulkEmailEntryResults": results})


def fault(status: int, name: str, message: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Return an answer as errors are told."""
    kind = f"{name}:http://internal.amazon.com/coral/com.amazonaws.services.simpleemailservice.v2/"
    return httpx.Response(status, json={"message": message}, headers={"x-amzn-ErrorType": kind, **(headers or {})})


_LATER = [State.QUEUED] * 3
_FAST = (429, "TooManyRequestsException", "Maximum sending rate exceeded.")
_NOT_VERIFIED = "Email address is not verified. The following identities failed the check in region EU-WEST-1: {}"
_ANSWERS: dict[str, Answer | str] = {
    "all accepted": Answer(response=lambda batch: _taken(len(batch.readers)), outcome=[State.SENT] * 3),
    "one refused": Answer(
        response=lambda _: answer(success(0), failure("MESSAGE_REJECTED", "Address is on a list"), success(2)),
        outcome=[State.SENT, State.REFUSED, State.SENT],
        words="MESSAGE_REJECTED: Address is on a list",
    ),
    "whole refused": Answer(
        response=lambda batch: fault(400, "BadRequestException", f"Illegal address: {batch.readers.emails[0]}"),
        outcome=RejectedError,
        words="Illegal address",
    ),
    "key refused": Answer(
        response=lambda _: fault(403, "UnrecognizedClientException", "The security token included is invalid."),
        outcome=ProviderError,
        words="security token",
    ),
    "sender not verified": Answer(
        response=lambda _: fault(400, "MessageRejected", _NOT_VERIFIED.format("editor@example.org")),
        outcome=ProviderError,
        words="not verified",
    ),
    "too large": Answer(response=lambda _: fault(413, "RequestEntityTooLarge", "too large"), outcome=RejectedError),
    "too fast": Answer(response=lambda _: fault(*_FAST), outcome=_LATER, words="Maximum sending rate exceeded"),
    "too fast, with seconds": Answer(response=lambda _: fault(*_FAST, {"Retry-After": "7"}), outcome=_LATER),
    "too fast, with a date": Answer(
        response=lambda _: fault(*_FAST, {"Retry-After": format_datetime(NOW + timedelta(seconds=7), usegmt=True)}),
        outcome=_LATER,
    ),
    "quota used up": Answer(
        response=lambda _: fault(400, "ThrottlingException", "Daily message quota exceeded."),
        outcome=ProviderError,
        words="Daily message quota exceeded",
    ),
    "server error": Answer(response=lambda _: fault(500, "InternalFailure", "no"), outcome=UnclearError),
    "gateway page": Answer(
        response=lambda _: httpx.Response(502, html="<html>Bad Gateway</html>"), outcome=UnclearError
    ),
    "empty": Answer(response=lambda _: httpx.Response(200), outcome=UnclearError),
    "cut short": Answer(
        response=lambda _: httpx.Response(200, content=b'{"BulkEmailEntryResults":[{"Sta'), outcome=UnclearError
    ),
    "fewer ids": Answer(
        response=lambda batch: _taken(len(batch.readers) - 1), outcome=UnclearError, words="2 results for 3"
    ),
    "redirect": Answer(
        response=lambda _: httpx.Response(301, headers={"Location": "https://elsewhere.test/v2"}),
        outcome=ProviderError,
        words="elsewhere.test",
    ),
    "too fast, by another status": Answer(
        response=lambda _: fault(400, "ThrottlingException", "Maximum sending rate exceeded."), outcome=_LATER
    ),
    "some too fast": Answer(
        response=lambda _: answer(success(0), failure("ACCOUNT_THROTTLED"), failure("TRANSIENT_FAILURE")),
        outcome=[State.SENT, State.QUEUED, State.QUEUED],
        words="TRANSIENT_FAILURE",
    ),
    "all too fast": Answer(response=lambda _: answer(*[failure("ACCOUNT_THROTTLED")] * 3), outcome=_LATER),
    "the quota ends within": Answer(
        response=lambda _: answer(success(0), *[failure("ACCOUNT_DAILY_QUOTA_EXCEEDED")] * 2),
        outcome=[State.SENT, State.QUEUED, State.QUEUED],
        words="ACCOUNT_DAILY_QUOTA_EXCEEDED",
    ),
    "the quota ended before": Answer(
        response=lambda _: answer(*[failure("ACCOUNT_DAILY_QUOTA_EXCEEDED", "over 200 of 200")] * 3),
        outcome=ProviderError,
        words="ACCOUNT_DAILY_QUOTA_EXCEEDED: over 200 of 200",
    ),
    "an account in the sandbox": Answer(
        response=lambda batch: answer(
            *[failure("MESSAGE_REJECTED", _NOT_VERIFIED.format(email)) for email in batch.readers.emails]
        ),
        outcome=ProviderError,
        words="not verified",
    ),
    "a word of next year": Answer(
        response=lambda _: answer(success(0), failure("FROM_NEXT_YEAR"), success(2)),
        outcome=[State.SENT, State.REFUSED, State.SENT],
    ),
    "an account that was stopped": Answer(
        response=lambda _: fault(400, "SendingPausedException", "Sending is paused."), outcome=ProviderError
    ),
    "an unknown configuration set": Answer(
        response=lambda _: fault(404, "NotFoundException", "Configuration set does not exist."), outcome=ProviderError
    ),
}

_KEY = generate_private_key(public_exponent=65537, key_size=2048)
_NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
_CERTIFICATE = (
    x509.CertificateBuilder(_NAME, _NAME, _KEY.public_key(), 1, NOW - timedelta(days=9), NOW + timedelta(days=9))
    .sign(_KEY, SHA256())
    .public_bytes(Encoding.PEM)
)
_ORDERS = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES = {"1": SHA1, "2": SHA256}


def signed(version: str = "1", **fields: str) -> bytes:
    """Return a call of SNS with these fields and a signature of a version."""
    call = {
        "Type": "Notification",
        "MessageId": "da41e39f-ea4d-435a-b922-c6aae3915ebe",
        "TopicArn": TOPIC,
        "Timestamp": f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z",
        "SigningCertURL": CERTIFICATE_URL,
        **fields,
    }
    text = "".join(f"{name}\n{call[name]}\n" for name in _ORDERS[call["Type"]] if name in call)
    signature = _KEY.sign(text.encode(), PKCS1v15(), _HASHES[version]())
    return json.dumps({**call, "SignatureVersion": version, "Signature": b64encode(signature).decode()}).encode()


def _fetch(request: httpx.Request) -> httpx.Response:
    if str(request.url) == CERTIFICATE_URL:
        return httpx.Response(200, content=_CERTIFICATE)
    return httpx.Response(200 if request.url == httpx.URL(_CONFIRMATION_URL) else 404)


_AT = "2026-11-24T08:59:58.123Z"
_CORRELATION_ID = "0123456789abcdef-7"
_READER = "reader7@example.org"


def _told(word: str, *, tagged: bool = True, version: str = "1", **detail: object) -> bytes:
    mail: dict[str, Any] = {"messageId": "0102018c7e1a-7", "destination": [_READER], "timestamp": _AT}
    if tagged:
        mail["tags"] = {"correlation_id": [_CORRELATION_ID], "ses:source-ip": ["192.0.2.1"]}
    kind = "eventType" if tagged else "notificationType"
    return signed(version, Message=json.dumps({kind: word, "mail": mail, **detail}))


def _event(kind: EventKind, original: str, **changes: Any) -> Event:
    known = {
        "id": "da41e39f-ea4d-435a-b922-c6aae3915ebe",
        "at": datetime.fromisoformat(_AT),
        "correlation_id": _CORRELATION_ID,
        "message_id": "0102018c7e1a-7",
        "email": _READER,
    }
    return Event(kind=kind, original=original, **{**known, **changes})


def _bounce(kind: str, *diagnoses: str) -> dict[str, Any]:
    recipients = [
        {"emailAddress": _READER if not number else f"other{number}@example.org", "diagnosticCode": diagnosis}
        for number, diagnosis in enumerate(diagnoses)
    ]
    return {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": recipients, "timestamp": _AT}


_SUBSCRIPTION = {"Message": "You have chosen", "SubscribeURL": _CONFIRMATION_URL, "Token": "2336412f37fb687f5d51e6e2"}
_CALLS = [
    ("sent", _told("Send", send={}), [_event(EventKind.ACCEPTED, "Send", at=NOW)]),
    ("delivered", _told("Delivery", delivery={"timestamp": _AT}), [_event(EventKind.DELIVERED, "Delivery")]),
    (
        "put off",
        _told(
            "DeliveryDelay",
            deliveryDelay={
                "timestamp": _AT,
                "delayType": "MailboxFull",
                "delayedRecipients": [{"emailAddress": _READER}],
            },
        ),
        [_event(EventKind.DEFERRED, "DeliveryDelay", reason="MailboxFull")],
    ),
    (
        "bounced, two of them",
        _told("Bounce", bounce=_bounce("Permanent", "smtp; 550 unknown user", "smtp; 550 gone")),
        [
            _event(EventKind.BOUNCED, "Bounce", reason="smtp; 550 unknown user"),
            _event(
                EventKind.BOUNCED,
                "Bounce",
                id="da41e39f-ea4d-435a-b922-c6aae3915ebe/1",
                email="other1@example.org",
                reason="smtp; 550 gone",
            ),
        ],
    ),
    (
        "bounced this time, told by an identity",
        _told("Bounce", tagged=False, bounce=_bounce("Transient", "smtp; 452 full")),
        [_event(EventKind.SOFT_BOUNCED, "Bounce", reason="smtp; 452 full", correlation_id="")],
    ),
    (
        "complained",
        _told(
            "Complaint",
            complaint={
                "complainedRecipients": [{"emailAddress": _READER}],
                "complaintFeedbackType": "abuse",
                "timestamp": _AT,
            },
        ),
        [_event(EventKind.COMPLAINED, "Complaint", reason="abuse")],
    ),
    (
        "refused",
        _told("Reject", reject={"reason": "Bad content"}),
        [_event(EventKind.REFUSED, "Reject", at=NOW, reason="Bad content")],
    ),
    (
        "not rendered",
        _told("Rendering Failure", failure={"errorMessage": "Attribute 'v1' is not present", "templateName": "x"}),
        [_event(EventKind.REFUSED, "Rendering Failure", at=NOW, reason="Attribute 'v1' is not present")],
    ),
    ("opened", _told("Open", open={"timestamp": _AT, "userAgent": "x"}), [_event(EventKind.OPENED, "Open")]),
    (
        "clicked",
        _told("Click", click={"timestamp": _AT, "link": "https://example.org/a"}),
        [_event(EventKind.CLICKED, "Click", url="https://example.org/a")],
    ),
    ("something else", _told("Subscription"), [_event(EventKind.OTHER, "Subscription", at=NOW)]),
    ("signed in the newer way", _told("Send", version="2"), [_event(EventKind.ACCEPTED, "Send", at=NOW)]),
    (
        "with a subject",
        signed(Subject="Amazon SES", Message=json.dumps({"eventType": "Send", "mail": {"destination": [_READER]}})),
        [_event(EventKind.ACCEPTED, "Send", at=NOW, correlation_id="", message_id="")],
    ),
    ("that it is set up", signed(Message="Successfully validated SNS topic for Amazon SES event publishing."), []),
    ("that it wants to be confirmed", signed(**{**_SUBSCRIPTION, "Type": "SubscriptionConfirmation"}), []),
    ("that nobody is called any more", signed(**{**_SUBSCRIPTION, "Type": "UnsubscribeConfirmation"}), []),
]


STAND_IN = StandIn(
    options={"region": "eu-west-1", "topic": TOPIC},
    environ=ENVIRON,
    deliver=_deliver,
    accept=_accept,
    answers=_ANSWERS,
    calls=[
        Call(title=title, headers={"Content-Type": "text/plain; charset=UTF-8"}, body=body, events=events)
        for title, body, events in _CALLS
    ],
    fetch=_fetch,
)
