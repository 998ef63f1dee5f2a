"""What a process that sends does with a mailing: each batch is claimed once, and has one fate."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from mailing_room import (
    AGAIN,
    IN_DOUBT,
    LATER,
    NOW,
    REFUSED,
    SENT,
    SKIPPED,
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

from digest.errors import IncompleteError
from digest.model import Delivery, Receipt, Standing, State, Tally
from digest.store import Course, Frozen, Store, open_store


def test_batch_is_claimed_once(store: Store, frozen: Frozen) -> None:
    """A claim says who, when and under which key; each batch is claimed in its turn, and then there is none."""
    berlin = timezone(timedelta(hours=1))
    with store.claims(frozen) as claims:
        batch = claims.claim(now=NOW.astimezone(berlin))
        assert batch
        assert (batch.edition, batch.number, names(batch)) == (edition(), 1, ["ann", "bob"])
        assert (batch.at, batch.at.tzinfo) == (NOW, UTC)
        assert [names(batch) for batch in claim_all(claims)] == [["cyd", "dan"], ["eve"]]
        assert claims.claim(now=LATER) is None
    assert store.deliveries.tally(frozen) == Tally(queued=5)


def test_one_batch_alone(store: Store, frozen: Frozen) -> None:
    """Whoever is told to work on one batch claims that one, takes on no other, and knows when nothing is left of it."""
    with store.claims(frozen) as claims:
        one = claims.only(2)
        assert one.waits()
        batch = one.claim(now=NOW)
        assert batch
        assert names(batch) == ["cyd", "dan"]
        assert one.claim(now=NOW) is None
        assert one.waits()
        one.settle(batch, [SENT, AGAIN], now=LATER)
        assert not one.waits()
        assert [names(batch) for batch in claim_all(claims)] == [["ann", "bob"], ["eve"], ["dan"]]
    with store.claims(frozen) as others:
        assert [batch.number for batch, _ in others.only(3).adopt()] == [3]
        assert [batch.number for batch, _ in others.adopt()] == [1, 4]


def test_one_batch_of_a_held_mailing(store: Store, frozen: Frozen) -> None:
    """A mailing that is held for all says why, and nothing of it leaves until somebody opens it again."""
    assert store.mailings.hold(frozen, "no money is left")
    assert not store.mailings.hold(frozen, "another one failed, too")
    assert store.mailings.why_held(frozen) == "no money is left"
    with store.claims(frozen) as claims:
        assert not claims.only(1).waits()
        assert claims.only(1).claim(now=NOW) is None
        assert store.mailings.turn(frozen, Course.OPEN)
        assert claims.only(1).waits()
    assert store.mailings.why_held(frozen) == ""


def _keys(store: Store, now: datetime) -> list[str]:
    with store.claims(freeze(store)) as claims:
        return [batch.key for batch in iter(lambda: claims.claim(now=now), None)]


def test_key_is_the_same_on_every_machine(url: str) -> None:
    """The key depends on the edition, the number and the readers' values, and on no moment and no id."""
    with open_store(url) as store, open_store("sqlite://") as other:
        put(store, "first")
        leave(store, "first")
        for one in (store, other):
            put(one, "ann", "bob", "cyd", "dan")
        for one in (store, other):  # as if both had taken on the same list
            one.subscribers._database.change("update subscribers set token = key")
        keys = _keys(store, NOW)
        assert _keys(other, LATER) == keys
        assert len({*keys}) == 2


@pytest.mark.parametrize(("name", "city"), [("Ann", ""), ("", "Ulm")])
def test_other_values_have_another_key(store: Store, frozen: Frozen, name: str, city: str) -> None:
    """What is claimed anew with other values is another request; it must not pass for the one before."""
    with store.claims(frozen) as claims:
        before = claim(claims)
        claims.release(before)
        put(store, "ann", name=name, city=city)
        after = claim(claims)
        assert after.number == before.number
        assert after.key != before.key


def test_paused_mailing(store: Store, frozen: Frozen) -> None:
    """Nothing is claimed until it is open again; what was claimed before is settled as ever."""
    with store.claims(frozen) as claims:
        batch = claim(claims)
        store.mailings.turn(frozen, Course.PAUSED)
        assert claims.claim(now=NOW) is None
        claims.settle(batch, [SENT, SENT], now=NOW)
        store.mailings.turn(frozen, Course.OPEN)
        assert names(claim(claims)) == ["cyd", "dan"]


