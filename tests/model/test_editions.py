"""Editions, told by their fingerprints, and their messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from digest.model import Address, Edition, InlineImage, Message, Pattern, Slot, Subscriber

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
UNIQUE = "Qm3xT7"
IMAGE = InlineImage(cid="a", filename="a.png", media_type="image/png", content=b"\x89PNG")
NAME, CITY = Slot(name="name", fallback="you"), Slot(name="city")
EDITION = Edition(
    slug="first-snow",
    sender=Address(email="editor@example.org", name="Snow"),
    reply_to=Address(email="desk@example.org"),
    subject=Pattern.of_text(f"First snow, {NAME.marker}"),
    html=Pattern.of_html(f'<a href="https://example.org/{CITY.marker}">{NAME.marker}</a>'),
    text=Pattern.of_text(f"Hello {NAME.marker}"),
    headers={"List-Id": Pattern.of_text("<snow.example.org>"), "X-City": Pattern.of_text(CITY.marker)},
    images=(IMAGE,),
)
OTHERS = {
    "slug": replace(EDITION, slug="second-snow"),
    "sender": replace(EDITION, sender=Address(email="editor@example.org")),
    "reply_to": replace(EDITION, reply_to=None),
    "subject": replace(EDITION, subject=Pattern.of_text("First snow")),
    "html": replace(EDITION, html=Pattern.of_html(f"<a>{NAME.marker}</a>")),
    "text": replace(EDITION, text=Pattern.of_text("Hello")),
    "headers": replace(EDITION, headers={"List-Id": Pattern.of_text("<snow.example.org>")}),
    "images": replace(EDITION, images=(replace(IMAGE, content=b"another"),)),
    "moment": replace(EDITION, deliver_at=NOW),
    "no images": replace(EDITION, images=()),
}


def test_same_edition() -> None:
    """Two that say the same are equal, whoever made them."""
    again = replace(EDITION)
    assert again == EDITION
    assert {again} == {EDITION}
    assert EDITION.fingerprint != EDITION


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS)
def test_other_edition(other: Edition) -> None:
    """Whatever a reader could see makes it another edition."""
    assert other != EDITION
    assert other.fingerprint != EDITION.fingerprint


@pytest.mark.parametrize("edition", [EDITION, *OTHERS.values()], ids=["whole", *OTHERS])
def test_edition_comes_back(edition: Edition) -> None:
    """What was written down is read back whole: its slots, where they stand, its header fields in order, its images."""
    again = Edition.from_json(edition.to_json(), [image.content for image in edition.images])
    assert again == edition
    assert again.patterns == edition.patterns
    assert [*again.headers] == [*edition.headers]
    assert (again.sender, again.reply_to, again.images) == (edition.sender, edition.reply_to, edition.images)
    assert again.deliver_at == edition.deliver_at


def test_fields_of_an_edition() -> None:
    """Those of the reader are known, with whether something stands in; what every reader has is no further field."""
    assert EDITION.slots == {("name", True), ("city", False)}
    assert EDITION.fields == ["city"]


def test_message() -> None:
    """It is filled for its reader, value by value made safe for its place."""
    reader = Subscriber(id=1, email="ann@example.org", name="Ann & Bob", fields={"city": "Bad Ems"}, token=UNIQUE)
    message = Message(edition=EDITION, reader=reader, at=NOW)
    assert message.to == Address(email="ann@example.org", name="Ann & Bob")
    assert message.subject == "First snow, Ann & Bob"
    assert message.html == '<a href="https://example.org/Bad%20Ems">Ann &amp; Bob</a>'
    assert message.text == "Hello Ann & Bob"
    assert message.headers == {"List-Id": "<snow.example.org>", "X-City": "Bad Ems"}


def test_message_id() -> None:
    """It is the same whenever the message is built, another one for another reader or edition, and tells no token."""
    ann, bob = (Subscriber(id=1, email="ann@example.org", token=token) for token in (UNIQUE, "other"))
    first = Message(edition=EDITION, reader=ann, at=NOW).message_id
    assert Message(edition=replace(EDITION), reader=ann, at=NOW.replace(year=2027)).message_id == first
    assert Message(edition=EDITION, reader=bob, at=NOW).message_id != first
    assert Message(edition=replace(EDITION, slug="x"), reader=ann, at=NOW).message_id != first
    assert UNIQUE not in first
    assert first.endswith("@example.org>")
