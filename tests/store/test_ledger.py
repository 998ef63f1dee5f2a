"""The ledger: what was sent to whom, whatever happens in between."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.errors import IncompleteError
from digest.model import (
    Address,
    Batch,
    Delivery,
    Edition,
    InlineImage,
    Newcomer,
    Pattern,
    Plan,
    Receipt,
    Slot,
    State,
    Tally,
)
from digest.store import Frozen, Store, open_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
SENT = Receipt(state=State.SENT)
AGAIN = Receipt(state=State.QUEUED, reason="too many requests")
REFUSED = Receipt(state=State.REFUSED, reason="mailbox is gone")
IN_DOUBT = Receipt(state=State.IN_DOUBT, reason="no answer")

CLAIM = """
import sys, time
from datetime import datetime, UTC
from digest.store import open_store
with open_store(sys.argv[1]) as store, store.hold("past-the-plateau"):
    frozen = store.ledger.find("past-the-plateau")
    batch = store.ledger.claim(frozen, 1, now=datetime(2026, 11, 24, 9, 0, 0, 123456, tzinfo=UTC))
    print(batch.key, flush=True)
    time.sleep(60)
"""


def _edition(slug: str = "past-the-plateau") -> Edition:
    name = Slot(name="name", fallback="there").marker
    return Edition(
        slug=slug,
        sender=Address(email="editor@example.org", name="Past the Plateau"),
        reply_to=None,
        subject=Pattern.of_text("Stop closing tickets"),
        html=Pattern.of_html(f"<p>Hello {name}</p>"),
        text=Pattern.of_text(f"Hello {name}"),
        headers={"List-Id": Pattern.of_text("<plateau.example.org>")},
        images=(
            InlineImage(cid="a", filename="a.png", media_type="image/png", content=b"\x89PNG" + bytes(range(256))),
        ),
    )


def _plan(store: Store, batch_size: int = 2, slug: str = "past-the-plateau") -> Plan:
    audience = store.subscribers.audience()
    return Plan(edition=_edition(slug), provider="outbox", audience=audience, batch_size=batch_size)


def _put(store: Store, *emails: str, name: str = "") -> None:
    newcomers = [Newcomer(email=f"{email}@example.org", name=name, source="test") for email in emails]
    list(store.subscribers.put(newcomers, now=NOW))


def _claim(store: Store, frozen: Frozen, number: int) -> Batch:
    batch = store.ledger.claim(frozen, number, now=NOW)
    assert batch
    return batch


def _names(batch: Batch) -> list[str]:
    return [reader.email.partition("@")[0] for reader in batch.readers]


def _fates(store: Store, frozen: Frozen) -> dict[str, State]:
    return {line.email.partition("@")[0]: line.state for line in store.ledger.deliveries(frozen)}


@pytest.fixture
def store() -> Iterator[Store]:
    """Return a store in memory with five readers."""
    with open_store("sqlite://") as store:
        _put(store, "ann", "bob", "cyd", "dan", "eve")
        yield store


@pytest.fixture
def frozen(store: Store) -> Frozen:
    """Return an edition that was frozen for the five, in batches of two."""
    return store.ledger.freeze(_plan(store), now=NOW)


def test_frozen_edition_is_what_was_planned(store: Store, frozen: Frozen) -> None:
    """The edition comes back whole, images included, and so do the facts about it."""
    assert store.ledger.edition(frozen) == _edition()
    assert (frozen.slug, frozen.fingerprint) == ("past-the-plateau", _edition().fingerprint)
    assert (frozen.provider, frozen.frozen_at) == ("outbox", NOW)
    assert store.ledger.find("past-the-plateau") == frozen
    assert store.ledger.find("another") is None


def test_edition_outlives_the_process(tmp_path: Path) -> None:
    """Another process reads the same edition from the file."""
    url = f"sqlite:///{tmp_path}/digest.db"
    with open_store(url) as store:
        frozen = store.ledger.freeze(_plan(store), now=NOW)
    with open_store(url) as store:
        assert store.ledger.edition(frozen) == _edition()


def test_slug_is_frozen_once(store: Store, frozen: Frozen) -> None:
    """A second freeze is refused, and changes nothing."""
    with pytest.raises(IncompleteError, match="already begun"):
        store.ledger.freeze(_plan(store, 1), now=LATER)
    assert store.ledger.find("past-the-plateau") == frozen
    assert [*store.ledger.queued(frozen)] == [1, 2, 3]


def test_list_that_changed_since_the_plan(store: Store) -> None:
    """A confirmation holds for the readers who were counted; with any other list, nothing is frozen."""
    plan = _plan(store)
    store.subscribers.leave("bob@example.org", now=NOW)
    _put(store, "late")
    with pytest.raises(IncompleteError, match="list of readers has changed"):
        store.ledger.freeze(plan, now=NOW)
    assert store.ledger.find("past-the-plateau") is None


def test_audience_is_cut_in_the_order_of_ids(store: Store) -> None:
    """All active readers and nobody else are in the batches, each once, and those who join later are not."""
    store.subscribers.leave("bob@example.org", now=NOW)
    frozen = store.ledger.freeze(_plan(store, 2), now=NOW)
    _put(store, "late")
    batches = [_names(_claim(store, frozen, number)) for number in store.ledger.queued(frozen)]
    assert batches == [["ann", "cyd"], ["dan", "eve"]]
    assert store.ledger.tally(frozen) == Tally(queued=4)


def test_edition_for_nobody(store: Store) -> None:
    """With no active reader there is nothing to do, and nothing is open."""
    for name in ("ann", "bob", "cyd", "dan", "eve"):
        store.subscribers.leave(f"{name}@example.org", now=NOW)
    frozen = store.ledger.freeze(_plan(store), now=NOW)
    assert store.ledger.tally(frozen) == Tally()
    assert [*store.ledger.deliveries(frozen)] == []
    assert store.ledger.begun() == {"past-the-plateau": False}


def test_batch_is_claimed_once(store: Store, frozen: Frozen) -> None:
    """A claim says who, when and under which key; a second one gets nothing."""
    berlin = timezone(timedelta(hours=1))
    batch = store.ledger.claim(frozen, 1, now=NOW.astimezone(berlin))
    assert batch
    assert (batch.edition, batch.number, _names(batch)) == (_edition(), 1, ["ann", "bob"])
    assert (batch.at, batch.at.tzinfo) == (NOW, UTC)
    assert store.ledger.claim(frozen, 1, now=LATER) is None
    assert store.ledger.claim(frozen, 99, now=LATER) is None
    assert [*store.ledger.queued(frozen)] == [2, 3]
    assert store.ledger.orphans(frozen) == [1]


def test_key_is_the_same_on_every_machine(store: Store, frozen: Frozen) -> None:
    """The key depends on the edition and the number alone."""
    with open_store("sqlite://") as other:
        _put(other, "fay", "gus", "hal")
        there = other.ledger.freeze(_plan(other), now=LATER)
        keys = [_claim(other, there, number).key for number in (1, 2)]
    assert [_claim(store, frozen, number).key for number in (1, 2)] == keys
    assert len(set(keys)) == 2


def test_settled_batch(store: Store, frozen: Frozen) -> None:
    """Everyone in it was sent it, at that moment, under the provider's own name where it gave one."""
    store.ledger.settle(_claim(store, frozen, 1), [Receipt(state=State.SENT, message_id="m-1"), SENT], now=LATER)
    assert store.ledger.tally(frozen) == Tally(sent=2, queued=3)
    assert [*store.ledger.deliveries(frozen)] == [
        Delivery(email="ann@example.org", state=State.SENT, message_id="m-1", at=LATER),
        Delivery(email="bob@example.org", state=State.SENT, at=LATER),
        Delivery(email="cyd@example.org", state=State.QUEUED),
        Delivery(email="dan@example.org", state=State.QUEUED),
        Delivery(email="eve@example.org", state=State.QUEUED),
    ]


