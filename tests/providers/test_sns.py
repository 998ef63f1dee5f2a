"""Calls of Amazon SNS: whom to believe, and what to confirm."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest
from services.ses import CERTIFICATE_URL, STAND_IN, TOPIC, signed
from stand_ins import NOW

from digest.errors import ProviderError, SettingsError
from digest.wire.sns import Topic
from digest.wire.webhooks import ForgedError


@dataclass(kw_only=True)
class Sns:
    """Answers as SNS does, or with `answer`, and keeps what it was asked."""

    answer: httpx.Response | None = None
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.asked.append(str(request.url))
        assert STAND_IN.fetch
        return self.answer or STAND_IN.fetch(request)


def confirmation(**changes: str) -> bytes:
    """Return a call that wants to be confirmed."""
    url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=x"
    return signed(Type="SubscriptionConfirmation", Message="x", **{"SubscribeURL": url, "Token": "x", **changes})


def test_a_certificate_is_fetched_once() -> None:
    """Calls that name the same certificate are checked with what was fetched for the first of them."""
    topic, sns = Topic(arn=TOPIC), Sns()
    for version in ("1", "2", "1"):
        assert topic.read(signed(version, Message="x"), now=NOW, fetch=sns)
    assert sns.asked == [CERTIFICATE_URL]


@pytest.mark.parametrize(
    "url",
    [
        CERTIFICATE_URL.replace("https:", "http:"),
        CERTIFICATE_URL.replace("eu-west-1", "us-east-1"),
        "https://sns.s3.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com.example.test/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com@example.test/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/other/SimpleNotificationService-0123456789abcdef.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123.pem?x=.pem",
        f"{CERTIFICATE_URL}\n",
        "",
    ],
)
def test_certificates_come_from_one_host(url: str) -> None:
    """A certificate from anywhere but SNS in the topic's region is not even fetched."""
    sns = Sns()
    with pytest.raises(ForgedError, match="certificate"):
        Topic(arn=TOPIC).read(signed(Message="x", SigningCertURL=url), now=NOW, fetch=sns)
    assert sns.asked == []


def test_another_topic_is_not_believed() -> None:
    """SNS signs for anyone who has an account, so a call of another topic proves nothing; nothing is fetched for it."""
    sns = Sns()
    for body in (signed(Message="x", TopicArn=f"{TOPIC}2"), confirmation(TopicArn=TOPIC.replace("1234", "4321"))):
        with pytest.raises(ForgedError, match="another topic"):
            Topic(arn=TOPIC).read(body, now=NOW, fetch=sns)
    assert sns.asked == []


@pytest.mark.parametrize("arn", ["", "newsletter", "arn:aws:sqs:eu-west-1:123456789012:newsletter"])
def test_without_a_topic_nobody_is_believed(arn: str) -> None:
    """Where no topic is expected, or none that there can be, no call is read."""
    with pytest.raises(SettingsError, match="the option topic"):
        Topic(arn=arn).read(signed(Message="x"), now=NOW, fetch=Sns())


def test_a_subscription_is_confirmed_at_its_own_address() -> None:
    """A call that wants to be confirmed is, once its signature is checked."""
    sns = Sns()
    call = next(call for call in STAND_IN.calls if "confirmed" in call.title)
    assert Topic(arn=TOPIC).read(call.body, now=NOW, fetch=sns) is None
    assert sns.asked == [CERTIFICATE_URL, json.loads(call.body)["SubscribeURL"]]


@pytest.mark.parametrize("url", ["http://sns.eu-west-1.amazonaws.com/?x", "https://example.test/?x", "file:///x"])
def test_nothing_is_confirmed_elsewhere(url: str) -> None:
    """Not even a signed call leads anywhere but to SNS."""
    sns = Sns()
    with pytest.raises(ForgedError, match="confirmed"):
        Topic(arn=TOPIC).read(confirmation(SubscribeURL=url), now=NOW, fetch=sns)
    assert sns.asked == [CERTIFICATE_URL]


def test_a_forged_subscription_is_not_confirmed() -> None:
    """Without a right signature, SNS is not asked for anything but its certificate."""
    sns = Sns()
    forged = json.dumps({**json.loads(confirmation()), "Token": "y"}).encode()
    with pytest.raises(ForgedError, match="signature"):
        Topic(arn=TOPIC).read(forged, now=NOW, fetch=sns)
    assert sns.asked == [CERTIFICATE_URL]


def test_calls_are_heard_for_as_long_as_they_are_repeated() -> None:
    """SNS tries for an hour to deliver what it has signed once; what is older was kept by somebody."""
    body = signed(Message="x")
    assert Topic(arn=TOPIC).read(body, now=NOW + timedelta(minutes=59), fetch=Sns())
    for late in (timedelta(minutes=61), timedelta(minutes=-6)):
        with pytest.raises(ForgedError, match="too long ago, or in the future"):
            Topic(arn=TOPIC).read(body, now=NOW + late, fetch=Sns())
    with pytest.raises(ForgedError, match="cannot be read"):
        Topic(arn=TOPIC).read(signed(Message="x", Timestamp="noon"), now=NOW, fetch=Sns())


def test_a_signature_of_the_future_is_not_believed() -> None:
    """A version that SNS does not have is no signature."""
    body = signed(Message="x").replace(b'"SignatureVersion": "1"', b'"SignatureVersion": "3"')
    with pytest.raises(ForgedError, match="does not have"):
        Topic(arn=TOPIC).read(body, now=NOW, fetch=Sns())


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(200, content=b"-----BEGIN")])
def test_sns_may_fail(answer: httpx.Response) -> None:
    """Where the certificate cannot be had, that is told, and the next call has it fetched anew."""
    topic = Topic(arn=TOPIC)
    with pytest.raises(ProviderError, match="SNS"):
        topic.read(signed(Message="x"), now=NOW, fetch=Sns(answer=answer))
    assert topic.read(signed(Message="x"), now=NOW, fetch=Sns())


def test_sns_may_be_out_of_reach() -> None:
    """A network that fails is told."""

    def nobody(request: httpx.Request) -> httpx.Response:
        msg = "no route"
        raise httpx.ConnectError(msg, request=request)

    with pytest.raises(ProviderError, match="could not be asked: no route"):
        Topic(arn=TOPIC).read(signed(Message="x"), now=NOW, fetch=nobody)


def test_the_library_is_named_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library that checks signatures, nobody is believed, and it is said what to install."""
    monkeypatch.setitem(sys.modules, "cryptography.x509", None)
    with pytest.raises(SettingsError, match="cryptography") as caught:
        Topic(arn=TOPIC).read(signed(Message="x"), now=NOW, fetch=Sns(answer=httpx.Response(200, content=b"new")))
    assert "digest[webhooks]" in caught.value.hint
