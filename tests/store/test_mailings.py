"""Mailings: what they say, and whether they go on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mailing_room import LATER, NOW, SENT, SLUG, claim, edition, freeze, plan

from digest.errors import IncompleteError
from digest.store import Course, Frozen, Store, open_store


def test_frozen_edition_is_what_was_planned(store: Store, frozen: Frozen) -> None:
    """The edition comes back whole, images included, and so do the facts about the mailing."""
    assert store.mailings.edition(frozen.edition_id) == edition()
    assert (frozen.slug, frozen.fingerprint) == (SLUG, edition().fingerprint)
    assert (frozen.provider, frozen.segment, frozen.batch_size) == ("outbox", "", 2)
    assert (frozen.frozen_at, frozen.course) == (NOW, Course.OPEN)
    assert store.mailings.find(SLUG) == store.mailings.get(SLUG) == frozen


def test_mailing_that_was_never_begun(store: Store, frozen: Frozen) -> None:
    """One who asks may get nothing; one who is sure of it is told."""
    assert store.mailings.find("another") is None
    with pytest.raises(LookupError, match="no mailing another"):
        store.mailings.get("another")
    assert store.mailings.all() == [frozen]


def test_edition_outlives_the_process(url: str) -> None:
    """Another process reads the same edition from the database."""
    with open_store(url) as store:
        frozen = freeze(store)
    with open_store(url) as store:
        assert store.mailings.get(SLUG) == frozen
        assert store.mailings.edition(frozen.edition_id) == edition()


def test_slug_is_begun_once(store: Store, frozen: Frozen) -> None:
    """A second freeze is refused, and changes nothing."""
    with pytest.raises(IncompleteError, match="already begun"):
        store.ledger.freeze(plan(store, 1), now=LATER)
    assert store.mailings.all() == [frozen]
    assert store.deliveries.tally(frozen).total == 5


def test_amended_mailing(store: Store, frozen: Frozen) -> None:
    """It says something else from then on; what it said before is still on record."""
    other = edition(subject="Stop opening tickets")
    amended = store.mailings.amend(other, now=LATER)
    assert store.mailings.get(SLUG) == amended
    assert store.mailings.all() == [amended]
    assert (amended.id, amended.fingerprint, amended.frozen_at) == (frozen.id, other.fingerprint, NOW)
    assert store.mailings.edition(amended.edition_id) == other
    assert store.mailings.edition(frozen.edition_id) == edition()


def test_rules_that_were_let_pass(store: Store) -> None:
    """They stand with the edition that they were let pass in, and an amendment has its own."""
    frozen = store.ledger.freeze(replace(plan(store), allowed=("contrast", "gmail-clip")), now=NOW)
    assert frozen.allowed == ("contrast", "gmail-clip")
    assert store.mailings.amend(edition(subject="Stop"), now=LATER, allowed=("link-dead",)).allowed == ("link-dead",)
    assert store.mailings.amend(edition(), now=LATER).allowed == ()
    assert store.mailings.all()[0].allowed == ()


def test_nothing_to_amend(store: Store) -> None:
    """What was never begun cannot be changed, and nothing of it is kept."""
    with pytest.raises(LookupError):
        store.mailings.amend(edition(), now=NOW)
    assert store.mailings.all() == []


def test_unfinished_mailings(store: Store) -> None:
    """Something is left of a mailing while a batch is queued or claimed; what is in doubt is not to be posted."""
    settled, doubted, cancelled, paused = (freeze(store, 5, slug) for slug in ("a", "b", "c", "d"))
    assert store.mailings.unfinished() == [settled, doubted, cancelled, paused]
    with store.claims(settled) as mine, store.claims(doubted) as others:
        first, second = claim(mine), claim(others)
        assert store.mailings.unfinished() == [settled, doubted, cancelled, paused]
        mine.settle(first, [SENT] * 5, now=LATER)
        others.doubt(second, reason="no answer", now=LATER)
    store.ledger.cancel(cancelled, now=LATER)
    store.mailings.turn(paused, Course.PAUSED)
    assert [mailing.slug for mailing in store.mailings.unfinished()] == ["d"]


def test_cancelled_while_a_batch_was_claimed(store: Store, frozen: Frozen) -> None:
    """A mailing that was ended is none that waits to be sent."""
    with store.claims(frozen) as claims:
        claim(claims)
        store.ledger.cancel(frozen, now=LATER)
        assert store.mailings.unfinished() == []


def test_turns(store: Store, frozen: Frozen) -> None:
    """A mailing is paused and opened as often as somebody likes, and each is news once; what is cancelled stays so."""
    assert not store.mailings.turn(frozen, Course.OPEN)
    assert store.mailings.turn(frozen, Course.PAUSED)
    assert store.mailings.get(SLUG).course is Course.PAUSED
    assert not store.mailings.turn(frozen, Course.PAUSED)
    assert store.mailings.turn(frozen, Course.OPEN)
    assert store.mailings.turn(frozen, Course.CANCELLED)
    assert not store.mailings.turn(frozen, Course.OPEN)
    assert store.mailings.get(SLUG).course is Course.CANCELLED
