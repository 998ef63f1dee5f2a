"""Syncs: when it was last taken over to whom a provider no longer writes, and why each of them stands as they do."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mailing_room import LATER, NOW, leave

from digest.model import Consent, Newcomer, Standing
from digest.store import Put, Sync, open_database, open_store
from digest.store.checking import check_store
from digest.store.copying import copy_store

if TYPE_CHECKING:
    from pathlib import Path

    from digest.store import Store

SYNC = Sync(provider="mailgun", account="eu", at=NOW, read=3, taken_off=1)
CONSENT = Consent(source="suppressions of mailgun")


def test_last_sync_of_each_provider(url: str) -> None:
    """Another process reads when each provider was last asked, and nothing of another account's."""
    with open_store(url) as store:
        assert store.syncs.last("mailgun", "eu") is None
        store.syncs.keep(SYNC)
        store.syncs.keep(replace(SYNC, at=LATER, read=4, account="us"))
        store.syncs.keep(replace(SYNC, provider="resend"))
    with open_store(url) as store:
        assert store.syncs.last("mailgun", "us") == replace(SYNC, at=LATER, read=4, account="us")
        assert store.syncs.last("mailgun", "eu") is None
        assert store.syncs.last("resend", "eu") == replace(SYNC, provider="resend")


def test_sync_that_ended_late(store: Store) -> None:
    """Of two at once, the one that began later counts, however they ended."""
    store.syncs.keep(SYNC)
    store.syncs.keep(replace(SYNC, at=NOW - timedelta(hours=1)))
    assert store.syncs.last("mailgun", "eu") == SYNC


def test_store_with_syncs_is_copied_and_well(url: str, tmp_path: Path) -> None:
    """A copy knows them, too, and a store is not called broken for them, unless a moment cannot be read."""
    with open_store(url) as store:
        store.syncs.keep(SYNC)
    other = f"sqlite:///{tmp_path}/other.db"
    assert copy_store(url, other)["syncs"] == 1
    with open_store(other) as copied:
        assert copied.syncs.last("mailgun", "eu") == SYNC
    assert not check_store(other).faults
    with open_database(other) as (database, _), database.transaction():
        database.change("update syncs set at = 'yesterday'")
    (fault,) = check_store(other).faults
    assert "the suppressions of mailgun" in str(fault)


def test_each_has_a_reason_of_their_own(store: Store) -> None:
    """The history of each reader tells why they were taken off; who stood worse already, stands as before."""
    leave(store, "dan", standing=Standing.COMPLAINED)
    told = {
        "ann": (Standing.BOUNCED, "mailgun: 550"),
        "bob": (Standing.LEFT, "mailgun: unsubscribes"),
        "dan": (Standing.LEFT, "mailgun: unsubscribes"),
        "gus": (Standing.BOUNCED, "mailgun: 551"),
        "eve": (Standing.LEFT, ""),
    }
    newcomers = [
        Newcomer(email=f"{name}@example.org", standing=standing, reason=reason, consent=CONSENT)
        for name, (standing, reason) in told.items()
    ]
    outcomes = [*store.subscribers.put(newcomers, now=LATER, reason="a sync")]
    assert outcomes == [Put.TAKEN_OFF, Put.TAKEN_OFF, Put.KEPT_AWAY, Put.KEPT_AWAY, Put.TAKEN_OFF]
    assert {name: _last_reason(store, name) for name in told} == {
        "ann": "mailgun: 550",
        "bob": "mailgun: unsubscribes",
        "dan": "test",
        "gus": "",
        "eve": "a sync",
    }


def _last_reason(store: Store, name: str) -> str:
    reader = store.subscribers.find(f"{name}@example.org")
    assert reader
    history = store.subscribers.history(reader.id)
    return history[-1].reason if history else ""


def test_who_stands_on_two_lists(store: Store) -> None:
    """The word that says more counts, in whatever order the lists come, and the history says why."""
    for name, standings in {
        "ann": (Standing.BOUNCED, Standing.COMPLAINED),
        "bob": (Standing.COMPLAINED, Standing.BOUNCED),
        "cyd": (Standing.LEFT, Standing.BOUNCED),
    }.items():
        newcomers = [
            Newcomer(email=f"{name}@example.org", standing=standing, reason=standing.value, consent=CONSENT)
            for standing in standings
        ]
        assert [*store.subscribers.put(newcomers, now=LATER)] == [Put.TAKEN_OFF, Put.KEPT_AWAY]
    assert [_last_reason(store, name) for name in ("ann", "bob", "cyd")] == ["complained", "complained", "left"]
