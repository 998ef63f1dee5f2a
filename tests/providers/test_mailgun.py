"""What only Mailgun has: a form, a log that is read page by page, and two regions."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import nasty
import pytest
from registered import Registered, read
from services.mailgun import DOMAIN, parts_of
from stand_ins import NOW

from digest.errors import ContentError, ProviderError
from digest.model import Address, Pattern, State
from digest.providers.mailgun import Mailgun
from digest.wire.answers import RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from digest.model import Edition

ORDINARY = nasty.EDITIONS["an ordinary one"]
SERVICE = Registered.of("mailgun")
BATCH = nasty.batch(ORDINARY, nasty.READERS[:3])


def provider(**changes: object) -> Mailgun:
    """Return Mailgun with the settings of its stand-in, but for `changes`."""
    return Mailgun.from_settings(SERVICE.setup(**changes))


def form_of(mailgun: Mailgun, edition: Edition = ORDINARY) -> dict[str, str]:
    """Return the fields of a form, without images."""
    request = read(mailgun.build_request(nasty.batch(edition, nasty.READERS[:1])))
    return {name: content.decode() for name, file, content in parts_of(request) if not file}


def test_a_form_says_how_to_send() -> None:
    """Tracking is off unless it is asked for, and the tag is the issue."""
    form = form_of(provider())
    assert {name: value for name, value in form.items() if name.startswith("o:")} == {
        "o:tag": "their-languages-100",
        "o:tracking": "no",
        "o:tracking-opens": "no",
        "o:tracking-clicks": "no",
    }
    assert form_of(provider(track_clicks=True))["o:tracking-clicks"] == "yes"
    assert form_of(provider(sandbox=True))["o:testmode"] == "yes"
    later = replace(ORDINARY, deliver_at=NOW + timedelta(hours=2))
    assert form_of(provider(), later)["o:deliverytime"] == "Tue, 24 Nov 2026 11:00:00 +0000"


def test_a_sender_has_a_name_of_any_letters() -> None:
    """The sender's name is quoted as in a header field, and Mailgun encodes it."""
    assert form_of(provider())["from"] == '"Past \\"the\\" Plateau, {{ x }} & Zürich" <editor@example.org>'


def test_images_are_called_as_the_edition_calls_them() -> None:
    """An image is found by the name of its file."""
    request = read(provider().build_request(nasty.batch(replace(ORDINARY, images=(nasty.COVER,)))))
    assert [part for part in parts_of(request) if part[1]] == [("inline", "cover", nasty.COVER.content)]


def test_a_batch_is_named_for_the_log() -> None:
    """Every message has the key of its batch among its variables, and no reader could guess the names of ours."""
    form = form_of(provider())
    table = json.loads(form["recipient-variables"])
    assert form["v:batch"] == nasty.batch(ORDINARY, nasty.READERS[:1]).key
    assert all(ORDINARY.fingerprint[16:24] in name or name.startswith("d") for name in table["reader1@example.org"])
    assert not {"v0", "c0"} & set(table["reader1@example.org"])


def test_header_fields_may_not_be_long() -> None:
    """Mailgun takes 16 KB of header fields and options; what is longer is a fault of the issue."""
    fields = {f"X-Note-{number}": Pattern.of_text("x " * 450) for number in range(18)}
    with pytest.raises(ContentError, match="Mailgun takes 16,000"):
        form_of(provider(), replace(ORDINARY, headers=fields))


@pytest.mark.parametrize("field", ["sender", "reply_to"])
def test_no_name_may_be_filled_in(field: str) -> None:
    """The name of a sender that looks like a variable is a fault of the settings."""
    named = Address(email="editor@example.org", name="%recipient.x%")
    edition = replace(ORDINARY, sender=named) if field == "sender" else replace(ORDINARY, reply_to=named)
    with pytest.raises(ContentError, match="filled in"):
        form_of(provider(), edition)


def test_two_readers_with_one_address_stand_alone() -> None:
    """The table has a row for an address, so that two readers with the same one must not share a request."""
    readers = [replace(nasty.READERS[0], email=email) for email in ("a@bücher.example", "a@xn--bcher-kva.example")]
    with pytest.raises(RejectedError, match="same address"):
        provider().build_request(nasty.batch(ORDINARY, readers))


def event(email: str, batch: str = BATCH.key) -> dict[str, Any]:
    """Return what the log tells of a reader."""
    return {
        "event": "accepted",
        "timestamp": NOW.timestamp() + 1,
        "recipient": email,
        "user-variables": {"batch": batch},
        "message": {"headers": {"message-id": "20261124090000.1.7@mg.example.org"}},
    }


