"""What only MailerSend has: plans that carry header fields, and plans that do not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import nasty
import pytest
from mailersend.models.email import EmailRequest
from registered import Registered, read
from stand_ins import NOW

from digest.errors import ContentError, ProviderError, SettingsError
from digest.model import Address, Pattern, State
from digest.providers import OneClick
from digest.providers.mailersend import MailerSend

if TYPE_CHECKING:
    from digest.model import Batch

EDITION = nasty.EDITIONS["an ordinary one"]
SENDER = Address(email="editor@example.org")


def mailersend(**options: object) -> MailerSend:
    """Return the provider with these options."""
    provider = Registered.of("mailersend").provider(options=options)
    assert isinstance(provider, MailerSend)
    return provider


def messages(batch: Batch, **options: object) -> list[dict[str, Any]]:
    """Return the messages of a request for a batch."""
    said: list[dict[str, Any]] = json.loads(read(mailersend(**options).build_request(batch)).content)
    return said


def test_most_plans_carry_no_header_fields_of_ours() -> None:
    """Without `professional`, none is sent, and the limits say whose List-Unsubscribe readers get."""
    message = messages(nasty.batch(EDITION))[0]
    assert not {"headers", "list_unsubscribe"}.intersection(message)
    assert mailersend().limits.one_click is MailerSend.limits.one_click is OneClick.THEIRS
    assert any("List-Unsubscribe" in caveat for caveat in mailersend().limits.caveats)


def test_some_plans_carry_them() -> None:
    """With `professional`, List-Unsubscribe is a bare address for each reader, and the rest are header fields."""
    first, second, *_ = messages(nasty.batch(EDITION), professional=True)
    assert first["list_unsubscribe"] == "https://example.org/u/token-0001-Ab3dEfGh1jKlMn0pQr?a=%7B%7Bx%7D%7D&b=-c-"
    assert second["list_unsubscribe"] != first["list_unsubscribe"]
    assert [header["name"] for header in first["headers"]] == ["List-Id"]
    assert mailersend(professional=True).limits.one_click is OneClick.OURS


def test_an_edition_without_list_unsubscribe_has_none() -> None:
    """Nothing is made up for an edition that says nothing."""
    bare = replace(EDITION, headers={"List-Id": EDITION.headers["List-Id"]})
    assert "list_unsubscribe" not in messages(nasty.batch(bare), professional=True)[0]


def test_list_unsubscribe_by_mail_alone_cannot_be_carried() -> None:
    """It takes an address of the web."""
    by_mail = {"List-Unsubscribe": Pattern.of_text("<mailto:leave@example.org>")}
    with pytest.raises(ContentError, match="begins with https://"):
        messages(nasty.batch(replace(EDITION, headers=by_mail)), professional=True)


def test_a_plan_has_its_own_limit() -> None:
    """Small plans take fewer messages a request; none takes more than 500."""
    assert mailersend(messages=5).limits.messages == 5
    with pytest.raises(SettingsError, match="a whole number from 1 to 500"):
        mailersend(messages=501)


def test_its_own_package_knows_our_messages() -> None:
    """Each message is one that the service's own package would send, images included."""
    illustrated = nasty.batch(replace(EDITION, images=(nasty.COVER,)))
    for message in messages(illustrated, professional=True):
        request = EmailRequest.model_validate(message)
        assert request.tags == ["their-languages-100", message["tags"][1]]
        assert [(image.id, image.disposition) for image in request.attachments or []] == [("cover", "inline")]


def test_the_moment_of_delivery_is_in_seconds() -> None:
    """It is told in seconds since 1970."""
    later = replace(EDITION, deliver_at=NOW + timedelta(hours=1))
    assert messages(nasty.batch(later))[0]["send_at"] == NOW.timestamp() + 3600


def _domains(request: httpx.Request) -> httpx.Response:
    assert request.url.path == "/v1/domains"
    assert request.headers["Authorization"].startswith("Bearer mlsn.")
    domains = [
        {"id": "x", "name": name, "is_verified": name == "example.org"} for name in ("example.org", "example.test")
    ]
    return httpx.Response(200, json={"data": domains, "meta": {"total": 2}})


@pytest.mark.parametrize(
    ("domain", "good", "sentence"),
    [
        ("example.org", True, "MailerSend has verified example.org"),
        ("news.example.org", True, "MailerSend has verified news.example.org"),
        ("another-example.org", False, "MailerSend does not know another-example.org"),
        ("example.test", False, "MailerSend has not verified example.test yet"),
        ("elsewhere.test", False, "MailerSend does not know elsewhere.test"),
    ],
)
def test_the_domain_is_examined(domain: str, good: bool, sentence: str) -> None:  # noqa: FBT001  # a column of a table
    """MailerSend says whether a domain is verified."""
    token, found = mailersend().examine(replace(SENDER, email=f"editor@{domain}"), now=NOW, fetch=_domains)
    assert token.good
    assert (found.good, found.sentence) == (good, sentence)


def test_the_log_is_asked_by_tags() -> None:
    """It is read page by page; what it has is settled, and what it has not stays in doubt."""
    batch = nasty.batch(EDITION, nasty.READERS[:3])
    first, second, _ = batch.correlation_ids
    others = [{"message_id": "y", "status": "sent", "tags": ["their-languages-100", f"x-{n}"]} for n in range(999)]
    ours = [
        {"message_id": "1", "status": "delivered", "tags": ["their-languages-100", first]},
        {"message_id": "2", "status": "rejected", "suppression_reason": "unsubscribed", "tags": [second]},
    ]
    pages = {"1": [*others, ours[0]], "2": [ours[1], {"message_id": "z", "status": "sent", "tags": None}]}

    def fetch(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/domains":
            return _domains(request)
        asked = request.url.params
        assert (request.url.path, asked["domain_id"], asked["tag"]) == ("/v1/emails", "x", "their-languages-100")
        assert (int(asked["date_from"]), int(asked["date_to"])) == (NOW.timestamp(), NOW.timestamp() + 15 * 60)
        return httpx.Response(200, json={"data": pages[asked["page"]]})

    receipts = mailersend().consult_log(batch, fetch)
    assert [receipt.state for receipt in receipts] == [State.SENT, State.REFUSED, State.IN_DOUBT]
    assert (receipts[0].message_id, receipts[1].reason) == ("1", "unsubscribed")


def test_a_log_of_an_unknown_domain_cannot_be_asked() -> None:
    """A token that sees no domains sees no messages."""
    batch = nasty.batch(replace(EDITION, sender=Address(email="editor@elsewhere.test")))
    with pytest.raises(ProviderError, match="does not know elsewhere"):
        mailersend().consult_log(batch, _domains)
