"""
What was sent to whom: an edition's batches, and what became of every reader.

    queued ──claim──▶ claimed ──settle──▶ settled
       ▲                │  └────doubt───▶ in doubt
       └────release─────┘

A batch is one row with its exact readers packed in it. A reader has a row only where something else happened than
what the batch's state says. Every reader of an edition is in exactly one batch, or skipped: so the sums always hold.
"""

from __future__ import annotations

import os
import socket
import zlib
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from digest.errors import IncompleteError
from digest.model import Batch, Delivery, Standing, State, Tally
from digest.store.database import from_json, to_json, to_stamp
from digest.store.editions import Editions
from digest.store.packing import pack, unpack
from digest.store.queries import read_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from digest.model import Edition, Plan, Receipt, Subscriber
    from digest.store.database import Database
    from digest.store.editions import Frozen
    from digest.store.subscribers import Subscribers

FORGOTTEN = "forgotten"
"""Why a reader was skipped whom the store no longer knows."""

_SQL = read_queries("ledger.sql")
_STATES = {"queued": State.QUEUED, "claimed": State.QUEUED, "settled": State.SENT, "in_doubt": State.IN_DOUBT}
"""What the state of a batch says of its readers."""
_ELSEWHERE = frozenset({State.QUEUED, State.SKIPPED})
"""Receipts whose readers do not stay in their batch."""
_UNREMARKABLE = frozenset({State.SENT, State.QUEUED})
"""Receipts that the state of a batch, the old or the new, says already."""


