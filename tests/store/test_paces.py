"""A pace that processes share: one row, by the server's clock."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from digest.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.store import Store
    from digest.store.paces import SharedPace

RATE = 4


@pytest.fixture
def stores(postgres_url: str) -> Iterator[tuple[Store, Store]]:
    """Return the store as two processes have it."""
    with open_store(postgres_url) as one, open_store(postgres_url) as another:
        yield one, another


def pace_of(store: Store, rate: float | None = RATE, account: str = "one") -> SharedPace:
    """Return the pace of an account."""
    pace = store.paces.shared("postmark", account, rate)
    assert pace
    return pace


def test_places_follow_each_other_whoever_takes_them(stores: tuple[Store, Store]) -> None:
    """Two processes in turn get places that are a little farther apart than the exact pace would have them."""
    paces, begun = [*map(pace_of, stores)], time.monotonic()
    places = [paces[number % 2].reserve(begun) for number in range(20)]
    steps = [after - before for before, after in pairwise(places)]
    assert min(steps) > 0.95 / RATE
    assert places[-1] - places[0] == pytest.approx(19 * 1.06 / RATE, abs=0.2)
    assert pace_of(stores[0]).lag() > 4


def test_accounts_do_not_wait_for_each_other(stores: tuple[Store, Store]) -> None:
    """What one account was asked for does not hold up another."""
    one, another = pace_of(stores[0]), pace_of(stores[0], account="two")
    for _ in range(20):
        one.reserve(time.monotonic())
    another.hold_until(time.monotonic() + 100)
    assert another.reserve(time.monotonic()) > 90
    assert one.reserve(time.monotonic()) < 20


def test_a_hold_is_heard_by_all(stores: tuple[Store, Store]) -> None:
    """Who was given a place before a hold learns that it no longer counts, and gets one after it."""
    mine, yours = map(pace_of, stores)
    now = time.monotonic()
    for _ in range(3):
        mine.reserve(now)
    assert mine.stands()
    yours.hold_until(time.monotonic() + 60)
    yours.hold_until(time.monotonic() + 30)
    time.sleep(0.06)  # a place that was taken just now is not looked at again
    assert not mine.stands()
    assert mine.reserve(time.monotonic()) > 50
    time.sleep(0.06)
    assert mine.stands()


def test_without_a_rate_only_holds_count(stores: tuple[Store, Store]) -> None:
    """Where the provider names no pace nobody waits, and no row is written; but that it wants a rest is heard."""
    mine, yours = (pace_of(store, None) for store in stores)
    now = time.monotonic()
    assert [mine.reserve(now) for _ in range(100)] == [0.0] * 100
    assert mine.lag() == 0
    mine.hold_until(time.monotonic() + 60)
    assert mine.reserve(time.monotonic()) > 50
    assert yours.reserve(time.monotonic()) > 50
    assert mine.stands()


def test_a_hold_that_is_over_changes_nothing(stores: tuple[Store, Store]) -> None:
    """A moment that has passed holds nobody."""
    pace = pace_of(stores[0])
    pace.hold_until(time.monotonic() - 1)
    assert pace.reserve(time.monotonic()) < 1


def test_with_sqlite_each_process_keeps_its_own() -> None:
    """In a file there is no such row, since each request would cost one more durable write."""
    with open_store("sqlite://") as store:
        assert store.paces.shared("postmark", "one", RATE) is None