def test_settled_batch(store: Store, frozen: Frozen) -> None:
    """Everyone in it was sent it, at that moment, under the provider's own name where it gave one."""
    with store.claims(frozen) as claims:
        claims.settle(claim(claims), [Receipt(state=State.SENT, message_id="m-1"), SENT], now=LATER)
    assert store.deliveries.tally(frozen) == Tally(sent=2, queued=3)
    assert [*store.deliveries.lines(frozen)] == [
        Delivery(email="ann@example.org", state=State.SENT, message_id="m-1", at=LATER),
        Delivery(email="bob@example.org", state=State.SENT, at=LATER),
        Delivery(email="cyd@example.org", state=State.QUEUED),
        Delivery(email="dan@example.org", state=State.QUEUED),
        Delivery(email="eve@example.org", state=State.QUEUED),
    ]


def test_reader_who_leaves_after_the_freeze_is_skipped(store: Store, frozen: Frozen) -> None:
    """Between freeze and claim a reader may leave, bounce or be erased; the line says which."""
    leave(store, "ann")
    leave(store, "eve", standing=Standing.BOUNCED)
    erase(store, "cyd")
    with store.claims(frozen) as claims:
        assert [names(batch) for batch in claim_all(claims)] == [["bob"], ["dan"]]
    assert store.deliveries.tally(frozen) == Tally(skipped=3, queued=2)
    lines = [*store.deliveries.lines(frozen)]
    assert len(lines) == 5
    assert lines[0] == Delivery(email="ann@example.org", state=State.SKIPPED, reason="left", at=NOW)
    assert lines[2] == Delivery(email="", state=State.SKIPPED, reason="forgotten", at=NOW)
    assert lines[4] == Delivery(email="eve@example.org", state=State.SKIPPED, reason="bounced", at=NOW)


def test_batch_whose_readers_have_all_left(store: Store, frozen: Frozen) -> None:
    """There is nothing to post of it; the next one is claimed."""
    leave(store, "ann", "bob")
    with store.claims(frozen) as claims:
        assert names(claim(claims)) == ["cyd", "dan"]
        leave(store, "eve")
        assert claims.claim(now=NOW) is None
    assert store.deliveries.tally(frozen) == Tally(skipped=3, queued=2)


def test_partly_refused_batch(store: Store) -> None:
    """Each reader gets their own fate, with its reason; who is to be tried again, or in doubt, gets another batch."""
    frozen = freeze(store, 5)
    first, second = (Receipt(state=State.SENT, message_id=f"m-{number}") for number in (1, 2))
    with store.claims(frozen) as claims:
        claims.settle(claim(claims), [REFUSED, AGAIN, first, IN_DOUBT, second], now=LATER)
        assert names(claim(claims)) == ["bob"]
    assert store.deliveries.tally(frozen) == Tally(sent=2, refused=1, queued=1, in_doubt=1)
    assert [*store.deliveries.lines(frozen)] == [
        Delivery(email="ann@example.org", state=State.REFUSED, reason="mailbox is gone", at=LATER),
        Delivery(email="bob@example.org", state=State.QUEUED, reason="too many requests", at=LATER),
        Delivery(email="cyd@example.org", state=State.SENT, message_id="m-1", at=LATER),
        Delivery(email="dan@example.org", state=State.IN_DOUBT, reason="no answer", at=LATER),
        Delivery(email="eve@example.org", state=State.SENT, message_id="m-2", at=LATER),
    ]


def test_tried_again_under_a_number_of_its_own(store: Store, frozen: Frozen) -> None:
    """Whoever is to be tried again is posted under a new number and key, behind the others, until it is done."""
    posted = []
    with store.claims(frozen) as claims:
        while batch := claims.claim(now=NOW):
            posted.append((batch.number, names(batch), batch.key))
            first_try = batch.number < 3
            claims.settle(batch, [SENT, AGAIN] if first_try else [SENT] * len(batch.readers), now=LATER)
    assert [(number, who) for number, who, _ in posted] == [
        (1, ["ann", "bob"]),
        (2, ["cyd", "dan"]),
        (3, ["eve"]),
        (4, ["bob"]),
        (5, ["dan"]),
    ]
    assert len({key for _, _, key in posted}) == 5
    assert [*fates(store, frozen)] == ["ann", "bob", "cyd", "dan", "eve"]
    assert store.deliveries.tally(frozen) == Tally(sent=5)