def test_reader_who_leaves_after_the_freeze_is_skipped(store: Store, frozen: Frozen) -> None:
    """Between freeze and claim a reader may leave or be forgotten; the line says which."""
    store.subscribers.leave("ann@example.org", now=NOW)
    store.subscribers._database.change("delete from subscribers where key = :key", key="cyd@example.org")
    assert _names(_claim(store, frozen, 1)) == ["bob"]
    assert _names(_claim(store, frozen, 2)) == ["dan"]
    assert store.ledger.tally(frozen) == Tally(skipped=2, queued=3)
    lines = [*store.ledger.deliveries(frozen)]
    assert lines[0] == Delivery(email="ann@example.org", state=State.SKIPPED, reason="left", at=NOW)
    assert lines[2] == Delivery(email="", state=State.SKIPPED, reason="forgotten", at=NOW)
    assert len(lines) == 5


def test_batch_whose_readers_have_all_left(store: Store, frozen: Frozen) -> None:
    """There is nothing to post, and the batch is done with."""
    for name in ("ann", "bob"):
        store.subscribers.leave(f"{name}@example.org", now=NOW)
    assert store.ledger.claim(frozen, 1, now=NOW) is None
    assert [*store.ledger.queued(frozen)] == [2, 3]
    assert store.ledger.orphans(frozen) == []
    assert store.ledger.tally(frozen) == Tally(skipped=2, queued=3)


