"""Mails that follow from what people do on the web, on disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest.store import Store, open_database, open_store
from digest.store.checking import check_store
from digest.store.erasing import Seal

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ANN, BOB = "Ann@example.org", "bob@example.org"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an empty store, on either kind of database."""
    with open_store(url) as store:
        yield store


def _claim(store: Store, now: datetime = NOW) -> tuple[str, int]:
    notice = store.notices.claim(now=now)
    assert notice
    return notice.email, notice.attempt


def test_each_is_claimed_once(store: Store) -> None:
    """What is claimed is nobody else's, keeps all that was said of it, and the oldest goes first."""
    store.notices.put("confirm", ANN, [7, "x"], now=NOW)
    store.notices.put("already", BOB, [2], now=NOW)
    later = NOW + timedelta(seconds=5)
    notice = store.notices.claim(now=later)
    assert notice
    assert (notice.kind, notice.email, notice.facts, notice.put_at) == ("confirm", ANN, (7, "x"), NOW)
    assert store.notices.claimed() == [notice]
    assert notice.claimed_at == later
    assert _claim(store) == (BOB, 1)
    assert store.notices.claim(now=NOW) is None
    assert store.notices.count() == 2
    assert ANN not in repr(notice)


def test_what_surely_did_not_leave_is_tried_again(store: Store) -> None:
    """It goes behind those that were tried less, so that one that never passes holds nobody up."""
    for email in (ANN, BOB):
        store.notices.put("confirm", email, [1], now=NOW)
    first = store.notices.claim(now=NOW)
    assert first
    store.notices.release(first.number)
    assert _claim(store) == (BOB, 1)
    assert _claim(store) == (ANN, 2)


def test_what_was_settled_is_over(store: Store) -> None:
    """It is never claimed again; who was written to is known for a while, and then forgotten."""
    for email, outcome in ((ANN, "sent"), (BOB, "failed")):
        store.notices.put("confirm", email, [1], now=NOW)
        notice = store.notices.claim(now=NOW)
        assert notice
        store.notices.settle(notice.number, "sent" if outcome == "sent" else "failed", reason="no such mailbox")
    assert store.notices.claim(now=NOW) is None
    assert store.notices.count() == 0
    assert store.notices.latest(ANN.upper(), "confirm") == NOW
    assert store.notices.latest(ANN, "already") is None
    assert store.notices.latest(BOB, "confirm") is None, "it did not reach them"
    store.notices.forget_done(before=NOW)
    assert store.notices.latest(ANN, "confirm")
    store.notices.forget_done(before=NOW + timedelta(seconds=1))
    assert store.notices.latest(ANN, "confirm") is None


def test_what_nobody_takes_is_given_up(store: Store) -> None:
    """After its time, a mail that is still queued has failed."""
    store.notices.put("confirm", ANN, [1], now=NOW)
    assert store.notices.give_up(before=NOW) == 0
    assert store.notices.give_up(before=NOW + timedelta(seconds=1)) == 1
    assert store.notices.claim(now=NOW) is None


def test_erasing_forgets_mails_and_wishes(url: str, store: Store) -> None:
    """Whoever is erased is written to no more, whether they were a reader or had only asked; others are."""
    for email in (ANN, BOB):
        store.notices.put("confirm", email, [1], now=NOW)
    store.subscribers.erase(ANN.lower(), seal=Seal(b"a secret that is long enough for a test"), now=NOW)
    assert _claim(store) == (BOB, 1)
    assert store.notices.claim(now=NOW) is None
    with open_database(url) as (database, _):
        assert "ann" not in repr(database.fetch_all("select * from notices")).lower()


def test_damage_is_found(url: str, store: Store) -> None:
    """A mail of which nobody can read what it is about is told."""
    store.notices.put("confirm", ANN, [1], now=NOW)
    assert check_store(url).faults == ()
    store._database.change("update notices set facts = 'x'")
    (fault,) = check_store(url).faults
    assert fault.sentence.startswith("1 sign-ups or mails")