class Ledger:
    """
    The ledger in a store.

    Whoever posts an edition's batches holds its lock meanwhile; see `digest.store.Store.hold`.
    """

    def __init__(self, database: Database, subscribers: Subscribers) -> None:
        self._database = database
        self._subscribers = subscribers
        self._editions = Editions(database)

    def find(self, slug: str) -> Frozen | None:
        """Return the edition of a slug, if it was frozen."""
        return self._editions.find(slug)

    def get(self, slug: str) -> Frozen:
        """
        Return the edition of a slug.

        Raises:
            LookupError: it was never frozen.
        """
        return self._editions.get(slug)

    def edition(self, frozen: Frozen) -> Edition:
        """Return what was frozen, whatever its files say today."""
        return self._editions.load(frozen)

    def begun(self) -> dict[str, bool]:
        """Return the slugs of all editions, oldest first, each with whether something of it is still to be posted."""
        return self._editions.slugs()

    def freeze(self, plan: Plan, *, now: datetime) -> Frozen:
        """
        Keep the plan's edition as it is, and cut everyone who may be written to into batches.

        Raises:
            IncompleteError: an edition with this slug was frozen before, or the list is no longer what was planned for.
        """
        with self._database.transaction():
            if self._subscribers.audience() != plan.audience:
                msg = "the list of readers has changed since the plan was made; nothing was sent"
                raise IncompleteError(msg, hint="Run it again, and look at the new plan.")
            frozen = self._editions.keep(plan, now=now)
            for number, ids in enumerate(_cut(self._subscribers.active_ids(), plan.batch_size), start=1):
                self._database.change(
                    _SQL["cut"],
                    **_place(frozen, number),
                    **_contents(ids),
                    first=ids[0],
                    last=ids[-1],
                )
        return frozen

    def queued(self, frozen: Frozen) -> Iterator[int]:
        """Return the numbers of batches to be posted, rising, including those that are queued meanwhile."""
        number = 0
        while row := self._database.fetch_one(_SQL["next_queued"], edition=frozen.id, after=number):
            number = row[0]
            yield number

    def orphans(self, frozen: Frozen) -> list[int]:
        """Return the numbers of batches that are claimed. To whoever holds the lock, their claimant is dead."""
        return [number for (number,) in self._database.fetch_all(_SQL["claimed"], edition=frozen.id)]

    def claim(self, frozen: Frozen, number: int, *, now: datetime) -> Batch | None:
        """
        Write down, durably, who is about to be written to; only then may anything leave.

        Readers who may no longer be written to are skipped, with the reason. None means that there is nothing to
        post: the batch is no longer queued, or nobody is left in it.
        """
        edition = self._editions.load(frozen)
        with self._database.transaction():
            row = self._database.fetch_one(_SQL["queued_readers"], **_place(frozen, number))
            if row is None:
                return None
            readers = self._admit(frozen, unpack(row[0]), now)
            if not readers:
                self._database.change(_SQL["drop"], **_place(frozen, number), now=to_stamp(now))
                return None
            batch = Batch(
                edition=edition,
                number=number,
                key=_key(frozen, number),
                readers=readers,
                at=now.astimezone(UTC),
            )
            self._database.change(
                _SQL["claim"],
                **_place(frozen, number),
                **_contents([reader.id for reader in readers]),
                now=to_stamp(now),
                claimant=_claimant(),
                key=batch.key,
                digest=_digest(batch),
            )
        return batch

    def _admit(self, frozen: Frozen, ids: Sequence[int], now: datetime) -> tuple[Subscriber, ...]:
        """Return those who may be written to, by rising id; the others are skipped."""
        known = {reader.id: reader for reader in self._subscribers.by_ids(ids)}
        skipped = [
            _outcome(frozen, number, State.SKIPPED, known[number].standing.value if number in known else FORGOTTEN, now)
            for number in ids
            if number not in known or known[number].standing is not Standing.ACTIVE
        ]
        self._database.change_many(_SQL["note"], skipped)
        return tuple(reader for reader in known.values() if reader.standing is Standing.ACTIVE)

    def reclaim(self, frozen: Frozen, number: int) -> Batch | None:
        """
        Take on an orphan: return the batch exactly as its dead claimant had it, with the same key and moment.

        None means that the same bytes cannot be built again, because a reader's values have changed or are gone, or
        that the batch is not claimed at all. Who has left meanwhile stays in it: they may have been written to.
        """
        edition = self._editions.load(frozen)
        with self._database.transaction():
            row = self._database.fetch_one(_SQL["claimed_batch"], **_place(frozen, number))
            if row is None:
                return None
            packed, key, digest, claimed_at = row
            readers = tuple(self._subscribers.by_ids(unpack(packed)))
            at = datetime.fromisoformat(claimed_at)
            batch = Batch(edition=edition, number=number, key=key, readers=readers, at=at)
            if _digest(batch) != digest:
                return None
            self._database.change(_SQL["reclaim"], **_place(frozen, number), claimant=_claimant())
        return batch

    def settle(self, batch: Batch, receipts: Sequence[Receipt], *, now: datetime) -> None:
        """
        Write down what the provider said of each reader, in their order. Whoever is to be tried again is queued anew.

        Raises:
            ValueError: there is not one receipt for each reader.
            IncompleteError: the batch is no longer claimed.
        """
        answers = [*zip(batch.readers, receipts, strict=True)]
        stay = [(reader, receipt) for reader, receipt in answers if receipt.state not in _ELSEWHERE]
        again = [reader.id for reader, receipt in answers if receipt.state is State.QUEUED]
        frozen = self._editions.get(batch.edition.slug)
        with self._database.transaction():
            self._leave_claimed(
                _SQL["settle"],
                frozen,
                batch.number,
                **_contents([reader.id for reader, _ in stay]),
                message_ids=_pack_names([receipt.message_id for _, receipt in stay]),
                now=to_stamp(now),
            )
            self._database.change_many(
                _SQL["note"],
                (
                    _outcome(frozen, reader.id, receipt.state, receipt.reason, now)
                    for reader, receipt in answers
                    if receipt.state not in _UNREMARKABLE
                ),
            )
            if again:
                self._database.change(_SQL["queue_anew"], **_place(frozen, batch.number), **_contents(again))

    def release(self, batch: Batch) -> None:
        """
        Queue a claimed batch again: nothing of it surely left.

        Raises:
            IncompleteError: the batch is no longer claimed.
        """
        self._leave_claimed(_SQL["release"], self._editions.get(batch.edition.slug), batch.number)

    def doubt(self, frozen: Frozen, number: int, *, reason: str, now: datetime) -> None:
        """
        Write down that nobody knows whether a claimed batch was accepted.

        Raises:
            IncompleteError: the batch is no longer claimed.
        """
        self._leave_claimed(_SQL["doubt"], frozen, number, reason=reason, now=to_stamp(now))

    def _leave_claimed(self, query: str, frozen: Frozen, number: int, **values: object) -> None:
        if self._database.change(query, **_place(frozen, number), **values) != 1:
            msg = f"batch {number} of {frozen.slug} is no longer ours: another process has taken it"
            raise IncompleteError(msg, hint="Let one process at a time send an issue, then run it again.")

    def tally(self, frozen: Frozen) -> Tally:
        """Return how many readers stand how; their sum is everyone whom the edition was frozen for."""
        rows = self._database.fetch_all(_SQL["tally"], edition=frozen.id)
        batches = {state: count for kind, state, count in rows if kind == "batch"}
        readers = {state: count for kind, state, count in rows if kind == "reader"}
        refused, in_doubt = readers.get("refused", 0), readers.get("in_doubt", 0)
        return Tally(
            sent=batches.get("settled", 0) - refused - in_doubt,
            refused=refused,
            skipped=readers.get("skipped", 0),
            queued=batches.get("queued", 0) + batches.get("claimed", 0),
            in_doubt=batches.get("in_doubt", 0) + in_doubt,
        )

    def deliveries(self, frozen: Frozen) -> Iterator[Delivery]:
        """Return a line for every reader whom the edition was frozen for, by rising id."""
        last = 0
        while stretch := self._database.fetch_one(_SQL["next_stretch"], edition=frozen.id, after=last):
            first, last = stretch
            yield from self._deliveries_of_stretch(frozen, first, last)

    def _deliveries_of_stretch(self, frozen: Frozen, first: int, last: int) -> Iterator[Delivery]:
        batches = self._database.fetch_all(_SQL["batches_of_stretch"], edition=frozen.id, first=first)
        outcomes = self._database.fetch_all(_SQL["outcomes_of_stretch"], edition=frozen.id, first=first, last=last)
        names: dict[int, str] = {}
        fates: dict[int, tuple[State, str, str | None]] = {}
        for state, reason, settled_at, packed, message_ids in batches:
            ids = unpack(packed)
            names.update(zip(ids, _unpack_names(message_ids), strict=False))
            fates.update(dict.fromkeys(ids, (_STATES[state], reason, settled_at)))
        fates.update({number: (State(state), reason, at) for number, state, reason, at in outcomes})
        emails = self._subscribers.emails([*fates])
        for number, (state, reason, at) in sorted(fates.items(), key=itemgetter(0)):
            yield Delivery(
                email=emails.get(number, ""),
                state=state,
                reason=reason,
                message_id=names.get(number, ""),
                at=datetime.fromisoformat(at) if at else None,
            )


