"""What only Amazon SES has: header fields of two kinds, a pace that counts readers, and accounts in a sandbox."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import httpx
import nasty
import pytest
from botocore.serialize import create_serializer
from registered import Registered, read
from services.ses import check_signature, model
from stand_ins import NOW

from digest.errors import ContentError, SettingsError
from digest.model import Address, Pattern, Slot
from digest.providers.ses import Ses
from digest.wire.answers import RejectedError

ORDINARY = nasty.EDITIONS["an ordinary one"]
SERVICE = Registered.of("ses")
EDITOR = Address(email="editor@example.org")
OPTIONS = SERVICE.stand_in.options


def provider(**changes: object) -> Ses:
    """Return SES with the settings of its stand-in, but for `changes`."""
    return Ses.from_settings(SERVICE.setup(**changes))


def asked(ses: Ses, headers: dict[str, str] | None = None) -> dict[str, Any]:
    """Return what SES is asked for an ordinary edition, with further header fields."""
    further = {name: Pattern.of_text(value) for name, value in (headers or {}).items()}
    batch = nasty.batch(replace(ORDINARY, headers={**ORDINARY.headers, **further}))
    return dict(json.loads(read(ses.build_request(batch)).content))


def test_requests_are_as_botocore_writes_them() -> None:
    """What botocore makes of the same parameters is the same request."""
    operation = model().operation_model("SendBulkEmail")
    request = read(provider().build_request(nasty.batch(ORDINARY)))
    theirs = create_serializer("rest-json").serialize_to_request(json.loads(request.content), operation)
    assert (request.method, request.url.path) == (theirs["method"], theirs["url_path"])
    assert json.loads(request.content) == json.loads(theirs["body"])
    assert request.headers["Content-Type"] == theirs["headers"]["Content-Type"]


def test_header_fields_are_written_once() -> None:
    """Those that are the same for all stand in the template, the others with each reader."""
    request = asked(provider())
    shared = [header["Name"] for header in request["DefaultContent"]["Template"]["Headers"]]
    assert shared == ["List-Id", "List-Unsubscribe-Post"]
    for entry, reader in zip(request["BulkEmailEntries"], nasty.READERS, strict=True):
        (own,) = entry["ReplacementHeaders"]
        assert own["Name"] == "List-Unsubscribe"
        assert reader.token in own["Value"]


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ({"X-Note": "{{ x }}"}, "holds braces"),
        ({"X-Note": "x" * 995}, "more than 998"),
        ({f"X-Note-{number}": "x" for number in range(13)}, "16 header fields"),
    ],
)
def test_header_fields_that_cannot_be_carried_are_faults(headers: dict[str, str], fault: str) -> None:
    """What SES would refuse, or perhaps take for a template, is an error of the issue."""
    with pytest.raises(ContentError, match=fault):
        asked(provider(), headers)


@pytest.mark.parametrize("value", ["{{ x }}", "Zürich", "x" * 1000])
def test_a_reader_whose_header_field_cannot_be_carried_stands_alone(value: str) -> None:
    """Where it is one reader's, the batch is rejected, so that the others get theirs."""
    noted = replace(ORDINARY, headers={"X-City": Pattern.of_text(f"in {Slot(name='city').marker}")})
    batch = nasty.batch(noted, [nasty.subscriber(1, "Ada", "London"), nasty.subscriber(2, "Bea", value)])
    with pytest.raises(RejectedError, match="X-City"):
        provider().build_request(batch)


def test_a_reader_with_very_long_values_stands_alone() -> None:
    """A reader's values have 262,144 characters at most."""
    with pytest.raises(RejectedError, match="262,144"):
        provider().build_request(nasty.batch(ORDINARY, [nasty.subscriber(1, "Ada" * 100_000, "London")]))


def test_names_are_written_in_ascii() -> None:
    """SES has no SMTPUTF8, so names in other letters are encoded words, and the others are plain."""
    sender = Address(email="editor@example.org", name="Zürich für alle")
    batch = nasty.batch(replace(ORDINARY, sender=sender, reply_to=None), nasty.READERS[:1])
    request = json.loads(read(provider().build_request(batch)).content)
    assert request["FromEmailAddress"] == "=?utf-8?b?WsO8cmljaCBmw7xyIGFsbGU=?= <editor@example.org>"
    assert request["BulkEmailEntries"][0]["Destination"] == {"ToAddresses": ["Ada Lovelace <reader1@example.org>"]}
    assert "ReplyToAddresses" not in request


def test_tracking_is_said_each_time() -> None:
    """Opens and clicks are tracked only where the settings ask for it, whatever the account would do."""
    for opens, clicks in ((False, False), (True, False), (False, True)):
        request = asked(provider(track_opens=opens, track_clicks=clicks))
        switches = request["ConfigurationOverrides"]["Tracking"]
        assert (switches["OpenTrackingEnabled"] == "ENABLED", switches["ClickTrackingEnabled"] == "ENABLED") == (
            opens,
            clicks,
        )


