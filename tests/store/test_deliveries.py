"""How readers stand with a mailing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from mailing_room import AGAIN, IN_DOUBT, LATER, NOW, REFUSED, SENT, SKIPPED, claim, erase, fates, freeze, leave, put

from digest.model import Delivery, Receipt, State, Tally
from digest.store import open_store

if TYPE_CHECKING:
    from digest.model import Batch
    from digest.store import Claims, Frozen, Store


def test_many_batches_are_told_in_order(store: Store) -> None:
    """However often readers were queued again, there is one line for each, in the order of the list."""
    put(store, *(f"reader{number}" for number in range(40)))
    frozen = freeze(store, 7)
    with store.claims(frozen) as claims:
        while batch := claims.claim(now=NOW):
            claims.settle(
                batch,
                [AGAIN if (number + batch.number) % 3 == 0 else SENT for number in batch.readers.ids],
                now=LATER,
            )
    everyone = [reader.email for reader in store.subscribers.walk()]
    assert [line.email for line in store.deliveries.lines(frozen)] == everyone
    assert store.deliveries.tally(frozen) == Tally(sent=45)


def test_reader_who_was_erased(store: Store, frozen: Frozen) -> None:
    """What became of them stays, without a name."""
    with store.claims(frozen) as claims:
        claims.settle(claim(claims), [SENT, REFUSED], now=NOW)
    erase(store, "ann")
    first, *others = store.deliveries.lines(frozen)
    assert first == Delivery(email="", state=State.SENT, at=NOW)
    assert len(others) == 4
    assert store.deliveries.tally(frozen) == Tally(sent=1, refused=1, queued=3)


def test_mailings_of_a_reader(store: Store) -> None:
    """A reader's whole story: every mailing that they were in, the oldest first, with what became of it."""
    first = freeze(store, 5, "first")
    with store.claims(first) as claims:
        claims.settle(claim(claims), [SENT, REFUSED, SENT, AGAIN, IN_DOUBT], now=NOW)
    leave(store, "bob")
    freeze(store, 2, "second")
    stories = {
        reader.email.partition("@")[0]: [
            (slug, delivery.state) for slug, delivery in store.deliveries.of_reader(reader.id)
        ]
        for reader in store.subscribers.walk()
    }
    assert stories == {
        "ann": [("first", State.SENT), ("second", State.QUEUED)],
        "bob": [("first", State.REFUSED)],
        "cyd": [("first", State.SENT), ("second", State.QUEUED)],
        "dan": [("first", State.QUEUED), ("second", State.QUEUED)],
        "eve": [("first", State.IN_DOUBT), ("second", State.QUEUED)],
    }


def test_reader_who_was_in_no_mailing(store: Store, frozen: Frozen) -> None:
    """They have no story, and a mailing tells nothing of them."""
    put(store, "late")
    late = store.subscribers.find("late@example.org")
    assert late
    assert [*store.deliveries.of_reader(late.id)] == []
    assert "late" not in fates(store, frozen)


READERS = [f"reader{number}" for number in range(1, 9)]
RECEIPTS = st.lists(st.sampled_from([SENT, AGAIN, REFUSED, SKIPPED, IN_DOUBT]), min_size=8, max_size=8)
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["leave", "claim", "settle", "release", "doubt", "reopen", "die", "rename", "retry"]),
        st.integers(0, 7),
        RECEIPTS,
    ),
    max_size=25,
)


class Room:
    """A process that sends, and whose every step is drawn."""

    def __init__(self, store: Store, frozen: Frozen) -> None:
        self._store = store
        self._frozen = frozen
        self._held: list[Batch] = []
        self._context = store.claims(frozen)
        self._claims: Claims = self._context.__enter__()

    def operate(self, what: str, which: int, answers: list[Receipt]) -> None:
        """Take a step, where it is possible."""
        match what:
            case "leave":
                self._store.subscribers.leave(f"{READERS[which]}@example.org", now=LATER)
            case "rename":
                put(self._store, READERS[which], name="New")
            case "retry":
                self._store.ledger.retry(self._frozen)
            case "claim" if batch := self._claims.claim(now=NOW):
                self._held.append(batch)
            case "reopen":
                self._held += [batch for batch, _ in self._claims.reopen()]
            case "die":
                self._die()
            case "settle" | "release" | "doubt" if self._held:
                self._end(what, self._held.pop(which % len(self._held)), answers)

    def _end(self, what: str, batch: Batch, answers: list[Receipt]) -> None:
        if what == "settle":
            self._claims.settle(batch, answers[: len(batch.readers)], now=LATER)
        elif what == "release":
            self._claims.release(batch)
        else:
            self._claims.doubt(batch, reason="lost", now=LATER)

    def _die(self) -> None:
        """Go on as the next process, which finds exactly what this one had in its hands."""
        self._context.__exit__(None, None, None)
        self._context = self._store.claims(self._frozen)
        self._claims = self._context.__enter__()
        keys = {batch.number: batch.key for batch in self._held}
        self._held = [batch for batch, _ in self._claims.adopt()]
        assert {batch.number: batch.key for batch in self._held} == keys


@settings(max_examples=60, derandomize=True)
@given(st.integers(1, 5), OPERATIONS)
def test_sums_hold_whatever_happens(batch_size: int, operations: list[tuple[str, int, list[Receipt]]]) -> None:
    """After every step, every reader of the freeze is told once, and the tally is the sum of these lines."""
    with open_store("sqlite://") as store:
        put(store, *READERS)
        frozen = freeze(store, batch_size)
        room = Room(store, frozen)
        for operation in operations:
            room.operate(*operation)
            told = fates(store, frozen)
            assert [*told] == READERS
            counts = {state.value: [*told.values()].count(state) for state in State}
            assert store.deliveries.tally(frozen) == Tally(**counts)
