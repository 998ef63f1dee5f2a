"""The ledger: who is in a mailing, and what a person decides about them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING

import psycopg
import pytest
from mailing_room import (
    LATER,
    NOW,
    REFUSED,
    SENT,
    SLUG,
    claim,
    claim_all,
    edition,
    erase,
    fates,
    freeze,
    leave,
    names,
    plan,
    put,
)

from digest.errors import IncompleteError
from digest.model import Delivery, Receipt, State, Tally
from digest.segments import parse_segment
from digest.store import Course, Frozen, Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgresql import Server

PRO = parse_segment("tag:pro", fields=(), timezone=UTC)


def test_audience_is_cut_in_the_order_of_ids(store: Store) -> None:
    """All active readers and nobody else are in the batches, each once, and those who join later are not."""
    leave(store, "bob")
    frozen = freeze(store)
    put(store, "late")
    with store.claims(frozen) as claims:
        assert [names(batch) for batch in claim_all(claims)] == [["ann", "cyd"], ["dan", "eve"]]
    assert store.deliveries.tally(frozen) == Tally(queued=4)


def test_given_back_by_the_provider(store: Store) -> None:
    """Who was sent a mailing that was ended, or may have been, is skipped; who was refused stays so."""
    frozen = freeze(store)
    with store.claims(frozen) as claims:
        first, second, third = claim_all(claims)
        claims.settle(first, [SENT, REFUSED], now=NOW)
        claims.settle(second, [SENT, SENT], now=NOW)
        claims.doubt(third, reason="no answer", now=NOW)
    store.ledger.cancel(frozen, now=LATER)
    assert store.ledger.take_back(frozen, now=LATER) == 4
    assert store.deliveries.tally(frozen) == Tally(refused=1, skipped=4)
    assert {name: state.value for name, state in fates(store, frozen).items()} == {
        **dict.fromkeys(("ann", "cyd", "dan", "eve"), "skipped"),
        "bob": "refused",
    }
    assert store.ledger.take_back(frozen, now=LATER) == 0


def test_mailing_for_a_segment(store: Store) -> None:
    """Only those of the segment are in it; its expression is kept."""
    put(store, "bob", "eve", tags=("pro",))
    frozen = store.ledger.freeze(plan(store, segment=PRO), now=NOW, segment=PRO)
    assert [*fates(store, frozen)] == ["bob", "eve"]


def test_mailing_for_nobody(store: Store) -> None:
    """With no active reader there is nothing to do, and nothing is left to be done."""
    leave(store, "ann", "bob", "cyd", "dan", "eve")
    frozen = freeze(store)
    assert store.deliveries.tally(frozen) == Tally()
    assert fates(store, frozen) == {}
    assert store.mailings.unfinished() == []


def test_many_readers(store: Store) -> None:
    """Who is in a mailing does not depend on the blocks in which a long list is read."""
    put(store, *(f"reader{number}" for number in range(10_001)))
    frozen = freeze(store, 3_000)
    assert store.deliveries.tally(frozen) == Tally(queued=10_006)
    with store.claims(frozen) as claims:
        assert [len(batch.readers) for batch in claim_all(claims)] == [3_000, 3_000, 3_000, 1_006]


@pytest.mark.parametrize("change", [lambda store: leave(store, "bob"), lambda store: put(store, "late")])
def test_list_that_changed_since_the_plan(store: Store, change: object) -> None:
    """A confirmation holds for the readers who were counted; with any other list, nothing is frozen."""
    agreed = plan(store)
    assert callable(change)
    change(store)
    with pytest.raises(IncompleteError, match="list of readers has changed"):
        store.ledger.freeze(agreed, now=NOW)
    assert store.mailings.find(SLUG) is None
    assert store.ledger.freeze(plan(store), now=NOW).slug == SLUG


def test_same_number_of_others(store: Store) -> None:
    """The plan is for these very readers, not for as many."""
    agreed = plan(store)
    leave(store, "bob")
    put(store, "late")
    with pytest.raises(IncompleteError):
        store.ledger.freeze(agreed, now=NOW)


def test_those_who_joined_since(store: Store, frozen: Frozen) -> None:
    """They are added in batches of their own, once; whoever was in it before, and be it as skipped, is not new."""
    leave(store, "ann")
    with store.claims(frozen) as claims:
        claims.settle(claim(claims), [SENT], now=NOW)
    put(store, "fay", "gus", "hal")
    leave(store, "gus")
    assert len(store.ledger.newcomers(frozen, None)) == 2
    assert store.ledger.extend(frozen, None) == 2
    assert store.ledger.extend(frozen, None) == 0
    assert [*fates(store, frozen)] == ["ann", "bob", "cyd", "dan", "eve", "fay", "hal"]
    with store.claims(frozen) as claims:
        assert [names(batch) for batch in claim_all(claims)] == [["cyd", "dan"], ["eve"], ["fay", "hal"]]
    assert store.deliveries.tally(frozen) == Tally(sent=1, skipped=1, queued=5)


def test_those_of_a_segment_who_joined_since(store: Store) -> None:
    """Only those of the segment are added."""
    put(store, "bob", tags=("pro",))
    frozen = store.ledger.freeze(plan(store, segment=PRO), now=NOW, segment=PRO)
    put(store, "fay", "eve", tags=("pro",))
    put(store, "gus")
    assert store.ledger.extend(frozen, PRO) == 2
    assert [*fates(store, frozen)] == ["bob", "eve", "fay"]


def test_newcomers_of_a_long_mailing(store: Store) -> None:
    """Everyone counts who is in it, however many batches there are."""
    put(store, *(f"reader{number}" for number in range(120)))
    frozen = freeze(store, 1)
    put(store, "late")
    assert store.ledger.extend(frozen, None) == 1


def test_cancelled_mailing(store: Store, frozen: Frozen) -> None:
    """Whoever is queued is skipped, with the reason; what was claimed is finished by whoever claimed it."""
    with store.claims(frozen) as claims:
        batch = claim(claims)
        store.ledger.cancel(frozen, now=LATER)
        assert claims.claim(now=LATER) is None
        claims.settle(batch, [SENT, REFUSED], now=LATER)
    assert store.deliveries.tally(frozen) == Tally(sent=1, refused=1, skipped=3)
    *_, last = store.deliveries.lines(frozen)
    assert last == Delivery(email="eve@example.org", state=State.SKIPPED, reason="cancelled", at=LATER)
    assert store.mailings.get(SLUG).course is Course.CANCELLED


def test_refused_readers_are_tried_again(store: Store) -> None:
    """They leave for a batch of their own, under another number and key; the others keep what was said of them."""
    frozen = freeze(store, 5)
    with store.claims(frozen) as claims:
        batch = claim(claims)
        named = [Receipt(state=State.SENT, message_id=f"m-{number}") for number in (1, 2, 3)]
        claims.settle(batch, [named[0], REFUSED, named[1], REFUSED, named[2]], now=NOW)
        assert store.ledger.retry(frozen) == 2
        assert store.deliveries.tally(frozen) == Tally(sent=3, queued=2)
        again = claim(claims)
        assert (names(again), again.number) == (["bob", "dan"], 2)
        assert again.key != batch.key
        claims.settle(again, [SENT, REFUSED], now=LATER)
    assert [(line.state, line.message_id) for line in store.deliveries.lines(frozen)] == [
        (State.SENT, "m-1"),
        (State.SENT, ""),
        (State.SENT, "m-2"),
        (State.REFUSED, ""),
        (State.SENT, "m-3"),
    ]
    assert store.ledger.retry(frozen) == 1
    assert store.ledger.retry(frozen) == 0


def test_refused_in_several_batches(store: Store, frozen: Frozen) -> None:
    """Everyone who was refused is tried again, wherever they were, those of a whole batch included; nobody else is."""
    with store.claims(frozen) as claims:
        first, *others = claim_all(claims)
        claims.settle(first, [REFUSED, REFUSED], now=NOW)
        for batch, receipts in zip(others, ([SENT, REFUSED], [SENT]), strict=True):
            claims.settle(batch, receipts, now=NOW)
        assert store.ledger.retry(frozen) == 3
        assert [*fates(store, frozen)] == ["ann", "bob", "cyd", "dan", "eve"]
        again, other = claim_all(claims)
    assert (names(again), names(other)) == (["ann", "bob"], ["dan"])
    assert again.key != first.key  # else a service that remembers would refuse them unread


def test_refused_reader_who_left(store: Store, frozen: Frozen) -> None:
    """Whoever left, or was erased, after they were refused is skipped when they are tried again."""
    with store.claims(frozen) as claims:
        claims.settle(claim(claims), [REFUSED, REFUSED], now=NOW)
        leave(store, "ann")
        erase(store, "bob")
        assert store.ledger.retry(frozen) == 2
        assert names(claim(claims)) == ["cyd", "dan"]
        assert claims.claim(now=LATER)
        assert claims.claim(now=LATER) is None
    assert store.deliveries.tally(frozen) == Tally(queued=3, skipped=2)


def test_nothing_was_refused(store: Store, frozen: Frozen) -> None:
    """Then nothing changes."""
    assert store.ledger.retry(frozen) == 0
    assert store.deliveries.tally(frozen) == Tally(queued=5)


@contextmanager
def _locked(server: Server, query: str) -> Iterator[None]:
    """Hold the rows that a query names, so that whoever wants to change them has to wait."""
    with psycopg.connect(server.url("letters")) as connection:
        connection.execute(query.encode())
        yield


def _wait_until_somebody_waits(server: Server) -> None:
    query = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = 'letters'"
    deadline = time.monotonic() + 10
    while server.ask(query) == [(0,)]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_refused_while_others_are_queued_again(postgres_server: Server, postgres_url: str) -> None:
    """Whoever is refused at that very moment stays refused; without the refusal, they would pass for sent."""
    with open_store(postgres_url) as store, ThreadPoolExecutor(1) as pool:
        put(store, "ann", "bob", "cyd", "dan", "eve")
        frozen = freeze(store)
        with store.claims(frozen) as claims:
            claims.settle(claim(claims), [REFUSED, SENT], now=NOW)
            batch = claim(claims)
            with _locked(postgres_server, "select 1 from batches where number = 1 for update"):
                retried = pool.submit(_retry, postgres_url)
                _wait_until_somebody_waits(postgres_server)
                claims.settle(batch, [REFUSED, SENT], now=NOW)
            assert retried.result() == 1
        assert store.deliveries.tally(frozen) == Tally(sent=2, refused=1, queued=2)


def _retry(url: str) -> int:
    with open_store(url) as store:
        return store.ledger.retry(store.mailings.get(SLUG))


def test_amended_while_it_is_under_way(store: Store, frozen: Frozen) -> None:
    """Whoever is claimed before gets what was claimed, and the others what it says now."""
    with store.claims(frozen) as claims:
        first = claim(claims)
        claims.release(first)
        store.mailings.amend(edition(subject="Stop opening tickets"), now=NOW)
        second = claim(claims)
    assert (first.edition, second.edition) == (edition(), edition(subject="Stop opening tickets"))
    assert (names(first), first.number) == (names(second), second.number)
    assert first.key != second.key