def test_a_configuration_set_is_named() -> None:
    """Messages belong to the configuration set of the settings, or to none."""
    assert "ConfigurationSetName" not in asked(provider())
    named = provider(options={**OPTIONS, "configuration_set": "newsletter"})
    assert asked(named)["ConfigurationSetName"] == "newsletter"


@pytest.mark.parametrize(("rate", "messages", "pace"), [(None, 50, None), (1, 1, 1), (14, 14, 1), (200, 50, 4)])
def test_the_pace_counts_readers(rate: int | None, messages: int, pace: float | None) -> None:
    """No more readers are in a request than the account may write to in a second."""
    limits = provider(options={**OPTIONS, **({"rate": rate} if rate else {})}).limits
    assert (limits.messages, limits.pace) == (messages, pace)
    assert (Ses.limits.messages, Ses.limits.pace) == (50, None)


def test_the_region_may_stand_in_the_environment() -> None:
    """The option goes before AWS_REGION, and one of them must be there."""
    environ = {**SERVICE.stand_in.environ, "AWS_REGION": "us-east-2"}
    assert provider(options={}, environ=environ).destination == "email.us-east-2.amazonaws.com"
    assert provider(environ=environ).destination == "email.eu-west-1.amazonaws.com"
    with pytest.raises(SettingsError, match="AWS_REGION is not set"):
        provider(options={})


ACCOUNT = {
    "ProductionAccessEnabled": True,
    "SendingEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 20_000.0},
}
DOMAIN = {"VerifiedForSendingStatus": True, "DkimAttributes": {"Status": "SUCCESS"}}


def examined(account: dict[str, Any], domain: dict[str, Any] | None, **options: object) -> list[tuple[bool, str]]:
    """Return what is found of an account and of a domain, which may be unknown."""

    def answer(request: httpx.Request) -> httpx.Response:
        check_signature(request)
        if request.url.path == "/v2/email/account":
            return httpx.Response(200, json=account)
        assert request.url.path == "/v2/email/identities/example.org"
        return httpx.Response(404, json={}) if domain is None else httpx.Response(200, json=domain)

    findings = provider(options={**OPTIONS, **options}).examine(EDITOR, now=NOW, fetch=answer)
    return [(finding.good, finding.sentence) for finding in findings]


def test_a_good_account_is_found_good() -> None:
    """Key, quota and domain are told."""
    assert examined(ACCOUNT, DOMAIN, rate=14) == [
        (True, "Amazon SES knows the key; 30,000 of 50,000 readers are left for today"),
        (True, "Amazon SES has verified example.org and signs for it"),
    ]


@pytest.mark.parametrize(
    ("account", "rate", "sentence"),
    [
        ({"ProductionAccessEnabled": False}, 14, "sandbox"),
        ({"SendingEnabled": False}, 14, "stopped"),
        ({"EnforcementStatus": "SHUTDOWN"}, 14, "stopped"),
        ({"SendQuota": {**ACCOUNT["SendQuota"], "SentLast24Hours": 50_000.0}}, 14, "0 of 50,000"),  # type: ignore[dict-item]
        ({}, 15, "14 readers a second, and the option rate is 15"),
    ],
)
def test_what_hinders_an_account_is_found(account: dict[str, Any], rate: int, sentence: str) -> None:
    """An account that may not send as much as it is to, is told."""
    (fault,) = [told for good, told in examined({**ACCOUNT, **account}, DOMAIN, rate=rate) if not good]
    assert sentence in fault


def test_a_missing_rate_is_found() -> None:
    """Without a rate, the account's own is told; it may have no quota for a day."""
    quota = {"Max24HourSend": -1.0, "MaxSendRate": 14.0, "SentLast24Hours": 20_000.0}
    assert examined({**ACCOUNT, "SendQuota": quota}, DOMAIN)[:2] == [
        (True, "Amazon SES knows the key, and the account has no quota"),
        (False, "the account may write to 14 readers a second, and there is no option rate"),
    ]


@pytest.mark.parametrize(
    ("domain", "sentence"),
    [
        (None, "does not know example.org in eu-west-1"),
        ({"VerifiedForSendingStatus": False}, "DKIM is NOT_STARTED"),
        ({**DOMAIN, "DkimAttributes": {"Status": "PENDING"}}, "DKIM is PENDING"),
    ],
)
def test_a_domain_that_is_not_verified_is_found(domain: dict[str, Any] | None, sentence: str) -> None:
    """A domain is good when it is verified, and SES signs for it."""
    good, told = examined(ACCOUNT, domain, rate=14)[-1]
    assert not good
    assert sentence in told
