"""What only SparkPost has: its language in header fields and links, its option, its sink, and its search of events."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import nasty
import pytest
from registered import Registered, read
from services.sparkpost import STAND_IN
from sparkpost.transmissions import Transmissions
from stand_ins import NOW

from digest.errors import ProviderError, SettingsError
from digest.model import Address, Pattern, State
from digest.providers import OneClick
from digest.providers.sparkpost import SparkPost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from digest.model import Batch
    from digest.wire import Fetch

ORDINARY = nasty.EDITIONS["an ordinary one"]
SERVICE = Registered.of("sparkpost")


def provider(**changes: object) -> SparkPost:
    """Return SparkPost with the settings of its stand-in, but for `changes`."""
    return SparkPost.from_settings(SERVICE.setup(**changes))


def body_of(request: httpx.Request) -> dict[str, Any]:
    """Return what a request says."""
    return dict(json.loads(read(request).content))


class Kept:
    """What SparkPost's library sends its requests by; it keeps what was said."""

    said: dict[str, Any]

    def request(self, _method: str, _uri: str, *, headers: Mapping[str, str], data: str) -> None:
        """Keep a request."""
        type(self).said = {"headers": headers, "body": json.loads(data)}


def test_its_own_library_says_the_same() -> None:
    """SparkPost's library makes the same JSON and sends it with the same key."""
    batch = nasty.batch(replace(ORDINARY, images=(nasty.COVER,)))
    request = provider().build_request(batch)
    ours = body_of(request)
    content, options = ours["content"], ours["options"]
    Transmissions("https://api.sparkpost.com/api/v1", STAND_IN.environ["SPARKPOST_API_KEY"], Kept).send(
        campaign=ours["campaign_id"],
        metadata=ours["metadata"],
        substitution_data=ours["substitution_data"],
        recipients=ours["recipients"],
        from_email=content["from"],
        reply_to=content["reply_to"],
        subject=content["subject"],
        html=content["html"],
        text=content["text"],
        custom_headers=content["headers"],
        inline_images=content["inline_images"],
        transactional=options["transactional"],
        track_opens=options["open_tracking"],
        track_clicks=options["click_tracking"],
    )
    assert Kept.said["body"] == ours
    assert Kept.said["headers"]["Authorization"] == request.headers["Authorization"]


def test_constants_are_sent_once() -> None:
    """Signs of the language are for everyone; a reader has their own values only."""
    body = body_of(provider().build_request(nasty.batch(nasty.EDITIONS["signs beside slots, 0"])))
    assert {"{", "}}", "{{{"} <= set(body["substitution_data"].values())
    for recipient in body["recipients"]:
        assert not set(recipient["substitution_data"]) & set(body["substitution_data"])


def test_attributes_of_links_are_text() -> None:
    """What would tell SparkPost how to treat a link arrives as it was written."""
    text, page = 'https://example.org/[[data-msys-clicktrack="0"]]', '<a href="https://a.test/" data-msys-linkname="b">'
    edition = replace(ORDINARY, text=Pattern.of_text(text), html=Pattern.of_html(page))
    (arrived,) = STAND_IN.deliver(read(provider().build_request(nasty.batch(edition, nasty.READERS[:1]))))
    assert (arrived.text, arrived.html) == (text, page)


def test_transactional() -> None:
    """Sent as transactional mail, our List-Unsubscribe reaches the reader, and the limits say so."""
    ours = provider(options={"transactional": True})
    batch = nasty.batch(ORDINARY, nasty.READERS[:1])
    (arrived,) = STAND_IN.deliver(read(ours.build_request(batch)))
    (message,) = batch.messages()
    assert arrived.headers["List-Unsubscribe"] == message.headers["List-Unsubscribe"]
    assert (ours.limits.one_click, provider().limits.one_click) == (OneClick.OURS, OneClick.THEIRS)
    assert set(ours.limits.caveats) < set(SparkPost.limits.caveats)


def test_sandbox() -> None:
    """In the sandbox, the same is sent to addresses that swallow it."""
    sandbox, batch = provider(sandbox=True), nasty.batch(ORDINARY)
    request = sandbox.build_request(batch)
    assert STAND_IN.deliver(read(request)) == []
    addresses = [recipient["address"]["email"] for recipient in body_of(request)["recipients"]]
    assert addresses == [f"{email}.sink.sparkpostmail.com" for email in batch.readers.emails]


def test_regions() -> None:
    """An account of the European Union is reached there."""
    assert provider().destination == "api.sparkpost.com"
    assert provider(options={"region": "eu"}).destination == "api.eu.sparkpost.com"
    with pytest.raises(SettingsError, match='must be `"us"` or `"eu"`'):
        provider(options={"region": "mars"})


def test_moment_of_delivery() -> None:
    """The moment is told with its offset."""
    later = replace(ORDINARY, deliver_at=NOW + timedelta(hours=5))
    options = body_of(provider().build_request(nasty.batch(later)))["options"]
    assert options["start_time"] == "2026-11-24T14:00:00+00:00"


def test_sender_without_name() -> None:
    """Who has no display name is not given a blank one, and who wants no answers has no Reply-To."""
    plain = replace(ORDINARY, sender=Address(email="editor@example.org"), reply_to=None)
    content = body_of(provider().build_request(nasty.batch(plain)))["content"]
    assert content["from"] == {"email": "editor@example.org"}
    assert "reply_to" not in content


