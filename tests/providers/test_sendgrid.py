"""What only SendGrid has: values of limited size, its own settings, and the key that its calls are signed with."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import nasty
import pytest
from registered import Registered, read
from sendgrid.helpers.mail import (
    Category,
    ClickTracking,
    Content,
    CustomArg,
    Email,
    FooterSettings,
    Ganalytics,
    Header,
    Mail,
    MailSettings,
    OpenTracking,
    Personalization,
    ReplyTo,
    SandBoxMode,
    Subject,
    SubscriptionTracking,
    To,
    TrackingSettings,
)
from services.sendgrid import STAND_IN
from stand_ins import NOW

from digest.errors import SettingsError
from digest.model import Address
from digest.providers.sendgrid import SendGrid
from digest.wire.answers import RejectedError, UnclearError

if TYPE_CHECKING:
    from digest.providers import Finding

ORDINARY = nasty.EDITIONS["an ordinary one"]
SERVICE = Registered.of("sendgrid")
EDITOR = Address(email="editor@example.org")


def provider(**changes: object) -> SendGrid:
    """Return SendGrid with the settings of its stand-in, but for `changes`."""
    return SendGrid.from_settings(SERVICE.setup(**changes))


def body_of(request: httpx.Request) -> dict[str, Any]:
    """Return what a request says."""
    return dict(json.loads(read(request).content))


def nobody(request: httpx.Request) -> httpx.Response:
    """Answer that nothing is here."""
    return httpx.Response(404, request=request)


def test_its_own_library_says_the_same() -> None:
    """For a message to one reader, SendGrid's library makes the same JSON."""
    batch = nasty.batch(nasty.EDITIONS["one without slots"], nasty.READERS[:1])
    ours = body_of(provider().build_request(batch))
    (message,) = batch.messages()
    edition = batch.edition
    assert edition.reply_to
    mail = Mail(from_email=Email(edition.sender.email, edition.sender.name))
    person = Personalization()
    person.add_to(To(message.to.email, message.to.name))
    for name, value in message.headers.items():
        person.add_header(Header(name, value))
    person.add_custom_arg(CustomArg("correlation_id", batch.correlation_ids[0]))
    person.add_custom_arg(CustomArg("batch", batch.key))
    person.substitutions = [ours["personalizations"][0]["substitutions"]]  # no class has these alone
    mail.add_personalization(person)
    mail.reply_to = ReplyTo(edition.reply_to.email, edition.reply_to.name)
    mail.subject = Subject(ours["subject"])
    mail.content = [Content(part["type"], part["value"]) for part in ours["content"]]
    mail.category = [Category("their-languages-100")]
    mail.mail_settings = MailSettings(
        footer_settings=FooterSettings(enable=False), sandbox_mode=SandBoxMode(enable=False)
    )
    mail.tracking_settings = TrackingSettings(
        click_tracking=ClickTracking(enable=False, enable_text=False),
        open_tracking=OpenTracking(enable=False),
        subscription_tracking=SubscriptionTracking(enable=False),
        ganalytics=Ganalytics(enable=False),
    )
    assert mail.get() == ours


def test_values_that_are_too_many() -> None:
    """A reader with more values than SendGrid surely takes is singled out, and written to whole."""
    readers = (*nasty.READERS[:2], nasty.subscriber(9, "Ada", "Llanfair" * 1000))
    with pytest.raises(RejectedError, match="5000 bytes"):
        provider().build_request(nasty.batch(ORDINARY, readers))
    batch = nasty.batch(ORDINARY, readers[2:])
    request = provider().build_request(batch)
    assert "substitutions" not in body_of(request)["personalizations"][0]
    (arrived,), (message,) = STAND_IN.deliver(request), batch.messages()
    assert (arrived.subject, arrived.html, arrived.text) == (message.subject, message.html, message.text)


def test_values_are_sent_once() -> None:
    """A further reader costs a few hundred bytes, not another message."""
    large = nasty.edition("Snow", "Snow falls on the plateau. " * 2000, "snow")
    one, all_ = (
        provider().build_request(nasty.batch(large, readers)) for readers in (nasty.READERS[:1], nasty.READERS)
    )
    grown = int(all_.headers["Content-Length"]) - int(one.headers["Content-Length"])
    assert grown < 1000 * len(nasty.READERS)