class Log:
    """A log of pages, kept by somebody whose clock tells `hours` after the batch was claimed."""

    def __init__(self, *pages: Iterable[dict[str, Any]], hours: float = 1) -> None:
        self._pages = [list(page) for page in pages]
        self._headers = {"Date": format_datetime(NOW + timedelta(hours=hours), usegmt=True)} if hours else {}
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Return the page that is asked for, an empty one behind the last."""
        self.asked.append(request)
        number = int(request.url.path.rpartition("/")[2]) if request.url.path[-1].isdigit() else 0
        items = self._pages[number] if number < len(self._pages) else []
        paging = {"next": f"https://elsewhere.test/v3/{DOMAIN}/events/{number + 1}?limit=300", "previous": "x"}
        return httpx.Response(200, json={"items": items, "paging": paging}, headers=self._headers)


EMAILS = BATCH.readers.emails


def test_the_log_tells_who_was_accepted() -> None:
    """Readers are found on any page, among those of other batches; no further page is asked for than is needed."""
    log = Log([event(EMAILS[0], "another"), event(EMAILS[0].upper())], map(event, EMAILS[1:]), [event("x@example.org")])
    receipts = provider().consult_log(BATCH, log)
    assert [receipt.state for receipt in receipts] == [State.SENT] * 3
    assert {receipt.message_id for receipt in receipts} == {"20261124090000.1.7@mg.example.org"}
    assert [request.url.path for request in log.asked] == [f"/v3/{DOMAIN}/events", f"/v3/{DOMAIN}/events/1"]


def test_the_log_is_asked_narrowly_and_at_one_host() -> None:
    """It is asked for what was accepted of the issue about that time, and the key is shown to no other host."""
    log = Log([event(EMAILS[0], "another")])
    assert [receipt.state for receipt in provider().consult_log(BATCH, log)] == [State.QUEUED] * 3
    assert {request.url.host for request in log.asked} == {"api.eu.mailgun.net"}
    assert dict(log.asked[0].url.params) == {
        "begin": f"{NOW.timestamp() - 3600:.0f}",
        "end": f"{NOW.timestamp() + 3600:.0f}",
        "ascending": "yes",
        "limit": "300",
        "event": "accepted",
        "tags": "their-languages-100",
    }


def test_a_log_that_tells_of_some_proves_nothing() -> None:
    """Mailgun takes all of a batch or nobody, so a log that tells of some has not been told all."""
    with pytest.raises(ProviderError, match="tells of 1 readers of a batch of 3"):
        provider().consult_log(BATCH, Log([event(EMAILS[0])]))


@pytest.mark.parametrize(("days", "hours"), [(1, 25), (3, 73), (30, 0)])
def test_a_log_that_may_have_forgotten_proves_nothing(days: int, hours: float) -> None:
    """What is not in a log counts for as long as the plan keeps it, by the service's own clock."""
    mailgun = provider(options={"domain": DOMAIN, "region": "eu", "log_days": days})
    with pytest.raises(ProviderError, match="may have forgotten it" if hours else "does not tell the time"):
        mailgun.consult_log(BATCH, Log(hours=hours))
    assert {receipt.state for receipt in mailgun.consult_log(BATCH, Log(hours=days * 24 - 1))} == {State.QUEUED}
    found = mailgun.consult_log(BATCH, Log(map(event, EMAILS), hours=hours))
    assert {receipt.state for receipt in found} == {State.SENT}


def examined(
    state: str | None, sender: str = "editor@example.org", *, unsubscribe: object = False
) -> list[tuple[bool, str]]:
    """Return what is found of a domain in a state, or of one that is not known."""

    def answer(request: httpx.Request) -> httpx.Response:
        if state is None:
            return httpx.Response(404, json={"message": "Domain not found"})
        if request.url.path == f"/v4/domains/{DOMAIN}":
            return httpx.Response(200, json={"domain": {"name": DOMAIN, "state": state}, "sending_dns_records": []})
        assert request.url.path == f"/v3/domains/{DOMAIN}/tracking"
        tracking = {"click": {"active": "no"}, "open": {"active": False}, "unsubscribe": {"active": unsubscribe}}
        return httpx.Response(200, json={"tracking": tracking})

    findings = provider().examine(Address(email=sender), now=NOW, fetch=answer)
    return [(finding.good, finding.sentence) for finding in findings]


def test_a_good_domain_is_found_good() -> None:
    """An active domain, at or below that of the sender, without links of its own, is good."""
    assert examined("active") == [(True, f"Mailgun knows the key, and {DOMAIN} is active")]


def test_what_hinders_a_domain_is_found() -> None:
    """A domain may be unknown or not active, sign for somebody else, or add a link of its own."""
    assert examined(None) == [(False, f"Mailgun does not know {DOMAIN} in this region")]
    assert examined("unverified") == [(False, f"Mailgun knows the key, and {DOMAIN} is unverified")]
    (_, (good, sentence)) = examined("active", "editor@example.test")
    assert not good
    assert sentence == f"Mailgun signs for {DOMAIN}, and the newsletter comes from example.test"
    for active in (True, "yes"):
        (_, (good, sentence)) = examined("active", unsubscribe=active)
        assert not good
        assert "unsubscribe link" in sentence


@pytest.mark.parametrize(("region", "host"), [("us", "api.mailgun.net"), ("eu", "api.eu.mailgun.net")])
def test_each_region_has_a_host(region: str, host: str) -> None:
    """A domain is reached where it is kept."""
    assert provider(options={"domain": DOMAIN, "region": region}).destination == host