def _cut(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    waiting = iter(ids)
    while batch := [*islice(waiting, size)]:
        yield batch


def _place(frozen: Frozen, number: int) -> dict[str, object]:
    return {"edition": frozen.id, "number": number}


def _contents(ids: Sequence[int]) -> dict[str, object]:
    return {"count": len(ids), "readers": pack(ids)}


def _outcome(frozen: Frozen, subscriber: int, state: State, reason: str, now: datetime) -> dict[str, object]:
    place = {"edition": frozen.id, "subscriber": subscriber}
    return {**place, "state": state.value, "reason": reason, "now": to_stamp(now)}


def _key(frozen: Frozen, number: int) -> str:
    """Return a UUID, because some services take nothing else for an idempotency key."""
    return str(uuid5(NAMESPACE_URL, f"digest:{frozen.fingerprint}/{number}"))


def _digest(batch: Batch) -> bytes:
    """Hash everything that the bytes of a batch are a function of, besides its number, key and moment."""
    values = to_json([reader.values for reader in batch.readers])
    return sha256(f"{batch.edition.fingerprint}\n{values}".encode()).digest()


def _claimant() -> str:
    return f"{socket.gethostname()} {os.getpid()}"


def _pack_names(message_ids: Sequence[str]) -> bytes | None:
    return zlib.compress(to_json(message_ids).encode()) if any(message_ids) else None


def _unpack_names(packed: bytes | None) -> list[str]:
    return [*from_json(zlib.decompress(packed))] if packed else []
