"""What only Postmark has: streams, unsubscribe addresses of its own, and a log that is searched by metadata."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from nasty import COVER, EDITIONS, READERS, batch
from stand_ins import NOW

from digest.errors import ContentError, SettingsError
from digest.model import Address, Pattern, State
from digest.providers import OneClick, Setup
from digest.providers.postmark import Postmark

if TYPE_CHECKING:
    from digest.model import Batch

ENVIRON = {"POSTMARK_SERVER_TOKEN": "0ecb6e2c-server-token", "POSTMARK_WEBHOOK_AUTH": "digest:hunter2-hunter2"}
ORDINARY = EDITIONS["an ordinary one"]
THREE = batch(ORDINARY, READERS[:3])
EDITOR = Address(email="editor@example.org")


def postmark(*, track_opens: bool = False, track_clicks: bool = False, **options: object) -> Postmark:
    """Return the provider with these options."""
    setup = Setup(root=Path(), options=options, environ=ENVIRON, track_opens=track_opens, track_clicks=track_clicks)
    return Postmark.from_settings(setup)


def first_message(provider: Postmark, of: Batch = THREE) -> dict[str, Any]:
    """Return the first message of a request."""
    messages: list[dict[str, Any]] = json.loads(provider.build_request(of).read())
    return messages[0]


def test_an_opened_stream_keeps_our_unsubscribe_address() -> None:
    """Whose address reaches the reader is said of the newsletter's own stream; the class says what is usual."""
    assert Postmark.limits.one_click is postmark().limits.one_click is OneClick.THEIRS
    opened = postmark(own_unsubscribe=True).limits
    assert opened.one_click is OneClick.OURS
    assert not opened.caveats


def test_a_stream_has_an_id() -> None:
    """Messages go through the stream that is named; what can be none is a fault of the settings."""
    assert first_message(postmark(stream="weekly-news"))["MessageStream"] == "weekly-news"
    with pytest.raises(SettingsError, match="the ID of a message stream"):
        postmark(stream="Weekly News")


def test_tracking_is_told_message_by_message() -> None:
    """Opens and clicks are tracked only where that is wanted."""
    tracked = first_message(postmark(track_opens=True, track_clicks=True))
    assert (tracked["TrackOpens"], tracked["TrackLinks"]) == (True, "HtmlAndText")


def test_images_are_attached_by_content_id() -> None:
    """An image in the mail is an attachment whose name stands behind ``cid:``."""
    (attachment,) = first_message(postmark(), batch(replace(ORDINARY, images=(COVER,))))["Attachments"]
    assert attachment == {
        "Name": "cover.png",
        "Content": b64encode(COVER.content).decode(),
        "ContentType": "image/png",
        "ContentID": "cid:cover",
    }


@pytest.mark.parametrize("sign", ["{{{ pm:unsubscribe }}}", "{{{pm:unsubscribe_url}}}"])
def test_what_would_be_replaced_is_refused(sign: str) -> None:
    """An issue that holds the one thing that Postmark replaces is told of, not changed."""
    edition = replace(ORDINARY, text=Pattern.of_text(f"Write {sign} into it."))
    with pytest.raises(ContentError, match="which Postmark replaces"):
        postmark().build_request(batch(edition))


def test_the_log_settles_who_is_in_it() -> None:
    """Whoever is in the log was sent; others stay in doubt, as the log may not be complete."""
    first, _, third = THREE.correlation_ids

    def log(request: httpx.Request) -> httpx.Response:
        assert (request.method, request.url.path) == ("GET", "/messages/outbound")
        assert request.headers["X-Postmark-Server-Token"] == ENVIRON["POSTMARK_SERVER_TOKEN"]
        asked = {"count": "500", "offset": "0", "messagestream": "broadcast", "metadata_batch": THREE.key}
        assert dict(request.url.params) == asked
        listed = [{"MessageID": f"m-{name}", "Metadata": {"correlation_id": name}} for name in (third, first)]
        return httpx.Response(200, json={"TotalCount": 2, "Messages": listed})

    receipts = postmark().consult_log(THREE, log)
    assert [(receipt.state, receipt.message_id) for receipt in receipts] == [
        (State.SENT, f"m-{first}"),
        (State.IN_DOUBT, ""),
        (State.SENT, f"m-{third}"),
    ]


def nobody(request: httpx.Request) -> httpx.Response:
    """Answer that nothing is here."""
    return httpx.Response(404, request=request)


def test_an_event_that_is_told_again_has_its_name() -> None:
    """Postmark's trace of a call stays when it calls again, so the event is heard once."""
    basic = f"Basic {b64encode(ENVIRON['POSTMARK_WEBHOOK_AUTH'].encode()).decode()}"
    headers = httpx.Headers({"Authorization": basic, "X-PM-Webhook-Trace-Id": "trace-7", "X-PM-Retries-Remaining": "4"})
    body = b'{"RecordType": "Delivery", "DeliveredAt": "2026-11-24T09:00:00Z"}'
    (event,) = postmark().read_webhook(headers, body, now=NOW, fetch=nobody)
    assert event.id == "trace-7"


@pytest.mark.parametrize(
    ("own_unsubscribe", "kind", "handling", "wrong"),
    [
        (False, "Broadcasts", "Postmark", ""),
        (True, "Broadcasts", "Custom", ""),
        (True, "Broadcasts", "Postmark", "replaces the unsubscribe address"),
        (False, "Transactional", "None", "is no broadcast stream"),
    ],
)
def test_the_stream_is_looked_up(own_unsubscribe: bool, kind: str, handling: str, wrong: str) -> None:  # noqa: FBT001  # a row of a table
    """The stream must be for newsletters, and be open for our address where we say that it is."""

    def stream(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/message-streams/broadcast"
        managed = {"UnsubscribeHandlingType": handling}
        told = {"ID": "broadcast", "MessageStreamType": kind, "SubscriptionManagementConfiguration": managed}
        return httpx.Response(200, json=told)

    findings = postmark(own_unsubscribe=own_unsubscribe).examine(EDITOR, now=NOW, fetch=stream)
    assert [wrong in finding.sentence for finding in findings if not finding.good] == ([True] if wrong else [])
    assert all(finding.good or finding.hint for finding in findings)