def test_provider_that_skips(store: Store, frozen: Frozen) -> None:
    """A provider may say that it did not write, because its own list forbids it."""
    with store.claims(frozen) as claims:
        claims.settle(claim(claims), [SKIPPED, SENT], now=LATER)
    assert store.deliveries.tally(frozen) == Tally(sent=1, skipped=1, queued=3)
    line = next(store.deliveries.lines(frozen))
    assert line == Delivery(email="ann@example.org", state=State.SKIPPED, reason="suppressed", at=LATER)


@pytest.mark.parametrize("receipts", [[], [SENT], [SENT] * 3])
def test_every_reader_needs_a_receipt(store: Store, frozen: Frozen, receipts: list[Receipt]) -> None:
    """An answer for too few or too many settles nothing."""
    with store.claims(frozen) as claims:
        batch = claim(claims)
        with pytest.raises(ValueError, match="zip"):
            claims.settle(batch, receipts, now=LATER)
        claims.settle(batch, [SENT, SENT], now=LATER)


def test_halved_batch(store: Store) -> None:
    """Its readers are queued again in two batches behind all others, with nobody missing."""
    put(store, "ann", "bob", "cyd", "dan", "eve")
    frozen = freeze(store, batch_size=3)
    with store.claims(frozen) as claims:
        batch = claim(claims)
        leave(store, "bob")
        claims.halve(batch, reason="too large", now=LATER)
        assert store.deliveries.tally(frozen) == Tally(queued=5)
        assert [names(batch) for batch in claim_all(claims)] == [["dan", "eve"], ["ann"], ["cyd"]]
        with pytest.raises(IncompleteError):
            claims.halve(batch, reason="too large", now=LATER)
    assert store.deliveries.tally(frozen) == Tally(queued=4, skipped=1)


def test_released_batch_is_queued_as_it_was(store: Store, frozen: Frozen) -> None:
    """What surely did not happen is claimed anew; those who left in between drop out, without a second line."""
    with store.claims(frozen) as claims:
        batch = claim(claims)
        claims.release(batch)
        again = claims.claim(now=LATER)
        assert again
        assert (again.number, again.readers, again.at) == (1, batch.readers, LATER)
        assert again.key != batch.key  # in its bytes there is another moment
        claims.release(again)
        leave(store, "bob")
        third = claim(claims)
        assert (third.number, names(third)) == (1, ["ann"])
    assert store.deliveries.tally(frozen) == Tally(skipped=1, queued=4)


def test_batch_in_doubt(store: Store, frozen: Frozen) -> None:
    """Where nobody knows, each of its readers is in doubt, with the reason, and nobody is posted to again."""
    with store.claims(frozen) as claims:
        claims.doubt(claim(claims), reason="the connection broke", now=LATER)
        line = next(store.deliveries.lines(frozen))
        expected = Delivery(email="ann@example.org", state=State.IN_DOUBT, reason="the connection broke", at=LATER)
        assert line == expected
        assert [names(batch) for batch in claim_all(claims)] == [["cyd", "dan"], ["eve"]]
    with store.claims(frozen) as claims:
        assert [batch.number for batch, _ in claims.adopt()] == [2, 3]
    assert store.deliveries.tally(frozen) == Tally(queued=3, in_doubt=2)


def _doubt_all(store: Store, frozen: Frozen) -> None:
    with store.claims(frozen) as claims:
        for batch in claim_all(claims):
            claims.doubt(batch, reason="the connection broke", now=NOW)


def test_doubts_are_settled(store: Store, frozen: Frozen) -> None:
    """Batches in doubt come back one by one, as they were; some are settled, some queued again, some stay in doubt."""
    _doubt_all(store, frozen)
    with store.claims(frozen) as claims:
        for batch, since in claims.reopen():
            assert since == NOW
            if batch.number == 1:
                claims.settle(batch, [SENT, SENT], now=LATER)
            elif batch.number == 2:
                claims.release(batch)
            else:
                claims.doubt(batch, reason="", now=LATER)
        ((batch, since),) = claims.reopen()
        assert (names(batch), since) == (["eve"], NOW)
        claims.doubt(batch, reason="", now=LATER)
    assert store.deliveries.tally(frozen) == Tally(sent=2, queued=2, in_doubt=1)
    *_, last = store.deliveries.lines(frozen)
    assert (last.reason, last.at) == ("the connection broke", NOW)
    assert next(store.deliveries.lines(frozen)).reason == ""