@pytest.mark.parametrize(("opens", "clicks"), [(False, False), (True, False), (False, True)])
def test_tracking(*, opens: bool, clicks: bool) -> None:
    """Only what is asked for is tracked, whatever the account has switched on; text keeps its addresses."""
    body = body_of(provider(track_opens=opens, track_clicks=clicks).build_request(nasty.batch(ORDINARY)))
    assert body["tracking_settings"] == {
        "click_tracking": {"enable": clicks, "enable_text": False},
        "open_tracking": {"enable": opens},
        "subscription_tracking": {"enable": False},
        "ganalytics": {"enable": False},
    }


def test_sandbox() -> None:
    """In the sandbox nothing is delivered, and 200 is the success; elsewhere 200 is none."""
    batch = nasty.batch(ORDINARY)
    sandbox = provider(sandbox=True)
    assert STAND_IN.deliver(read(sandbox.build_request(batch))) == []
    assert len(sandbox.read_response(batch, httpx.Response(200))) == len(batch.readers)
    for one, status in ((sandbox, 202), (provider(), 200)):
        with pytest.raises(UnclearError):
            one.read_response(batch, httpx.Response(status))


def test_regions() -> None:
    """An account of the European Union is reached there."""
    assert provider().destination == "api.sendgrid.com"
    assert provider(options={"region": "eu"}).destination == "api.eu.sendgrid.com"
    with pytest.raises(SettingsError, match='must be `"global"` or `"eu"`'):
        provider(options={"region": "mars"})


def test_moment_of_delivery() -> None:
    """The moment is told in whole seconds since 1970."""
    later = replace(ORDINARY, deliver_at=NOW + timedelta(hours=5))
    assert body_of(provider().build_request(nasty.batch(later)))["send_at"] == int(NOW.timestamp()) + 5 * 3600


def test_images() -> None:
    """An image is attached once, inline, under the name that the HTML calls it by."""
    body = body_of(provider().build_request(nasty.batch(replace(ORDINARY, images=(nasty.COVER,)))))
    (image,) = body["attachments"]
    assert (image["content_id"], image["disposition"], image["type"]) == ("cover", "inline", "image/png")


@pytest.mark.parametrize("key", ["no Base64", "bm8ga2V5"])
def test_key_that_is_none(key: str) -> None:
    """A verification key that cannot be one is a fault of the settings."""
    call = STAND_IN.calls[0]
    wrong = provider(environ={**STAND_IN.environ, "SENDGRID_WEBHOOK_PUBLIC_KEY": key})
    with pytest.raises(SettingsError, match="SENDGRID_WEBHOOK_PUBLIC_KEY is no verification key"):
        wrong.read_webhook(httpx.Headers(call.headers), call.body, now=NOW, fetch=nobody)


def test_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library that checks signatures, it is named together with the extra that brings it."""
    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    call = STAND_IN.calls[0]
    with pytest.raises(SettingsError, match="cryptography") as caught:
        provider().read_webhook(httpx.Headers(call.headers), call.body, now=NOW, fetch=nobody)
    assert "digest[webhooks]" in caught.value.hint


DOMAINS = [{"domain": "example.org", "valid": True}, {"domain": "example.test", "valid": False}]


def examined(sender: str, scopes: list[str]) -> list[Finding]:
    """Return what an examination finds, with a key of these scopes."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == f"Bearer {STAND_IN.environ['SENDGRID_API_KEY']}"
        return httpx.Response(200, json={"scopes": scopes} if request.url.path == "/v3/scopes" else DOMAINS)

    return list(provider().examine(Address(email=sender), now=NOW, fetch=answer))


@pytest.mark.parametrize(
    ("sender", "scopes", "good", "sentence"),
    [
        (
            "editor@example.org",
            ["mail.send", "whitelabel.read"],
            [True, True],
            "SendGrid has authenticated example.org",
        ),
        ("editor@example.test", ["mail.send", "whitelabel.read"], [True, False], "not yet found the DNS records of"),
        ("editor@example.net", ["mail.send", "whitelabel.read"], [True, False], "does not know example.net"),
        ("editor@example.org", ["mail.send"], [True, True], "the key may not see"),
        ("editor@example.org", ["whitelabel.read"], [False], "the key may not send mail"),
    ],
)
def test_examination(sender: str, scopes: list[str], good: list[bool], sentence: str) -> None:
    """It is found whether the key may send, and whether the domain is authenticated, as far as the key may know."""
    findings = examined(sender, scopes)
    assert [finding.good for finding in findings] == good
    assert sentence in findings[-1].sentence