def test_partly_refused_batch(store: Store) -> None:
    """Each reader gets their own fate, with its reason; whoever is to be tried again gets a batch of their own."""
    frozen = store.ledger.freeze(_plan(store, 5), now=NOW)
    first, second = (Receipt(state=State.SENT, message_id=f"m-{number}") for number in (1, 2))
    answers = [REFUSED, AGAIN, first, IN_DOUBT, second]
    store.ledger.settle(_claim(store, frozen, 1), answers, now=LATER)
    assert store.ledger.tally(frozen) == Tally(sent=2, refused=1, queued=1, in_doubt=1)
    assert [*store.ledger.deliveries(frozen)] == [
        Delivery(email="ann@example.org", state=State.REFUSED, reason="mailbox is gone", at=LATER),
        Delivery(email="bob@example.org", state=State.QUEUED),
        Delivery(email="cyd@example.org", state=State.SENT, message_id="m-1", at=LATER),
        Delivery(email="dan@example.org", state=State.IN_DOUBT, reason="no answer", at=LATER),
        Delivery(email="eve@example.org", state=State.SENT, message_id="m-2", at=LATER),
    ]


def test_tried_again_under_a_number_of_its_own(store: Store, frozen: Frozen) -> None:
    """A requeued reader is posted under a new number and key, in the same walk through the queue, until it is done."""
    posted = []
    for number in store.ledger.queued(frozen):
        batch = _claim(store, frozen, number)
        posted.append((number, _names(batch), batch.key))
        first_try = number < 3
        store.ledger.settle(batch, [SENT, AGAIN] if first_try else [SENT] * len(batch.readers), now=LATER)
    assert [(number, names) for number, names, _ in posted] == [
        (1, ["ann", "bob"]),
        (2, ["cyd", "dan"]),
        (3, ["eve"]),
        (4, ["bob"]),
        (5, ["dan"]),
    ]
    assert len({key for _, _, key in posted}) == 5
    assert [*_fates(store, frozen)] == ["ann", "bob", "cyd", "dan", "eve"]
    assert store.ledger.tally(frozen) == Tally(sent=5)


def test_provider_that_skips(store: Store, frozen: Frozen) -> None:
    """A provider may say that it did not write, because its own list forbids it."""
    skipped = Receipt(state=State.SKIPPED, reason="suppressed")
    store.ledger.settle(_claim(store, frozen, 1), [skipped, SENT], now=LATER)
    assert store.ledger.tally(frozen) == Tally(sent=1, skipped=1, queued=3)
    assert _fates(store, frozen)["ann"] is State.SKIPPED


@pytest.mark.parametrize("receipts", [[], [SENT], [SENT] * 3])
def test_every_reader_needs_a_receipt(store: Store, frozen: Frozen, receipts: list[Receipt]) -> None:
    """An answer for too few or too many settles nothing."""
    batch = _claim(store, frozen, 1)
    with pytest.raises(ValueError, match="zip"):
        store.ledger.settle(batch, receipts, now=LATER)
    assert store.ledger.orphans(frozen) == [1]


