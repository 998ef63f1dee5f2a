"""Ledgers of the first digest: a database that it left in the middle of its work goes on where it was."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import pytest
from mailing_room import LATER, NOW, SLUG, claim, edition, names

from digest.model import Delivery, State, Tally
from digest.store import Course, open_database, open_store
from digest.store.database import Dialect, to_stamp
from digest.store.packing import pack, pack_texts
from digest.store.schema import migrate, read_migrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from digest.store import Store
    from digest.store.database import Database

READERS = ("ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ida", "jon")
_READER = """
insert into subscribers (key, email, name, fields, tags, standing, token, source, added_at, changed_at)
values (:email, :email, '', '{}', '[]', 'active', :email, 'list.csv', :now, :now)
"""
_EDITION = """
insert into editions (slug, fingerprint, provider, frozen_at, content)
values (:slug, :fingerprint, 'outbox', :now, :content)
"""
_IMAGE = "insert into edition_images (edition_id, position, content) values (1, 0, :content)"
_BATCH = """
insert into batches (edition_id, number, state, count, first, last, claimed_at, claimant, key, digest, settled_at,
    reason, readers, message_ids)
values (1, :number, :state, :count, :first, :last, :claimed_at, :claimant, :key, :digest, :settled_at, :reason,
    :readers, :message_ids)
"""
_OUTCOME = """
insert into outcomes (edition_id, subscriber_id, state, reason, at) values (1, :reader, :state, :reason, :now)
"""


def _batch(number: int, state: str, ids: list[int], **more: object) -> dict[str, object]:
    """Return the row of a batch; one that is not queued was claimed before."""
    past = {"claimed_at": to_stamp(NOW), "claimant": "host 1", "key": f"key-{number}", "digest": b"an old one"}
    return {
        **(dict.fromkeys(past) if state == "queued" else past),
        "number": number,
        "state": state,
        "count": len(ids),
        "first": ids[0],
        "last": ids[-1],
        "settled_at": to_stamp(LATER) if state in {"settled", "in_doubt"} else None,
        "reason": "",
        "readers": pack(ids),
        "message_ids": None,
        **more,
    }


# Bob was refused, cyd had left, dan is to be tried again.
BATCHES = (
    _batch(1, "settled", [1, 2], message_ids=pack_texts(["m-1", ""])),
    _batch(2, "settled", [5], first=3, last=5, message_ids=pack_texts(["m-5"])),
    _batch(3, "in_doubt", [6, 7], reason="the connection broke"),
    _batch(4, "claimed", [8, 9]),
    _batch(5, "queued", [10]),
    _batch(6, "queued", [4], first=3, last=5),
)
OUTCOMES = ((2, "refused", "mailbox is gone"), (3, "skipped", "left"))


def _leave_behind(database: Database) -> None:
    """Write down what the first digest had done of one mailing."""
    now = to_stamp(NOW)
    database.change_many(_READER, ({"email": f"{name}@example.org", "now": now} for name in READERS))
    frozen = edition()
    content = zlib.compress(frozen.to_json().encode())
    database.change(_EDITION, slug=SLUG, fingerprint=frozen.fingerprint, content=content, now=now)
    database.change(_IMAGE, content=zlib.compress(frozen.images[0].content))
    database.change_many(_BATCH, BATCHES)
    outcomes = ({"reader": reader, "state": state, "reason": reason} for reader, state, reason in OUTCOMES)
    database.change_many(_OUTCOME, ({**outcome, "now": now} for outcome in outcomes))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a store that the first digest made and this one opened."""
    url = f"sqlite:///{tmp_path}/digest.db"
    with open_database(url) as (database, _):
        migrate_to_first = read_migrations(Dialect.SQLITE)[:1]
        migrate(database, migrate_to_first)
        with database.transaction():
            _leave_behind(database)
    with open_store(url) as opened:
        yield opened


def test_mailing_comes_through(store: Store) -> None:
    """It is open, and says what it said."""
    frozen = store.mailings.get(SLUG)
    assert (frozen.provider, frozen.segment, frozen.course, frozen.frozen_at) == ("outbox", "", Course.OPEN, NOW)
    assert frozen.allowed == ()
    assert store.mailings.edition(frozen.edition_id) == edition()
    assert store.mailings.unfinished() == [frozen]


def test_everyone_stands_as_they_stood(store: Store) -> None:
    """Each reader has their line, in the order of the list, and the tally is their sum."""
    frozen = store.mailings.get(SLUG)
    assert [*store.deliveries.lines(frozen)] == [
        Delivery(email="ann@example.org", state=State.SENT, message_id="m-1", at=LATER),
        Delivery(email="bob@example.org", state=State.REFUSED, reason="mailbox is gone", at=NOW),
        Delivery(email="cyd@example.org", state=State.SKIPPED, reason="left", at=NOW),
        Delivery(email="dan@example.org", state=State.QUEUED),
        Delivery(email="eve@example.org", state=State.SENT, message_id="m-5", at=LATER),
        Delivery(email="fay@example.org", state=State.IN_DOUBT, reason="the connection broke", at=LATER),
        Delivery(email="gus@example.org", state=State.IN_DOUBT, reason="the connection broke", at=LATER),
        Delivery(email="hal@example.org", state=State.QUEUED),
        Delivery(email="ida@example.org", state=State.QUEUED),
        Delivery(email="jon@example.org", state=State.QUEUED),
    ]
    assert store.deliveries.tally(frozen) == Tally(sent=2, refused=1, skipped=1, queued=4, in_doubt=2)


def test_work_goes_on(store: Store) -> None:
    """What was queued is claimed; what was claimed is taken on under its key, and not held to be the same bytes."""
    frozen = store.mailings.get(SLUG)
    with store.claims(frozen) as claims:
        assert [names(claim(claims)) for _ in range(2)] == [["jon"], ["dan"]]
        ((batch, same),) = claims.adopt()
        assert (names(batch), batch.key, batch.at, batch.edition, same) == (
            ["hal", "ida"],
            "key-4",
            NOW,
            edition(),
            False,
        )
        ((doubted, since),) = claims.reopen()
        assert (names(doubted), since) == (["fay", "gus"], LATER)


def test_refused_reader_is_tried_again(store: Store) -> None:
    """Who was refused before leaves the others of their batch behind, with the names that the provider gave them."""
    frozen = store.mailings.get(SLUG)
    assert store.ledger.retry(frozen) == 1
    lines = {line.email.partition("@")[0]: line for line in store.deliveries.lines(frozen)}
    assert lines["bob"].state is State.QUEUED
    assert (lines["ann"].state, lines["ann"].message_id) == (State.SENT, "m-1")
    assert [*lines] == [*READERS]


def test_everyone_was_in_it(store: Store) -> None:
    """Nobody of the old mailing is new to it."""
    frozen = store.mailings.get(SLUG)
    assert store.ledger.newcomers(frozen, None) == []
    reader = store.subscribers.find("dan@example.org")
    assert reader
    assert [(slug, line.state) for slug, line in store.deliveries.of_reader(reader.id)] == [(SLUG, State.QUEUED)]