def test_doubts_are_settled_by_one(store: Store, frozen: Frozen) -> None:
    """What one process has begun to settle, another one leaves alone while the first one lives."""
    _doubt_all(store, frozen)
    with store.claims(frozen) as claims, store.claims(frozen) as others:
        mine, theirs = claims.reopen(), others.reopen()
        assert [next(some)[0].number for some in (mine, theirs, mine)] == [1, 2, 3]
        assert [*mine] == [*theirs] == []
        assert [*others.adopt()] == []


def test_reader_in_doubt_alone(store: Store) -> None:
    """One reader of a batch may be in doubt; they are settled by themselves, and the others are not touched."""
    frozen = freeze(store, 5)
    with store.claims(frozen) as claims:
        claims.settle(claim(claims), [SENT, SENT, IN_DOUBT, REFUSED, IN_DOUBT], now=NOW)
        ((batch, _),) = claims.reopen()
        assert (batch.number, names(batch)) == (2, ["cyd", "eve"])
        claims.settle(batch, [SENT, AGAIN], now=LATER)
        assert store.deliveries.tally(frozen) == Tally(sent=3, refused=1, queued=1)
        assert names(claim(claims)) == ["eve"]


def test_only_a_claimed_batch_can_be_ended(store: Store, frozen: Frozen) -> None:
    """Whoever has lost a batch to another process may not write down its end, and what they tried leaves no trace."""
    with store.claims(frozen) as claims:
        batch = claim(claims)
        claims.settle(batch, [SENT, AGAIN], now=LATER)
        with pytest.raises(IncompleteError, match="no longer ours"):
            claims.settle(batch, [REFUSED, AGAIN], now=LATER)
        with pytest.raises(IncompleteError, match="no longer ours"):
            claims.release(batch)
        with pytest.raises(IncompleteError, match="no longer ours"):
            claims.doubt(batch, reason="", now=LATER)
    assert store.deliveries.tally(frozen) == Tally(sent=1, queued=4)


def test_nobody_ends_what_another_has_claimed(store: Store, frozen: Frozen) -> None:
    """A batch belongs to whoever claimed it, and to nobody else that lives."""
    with store.claims(frozen) as claims, store.claims(frozen) as others:
        batch = claim(claims)
        with pytest.raises(IncompleteError, match="no longer ours"):
            others.settle(batch, [SENT, SENT], now=LATER)
        assert [*others.adopt()] == [*claims.adopt()] == []
        claims.settle(batch, [SENT, SENT], now=LATER)


def test_steps_that_are_one_write(store: Store, frozen: Frozen) -> None:
    """What is done together happens whole or not at all."""
    with store.claims(frozen) as claims:
        batch = claim(claims)
        with suppress(InterruptedError), claims.together():
            claims.settle(batch, [SENT, AGAIN], now=NOW)
            assert claims.claim(now=NOW)
            raise InterruptedError
        assert store.deliveries.tally(frozen) == Tally(queued=5)
        claims.settle(batch, [SENT, SENT], now=NOW)
        assert claim(claims).number == 2


def test_cancelled_and_then_released(store: Store, frozen: Frozen) -> None:
    """What comes back after a mailing was ended is skipped like the rest; nobody stays queued for ever."""
    with store.claims(frozen) as claims:
        first, second, third = claim_all(claims)
        store.ledger.cancel(frozen, now=NOW)
        claims.release(first)
        claims.settle(second, [SENT, AGAIN], now=NOW)
        claims.settle(third, [AGAIN], now=NOW)
        assert claims.claim(now=LATER) is None
    assert store.deliveries.tally(frozen) == Tally(sent=1, skipped=4)
    reasons = {line.reason for line in store.deliveries.lines(frozen) if line.state is State.SKIPPED}
    assert reasons == {"cancelled"}
