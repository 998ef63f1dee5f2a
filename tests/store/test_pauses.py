"""Readers in a pause: left out of what is planned and of what is claimed, until it ends, and nothing follows later."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from mailing_room import NOW, claim, claim_all, fates, freeze, leave, names, put

from digest.model import State
from digest.segments import parse_segment
from digest.store import open_store
from digest.store.pauses import Pause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.store import Store

DAY = timedelta(days=1)
PRO = parse_segment("tag:pro", fields=(), timezone=UTC)


class Clock:
    """A clock that stands still until somebody moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """Return its moment."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    """Return a store with five readers that goes by the clock."""
    with open_store(url, clock=clock) as opened:
        put(opened, "ann", "bob", "cyd", "dan", "eve")
        yield opened


def number_of(store: Store, name: str) -> int:
    """Return a reader's number."""
    reader = store.subscribers.find(f"{name}@example.org")
    assert reader
    return reader.id


def pause(store: Store, *people: str, days: float = 30, now: datetime = NOW) -> None:
    """Let readers have a pause."""
    for name in people:
        store.pauses.put(number_of(store, name), until=now + days * DAY, now=now)


def test_paused_readers_are_left_out(store: Store, clock: Clock) -> None:
    """They are told apart from those who are not written to at all, and come back by themselves on the day."""
    pause(store, "bob", "cyd")
    leave(store, "cyd", "dan")
    audience = store.audiences.measure(None)
    assert (audience.readers, audience.excluded) == (2, {"paused": 1, "left": 2})
    assert store.pauses.count(NOW) == 1
    clock.now = NOW + 30 * DAY
    audience = store.audiences.measure(None)
    assert (audience.readers, audience.excluded) == (3, {"left": 2})
    assert store.pauses.count(clock.now) == 0


def test_paused_readers_of_a_segment(store: Store) -> None:
    """Whoever is outside of it is told so, in a pause or not."""
    put(store, "ann", "bob", tags=("pro",))
    pause(store, "bob", "cyd")
    audience = store.audiences.measure(PRO)
    assert (audience.readers, audience.excluded) == (1, {"outside the segment": 3, "paused": 1})


def test_paused_readers_are_not_looked_at(store: Store) -> None:
    """Neither a sample, nor a walk, nor a count of what is missing has them."""
    pause(store, "ann", "dan")
    assert [*store.audiences.sample(None, 2, []).emails] == ["bob@example.org", "cyd@example.org"]
    assert [len(readers) for readers in store.audiences.walk(None, 2, [])] == [2, 1]
    assert store.audiences.without_value("city", None) == 3
    assert [len(ids) for ids in store.audiences.without_consent(None)] == [3]
    pause(store, "bob", "cyd", "eve")
    assert [*store.audiences.blocks(None)] == []
    assert len(store.audiences.sample(None, 2, [])) == 0


def test_pause_between_freeze_and_claim(store: Store) -> None:
    """Who pauses while an issue waits is skipped, and the line says why; so is a batch of nobody else."""
    frozen = freeze(store)
    pause(store, "bob", "cyd", "dan")
    leave(store, "dan")
    with store.claims(frozen) as claims:
        assert names(claim(claims)) == ["ann"]
        assert names(claim(claims)) == ["eve"]
    lines = {line.email[:3]: (line.state, line.reason) for line in store.deliveries.lines(frozen)}
    assert [lines[name] for name in ("bob", "cyd", "dan")] == [
        (State.SKIPPED, "paused"),
        (State.SKIPPED, "paused"),
        (State.SKIPPED, "left"),
    ]
    assert store.deliveries.tally(frozen).total == 5


def test_nothing_follows_after_a_pause(store: Store, clock: Clock) -> None:
    """Those who were in a pause when an issue was sent are no newcomers to it later; whoever joined since is one."""
    pause(store, "bob")
    frozen = freeze(store)
    pause(store, "cyd")
    with store.claims(frozen) as claims:
        claim_all(claims)
    put(store, "fay")
    store.pauses.end(number_of(store, "bob"), now=NOW + DAY)
    clock.now = NOW + 31 * DAY
    assert store.ledger.newcomers(frozen, None) == [number_of(store, "fay")]
    assert store.ledger.extend(frozen, None) == 1
    assert fates(store, frozen).keys() == {"ann", "cyd", "dan", "eve", "fay"}


def test_pause_after_pause(store: Store) -> None:
    """One that lasts is prolonged or cut from where it began; after one that is over, another one begins."""
    ann = number_of(store, "ann")
    assert store.pauses.find(ann) is None
    assert not store.pauses.end(ann, now=NOW)
    pause(store, "ann", days=10)
    pause(store, "ann", days=2, now=NOW + DAY)
    assert store.pauses.find(ann) == Pause(since=NOW, until=NOW + 3 * DAY)
    assert store.pauses.end(ann, now=NOW + 2 * DAY)
    assert not store.pauses.end(ann, now=NOW + 2 * DAY)
    pause(store, "ann", days=1, now=NOW + 4 * DAY)
    found = store.pauses.find(ann)
    assert found == Pause(since=NOW + 4 * DAY, until=NOW + 5 * DAY)
    assert [found.holds(NOW + days * DAY) for days in (3, 4, 4.5, 5)] == [False, True, True, False]


def test_pauses_beside_readers(store: Store) -> None:
    """A walk over the list tells for each reader until when they are in a pause."""
    pause(store, "bob", days=2)
    beside = {reader.email[:3]: until for reader, until in store.pauses.beside(store.subscribers.walk(), NOW)}
    assert beside == {"ann": None, "bob": NOW + 2 * DAY, "cyd": None, "dan": None, "eve": None}