def test_released_batch_is_queued_as_it_was(store: Store, frozen: Frozen) -> None:
    """What surely did not happen is claimed anew, under the same key; those who left in between drop out."""
    batch = _claim(store, frozen, 1)
    store.ledger.release(batch)
    assert store.ledger.orphans(frozen) == []
    store.subscribers.leave("bob@example.org", now=NOW)
    second = _claim(store, frozen, 1)
    assert (second.key, _names(second)) == (batch.key, ["ann"])
    assert store.ledger.tally(frozen) == Tally(skipped=1, queued=4)


def test_batch_in_doubt(store: Store, frozen: Frozen) -> None:
    """Where nobody knows, each of its readers is in doubt, with the reason, and nobody is posted to again."""
    _claim(store, frozen, 1)
    store.ledger.doubt(frozen, 1, reason="the connection broke", now=LATER)
    assert store.ledger.tally(frozen) == Tally(queued=3, in_doubt=2)
    line = next(store.ledger.deliveries(frozen))
    expected = Delivery(email="ann@example.org", state=State.IN_DOUBT, reason="the connection broke", at=LATER)
    assert line == expected
    assert [*store.ledger.queued(frozen)] == [2, 3]
    assert store.ledger.orphans(frozen) == []


def test_only_a_claimed_batch_can_be_ended(store: Store, frozen: Frozen) -> None:
    """Whoever has lost a batch to another process may not write down its end."""
    batch = _claim(store, frozen, 1)
    store.ledger.settle(batch, [SENT, AGAIN], now=LATER)
    with pytest.raises(IncompleteError, match="no longer ours"):
        store.ledger.settle(batch, [REFUSED, AGAIN], now=LATER)
    with pytest.raises(IncompleteError, match="no longer ours"):
        store.ledger.release(batch)
    with pytest.raises(IncompleteError, match="no longer ours"):
        store.ledger.doubt(frozen, 1, reason="", now=LATER)
    assert store.ledger.tally(frozen) == Tally(sent=1, queued=4)


def test_orphan_is_taken_on_as_it_was(store: Store, frozen: Frozen) -> None:
    """The same readers, moment and key come back, even if one has left or a reader's tags have changed."""
    batch = _claim(store, frozen, 1)
    again = store.ledger.reclaim(frozen, 1)
    assert again == batch
    store.subscribers.leave("ann@example.org", now=NOW)
    list(store.subscribers.put([Newcomer(email="bob@example.org", tags=("x",), source="test")], now=NOW))
    again = store.ledger.reclaim(frozen, 1)
    assert again
    assert [message.html for message in again.messages()] == [message.html for message in batch.messages()]
    assert (again.key, again.at, _names(again)) == (batch.key, batch.at, ["ann", "bob"])
    store.ledger.settle(again, [SENT, SENT], now=LATER)
    assert store.ledger.tally(frozen) == Tally(sent=2, queued=3)


def test_orphan_that_would_differ_is_not_taken_on(store: Store, frozen: Frozen) -> None:
    """A changed name or a forgotten reader means other bytes under the same key: that batch stays in doubt."""
    _claim(store, frozen, 1)
    _claim(store, frozen, 2)
    _put(store, "bob", name="Bob")
    store.subscribers._database.change("delete from subscribers where key = :key", key="cyd@example.org")
    assert store.ledger.reclaim(frozen, 1) is None
    assert store.ledger.reclaim(frozen, 2) is None
    assert store.ledger.orphans(frozen) == [1, 2]


def test_only_an_orphan_can_be_taken_on(store: Store, frozen: Frozen) -> None:
    """A batch that is queued or settled is nobody's orphan."""
    assert store.ledger.reclaim(frozen, 1) is None
    store.ledger.settle(_claim(store, frozen, 1), [SENT, SENT], now=LATER)
    assert store.ledger.reclaim(frozen, 1) is None


