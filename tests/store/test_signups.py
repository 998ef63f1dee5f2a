"""Wishes for the newsletter, on disk, and what makes readers of those who had one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from digest.errors import SettingsError
from digest.model import Consent, Newcomer, Standing
from digest.store import Put, Store, open_store
from digest.store.erasing import Seal
from digest.store.signups import Stage, Wish

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SEAL = Seal(b"a secret that is long enough for a test")
WISH = Wish(email="Ann@example.org", tags=("news",), source="https://example.org/", asked_from="198.51.100.7")
AGREED = Consent(
    at=NOW,
    how="confirmed by mail",
    source="https://example.org/",
    words="Yes.",
    asked_at=NOW - HOUR,
    asked_from="198.51.100.7",
    confirmed_from="198.51.100.8",
)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """Return an empty store, on either kind of database."""
    with open_store(url) as store:
        yield store


def test_wish_is_kept_until_its_time_is_over(store: Store) -> None:
    """It waits until somebody decides, unless that comes too late; from then on it has an end."""
    store.sign_ups.add(WISH, now=NOW)
    (sign_up,) = store.sign_ups.new(5)
    assert (sign_up.wish, sign_up.asked_at, sign_up.stage) == (WISH, NOW, Stage.NEW)
    assert WISH.email not in repr(sign_up)
    assert store.sign_ups.forget_old(now=NOW + 1000 * HOUR) == 0
    store.sign_ups.decide(sign_up.number, Stage.ASKED, now=NOW, forget_at=NOW + HOUR)
    assert store.sign_ups.new(5) == []
    store.sign_ups.confirm(sign_up.number)
    found = store.sign_ups.find(sign_up.number)
    assert found
    assert found.stage is Stage.CONFIRMED
    assert store.sign_ups.forget_old(now=NOW + HOUR) == 1
    assert store.sign_ups.find(sign_up.number) is None
    store.sign_ups.add(WISH, now=NOW)
    assert store.sign_ups.new(5)[0].number > sign_up.number, "an old link never leads to another's wish"
    assert store.sign_ups.give_up(before=NOW) == 0
    assert store.sign_ups.give_up(before=NOW + HOUR) == 1
    assert store.sign_ups.new(5) == []


def test_counts(store: Store) -> None:
    """How often a network asked and how many were written to are counted from a moment on."""
    for network in ("a", "a", "b"):
        store.sign_ups.add(Wish(email="ann@example.org", source="a form", network=network), now=NOW)
    assert store.sign_ups.count_of_network("a", since=NOW - HOUR) == 2
    assert store.sign_ups.count_of_network("a", since=NOW) == 0
    for sign_up, stage in zip(store.sign_ups.new(5), (Stage.ASKED, Stage.TOLD, Stage.SILENT), strict=True):
        store.sign_ups.decide(sign_up.number, stage, now=NOW, forget_at=NOW + HOUR)
    assert store.sign_ups.count_written_to(since=NOW - HOUR) == 2
    assert store.sign_ups.count_written_to(since=NOW) == 0


def _newcomer(consent: Consent = AGREED, standing: Standing = Standing.ACTIVE) -> Newcomer:
    return Newcomer(email="ann@example.org", tags=("news",), standing=standing, consent=consent)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, Standing.ACTIVE),
        (Standing.ACTIVE, Standing.ACTIVE),
        (Standing.PENDING, Standing.ACTIVE),
        (Standing.LEFT, Standing.ACTIVE),
        (Standing.BOUNCED, Standing.BOUNCED),
        (Standing.COMPLAINED, Standing.COMPLAINED),
    ],
)
def test_who_is_welcome(store: Store, before: Standing | None, after: Standing) -> None:
    """Newcomers, those who wait and those who had left; never who complained, nor an address that is dead."""
    if before:
        list(store.subscribers.put([_newcomer(Consent(source="list.csv"), before)], now=NOW))
    for _ in range(2):
        assert store.subscribers.welcome(_newcomer(), reason="asked for it", seal=SEAL, now=NOW) is after
    record = store.subscribers.record("ann@example.org")
    assert record
    assert record.subscriber.standing is after
    if after is Standing.ACTIVE:
        assert record.consent == AGREED
    changes = [change.reason for change in store.subscribers.history(record.subscriber.id)]
    assert changes == (["asked for it"] if before not in {None, after} else [])


def test_who_comes_back_agrees_anew(store: Store) -> None:
    """The consent that counts is the one that was not withdrawn; what else was known of them stays."""
    old = Consent(at=NOW - 100 * HOUR, how="at the fair", source="list.csv")
    list(store.subscribers.put([Newcomer(email="ann@example.org", name="Ann", tags=("old",), consent=old)], now=NOW))
    store.subscribers.leave("ann@example.org", now=NOW)
    store.subscribers.welcome(_newcomer(), reason="asked for it", seal=SEAL, now=NOW)
    record = store.subscribers.record("ann@example.org")
    assert record
    assert (record.consent, record.subscriber.name, record.subscriber.tags) == (AGREED, "Ann", ("old", "news"))


def test_who_was_erased_comes_back_by_their_own_word_alone(store: Store) -> None:
    """No list brings them back, and they do themselves, whichever of the secrets it was; from then on lists may."""
    store.subscribers.erase("ann@example.org", seal=SEAL, now=NOW)
    newer = Seal(b"the secret that came after the first one", (SEAL.secret,))
    assert list(store.subscribers.put([_newcomer()], now=NOW, seal=newer)) == [Put.KEPT_AWAY]
    assert store.subscribers.welcome(_newcomer(), reason="asked for it", seal=newer, now=NOW) is Standing.ACTIVE
    assert list(store.subscribers.put([_newcomer()], now=NOW, seal=newer)) == [Put.UNCHANGED]


def test_welcome_with_a_secret_that_recognises_nobody(store: Store) -> None:
    """It is a fault of the settings that is told, and nothing is done."""
    for email in ("ann@example.org", "bob@example.org"):
        store.subscribers.erase(email, seal=SEAL, now=NOW)
    other = Seal(b"another secret that is as long as the first")
    with pytest.raises(SettingsError, match="DIGEST_SECRET"):
        store.subscribers.welcome(_newcomer(), reason="asked for it", seal=other, now=NOW)
    assert store.subscribers.find("ann@example.org") is None