def event(batch: Batch, place: int, kind: str = "injection") -> dict[str, object]:
    """Return an event of a reader's message, as the log has it."""
    return {
        "type": kind,
        "event_id": f"9235{place}",
        "timestamp": "2026-11-24T09:00:01.000Z",
        "transmission_id": "65832150921904138",
        "rcpt_meta": {"correlation_id": batch.correlation_ids[place]},
        "rcpt_to": batch.readers.emails[place].lower(),
        "raw_reason": "" if kind == "injection" else "recipient suppressed",
    }


def log(*events: dict[str, object], at: datetime | None = NOW + timedelta(hours=2), total: int | None = None) -> Fetch:
    """Return SparkPost's log, asked at a moment, with these events."""
    headers = {"Date": format_datetime(at, usegmt=True)} if at else {}

    def answer(request: httpx.Request) -> httpx.Response:
        assert len(str(request.url)) <= 4096
        wanted = request.url.params["recipients"].split(",")
        results = [one for one in events if one["rcpt_to"] in wanted]
        page = {"results": results, "total_count": len(results) if total is None else total, "links": []}
        return httpx.Response(200, json=page, headers=headers)

    return answer


def states(batch: Batch, fetch: Fetch) -> list[State]:
    """Return what becomes of each reader by the log."""
    return [receipt.state for receipt in provider().consult_log(batch, fetch)]


def test_log_tells_what_was_taken() -> None:
    """Who was injected is sent, whose message failed is refused, and who is not there was never accepted."""
    batch = nasty.batch(ORDINARY)
    found = (
        event(batch, 0),
        event(batch, 1, "generation_rejection"),
        event(batch, 2, "policy_rejection"),
        event(batch, 2),
    )
    told = provider().consult_log(batch, log(*found))
    assert [receipt.state for receipt in told] == [State.SENT, State.REFUSED, State.SENT, *[State.QUEUED] * 4]
    assert (told[0].message_id, told[1].reason) == ("65832150921904138", "recipient suppressed")


@pytest.mark.parametrize("hours", [0.5, 24 * 10, None])
def test_log_of_another_moment_proves_no_absence(hours: float | None) -> None:
    """Asked too early, too late, or at a moment that is not known, who is not found stays in doubt."""
    batch = nasty.batch(ORDINARY, nasty.READERS[:2])
    at = None if hours is None else NOW + timedelta(hours=hours)
    assert states(batch, log(event(batch, 0), at=at)) == [State.SENT, State.IN_DOUBT]


def test_log_before_the_moment_of_delivery() -> None:
    """What is to be delivered later is not yet in the log."""
    batch = nasty.batch(replace(ORDINARY, deliver_at=NOW + timedelta(hours=5)), nasty.READERS[:1])
    assert states(batch, log()) == [State.IN_DOUBT]
    assert states(batch, log(at=NOW + timedelta(hours=7))) == [State.QUEUED]


def test_log_knows_addresses_in_small_letters() -> None:
    """An address with a capital is found if it is there, and proves nothing if not."""
    readers = [replace(reader, email=reader.email.capitalize()) for reader in nasty.READERS[:2]]
    batch = nasty.batch(ORDINARY, readers)
    assert states(batch, log(event(batch, 0))) == [State.SENT, State.IN_DOUBT]


def test_log_of_many() -> None:
    """A full batch is asked for in several queries, each short enough."""
    readers = [nasty.subscriber(number, "Ada", "London") for number in range(1, 2001)]
    batch = nasty.batch(ORDINARY, readers)
    found = (event(batch, place) for place in range(0, 2000, 2))
    assert states(batch, log(*found)) == [State.SENT, State.QUEUED] * 1000


def test_log_that_does_not_tell_all() -> None:
    """An answer that holds back some of the events is none."""
    batch = nasty.batch(ORDINARY)
    with pytest.raises(ProviderError, match="more events"):
        provider().consult_log(batch, log(event(batch, 0), total=2))


def test_what_is_no_news_of_a_message() -> None:
    """Mail that SparkPost has received for us is passed over."""
    call = STAND_IN.calls[0]
    body = b'[{"msys": {"relay_message": {"content": {"subject": "Hello"}, "rcpt_to": "in@example.org"}}}]'
    assert not provider().read_webhook(httpx.Headers(call.headers), body, now=NOW, fetch=log())


@pytest.mark.parametrize(
    ("answer", "good", "sentence"),
    [
        (httpx.Response(403, json={"errors": [{"message": "Forbidden."}]}), [True, True], "may not see"),
        (httpx.Response(404, json={"errors": [{"message": "resource not found"}]}), [True, False], "does not know"),
        (httpx.Response(401, json={"errors": [{"message": "Unauthorized."}]}), [False], "Unauthorized."),
        ({"ownership_verified": True, "dkim_status": "valid"}, [True, True], "has verified example.org, with DKIM"),
        ({"ownership_verified": True, "dkim_status": "pending"}, [True, False], "DKIM of example.org is pending"),
        ({"ownership_verified": False, "dkim_status": "unverified"}, [True, False], "has not verified example.org"),
        ({"compliance_status": "blocked"}, [True, False], "has blocked example.org"),
    ],
)
def test_examination(answer: httpx.Response | dict[str, object], good: list[bool], sentence: str) -> None:
    """It is found whether the domain is verified and signed for, as far as the key may know."""
    response = (
        answer if isinstance(answer, httpx.Response) else httpx.Response(200, json={"results": {"status": answer}})
    )

    def fetch(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/api/v1/sending-domains/example.org"
        return response

    findings = provider().examine(Address(email="editor@example.org"), now=NOW, fetch=fetch)
    assert [finding.good for finding in findings] == good
    assert sentence in findings[-1].sentence
