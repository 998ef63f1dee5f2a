"""What only Mailjet has: refusals that hold successes, a log that can be asked, limits of a subject."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import nasty
import pytest
from registered import Registered, read
from stand_ins import NOW

from digest.errors import ContentError
from digest.model import Address, Pattern, State
from digest.providers.mailjet import Mailjet

if TYPE_CHECKING:
    from digest.model import Batch

EDITION = nasty.EDITIONS["an ordinary one"]
THREE = nasty.batch(EDITION, nasty.READERS[:3])
SENDER = Address(email="editor@example.org")


def mailjet(**changes: object) -> Mailjet:
    """Return the provider as its stand-in sets it up, but for `changes`."""
    provider = Registered.of("mailjet").provider(**changes)
    assert isinstance(provider, Mailjet)
    return provider


def messages(batch: Batch, **changes: object) -> list[dict[str, Any]]:
    """Return the messages of a request for a batch."""
    said: list[dict[str, Any]] = json.loads(read(mailjet(**changes).build_request(batch)).content)["Messages"]
    return said


def result(status: str = "success", code: int = 400, number: int = 9223372036854775807) -> dict[str, Any]:
    """Return what becomes of a message."""
    errors = [] if status == "success" else [{"ErrorCode": "x", "StatusCode": code, "ErrorMessage": "no"}]
    return {"Status": status, "To": [{"Email": "x@example.org", "MessageID": number}], "Errors": errors}


def test_ids_of_64_bits_are_kept() -> None:
    """Its names of messages are numbers that others would round; in the sandbox there are none."""
    response = httpx.Response(200, json={"Messages": [result(), result(number=1152921526438518655), result(number=0)]})
    receipts = mailjet().read_response(THREE, response)
    assert [receipt.message_id for receipt in receipts] == ["9223372036854775807", "1152921526438518655", ""]


def test_what_is_said_of_one_message_is_of_that_one() -> None:
    """A message that was too fast is tried again, one that was barred is refused, and one that failed is in doubt."""
    results = [result("error", 429), result("error", 403), result("error", 500)]
    receipts = mailjet().read_response(THREE, httpx.Response(400, json={"Messages": results}))
    assert [receipt.state for receipt in receipts] == [State.QUEUED, State.REFUSED, State.IN_DOUBT]


def test_an_unknown_result_is_a_doubt() -> None:
    """What is neither success nor error may be either."""
    results = [result(), result("pending"), result()]
    receipts = mailjet().read_response(THREE, httpx.Response(200, json={"Messages": results}))
    assert [receipt.state for receipt in receipts] == [State.SENT, State.IN_DOUBT, State.SENT]


def test_a_subject_that_is_too_long_is_the_editors_to_mend() -> None:
    """255 characters that are the same for all are told before anything is sent."""
    assert mailjet().build_request(nasty.batch(replace(EDITION, subject=Pattern.of_text("a" * 255))))
    with pytest.raises(ContentError, match="more than the 255 characters"):
        mailjet().build_request(nasty.batch(replace(EDITION, subject=Pattern.of_text("a" * 256))))


def test_images_are_attached_under_their_names_in_the_html() -> None:
    """An image travels inside the message, and its ContentID is what the HTML calls it."""
    (image,) = messages(nasty.batch(replace(EDITION, images=(nasty.COVER,))))[0]["InlinedAttachments"]
    assert (image["ContentID"], image["ContentType"], image["Filename"]) == ("cover", "image/png", "cover.png")


def test_tracking_is_said_in_its_words() -> None:
    """Opens and clicks are tracked only where that is asked for, whatever the account's settings are."""
    message = messages(THREE, track_opens=True)[0]
    assert (message["TrackOpens"], message["TrackClicks"]) == ("enabled", "disabled")


def test_whoever_has_no_name_has_none() -> None:
    """A blank name is left out."""
    assert [*messages(THREE)[1]["To"][0]] == ["Email"]


def test_the_log_is_asked_for_each_message() -> None:
    """Whoever is found was sent to; whoever is not found stays in doubt, as nobody says when the log is complete."""
    asked = []

    def fetch(request: httpx.Request) -> httpx.Response:
        asked.append((request.url.path, request.url.params["CustomID"], request.headers["Authorization"][:6]))
        found = [] if len(asked) == 2 else [{"ID": 576460752303423488 + len(asked), "ArrivedAt": NOW.isoformat()}]
        return httpx.Response(200, json={"Count": len(found), "Data": found, "Total": len(found)})

    receipts = mailjet().consult_log(THREE, fetch)
    assert asked == [("/v3/REST/message", custom_id, "Basic ") for custom_id in THREE.correlation_ids]
    assert [receipt.state for receipt in receipts] == [State.SENT, State.IN_DOUBT, State.SENT]
    assert receipts[2].message_id == "576460752303423491"


def _senders(request: httpx.Request) -> httpx.Response:
    assert request.url.path == "/v3/REST/sender"
    senders = [
        {"Email": "*@example.org", "Status": "Active"},
        {"Email": "editor@example.test", "Status": "Inactive"},
        {"Email": "Somebody@active.test", "Status": "Active"},
    ]
    return httpx.Response(200, json={"Count": 3, "Data": senders, "Total": 3})


@pytest.mark.parametrize(
    ("email", "good", "sentence"),
    [
        ("editor@example.org", True, "Mailjet allows example.org as a sender"),
        ("somebody@active.test", True, "Mailjet allows active.test as a sender"),
        ("nobody@active.test", False, "Mailjet does not know a sender of active.test"),
        ("editor@example.test", False, "Mailjet says that the sender is inactive"),
    ],
)
def test_the_sender_is_examined(email: str, good: bool, sentence: str) -> None:  # noqa: FBT001  # a column of a table
    """An address is a sender of its own, or its domain is one."""
    keys, found = mailjet().examine(replace(SENDER, email=email), now=NOW, fetch=_senders)
    assert keys.good
    assert (found.good, found.sentence) == (good, sentence)
