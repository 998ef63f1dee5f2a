"""What becomes of a batch whose process dies, or meets another one: nobody claims it twice, and somebody goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from mailing_room import (
    AGAIN,
    LATER,
    NOW,
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
    put,
)

from digest.model import Receipt, Tally
from digest.store import Frozen, Store, open_store

if TYPE_CHECKING:
    from digest.model import Batch
    from digest.store import Claims

CLAIM = """
import sys, time
from datetime import datetime, UTC
from digest.store import open_store
with open_store(sys.argv[1]) as store:
    with store.claims(store.mailings.get("past-the-plateau")) as claims:
        batch = claims.claim(now=datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC))
        print(batch.key, flush=True)
        time.sleep(60)
"""


def _claim_and_die(store: Store, frozen: Frozen) -> list[Batch]:
    with store.claims(frozen) as claims:
        return claim_all(claims)


def test_orphans_are_taken_on_as_they_were(store: Store, frozen: Frozen) -> None:
    """The same edition, readers, moment and key come back, even if one has left or a reader's tags have changed."""
    batches = _claim_and_die(store, frozen)
    store.mailings.amend(edition(subject="Stop opening tickets"), now=NOW)
    leave(store, "ann")
    put(store, "bob", tags=("x",))
    with store.claims(store.mailings.get(SLUG)) as claims:
        assert [*claims.adopt()] == [(batch, True) for batch in batches]
        assert [*claims.adopt()] == []
        claims.settle(batches[0], [SENT, SENT], now=LATER)
    assert store.deliveries.tally(frozen) == Tally(sent=2, queued=3)


def test_orphans_that_differ(store: Store, frozen: Frozen) -> None:
    """With a changed name or field, or a forgotten reader, the bytes would be others; that is said beside the batch."""
    _claim_and_die(store, frozen)
    put(store, "bob", name="Bob")
    put(store, "eve", city="Ulm")
    erase(store, "cyd")
    with store.claims(frozen) as claims:
        assert [(names(batch), same) for batch, same in claims.adopt()] == [
            (["ann", "bob"], False),
            (["dan"], False),
            (["eve"], False),
        ]


def test_orphans_are_taken_on_by_one(store: Store, frozen: Frozen) -> None:
    """Of two that look at the same time, each orphan goes to one."""
    _claim_and_die(store, frozen)
    with store.claims(frozen) as claims, store.claims(frozen) as others:
        mine, theirs = claims.adopt(), others.adopt()
        assert [next(some)[0].number for some in (mine, theirs, mine)] == [1, 2, 3]
        assert [*mine] == [*theirs] == []


def test_taken_on_again(store: Store, frozen: Frozen) -> None:
    """An orphan whose second claimant dies, too, is an orphan again, with the key and the moment of the first."""
    batches = _claim_and_die(store, frozen)
    for _ in range(2):
        with store.claims(frozen) as claims:
            assert [batch for batch, _ in claims.adopt()] == batches


def test_forgotten_reader_of_an_orphan(store: Store, frozen: Frozen) -> None:
    """Whoever was erased while their batch was claimed has a line all the same, when it is settled and until then."""
    _claim_and_die(store, frozen)
    erase(store, "ann")
    with store.claims(frozen) as claims:
        batch, _ = next(claims.adopt())
        claims.doubt(batch, reason="it cannot be built again", now=NOW)
        assert store.deliveries.tally(frozen) == Tally(in_doubt=2, queued=3)
        ((batch, _),) = claims.reopen()
        claims.settle(batch, [SENT], now=NOW)
    assert store.deliveries.tally(frozen) == Tally(sent=1, skipped=1, queued=3)
    assert next(store.deliveries.lines(frozen)).reason == "forgotten"


def _orphans(claims: Claims) -> list[tuple[Batch, bool]]:
    """Give a server the moment that it needs to see that a connection has ended."""
    return next((found for _ in range(1_000) if (found := [*claims.adopt()])), [])


def test_killed_after_the_claim(url: str) -> None:
    """A process that is killed between claim and settle leaves an orphan, which the next one takes on as it was."""
    with open_store(url) as store:
        put(store, "ann", "bob", "cyd")
        frozen = freeze(store)
        with subprocess.Popen([sys.executable, "-c", CLAIM, url], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            key = process.stdout.readline().strip()
            with store.claims(frozen) as claims:
                assert [*claims.adopt()] == []
            process.kill()
        assert process.returncode == -signal.SIGKILL
        with store.claims(frozen) as claims:
            ((batch, same),) = _orphans(claims)
        assert (batch.key, batch.at, names(batch), same) == (key, NOW, ["ann", "bob"], True)
        assert store.deliveries.tally(frozen) == Tally(queued=3)


def _work(url: str, begin: Barrier, answers: list[Receipt]) -> list[str]:
    """Claim and settle as a program of its own would, until nothing is left; return who was in the batches."""
    written = []
    with open_store(url) as store, store.claims(store.mailings.get(SLUG)) as claims:
        begin.wait(timeout=10)
        while batch := claims.claim(now=NOW):
            written += names(batch)
            claims.settle(batch, answers[: len(batch.readers)], now=LATER)
    return written


@pytest.mark.parametrize(("answers", "times"), [([SENT, SENT], 1), ([SENT, AGAIN], 2)])
def test_several_at_once(url: str, answers: list[Receipt], times: int) -> None:
    """Programs that share a mailing claim every batch, and none of them twice, those that came of others included."""
    readers = [f"reader{number}" for number in range(60)]
    with open_store(url) as store, ThreadPoolExecutor(3) as pool:
        put(store, *readers)
        frozen = freeze(store)
        begin = Barrier(3)
        works = [pool.submit(_work, url, begin, answers) for _ in range(3)]
        written = Counter(name for work in works for name in work.result())
        # A program that finds all that is queued in the hands of others ends; whoever came last has finished it.
        assert written == {name: times if number % 2 else 1 for number, name in enumerate(readers)}
        assert store.deliveries.tally(frozen) == Tally(sent=60)


def test_newcomers_while_others_are_queued_again(url: str) -> None:
    """Batches that one program adds and those that another one parts do not get into each other's way."""
    with open_store(url) as store, ThreadPoolExecutor(1) as pool:
        put(store, *(f"reader{number}" for number in range(60)))
        frozen = freeze(store)
        begin = Barrier(2)
        work = pool.submit(_work, url, begin, [SENT, AGAIN])
        begin.wait(timeout=10)
        for number in range(20):
            put(store, f"late{number}")
            assert store.ledger.extend(frozen, None) == 1
        work.result()
        assert store.deliveries.tally(frozen).total == 80
        assert len(fates(store, frozen)) == 80


def test_one_leaves_and_the_other_goes_on(url: str) -> None:
    """What a program leaves behind is taken on by another one, which was there all the time."""
    with open_store(url) as store, open_store(url) as other:
        put(store, "ann", "bob", "cyd", "dan", "eve")
        frozen = freeze(store)
        with other.claims(other.mailings.get(SLUG)) as theirs:
            with store.claims(frozen) as mine:
                batches = [claim(mine), claim(mine)]
                assert names(claim(theirs)) == ["eve"]
                assert [*theirs.adopt()] == []
            assert [*theirs.adopt()] == [(batch, True) for batch in batches]
            for batch in batches:
                theirs.settle(batch, [SENT, SENT], now=LATER)
        assert store.deliveries.tally(frozen) == Tally(sent=4, queued=1)
