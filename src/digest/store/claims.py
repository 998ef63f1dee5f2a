"""
What a process that sends does with a mailing: every step is on disk before the next one begins.

    queued ──claim──▶ claimed ──settle──▶ settled
       ▲               ▲ │  └───doubt───▶ in doubt
       └────release────│─┘                   │
                       └──────reopen─────────┘

Who claimed a batch is known by a lock that dies with its process: nobody else touches the batch while it lives.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from itertools import chain, product
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from digest.errors import IncompleteError
from digest.model import Batch, Receipt, Standing, State
from digest.store.database import to_stamp
from digest.store.doubts import Doubts
from digest.store.ledger import CANCELLED, contents
from digest.store.packing import pack, pack_texts, unpack
from digest.store.pauses import PAUSED, Pauses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from digest.model import Edition, Readers
    from digest.store.columns import Columns
    from digest.store.database import Database
    from digest.store.mailings import Frozen, Mailings

FORGOTTEN = "forgotten"
"""Why a reader was skipped whom the store no longer knows."""

_ELSEWHERE = frozenset({State.QUEUED, State.SKIPPED, State.IN_DOUBT})
"""Receipts whose readers do not stay in their batch."""


class Claims:
    """The batches of one mailing, as one living process claims and settles them."""

    def __init__(
        self,
        database: Database,
        mailings: Mailings,
        columns: Columns,
        *,
        frozen: Frozen,
        claimant: str,
        lives: Callable[[str], bool],
        number: int | None = None,
    ) -> None:
        self._database = database
        self._sql = database.queries("ledger.sql")
        self._columns = columns
        self._pauses = Pauses(database)
        self._doubts = Doubts(database)
        self._mailings = mailings
        self._frozen = frozen
        self._claimant = claimant
        self._lives = lives
        self._number = number

    def only(self, number: int) -> Claims:
        """Return one batch alone, for the same process to claim; what is cut from it is left to others."""
        return Claims(
            self._database,
            self._mailings,
            self._columns,
            frozen=self._frozen,
            claimant=self._claimant,
            lives=self._lives,
            number=number,
        )

    def waits(self) -> bool:
        """Return whether there is anything to do, which costs less than to begin with it."""
        return self._database.fetch_one(self._sql["waits"], mailing=self._frozen.id, number=self._number) is not None

    def together(self) -> AbstractContextManager[None]:
        """Make one durable write of all that is done inside; nothing of it has happened before its end."""
        return self._database.transaction()

    def claim(self, *, now: datetime) -> Batch | None:
        """
        Write down who is about to be written to; only when that is on disk may anything leave.

        Readers who may no longer be written to, or are in a pause, are skipped, with the reason. None means that
        nothing is queued, or that the mailing was paused or ended.
        """
        with self._database.transaction():
            while row := self._next_queued():
                number, origin, attempts, packed, edition = row
                ids = unpack(packed)
                readers = self._admit(ids, origin, self._mailings.edition(edition).fields, now)
                if readers:
                    packed = packed if len(readers) == len(ids) else pack(readers.ids)
                    attempt = attempts + 1
                    return self._claim(
                        number, attempt=attempt, readers=readers, packed=packed, edition_id=edition, now=now
                    )
                self._change("drop", number, **contents([]), now=to_stamp(now))
            # What was claimed when the mailing was ended, and came back.
            self._database.change(self._sql["cancel"], mailing=self._frozen.id, reason=CANCELLED, now=to_stamp(now))
        return None

    def _next_queued(self) -> Any | None:
        if self._number is None:
            return self._database.fetch_one(self._sql["next_queued"], mailing=self._frozen.id)
        return self._database.fetch_one(self._sql["queued"], mailing=self._frozen.id, number=self._number)

    def _claim(
        self, number: int, *, attempt: int, readers: Readers, packed: bytes, edition_id: int, now: datetime
    ) -> Batch:
        edition = self._mailings.edition(edition_id)
        digest = _digest(edition, readers)
        self._change(
            "claim",
            number,
            count=len(readers),
            readers=packed,
            edition=edition_id,
            attempt=attempt,
            now=to_stamp(now),
            claimant=self._claimant,
            key=(key := _key(edition, number, attempt, digest)),
            digest=digest,
        )
        return Batch(edition=edition, number=number, key=key, readers=readers, at=now.astimezone(UTC))

    def _admit(self, ids: Sequence[int], origin: int, fields: Sequence[str], now: datetime) -> Readers:
        """Return those who may be written to; the others are skipped."""
        readers = self._columns.active(self._pauses.without(ids, now), fields)
        if len(readers) < len(ids):
            missing = sorted({*ids}.difference(readers.ids))
            standings = self._columns.standings(missing)
            skipped = {number: _why_not(standings.get(number)) for number in missing}
            self._note(origin, State.SKIPPED, skipped, now)
        return readers

    def adopt(self) -> Iterator[tuple[Batch, bool]]:
        """
        Take on the batches of dead claimants, one by one, with the key and the moment that each had.

        Who has left meanwhile stays in: they may have been written to. Beside each batch stands whether it is the same
        to the byte; it is not when a reader's values have changed since, or are gone.
        """
        for number, claimant in self._in_state("claimed"):
            if self._number not in {None, number}:
                continue
            dead = claimant != self._claimant and not self._lives(claimant)
            if dead and self._take_over(number, "claimed", claimant):
                batch, digest, _ = self._rebuild(number)
                yield batch, _digest(batch.edition, batch.readers) == digest

    def reopen(self) -> Iterator[tuple[Batch, datetime]]:
        """
        Take on the batches in doubt, one by one, to settle, to release, or to doubt them again.

        Beside each stands since when it is in doubt: its last request was before that.
        """
        for number, claimant in self._in_state("in_doubt"):
            if self._take_over(number, "in_doubt", claimant):
                batch, _, since = self._rebuild(number)
                yield batch, datetime.fromisoformat(since)

    def _in_state(self, state: str) -> list[tuple[int, str]]:
        return self._database.fetch_all(self._sql["in_state"], mailing=self._frozen.id, state=state)

    def _take_over(self, number: int, state: str, before: str) -> bool:
        """Make a batch ours, unless another process was faster."""
        return self._change("take_over", number, state=state, before=before, claimant=self._claimant)

    def _rebuild(self, number: int) -> tuple[Batch, bytes, str]:
        """Return a batch as it was claimed, the digest of what it was then, and when it was last written down."""
        _, _, packed, edition_id, key, digest, claimed_at, settled_at = self._past(number)
        edition = self._mailings.edition(edition_id)
        readers = self._columns.whoever(unpack(packed), edition.fields)
        at = datetime.fromisoformat(claimed_at)
        return Batch(edition=edition, number=number, key=key, readers=readers, at=at), digest, settled_at

    def settle(self, batch: Batch, receipts: Sequence[Receipt], *, now: datetime) -> int:
        """
        Write down what the provider said of each reader, in their order; return how many are to be tried again.

        They, and those in doubt, get a batch of their own.

        Raises:
            ValueError: there is not one receipt for each reader.
            IncompleteError: the batch is no longer ours.
        """
        states = [receipt.state for receipt in receipts]
        unanimous = states.count(State.SENT) == len(states) == len(batch.readers)
        if not (unanimous and self._settle_whole(batch, receipts, now)):
            with self._database.transaction():
                self._settle_apart(batch, [*zip(batch.readers.ids, receipts, strict=True)], now=now)
        return states.count(State.QUEUED)

    def _settle_whole(self, batch: Batch, receipts: Sequence[Receipt], now: datetime) -> bool:
        """Settle a batch in one stroke that everyone in it was sent; False if it is not as it was claimed."""
        names = pack_texts([receipt.message_id for receipt in receipts])
        values = {"count": len(receipts), "message_ids": names, "now": to_stamp(now), "claimant": self._claimant}
        return self._change("settle_whole", batch.number, **values)

    def _settle_apart(self, batch: Batch, *parts: Sequence[tuple[int, Receipt]], now: datetime) -> None:
        """Settle a batch of which not everyone was sent; who is to be tried again gets a batch with their part."""
        answers = [*chain.from_iterable(parts)]
        origin, _, packed, *_ = self._past(batch.number)
        stay = [(number, receipt) for number, receipt in answers if receipt.state not in _ELSEWHERE]
        self._conclude(
            "settle",
            batch.number,
            **contents([number for number, _ in stay]),
            message_ids=pack_texts([receipt.message_id for _, receipt in stay]),
            now=to_stamp(now),
        )
        for state in (State.REFUSED, State.SKIPPED):
            reasons = {number: receipt.reason for number, receipt in answers if receipt.state is state}
            self._note(origin, state, reasons, now)
        gone = {*unpack(packed)}.difference(batch.readers.ids)
        self._note(origin, State.SKIPPED, dict.fromkeys(sorted(gone), FORGOTTEN), now)
        for part, state in product(parts, (State.QUEUED, State.IN_DOUBT)):
            self._move(batch.number, state, [(number, one) for number, one in part if one.state is state])
        if any(receipt.state is State.IN_DOUBT for _, receipt in answers):
            self._doubts.heed_news(self._frozen.id, origin, now=now)

    def halve(self, batch: Batch, *, reason: str, now: datetime) -> None:
        """
        Queue a claimed batch again as two batches behind all others: nothing of it surely left.

        Raises:
            IncompleteError: the batch is no longer ours.
        """
        again = Receipt(state=State.QUEUED, reason=reason)
        answers = [(number, again) for number in batch.readers.ids]
        middle = len(answers) // 2
        with self._database.transaction():
            self._settle_apart(batch, answers[:middle], answers[middle:], now=now)

    def _past(self, number: int) -> tuple[Any, ...]:
        ((row),) = self._database.fetch_all(self._sql["past"], mailing=self._frozen.id, number=number)
        return tuple(row)

    def _move(self, number: int, state: State, answers: Sequence[tuple[int, Receipt]]) -> None:
        if answers:
            reason = "; ".join(sorted({receipt.reason for _, receipt in answers if receipt.reason}))
            self._database.fetch_one(self._sql["be_alone"], mailing=self._frozen.id)
            self._change("move", number, **contents([one for one, _ in answers]), state=state.value, reason=reason)

    def release(self, batch: Batch) -> None:
        """
        Queue a claimed batch again: nothing of it surely left.

        Raises:
            IncompleteError: the batch is no longer ours.
        """
        self._conclude("release", batch.number)

    def doubt(self, batch: Batch, *, reason: str, now: datetime) -> None:
        """
        Write down that nobody knows whether a claimed batch was accepted; a blank reason leaves the one that it had.

        Of whom the provider has told something meanwhile, it is known.

        Raises:
            IncompleteError: the batch is no longer ours.
        """
        with self._database.transaction():
            self._conclude("doubt", batch.number, reason=reason, now=to_stamp(now))
            self._doubts.heed_news(self._frozen.id, self._past(batch.number)[0], now=now)

    def _conclude(self, query: str, number: int, **values: object) -> None:
        if not self._change(query, number, **values, claimant=self._claimant):
            msg = f"batch {number} of {self._frozen.slug} is no longer ours: another process has taken it on"
            raise IncompleteError(msg, hint="Run it again; what the other one did is on record.")

    def _change(self, query: str, number: int, **values: object) -> bool:
        return self._database.change(self._sql[query], mailing=self._frozen.id, number=number, **values) == 1

    def _note(self, origin: int, state: State, reasons: dict[int, str], now: datetime) -> None:
        place = {"mailing": self._frozen.id, "origin": origin, "state": state.value, "now": to_stamp(now)}
        self._database.change_many(
            self._sql["note"],
            ({**place, "subscriber": number, "reason": reason} for number, reason in reasons.items()),
        )


def _why_not(standing: str | None) -> str:
    """Say why a reader is not written to whose standing is this: who is active is in a pause."""
    return PAUSED if standing == Standing.ACTIVE.value else standing or FORGOTTEN


def _key(edition: Edition, number: int, attempt: int, digest: bytes) -> str:
    """
    Return a UUID, because some services take nothing else for an idempotency key.

    It is the same again where a ledger was lost and brought back from before a send. It is another one for what is
    claimed anew since it surely never left: the bytes are other ones then, as their Date is.
    """
    return str(uuid5(NAMESPACE_URL, f"digest:{edition.fingerprint}/{number}/{attempt}/{digest.hex()}"))


def _digest(edition: Edition, readers: Readers) -> bytes:
    """Hash everything that the bytes of a batch are a function of, besides its number, key and moment."""
    digest = sha256(edition.fingerprint.encode())
    for name, values in sorted(readers.columns.items()):
        digest.update("\x7f".join((name, *values, "")).encode())  # no value holds that sign
    return digest.digest()