def test_editions_with_nothing_left_to_post(store: Store) -> None:
    """An edition counts as settled when no batch is queued or claimed; what is in doubt does not wait to be posted."""
    first = store.ledger.freeze(_plan(store, 5, "first"), now=NOW)
    second = store.ledger.freeze(_plan(store, 5, "second"), now=NOW)
    assert store.ledger.begun() == {"first": True, "second": True}
    batch = _claim(store, first, 1)
    _claim(store, second, 1)
    assert store.ledger.begun() == {"first": True, "second": True}
    store.ledger.settle(batch, [SENT] * 5, now=LATER)
    store.ledger.doubt(second, 1, reason="", now=LATER)
    assert store.ledger.begun() == {"first": False, "second": False}


def test_killed_after_the_claim(tmp_path: Path) -> None:
    """A process that is killed between claim and settle leaves an orphan, which the next one takes on as it was."""
    url = f"sqlite:///{tmp_path}/digest.db"
    with open_store(url) as store:
        _put(store, "ann", "bob", "cyd")
        frozen = store.ledger.freeze(_plan(store), now=NOW)
        with subprocess.Popen([sys.executable, "-c", CLAIM, url], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            key = process.stdout.readline().strip()
            process.kill()
        assert process.returncode == -signal.SIGKILL
        with store.hold("past-the-plateau"):
            assert store.ledger.orphans(frozen) == [1]
            assert store.ledger.claim(frozen, 1, now=LATER) is None
            batch = store.ledger.reclaim(frozen, 1)
        assert batch
        assert (batch.key, batch.at, _names(batch)) == (key, NOW, ["ann", "bob"])
        assert store.ledger.tally(frozen) == Tally(queued=3)


def test_many_stretches_are_told_in_order(store: Store) -> None:
    """However often readers were queued anew, there is one line for each, by rising id."""
    _put(store, *(f"reader{number}" for number in range(40)))
    frozen = store.ledger.freeze(_plan(store, 7), now=NOW)
    for number in store.ledger.queued(frozen):
        batch = _claim(store, frozen, number)
        receipts = [AGAIN if (reader.id + number) % 3 == 0 else SENT for reader in batch.readers]
        store.ledger.settle(batch, receipts, now=LATER)
    everyone = [reader.email for reader in store.subscribers.walk()]
    assert [line.email for line in store.ledger.deliveries(frozen)] == everyone
    assert store.ledger.tally(frozen) == Tally(sent=45)


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["leave", "claim", "settle", "release", "doubt", "reclaim", "rename"]),
        st.integers(1, 8),
        st.lists(st.sampled_from([SENT, AGAIN, REFUSED, IN_DOUBT]), min_size=5, max_size=5),
    ),
    max_size=25,
)


def _operate(store: Store, frozen: Frozen, held: dict[int, Batch], operation: tuple[str, int, list[Receipt]]) -> None:
    what, number, answers = operation
    match what:
        case "leave":
            store.subscribers.leave(f"reader{number}@example.org", now=LATER)
        case "rename":
            _put(store, f"reader{number}", name="New")
        case "claim" if batch := store.ledger.claim(frozen, number, now=NOW):
            held[number] = batch
        case "reclaim" if batch := store.ledger.reclaim(frozen, number):
            assert batch.key == held[number].key
        case "settle" if number in held:
            batch = held.pop(number)
            store.ledger.settle(batch, answers[: len(batch.readers)], now=LATER)
        case "release" if number in held:
            store.ledger.release(held.pop(number))
        case "doubt" if number in held:
            del held[number]
            store.ledger.doubt(frozen, number, reason="lost", now=LATER)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), OPERATIONS)
def test_sums_hold_whatever_happens(batch_size: int, operations: list[tuple[str, int, list[Receipt]]]) -> None:
    """After every step, every reader of the freeze is told once, and the tally is the sum of these lines."""
    with open_store("sqlite://") as store:
        _put(store, *(f"reader{number}" for number in range(1, 9)))
        frozen = store.ledger.freeze(_plan(store, batch_size), now=NOW)
        held: dict[int, Batch] = {}
        for operation in operations:
            _operate(store, frozen, held, operation)
            fates = _fates(store, frozen)
            counts = {state.value: [*fates.values()].count(state) for state in State}
            assert [*fates] == [f"reader{number}" for number in range(1, 9)]
            assert store.ledger.tally(frozen) == Tally(**counts)
            assert store.ledger.tally(frozen).total == 8
            assert store.ledger.orphans(frozen) == sorted(held)
