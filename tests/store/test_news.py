"""What is told later of messages, as both databases keep it, and as it meets a send that is under way."""

from __future__ import annotations

from datetime import timedelta
from threading import Event, Thread
from typing import TYPE_CHECKING

from mailing_room import IN_DOUBT, LATER, NOW, SENT, claim, edition, erase, fates, freeze, leave

from digest.model import EventKind, Receipt, Standing, State, Tally
from digest.store import Item, open_store

if TYPE_CHECKING:
    from datetime import datetime

    from digest.store import Frozen, Store

TAKEN = Receipt(state=State.SENT, message_id="m")


def add(
    store: Store,
    name: str,
    kind: EventKind,
    *,
    subscriber: int = 1,
    mailing: int | None = 1,
    at: datetime = NOW,
    now: datetime = LATER,
) -> bool:
    """Keep an event."""
    item = Item(kind=kind, at=at, issue="", provider="resend", original=kind.value, reason="")
    return store.news.add(name, item, subscriber=subscriber, mailing=mailing, now=now)


def test_news_of_a_reader(store: Store, frozen: Frozen) -> None:
    """They are kept in the order in which they happened, each once, counted by reader, and gone with the reader."""
    assert store.news.mailing_of(edition().fingerprint[:16]) == frozen.id
    assert store.news.mailing_of("0" * 16) is None
    assert [add(store, "a", EventKind.CLICKED, at=LATER), add(store, "b", EventKind.DELIVERED)] == [True, True]
    assert not add(store, "a", EventKind.DELIVERED)
    assert add(store, "d", EventKind.CLICKED, subscriber=2)
    assert add(store, "e", EventKind.COMPLAINED, mailing=None, at=NOW - timedelta(days=1))
    assert [(item.kind, item.issue) for item in store.news.of_reader(1)] == [
        (EventKind.COMPLAINED, ""),
        (EventKind.DELIVERED, frozen.slug),
        (EventKind.CLICKED, frozen.slug),
    ]
    assert store.news.counts(frozen) == {EventKind.DELIVERED: 1, EventKind.CLICKED: 2}
    erase(store, "ann")
    assert store.news.of_reader(1) == []
    assert store.news.counts(frozen) == {EventKind.CLICKED: 1}


def test_soft_bounces_in_a_row(store: Store, frozen: Frozen) -> None:
    """Messages count, not tries; what arrived ends the run, and so does a new consent."""
    assert (store.news.soft_bounces(1), store.news.agreed_at(1)) == (0, None)
    for name in ("a", "b"):
        add(store, name, EventKind.SOFT_BOUNCED, mailing=frozen.id)
        add(store, f"{name} unnamed", EventKind.SOFT_BOUNCED, mailing=None)
    assert store.news.soft_bounces(1) == 3
    add(store, "c", EventKind.DELIVERED, at=NOW - timedelta(days=1))
    assert store.news.soft_bounces(1) == 3
    add(store, "d", EventKind.DELIVERED)
    add(store, "e", EventKind.SOFT_BOUNCED, at=LATER)
    assert store.news.soft_bounces(1) == 1
    leave(store, "ann")
    store.subscribers._stand(1, "left", Standing.ACTIVE.value, reason="confirmed", stamp=LATER.isoformat())
    assert (store.news.soft_bounces(1), store.news.agreed_at(1)) == (0, LATER)


def test_doubts_end_one_by_one(store: Store) -> None:
    """Those who are settled are settled together, with the names that the provider gives; the sums always hold."""
    frozen = freeze(store, batch_size=4)
    with store.claims(frozen) as claims:
        claims.settle(claim(claims), [Receipt(state=State.SENT, message_id="first"), *[IN_DOUBT] * 3], now=NOW)
        assert not store.doubts.settle(frozen.id, 1, TAKEN, now=LATER)
        assert not store.doubts.settle(frozen.id, 5, TAKEN, now=LATER)
        assert store.doubts.settle(frozen.id, 3, TAKEN, now=LATER)
        assert not store.doubts.settle(frozen.id, 3, TAKEN, now=LATER)
        assert store.deliveries.tally(frozen) == Tally(sent=2, queued=1, in_doubt=2)
        ((batch, since),) = claims.reopen()
        assert (list(batch.readers.ids), since) == ([2, 4], NOW)
        assert not store.doubts.settle(frozen.id, 4, TAKEN, now=LATER)  # it is somebody's, who will look for news
        claims.doubt(batch, reason="", now=LATER)
        assert store.doubts.settle(frozen.id, 2, Receipt(state=State.REFUSED, reason="gone"), now=LATER)
        assert store.doubts.settle(frozen.id, 4, TAKEN, now=LATER)
        assert [*claims.reopen()] == []
    lines = [(line.state, line.message_id or line.reason) for line in store.deliveries.lines(frozen)]
    assert lines == [
        (State.SENT, "first"),
        (State.REFUSED, "gone"),
        (State.SENT, "m"),
        (State.SENT, "m"),
        (State.QUEUED, ""),
    ]


def test_news_before_the_doubt(store: Store, frozen: Frozen) -> None:
    """Whoever doubts looks for what was told meanwhile; that a message was dropped counts for this attempt alone."""
    with store.claims(frozen) as claims:
        first, second = claim(claims), claim(claims)
        add(store, "a", EventKind.DELIVERED, subscriber=1)
        add(store, "b", EventKind.REFUSED, subscriber=2, now=NOW - timedelta(days=1))
        add(store, "c", EventKind.REFUSED, subscriber=3)
        claims.doubt(first, reason="no answer", now=LATER)
        claims.settle(second, [IN_DOUBT, SENT], now=LATER)
    states = [State.SENT, State.IN_DOUBT, State.REFUSED, State.SENT, State.QUEUED]
    assert [*fates(store, frozen).values()] == states


def test_doubt_and_news_at_one_moment(url: str, store: Store, frozen: Frozen) -> None:
    """Two programs, one that doubts and one that is told: whoever is second finds what the other wrote."""
    told, done = Event(), Event()

    def tell() -> None:
        with open_store(url) as other:
            with other.together():
                add(other, "a", EventKind.DELIVERED)
                other.doubts.settle(frozen.id, 1, TAKEN, now=LATER)
                told.set()
                done.wait(0.2)  # until the other one waits for us, or long enough
            done.set()

    with store.claims(frozen) as claims:
        batch = claim(claims)
        thread = Thread(target=tell)
        thread.start()
        assert told.wait(10)
        claims.doubt(batch, reason="no answer", now=LATER)
        thread.join()
    assert store.deliveries.tally(frozen) == Tally(sent=1, queued=3, in_doubt=1)
